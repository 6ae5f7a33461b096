"""Signed checkpoints of the log: what stood at its end at a moment, kept outside the database (R15).

Whoever may write in the database could make a whole new chain; a checkpoint that the municipality holds shows that.
Every checkpoint holds the hash of the one before it, so the newest signature speaks for all. Nothing is sealed that
does not continue from the last checkpoint. weegschaal_verify.py reads both without the service.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.clock import stored
from enforcement.database import acting_for, reading
from enforcement.keys import key_named
from enforcement.tables import Event, Grant
from enforcement.tenants import within

EVERY = dt.timedelta(minutes=1)
FILE, PUBLIC = "checkpoints.jsonl", "public-key.txt"
TAIL = 4_096
"""bytes in which the last line of the file surely lies"""


class LogBrokenError(RuntimeError):
    """The log does not continue from its last checkpoint. Nothing was sealed; the message says where."""


@dataclass(frozen=True)
class Checkpoint:
    """The entry that was last, and the SHA-256 of the checkpoint before."""

    municipality: str
    number: int
    hash: str
    at: str
    previous: str

    def body(self) -> bytes:
        return rfc8785.dumps(asdict(self))


def signing_key(keys: Path) -> Ed25519PrivateKey:
    """The key of WEEGSCHAAL_SIGNING_KEY or signing.key; made at first use. Raises KeyFileError."""
    return Ed25519PrivateKey.from_private_bytes(key_named("signing", keys, create=True))


def public_of(key: Ed25519PrivateKey) -> str:
    """64 hexadecimal digits: hand them to the municipality, apart from the checkpoints."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def seal_all(engine: Engine, folder: Path, key: Ed25519PrivateKey, now: dt.datetime) -> list[Checkpoint]:
    """Seals what is new in the log of every municipality that somebody works for. Raises LogBrokenError after the
    others were sealed."""
    with reading(engine) as session:
        towns = session.scalars(select(Grant.municipality).distinct().order_by(Grant.municipality)).all()
    made, broken = [], []
    for town in towns:
        with reading(acting_for(engine, town)) as session:
            try:
                made.append(seal(session, town, folder, key, now))
            except LogBrokenError as error:
                broken.append(str(error))
    if broken:
        raise LogBrokenError("; ".join(broken))
    return [one for one in made if one is not None]


def seal(
    session: Session, municipality: str, folder: Path, key: Ed25519PrivateKey, now: dt.datetime
) -> Checkpoint | None:
    """Writes a checkpoint of the newest entry to the municipality's folder; None when nothing was added since the last.

    Raises LogBrokenError when the log does not continue from the last checkpoint.
    """
    place = folder / municipality
    place.mkdir(parents=True, exist_ok=True)
    with (place / FILE).open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _drop_unfinished(file)
        last = _last(file)
        newest = _continues(session, municipality, last)
        if newest is None or (last is not None and newest.number == last.number):
            return None
        at = stored(now).isoformat(timespec="milliseconds") + "Z"
        before = hashlib.sha256(last.body()).hexdigest() if last else audit.GENESIS
        made = Checkpoint(municipality, newest.number, newest.hash, at, before)
        line = {"body": made.body().decode(), "signature": key.sign(made.body()).hex()}
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
    (place / PUBLIC).write_text(public_of(key) + "\n", encoding="ascii")
    return made


def last_sealed(folder: Path, municipality: str) -> Checkpoint | None:
    """The newest checkpoint of a municipality; None before the first."""
    path = folder / municipality / FILE
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        return _last(file)


def _continues(session: Session, municipality: str, last: Checkpoint | None) -> Event | None:
    """The newest entry, when everything from the last checkpoint on is one chain."""
    number = last.number if last else 0
    query = select(Event).where(within(Event, municipality), Event.number >= number).order_by(Event.number)
    found: Iterable[Event] = session.scalars(query.execution_options(yield_per=1000))
    newest: Event | None = None
    for event in found:
        if newest is None and last is not None:
            wrong = (
                [] if (event.number, event.hash) == (last.number, last.hash) else ["is not the entry that was sealed"]
            )
            wrong += audit.faults(event, event.number - 1, event.previous)
        else:
            wrong = audit.faults(event, newest.number if newest else 0, newest.hash if newest else audit.GENESIS)
        if wrong:
            raise LogBrokenError(f"log of {municipality}, entry {event.number}: {wrong[0]}; nothing was sealed")
        newest = event
    if newest is None and last is not None:
        raise LogBrokenError(f"log of {municipality}: entry {last.number} was sealed and is gone; nothing was sealed")
    return newest


def _drop_unfinished(file: TextIO) -> None:
    """Takes away a line that was being written when the machine stopped or the disk was full: it was never a
    checkpoint, and left there it would keep every later one from being made or read."""
    tail = _tail(file)
    file.truncate(file.tell() - len(tail) + tail.rfind("\n") + 1)
    file.seek(0, os.SEEK_END)


def _tail(file: TextIO) -> str:
    """The end of the file, which is ASCII; the file stands at its end afterwards."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL))
    found = file.read()
    file.seek(0, os.SEEK_END)
    return found


def _last(file: TextIO) -> Checkpoint | None:
    lines = _tail(file).splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        del lines[-1]
    return Checkpoint(**json.loads(json.loads(lines[-1])["body"])) if lines else None
