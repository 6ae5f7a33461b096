"""The log of a municipality: a chain in which every entry holds the hash of the one before it (R14, R15).

An entry's body is RFC 8785 JSON and its hash is the SHA-256 of those bytes; the body itself holds the number and the
hash of the entry before. So an edit, a deletion, a swap or a gap shows, to anyone who can hash (weegschaal_verify.py).
Entries hold no personal data: a case is named by its number.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import rfc8785
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from enforcement.clock import stored
from enforcement.errors import LogUnavailableError
from enforcement.tables import Event
from enforcement.tenants import within

GENESIS = "0" * 64
"""what stands in the first entry where the others hold the hash of their predecessor"""


def append(
    session: Session,
    municipality: str,
    actor: str,
    role: str,
    action: str,
    object: str,
    purpose: str,
    details: Mapping[str, Any] | None = None,
    *,
    at: dt.datetime | None = None,
) -> Event:
    """Adds one entry in the caller's transaction: it is kept exactly when what it describes is kept.

    Raises LogUnavailableError when the transaction may not write or the entry cannot be stored, so that a read
    without a log entry cannot happen.
    """
    if not session.connection().info.get("writes"):
        raise LogUnavailableError("reading a case needs a transaction that may write its log; open it with writing()")
    try:
        _one_at_a_time(session, municipality)
        last = session.execute(
            select(Event.number, Event.hash).where(within(Event, municipality)).order_by(Event.number.desc()).limit(1)
        ).first()
        number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
        body = rfc8785.dumps(
            {
                "action": action,
                "actor": actor,
                "at": stored(at or dt.datetime.now(dt.UTC)).isoformat(timespec="milliseconds") + "Z",
                "details": dict(details or {}),
                "municipality": municipality,
                "number": number,
                "object": object,
                "previous": previous,
                "purpose": purpose,
                "role": role,
            }
        )
        event = Event(
            municipality=municipality,
            number=number,
            previous=previous,
            hash=hashlib.sha256(body).hexdigest(),
            object=object,
            body=body.decode(),
        )
        session.add(event)
        session.flush()
    except SQLAlchemyError as error:
        raise LogUnavailableError(f"the log could not be written ({type(error).__name__}); try again") from error
    return event


def _one_at_a_time(session: Session, municipality: str) -> None:
    """Two appends to one chain may not overlap. SQLite has one writer anyway; PostgreSQL takes a lock per chain."""
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:chain))"), {"chain": f"log {municipality}"})


def check(events: Iterable[Event]) -> list[str]:
    """What is wrong with one municipality's entries, in order of number; an empty list when the chain holds."""
    wrong: list[str] = []
    number, previous = 0, GENESIS
    for event in events:
        wrong += [f"{event.municipality} entry {event.number}: {fault}" for fault in faults(event, number, previous)]
        number, previous = event.number, event.hash
    return wrong


def faults(event: Event, number: int, previous: str) -> list[str]:
    """What is wrong with one entry after the entry `number` with the hash `previous`."""
    wrong = []
    if event.number != number + 1:
        wrong.append(f"follows entry {number}, a gap or a repetition")
    if event.previous != previous:
        wrong.append("does not hold the hash of the entry before it")
    if hashlib.sha256(event.body.encode()).hexdigest() != event.hash:
        wrong.append("its body was changed")
    return wrong + [f"its column {name} differs from its body" for name in _differing(event)]


def _differing(event: Event) -> list[str]:
    try:
        body = json.loads(event.body)
    except ValueError:
        return ["body"]
    names = ("municipality", "number", "previous", "object")
    return [name for name in names if not isinstance(body, dict) or body.get(name) != getattr(event, name)]


def chain(session: Session, municipality: str) -> Iterator[Event]:
    """All entries of a municipality in order."""
    return session.scalars(
        select(Event).where(within(Event, municipality)).order_by(Event.number).execution_options(yield_per=1000)
    )


def length(session: Session, municipality: str) -> int:
    """How many entries the municipality's log has."""
    return session.scalar(select(func.count()).select_from(Event).where(within(Event, municipality))) or 0


def export(session: Session, municipality: str, path: Path) -> int:
    """Writes the chain as JSON lines for weegschaal_verify.py; gives the number of entries."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for event in chain(session, municipality):
            line = {name: getattr(event, name) for name in ("municipality", "number", "previous", "hash", "object")}
            out.write(json.dumps(line | {"body": event.body}, ensure_ascii=False) + "\n")
            count += 1
    return count
