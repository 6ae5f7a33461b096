"""The page of the contact centre: what may be told to one person who calls, and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.rendering import render
from api.security import Meant, Signed, engine
from enforcement.access import Permission, Purpose, require
from enforcement.answering import answer
from enforcement.errors import ForbiddenError, LogUnavailableError, RefusedError
from enforcement.keys import Keys

router = APIRouter()
PURPOSES = (Purpose.ACCESS_REQUEST, Purpose.OBJECTION)


@router.get("/vraag")
def question_page(request: Request, visit: Signed) -> Response:
    require(visit.viewer, Permission.ANSWER_CLIENT)
    return render(request, "question.html", visit, told=None, purposes=PURPOSES, wrong=False)


@router.post("/vraag")
def answer_client(
    request: Request,
    visit: Meant,
    purpose: Annotated[Purpose, Form()],
    nummer: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Logged first; a number that is on no list and one that does not exist look alike."""
    viewer = replace(visit.viewer, purpose=purpose)
    keys = Keys.read(request.app.state.settings.keys)
    try:
        told = answer(engine(request), keys, viewer, nummer, dt.datetime.now(dt.UTC))
    except (ForbiddenError, LogUnavailableError):
        raise
    except RefusedError:
        return render(
            request, "question.html", visit, status=422, here="/vraag", told=None, purposes=PURPOSES, wrong=True
        )
    return render(request, "question.html", visit, here="/vraag", told=told, purposes=PURPOSES, wrong=False)
