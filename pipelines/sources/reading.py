"""What a reader gives: records, what could not be read and why, and answers that hold no records."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from features.records import Record


class RefusedError(Exception):
    """The file is not what it says it is. The message says what was found and what to do."""


@dataclass(frozen=True)
class Found:
    """A record and where it stood: a row number or a path in the message."""

    at: str
    record: Record


@dataclass(frozen=True)
class Quarantined:
    """Something that should have been a record, where it stood, which field was wrong and why.

    `reason` never quotes personal data; `raw` may, and is encrypted before it is kept."""

    at: str
    field: str
    reason: str
    contract: str | None = None
    raw: str | None = None


@dataclass(frozen=True)
class Extract:
    """A stock file with a contract's own columns; the engine reads it, not Python."""

    contract: str
    path: Path
    format: str
    """parquet or csv"""


@dataclass(frozen=True)
class Reading:
    """Everything one file held. `source` and `schema_version` name the format, `municipality` the addressee when the
    file itself names one. `flags` counts oddities of the whole file; those of a record stand on the record."""

    source: str
    schema_version: str
    records: tuple[Found, ...] = ()
    extract: Extract | None = None
    quarantined: tuple[Quarantined, ...] = ()
    flags: dict[str, int] = field(default_factory=dict)
    faults: int = 0
    nothing_found: int = 0
    municipality: str | None = None
