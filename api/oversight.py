"""JSON route for the compliance reviewer: reads that stand out (R16)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api.answers import Answer
from api.problems import responses
from api.security import Signed, engine
from enforcement import audit
from enforcement.looking import looking
from enforcement.odd_reads import Why, odd_reads

router = APIRouter(prefix="/api/v1", tags=["oversight"])


class OddRead(Answer):
    """A pointer for a conversation, not a judgement: there may be a good reason."""

    user: str
    why: Why
    cases: list[str] = Field(examples=[["2026-004220"]])
    days: list[dt.date]
    usual: float | None = Field(description="of volume: cases that a colleague usually reads in a day")


@router.get("/odd-reads", responses=responses(401, 403, 503))
def read_odd_reads(request: Request, visit: Signed, days: Annotated[int, Query(ge=1, le=366)] = 31) -> list[OddRead]:
    """Who read what without work on the case, or far more than colleagues. Asking is in the log too."""
    now, viewer = dt.datetime.now(dt.UTC), visit.viewer
    with looking(engine(request)) as session:
        found = odd_reads(session, viewer, now - dt.timedelta(days=days))
        about = {"days": days, "found": len(found)}
        role, purpose = viewer.role.value, viewer.purpose.value
        audit.append(session, viewer.municipality, viewer.user, role, "oversight", "log", purpose, about, at=now)
    return [OddRead(**vars(one) | {"cases": list(one.cases), "days": list(one.days)}) for one in found]
