"""Audits as they are kept: aggregates with a date, so that no model is used on a stale or failed one (R11)."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit as log
from enforcement.access import Permission, Viewer, require
from enforcement.clock import stored
from enforcement.errors import ConflictError, NotFoundError, RefusedError
from enforcement.tables import FairnessAcceptance, FairnessAudit, Run
from enforcement.tenants import within

FRESH_DAYS = 90
"""requirement R11"""
PEOPLE = 2
"""who accept an insufficient audit in writing before it counts"""
STATUSES = ("pass", "fail", "insufficient")
SHORTEST_WHY = 40
"""characters of an acceptance"""


@dataclass(frozen=True)
class Acceptance:
    """One person's written acceptance of an insufficient audit."""

    user: str
    role: str
    why: str
    until: dt.date
    """the last day on which it counts"""


@dataclass(frozen=True)
class KeptAudit:
    """An audit of one municipality's list."""

    id: str
    municipality: str
    run: str
    model_version: str
    model_sha256: str
    """of the model that made the audited run"""
    made_at: dt.datetime
    """UTC, without zone"""
    status: str
    """pass, fail or insufficient"""
    acceptances: tuple[Acceptance, ...]
    """of an insufficient one, in writing"""
    document: Mapping[str, Any]
    """aggregates only"""

    def fresh(self, today: dt.date) -> bool:
        """Whether it is at most 90 days old (R11)."""
        return 0 <= (today - self.made_at.date()).days <= FRESH_DAYS

    def last_day(self) -> dt.date:
        """The last day on which it is fresh."""
        return self.made_at.date() + dt.timedelta(days=FRESH_DAYS)

    def accepted_by(self, today: dt.date) -> tuple[str, ...]:
        """Whose acceptance counts today."""
        return tuple(one.user for one in self.acceptances if today <= one.until)

    def refusal(self, today: dt.date, sha256: str | None = None) -> str:
        """Why a model may not be used on this audit; empty when it may. sha256: of the model that is to be used."""
        what = f"the audit of {self.municipality} of {self.made_at.date()}"
        if today < self.made_at.date():
            return f"{what} is still to come"
        if not self.fresh(today):
            return f"the audit of {self.municipality} is of {self.made_at.date()}, more than {FRESH_DAYS} days ago"
        if sha256 is not None and self.model_sha256 != sha256:
            return f"{what} is of another model than version {self.model_version} is now: the sha256 differs"
        if not self.document.get("dpia"):
            return f"{what} was made without a mandate: it names no DPIA"
        if self.status == "fail":
            return f"{what} failed"
        counted = len(self.accepted_by(today))
        if self.status == "insufficient" and counted < PEOPLE:
            return f"{what} rests on too few reviews and {counted} of two people accepted that in writing until today"
        return ""


def keep(
    session: Session,
    viewer: Viewer,
    run: str,
    model_version: str,
    status: str,
    document: Mapping[str, Any],
    now: dt.datetime,
) -> str:
    """Keeps an audit of the viewer's municipality with an entry in its log, and gives its id."""
    require(viewer, Permission.AUDIT_FAIRNESS)
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}; it must be one of {', '.join(STATUSES)}")
    made = FairnessAudit(
        id=secrets.token_hex(8),
        municipality=viewer.municipality,
        run_id=run,
        model_version=model_version,
        made_at=stored(now),
        status=status,
        document=dict(document),
    )
    session.add(made)
    session.flush()
    _note(session, viewer, "fairness_audited", made.id, {"status": status, "run": run, "model": model_version}, now)
    return made.id


def latest_audit(session: Session, municipality: str, model_version: str | None = None) -> KeptAudit | None:
    """The newest audit of a municipality, of one model when given; None when there is none."""
    query = select(FairnessAudit).where(within(FairnessAudit, municipality))
    if model_version is not None:
        query = query.where(FairnessAudit.model_version == model_version)
    newest = session.scalars(query.order_by(FairnessAudit.made_at.desc(), FairnessAudit.id).limit(1)).first()
    return _kept(session, newest) if newest else None


def refusal_of_version(session: Session, version: str, sha256: str, today: dt.date, *, waiting: bool = False) -> str:
    """Why a version may not be promoted on the newest audit of each municipality that audited it; empty when it may
    (R11). waiting: an insufficient one may still be accepted in writing."""
    kept = _newest_of(session, version)
    if not kept:
        return NONE.format(version=version)
    asked = (one for one in kept if not (waiting and one.status == "insufficient" and one.fresh(today)))
    return next((why for one in asked if (why := one.refusal(today, sha256))), "")


def refusal_of_use(session: Session, version: str, sha256: str, today: dt.date, municipality: str | None = None) -> str:
    """Why a version may not be used today on what is on record; empty when it may (R11).

    In one municipality its own newest audit counts. Without one named the model may be used when the newest audit of
    any of them allows it: whose does not, gets no list by place.
    """
    if municipality is not None:
        own = latest_audit(session, municipality, version)
        missing = f"no audit of version {version} is kept for {municipality}; run `weegschaal audit`"
        return own.refusal(today, sha256) if own else missing
    reasons = [one.refusal(today, sha256) for one in _newest_of(session, version)]
    if not reasons:
        return NONE.format(version=version)
    return "" if "" in reasons else reasons[0]


NONE = "no audit of version {version} is kept; score and select with it, then run `weegschaal audit`"


def _newest_of(session: Session, version: str) -> list[KeptAudit]:
    """The newest audit of the version per municipality that has one."""
    towns = session.scalars(
        select(FairnessAudit.municipality)
        .where(FairnessAudit.model_version == version)
        .distinct()
        .order_by(FairnessAudit.municipality)
    ).all()
    return [one for town in towns if (one := latest_audit(session, town, version)) is not None]


def accept_insufficient(
    session: Session, viewer: Viewer, audit: str, why: str, now: dt.datetime, *, until: dt.date | None = None
) -> KeptAudit:
    """One person accepts in writing that an audit rests on too few reviews; two different people are needed.

    until: the last day on which it counts; as long as the audit is fresh when not given, never longer. Raises
    NotFoundError, ConflictError when it is not insufficient or the same person accepted before, RefusedError when the
    reason says too little, the audit is old or the last day is not between today and the audit's own.
    """
    require(viewer, Permission.APPROVE_PROMOTION)
    found = session.scalars(
        select(FairnessAudit).where(within(FairnessAudit, viewer.municipality), FairnessAudit.id == audit)
    ).first()
    if found is None:
        raise NotFoundError(f"there is no audit {audit}")
    if found.status != "insufficient":
        raise ConflictError(f"audit {audit} has status {found.status}; only an insufficient one can be accepted")
    if len(why.strip()) < SHORTEST_WHY:
        raise RefusedError(f"write why it is acceptable, in at least {SHORTEST_WHY} characters")
    kept, today = _kept(session, found), now.date()
    if not kept.fresh(today):
        raise RefusedError(f"audit {audit} is more than {FRESH_DAYS} days old; make a new one (R11)")
    until = until or kept.last_day()
    if not today <= until <= kept.last_day():
        raise RefusedError(f"an acceptance of this audit holds from today to at most {kept.last_day()}")
    key = {"audit_id": audit, "user_id": viewer.user}
    if session.get(FairnessAcceptance, key) is not None:
        raise ConflictError("this person accepted it before; a second one is needed")
    session.add(
        FairnessAcceptance(
            **key,
            municipality=viewer.municipality,
            role=viewer.role.value,
            why=why.strip(),
            until=until,
            at=stored(now),
        )
    )
    session.flush()
    _note(session, viewer, "insufficient_audit_accepted", audit, {"until": until.isoformat()}, now)
    return _kept(session, found)


def _kept(session: Session, found: FairnessAudit) -> KeptAudit:
    query = select(FairnessAcceptance).where(FairnessAcceptance.audit_id == found.id)
    people = session.scalars(query.order_by(FairnessAcceptance.at, FairnessAcceptance.user_id)).all()
    return KeptAudit(
        found.id,
        found.municipality,
        found.run_id,
        found.model_version,
        session.scalars(select(Run.model_sha256).where(Run.id == found.run_id)).one(),
        found.made_at,
        found.status,
        tuple(Acceptance(one.user_id, one.role, one.why, one.until) for one in people),
        found.document,
    )


def _note(
    session: Session, viewer: Viewer, action: str, audit: str, details: Mapping[str, Any], now: dt.datetime
) -> None:
    log.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        action,
        f"audit:{audit}",
        viewer.purpose.value,
        details,
        at=now,
    )
