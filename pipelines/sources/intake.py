"""What a reader collects while it goes through a file: a record is kept whole or stands in quarantine whole.

>>> intake = Intake()
>>> with intake.record("row 2", "stays", raw="last spring"):
...     _ = Dates().read("start", "last spring")
>>> intake.quarantined[0].reason
'is not a date (yyyymmdd, zeros where unknown)'
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from features.records import UNKNOWN_DATE, PartialDate, Record
from pipelines.sources.bsn import a_number_of, bsn_of
from pipelines.sources.reading import Extract, Found, Quarantined, Reading

_DATE = re.compile(r"\d{4}(\d{2}(\d{2})?|-\d{2}(-\d{2})?)?", re.ASCII)
_RAW_LIMIT = 100_000


class UnreadableError(Exception):
    """A field that a record needs cannot be read. `reason` continues the field's name and never quotes its value."""

    def __init__(self, field: str, reason: str):
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


@dataclass
class Dates:
    """Reads the dates of one record and remembers what is odd about them.

    A date that is known in part gives `date_partial`. Eight digits that are no day (31 February, a day without a month)
    give the shortest interval that is sure, and `date_impossible`: test and real registries hold them, and the record
    around them is good.

    >>> dates = Dates()
    >>> dates.read("geboorte", "19660013"), dates.flags
    (PartialDate(earliest=datetime.date(1966, 1, 1), latest=datetime.date(1966, 12, 31)), ('date_impossible',))
    """

    flags: tuple[str, ...] = ()

    def read(self, field: str, text: str) -> PartialDate | None:
        """The date in `text`, None when it is empty. Raises UnreadableError when it is no date at all."""
        text = text.strip()
        if not text:
            return None
        if not _DATE.fullmatch(text):
            raise UnreadableError(field, "is not a date (yyyymmdd, zeros where unknown)")
        try:
            return self.note(PartialDate.of(text))
        except ValueError:
            self._flag("date_impossible")
            return _sure_part(text.replace("-", ""))

    def note(self, date: PartialDate) -> PartialDate:
        """Flag a date that is known in part."""
        if not date.exact:
            self._flag("date_partial")
        return date

    def _flag(self, flag: str) -> None:
        if flag not in self.flags:
            self.flags += (flag,)


def _sure_part(digits: str) -> PartialDate:
    """The month or year that the digits do name; the whole calendar when they name none of this age."""
    if "1800" <= digits[:4] <= "2199":
        if "01" <= digits[4:6] <= "12":
            return PartialDate.of(digits[:6])
        return PartialDate.of(digits[:4])
    return UNKNOWN_DATE


def whole_in(field: str, text: str) -> int | None:
    """The whole number in `text`, None when it is empty. Raises UnreadableError."""
    text = text.strip()
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
        raise UnreadableError(field, "is not a whole number")
    return int(text)


def bsn_in(field: str, text: str) -> tuple[str | None, tuple[str, ...]]:
    """The burgerservicenummer and its flags, None when empty. Raises UnreadableError."""
    if not text.strip():
        return None, ()
    try:
        return bsn_of(text)
    except ValueError as error:
        raise UnreadableError(field, str(error)) from None


def person_in(bsn_field: str, bsn: str, a_field: str, a_number: str) -> tuple[str | None, tuple[str, ...]]:
    """The number a person goes by: the BSN, else the A-nummer with an A before it, else None. Raises
    UnreadableError when the number that counts cannot be read."""
    number, flags = bsn_in(bsn_field, bsn)
    if number is not None or not a_number.strip():
        return number, flags
    try:
        return "A" + a_number_of(a_number), ()
    except ValueError as error:
        raise UnreadableError(a_field, str(error)) from None


@dataclass
class Intake:
    """Collects records, quarantine and counts; `reading` hands them over."""

    records: list[Found] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    flags: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    nothing_found: int = 0

    def keep(self, at: str, record: Record) -> None:
        self.records.append(Found(at, record))

    def withhold(self, at: str, field: str, reason: str, contract: str | None = None, raw: str | None = None) -> None:
        """Put something that should have been a record in quarantine."""
        raw = raw if raw is None else raw[:_RAW_LIMIT]
        self.quarantined.append(Quarantined(at, field, reason, contract, raw))

    @contextmanager
    def record(self, at: str, contract: str, raw: str) -> Iterator[None]:
        """Whatever cannot be read inside puts the record in quarantine instead of ending the file."""
        try:
            yield
        except UnreadableError as error:
            self.withhold(at, error.field, error.reason, contract, raw)

    def reading(
        self, source: str, schema_version: str, *, extract: Extract | None = None, municipality: str | None = None
    ) -> Reading:
        return Reading(
            source=source,
            schema_version=schema_version,
            records=tuple(self.records),
            extract=extract,
            quarantined=tuple(self.quarantined),
            flags=dict(self.flags),
            faults=self.faults,
            nothing_found=self.nothing_found,
            municipality=municipality,
        )
