"""JSON routes of the fairness audit: the newest of a municipality, and accepting in writing that it shows little."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Answer
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.access import Permission, require
from enforcement.audits import KeptAudit, accept_insufficient, latest_audit
from enforcement.clock import shown
from enforcement.database import reading, writing
from enforcement.errors import NotFoundError

router = APIRouter(prefix="/api/v1", tags=["models"])


class AcceptanceIn(BaseModel):
    """Why an audit on too few reviews is enough for now, and until when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "why": "Twelve random reviews a quarter is all a municipality of this size can do.",
                    "until": "2026-12-31",
                }
            ]
        },
    )
    why: str = Field(max_length=5_000)
    until: dt.date | None = Field(default=None, description="the last day; as long as the audit is fresh by default")


class AcceptanceOut(Answer):
    user: str
    role: str
    why: str
    until: dt.date


class AuditOut(Answer):
    """An audit as it is kept: aggregates of one municipality (R11)."""

    id: str
    run: str
    model_version: str
    made_at: dt.datetime
    status: str = Field(description="pass, fail or insufficient")
    acceptances: list[AcceptanceOut]
    refusal: str = Field(description="why no model may be used on it today; empty when it may")

    @classmethod
    def of(cls, one: KeptAudit, today: dt.date) -> AuditOut:
        return cls(
            id=one.id,
            run=one.run,
            model_version=one.model_version,
            made_at=shown(one.made_at),
            status=one.status,
            acceptances=[
                AcceptanceOut(user=each.user, role=each.role, why=each.why, until=each.until)
                for each in one.acceptances
            ],
            refusal=one.refusal(today),
        )


@router.get("/audit", responses=responses(401, 403, 404))
def read_audit(request: Request, visit: Signed) -> AuditOut:
    """The newest audit of this municipality."""
    require(visit.viewer, Permission.SEE_MODELS)
    with reading(engine(request)) as session:
        found = latest_audit(session, visit.viewer.municipality)
        if found is None:
            raise NotFoundError("there is no audit of this municipality yet; make one with `weegschaal audit`")
        return AuditOut.of(found, _now().date())


@router.post("/audits/{audit_id}/acceptance", responses=responses(400, 401, 403, 404, 409, 422))
def accept_audit(
    request: Request,
    visit: Meant,
    audit_id: Annotated[str, Path(max_length=64)],
    given: AcceptanceIn,
) -> AuditOut:
    """One person accepts that an audit rests on too few reviews. It counts when a second person did too."""
    now = _now()
    with writing(engine(request)) as session:
        kept = accept_insufficient(session, visit.viewer, audit_id, given.why, now, until=given.until)
        return AuditOut.of(kept, now.date())


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
