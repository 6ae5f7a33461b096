"""The readers: one per format, each giving canonical records.

`recognise` looks at the first 64 kB and finds the reader by content; `read` reads a file whole, or refuses it with a
sentence that says what was found and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pipelines.sources import (
    bewoning,
    bijstand,
    bookings,
    brp,
    brp_suwi,
    duo,
    extract,
    gbav,
    gws,
    kadaster,
    kvk,
    outcomes,
    rdw,
    signals,
    suwi_other,
    uwv_income,
)
from pipelines.sources.described import description_of, is_description
from pipelines.sources.reading import Reading, RefusedError

__all__ = ["READERS", "Reader", "read", "reader_of", "recognise"]
HEAD = 65536
"""bytes of a file that are looked at to recognise it"""


class Reader(Protocol):
    """What every reader module has."""

    SOURCE: str

    def recognises(self, path: Path, head: bytes) -> bool: ...

    def read(self, path: Path) -> Reading: ...


_MODULES: tuple[Reader, ...] = (
    *(gbav, bewoning, brp, kvk, signals, outcomes, bookings),
    *(uwv_income, bijstand, rdw, kadaster, duo, brp_suwi, gws, suwi_other),
    extract,
)
READERS: dict[str, Reader] = {module.SOURCE: module for module in _MODULES}
"""source name -> reader; the first that recognises a file reads it"""


def recognise(path: Path) -> Reader:
    """The reader of a file, by its content. Raises RefusedError when no reader knows it."""
    head = _head(path)
    found = None if is_description(head) else _recognised(path, head)
    if found is None:
        raise RefusedError(
            f"{path.name}: this is {description_of(path, head)}. Formats that can be read: {', '.join(READERS)}"
        )
    return found


def reader_of(path: Path, source: str | None = None) -> Reader:
    """The reader of a file; with `source` the file must be of that source. Raises RefusedError."""
    if source is None:
        return recognise(path)
    if source not in READERS:
        raise RefusedError(f"there is no source {source!r}; there are {', '.join(READERS)}")
    reader = READERS[source]
    head = _head(path)
    if not reader.recognises(path, head):
        other = _recognised(path, head)
        what = f"a file of source {other.SOURCE}" if other else description_of(path, head)
        raise RefusedError(f"{path.name}: said to be {source}, but this is {what}")
    return reader


def read(path: Path, source: str | None = None) -> Reading:
    """Everything a file holds. With `source` the file must be of that source.

    Raises RefusedError when there is no such source, or the file is of another one, of none, or broken as a whole."""
    return reader_of(path, source).read(path)


def _recognised(path: Path, head: bytes) -> Reader | None:
    return next((reader for reader in READERS.values() if reader.recognises(path, head)), None)


def _head(path: Path) -> bytes:
    if not path.is_file():
        raise RefusedError(f"{path}: is not a file")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise RefusedError(f"{path.name}: is empty; ask the source for it again")
    return head
