#!/usr/bin/env python3
"""Checks an exported log of Weegschaal. Stands alone: standard library only, imports nothing of the service.

    python weegschaal_verify.py LOG [--checkpoint MUNICIPALITY:NUMBER:HASH]...

LOG is an exported chain (JSON lines) or the service's SQLite database. Every entry's body is hashed as it is stored;
the body holds its number and the hash of the entry before, so an edit, a deletion, a swap or a gap breaks the chain.
The end of a chain can only be judged against something kept elsewhere: give a checkpoint that was written down
earlier, and everything up to it is certain; entries after it are counted as not sealed yet.

Exit codes: 0 the chain holds, 1 it is broken, 2 it cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

HOLDS, BROKEN, UNREADABLE = 0, 1, 2
GENESIS = "0" * 64
FIELDS = ("municipality", "number", "previous", "hash", "object", "body")


class UnreadableError(Exception):
    """The file is not a log, or not one that can be read."""


class Entry(NamedTuple):
    municipality: str
    number: int
    previous: str
    hash: str
    object: str
    body: str


class Checkpoint(NamedTuple):
    municipality: str
    number: int
    hash: str


def entries(path: Path) -> Iterator[Entry]:
    """The entries of a file in the order in which they should be checked. Raises UnreadableError."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from error
    return _from_database(path) if head == b"SQLite format 3\0" else _from_lines(path)


def _from_database(path: Path) -> Iterator[Entry]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            for row in connection.execute(
                "SELECT municipality, number, previous, hash, object, body FROM event ORDER BY municipality, number"
            ):
                yield _entry(dict(zip(FIELDS, row, strict=True)), str(path))
    except sqlite3.Error as error:
        raise UnreadableError(f"{path}: {error}") from error


def _from_lines(path: Path) -> Iterator[Entry]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for at, line in enumerate(file, start=1):
                yield _entry(json.loads(line), f"{path}, line {at}")
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path}: {error}") from error


def _entry(found: Any, at: str) -> Entry:
    if not isinstance(found, dict) or set(found) != set(FIELDS):
        raise UnreadableError(f"{at}: an entry has exactly the fields {', '.join(FIELDS)}")
    if not all(isinstance(found[name], int if name == "number" else str) for name in FIELDS):
        raise UnreadableError(f"{at}: number is a number and the other fields are text")
    return Entry(**found)


def faults(entry: Entry, before: Entry | None) -> Iterator[str]:
    """What is wrong with one entry, given the one before it in its chain."""
    number, previous = (before.number, before.hash) if before else (0, GENESIS)
    if entry.number != number + 1:
        yield f"follows entry {number}: one is missing, repeated or out of order"
    if entry.previous != previous:
        yield "does not hold the hash of the entry before it"
    if hashlib.sha256(entry.body.encode("utf-8", "surrogatepass")).hexdigest() != entry.hash:
        yield "its body was changed"
    try:
        body = json.loads(entry.body)
    except ValueError:
        body = None
    for name in ("municipality", "number", "previous", "object"):
        if not isinstance(body, dict) or body.get(name) != getattr(entry, name):
            yield f"its {name} differs from its body"


def verify(path: Path, checkpoints: list[Checkpoint]) -> int:
    """Prints what is wrong and a line per municipality; gives the exit code."""
    last: dict[str, Entry] = {}
    sealed = {(point.municipality, point.number): point.hash for point in checkpoints}
    met: set[tuple[str, int]] = set()
    broken = False
    for entry in entries(path):
        for fault in faults(entry, last.get(entry.municipality)):
            broken = True
            print(f"{entry.municipality} entry {entry.number}: {fault}", file=sys.stderr)
        key = (entry.municipality, entry.number)
        if sealed.get(key) == entry.hash:
            met.add(key)
        last[entry.municipality] = entry
    for municipality, number in sorted(set(sealed) - met):
        broken = True
        print(f"{municipality} entry {number}: is not the entry of the checkpoint", file=sys.stderr)
    for municipality, entry in sorted(last.items()):
        upto = max((number for of, number in met if of == municipality), default=0)
        unsealed = entry.number - upto
        print(f"{municipality}: {entry.number} entries, last {entry.hash}, not sealed yet: {unsealed}")
    if not last:
        print("no entries")
    print("broken" if broken else "the chain holds")
    return BROKEN if broken else HOLDS


def checkpoint(text: str) -> Checkpoint:
    """A checkpoint as it is written on the command line, such as 0917:120:<64 hexadecimal digits>."""
    match = re.fullmatch(r"(\w{1,8}):([1-9]\d*):([0-9a-f]{64})", text)
    if not match:
        raise argparse.ArgumentTypeError("write it as MUNICIPALITY:NUMBER:HASH")
    return Checkpoint(match[1], int(match[2]), match[3])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks an exported log of Weegschaal.")
    parser.add_argument("log", type=Path, help="exported chain (JSON lines) or SQLite database")
    parser.add_argument(
        "--checkpoint", type=checkpoint, action="append", default=[], metavar="MUNICIPALITY:NUMBER:HASH"
    )
    chosen = parser.parse_args(arguments)
    try:
        return verify(chosen.log, chosen.checkpoint)
    except UnreadableError as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
