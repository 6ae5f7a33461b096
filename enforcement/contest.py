"""A client disputes what is known, or objects to being ranked: the case stops, and what was wrong counts (R20, R30).

GDPR 16, 18 and 21. While a contest is open the data are kept and not worked with: nobody takes the case, no list
takes it up, nothing of it is deleted. Data that are disputed are left out of the score; only this case is scored again,
nobody else moves and nobody takes its place in the period. A case that was drawn by lot, or that a signal brought,
stays on the list whatever the new place. One that stood there for its place alone leaves it when the corrected place is
below everyone chosen for theirs. An objection names no data (no topics); upheld, the case leaves this list and is left
out of later ones.
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

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.blind import TOPICS
from enforcement.cases import State, Step, find, step
from enforcement.clock import shown, stored
from enforcement.errors import ConflictError, FindingsError, NotFoundError, RefusedError, StaleError
from enforcement.holds import SHORTEST_REASON
from enforcement.keys import Keys, cipher_for
from enforcement.rights_deadlines import answer_by
from enforcement.selection import RISK
from enforcement.tables import Case, Contest, Delivery, Inclusion, Rescoring
from enforcement.taking import IN_NOBODYS_HAND
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
    """of the data that are disputed; empty for an objection to the ranking itself"""
    opened_at: dt.datetime
    outcome: str | None
    settled_at: dt.datetime | None
    version: int
    """grows with every step: scored again, correction named, settled"""

    @property
    def answer_by(self) -> dt.date:
        """The last day on which the client is answered in time (GDPR 12(3))."""
        return answer_by(self.opened_at.date())


@dataclass(frozen=True)
class Told:
    """One contest with what the client says."""

    about: Disputed
    text: str
    scored_again: Mapping[str, dt.datetime]
    """why -> when, of what was scored again so far"""
    correction: str | None
    """delivery that holds the correction, once it is named"""


@dataclass(frozen=True)
class Again:
    """A case's score when only its own row is another one."""

    margin: float
    place: int
    """among the others as they stand, 1 is highest"""
    reasons: Sequence[Mapping[str, Any]]


def open_contest(
    session: Session,
    viewer: Viewer,
    keys: Keys,
    number: str,
    topics: Sequence[str],
    text: str,
    now: dt.datetime,
    *,
    objection: bool = False,
) -> str:
    """Opens a contest about a listed case and stops the work on it; gives the contest's id. objection: to the ranking
    itself (GDPR 21), so without topics.

    A case that is closed is not stopped: its contest corrects the data. Raises ForbiddenError, NotFoundError,
    FindingsError for unknown topics or too few words, ConflictError when a contest of the case is open already.
    """
    require(viewer, Permission.HANDLE_RIGHTS)
    case = find(session, viewer, number)
    words = text.strip()
    if objection and topics:
        raise FindingsError(
            "topics",
            "Een bezwaar tegen de volgorde gaat niet over bepaalde gegevens; kies geen onderwerp.",
            "An objection to the ranking is not about certain data; choose no topic.",
        )
    if not objection and (not topics or set(topics) - set(TOPICS)):
        raise FindingsError("topics", "Kies waar de gegevens over gaan.", f"Choose from: {', '.join(TOPICS)}.")
    if len(words) < SHORTEST_REASON:
        raise FindingsError(
            "text",
            f"Schrijf wat er volgens de klant niet klopt, in ten minste {SHORTEST_REASON} tekens.",
            f"Write what is wrong according to the client, in at least {SHORTEST_REASON} characters.",
        )
    if case.id in open_contests(session, viewer.municipality):
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
    version: int | None = None,
) -> State | None:
    """Ends a contest; gives the state in which the case goes on, None when it was not stopped.

    Upheld, the corrected score must be there (keep_rescoring) unless it is an objection: then the case leaves the list.
    version: as it was read, None at the command line. Raises ForbiddenError, NotFoundError, StaleError, ConflictError
    when it was settled before or the corrected score is missing.
    """
    require(viewer, Permission.HANDLE_RIGHTS)
    found = _still_open(session, viewer, which, version)
    corrected = session.get(Rescoring, (which, Why.CORRECTED.value))
    if upheld and found.topics and corrected is None:
        raise ConflictError("the case was not scored with the correction yet; give the corrected data first")
    found.outcome, found.settled_by, found.settled_at = "upheld" if upheld else "rejected", viewer.user, stored(now)
    found.delivery_id = delivery_id or found.delivery_id
    session.flush()
    state = None
    if found.state_before is not None:
        case = find(session, viewer, str(found.number))
        which_step = Step.SETTLE_REVIEWED if found.state_before == State.FINDINGS else Step.SETTLE
        if upheld and (corrected is None or not _keeps_ground(session, case, corrected.place)):
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


def correct(session: Session, viewer: Viewer, which: str, sha256: str, version: int | None, now: dt.datetime) -> None:
    """Names the delivery that holds the correction, by the SHA-256 of its file; the worker then scores the case again.

    Raises ForbiddenError, NotFoundError, StaleError, ConflictError for a contest that is settled or about no data, and
    RefusedError while no such file was published for this municipality.
    """
    require(viewer, Permission.HANDLE_RIGHTS)
    found = _still_open(session, viewer, which, version)
    if not found.topics:
        raise ConflictError("an objection to the ranking is about no data, so there is nothing to correct")
    delivery = session.scalars(
        select(Delivery.id).where(
            within(Delivery, viewer.municipality), Delivery.sha256 == sha256, Delivery.status == "published"
        )
    ).first()
    if delivery is None:
        raise RefusedError("no file with that SHA-256 was published here; bring it in with `weegschaal ingest` first")
    if found.delivery_id not in (None, delivery):
        session.execute(delete(Rescoring).where(Rescoring.contest_id == which, Rescoring.why == Why.CORRECTED.value))
    found.delivery_id = delivery
    session.flush()
    _log(session, viewer, "correction_named", str(found.number), {"contest": which, "delivery": delivery}, now)


def open_contests(session: Session, municipality: str) -> frozenset[int]:
    """Case ids of the lake with an open contest: nothing of them is deleted (GDPR 18)."""
    query = select(Contest.case_id).where(within(Contest, municipality), Contest.outcome.is_(None))
    return frozenset(session.scalars(query))


def disputed_cases(session: Session, municipality: str) -> frozenset[int]:
    """Case ids that every arm leaves alone (R33): with an open contest, or whose objection was upheld (GDPR 21)."""
    query = select(Contest.case_id, Contest.topics).where(within(Contest, municipality), Contest.outcome == "upheld")
    objected = {case for case, topics in session.execute(query) if not topics}
    return open_contests(session, municipality) | objected


def contests(session: Session, viewer: Viewer, case_id: int | None = None) -> tuple[Disputed, ...]:
    """All contests of the viewer's municipality, or of one case, the open ones first. Raises ForbiddenError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    query = select(Contest).where(within(Contest, viewer.municipality))
    if case_id is not None:
        query = query.where(Contest.case_id == case_id)
    found = session.scalars(query.order_by(Contest.outcome.is_not(None), Contest.opened_at.desc(), Contest.id)).all()
    counted = session.execute(
        select(Rescoring.contest_id, func.count())
        .where(Rescoring.contest_id.in_([each.id for each in found]))
        .group_by(Rescoring.contest_id)
    )
    again = {which: count for which, count in counted}  # noqa: C416 - a row is no tuple to the type checker
    return tuple(_disputed(each, again.get(each.id, 0)) for each in found)


def told(session: Session, viewer: Viewer, keys: Keys, which: str, now: dt.datetime) -> Told:
    """One contest with what the client says, after the look was logged. Raises ForbiddenError, NotFoundError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    found = one(session, viewer, which)
    _log(session, viewer, "contest_read", str(found.number), {"contest": which}, now)
    again = session.scalars(select(Rescoring).where(Rescoring.contest_id == which).order_by(Rescoring.at)).all()
    return Told(
        _disputed(found, len(again)),
        what_is_said(keys, found),
        {each.why: shown(each.at) for each in again},
        found.delivery_id,
    )


def what_is_said(keys: Keys, contest: Contest) -> str:
    """The client's words, opened. Whoever reads it logs the purpose."""
    plain = cipher_for(keys, "contest").decrypt(contest.sealed[:NONCE], contest.sealed[NONCE:], contest.id.encode())
    return str(json.loads(plain))


def _disputed(found: Contest, again: int) -> Disputed:
    return Disputed(
        id=found.id,
        case_id=found.case_id,
        number=found.number,
        topics=tuple(found.topics),
        opened_at=shown(found.opened_at),
        outcome=found.outcome,
        settled_at=shown(found.settled_at) if found.settled_at else None,
        version=_version(found, again),
    )


def _version(found: Contest, again: int) -> int:
    return 1 + again + (found.delivery_id is not None) + (found.outcome is not None)


def _still_open(session: Session, viewer: Viewer, which: str, version: int | None) -> Contest:
    found = one(session, viewer, which)
    if found.outcome is not None:
        raise ConflictError(f"contest {which} was settled before")
    again = session.scalar(select(func.count()).select_from(Rescoring).where(Rescoring.contest_id == which)) or 0
    if version not in (None, _version(found, again)):
        raise StaleError(f"contest {which} changed since you read it; read it again, nothing was saved")
    return found


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
