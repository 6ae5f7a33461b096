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
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import rfc8785
from sqlalchemy import Connection, Select, func, insert, select
from sqlalchemy.event import listens_for
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import ORMExecuteState, Session

from enforcement.clock import stored
from enforcement.errors import LogUnavailableError
from enforcement.tables import Event
from enforcement.tenants import within

GENESIS = "0" * 64
"""what stands in the first entry where the others hold the hash of their predecessor"""
_UNWRITTEN, _LOOKS = "entries of the log", "only looks"
"""where a session keeps what is written at its end, and that somebody else writes it (looking.py)"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('log ' || %(municipality)s))"
_ADD = """
WITH head AS (
    SELECT number, hash FROM event WHERE municipality = %(municipality)s ORDER BY number DESC LIMIT 1
), following AS (
    SELECT coalesce(max(number), 0) + 1 AS number, coalesce(max(hash), %(first)s) AS previous FROM head
), entry AS (
    SELECT number, previous, concat(%(opening)s::text, number, %(middle)s::text, previous, %(closing)s::text) AS body
    FROM following
)
INSERT INTO event (municipality, number, previous, hash, object, body)
SELECT %(municipality)s, number, previous, encode(sha256(convert_to(body, 'UTF8')), 'hex'), %(object)s, body FROM entry
"""


@dataclass(frozen=True)
class Entry:
    """An entry before its place in the chain is known: its body is opening, number, middle, previous hash, closing."""

    municipality: str
    object: str
    opening: str
    middle: str
    closing: str

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Entry:
        """content: everything in the body but number and previous. RFC 8785 sorts by name, so that both have a place
        of their own.

        >>> Entry.of({"municipality": "0917", "object": "case:1", "purpose": "review"}).body(7, "ab")
        '{"municipality":"0917","number":7,"object":"case:1","previous":"ab","purpose":"review"}'
        """
        opening, middle, closing = (
            rfc8785.dumps({name: value for name, value in content.items() if low < name < high}).decode()[1:-1]
            for low, high in (("", "number"), ("number", "previous"), ("previous", "\uffff"))
        )
        return cls(
            municipality=content["municipality"],
            object=content["object"],
            opening=f'{{{opening},"number":',
            middle=f',{middle},"previous":"',
            closing=f'",{closing}}}',
        )

    def body(self, number: int, previous: str) -> str:
        return f"{self.opening}{number}{self.middle}{previous}{self.closing}"


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
) -> None:
    """Adds one entry to the caller's transaction: it is kept exactly when what it describes is kept.

    It gets its place in the chain when the transaction ends (`settle`), because only one transaction at a time can
    hold the end of a chain. Raises LogUnavailableError when the transaction may not write, and at its end when the
    entry cannot be stored: then nothing of it is kept, and what it read was not answered yet.
    """
    if not session.info.get(_LOOKS) and not session.connection().info.get("writes"):
        raise LogUnavailableError("a case is read with looking() or writing(), so that the look can be logged")
    entry = Entry.of(
        {
            "action": action,
            "actor": actor,
            "at": stored(at or dt.datetime.now(dt.UTC)).isoformat(timespec="milliseconds") + "Z",
            "details": dict(details or {}),
            "municipality": municipality,
            "object": object,
            "purpose": purpose,
            "role": role,
        }
    )
    add(session, [entry])


def add(session: Session, entries: Iterable[Entry]) -> None:
    """Adds entries that were made elsewhere, as `append` does."""
    session.info.setdefault(_UNWRITTEN, []).extend(entries)


def only_looks(session: Session) -> None:
    """From now on entries of this session are left to whoever takes them with `unwritten`."""
    session.info[_LOOKS] = True


def unwritten(session: Session) -> list[Entry]:
    """Takes what was appended and not written."""
    entries: list[Entry] = session.info.pop(_UNWRITTEN, [])
    return entries


def settle(session: Session, *, ends: bool = False) -> None:
    """Writes what was appended, in order, unless this session only looks. `ends`: nothing follows in this
    transaction.

    On PostgreSQL a chain is locked from its first entry to the commit, so that numbers have no gap. The entries and the
    commit are then sent together: no other transaction waits for this process in between. Chains are locked in the
    order of their municipalities, and after every row, so that no two transactions wait for each other.

    Raises LogUnavailableError.
    """
    if session.info.get(_LOOKS) or not (entries := unwritten(session)):
        return
    entries.sort(key=lambda one: one.municipality)
    try:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            _send(connection, entries, ends)
        else:
            _insert(connection, entries)
    except (SQLAlchemyError, psycopg.Error) as error:
        raise LogUnavailableError(f"the log could not be written ({type(error).__name__}); try again") from error


class Logging(Session):
    """A session that finds its own entries when it reads the log: they are written before such a question."""


@listens_for(Logging, "do_orm_execute")
def _settled_first(asked: ORMExecuteState) -> None:
    if _UNWRITTEN in asked.session.info and isinstance(asked.statement, Select):
        log = Event.__table__
        if any(one.is_derived_from(log) for one in asked.statement.get_final_froms()):
            settle(asked.session)


def _send(connection: Connection, entries: list[Entry], ends: bool) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.pipeline(), driver.cursor() as cursor:
        for entry in entries:
            values = vars(entry) | {"first": GENESIS}
            cursor.execute(_LOCK, values)
            cursor.execute(_ADD, values)
        if ends:
            driver.commit()


def _insert(connection: Connection, entries: list[Entry]) -> None:
    """SQLite has one writer at a time, and this is the one."""
    for town, its in groupby(entries, key=lambda one: one.municipality):
        last = connection.execute(_end_of_chain(town)).first()
        number, previous = (last.number, last.hash) if last else (0, GENESIS)
        rows = []
        for entry in its:
            number, before = number + 1, previous
            body = entry.body(number, before)
            previous = hashlib.sha256(body.encode()).hexdigest()
            about = {"municipality": town, "object": entry.object, "body": body}
            rows.append(about | {"number": number, "previous": before, "hash": previous})
        connection.execute(_INTO, rows)


_INTO = insert(Event)


@lru_cache(maxsize=64)
def _end_of_chain(municipality: str) -> Select[Any]:
    """Put together once for each: with what the session adds to it, the question took as long as the commit."""
    log = Event.__table__.c
    return select(log.number, log.hash).where(within(log, municipality)).order_by(log.number.desc()).limit(1)


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
