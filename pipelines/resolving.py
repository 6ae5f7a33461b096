"""Who is who: numbers that may stand for one person or address, found where the vault's key is.

Names, addresses and birth dates are read for a purpose that is logged first, compared in memory, and stay there: what
goes out is pairs of random numbers with weights. Nothing is rewritten. Three things make a tie: a person's judgement; a
delivery that names both at once (a BSN with an A-nummer, a BAG object with a postcode and number) after they were seen
apart; and a match weight, where one of the two has no BSN.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import select

from enforcement import audit, judgements
from enforcement.database import engine_of, reading, writing
from enforcement.identity import Vault
from enforcement.judgements import Found
from enforcement.settings import Settings
from enforcement.tables import Identity, IdentityJudgement, Part
from features.records import ADDRESS_COLUMNS
from features.relations.judgement import Judgement
from features.relations.merging import Identities, Judged, settle
from features.relations.resolution import PEOPLE, SAME_FROM, links
from pipelines.arrivals import NOBODY
from pipelines.lake import Lake
from pipelines.numbering import names_of
from pipelines.staging import quoted
from pipelines.steps import Show

BSN = re.compile(r"[0-9]{9}")
PREFIXES = frozenset(("van", "de", "der", "den", "het", "ter", "ten", "te", "el", "al", "von", "du", "la", "op", "in"))
Told = Mapping[int, Mapping[str, Any]]


def compare(settings: Settings, purpose: str, show: Show, actor: str = "command line") -> dict[str, Any]:
    """Find what may be one: {"people", "without_bsn", "same", "to_judge", "delivered_together", "taken_back"}.

    Run again on the same lake it changes nothing; a tie that no longer follows from the data is taken back. Raises
    RevealRefusedError without a purpose.
    """
    with show("who is who") as tally:
        opened = _Opened(settings, purpose, actor)
        people, addresses = opened.told("person"), opened.told("address")
        numbered = {number for number, about in people.items() if _has_bsn(about)}
        with_bag = {number for number, about in addresses.items() if _has_bag(about)}
        frame = _frame(people, addresses, numbered, opened.homes(), opened.births(sorted(people)))
        weighed = [
            Found(
                one.left, one.right, "same" if one.weight >= SAME_FROM else "unsure", one.weight, tuple(one.waterfall())
            )
            for one in links(frame)
        ]
        together = {"person": opened.lists(people), "address": _doors(opened.vault, addresses)}
        now = dt.datetime.now(dt.UTC)
        with writing(opened.engine) as session:
            back = _renew(session, "person", "weight", weighed, numbered, actor, now)
            back += _renew(session, "person", "delivery", together["person"], numbered, actor, now)
            back += _renew(session, "address", "delivery", together["address"], with_bag, actor, now)
        tally.rows = len(people) + len(addresses)
        return {
            "people": len(people),
            "without_bsn": len(people) - len(numbered),
            "same": sum(one.judgement == "same" for one in weighed),
            "to_judge": sum(one.judgement == "unsure" for one in weighed),
            "delivered_together": {kind: len(found) for kind, found in together.items()},
            "taken_back": back,
        }


def identities(settings: Settings, kind: str = "person", before: dt.datetime | None = None) -> Identities:
    """Which numbers of the kind are one, by what was judged before the moment (aware; now by default)."""
    with reading(engine_of(settings.database)) as session:
        return _settled(judgements.counting(session, kind, before))


def merged(settings: Settings, before: dt.datetime | None = None) -> dict[int, int]:
    """Number -> the number it is taken for, of people and addresses together."""
    return {**identities(settings, "person", before).same, **identities(settings, "address", before).same}


def listed(settings: Settings) -> dict[str, Any]:
    """{"judgements": rows that count, "same": who is taken for whom, "refused": ties that would join what cannot be}.
    Numbers are text, for they pass 2^53."""
    with reading(engine_of(settings.database)) as session:
        rows = {kind: judgements.counting(session, kind) for kind in judgements.KINDS}
    settled = {kind: _settled(some) for kind, some in rows.items()}
    return {
        "judgements": [
            {
                "number": one.id,
                "kind": one.kind,
                "left": str(one.left_id),
                "right": str(one.right_id),
                "judgement": one.judgement,
                "basis": one.basis,
                "weight": round(one.weight, 2),
                "by": one.judged_by,
                "at": one.judged_at.isoformat(timespec="seconds") + "Z",
                "waterfall": one.waterfall,
            }
            for some in rows.values()
            for one in some
        ],
        "same": [
            {"kind": kind, "number": str(number), "taken_for": str(other)}
            for kind, one in settled.items()
            for number, other in one.same.items()
        ],
        "refused": [
            {"judgement": one.judged.number, "kind": kind, "between": [str(number) for number in one.between]}
            for kind, found in settled.items()
            for one in found.refused
        ],
    }


def judge(
    settings: Settings,
    municipality: str,
    left: int,
    right: int,
    judgement: str,
    purpose: str,
    actor: str = "command line",
) -> dict[str, Any]:
    """What a person holds of two numbers: {"number"}. Raises RefusedError, and RevealRefusedError without a purpose."""
    opened = _Opened(settings, purpose, actor)
    told = opened.vault.reveal([left, right], purpose.strip(), actor)
    certain = {number for number, about in told.items() if _has_bsn(about) or _has_bag(about)}
    with writing(opened.engine) as session:
        row = judgements.judge(
            session,
            municipality,
            actor,
            "operator",
            left,
            right,
            judgement,
            purpose,
            certain=certain,
            at=dt.datetime.now(dt.UTC),
        )
        return {"number": row.id}


def take_back(
    settings: Settings, municipality: str, number: int, purpose: str, actor: str = "command line"
) -> dict[str, Any]:
    """Undo one judgement: {"number", "takes_back"}. Raises RefusedError."""
    with writing(engine_of(settings.database)) as session:
        row = judgements.take_back(
            session, municipality, actor, "operator", number, purpose, at=dt.datetime.now(dt.UTC)
        )
        return {"number": row.id, "takes_back": number}


def _settled(rows: Iterable[IdentityJudgement]) -> Identities:
    judged, certain = [], set()
    for row in rows:
        judged.append(Judged(row.id, row.left_id, row.right_id, Judgement(row.judgement), row.basis, row.weight))
        certain |= {row.left_id} if row.left_certain else set()
        certain |= {row.right_id} if row.right_certain else set()
    return settle(judged, certain)


def _renew(
    session: Any,
    kind: str,
    basis: str,
    found: Sequence[Found],
    certain: Collection[int],
    actor: str,
    at: dt.datetime,
) -> int:
    """Make the rows of one basis those that were found: new ones added, others taken back. How many were taken back."""
    wanted = {(min(one.left, one.right), max(one.left, one.right)): one for one in found}
    there = {(row.left_id, row.right_id): row for row in judgements.counting(session, kind) if row.basis == basis}
    same = {
        pair
        for pair, one in wanted.items()
        if pair in there
        and there[pair].judgement == one.judgement
        and abs(there[pair].weight - one.weight) < 0.01
        and (there[pair].left_certain, there[pair].right_certain) == (pair[0] in certain, pair[1] in certain)
    }
    gone = sorted(row.id for pair, row in there.items() if pair not in same)
    judgements.withdraw(session, gone, actor=actor, at=at)
    fresh = [one for pair, one in sorted(wanted.items()) if pair not in same]
    judgements.hold(session, kind, fresh, certain=certain, basis=basis, actor=actor, at=at)
    return len(gone)


class _Opened:
    """The vault and the sealed store, opened for one purpose that stands in the log of every municipality."""

    def __init__(self, settings: Settings, purpose: str, actor: str) -> None:
        self.engine = engine_of(settings.database)
        self.purpose, self.actor = purpose.strip(), actor
        self.lake = Lake(settings)
        self.vault = Vault(self.engine, self.lake.keys, log=self._log)
        self.sealed = self.lake.sealed

    def _log(self, *, actor: str, purpose: str, ids: Sequence[int]) -> None:
        with writing(self.engine) as session:
            towns = session.scalars(select(Part.municipality).distinct()).all()
            for town in sorted(set(towns) - {NOBODY}):
                audit.append(
                    session,
                    town,
                    actor,
                    "operator",
                    "identity_revealed",
                    "who is who",
                    purpose,
                    {"identities": len(ids)},
                )

    def told(self, kind: str) -> Told:
        """Everyone or everything of a kind."""
        with reading(self.engine) as session:
            numbers = session.scalars(select(Identity.id).where(Identity.kind == kind)).all()
        return self.vault.reveal(numbers, self.purpose, self.actor)

    def births(self, persons: Sequence[int]) -> dict[int, str]:
        """Person -> ISO birth date. The reading of the persons was logged for the same purpose."""
        rows = self.sealed.birth_dates(pa.array(persons, pa.int64())).to_pylist()
        return {row["person_id"]: row["born"].isoformat() for row in rows}

    def homes(self) -> dict[int, int]:
        """Person -> the address last known."""
        rows = self._rows("stays", "person_id, arg_max(address_id, (known_at, address_id))", "address_id IS NOT NULL")
        return dict(rows)

    def lists(self, people: Told) -> list[Found]:
        """Numbers of one person list: that of its BSN, and another under which its A-nummer was seen before."""
        rows = self._rows("persons", "person_id, any_value(list_id)", "person_id IS NOT NULL", "person_id, list_id")
        lists = self.told("list")
        found = []
        for person, number in rows:
            for name in lists.get(number, {}).get("names", ()):
                other = self.vault.find("person", f"A{name}") if re.fullmatch(r"[0-9]{10}", name) else None
                if other is not None and other != person and other in people:
                    found.append(Found(person, other, "same"))
        return found

    def _rows(self, contract: str, columns: str, condition: str, by: str = "person_id") -> list[tuple[int, int]]:
        paths = self.lake.parts().get(contract, [])
        if not paths:
            return []
        files = ", ".join(quoted(path) for path in paths)
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")
            query = (
                f"SELECT {columns} FROM read_parquet([{files}], union_by_name = true) WHERE {condition} GROUP BY {by}"
            )
            rows: list[tuple[int, int]] = connection.execute(query).fetchall()
            return rows


def _has_bsn(about: Mapping[str, Any]) -> bool:
    return about["kind"] == "person" and any(BSN.fullmatch(name) for name in about["names"])


def _has_bag(about: Mapping[str, Any]) -> bool:
    return about["kind"] == "address" and any(name.startswith("bag:") for name in about["names"])


def _doors(vault: Vault, addresses: Told) -> list[Found]:
    """Addresses that a delivery names by BAG object and by postcode and number, each of which was seen alone before."""
    found = {}
    for number, about in addresses.items():
        if not (about.get("bag_object") and about.get("postcode") and about.get("house_number")):
            continue
        for name in names_of("address", "\x1f".join(str(about.get(part, "")) for part in ADDRESS_COLUMNS)):
            other = vault.find("address", name)
            if other is not None and other != number:
                found[min(number, other), max(number, other)] = Found(number, other, "same")
    return list(found.values())


def _frame(
    people: Told, addresses: Told, numbered: Collection[int], homes: Mapping[int, int], births: Mapping[int, str]
) -> pa.Table:
    """PEOPLE of everyone with a name, as long as anyone of them has no BSN."""
    rows = []
    for number, about in people.items():
        name = plain(about.get("name"))
        if name is None:
            continue
        given, family = name_parts(name)
        home = addresses.get(homes.get(number, -1), {})
        rows.append(
            {
                "id": number,
                "numbered": number in numbered,
                "given_name": given,
                "family_name": family,
                "birth_date": births.get(number),
                "street": plain(home.get("street")),
                "house_number": plain(home.get("house_number")),
                "postcode": (plain(home.get("postcode")) or "").replace(" ", "") or None,
                "city": plain(home.get("city")),
            }
        )
    return pa.Table.from_pylist(rows, PEOPLE)


def plain(text: str | None) -> str | None:
    """Lower case, without accents and double spaces; None for nothing.

    >>> plain(" Zoë  de VRIES ")
    'zoe de vries'
    """
    bare = "".join(one for one in unicodedata.normalize("NFKD", text or "") if not unicodedata.combining(one))
    return " ".join(bare.lower().split()) or None


def name_parts(name: str) -> tuple[str | None, str | None]:
    """First given name, and family name without its prefixes.

    >>> name_parts("jan piet van den berg")
    ('jan', 'berg')
    """
    words = name.split()
    if len(words) == 1:
        return None, words[0]
    family = [word for word in words[1:] if word not in PREFIXES]
    return words[0], family[-1] if family else words[-1]
