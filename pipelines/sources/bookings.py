"""Money that followed from reviews, from the financial administration, in our own CSV, version 1.

    # weegschaal bookings version=1 municipality=0917
    case;selected;reference;kind;booked;amount_cents;withdrawn

All but withdrawn are needed. case and selected name the review as its outcome does: dossier number and date of list.
kind is claimed (a decision to reclaim), recovered (received from the client, or set off) or paid_out (to the client,
after a change upwards). booked is a whole date (yyyymmdd or ISO); amount_cents is above 0, in euro cents. What is
corrected or cancelled comes again under its reference, with another amount or with withdrawn yes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from features.records import Booking
from pipelines.sources.intake import Dates, Intake, UnreadableError, whole_in
from pipelines.sources.own_csv import OwnFormat, OwnRow
from pipelines.sources.reading import Reading

SOURCE = "bookings"
FORMAT = OwnFormat(
    kind="bookings",
    version=1,
    needed=("case", "selected", "reference", "kind", "booked", "amount_cents"),
    optional=("withdrawn",),
)
KINDS = ("claimed", "recovered", "paid_out")


def recognises(path: Path, head: bytes) -> bool:
    return FORMAT.recognises(head)


def read(path: Path) -> Reading:
    """Every booking of the file. Raises RefusedError when the first lines are not those of version 1."""
    intake = Intake()
    municipality, rows = FORMAT.rows(path, "bookings", intake)
    for row in rows:
        with intake.record(row.at, "bookings", row.raw):
            intake.keep(row.at, _booking(row))
    return intake.reading(SOURCE, "1", municipality=municipality)


def _booking(row: OwnRow) -> Booking:
    for name in ("case", "reference"):
        if not row[name]:
            raise UnreadableError(name, "is empty")
    if row["kind"] not in KINDS:
        raise UnreadableError("kind", f"is not one of {', '.join(KINDS)}")
    amount = whole_in("amount_cents", row["amount_cents"])
    if amount is None or amount <= 0:
        raise UnreadableError("amount_cents", "is not above 0")
    return Booking(
        case=row["case"],
        selected=_day(row, "selected"),
        reference=row["reference"],
        kind=row["kind"],
        booked=_day(row, "booked"),
        amount_cents=amount,
        withdrawn=bool(row.yes("withdrawn")),
    )


def _day(row: OwnRow, name: str) -> dt.date:
    date = Dates().read(name, row[name])
    if date is None or not date.exact:
        raise UnreadableError(name, "is empty" if date is None else "is not a whole date")
    return date.earliest
