"""One case as a person sees it. Every look is in the log, with its purpose, before anything is shown (R14)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from enforcement import blind, switch
from enforcement.access import Permission, Viewer, allowed, owned, require, rows
from enforcement.blind import Shown
from enforcement.cases import State, Step, find, note
from enforcement.clock import shown, stored
from enforcement.database import ask
from enforcement.errors import NotFoundError
from enforcement.findings import Cause, Effect
from enforcement.tables import Case, Draw, Event, Finding, Inclusion, Network, Run, Score, User
from enforcement.tenants import within
from enforcement.worklist import effective, own_findings, with_own_findings


@dataclass(frozen=True)
class FindingView:
    id: str
    reviewer: str
    """name of the person"""
    own: bool
    cause: Cause
    effect: Effect
    amount_cents: int | None
    minutes: int | None
    """time the review took; only of one's own, to mend what was sent back"""
    reasoning: str
    saved_at: dt.datetime
    state: str
    """saved, approved or returned"""
    approver: str | None
    approved_at: dt.datetime | None
    remark: str | None


@dataclass(frozen=True)
class CaseView:
    """A case with what the viewer may see of it now."""

    number: str
    case_id: int
    """the random id of the lake"""
    municipality: str
    position: int
    state: State
    due: dt.date
    version: int
    """ETag"""
    blind: bool
    """whether this review is a blind one"""
    shown: Shown
    """facts always; ranking and arms only when they may be shown"""
    ranked: int
    """number of cases that were ranked in the municipality"""
    base_rate: Mapping[str, int] | None
    """{"changed", "reviewed"}: past reviews of the whole list, the same for every case"""
    as_of: dt.date
    data_until: dt.date
    model_name: str
    model_version: str
    demo: bool
    """scored with a model that was promoted for demonstration only"""
    sources: Mapping[str, Any]
    """per source how fresh it was (tables.Run)"""
    holder: str | None
    mine: bool
    lease_until: dt.datetime | None
    waits_until: dt.date | None
    """put aside until this day"""
    waits_for: str | None
    """a WaitsFor (waiting.py)"""
    findings: tuple[FindingView, ...]
    """empty in a second review until the viewer saved findings too"""
    steps: frozenset[Step]
    """what the viewer may do now"""


@dataclass(frozen=True)
class HistoryEntry:
    at: dt.datetime
    actor: str
    """name of the person, or 'system'"""
    role: str
    action: str
    purpose: str


def case_view(session: Session, viewer: Viewer, number: str, *, now: dt.datetime | None = None) -> CaseView:
    """The case, after the look was logged. Raises NotFoundError, ForbiddenError, LogUnavailableError.

    Needs a transaction that may write (enforcement.database.writing).
    """
    require(viewer, Permission.READ_CASE)
    found = session.execute(_whole(viewer.municipality), {"number": number, "viewer": viewer.user}).first()
    if found is None:
        raise NotFoundError(f"no case {number} here")
    note(session, viewer, "case_read", number, now)
    case, draw, run, score, own = found.Case, found.Draw, found.Run, found.Score, bool(found.own)
    ranked = bool(draw.ranked and not found.off)  # the list was made with the ranking, and it is not switched off now
    state = effective(case, stored(now or dt.datetime.now(dt.UTC)))
    findings = _findings(session, viewer, case) if blind.arm_visible(case.state, own) else ()
    return CaseView(
        number=case.number,
        case_id=case.id,
        municipality=case.municipality,
        position=case.position,
        state=state,
        due=case.due,
        version=case.version,
        blind=case.blind,
        shown=_shown(case, score, (found.arms or "").split(","), own, ranked=ranked),
        ranked=found.ranked or 0,
        base_rate=draw.counts.get("base_rate") or None,
        as_of=run.as_of,
        data_until=run.data_until,
        model_name=run.model_name,
        model_version=run.model_version,
        demo=run.demo,
        sources=run.sources,
        holder=found.holder if state == State.CLAIMED else None,
        mine=state == State.CLAIMED and case.claimed_by == viewer.user,
        lease_until=shown(case.lease_until) if case.lease_until and state == State.CLAIMED else None,
        waits_until=case.waits_until if state == State.CLAIMED else None,
        waits_for=case.waits_for if state == State.CLAIMED else None,
        findings=findings,
        steps=_steps(viewer, case, state, own, findings),
    )


@lru_cache(maxsize=256)
def _whole(municipality: str) -> Select[Any]:
    """The case `number` with all that stands beside it, in one question that is put together once.
    `ranked` is the last place, which is their number: places run from 1 and nobody shares one (models/placing.py)."""
    last = aliased(Score)
    ranked = (
        select(last.place).where(within(last, municipality), last.run_id == Draw.run_id).order_by(last.place.desc())
    )
    return (
        select(
            Case,
            Draw,
            Run,
            Score,
            Inclusion.arms,
            User.name.label("holder"),
            own_findings(municipality).label("own"),
            switch.off(municipality).label("off"),
            ranked.limit(1).correlate(Draw).scalar_subquery().label("ranked"),
        )
        .join(Draw, Draw.id == Case.draw_id)
        .join(Run, Run.id == Draw.run_id)
        .outerjoin(Score, and_(Score.run_id == Run.id, Score.case_id == Case.id))
        .outerjoin(Inclusion, and_(Inclusion.draw_id == Draw.id, Inclusion.case_id == Case.id))
        .outerjoin(User, User.id == Case.claimed_by)
        .where(within(Case, municipality), Case.number == bindparam("number"))
    )


def relations(
    session: Session, viewer: Viewer, number: str, *, now: dt.datetime | None = None
) -> Mapping[str, Any] | None:
    """The graph around a case as it was at scoring, after the look was logged.

    None in a blind review, until the viewer's findings are saved, and when no relations were stored.
    """
    found = _around(session, viewer, number, Network.graph)
    note(session, viewer, "relations_read", number, now)
    return found


def timeline(session: Session, viewer: Viewer, number: str) -> Mapping[str, Any] | None:
    """The periods of benefit, income and residence as they were known at scoring; `case_view` logged the look.

    None where relations are: periods beside each other hint at what the reasons are about, so a blind review has the
    checked facts only (R6). Raises NotFoundError, ForbiddenError.
    """
    return _around(session, viewer, number, Network.timeline)


def _around(session: Session, viewer: Viewer, number: str, part: Any) -> Mapping[str, Any] | None:
    """A part of what was stored around a case; None when there is nothing or it may not be shown now."""
    require(viewer, Permission.READ_CASE)
    found = ask(session, _stored_around(viewer.municipality, part), number=number, viewer=viewer.user).first()
    if found is None:
        raise NotFoundError(f"no case {number} here")
    return found.part or None if blind.unlocked(found.blind, found.state, found.own) else None


@lru_cache(maxsize=512)
def _stored_around(municipality: str, part: Any) -> Select[Any]:
    return (
        select(Case.blind, Case.state, own_findings(municipality).label("own"), part.label("part"))
        .join(Draw, Draw.id == Case.draw_id)
        .outerjoin(Network, and_(Network.run_id == Draw.run_id, Network.case_id == Case.id))
        .where(within(Case, municipality), Case.number == bindparam("number"))
    )


def history(session: Session, viewer: Viewer, number: str) -> tuple[HistoryEntry, ...]:
    """What happened with a case, oldest first, from the log. In a blind review only the viewer's own entries, because
    a colleague's steps could tell what the first review found."""
    case = find(session, viewer, number)
    note(session, viewer, "history_read", number)
    own = bool(with_own_findings(session, viewer, [case]))
    query = (
        select(Event.number, Event.body)
        .where(owned(viewer, Event), Event.object == f"case:{number}")
        .order_by(Event.number)
    )
    bodies = [json.loads(body) for _, body in session.execute(query)]
    if not blind.unlocked(case.blind, case.state, own):
        bodies = [body for body in bodies if body["actor"] == viewer.user]
    names = _names(session, {body["actor"] for body in bodies})
    return tuple(
        HistoryEntry(
            at=dt.datetime.fromisoformat(body["at"]),
            actor=names.get(body["actor"], body["actor"]),
            role=body["role"],
            action=body["action"],
            purpose=body["purpose"],
        )
        for body in bodies
    )


def _shown(case: Case, score: Score | None, arms: list[str], own: bool, *, ranked: bool) -> Shown:
    ranking = None
    if score is not None and ranked:
        ranking = blind.Ranking(
            place=score.place,
            place_low=score.place_low,
            place_high=score.place_high,
            reasons=tuple(score.reasons),
            remainder=score.remainder,
            base=score.base,
            quality=score.quality,
            corrections=tuple(score.corrections),
        )
    facts = score.facts if score else []
    return blind.show(facts, ranking, arms, blind=case.blind, state=case.state, own_findings=own)


def _names(session: Session, users: set[str]) -> dict[str, str]:
    return dict(ask(session, select(User.id, User.name).where(User.id.in_(users))).all()) if users else {}


def _findings(session: Session, viewer: Viewer, case: Case) -> tuple[FindingView, ...]:
    query = (
        rows(viewer, Finding, Permission.READ_CASE)
        .where(Finding.draw_id == case.draw_id, Finding.case_id == case.id)
        .order_by(Finding.saved_at, Finding.id)
    )
    found = session.scalars(query).all()
    names = _names(session, {one.reviewer for one in found} | {one.approver for one in found if one.approver})
    return tuple(
        FindingView(
            id=one.id,
            reviewer=names.get(one.reviewer, one.reviewer),
            own=one.reviewer == viewer.user,
            cause=Cause(one.cause),
            effect=Effect(one.effect),
            amount_cents=one.amount_cents,
            minutes=one.minutes if one.reviewer == viewer.user else None,
            reasoning=one.reasoning,
            saved_at=shown(one.saved_at),
            state=one.state,
            approver=names.get(one.approver, one.approver) if one.approver else None,
            approved_at=shown(one.approved_at) if one.approved_at else None,
            remark=one.approver_note,
        )
        for one in found
    )


def _steps(viewer: Viewer, case: Case, state: State, own: bool, found: tuple[FindingView, ...]) -> frozenset[Step]:
    steps: set[Step] = set()
    has = case.claimed_by == viewer.user and state == State.CLAIMED
    if allowed(viewer, Permission.CLAIM_CASE):
        reviewed = any(one.own and one.state != "returned" for one in found)
        if state == State.OPEN and not reviewed:
            steps.add(Step.CLAIM)
        if has:
            steps.add(Step.RELEASE)
    if has and allowed(viewer, Permission.SAVE_FINDINGS):
        steps.add(Step.SAVE)
    by_others = any(one.state == "saved" and not one.own for one in found)
    if state == State.FINDINGS and by_others and allowed(viewer, Permission.APPROVE_FINDINGS):
        steps |= {Step.APPROVE, Step.RETURN}
    return frozenset(steps)
