"""Bringing deliveries in: walk the folders, read each file, publish, and say per file what became of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import cast

import pyarrow.parquet as pq

from enforcement.clock import stored
from enforcement.settings import Settings
from pipelines.arrivals import NOBODY, Arrival, FileReport, is_municipality, sha256_of
from pipelines.faults import reached
from pipelines.lake import Lake
from pipelines.sources import extract, reader_of
from pipelines.sources.isolation import read_isolated
from pipelines.sources.reading import Extract, Reading, RefusedError

ABOUT = "delivery.json"
FILES_AT_ONCE = 250
RECORDS_AT_ONCE = 50_000
BYTES_AT_ONCE = 32 << 20
"""files of a folder share a transaction and an engine, so that five thousand files do not wait five thousand times for
the disk; an interrupted run loses at most the work on one such group, and does it again"""

Progress = Callable[[FileReport], None]


@dataclass(frozen=True)
class _Addressed:
    """What is known about a file before it is read."""

    municipality: str | None
    received_at: dt.datetime


def ingest(
    settings: Settings,
    paths: Sequence[Path],
    source: str | None = None,
    municipality: str | None = None,
    received_at: dt.datetime | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> list[FileReport]:
    """Bring in files and folders (a folder's files in the order of their names, its folders after them).

    The municipality is the one given, else that of the folder's delivery.json, else the one in the message, else 0000;
    the moment of receipt the one given (aware), else that of delivery.json, else now. `seed` fixes the numbers that
    stand for people and is for the simulated province only. `progress` is told of each file.

    Raises FileNotFoundError for a path that is not there and RefusedError for a delivery.json that cannot be read;
    whatever is wrong with a file itself is in its report.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: there is no such file or folder")
    intake = _Intake(Lake(settings, seed=seed), source, progress)
    about: dict[Path, _Addressed] = {}
    for path in (file for one in paths for file in files_below(one)):
        if path.parent not in about:
            about[path.parent] = _addressed(path.parent / ABOUT, municipality, received_at)
            intake.flush()
        intake.take(path, about[path.parent])
    intake.flush()
    return [report for report in intake.reports if report is not None]


def files_below(path: Path) -> Iterator[Path]:
    """`path` itself, or the files in it by name and then those of its folders. Hidden ones and delivery.json are left
    out: the first are nobody's delivery, the second speaks about one."""
    if not path.is_dir():
        yield path
        return
    inside = sorted(one for one in path.iterdir() if not one.name.startswith(".") and one.name != ABOUT)
    yield from (one for one in inside if one.is_file())
    for folder in (one for one in inside if one.is_dir()):
        yield from files_below(folder)


def _addressed(path: Path, municipality: str | None, received_at: dt.datetime | None) -> _Addressed:
    said: dict[str, str] = {}
    if path.is_file():
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            received = dt.datetime.fromisoformat(said["received_at"]) if "received_at" in said else None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RefusedError(
                f'{path}: cannot be read; it must look like {{"municipality": "0917", '
                '"received_at": "2025-03-04T06:00:00Z"}'
            ) from error
        if received is not None and received.tzinfo is None:
            raise RefusedError(f"{path}: received_at needs a time zone, such as Z for UTC")
        received_at = received_at or received
    given = municipality or said.get("municipality")
    if given is not None and not is_municipality(given):
        raise RefusedError(f"{given!r} is not a municipality; it must be four digits of table 33, such as 0917")
    return _Addressed(given, stored(received_at or dt.datetime.now(dt.UTC)))


def _bytes_of(extract: Extract) -> int:
    """Bytes of a stock file, unpacked: Parquet packs half a million people into five megabytes, and what is published
    together is held together."""
    if extract.format == "csv":
        return extract.path.stat().st_size
    packed = pq.read_metadata(extract.path)
    return sum(packed.row_group(place).total_byte_size for place in range(packed.num_row_groups))


@dataclass
class _Intake:
    """Files that were read and wait to be published together, and the reports so far in order."""

    lake: Lake
    source: str | None
    progress: Progress | None
    reports: list[FileReport | None] = field(default_factory=list)
    waiting: list[tuple[int, Arrival]] = field(default_factory=list)
    records: int = 0
    """of the messages that wait"""
    stock: int = 0
    """bytes of the stock files that wait, unpacked"""

    def take(self, path: Path, about: _Addressed) -> None:
        """Read one file; publish when enough wait."""
        place = len(self.reports)
        self.reports.append(None)
        sha256 = sha256_of(path)
        if about.municipality is not None:
            before = self.lake.report_of(path, about.municipality, sha256)
            if before is not None:
                self._tell(place, before)
                return
        try:
            read = self._read(path)
        except RefusedError as refusal:
            municipality = about.municipality or NOBODY
            self._tell(place, self.lake.refuse(path, sha256, municipality, about.received_at, self.source, refusal))
            return
        named = read.municipality
        if named is not None and not is_municipality(named):
            read.flags["municipality_unreadable"] = 1
            named = None
        municipality = about.municipality or named or NOBODY
        if named not in (None, municipality):
            read.flags["other_municipality"] = 1
        stock = _bytes_of(read.extract) if read.extract else 0
        if self.stock and self.stock + stock > BYTES_AT_ONCE:
            self.flush()
        self.waiting.append((place, Arrival(path, sha256, municipality, about.received_at, read)))
        self.stock += stock
        self.records += len(read.records)
        if len(self.waiting) >= FILES_AT_ONCE or self.records >= RECORDS_AT_ONCE or self.stock >= BYTES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Publish what waits."""
        if self.waiting:
            self._publish(self.waiting)
            self.waiting, self.records, self.stock = [], 0, 0
            reached("between_groups")

    def _read(self, path: Path) -> Reading:
        """Messages are parsed in a child process; a stock file is looked at here and read by the engine."""
        reader = reader_of(path, self.source)
        if reader.SOURCE == extract.SOURCE:
            return reader.read(path)
        return read_isolated(cast(ModuleType, reader).__name__, path)

    def _publish(self, together: list[tuple[int, Arrival]]) -> None:
        try:
            reports = self.lake.publish_all([arrival for _, arrival in together])
        except RefusedError as refusal:
            (_, one), *others = together
            if others:  # the one that is refused does not take the others with it
                for alone in together:
                    self._publish([alone])
                return
            reports = [
                self.lake.refuse(one.path, one.sha256, one.municipality, one.received_at, one.reading.source, refusal)
            ]
        for (place, _), report in zip(together, reports, strict=True):
            self._tell(place, report)

    def _tell(self, place: int, report: FileReport) -> None:
        self.reports[place] = report
        if self.progress is not None:
            self.progress(report)
