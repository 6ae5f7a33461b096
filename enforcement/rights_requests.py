"""Requests to see or to erase everything about a person: asked for on a page, done by `weegschaal work`, which has the
keys, and told once (GDPR 15 and 17, R19, R22).

Whom it is about and the report are encrypted here. An erasure waits for a second person; a report may be fetched once,
by who may answer requests, and is gone after that or when its term ended. Every step is in the log before it counts.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Purpose, Viewer, require
from enforcement.clock import shown, stored
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError
from enforcement.keys import Keys, cipher_for
from enforcement.rights_deadlines import answer_by
from enforcement.tables import RightsRequest, User
from enforcement.tenants import within

NONCE = 12
LONGEST_REFERENCE = 60
"""characters"""


class Kind(StrEnum):
    ACCESS = "access"
    ERASURE = "erasure"


class Stage(StrEnum):
    PROPOSED = "proposed"
    """an erasure that a second person has to agree to"""
    WAITING = "waiting"
    """for `weegschaal work`, within a minute"""
    READY = "ready"
    """the report may be fetched"""
    FETCHED = "fetched"
    DONE = "done"
    """erased"""
    REFUSED = "refused"
    EXPIRED = "expired"
    """nobody fetched the report before its term ended"""
    WITHDRAWN = "withdrawn"


UNFINISHED = (Stage.PROPOSED, Stage.WAITING, Stage.READY)


@dataclass(frozen=True)
class Asked:
    """A request as who handles rights sees it: never whom it is about."""

    id: str
    kind: Kind
    reference: str
    received: dt.date
    asked_by: str
    """name of the person"""
    own: bool
    agreed_by: str | None
    stage: Stage
    why: tuple[str, ...]
    """why it was refused: words of `retention.Kept`, or unknown"""
    answered_at: dt.datetime | None

    @property
    def answer_by(self) -> dt.date:
        """The last day on which the client is answered in time (GDPR 12(3))."""
        return answer_by(self.received)


@dataclass(frozen=True)
class Work:
    """A request for the worker, opened."""

    id: str
    kind: Kind
    municipality: str
    bsn: str
    reference: str


def ask(
    session: Session,
    viewer: Viewer,
    keys: Keys,
    kind: Kind,
    bsn: str,
    reference: str,
    received: dt.date,
    now: dt.datetime,
) -> str:
    """Keeps a request, with an entry in the log that does not say whom it is about; gives its id.

    Raises ForbiddenError, and FindingsError for a number, reference or day that cannot be.
    """
    require(viewer, Permission.ANSWER_REQUESTS)
    number, words = bsn.strip(), reference.strip()
    if not (number.isdigit() and len(number) == 9):
        raise FindingsError("bsn", "Vul een burgerservicenummer in: negen cijfers.", "Give nine digits.")
    if not 1 <= len(words) <= LONGEST_REFERENCE or number in words:
        raise FindingsError(
            "reference",
            f"Vul een kenmerk in van ten hoogste {LONGEST_REFERENCE} tekens, zonder naam of nummer van de klant.",
            f"Give a reference of at most {LONGEST_REFERENCE} characters, without the client's name or number.",
        )
    if not now.date() - dt.timedelta(days=90) <= received <= now.date():
        raise FindingsError("received", "Kies de dag waarop het verzoek binnenkwam.", "Choose the day it came in.")
    which = secrets.token_hex(8)
    session.add(
        RightsRequest(
            id=which,
            municipality=viewer.municipality,
            kind=kind.value,
            sealed=_closed(keys, which, number.encode()),
            reference=words,
            received=received,
            asked_by=viewer.user,
            asked_at=stored(now),
            stage=(Stage.PROPOSED if kind == Kind.ERASURE else Stage.WAITING).value,
            why=[],
        )
    )
    session.flush()
    _log(session, viewer, f"{kind.value}_requested", which, words, now)
    return which


def agree(session: Session, viewer: Viewer, which: str, now: dt.datetime) -> None:
    """A second person agrees that somebody is erased; then it is done within a minute and nothing brings them back.

    Raises ForbiddenError for who asked, whatever the role, NotFoundError, ConflictError.
    """
    found = _one(session, viewer, which)
    if found.asked_by == viewer.user:
        raise ForbiddenError("a second person agrees to an erasure, never the one who asked")
    _move(session, viewer, found, Stage.PROPOSED, Stage.WAITING, agreed_by=viewer.user)
    _log(session, viewer, "erasure_agreed", which, found.reference, now)


def withdraw(session: Session, viewer: Viewer, which: str, now: dt.datetime) -> None:
    """Takes a proposed erasure back. Raises ForbiddenError, NotFoundError, ConflictError."""
    found = _one(session, viewer, which)
    _move(session, viewer, found, Stage.PROPOSED, Stage.WITHDRAWN, sealed=None, answered_at=stored(now))
    _log(session, viewer, "erasure_withdrawn", which, found.reference, now)


def fetch(session: Session, viewer: Viewer, keys: Keys, which: str, now: dt.datetime) -> bytes:
    """The report, once: with this transaction it is gone from here. Raises ForbiddenError, NotFoundError, and
    ConflictError when it is not ready, was fetched before or is no longer kept."""
    require(viewer, Permission.ANSWER_REQUESTS)
    found = _one(session, viewer, which)
    sealed = found.result
    _move(session, viewer, found, Stage.READY, Stage.FETCHED, result=None)
    _log(session, viewer, "access_report_fetched", which, found.reference, now)
    return _opened(keys, f"{which} report", sealed or b"")


def requests(session: Session, viewer: Viewer) -> tuple[Asked, ...]:
    """All requests of the viewer's municipality, those that are not answered first. Raises ForbiddenError."""
    require(viewer, Permission.HANDLE_RIGHTS)
    query = select(RightsRequest).where(within(RightsRequest, viewer.municipality))
    found = session.scalars(query.order_by(RightsRequest.received.desc(), RightsRequest.id)).all()
    people = {one.asked_by for one in found} | {one.agreed_by for one in found if one.agreed_by}
    names = {user.id: user.name for user in session.scalars(select(User).where(User.id.in_(people)))}
    told = [
        Asked(
            id=one.id,
            kind=Kind(one.kind),
            reference=one.reference,
            received=one.received,
            asked_by=names.get(one.asked_by, one.asked_by),
            own=one.asked_by == viewer.user,
            agreed_by=names.get(one.agreed_by, one.agreed_by) if one.agreed_by else None,
            stage=Stage(one.stage),
            why=tuple(one.why),
            answered_at=shown(one.answered_at) if one.answered_at else None,
        )
        for one in found
    ]
    return tuple(sorted(told, key=lambda one: (one.stage not in UNFINISHED, one.answer_by)))


def waiting(session: Session, keys: Keys) -> tuple[Work, ...]:
    """What the worker has to do, of every municipality, oldest first."""
    query = select(RightsRequest).where(RightsRequest.stage == Stage.WAITING).order_by(RightsRequest.asked_at)
    return tuple(
        Work(one.id, Kind(one.kind), one.municipality, _opened(keys, one.id, one.sealed).decode(), one.reference)
        for one in session.scalars(query)
        if one.sealed is not None
    )


def answered(session: Session, keys: Keys, work: Work, now: dt.datetime, report: bytes | None = None) -> None:
    """The worker did it: the report is kept to be fetched, of an erasure nothing is; whom it is about is forgotten."""
    stage = Stage.DONE if report is None else Stage.READY
    result = None if report is None else _closed(keys, f"{work.id} report", report)
    _end(session, work, now, stage=stage.value, result=result)


def refused(session: Session, work: Work, now: dt.datetime, why: Sequence[str]) -> None:
    """The worker could not do it; whom it is about is forgotten."""
    _end(session, work, now, stage=Stage.REFUSED.value, why=sorted(set(why)))


def expire(session: Session, now: dt.datetime) -> int:
    """Forgets reports whose client should have been answered by now; gives how many."""
    query = select(RightsRequest).where(RightsRequest.stage == Stage.READY)
    late = [one.id for one in session.scalars(query) if answer_by(one.received) < now.date()]
    session.execute(
        update(RightsRequest).where(RightsRequest.id.in_(late)).values(stage=Stage.EXPIRED.value, result=None)
    )
    return len(late)


def _end(session: Session, work: Work, now: dt.datetime, **changes: object) -> None:
    session.execute(
        update(RightsRequest)
        .where(within(RightsRequest, work.municipality), RightsRequest.id == work.id)
        .where(RightsRequest.stage == Stage.WAITING)
        .values(sealed=None, answered_at=stored(now), **changes)
        .execution_options(synchronize_session=False)
    )
    details = {"reference": work.reference, "stage": str(changes["stage"])}
    audit.append(
        session, work.municipality, "system", "service", f"{work.kind.value}_answered", f"request:{work.id}",
        _purpose(work.kind), details, at=now,
    )  # fmt: skip


def _one(session: Session, viewer: Viewer, which: str) -> RightsRequest:
    require(viewer, Permission.HANDLE_RIGHTS)
    mine = within(RightsRequest, viewer.municipality)
    found = session.scalars(select(RightsRequest).where(mine, RightsRequest.id == which)).one_or_none()
    if found is None:
        raise NotFoundError(f"no request {which} here")
    return found


def _move(
    session: Session, viewer: Viewer, found: RightsRequest, before: Stage, after: Stage, **changes: object
) -> None:
    moved = session.execute(
        update(RightsRequest)
        .where(within(RightsRequest, viewer.municipality), RightsRequest.id == found.id)
        .where(RightsRequest.stage == before.value)
        .values(stage=after.value, **changes)
        .returning(RightsRequest.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        raise ConflictError(f"request {found.id} is no longer where this can be done")


def _log(session: Session, viewer: Viewer, action: str, which: str, reference: str, now: dt.datetime) -> None:
    role, kind = viewer.role.value, Kind.ERASURE if action.startswith("erasure") else Kind.ACCESS
    audit.append(
        session, viewer.municipality, viewer.user, role, action, f"request:{which}", _purpose(kind),
        {"reference": reference}, at=now,
    )  # fmt: skip


def _purpose(kind: Kind) -> str:
    return Purpose.ACCESS_REQUEST.value if kind == Kind.ACCESS else "erasure"


def _closed(keys: Keys, which: str, content: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher_for(keys, "rights_request").encrypt(nonce, content, which.encode())


def _opened(keys: Keys, which: str, sealed: bytes) -> bytes:
    return cipher_for(keys, "rights_request").decrypt(sealed[:NONCE], sealed[NONCE:], which.encode())
