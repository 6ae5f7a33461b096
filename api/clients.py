"""JSON routes about who a case concerns: finding a client's case, and taking in a tip. Both are logged first."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Answer
from api.casework import CASE, now
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.access import Permission, Purpose, require
from enforcement.cases import State
from enforcement.clients import dossier_of, find_cases
from enforcement.database import writing
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.tips import TipSource, read_tips, take_in

router = APIRouter(prefix="/api/v1", tags=["clients"])


class Asked(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "2026-004220", "purpose": "review"}]},
    )
    text: str = Field(
        max_length=100,
        description="a case, dossier or citizen service number, or part of a name",
    )
    purpose: Purpose


class Found(Answer):
    number: str
    state: State
    due: dt.date


class TipIn(BaseModel):
    """What somebody told about a case, as facts."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "dossier": "1234567",
                    "source": "colleague",
                    "topic": "income",
                    "received": "2026-11-20",
                    "text": "De klant meldde aan de balie een nieuwe baan die nog niet in het dossier staat.",
                }
            ]
        },
    )
    dossier: str = Field(max_length=40)
    source: TipSource
    topic: str = Field(max_length=20)
    received: dt.date
    text: str = Field(max_length=5_000)


class TipOut(Answer):
    source: TipSource
    topic: str
    received: dt.date
    text: str


@router.post("/search", responses=responses(400, 401, 403, 503))
def search(request: Request, visit: Meant, asked: Asked) -> list[Found]:
    """Finds the cases of a client on this municipality's lists."""
    keys = Keys.read(request.app.state.settings.keys)
    viewer = replace(visit.viewer, purpose=asked.purpose)
    return [Found(**vars(one)) for one in find_cases(engine(request), keys, viewer, asked.text, now())]


@router.post("/tips", status_code=201, responses=responses(400, 401, 403, 422, 503))
def take_in_tip(request: Request, visit: Meant, given: TipIn) -> dict[str, str]:
    """Keeps a tip or a colleague's request; the next list takes the case up as a signal."""
    require(visit.viewer, Permission.TAKE_IN_TIP)
    keys = Keys.read(request.app.state.settings.keys)
    case = dossier_of(engine(request), keys, visit.viewer, given.dossier)
    with writing(engine(request)) as session:
        tip = take_in(
            session,
            visit.viewer,
            keys,
            case,
            given.source,
            given.topic,
            given.received,
            given.text,
            now(),
        )
    return {"id": tip}


@router.get(f"{CASE}/tips", responses=responses(401, 403, 404, 503))
def tips_of_case(request: Request, visit: Signed, number: str) -> list[TipOut] | None:
    """The tips behind a case; null until your findings are saved."""
    keys = Keys.read(request.app.state.settings.keys)
    with looking(engine(request)) as session:
        found = read_tips(session, visit.viewer, keys, number, now())
    return None if found is None else [TipOut(**vars(one)) for one in found]
