"""Who has a case in hand: giving it to a colleague, spreading open cases over a team, and cover during absence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Role, Viewer, require
from enforcement.cases import Step, find, mine, note, step
from enforcement.errors import ConflictError, ForbiddenError, RefusedError
from enforcement.tables import Absence, Case, Finding, Grant, ServiceItem
from enforcement.taking import CLAIMED, IN_NOBODYS_HAND, OPEN, Listed, in_hand_of
from enforcement.tenants import within

CASEWORKERS = (Role.OFFICER, Role.SENIOR_OFFICER)
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Assigned:
    """What became of one case: its new version, or why it stayed where it was."""

    number: str
    version: int | None
    why: str = ""


def hand_over(session: Session, viewer: Viewer, number: str, version: int, to: str, now: dt.datetime) -> int:
    """Gives the viewer's own case to a colleague; gives its new version.

    Raises ForbiddenError for someone who may not review it, and as `step` does.
    """
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    _require_able(session, viewer, case, to, now)
    new = step(session, viewer, case, Step.HAND_OVER, version, in_hand_of(to, now))
    note(session, viewer, "case_handed_over", number, now, {"to": to})
    return new


def assign(session: Session, viewer: Viewer, numbers: Sequence[str], to: str, now: dt.datetime) -> tuple[Assigned, ...]:
    """Gives open cases to one colleague, each by itself: one that is taken meanwhile stays where it is and says so.

    Only who does what is assigned in bulk, never an outcome (R2). Raises ForbiddenError, and RefusedError for too many.
    """
    require(viewer, Permission.ASSIGN_CASES)
    if len(numbers) > MOST_AT_ONCE:
        raise RefusedError(f"at most {MOST_AT_ONCE} cases at once")
    return tuple(_assign(session, viewer, number, to, now) for number in dict.fromkeys(numbers))


def _assign(session: Session, viewer: Viewer, number: str, to: str, now: dt.datetime) -> Assigned:
    try:
        case = find(session, viewer, number, Permission.ASSIGN_CASES)
        _require_able(session, viewer, case, to, now)
        new = step(session, viewer, case, Step.ASSIGN, case.version, in_hand_of(to, now))
    except RefusedError as error:
        return Assigned(number, None, str(error))
    note(session, viewer, "case_assigned", number, now, {"to": to})
    return Assigned(number, new)


def be_absent(
    session: Session,
    viewer: Viewer,
    user: str,
    first: dt.date,
    last: dt.date,
    deputy: str | None,
    now: dt.datetime,
) -> None:
    """Records that a colleague is away, first and last day included; a deputy takes what they have in hand.

    People record their own absence, a senior officer anyone's. Raises ForbiddenError and RefusedError.
    """
    require(viewer, Permission.CLAIM_CASE if user == viewer.user else Permission.ASSIGN_CASES)
    if last < first:
        raise RefusedError("the last day of an absence lies on or after its first")
    for one in (user, *([deputy] if deputy else [])):
        require_caseworker(session, viewer.municipality, one)
    if deputy == user:
        raise RefusedError("a deputy is somebody else")
    session.merge(Absence(municipality=viewer.municipality, user_id=user, first=first, last=last, deputy=deputy))
    session.flush()
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        "absence_recorded",
        f"user:{user}",
        viewer.purpose.value,
        {"first": first.isoformat(), "last": last.isoformat(), "deputy": deputy},
        at=now,
    )
    if is_absent(session, viewer.municipality, user, now.date()):
        relieve(session, viewer.municipality, now)


def is_absent(session: Session, municipality: str, user: str, day: dt.date) -> bool:
    return user in absent(session, municipality, day)


def relieve(session: Session, municipality: str, now: dt.datetime) -> int:
    """Takes the cases and the items of the service list in hand from everyone who is away today: the deputy has them,
    or the list. Gives how many.

    Once a day, and when an absence is recorded; a second time changes nothing.
    """
    moved = 0
    for absence in absent(session, municipality, now.date()).values():
        moved += _relieve(session, absence, Case, now) + _relieve(session, absence, ServiceItem, now)
    session.expire_all()
    return moved


def _relieve(session: Session, absence: Absence, table: type[Listed], now: dt.datetime) -> int:
    """A deputy who did the first of two reviews of a case does not get the second."""
    town, given, back, about, purpose = (absence.municipality, *_SAID[table.__name__])
    held = session.scalars(
        select(table).where(within(table, town), table.state == CLAIMED, table.claimed_by == absence.user_id)
    ).all()
    for one in held:
        deputy = absence.deputy
        if isinstance(one, Case) and deputy and _reviewed(session, one, deputy):
            deputy = None
        to = in_hand_of(deputy, now) if deputy else IN_NOBODYS_HAND
        session.execute(
            update(table)
            .where(within(table, town), table.number == one.number, table.version == one.version)
            .values(state=CLAIMED if deputy else OPEN, version=table.version + 1, **to)
            .execution_options(synchronize_session=False)
        )
        details = {"absent": absence.user_id} | ({"to": deputy} if deputy else {})
        action = given if deputy else back
        audit.append(session, town, "system", "service", action, f"{about}:{one.number}", purpose, details, at=now)
    return len(held)


_SAID = {
    "Case": ("case_handed_over", "case_released", "case", "review"),
    "ServiceItem": ("service_item_assigned", "service_item_released", "service", "service"),
}
"""table -> what the log calls giving it on, giving it back, the thing itself, and why"""


def absent(session: Session, municipality: str, day: dt.date) -> dict[str, Absence]:
    """User -> the absence that covers the day."""
    query = select(Absence).where(within(Absence, municipality), Absence.first <= day, Absence.last >= day)
    return {one.user_id: one for one in session.scalars(query)}


def _require_able(session: Session, viewer: Viewer, case: Case, user: str, now: dt.datetime) -> None:
    require_caseworker(session, viewer.municipality, user)
    if is_absent(session, viewer.municipality, user, now.date()):
        raise ConflictError("this colleague is away")
    if _reviewed(session, case, user):
        raise ConflictError(f"case {case.number} is reviewed twice and this colleague did the first review")


def require_caseworker(session: Session, municipality: str, user: str) -> None:
    """Raises ForbiddenError for someone who does not review cases in the municipality."""
    roles = select(Grant.role).where(Grant.user_id == user, within(Grant, municipality))
    if not set(session.scalars(roles)) & {role.value for role in CASEWORKERS}:
        raise ForbiddenError("cases are in the hands of officers of this municipality")


def _reviewed(session: Session, case: Case, user: str) -> bool:
    found = session.scalar(
        select(Finding.id).where(
            within(Finding, case.municipality),
            Finding.draw_id == case.draw_id,
            Finding.case_id == case.id,
            Finding.reviewer == user,
            Finding.state != "returned",
        )
    )
    return found is not None
