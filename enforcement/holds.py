"""Two things that wait: a legal hold, under which nothing is deleted, and a restriction, under which not all is told.

A hold keeps what a court, an objection or an inquiry needs (GDPR 17(3)(e)). A restriction protects an investigation
that runs (UAVG 41); it has a reason and an end, and the log holds both (R19).
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.clock import stored
from enforcement.errors import FindingsError, NotFoundError
from enforcement.tables import Case, Hold, Restriction
from enforcement.tenants import within

SHORTEST_REASON = 20
"""characters; a word is no reason"""
LONGEST_RESTRICTION = dt.timedelta(days=183)
"""after half a year it is judged anew"""


@dataclass(frozen=True)
class Restricted:
    """What holds now: part of what is known is not told until `until`."""

    id: str
    reason: str
    until: dt.date
    since: dt.date


@dataclass(frozen=True)
class Held:
    """A legal hold on a case."""

    id: str
    case_id: int
    reason: str
    since: dt.date


@dataclass(frozen=True)
class Listed:
    """A restriction or a hold that is in force, as who may end it sees it."""

    id: str
    number: str | None
    """of the case on the newest list that has it; None when it is on none"""
    reason: str
    since: dt.date
    until: dt.date | None
    """first day on which all is told again; None for a hold, which lasts until it is lifted"""


def restrict(session: Session, viewer: Viewer, case_id: int, reason: str, until: dt.date, now: dt.datetime) -> str:
    """Withholds what an investigation of the case found until `until`; gives the restriction's id.

    Raises ForbiddenError, and FindingsError without a real reason or with an end that is past or too far away.
    """
    require(viewer, Permission.HANDLE_RIGHTS)
    words = _reasoned(reason)
    if not now.date() < until <= now.date() + LONGEST_RESTRICTION:
        raise FindingsError(
            "until",
            "Kies een einddatum: na vandaag en binnen een half jaar.",
            "Choose an end: after today and within half a year.",
        )
    which = secrets.token_hex(8)
    session.add(
        Restriction(
            id=which,
            municipality=viewer.municipality,
            case_id=case_id,
            reason=words,
            until=until,
            made_by=viewer.user,
            made_at=stored(now),
            lifted_at=None,
        )
    )
    session.flush()
    _log(session, viewer, "restricted", f"restriction:{which}", {"reason": words, "until": until.isoformat()}, now)
    return which


def end_restriction(session: Session, viewer: Viewer, which: str, now: dt.datetime) -> None:
    """All is told again, before the end that was set. Raises ForbiddenError, NotFoundError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    found = session.get(Restriction, which)
    if found is None or found.municipality != viewer.municipality or found.lifted_at is not None:
        raise NotFoundError(f"no restriction {which} holds here")
    found.lifted_at = stored(now)
    _log(session, viewer, "restriction_ended", f"restriction:{which}", {}, now)


def restriction_on(session: Session, municipality: str, case_id: int, day: dt.date) -> Restricted | None:
    """The restriction on a case that holds on a day, the longest one; None when all is told."""
    found = session.scalars(
        select(Restriction)
        .where(within(Restriction, municipality), Restriction.case_id == case_id)
        .where(Restriction.until > day, Restriction.lifted_at.is_(None))
        .order_by(Restriction.until.desc(), Restriction.id)
    ).first()
    return Restricted(found.id, found.reason, found.until, found.made_at.date()) if found else None


def restrictions(session: Session, viewer: Viewer, now: dt.datetime, case_id: int | None = None) -> tuple[Listed, ...]:
    """The restrictions in force in the viewer's municipality, or on one case, oldest first, after the look was logged.
    Raises ForbiddenError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    _log(session, viewer, "restrictions_listed", f"municipality:{viewer.municipality}", {}, now)
    query = select(Restriction).where(within(Restriction, viewer.municipality), Restriction.lifted_at.is_(None))
    if case_id is not None:
        query = query.where(Restriction.case_id == case_id)
    query = query.where(Restriction.until > now.date()).order_by(Restriction.made_at, Restriction.id)
    rows = session.scalars(query).all()
    numbers = _numbers(session, viewer.municipality, {one.case_id for one in rows})
    return tuple(Listed(one.id, numbers.get(one.case_id), one.reason, one.made_at.date(), one.until) for one in rows)


def hold(session: Session, viewer: Viewer, case_id: int, reason: str, now: dt.datetime) -> str:
    """Keeps everything about a case from deletion; gives the hold's id. Raises ForbiddenError, FindingsError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    words, which = _reasoned(reason), secrets.token_hex(8)
    session.add(
        Hold(
            id=which,
            municipality=viewer.municipality,
            case_id=case_id,
            reason=words,
            made_by=viewer.user,
            made_at=stored(now),
            lifted_at=None,
        )
    )
    session.flush()
    _log(session, viewer, "hold_made", f"hold:{which}", {"reason": words}, now)
    return which


def lift_hold(session: Session, viewer: Viewer, which: str, now: dt.datetime) -> None:
    """What the hold kept may be deleted by its rule again. Raises ForbiddenError, NotFoundError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    found = session.get(Hold, which)
    if found is None or found.municipality != viewer.municipality or found.lifted_at is not None:
        raise NotFoundError(f"no hold {which} holds here")
    found.lifted_at = stored(now)
    _log(session, viewer, "hold_lifted", f"hold:{which}", {}, now)


def holds(session: Session, viewer: Viewer, now: dt.datetime, case_id: int | None = None) -> tuple[Listed, ...]:
    """The holds in force in the viewer's municipality, or on one case, oldest first, after the look was logged. Raises
    ForbiddenError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    _log(session, viewer, "holds_listed", f"municipality:{viewer.municipality}", {}, now)
    query = select(Hold).where(within(Hold, viewer.municipality), Hold.lifted_at.is_(None))
    if case_id is not None:
        query = query.where(Hold.case_id == case_id)
    rows = session.scalars(query.order_by(Hold.made_at, Hold.id)).all()
    numbers = _numbers(session, viewer.municipality, {one.case_id for one in rows})
    return tuple(Listed(one.id, numbers.get(one.case_id), one.reason, one.made_at.date(), None) for one in rows)


def held_cases(session: Session, municipality: str, now: dt.datetime) -> dict[int, Held]:
    """Case id -> the oldest hold on it that was not lifted before `now`."""
    rows = session.scalars(
        select(Hold)
        .where(within(Hold, municipality), or_(Hold.lifted_at.is_(None), Hold.lifted_at > stored(now)))
        .order_by(Hold.made_at.desc(), Hold.id)
    )
    return {one.case_id: Held(one.id, one.case_id, one.reason, one.made_at.date()) for one in rows}


def _numbers(session: Session, municipality: str, cases: set[int]) -> dict[int, str]:
    rows = session.execute(
        select(Case.id, Case.number).where(within(Case, municipality), Case.id.in_(cases)).order_by(Case.due)
    )
    return {case: number for case, number in rows}  # noqa: C416 - a row is no tuple to the type checker


def _reasoned(reason: str) -> str:
    words = reason.strip()
    if len(words) < SHORTEST_REASON:
        raise FindingsError(
            "reason",
            f"Schrijf de reden, in ten minste {SHORTEST_REASON} tekens.",
            f"Write the reason, in at least {SHORTEST_REASON} characters.",
        )
    return words


def _log(
    session: Session, viewer: Viewer, action: str, about: str, details: dict[str, object], now: dt.datetime
) -> None:
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        action,
        about,
        viewer.purpose.value,
        details,
        at=now,
    )
