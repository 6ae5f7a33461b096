#!/usr/bin/env python3
"""Checks an exported log of Weegschaal. Stands alone: standard library only, imports nothing of the service.

    python weegschaal_verify.py LOG [--checkpoints FILE --public-key KEY]... [--checkpoint MUNICIPALITY:NUMBER:HASH]...

LOG is an exported chain (JSON lines) or the service's SQLite database. Every entry's body is hashed as it is stored;
the body holds its number and the hash of the entry before, so an edit, a deletion, a swap or a gap breaks the chain.
Whoever can write the whole log can also make a new one. That shows against what was kept elsewhere: a municipality's
checkpoints (FILE, signed; KEY is the public key, 64 hexadecimal digits or a file that holds them), or a number and hash
that were written down. Up to the last of them everything is certain; later entries are counted as not sealed yet.

Exit codes: 0 the chain holds, 1 it is broken, 2 something cannot be read, 3 the checkpoints are not genuine,
4 the chain holds but is not the one that was sealed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

HOLDS, BROKEN, UNREADABLE, NOT_GENUINE, NOT_THE_SEALED = 0, 1, 2, 3, 4
GENESIS = "0" * 64
FIELDS = ("municipality", "number", "previous", "hash", "object", "body")
SHOWN = 20
"""faults that are printed; the rest is counted"""


class UnreadableError(Exception):
    """A file is not what it should be, or cannot be read."""


class NotGenuineError(Exception):
    """The checkpoints were not signed with this key, or were changed afterwards."""


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


class Verdict(NamedTuple):
    """`faults`: what is wrong with the chain; `unmet`: checkpoints that the log does not hold."""

    faults: list[str]
    unmet: list[Checkpoint]
    last: dict[str, Entry]
    sealed: dict[str, int]

    @property
    def code(self) -> int:
        return BROKEN if self.faults else NOT_THE_SEALED if self.unmet else HOLDS


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


def judge(found: Iterable[Entry], checkpoints: Iterable[Checkpoint] = ()) -> Verdict:
    """Checks every entry in order, each municipality's chain by itself, against the checkpoints."""
    last: dict[str, Entry] = {}
    wanted = set(checkpoints)
    sealed: dict[str, int] = {}
    wrong: list[str] = []
    for entry in found:
        wrong += [
            f"{entry.municipality} entry {entry.number}: {one}" for one in faults(entry, last.get(entry.municipality))
        ]
        point = Checkpoint(entry.municipality, entry.number, entry.hash)
        if point in wanted:
            wanted.discard(point)
            sealed[entry.municipality] = entry.number
        last[entry.municipality] = entry
    return Verdict(wrong, sorted(wanted), last, sealed)


def verify(path: Path, checkpoints: Iterable[Checkpoint]) -> int:
    """Prints what is wrong and a line per municipality; gives the exit code."""
    verdict = judge(entries(path), checkpoints)
    for fault in verdict.faults[:SHOWN]:
        print(fault, file=sys.stderr)
    if len(verdict.faults) > SHOWN:
        print(f"and {len(verdict.faults) - SHOWN} more", file=sys.stderr)
    for point in verdict.unmet[:SHOWN]:
        print(f"{point.municipality} entry {point.number}: is not the entry that was sealed", file=sys.stderr)
    for municipality, entry in sorted(verdict.last.items()):
        unsealed = entry.number - verdict.sealed.get(municipality, 0)
        print(f"{municipality}: {entry.number} entries, last {entry.hash}, not sealed yet: {unsealed}")
    if not verdict.last:
        print("no entries")
    said = {HOLDS: "the chain holds", BROKEN: "broken", NOT_THE_SEALED: "not the log that was sealed"}
    print(said[verdict.code])
    return verdict.code


def signed_checkpoints(path: Path, public_key: str) -> list[Checkpoint]:
    """The checkpoints of a file. Each holds the hash of the one before it, so the last signature speaks for all.

    Raises UnreadableError, and NotGenuineError for a broken row of them or a signature by another key.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        bodies = [(line["body"], json.loads(line["body"])) for line in lines]
        points = [Checkpoint(body["municipality"], body["number"], body["hash"]) for _, body in bodies]
        signature = bytes.fromhex(lines[-1]["signature"]) if lines else b""
        key = bytes.fromhex(public_key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableError(f"{path}: {error}") from error
    before, number = GENESIS, 0
    for text, body in bodies:
        if body.get("previous") != before or body["number"] <= number or body["municipality"] != points[0].municipality:
            raise NotGenuineError(f"{path}: the checkpoint of entry {body['number']} does not follow the one before it")
        before, number = hashlib.sha256(text.encode()).hexdigest(), body["number"]
    if bodies and not signed(key, bodies[-1][0].encode(), signature):
        raise NotGenuineError(f"{path}: the last checkpoint was not signed with this key")
    return points


# Ed25519 after RFC 8032, 5.1.7 and 6: checking only, so nothing secret is handled.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]


def _add(one: Point, two: Point) -> Point:
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(count: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while count:
        if count & 1:
            total = _add(total, point)
        point = _add(point, point)
        count >>= 1
    return total


def _point(raw: bytes) -> Point | None:
    """The point that 32 bytes stand for; None when there is none."""
    y = int.from_bytes(raw, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    x = P - x if (x & 1) != odd else x
    return x, y, 1, x * y % P


_BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = _point(_BASE_Y.to_bytes(32, "little"))


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` was made with the private half of `key` (32 bytes)."""
    a, r = _point(key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or BASE is None or len(signature) != 64 or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    left, right = _times(s, BASE), _add(r, _times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def checkpoint(text: str) -> Checkpoint:
    """A checkpoint as it is written on the command line, such as 0917:120:<64 hexadecimal digits>."""
    match = re.fullmatch(r"(\w{1,8}):([1-9]\d*):([0-9a-f]{64})", text)
    if not match:
        raise argparse.ArgumentTypeError("write it as MUNICIPALITY:NUMBER:HASH")
    return Checkpoint(match[1], int(match[2]), match[3])


def public_key(text: str) -> str:
    """64 hexadecimal digits, or the name of a file that holds them."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        try:
            text = Path(text).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise argparse.ArgumentTypeError("64 hexadecimal digits, or a file that holds them") from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("64 hexadecimal digits, or a file that holds them")
    return text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks an exported log of Weegschaal.")
    parser.add_argument("log", type=Path, help="exported chain (JSON lines) or SQLite database")
    parser.add_argument(
        "--checkpoint", type=checkpoint, action="append", default=[], metavar="MUNICIPALITY:NUMBER:HASH"
    )
    parser.add_argument("--checkpoints", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--public-key", type=public_key, metavar="KEY", help="of whoever signs the checkpoints")
    chosen = parser.parse_args(arguments)
    if chosen.checkpoints and not chosen.public_key:
        parser.error("--checkpoints needs --public-key")
    try:
        points = list(chosen.checkpoint)
        for file in chosen.checkpoints:
            points += signed_checkpoints(file, chosen.public_key)
        return verify(chosen.log, points)
    except UnreadableError as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return UNREADABLE
    except NotGenuineError as error:
        print(f"not genuine: {error}", file=sys.stderr)
        return NOT_GENUINE


if __name__ == "__main__":
    sys.exit(main())
