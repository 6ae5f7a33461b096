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
from enforcement.tables import FairnessAcceptance, FairnessAudit
from enforcement.tenants import within

FRESH_DAYS = 90
"""requirement R11"""
STATUSES = ("pass", "fail", "insufficient")
SHORTEST_WHY = 40
"""characters of an acceptance"""


@dataclass(frozen=True)
class KeptAudit:
    """An audit of one municipality's list."""

    id: str
    municipality: str
    run: str
    model_version: str
    made_at: dt.datetime
    """UTC, without zone"""
    status: str
    """pass, fail or insufficient"""
    accepted_by: tuple[str, ...]
    """who accepted an insufficient one in writing"""
    document: Mapping[str, Any]
    """aggregates only"""

    def fresh(self, today: dt.date) -> bool:
        """Whether it is at most 90 days old (R11)."""
        return 0 <= (today - self.made_at.date()).days <= FRESH_DAYS

    def refusal(self, today: dt.date) -> str:
        """Why a model may not be used on this audit; empty when it may."""
        if not self.fresh(today):
            return f"the audit of {self.municipality} is of {self.made_at.date()}, more than {FRESH_DAYS} days ago"
        if self.status == "fail":
            return f"the audit of {self.municipality} of {self.made_at.date()} failed"
        if self.status == "insufficient" and len(self.accepted_by) < 2:
            return (
                f"the audit of {self.municipality} rests on too few reviews and "
                f"{len(self.accepted_by)} of two people accepted that in writing"
            )
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


def refusal_of_version(session: Session, version: str, today: dt.date, *, waiting: bool = False) -> str:
    """Why a version may not be promoted on the newest audit of each municipality that audited it; empty when it may
    (R11). waiting: an insufficient one may still be accepted in writing."""
    towns = session.scalars(
        select(FairnessAudit.municipality)
        .where(FairnessAudit.model_version == version)
        .distinct()
        .order_by(FairnessAudit.municipality)
    ).all()
    if not towns:
        return f"no audit of version {version} is kept; score and select with it, then run `weegschaal audit`"
    kept = [one for town in towns if (one := latest_audit(session, town, version)) is not None]
    asked = (one for one in kept if not (waiting and one.status == "insufficient" and one.fresh(today)))
    return next((why for one in asked if (why := one.refusal(today))), "")


def accept_insufficient(session: Session, viewer: Viewer, audit: str, why: str, now: dt.datetime) -> KeptAudit:
    """One person accepts in writing that an audit rests on too few reviews; two different people are needed.

    Raises NotFoundError, ConflictError when it is not insufficient or the same person accepted before, RefusedError
    when the reason says too little.
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
    key = {"audit_id": audit, "user_id": viewer.user}
    if session.get(FairnessAcceptance, key) is not None:
        raise ConflictError("this person accepted it before; a second one is needed")
    session.add(
        FairnessAcceptance(
            **key, municipality=viewer.municipality, role=viewer.role.value, why=why.strip(), at=stored(now)
        )
    )
    session.flush()
    _note(session, viewer, "insufficient_audit_accepted", audit, {"role": viewer.role.value}, now)
    return _kept(session, found)


def _kept(session: Session, found: FairnessAudit) -> KeptAudit:
    query = select(FairnessAcceptance.user_id).where(FairnessAcceptance.audit_id == found.id)
    people = session.scalars(query.order_by(FairnessAcceptance.user_id)).all()
    return KeptAudit(
        found.id,
        found.municipality,
        found.run_id,
        found.model_version,
        found.made_at,
        found.status,
        tuple(people),
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
