"""Putting a case aside until a day, with the reason: for an answer that has to come, never to let it lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, require
from enforcement.cases import Step, mine, note, step
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
    session: Session, viewer: Viewer, number: str, version: int, until: dt.date, reason: WaitsFor, now: dt.datetime
) -> int:
    """Puts the viewer's own case aside; gives its new version. It stays theirs, until the lease after that day ends.

    No case waits beyond its own due date. The rule is one for all arms: a limit on random cases alone would show who
    was drawn (R5, R6). Raises RefusedError for a day that is not acceptable, and as `step` does.
    """
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    if until <= now.date():
        raise RefusedError("a case waits until a day that is still to come")
    if until > case.due:
        raise RefusedError(f"case {number} is due on {case.due.isoformat()}; it cannot wait longer than that")
    lease = dt.datetime.combine(until, dt.time(), dt.UTC) + LEASE
    held = {"waits_until": until, "waits_for": reason.value, "lease_until": stored(lease)}
    new = step(session, viewer, case, Step.PUT_ASIDE, version, held)
    note(session, viewer, "case_put_aside", number, now, {"until": until.isoformat(), "for": reason.value})
    return new


def take_up(session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime) -> int:
    """Goes on with a case that was put aside, before its day; gives its new version. Raises as `step` does."""
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    if case.waits_until is None:
        raise ConflictError(f"case {number} is not waiting")
    resumed = {"waits_until": None, "waits_for": None, "lease_until": stored(now + LEASE)}
    new = step(session, viewer, case, Step.TAKE_UP, version, resumed)
    note(session, viewer, "case_taken_up", number, now)
    return new
