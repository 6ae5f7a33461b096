"""What registers say of a case over time: since when there was a benefit, what income came in, where the client lived.

Periods only, without names, addresses or judgement: which of them leave a gap or lie over each other is seen in the
drawing, and by whoever reads the table beside it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.income import LONGEST_PERIOD, OWN_BENEFITS, WAGES
from features.known import columns_needed, known
from features.matrix import Parts
from features.records import CONTRACTS
from features.stages import Stages

MONTHS = 24
"""months before the date that are told"""
DAY = dt.timedelta(days=1)
NEXT = 32
"""days between two statements of one income relation that still follow each other: the month may be paid late"""


def timelines(parts: Parts, members: pa.Table, case_ids: Sequence[int], folder: Path) -> dict[int, dict[str, Any]]:
    """Case -> {"from", "until", "rows"}: the periods that touch the months before the date, known before it.

    members: case_id, municipality, as_of, person_id, role, of one date. `from` and `until` are the first and last day
    told, ISO dates. A row: lane (benefit, income, residence), kind, role (client or partner), number (tells two of a
    kind apart), from, until (None while it lasts), cents (income: EUR cents over the period; else None), source.
    """
    wanted = members.filter(pc.is_in(members["case_id"], pa.array(sorted(set(case_ids)), pa.int64())))
    adults = wanted.filter(pc.is_in(wanted["role"], pa.array(["client", "partner"])))
    if not adults.num_rows:
        return {}
    as_of: dt.date = pc.max(adults["as_of"]).as_py()
    first = _months_before(as_of, MONTHS)
    with Stages(folder / "stages-timeline", parts) as stages:
        people = stages.given("people", adults)
        benefits = _records(stages, "benefits", ("start_earliest", "end_latest"), people, "case_id", as_of)
        incomes = _records(stages, "incomes", ("end_latest", "kind", "gross_cents"), people, "person_id", as_of)
        columns = ("start_earliest", "end_latest", "certainty", "function", "abroad", "unknown", "address_id")
        stays = _records(stages, "stays", columns, people, "person_id", as_of)
    rows: dict[int, list[dict[str, Any]]] = {case: [] for case in adults["case_id"].to_pylist()}
    cases_of: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
    for one in adults.to_pylist():
        cases_of[one["municipality"], one["person_id"]].append((one["case_id"], one["role"]))
    for one in benefits:
        if one["role"] == "client" and one["case_id"] in rows:
            rows[one["case_id"]].append(_row("benefit", "benefit", "client", one, one["end_latest"], "benefits"))
    for one in _followed(incomes, as_of):
        for case, role in cases_of.get((one["municipality"], one["person_id"]), ()):
            kind = "wages" if one["kind"] in WAGES else "other_income"
            rows[case].append(_row("income", kind, role, one, one["until"], "incomes", one))
    for one in stays:
        for case, role in cases_of.get((one["municipality"], one["person_id"]), ()):
            if role == "client" and one["certainty"] == "resident":
                last = one["end_latest"] - DAY if one["end_latest"] else None
                rows[case].append(_row("residence", _place(one), role, one, last, "stays", one))
    told = {"from": first.isoformat(), "until": (as_of - DAY).isoformat()}
    return {case: told | {"rows": _numbered(found, first, as_of)} for case, found in sorted(rows.items())}


def _records(
    stages: Stages, contract: str, columns: tuple[str, ...], people: Any, on: str, as_of: dt.date
) -> list[dict[str, Any]]:
    needed = columns_needed(contract, columns)
    rows = known(stages, stages.lake(contract, needed), contract, people, on, as_of)
    found: list[dict[str, Any]] = stages.arrow(stages.keep(f"known_{contract}", rows)).to_pylist()
    return found


def _followed(incomes: list[dict[str, Any]], as_of: dt.date) -> Iterator[dict[str, Any]]:
    """Income relations with one period for statements that follow each other; own benefits of the municipality and
    periods that cannot be one are left out, as the income features do."""
    relations: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in incomes:
        last = one["end_latest"] or one["start_earliest"]
        if one["kind"] in OWN_BENEFITS or not one["start_earliest"] or one["gross_cents"] is None:
            continue
        if 0 <= (last - one["start_earliest"]).days < LONGEST_PERIOD and last < as_of:
            key = (one["municipality"], one["person_id"], one["employer"], one["relation"], one["kind"])
            relations[key].append({**one, "until": last})
    for key in sorted(relations, key=str):
        joined: dict[str, Any] | None = None
        for one in sorted(relations[key], key=lambda one: (one["start_earliest"], one["until"])):
            if joined is not None and (one["start_earliest"] - joined["until"]).days <= NEXT:
                until = max(joined["until"], one["until"])
                joined |= {"until": until, "gross_cents": joined["gross_cents"] + one["gross_cents"]}
                continue
            if joined is not None:
                yield joined
            joined = dict(one)
        if joined is not None:
            yield joined


def _place(stay: Mapping[str, Any]) -> str:
    if stay["unknown"] or (stay["address_id"] is None and not stay["abroad"]):
        return "unknown"
    return "abroad" if stay["abroad"] else "letter" if stay["function"] == "B" else "home"


def _row(
    lane: str,
    kind: str,
    role: str,
    record: Mapping[str, Any],
    until: dt.date | None,
    contract: str,
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    about = about or {}
    return {
        "lane": lane,
        "kind": kind,
        "role": role,
        "which": str(about.get("employer") or about.get("address_id") or ""),
        "from": record["start_earliest"],
        "until": until,
        "cents": about.get("gross_cents") if lane == "income" else None,
        "source": CONTRACTS[contract].source,
    }


def _numbered(rows: list[dict[str, Any]], first: dt.date, as_of: dt.date) -> list[dict[str, Any]]:
    """Rows that touch the window, oldest first; a number stands for the employer or address, which is not kept."""
    rows = [one for one in rows if one["from"] and one["from"] < as_of and (one["until"] or as_of) >= first]
    rows.sort(key=lambda one: (("benefit", "income", "residence").index(one["lane"]), one["from"], one["which"]))
    numbers: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    told = []
    for one in rows:
        seen = numbers[one["lane"], one["kind"]]
        number = seen.setdefault(one.pop("which"), len(seen) + 1)
        over = one["until"] is None or one["until"] >= as_of
        period = {"from": one["from"].isoformat(), "until": None if over else one["until"].isoformat()}
        told.append(one | period | {"number": number})
    return told


def _months_before(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return dt.date(year, month + 1, 1)
