"""Taking and giving back a case of the review list, and the log of what is done with it (taking.py).

The states of a case and the steps between them stand in one table, `TRANSITIONS`; any other step is a ConflictError.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, owned, require, rows
from enforcement.errors import ConflictError, NotFoundError, StaleError
from enforcement.tables import Case, Finding
from enforcement.taking import IN_NOBODYS_HAND, LEASE, first, free, move, take
from enforcement.tenants import within


class State(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    FINDINGS = "findings"
    """findings saved, a second person has to look"""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    """taken off the list when the ranking was switched off (R13), or when a correction took its ground away (R20)"""
    CONTESTED = "contested"
    """the client disputes the data: nobody works on it until that is settled (R20)"""


class Step(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    PUT_ASIDE = "put_aside"
    TAKE_UP = "take_up"
    HAND_OVER = "hand_over"
    ASSIGN = "assign"
    WITHDRAW = "withdraw"
    """nobody's own: the switch does it (R13)"""
    SAVE_FIRST = "save_first"
    """first of two reviews of a case that is reviewed twice"""
    SAVE = "save"
    APPROVE_FIRST = "approve_first"
    """one of two findings approved"""
    APPROVE = "approve"
    RETURN = "return"
    CONTEST = "contest"
    SETTLE = "settle"
    SETTLE_REVIEWED = "settle_reviewed"
    """back to where findings waited for a second person"""


TRANSITIONS: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        (State.OPEN, Step.CLAIM): State.CLAIMED,
        (State.CLAIMED, Step.CLAIM): State.CLAIMED,  # a lease that ran out
        (State.CLAIMED, Step.RELEASE): State.OPEN,
        (State.OPEN, Step.WITHDRAW): State.WITHDRAWN,
        (State.CLAIMED, Step.WITHDRAW): State.WITHDRAWN,  # a lease that ran out
        (State.CLAIMED, Step.PUT_ASIDE): State.CLAIMED,
        (State.CLAIMED, Step.TAKE_UP): State.CLAIMED,
        (State.CLAIMED, Step.HAND_OVER): State.CLAIMED,
        (State.OPEN, Step.ASSIGN): State.CLAIMED,
        (State.CLAIMED, Step.SAVE_FIRST): State.OPEN,
        (State.CLAIMED, Step.SAVE): State.FINDINGS,
        (State.FINDINGS, Step.APPROVE_FIRST): State.FINDINGS,
        (State.FINDINGS, Step.APPROVE): State.CLOSED,
        (State.FINDINGS, Step.RETURN): State.CLAIMED,
        (State.OPEN, Step.CONTEST): State.CONTESTED,
        (State.CLAIMED, Step.CONTEST): State.CONTESTED,
        (State.FINDINGS, Step.CONTEST): State.CONTESTED,
        (State.CONTESTED, Step.SETTLE): State.OPEN,
        (State.CONTESTED, Step.SETTLE_REVIEWED): State.FINDINGS,
        (State.CONTESTED, Step.WITHDRAW): State.WITHDRAWN,
    }
)
"""(state, step) -> next state. What is not here does not exist."""

STATE_WORDS: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        State.OPEN: ("open", "open"),
        State.CLAIMED: ("in behandeling", "in progress"),
        State.FINDINGS: ("wacht op tweede persoon", "awaits a second person"),
        State.CLOSED: ("afgerond", "closed"),
        State.WITHDRAWN: ("van de lijst gehaald", "withdrawn"),
        State.CONTESTED: ("stil: klant betwist gegevens", "stopped: the client disputes data"),
    }
)
"""state -> (Dutch, English)"""


def after(state: str, step: Step) -> State:
    """The state that a step leads to. Raises ConflictError for a step that does not exist from `state`."""
    try:
        return TRANSITIONS[State(state), step]
    except KeyError:
        raise ConflictError(f"a case that is {state} knows no step '{step.value}'") from None


@dataclass(frozen=True)
class Claimed:
    """A case somebody just took."""

    number: str
    version: int
    lease_until: dt.datetime


def find(session: Session, viewer: Viewer, number: str, permission: Permission = Permission.READ_CASE) -> Case:
    """The case with this number in the viewer's municipality. Raises NotFoundError, also for another's case."""
    case = session.scalars(rows(viewer, Case, permission).where(Case.number == number)).first()
    if case is None:
        raise NotFoundError(f"no case {number} here")
    return case


def claim_next(session: Session, viewer: Viewer, now: dt.datetime) -> Claimed | None:
    """Takes the first case of the list that the viewer may take and does not have yet; None when there is none."""
    require(viewer, Permission.CLAIM_CASE)
    may = _takeable(viewer, now)
    return _claim(session, viewer, now, and_(may, first(Case, may, now)))


def claim(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> Claimed:
    """Takes a chosen case; the viewer's own case again renews its lease.

    Raises NotFoundError, and ConflictError when somebody else has it or its state does not allow it.
    """
    require(viewer, Permission.CLAIM_CASE)
    claimed = _claim(session, viewer, now, and_(_takeable(viewer, now), Case.number == number))
    if claimed is not None:
        return claimed
    case = find(session, viewer, number, Permission.CLAIM_CASE)
    after(case.state, Step.CLAIM)
    raise ConflictError(
        f"case {number} is with a colleague"
        if case.claimed_by and case.claimed_by != viewer.user
        else f"case {number} is reviewed twice and you did the first review; a colleague does the second"
    )


def _claim(session: Session, viewer: Viewer, now: dt.datetime, which: ColumnElement[bool]) -> Claimed | None:
    taken = take(session, viewer, Case, which, now)
    if taken is None:
        return None
    note(session, viewer, "case_claimed", taken.number, now)
    return Claimed(taken.number, taken.version, now + LEASE)


def _takeable(viewer: Viewer, now: dt.datetime) -> ColumnElement[bool]:
    """Free, and never twice for the same reviewer."""
    reviewed = exists().where(
        Finding.draw_id == Case.draw_id,
        Finding.case_id == Case.id,
        Finding.reviewer == viewer.user,
        Finding.state != "returned",
    )
    return and_(free(Case, viewer, now), ~reviewed)


def release(session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime) -> int:
    """Gives the viewer's own case back to the list; gives the new version. Raises as `step` does."""
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    version = step(session, viewer, case, Step.RELEASE, version, IN_NOBODYS_HAND)
    note(session, viewer, "case_released", number, now)
    return version


def mine(session: Session, viewer: Viewer, number: str) -> Case:
    """A case that the viewer has in hand. Raises NotFoundError or ConflictError."""
    case = find(session, viewer, number, Permission.CLAIM_CASE)
    if case.state == State.CLAIMED and case.claimed_by != viewer.user:
        raise ConflictError(f"case {number} is with a colleague")
    return case


def step(
    session: Session,
    viewer: Viewer,
    case: Case,
    which: Step,
    version: int,
    changes: Mapping[str, Any] | None = None,
) -> int:
    """Moves a case along TRANSITIONS when it is still as the viewer read it; gives its new version.

    `version` is the ETag that the viewer read. Raises ConflictError for a step that does not exist, StaleError when
    the case changed meanwhile; then nothing is changed.
    """
    number = case.number
    state = after(case.state, which)
    new = move(session, viewer, Case, number, case.state, case.claimed_by, state, version, changes)
    if new is None:
        raise StaleError(f"case {number} changed since you read it; read it again, nothing was saved")
    return new


def note(
    session: Session,
    viewer: Viewer,
    action: str,
    number: str,
    now: dt.datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Writes what the viewer does with a case to the municipality's log, with the purpose."""
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        action,
        f"case:{number}",
        viewer.purpose.value,
        details,
        at=now,
    )


def open_cases(session: Session, municipality: str) -> frozenset[int]:
    """Case ids of the lake that stand on a worklist and are not closed (R33: no second review beside it)."""
    done = (State.CLOSED, State.WITHDRAWN)
    return frozenset(session.scalars(select(Case.id).where(within(Case, municipality), Case.state.not_in(done))))


def last_reviews(session: Session, municipality: str) -> dict[int, dt.date]:
    """Case id -> day of the last approved findings made in this service (R33)."""
    found = session.execute(
        select(Finding.case_id, func.max(Finding.approved_at))
        .where(within(Finding, municipality), Finding.state == "approved")
        .group_by(Finding.case_id)
    )
    return {case: moment.date() for case, moment in found if moment}


def tally(session: Session, viewer: Viewer) -> dict[State, int]:
    """Cases per state in the viewer's municipality."""
    require(viewer, Permission.LIST_CASES)
    found = session.execute(select(Case.state, func.count()).where(owned(viewer, Case)).group_by(Case.state))
    counts: dict[str, int] = {one.state: one[1] for one in found}
    return {state: counts.get(state.value, 0) for state in State}
