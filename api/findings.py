"""JSON routes of findings: a reviewer saves them, a second person approves or returns them (R2)."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Changed
from api.etag import AsRead
from api.problems import responses
from api.security import Meant, engine
from enforcement.cases import State
from enforcement.database import writing
from enforcement.findings import Cause, Effect, Findings, Saved, approve, return_findings, save_findings

router = APIRouter(prefix="/api/v1/cases", tags=["findings"])


class FindingsIn(BaseModel):
    """What a reviewer established. Findings describe; they change no benefit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "cause": "nothing_irregular",
                    "effect": "none",
                    "amount_cents": None,
                    "reasoning": "De werkgever bevestigde dat het loon van september een nabetaling over juni was.",
                }
            ]
        },
    )
    cause: Cause
    effect: Effect
    amount_cents: int | None = Field(default=None, description="change per month, euro cents")
    reasoning: str = Field(max_length=20_000, description="own words about the facts, not about the place")
    minutes: int | None = Field(default=None, description="time the review took; null when it is not known")


class SecondLook(BaseModel):
    """A second person's answer to findings."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"remark": ""}]})
    finding: str | None = Field(default=None, description="which, where two reviews wait")
    remark: str = Field(default="", max_length=20_000)


def _changed(number: str, saved: Saved) -> Changed:
    return Changed(number=number, version=saved.version, state=State(saved.state))


@router.post("/{number}/findings", response_model=Changed, responses=responses(401, 403, 404, 409, 412, 422, 428))
def save(request: Request, visit: Meant, number: str, version: AsRead, given: FindingsIn) -> Response:
    """Saves findings of a case in hand."""
    findings = Findings(given.cause, given.effect, given.amount_cents, given.reasoning, given.minutes)
    with writing(engine(request)) as session:
        saved = save_findings(session, visit.viewer, number, findings, version, dt.datetime.now(dt.UTC))
    return _changed(number, saved).sent()


@router.post("/{number}/approval", responses=responses(401, 403, 404, 409, 412, 428))
def approve_findings(request: Request, visit: Meant, number: str, version: AsRead, look: SecondLook) -> Changed:
    """Approves a colleague's findings; one's own are refused with 403 whatever the role."""
    now = dt.datetime.now(dt.UTC)
    with writing(engine(request)) as session:
        saved = approve(session, visit.viewer, number, version, now, look.finding, look.remark)
    return _changed(number, saved)


@router.post("/{number}/return", responses=responses(401, 403, 404, 409, 412, 422, 428))
def send_back(request: Request, visit: Meant, number: str, version: AsRead, look: SecondLook) -> Changed:
    """Sends a colleague's findings back with what is missing."""
    now = dt.datetime.now(dt.UTC)
    with writing(engine(request)) as session:
        saved = return_findings(session, visit.viewer, number, version, look.remark, now, look.finding)
    return _changed(number, saved)
