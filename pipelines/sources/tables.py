"""National tables (landelijke tabellen) of the BRP: UTF-16 CSV, codes with a start, an end and a successor.

Municipalities merge, so a code means something only on a date: `municipality_on` follows the successors. The tables
are read from a path; they are no delivery and are not kept here.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from pathlib import Path

from features.records import PartialDate
from pipelines.sources.reading import RefusedError

_HEADING = re.compile(r"(\d\d\.\d\d) .+", re.ASCII)
TABLES = {
    "05.11": ("32", "nationalities"),
    "92.10": ("33", "municipalities"),
    "94.10": ("34", "countries"),
    "02.21": ("38", "titles of nobility"),
    "39.11": ("56", "residence titles"),
    "88.11": ("60", "RNI participants"),
    "32.11": ("61", "custody"),
}
"""element of the code column -> number and name of the table"""


@dataclass(frozen=True)
class Entry:
    """One code of a table. `start` inclusive, `end` exclusive; None is open."""

    code: str
    description: str
    start: PartialDate | None = None
    end: PartialDate | None = None
    successor: str | None = None

    def holds_on(self, date: dt.date) -> bool:
        """Whether the code holds on a date. A start known in part counts from its earliest, an end to its latest."""
        return (self.start is None or self.start.earliest <= date) and (self.end is None or date < self.end.latest)


@dataclass(frozen=True)
class NationalTable:
    """A table; one code may have several entries, for several periods."""

    number: str
    entries: tuple[Entry, ...]

    def on(self, code: str, date: dt.date) -> Entry | None:
        """The entry of a code that holds on a date, None when it does not hold then."""
        return next((entry for entry in self.entries if entry.code == code and entry.holds_on(date)), None)

    def municipality_on(self, code: str, date: dt.date) -> str | None:
        """The code that stands for municipality `code` on a date: itself while it exists, afterwards its successor,
        or the successor's. None before it began, or when it ended without one. Raises KeyError for an unknown code."""
        entries = [entry for entry in self.entries if entry.code == code]
        if not entries:
            raise KeyError(code)
        seen: set[str] = set()
        while code not in seen:
            seen.add(code)
            if self.on(code, date):
                return code
            ended = [entry for entry in self.entries if entry.code == code and entry.end and entry.end.latest <= date]
            followed = [entry for entry in ended if entry.successor]
            if not followed:
                return None
            code = str(max(followed, key=lambda entry: entry.end.latest if entry.end else dt.date.max).successor)
        return None


def table_in(head: bytes) -> tuple[str, str] | None:
    """Number and name of the national table that a file begins like, None for anything else.

    >>> table_in('"92.10 Gemeentecode","92.11 Omschrijving"'.encode("utf-16"))
    ('33', 'municipalities')
    """
    first = _decoded(head).split("\n", 1)[0].strip().strip('"').split('","')[0].split(",")[0].strip('"')
    match = _HEADING.fullmatch(first)
    return TABLES.get(match[1], ("?", "of another kind")) if match else None


def _decoded(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw[: len(raw) // 2 * 2].decode("utf-16", errors="replace")
    return raw.decode("utf-8-sig", errors="replace")


def national_table(path: Path) -> NationalTable:
    """The table in a file. Raises RefusedError when it is none, or a row of it cannot be read."""
    raw = path.read_bytes()
    about = table_in(raw)
    if about is None:
        raise RefusedError(f"{path.name}: is not a national table (first heading like '92.10 Gemeentecode')")
    rows = list(csv.reader(io.StringIO(_decoded(raw), newline="")))
    titles = [title.strip() for title in rows[0]]
    places = {title.split(" ")[0]: place for place, title in reversed(list(enumerate(titles)))}
    end = next((place for place, title in enumerate(titles) if title.startswith("99.99")), None)
    entries = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        if len(row) != len(titles):
            raise RefusedError(f"{path.name}: row {number} does not have {len(titles)} columns")
        entries.append(
            Entry(
                code=row[0].strip(),
                description=row[1].strip(),
                start=_date(path, number, row, places.get("99.98")),
                end=_date(path, number, row, end),
                successor=row[places["92.12"]].strip() or None if "92.12" in places else None,
            )
        )
    return NationalTable(about[0], tuple(entries))


def _date(path: Path, number: int, row: list[str], place: int | None) -> PartialDate | None:
    text = row[place].strip() if place is not None else ""
    if not text:
        return None
    try:
        return PartialDate.of(text)
    except ValueError:
        raise RefusedError(f"{path.name}: row {number}: {text!r} is not a date") from None
