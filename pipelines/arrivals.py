"""A file that came in, and what is reported about it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.sources.reading import Reading, RefusedError

NOBODY = "0000"
"""municipality of a delivery that names none"""


@dataclass(frozen=True)
class Arrival:
    """One file as read, and for whom and when it came. `received_at` is UTC without a zone, as stored."""

    path: Path
    sha256: str
    municipality: str
    received_at: dt.datetime
    reading: Reading

    def __post_init__(self) -> None:
        if not is_municipality(self.municipality):
            raise RefusedError("the municipality must be four digits of table 33, such as 0917")

    @property
    def delivery(self) -> str:
        return delivery_id(self.municipality, self.sha256)


@dataclass(frozen=True)
class Withheld:
    """A quarantined record as reported: where it stood and why, never what it said."""

    at: str
    field: str
    reason: str


@dataclass(frozen=True)
class FileReport:
    """What became of one file. `status`: published, unchanged (it came before), held (too much of it is broken;
    nothing of it is visible) or refused (it is not what it says; `reason` says why)."""

    path: str
    source: str
    schema_version: str
    sha256: str
    status: str
    records: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=lambda: {"fault": 0, "nothing_found": 0})
    quarantined: tuple[Withheld, ...] = ()
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        told = {
            "path": self.path,
            "source": self.source,
            "schema_version": self.schema_version,
            "sha256": self.sha256,
            "status": self.status,
            "records": self.records,
            "flags": self.flags,
            "answers": self.answers,
            "quarantined": [{"at": one.at, "field": one.field, "reason": one.reason} for one in self.quarantined],
        }
        return told if self.reason is None else {**told, "reason": self.reason}


def is_municipality(code: str) -> bool:
    """Four digits of table 33. It becomes the name of a folder, so nothing else will do.

    >>> is_municipality("0917"), is_municipality("../x")
    (True, False)
    """
    return len(code) == 4 and code.isascii() and code.isdigit()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def delivery_id(municipality: str, sha256: str) -> str:
    """The same bytes for the same municipality are one delivery."""
    return hashlib.sha256(f"{municipality}:{sha256}".encode()).hexdigest()
