"""From a trained model to one that may be used: a request with its references, two people, a date on which it ends.

A compliance reviewer and a manager approve, neither of them the trainer or the one who asks, and never one person for
both (R12). The bias audit is not older than 90 days when the model is used (R11), and a promotion ends (R13).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit, audits
from enforcement.access import Permission, Role, Viewer, require
from enforcement.clock import stored
from enforcement.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from enforcement.tables import Promotion, PromotionApproval

AUDIT_HOLDS = dt.timedelta(days=90)
"""R11: a model whose bias audit is older is not used"""
MODEL_HOLDS = dt.timedelta(days=365)
"""R13: then it has to be promoted again"""
APPROVERS = (Role.COMPLIANCE_REVIEWER, Role.MANAGER)


class Stage(StrEnum):
    REQUESTED = "requested"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    FROZEN = "frozen"


@dataclass(frozen=True)
class References:
    """What a promotion stands on (R12). References are numbers or addresses in the organisation's own archive.

    Raises RefusedError when one is empty.
    """

    audit: str
    """the bias audit (R11)"""
    audited_on: dt.date
    dpia: str
    """GDPR 35"""
    fria: str
    """AI Act 27"""
    iama: str
    """Impact Assessment Mensenrechten en Algoritmes"""

    def __post_init__(self) -> None:
        empty = [one.name for one in fields(self) if not str(getattr(self, one.name)).strip()]
        if empty:
            raise RefusedError(f"a promotion names its {', '.join(empty)} (R12)")


def request(
    session: Session,
    viewer: Viewer,
    version: str,
    sha256: str,
    references: References,
    now: dt.datetime,
    *,
    trainer: str | None = None,
    frozen: str = "",
) -> Promotion:
    """Asks for the promotion of a registered version. `trainer`: user id of who trained it, the one who asks by
    default. `frozen`: why the registry holds it frozen, also where nobody ever asked for its promotion (R31).

    Raises ForbiddenError for another role, RefusedError for a frozen version, for an audit that is too old or in the
    future or when the kept audits of the version are missing, old or failed (R11), ConflictError when the version
    already has a promotion that was not rejected.
    """
    require(viewer, Permission.REQUEST_PROMOTION)
    if frozen:
        raise RefusedError(f"model version {version} is frozen: {frozen}; promote another version")
    _refuse_old_audit(references.audited_on, now.date())
    _refuse_on_audits(session, version, sha256, now.date(), waiting=True)
    there = promotions(session, version)
    if any(one.state != Stage.REJECTED for one in there):
        raise ConflictError(f"version {version} has a promotion that is {there[0].state}")
    asked = Promotion(
        id=f"{version}-{len(there) + 1}",
        model_version=version,
        model_sha256=sha256,
        trainer=trainer or viewer.user,
        requested_by=viewer.user,
        requested_at=stored(now),
        audit=references.audit,
        audited_on=references.audited_on,
        dpia=references.dpia,
        fria=references.fria,
        iama=references.iama,
        state=Stage.REQUESTED,
    )
    session.add(asked)
    session.flush()
    named = {"audit": asked.audit, "audited_on": asked.audited_on.isoformat()}
    named |= {name: getattr(asked, name) for name in ("dpia", "fria", "iama", "trainer", "model_sha256")}
    _note(session, viewer, "promotion_requested", asked, now, named)
    return asked


def approve(session: Session, viewer: Viewer, promotion: str, now: dt.datetime) -> Promotion:
    """One person's approval; the second one promotes the model.

    Raises NotFoundError, ForbiddenError for the trainer, the requester, the same person again or another role,
    ConflictError when it is not waiting or this role has approved, RefusedError when the audit is too old by now, or
    when a municipality's newest one failed or is insufficient and not accepted by two people.
    """
    require(viewer, Permission.APPROVE_PROMOTION)
    asked = find(session, promotion)
    given = approvals(session, promotion)
    if viewer.user in (asked.trainer, asked.requested_by):
        raise ForbiddenError("who trained a model or asked for its promotion does not approve it (R12)")
    if viewer.user in {one.user_id for one in given}:
        raise ForbiddenError("the same person does not approve twice; a second person is needed (R12)")
    _refuse_unless_waiting(asked)
    if viewer.role in {one.role for one in given}:
        raise ConflictError(f"a {viewer.role.value} has approved; the other role is next")
    _refuse_old_audit(asked.audited_on, now.date())
    _refuse_on_audits(session, asked.model_version, asked.model_sha256, now.date())
    session.add(
        PromotionApproval(
            promotion_id=asked.id,
            role=viewer.role.value,
            user_id=viewer.user,
            municipality=viewer.municipality,
            at=stored(now),
        )
    )
    if {one.role for one in given} | {viewer.role} == set(APPROVERS):
        asked.state, asked.settled_at = Stage.PROMOTED, stored(now)
        asked.expires_on = now.date() + MODEL_HOLDS
    session.flush()
    _note(session, viewer, "promotion_approved", asked, now, {"state": asked.state})
    return asked


def reject(session: Session, viewer: Viewer, promotion: str, why: str, now: dt.datetime) -> Promotion:
    """Says no, with the reason. Raises as `approve` does, and RefusedError without a reason."""
    require(viewer, Permission.APPROVE_PROMOTION)
    asked = find(session, promotion)
    _refuse_unless_waiting(asked)
    if not why.strip():
        raise RefusedError("say why the model is not promoted")
    asked.state, asked.settled_at, asked.why = Stage.REJECTED, stored(now), why.strip()
    session.flush()
    _note(session, viewer, "promotion_rejected", asked, now, {"why": asked.why})
    return asked


def freeze(session: Session, version: str, why: str, now: dt.datetime) -> Promotion | None:
    """Ends the use of a version for good (R31); None when it was never asked to be promoted. Not logged here."""
    there = promotions(session, version)
    if not there:
        return None
    there[0].state, there[0].settled_at, there[0].why = Stage.FROZEN, stored(now), why
    session.flush()
    return there[0]


def find(session: Session, promotion: str) -> Promotion:
    """Raises NotFoundError."""
    found = session.get(Promotion, promotion)
    if found is None:
        raise NotFoundError(f"no promotion {promotion}")
    return found


def promotions(session: Session, version: str | None = None) -> Sequence[Promotion]:
    """Newest first; of one version, or all."""
    query = select(Promotion).order_by(Promotion.requested_at.desc(), Promotion.id.desc())
    return session.scalars(query.where(Promotion.model_version == version) if version else query).all()


def approvals(session: Session, promotion: str) -> Sequence[PromotionApproval]:
    query = select(PromotionApproval).where(PromotionApproval.promotion_id == promotion)
    return session.scalars(query.order_by(PromotionApproval.at)).all()


def refuse_unless_usable(
    session: Session, version: str, sha256: str, today: dt.date, municipality: str | None = None
) -> Promotion:
    """The promotion that allows this very model today, in one municipality when named.

    The date that somebody typed with the request decides nothing: the audit on record does, with its date, verdict,
    mandate and model. Raises RefusedError that says what to do: never promoted, another model than was promoted,
    frozen, expired, or no audit on record of the last 90 days that allows it (R11, R13).
    """
    there = promotions(session, version)
    if not there or there[0].state in (Stage.REQUESTED, Stage.REJECTED):
        raise RefusedError(f"model version {version} was not promoted; ask with `weegschaal promote {version}`")
    found = there[0]
    if found.state == Stage.FROZEN:
        raise RefusedError(f"model version {version} is frozen: {found.why}; promote another version")
    if found.model_sha256 != sha256:
        raise RefusedError(f"model version {version} is not the model that was promoted: its sha256 differs")
    if found.expires_on is None or today >= found.expires_on:
        raise RefusedError(f"the promotion of version {version} ended on {found.expires_on}; ask for a new one")
    if why := audits.refusal_of_use(session, version, sha256, today, municipality):
        raise RefusedError(f"{why} (R11)")
    return found


def usable(session: Session, version: str, sha256: str, today: dt.date, municipality: str | None = None) -> bool:
    """Whether the promotion of this very model holds today, in one municipality when named."""
    try:
        refuse_unless_usable(session, version, sha256, today, municipality)
    except RefusedError:
        return False
    return True


def _refuse_old_audit(audited_on: dt.date, today: dt.date) -> None:
    if audited_on > today:
        raise RefusedError(f"the bias audit is dated {audited_on}, which is still to come")
    if today - audited_on > AUDIT_HOLDS:
        raise RefusedError(f"the bias audit of {audited_on} is over {AUDIT_HOLDS.days} days old; make a new one (R11)")


def _refuse_on_audits(session: Session, version: str, sha256: str, today: dt.date, *, waiting: bool = False) -> None:
    if why := audits.refusal_of_version(session, version, sha256, today, waiting=waiting):
        raise RefusedError(f"{why} (R11)")


def _refuse_unless_waiting(asked: Promotion) -> None:
    if asked.state != Stage.REQUESTED:
        raise ConflictError(f"promotion {asked.id} is {asked.state}")


def _note(
    session: Session, viewer: Viewer, action: str, asked: Promotion, now: dt.datetime, details: dict[str, str]
) -> None:
    about = {"version": asked.model_version} | details
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        action,
        f"promotion:{asked.id}",
        viewer.purpose.value,
        about,
        at=now,
    )
