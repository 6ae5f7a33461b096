"""Categories 02, 03, 05 and 09 of a GBA-V person list: parents, partners and children.

The rows of one occurrence are states of one bond: a dissolution stands in a newer row than the marriage it ends. They
become one kinship per bond; only where the other person or the kind of bond changes do older rows make one of their
own, which ends where the newer begins. A row marked incorrect is kept as a kinship that says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.records import Kinship, PartialDate
from pipelines.sources.gbav_layout import PersonList, Row
from pipelines.sources.intake import Dates, Intake, person_in

_RELATIONS = {"02": "parent", "03": "parent", "05": "partner", "09": "child"}
_START = {"02": "62.10", "03": "62.10", "05": "06.10"}


def name_of(row: Row, category: str) -> str | None:
    """Given names, prefix and family name."""
    return " ".join(part for group in ("02.10", "02.30", "02.40") if (part := row[f"{category}.{group}"])) or None


def read(one: PersonList, person: str, intake: Intake) -> None:
    for category, relation in _RELATIONS.items():
        for stack in one.stacks(category):
            for row in (row for row in stack if row.incorrect(category)):
                with intake.record(row.at, "kinships", row.raw):
                    intake.keep(row.at, _kinship(_Bond(category, (row,), None), person, relation, incorrect=True))
            for bond in _bonds(category, [row for row in stack if not row.incorrect(category)], intake):
                with intake.record(bond.rows[0].at, "kinships", "\n".join(row.raw for row in bond.rows)):
                    intake.keep(bond.rows[0].at, _kinship(bond, person, relation, incorrect=False))


@dataclass(frozen=True)
class _Bond:
    """Rows about one bond, newest first, and the row that took its place."""

    category: str
    rows: tuple[Row, ...]
    replaced_by: Row | None


def _bonds(category: str, rows: list[Row], intake: Intake) -> list[_Bond]:
    bonds: list[_Bond] = []
    group: list[Row] = []
    newer: Row | None = None
    for row in rows:
        if not _names_somebody(row, category):
            # says only that nobody stands here (any more): no bond, but it ends an older one
            intake.flags[f"no_{_RELATIONS[category]}_in_row"] += 1
            if group:
                bonds.append(_Bond(category, tuple(group), newer))
                group = []
            newer = row
            continue
        if group and not _same_bond(group[-1], row, category):
            bonds.append(_Bond(category, tuple(group), newer))
            newer, group = group[-1], []
        group.append(row)
    if group:
        bonds.append(_Bond(category, tuple(group), newer))
    return bonds


def _names_somebody(row: Row, category: str) -> bool:
    return any(row[f"{category}.{group}"] for group in ("01.10", "01.20", "02.10", "02.40", "03.10"))


def _same_bond(newer: Row, older: Row, category: str) -> bool:
    """Same other person, and no change of marriage into partnership or back."""
    for group in ("01.20", "01.10", "03.10"):
        one, other = newer[f"{category}.{group}"], older[f"{category}.{group}"]
        if one and other:
            if one != other and group != "03.10":
                return False
            if one == other:
                break
            if one != other and name_of(newer, category) != name_of(older, category):
                return False
    if category == "05" and newer["05.06.10"] and older["05.06.10"]:
        return newer["05.15.10"] == older["05.15.10"]
    return True


def _kinship(bond: _Bond, person: str, relation: str, *, incorrect: bool) -> Kinship:
    category, newest = bond.category, bond.rows[0]
    identified = next((row for row in bond.rows if row[f"{category}.01.20"]), newest)
    other, flags = person_in(
        f"{category}.01.20", identified[f"{category}.01.20"], f"{category}.01.10", newest[f"{category}.01.10"]
    )
    dates = Dates()
    start = _first_date(dates, bond.rows, f"{category}.{_START[category]}") if category in _START else None
    end = _first_date(dates, bond.rows, "05.07.10") if category == "05" else None
    if bond.replaced_by is not None and end is None:
        end = _taken_over(dates, bond.replaced_by, category)
        flags += ("end_from_next_row",) if end else ()
    if newest[f"{category}.02.40"] == "." and not other:
        flags += ("other_unknown",)
    elif other is None:
        flags += ("other_without_number",)
    if incorrect:
        flags += (f"{relation}_incorrect",)
    if newest.under_investigation(category):
        flags += ("under_investigation",)
    if category == "09" and newest["09.89.10"] == "L":
        flags += ("stillborn",)
    return Kinship(
        person=person,
        relation=relation,
        other=other,
        start=start,
        end=end,
        bond=next((row["05.15.10"] for row in bond.rows if row["05.15.10"]), None) if category == "05" else None,
        incorrect=incorrect,
        other_name=name_of(newest, category),
        flags=flags + dates.flags,
    )


def _first_date(dates: Dates, rows: tuple[Row, ...], element: str) -> PartialDate | None:
    return next((dates.read(element, row[element]) for row in rows if row[element]), None)


def _taken_over(dates: Dates, row: Row, category: str) -> PartialDate | None:
    """When the row that took the place of a bond began: its own start, else its date of validity (85.10)."""
    for group in (_START.get(category, "85.10"), "85.10"):
        element = f"{category}.{group}"
        if row[element]:
            return dates.read(element, row[element])
    return None
