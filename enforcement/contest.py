"""A client disputes what is known: the case stops, those data are left out, and a correction counts (R20, R30).

GDPR 16, 18(1)(a) and 21. Only this case is scored again; nobody else moves and nobody takes its place in the period. A
case that was drawn by lot, or that a signal brought, stays on the list whatever the new place. One that stood there for
its place alone leaves it when the corrected place is below everyone chosen for theirs.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.blind import TOPICS
from enforcement.cases import IN_NOBODYS_HAND, State, Step, find, step
from enforcement.clock import shown, stored
from enforcement.errors import ConflictError, FindingsError, NotFoundError
from enforcement.holds import SHORTEST_REASON
from enforcement.keys import Keys, cipher_for
from enforcement.selection import RISK
from enforcement.tables import Case, Contest, Inclusion, Rescoring
from enforcement.tenants import within

NONCE = 12


class Why(StrEnum):
    """Why a case was scored again."""

    WITHOUT_DISPUTED = "without_disputed"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class Disputed:
    """A contest as its readers see it."""

    id: str
    case_id: int
    number: str | None
    topics: tuple[str, ...]
    opened_at: dt.datetime
    outcome: str | None
    settled_at: dt.datetime | None


@dataclass(frozen=True)
class Again:
    """A case's score when only its own row is another one."""

    margin: float
    place: int
    """among the others as they stand, 1 is highest"""
    reasons: Sequence[Mapping[str, Any]]


def open_contest(
    session: Session, viewer: Viewer, keys: Keys, number: str, topics: Sequence[str], text: str, now: dt.datetime
) -> str:
    """Opens a contest about a listed case and stops the work on it; gives the contest's id.

    A case that is closed is not stopped: its contest corrects the data. Raises ForbiddenError, NotFoundError,
    FindingsError for unknown topics or too few words, ConflictError when a contest of the case is open already.
    """
    require(viewer, Permission.HANDLE_RIGHTS)
    case = find(session, viewer, number)
    words = text.strip()
    if not topics or set(topics) - set(TOPICS):
        raise FindingsError("topics", "Kies waar de gegevens over gaan.", f"Choose from: {', '.join(TOPICS)}.")
    if len(words) < SHORTEST_REASON:
        raise FindingsError(
            "text",
            f"Schrijf wat er volgens de klant niet klopt, in ten minste {SHORTEST_REASON} tekens.",
            f"Write what is wrong according to the client, in at least {SHORTEST_REASON} characters.",
        )
    if case.id in disputed_cases(session, viewer.municipality):
        raise ConflictError(f"a contest of case {number} is open already; settle that one first")
    which, before = secrets.token_hex(8), State(case.state)
    running = before in (State.OPEN, State.CLAIMED, State.FINDINGS)
    nonce = os.urandom(NONCE)
    session.add(
        Contest(
            id=which,
            municipality=viewer.municipality,
            case_id=case.id,
            number=number,
            topics=sorted(set(topics)),
            sealed=nonce + cipher_for(keys, "contest").encrypt(nonce, json.dumps(words).encode(), which.encode()),
            state_before=before.value if running else None,
            opened_by=viewer.user,
            opened_at=stored(now),
        )
    )
    session.flush()
    if running:
        step(session, viewer, case, Step.CONTEST, case.version, IN_NOBODYS_HAND)
    _log(session, viewer, "contest_opened", number, {"contest": which, "topics": sorted(set(topics))}, now)
    return which


def settle(
    session: Session,
    viewer: Viewer,
    which: str,
    *,
    upheld: bool,
    now: dt.datetime,
    delivery_id: str | None = None,
) -> State | None:
    """Ends a contest; gives the state in which the case goes on, None when it was not stopped.

    Upheld, the corrected score must be there (keep_rescoring). Raises ForbiddenError, NotFoundError, ConflictError when
    it was settled before or the corrected score is missing.
    """
    require(viewer, Permission.HANDLE_RIGHTS)
    found = one(session, viewer, which)
    if found.outcome is not None:
        raise ConflictError(f"contest {which} was settled before")
    corrected = session.get(Rescoring, (which, Why.CORRECTED.value))
    if upheld and corrected is None:
        raise ConflictError("the case was not scored with the correction yet; give the corrected data first")
    found.outcome, found.settled_by, found.settled_at = "upheld" if upheld else "rejected", viewer.user, stored(now)
    found.delivery_id = delivery_id
    session.flush()
    state = None
    if found.state_before is not None:
        case = find(session, viewer, str(found.number))
        which_step = Step.SETTLE_REVIEWED if found.state_before == State.FINDINGS else Step.SETTLE
        if upheld and corrected is not None and not _keeps_ground(session, case, corrected.place):
            which_step = Step.WITHDRAW
        step(session, viewer, case, which_step, case.version)
        state = State(find(session, viewer, str(found.number)).state)
    details = {"contest": which, "outcome": found.outcome, "state": state.value if state else None}
    _log(session, viewer, "contest_settled", str(found.number), details, now)
    return state


def keep_rescoring(
    session: Session, viewer: Viewer, which: str, why: Why, run_id: str, again: Again, now: dt.datetime
) -> None:
    """Keeps the case's other score beside its own, which stays as it was (R29). A later one replaces an earlier."""
    require(viewer, Permission.HANDLE_RIGHTS)
    found = one(session, viewer, which)
    session.merge(
        Rescoring(
            contest_id=which,
            why=why.value,
            municipality=viewer.municipality,
            run_id=run_id,
            case_id=found.case_id,
            at=stored(now),
            margin=again.margin,
            place=again.place,
            reasons=[dict(reason) for reason in again.reasons],
        )
    )
    session.flush()


def disputed_cases(session: Session, municipality: str) -> frozenset[int]:
    """Case ids of the lake with an open contest: left alone by every arm (R33)."""
    query = select(Contest.case_id).where(within(Contest, municipality), Contest.outcome.is_(None))
    return frozenset(session.scalars(query))


def contests(session: Session, viewer: Viewer) -> tuple[Disputed, ...]:
    """All contests of the viewer's municipality, the open ones first. Raises ForbiddenError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    query = select(Contest).where(within(Contest, viewer.municipality))
    found = session.scalars(query.order_by(Contest.outcome.is_not(None), Contest.opened_at.desc(), Contest.id))
    return tuple(
        Disputed(
            id=each.id,
            case_id=each.case_id,
            number=each.number,
            topics=tuple(each.topics),
            opened_at=shown(each.opened_at),
            outcome=each.outcome,
            settled_at=shown(each.settled_at) if each.settled_at else None,
        )
        for each in found
    )


def one(session: Session, viewer: Viewer, which: str) -> Contest:
    """Raises NotFoundError, also for another municipality's."""
    found = session.scalars(
        select(Contest).where(within(Contest, viewer.municipality), Contest.id == which)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"no contest {which} here")
    return found


def _keeps_ground(session: Session, case: Case, place: int) -> bool:
    """Whether something still brings the case on the list: the lot, a signal, or a place as high as the others'."""
    arms = session.scalar(select(Inclusion.arms).where(Inclusion.draw_id == case.draw_id, Inclusion.case_id == case.id))
    if set(filter(None, (arms or "").split(","))) - {RISK}:
        return True
    lowest = session.scalar(
        select(func.max(Inclusion.place)).where(
            Inclusion.draw_id == case.draw_id, Inclusion.case_id != case.id, Inclusion.arms.contains(RISK)
        )
    )
    return lowest is not None and place <= lowest


def _log(session: Session, viewer: Viewer, action: str, number: str, details: dict[str, Any], now: dt.datetime) -> None:
    audit.append(
        session, viewer.municipality, viewer.user, viewer.role.value, action, f"case:{number}", viewer.purpose.value,
        details, at=now,
    )  # fmt: skip
