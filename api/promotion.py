"""JSON routes of models: ask for a promotion, approve or reject it, adopt it for a municipality, work the switch."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.answers import Answer
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement import promotion, switch
from enforcement.access import Permission, require
from enforcement.adoption import PEOPLE, adopt, consents
from enforcement.clock import shown
from enforcement.database import reading, writing
from enforcement.draws import yearly_secret
from enforcement.errors import NotFoundError
from enforcement.promotion import References
from enforcement.settings import Settings
from enforcement.tables import Promotion

if TYPE_CHECKING:
    from models.registry import Registry

router = APIRouter(prefix="/api/v1", tags=["models"])

Version = Annotated[str, Field(pattern="^[0-9]{1,9}$", examples=["3"])]
Reference = Annotated[str, Field(min_length=1, max_length=500)]


class PromotionIn(BaseModel):
    """A request to use a model, with what it stands on (R12)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": "3",
                    "audit": "audit-2026-11",
                    "audited_on": "2026-11-01",
                    "dpia": "DPIA-2026-4",
                    "fria": "FRIA-2026-2",
                    "iama": "IAMA-2026-1",
                    "trainer": "scientist.heerlen",
                }
            ]
        },
    )
    version: Version
    audit: Reference = Field(description="the bias audit, at most 90 days old (R11)")
    audited_on: dt.date
    dpia: Reference
    fria: Reference
    iama: Reference
    trainer: str | None = Field(
        default=None, description="user id of who trained it, if nobody was recorded; you by default"
    )


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "One group is selected often."}]})
    why: str = Field(max_length=5_000)


class AdoptionIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": "3"}]})
    version: Version


class SwitchIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"off": True, "reason": "The places look wrong."}]}
    )
    off: bool
    reason: str = Field(max_length=5_000)


class Approval(Answer):
    role: str
    user: str
    at: dt.datetime


class PromotionOut(Answer):
    """A promotion as it stands. It is promoted when a compliance reviewer and a manager approved."""

    id: str
    version: str
    model_sha256: str
    state: promotion.Stage
    trainer: str
    requested_by: str
    requested_at: dt.datetime
    audit: str
    audited_on: dt.date
    dpia: str
    fria: str
    iama: str
    approvals: list[Approval]
    expires_on: dt.date | None = Field(description="first day on which it may no longer be used")
    why: str = Field(description="why it was rejected or frozen")

    @classmethod
    def of(cls, session: Session, one: Promotion) -> PromotionOut:
        given = promotion.approvals(session, one.id)
        return cls(
            id=one.id,
            version=one.model_version,
            model_sha256=one.model_sha256,
            state=promotion.Stage(one.state),
            trainer=one.trainer,
            requested_by=one.requested_by,
            requested_at=shown(one.requested_at),
            audit=one.audit,
            audited_on=one.audited_on,
            dpia=one.dpia,
            fria=one.fria,
            iama=one.iama,
            approvals=[Approval(role=each.role, user=each.user_id, at=shown(each.at)) for each in given],
            expires_on=one.expires_on,
            why=one.why,
        )


class AdoptionOut(Answer):
    """Who of this municipality consented; two people make it adopted (R36)."""

    version: str
    people: list[str]
    adopted: bool


class SwitchOut(Answer):
    """How the switch of this municipality stands."""

    off: bool
    reason: str
    since: dt.datetime | None


class Switched(Answer):
    """What switching did to the lists of this municipality (R13)."""

    off: bool
    withdrawn: int = Field(description="risk cases that nobody had taken")
    continuing: int = Field(description="cases in hand, from now on without a place")
    drawn: int = Field(description="cases added at random")


@router.get("/promotions", responses=responses(401, 403))
def read_promotions(request: Request, visit: Signed) -> list[PromotionOut]:
    """Every promotion, newest first."""
    require(visit.viewer, Permission.SEE_MODELS)
    with reading(engine(request)) as session:
        return [PromotionOut.of(session, one) for one in promotion.promotions(session)]


@router.post("/promotions", responses=responses(400, 401, 403, 404, 409, 422))
def ask_promotion(request: Request, visit: Meant, given: PromotionIn) -> PromotionOut:
    """Asks for the promotion of a registered version, which becomes the challenger."""
    require(visit.viewer, Permission.REQUEST_PROMOTION)
    registry = _registry(request)
    try:
        known = registry.described(given.version)
    except LookupError as error:
        raise NotFoundError(f"there is no model version {given.version}") from error
    papers = References(given.audit, given.audited_on, given.dpia, given.fria, given.iama)
    with writing(engine(request)) as session:
        asked = promotion.request(
            session,
            visit.viewer,
            given.version,
            known["sha256"],
            papers,
            _now(),
            trainer=known["trainer"] or given.trainer,
            frozen=known["frozen"],
        )
        registry.challenge(given.version)
        return PromotionOut.of(session, asked)


@router.get("/promotions/{promotion_id}", responses=responses(401, 403, 404))
def read_promotion(request: Request, visit: Signed, promotion_id: str) -> PromotionOut:
    """One promotion as it stands."""
    require(visit.viewer, Permission.SEE_MODELS)
    with reading(engine(request)) as session:
        return PromotionOut.of(session, promotion.find(session, promotion_id))


@router.post("/promotions/{promotion_id}/approval", responses=responses(400, 401, 403, 404, 409))
def approve_promotion(request: Request, visit: Meant, promotion_id: str) -> PromotionOut:
    """One person's approval; the second makes the model champion. The same person twice is 403 (R12)."""
    with writing(engine(request)) as session:
        found = promotion.approve(session, visit.viewer, promotion_id, _now())
        answer = PromotionOut.of(session, found)
        if answer.state == promotion.Stage.PROMOTED:
            _registry(request).promote(answer.version, demo=False, promotion=answer.id)
    return answer


@router.post("/promotions/{promotion_id}/rejection", responses=responses(400, 401, 403, 404, 409, 422))
def reject_promotion(request: Request, visit: Meant, promotion_id: str, given: Why) -> PromotionOut:
    """Says no, with the reason."""
    with writing(engine(request)) as session:
        return PromotionOut.of(session, promotion.reject(session, visit.viewer, promotion_id, given.why, _now()))


@router.get("/adoptions/{version}", responses=responses(401, 403))
def read_adoption(
    request: Request, visit: Signed, version: Annotated[str, Path(pattern="^[0-9]{1,9}$")]
) -> AdoptionOut:
    """Who of this municipality adopted a version."""
    require(visit.viewer, Permission.SEE_MODELS)
    with reading(engine(request)) as session:
        return _adoption(version, [one.user_id for one in consents(session, visit.viewer.municipality, version)])


@router.post("/adoptions", responses=responses(400, 401, 403, 409, 422))
def adopt_model(request: Request, visit: Meant, given: AdoptionIn) -> AdoptionOut:
    """Consents to a promoted model on behalf of this municipality (R36)."""
    with writing(engine(request)) as session:
        return _adoption(given.version, [one.user_id for one in adopt(session, visit.viewer, given.version, _now())])


@router.get("/switch", responses=responses(401, 403))
def read_switch(request: Request, visit: Signed) -> SwitchOut:
    """How the switch of this municipality stands."""
    with reading(engine(request)) as session:
        there = switch.position(session, visit.viewer.municipality)
        if there is None:
            return SwitchOut(off=False, reason="", since=None)
        return SwitchOut(off=there.off, reason=there.reason, since=shown(there.at))


@router.post("/switch", responses=responses(400, 401, 403, 409, 422))
def work_switch(request: Request, visit: Meant, given: SwitchIn) -> Switched:
    """Switches this municipality's ranking off, or on again; it works from the next request on (R13)."""
    actor, here, settings = switch.Actor.of(visit.viewer), visit.viewer.municipality, _settings(request)
    with writing(engine(request)) as session:
        if not given.off:
            switch.switch_on(session, here, actor, given.reason, _now())
            return Switched(off=False, withdrawn=0, continuing=0, drawn=0)
        secrets = {year: yearly_secret(settings.keys, year) for year in switch.years(session, here)}
        effect = switch.switch_off(session, here, actor, given.reason, secrets, _now())
    return Switched(off=True, withdrawn=effect.withdrawn, continuing=effect.continuing, drawn=effect.drawn)


def _adoption(version: str, people: list[str]) -> AdoptionOut:
    return AdoptionOut(version=version, people=people, adopted=len(set(people)) >= PEOPLE)


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _registry(request: Request) -> Registry:
    from models.registry import Registry  # brings MLflow and LightGBM, which a worklist does not need

    return Registry(_settings(request).mlruns)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
