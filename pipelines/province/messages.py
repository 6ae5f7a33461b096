"""A share of the last month as messages in the sources' own formats, so that their readers do the work.

What goes as a message is left out of the extracts. Among the messages is what the real ones have too: a SOAP envelope,
a Fault, answers that nothing was found, a number that fails the 11-proef, dates known in part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.province import register_messages as registers
from pipelines.province import suwi_messages as suwi
from pipelines.province.months import Mask, Numbers, stream
from pipelines.province.rows import Rows
from pipelines.province.world import AS_OF, World
from pipelines.province.write import END, FLOW_FOLDER, LAST_MONTH, open_folder

Row = dict[str, Any]
SHARES = {
    "gws": 120,
    "uwv-income": 120,
    "bijstand": 50,
    "claims": 25,
    "rdw": 50,
    "kadaster": 15,
    "duo": 20,
    "kvk": 30,
    "brp": 30,
}
"""Files a month in the whole province of 24,000 clients"""
KEYS = {
    "incomes": ("employer", "relation", "start_earliest"),
    "claims": ("claim",),
    "vehicles": ("vehicle", "start_earliest"),
    "properties": ("parcel", "right"),
    "study_grants": ("start_earliest",),
}
"""What a person's rows differ in: of two with the same key the later known one is sent"""
_FAILING_BSN = "900000001"
_START = AS_OF.replace(month=AS_OF.month - 1)


@dataclass
class Post:
    """Messages on their way: `sent` marks per contract the rows that need no extract any more."""

    folder: Path
    world: World
    tables: Mapping[str, Rows]
    share: float
    rng: np.random.Generator
    sent: dict[str, Mask]
    files: int = 0

    def write(self, municipality: int, name: str, content: bytes) -> None:
        """Put a message into the folder of a municipality."""
        place = open_folder(self.folder, self.world, municipality, FLOW_FOLDER)
        (place / name).write_bytes(content)
        self.files += 1

    def recent(self, contract: str) -> Mask:
        """Rows known in the last month, withdrawals apart."""
        rows = self.tables[contract]
        found: Mask = (rows.known >= LAST_MONTH) & (rows.known < END)
        return found if rows.withdrawn is None else found & ~rows.withdrawn

    def some(self, source: str, rows: Numbers) -> Numbers:
        """Some of the rows, as many as the source's share of the province is; at least two where there are."""
        many = min(max(round(SHARES[source] * self.share), 2), len(rows))
        return np.sort(self.rng.choice(rows, many, replace=False)) if many else rows[:0]

    def content(self, contract: str, rows: Numbers) -> list[Row]:
        """Rows of a contract as dicts of its delivered columns."""
        table = self.tables[contract]
        chosen = table.take(rows)
        if chosen.withdrawn is not None:
            chosen.columns["withdrawn"] = pa.array(chosen.withdrawn)
        columns: list[Row] = pa.table(chosen.columns).to_pylist()
        return columns

    def persons(self, bsns: Any) -> list[Row]:
        """The person lists of some people."""
        known = self.tables["persons"].columns["person"]
        return self.content("persons", pc.index_in(bsns, value_set=known).to_numpy().astype(np.int64))


def write_messages(folder: Path, world: World, tables: Sequence[Rows], clients: int, seed: int) -> Post:
    """Write the messages of the last month into the delivery folders; gives what was sent."""
    by_name = {rows.contract: rows for rows in tables}
    sent = {name: np.zeros(len(rows), dtype=bool) for name, rows in by_name.items()}
    post = Post(folder, world, by_name, clients / 24000, stream(seed, "messages"), sent)
    _statements(post)
    _benefits(post)
    _per_person(post, "uwv-income", "incomes", suwi.income)
    _per_person(post, "claims", "claims", suwi.claims)
    _per_person(post, "rdw", "vehicles", suwi.vehicles)
    _per_person(post, "kadaster", "properties", suwi.properties)
    _per_person(post, "duo", "study_grants", suwi.grants)
    _people(post)
    _occupants(post)
    _companies(post)
    _own(post, "signals", registers.signals)
    _own(post, "outcomes", registers.outcomes)
    _own(post, "bookings", registers.bookings)
    _oddities(post)
    return post


def _statements(post: Post) -> None:
    """Benefit statements of the last month, of cases that were paid and not corrected."""
    rows = post.tables["payments"]
    booked = np.array(rows.columns["period"].to_pylist()) == f"{_START:%Y%m}"
    month = rows.columns["month"].to_numpy(zero_copy_only=False) == np.datetime64(_START)
    paid = rows.columns["paid_cents"].to_numpy() > 0
    chosen = post.some("gws", np.flatnonzero(post.recent("payments") & booked & month & paid))
    people = post.persons(rows.columns["person"].take(pa.array(chosen)))
    for file, (number, row) in enumerate(zip(chosen, post.content("payments", chosen), strict=True)):
        code = int(rows.municipality[number])
        office = (post.world.municipalities[code].code, post.world.municipalities[code].name)
        post.write(code, f"gws-{file + 1:03d}.xml", suwi.statement(row, office, people[file]["name"]))
    post.sent["payments"][chosen] = True


def _benefits(post: Post) -> None:
    """Cases that began, changed or ended in the last month: client and partner in one message."""
    rows = post.tables["benefits"]
    numbers = np.flatnonzero(post.recent("benefits"))
    content = post.content("benefits", numbers)
    cases: dict[tuple[int, str, bool], list[int]] = defaultdict(list)
    for place, row in enumerate(content):
        if row["role"] != "child":
            ended = row["end_earliest"] is not None
            cases[(int(rows.municipality[numbers[place]]), row["case"], ended)].append(place)
    whole = [key for key, places in cases.items() if _speaks_for_all([content[place] for place in places])]
    for file, at in enumerate(post.some("bijstand", np.arange(len(whole)))):
        places = cases[whole[int(at)]]
        message = suwi.benefit([content[place] for place in places])
        message = suwi.enveloped(message) if file % 5 == 0 else message
        post.write(whole[int(at)][0], f"bijstand-{file + 1:03d}.xml", message)
        post.sent["benefits"][numbers[places]] = True


def _speaks_for_all(rows: Sequence[Row]) -> bool:
    """One client, and for a couple's norm the partner too, all since the same day: what one message can say."""
    roles = [row["role"] for row in rows]
    couple = any(row["norm"] == "couple" for row in rows)
    since = {row["start_earliest"] for row in rows}
    return roles.count("client") == 1 and len(since) == 1 and len(rows) == (2 if couple else 1)


def _per_person(post: Post, source: str, contract: str, message: Callable[[Sequence[Row]], bytes]) -> None:
    """The recent rows of some people, a file for each. When there are none, what was known of them all along."""
    rows = post.tables[contract]
    recent = post.recent(contract)
    numbers = np.flatnonzero(recent if recent.any() else rows.known < LAST_MONTH)
    owners = rows.columns["person"].take(pa.array(numbers)).to_pylist()
    of: dict[str, list[int]] = defaultdict(list)
    for number, owner in zip(numbers.tolist(), owners, strict=True):
        of[owner].append(number)
    people = list(of)
    for file, at in enumerate(post.some(source, np.arange(len(people)))):
        places = np.array(of[people[int(at)]])
        places = places[np.argsort(rows.known[places], kind="stable")]
        newest = {tuple(row[name] for name in KEYS[contract]): row for row in post.content(contract, places)}
        if source == "rdw" and file % 10 == 1:
            for row in newest.values():  # a vehicle from abroad, of which only the year is known
                first = row["first_registered_earliest"]
                row["first_registered_earliest"] = first.replace(month=1, day=1)
                row["first_registered_latest"] = first.replace(month=12, day=31)
        written = message(list(newest.values()))
        code = int(rows.municipality[places[0]])
        post.write(code, f"{source}-{file + 1:03d}.xml", suwi.enveloped(written) if file % 7 == 0 else written)
        post.sent[contract][places] = recent[places]


def _people(post: Post) -> None:
    """People who moved in the last month (when nobody did, some who stayed), ten to a file, with where they live."""
    stays = post.tables["stays"]
    running = stays.columns["end_earliest"].is_null().to_numpy(zero_copy_only=False)
    recent = post.recent("stays") & running
    files = max(round(SHARES["brp"] * post.share / len(post.world.municipalities)), 1)
    for code in range(len(post.world.municipalities)):
        here = np.flatnonzero(recent & (stays.municipality == code))
        if not len(here):
            here = np.flatnonzero((stays.municipality == code) & running & (stays.known < LAST_MONTH))[:5]
            here = here[~np.isin(_texts(stays, "person", here), _texts(stays, "person", np.flatnonzero(~running)))]
        for file in range(min(-(-len(here) // 10), files)):
            group = here[file * 10 : file * 10 + 10]
            content = post.content("stays", group)
            people = post.persons(stays.columns["person"].take(pa.array(group)))
            post.write(code, f"brp-{file + 1:03d}.json", registers.persons(list(zip(people, content, strict=True))))
            post.sent["stays"][group] = recent[group]


def _texts(rows: Rows, column: str, numbers: Numbers) -> Any:
    return np.array(rows.columns[column].take(pa.array(numbers)).to_pylist(), dtype=object)


def _occupants(post: Post) -> None:
    """The residents of the collective address with most of them in each municipality, over the last month."""
    stays = post.tables["stays"]
    over = stays.columns["end_earliest"].is_valid().to_numpy(zero_copy_only=False)
    objects = stays.columns["address_bag_object"].dictionary_encode()
    index = objects.indices.to_numpy()
    for code, municipality in enumerate(post.world.municipalities):
        here = np.flatnonzero((stays.municipality == code) & ~over & (stays.known < LAST_MONTH))
        bag = int(np.argmax(np.bincount(index[here])))
        people = list(dict.fromkeys(_texts(stays, "person", here[index[here] == bag])))[:90]
        content = registers.occupants(objects.dictionary[bag].as_py(), _START, AS_OF, people[1:], people[:1])
        post.write(code, f"bewoning-{municipality.code}.json", content)


def _companies(post: Post) -> None:
    """Profiles of companies: the new ones of the month first, then some that changed nothing."""
    rows = post.tables["companies"]
    recent = np.flatnonzero(post.recent("companies"))
    older = np.flatnonzero(rows.known < LAST_MONTH)
    chosen = np.concatenate([post.some("kvk", recent), post.some("kvk", older)])
    chosen = chosen[: max(round(SHARES["kvk"] * post.share), 4)]
    for file, (number, row) in enumerate(zip(chosen, post.content("companies", chosen), strict=True)):
        post.write(int(rows.municipality[number]), f"kvk-{file + 1:03d}.json", registers.company(row))


def _own(post: Post, contract: str, message: Callable[[str, Sequence[Row]], bytes]) -> None:
    """All recent rows of a contract of each municipality in one CSV."""
    rows = post.tables[contract]
    recent = post.recent(contract)
    for code, municipality in enumerate(post.world.municipalities):
        numbers = np.flatnonzero(recent & (rows.municipality == code))
        if not len(numbers):
            continue
        content = post.content(contract, numbers)
        if contract == "signals":
            content.append({**content[0], "person": _FAILING_BSN, "reference": f"IB-{municipality.code}-X"})
        post.write(code, f"{contract}-{_START:%Y-%m}.csv", message(municipality.code, content))
        post.sent[contract][numbers] = True


def _oddities(post: Post) -> None:
    """Answers without records: a source that failed, and sources that found nothing."""
    for number, source in enumerate(suwi.SERVICES):
        code = number % len(post.world.municipalities)
        post.write(code, f"{source}-nothing.xml", suwi.answer(source))
    empty = registers.persons([])
    post.write(0, "brp-nothing.json", empty)
    post.write(len(post.world.municipalities) - 1, "uwv-income-fault.xml", suwi.fault())
