"""JSON routes of one case: reasons with their provenance, history, claim and release."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response

from api.answers import Case, Changed, HistoryItem, Taken
from api.etag import AsRead, etag
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.cases import State, claim, release
from enforcement.database import writing
from enforcement.dossier import case_view, history
from enforcement.looking import looking

router = APIRouter(prefix="/api/v1/cases", tags=["case"])


@router.get("/{number}", response_model=Case, responses=responses(401, 403, 404, 503))
def read_case(request: Request, visit: Signed, number: str) -> Response:
    """The case with reasons, their sources and dates, limits, model and data date. The look is logged first."""
    with looking(engine(request)) as session:
        view = case_view(session, visit.viewer, number)
    return Case.of(view).sent(headers={"ETag": etag(view.version)})


@router.get("/{number}/history", responses=responses(401, 403, 404, 503))
def read_history(request: Request, visit: Signed, number: str) -> list[HistoryItem]:
    """What happened with the case, oldest first."""
    with looking(engine(request)) as session:
        return [HistoryItem.of(entry) for entry in history(session, visit.viewer, number)]


@router.post("/{number}/claim", responses=responses(401, 403, 404, 409))
def claim_case(request: Request, visit: Meant, number: str) -> Taken:
    """Takes this case."""
    with writing(engine(request)) as session:
        taken = claim(session, visit.viewer, number, dt.datetime.now(dt.UTC))
    return Taken(number=taken.number, version=taken.version, lease_until=taken.lease_until)


@router.post("/{number}/release", responses=responses(401, 403, 404, 409, 412, 428))
def release_case(request: Request, visit: Meant, number: str, version: AsRead) -> Changed:
    """Gives the case back to the list."""
    with writing(engine(request)) as session:
        new = release(session, visit.viewer, number, version, dt.datetime.now(dt.UTC))
    return Changed(number=number, version=new, state=State.OPEN)
