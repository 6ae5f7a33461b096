"""Signals of the Inlichtingenbureau in our own CSV, version 1. The official column layout is not public.

    # weegschaal signals version=1
    bsn;product;start;end;issued;reference;amount_cents;state;account;withdrawn

bsn, product and start are needed. product is a key of PRODUCTS; dates are yyyymmdd or ISO, zeros where unknown;
amount_cents is a whole number of euro cents; state is open or closed; account an IBAN; withdrawn yes or no (the bureau
takes the signal back). The first line may say `municipality=0917` for whom the file is. A signal says "worth looking
at", not "unlawful".
"""

from __future__ import annotations

import re
from pathlib import Path

from features.records import Signal
from pipelines.sources.intake import Dates, Intake, UnreadableError, bsn_in, whole_in
from pipelines.sources.own_csv import OwnFormat, OwnRow
from pipelines.sources.reading import Reading

SOURCE = "signals"
PRODUCTS: dict[str, tuple[str, str]] = {
    "income_start": ("start van een inkomstenverhouding", "start of an income relation"),
    "study_finance": ("studiefinanciering", "study finance"),
    "enrolment": ("inschrijving bij een opleiding", "enrolment in education"),
    "tax_credit": ("heffingskorting", "tax credit"),
    "vehicles": ("voertuigen", "vehicles"),
    "assets": ("vermogen op 31 december", "assets at 31 December"),
    "accounts": ("bankrekeningnummers", "bank account numbers"),
    "detention": ("detentie", "detention"),
    "fugitive": ("voortvluchtig", "fugitive"),
    "double_benefit": ("uitkering in een andere gemeente", "benefit in another municipality"),
    "cost_sharers": ("kostendelers", "cost-sharers"),
    "box13": ("inkomen in box 1 of box 3", "income in box 1 or box 3"),
}
"""The twelve products: code, Dutch name, English name."""

FORMAT = OwnFormat(
    kind="signals",
    version=1,
    needed=("bsn", "product", "start"),
    optional=("end", "issued", "reference", "amount_cents", "state", "account", "withdrawn"),
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", re.ASCII)


def recognises(path: Path, head: bytes) -> bool:
    return FORMAT.recognises(head)


def read(path: Path) -> Reading:
    """Every signal of the file. Raises RefusedError when the first lines are not those of version 1."""
    intake = Intake()
    municipality, rows = FORMAT.rows(path, "signals", intake)
    for row in rows:
        with intake.record(row.at, "signals", row.raw):
            intake.keep(row.at, _signal(row))
    return intake.reading(SOURCE, "1", municipality=municipality)


def _signal(row: OwnRow) -> Signal:
    person, flags = bsn_in("bsn", row["bsn"])
    if person is None:
        raise UnreadableError("bsn", "is empty")
    if row["product"] not in PRODUCTS:
        raise UnreadableError("product", f"is not one of {', '.join(PRODUCTS)}")
    state = row["state"] or None
    if state not in (None, "open", "closed"):
        raise UnreadableError("state", "is neither open nor closed")
    account = row["account"].replace(" ", "").upper() or None
    if account and not _IBAN.fullmatch(account):
        raise UnreadableError("account", "is not an IBAN")
    dates = Dates()
    start = dates.read("start", row["start"])
    if start is None:
        raise UnreadableError("start", "is empty")
    end = dates.read("end", row["end"])
    flags += ("end_before_start",) if end is not None and end.latest < start.earliest else ()
    return Signal(
        person=person,
        product=row["product"],
        start=start,
        end=end,
        issued=dates.read("issued", row["issued"]),
        reference=row["reference"] or None,
        amount_cents=whole_in("amount_cents", row["amount_cents"]),
        state=state,
        account=account,
        withdrawn=bool(row.yes("withdrawn")),
        flags=flags + dates.flags,
    )
