"""Category 08 of a GBA-V person list: where someone is and was registered.

A stay begins with the date of adreshouding (08.10.30) or, abroad, 08.13.20. The registry keeps no end: a stay ends,
exclusive, where the next newer row begins. A row marked incorrect neither ends nor begins anything.
"""

from __future__ import annotations

from features.records import UNKNOWN_DATE, Address, PartialDate, Stay
from pipelines.sources.gbav_layout import PersonList, Row
from pipelines.sources.intake import Dates, Intake, UnreadableError, whole_in
from pipelines.sources.places import bag_object_of, told

_NETHERLANDS = "6030"
_UNKNOWN_COUNTRY = "0000"


def read(one: PersonList, person: str, intake: Intake) -> None:
    """Keep each row as a stay: incorrect ones first, then from old to new, so that of two rows about the same stay
    the newer one comes last."""
    kept: list[tuple[Row, Stay]] = []
    newer: PartialDate | None = None
    for row in (row for row in one.rows if row.holds("08")):
        incorrect = row.incorrect("08")
        start: PartialDate | None = None
        dates = Dates()
        with intake.record(row.at, "stays", row.raw):
            start = _start_of(row, dates)
            stay = _stay(row, person, start, None if incorrect else newer, dates)
            kept.append((row, stay))
        if not incorrect:
            newer = start or UNKNOWN_DATE
    kept.reverse()
    kept.sort(key=lambda each: not each[1].incorrect)
    for row, stay in kept:
        intake.keep(row.at, stay)


def _start_of(row: Row, dates: Dates) -> PartialDate | None:
    """Date of adreshouding, else the date the address abroad began."""
    element = "08.10.30" if row["08.10.30"] else "08.13.20"
    return dates.read(element, row[element])


def _stay(row: Row, person: str, start: PartialDate | None, end: PartialDate | None, dates: Dates) -> Stay:
    country = row["08.13.10"]
    abroad = bool(country or row["08.13.30"] or row["08.13.40"] or row["08.13.50"]) and country != _NETHERLANDS
    lines = " ".join(part for part in (row["08.13.30"], row["08.13.40"], row["08.13.50"]) if part)
    unknown = country == _UNKNOWN_COUNTRY and not lines
    address, flags = told(Address(country=country or None, lines=lines or None)) if abroad else _at_home(row)
    if row.incorrect("08"):
        flags += ("address_incorrect",)
    if row.under_investigation("08"):
        flags += ("under_investigation",)
    if row["08.83.10"] in ("089999", "589999"):
        flags += ("found_not_living_there",)
    if row["08.10.10"] == "B":
        flags += ("letter_address",)
    if start is None:
        flags += ("start_missing",)
    if end is not None:
        dates.note(end)
        flags += ("end_from_next_row",)
        if end == UNKNOWN_DATE:
            flags += ("end_unknown",)
        elif start is not None and start.exact and start == end:
            flags += ("zero_length",)
        elif start is not None and end.latest < start.earliest:
            flags += ("end_before_start",)
    return Stay(
        person=person,
        address=None if unknown else address,
        start=start,
        end=end,
        function=row["08.10.10"] or None,
        abroad=abroad,
        unknown=unknown,
        incorrect=row.incorrect("08"),
        under_investigation=row.under_investigation("08"),
        flags=flags + dates.flags,
    )


def _at_home(row: Row) -> tuple[Address | None, tuple[str, ...]]:
    """An address, or the description of a location; without a BAG object the postcode and number say which."""
    if row["08.12.10"] and not row["08.11.10"]:
        return Address(lines=row["08.12.10"], municipality=row["08.09.10"] or None), ("location", "no_bag_object")
    number = whole_in("08.11.20", row["08.11.20"])
    if number is not None and number < 0:
        raise UnreadableError("08.11.20", "is below zero")
    addition = " ".join(part for part in (row["08.11.40"], row["08.11.50"]) if part)
    bag, flags = bag_object_of(row["08.11.80"])
    if not (row["08.11.10"] or row["08.11.60"] or bag):
        return None, ("address_missing",)
    address, more = told(
        Address(
            street=row["08.11.15"] or row["08.11.10"] or None,
            house_number=number,
            house_letter=row["08.11.30"] or None,
            house_addition=addition or None,
            postcode=row["08.11.60"].replace(" ", "").upper() or None,
            city=row["08.11.70"] or None,
            bag_object=bag,
            municipality=row["08.09.10"] or None,
        )
    )
    return address, flags + more
