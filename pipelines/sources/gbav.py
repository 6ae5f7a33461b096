"""BRP person lists as GBA-V CSV: persons, kinships and stays, with their history.

A person list is a row with column 0 filled and its continuation rows, newest first. A list of which one row cannot be
taken apart goes to quarantine row by row, because the dates of one row end the stay of the next. Flags on a person:
`bsn_missing`, `bsn_shared`, `suspended`, `confidential`; on a stay `address_incorrect`, `end_from_next_row`,
`zero_length`, `start_missing`, `no_bag_object`; `bsn_twice` counts numbers that stand on more than one list.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from features.records import Person
from pipelines.sources import gbav_kinships, gbav_stays
from pipelines.sources.bsn import a_number_of
from pipelines.sources.gbav_layout import Layout, PersonList, Row, layout_of
from pipelines.sources.intake import Dates, Intake, UnreadableError, bsn_in, whole_in
from pipelines.sources.reading import Reading, RefusedError

SOURCE = "gbav"
_CATEGORIES = tuple(f"{number:02}" for number in range(1, 14))


def recognises(path: Path, head: bytes) -> bool:
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").rstrip("\r")
    return layout_of(line.split(";")) is not None


def read(path: Path) -> Reading:
    """Every list of the file. Raises RefusedError when the header is not that of GBA-V."""
    intake = Intake()
    lines = _text(path, intake).split("\n")
    layout = layout_of(lines[0].rstrip("\r").split(";"))
    if layout is None:
        raise RefusedError(f"{path.name}: the header is not that of a GBA-V list file (names like 01.01.20, with ';')")
    lists = _lists(lines[1:], layout, intake)
    shared = Counter(one.first["01.01.20"] for one in lists if one.first["01.01.20"])
    for one in lists:
        _read_list(one, intake, shared=shared[one.first["01.01.20"]] > 1)
    twice = sum(times > 1 for times in shared.values())
    if twice:
        intake.flags["bsn_twice"] = twice
    return intake.reading(SOURCE, f"GBA-V CSV, {layout.width} columns")


def _text(path: Path, intake: Intake) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # older exports come in the code page of the machine that made them
        intake.flags["not_utf8"] = 1
        return raw.decode("cp1252", errors="replace")


def _lists(lines: list[str], layout: Layout, intake: Intake) -> list[PersonList]:
    """Lists whose rows are all whole; the rows of the others go to quarantine."""
    lists: list[PersonList] = []
    group: list[tuple[int, str, Row | None]] = []

    def close() -> None:
        rows = [row for _, _, row in group if row is not None]
        if group and len(rows) == len(group) and rows[0].values[0].strip():
            lists.append(PersonList(tuple(rows)))
            return
        for number, line, row in group:
            reason = (
                f"does not have {layout.width} columns"
                if row is None
                else "belongs to a person list of which another row cannot be read"
            )
            intake.withhold(f"row {number}", "row", reason, "persons", line)

    for number, line in enumerate(lines, start=2):
        line = line.rstrip("\r")
        if not line.strip(";\t \x00"):
            continue
        row = _row(number, line, layout)
        if not line.startswith(";"):
            close()
            group = []
        group.append((number, line, row))
    close()
    return lists


def _row(number: int, line: str, layout: Layout) -> Row | None:
    """The row, or None when it has another number of columns or an open quote. No element holds a line break, so a
    line is taken by itself: an open quote then costs one row and not the rest of the file."""
    try:
        values = next(csv.reader([line], delimiter=";", strict=True))
    except (csv.Error, StopIteration):
        return None
    return Row(number, tuple(values), layout, line) if len(values) == layout.width else None


def _read_list(one: PersonList, intake: Intake, *, shared: bool) -> None:
    row = one.first
    try:
        number, flags = bsn_in("01.01.20", row["01.01.20"])
        listed = a_number_of(row["01.01.10"]) if row["01.01.10"] else number
        if listed is None:
            raise UnreadableError("01.01.10", "and 01.01.20 are both empty, so the list is nobody's")
    except (UnreadableError, ValueError) as error:
        field, reason = (error.field, error.reason) if isinstance(error, UnreadableError) else ("01.01.10", str(error))
        for each in one.rows:
            intake.withhold(each.at, field, reason, "persons", each.raw)
        return
    person = number or "A" + listed
    with intake.record(row.at, "persons", row.raw):
        flags += () if number else ("bsn_missing",)
        flags += ("bsn_shared",) if shared else ()
        intake.keep(row.at, _person(one, listed, person, flags))
    gbav_kinships.read(one, person, intake)
    gbav_stays.read(one, person, intake)
    older = sum(each.holds("01") for each in one.rows[1:])
    if older:
        intake.flags["older_name_rows"] += older


def _person(one: PersonList, listed: str, person: str, flags: tuple[str, ...]) -> Person:
    row = one.first
    current = {category: next(one.stacks(category), (row,))[0] for category in _CATEGORIES}
    dates = Dates()
    suspended = dates.read("07.67.10", row["07.67.10"])
    confidentiality = whole_in("07.70.10", row["07.70.10"])
    if confidentiality is not None and not 0 <= confidentiality <= 7:
        raise UnreadableError("07.70.10", "is not a level from 0 to 7")
    born = dates.read("01.03.10", row["01.03.10"])
    investigated = any(latest.under_investigation(category) for category, latest in current.items())
    flags += ("suspended",) if suspended or row["07.67.20"] else ()
    flags += ("confidential",) if confidentiality else ()
    flags += ("under_investigation",) if investigated else ()
    return Person(
        list=listed,
        person=person,
        suspension=row["07.67.20"] or None,
        suspended=suspended,
        confidentiality=confidentiality,
        registered_municipality=current["08"]["08.09.10"] or None,
        under_investigation=investigated,
        name=gbav_kinships.name_of(row, "01"),
        birth_date=born,
        birth_place=row["01.03.20"] or None,
        birth_country=row["01.03.30"] or None,
        sex=row["01.04.10"] or None,
        nationalities=_nationalities(one),
        residence_title=current["10"]["10.39.10"] or None,
        flags=flags + dates.flags,
    )


def _nationalities(one: PersonList) -> tuple[str, ...] | None:
    """Codes of table 32 that hold now, or B and V of element 65.10 (treated as Dutch; found not to be Dutch)."""
    codes = []
    for stack in one.stacks("04"):
        row = stack[0]
        if row["04.64.10"] or row.incorrect("04"):
            continue
        code = row["04.05.10"] or row["04.65.10"]
        if code:
            codes.append(code)
    return tuple(codes) or None
