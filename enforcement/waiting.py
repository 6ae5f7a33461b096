"""Putting a case or an item of the service list aside until a day, with the reason: for an answer that has to come,
never to let it lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy.orm import Session

from enforcement.access import Viewer
from enforcement.attached import CASES, Kind
from enforcement.clock import stored
from enforcement.errors import ConflictError, RefusedError
from enforcement.taking import LEASE


class WaitsFor(StrEnum):
    CLIENT = "client"
    SOURCE = "source"
    COLLEAGUE = "colleague"
    OBJECTION = "objection"


WAITS_FOR_WORDS: Mapping[WaitsFor, tuple[str, str]] = MappingProxyType(
    {
        WaitsFor.CLIENT: ("antwoord of stukken van de klant", "an answer or documents from the client"),
        WaitsFor.SOURCE: ("antwoord van een andere organisatie", "an answer from another organisation"),
        WaitsFor.COLLEAGUE: ("een collega", "a colleague"),
        WaitsFor.OBJECTION: ("een bezwaar of correctie", "an objection or correction"),
    }
)


def put_aside(
    session: Session,
    viewer: Viewer,
    number: str,
    version: int,
    until: dt.date,
    reason: WaitsFor,
    now: dt.datetime,
    kind: Kind = CASES,
) -> int:
    """Puts what the viewer has in hand aside; gives its new version. It stays theirs, until the lease after that day
    ends.

    Nothing waits beyond its own due date. The rule is one for all arms: a limit on random cases alone would show who
    was drawn (R5, R6). Raises RefusedError for a day that is not acceptable, NotFoundError, ForbiddenError,
    ConflictError and StaleError.
    """
    if not now.date() < until <= kind.held(session, viewer, number).due:
        raise RefusedError("choose a day after today; it cannot wait longer than until it is due")
    lease = dt.datetime.combine(until, dt.time(), dt.UTC) + LEASE
    held = {"waits_until": until, "waits_for": reason.value, "lease_until": stored(lease)}
    new = kind.moved(session, viewer, number, "put_aside", version, held)
    kind.note(session, viewer, kind.put_aside, number, now, {"until": until.isoformat(), "for": reason.value})
    return new


def take_up(session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime, kind: Kind = CASES) -> int:
    """Goes on with what was put aside, before its day; gives its new version. Raises as `put_aside` does."""
    if kind.held(session, viewer, number).waits_until is None:
        raise ConflictError(f"{number} is not waiting")
    resumed = {"waits_until": None, "waits_for": None, "lease_until": stored(now + LEASE)}
    new = kind.moved(session, viewer, number, "take_up", version, resumed)
    kind.note(session, viewer, kind.taken_up, number, now)
    return new
