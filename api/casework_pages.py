"""Working on a case, as plain forms: putting aside, handing over, notes, documents and the steps of the review."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.case_pages import draw_case
from api.casework import as_file
from api.forms import FORM_IS_GONE, Line, Version, Work, day, handed_in, one_of, tried
from api.pages import see_other
from api.security import Meant, Signed, engine
from enforcement.access import Permission, require
from enforcement.database import writing
from enforcement.evidence import add_document, open_document
from enforcement.handover import hand_over
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.notes import write_note
from enforcement.proportion import Consent, Means, take_step
from enforcement.users import Visit
from enforcement.waiting import WaitsFor, put_aside, take_up

router = APIRouter(prefix="/zaken/{number}")


@router.post("/opzij")
def put_case_aside(
    request: Request, visit: Meant, number: str, version: Version, until: Line = "", waits_for: Line = ""
) -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        put_aside(session, visit.viewer, number, version, day(until), one_of(WaitsFor, waits_for), now)

    return _done(request, visit, number, "aside", work)


@router.post("/hervatten")
def take_case_up(request: Request, visit: Meant, number: str, version: Version) -> Response:
    with writing(engine(request)) as session:
        take_up(session, visit.viewer, number, version, dt.datetime.now(dt.UTC))
    return see_other(f"/zaken/{number}#werk")


@router.post("/overdragen")
def hand_case_over(request: Request, visit: Meant, number: str, version: Version, to: Line = "") -> Response:
    with writing(engine(request)) as session:
        hand_over(session, visit.viewer, number, version, to, dt.datetime.now(dt.UTC))
    return see_other("/mijn-zaken")


@router.post("/notities")
def add_note(request: Request, visit: Meant, number: str, text: Line = "") -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        write_note(session, visit.viewer, number, text, now)

    return _done(request, visit, number, "note", work)


@router.post("/stukken")
def add_file(request: Request, visit: Meant, number: str, file: Annotated[UploadFile | str, File()] = "") -> Response:
    content, name = handed_in(file)
    keys = Keys.read(request.app.state.settings.keys)

    def work(session: Session, now: dt.datetime) -> None:
        add_document(session, visit.viewer, keys, number, name, content, now)

    return _done(request, visit, number, "document", work)


@router.get("/stukken/{document}")
def read_file(request: Request, visit: Signed, number: str, document: str) -> Response:
    """A document as it was added; the look is logged first."""
    keys = Keys.read(request.app.state.settings.keys)
    with looking(engine(request)) as session:
        return as_file(*open_document(session, visit.viewer, keys, number, document, dt.datetime.now(dt.UTC)))


@router.post("/stappen")
def add_step(
    request: Request,
    visit: Meant,
    number: str,
    means: Line = "",
    ground: Line = "",
    consent: Annotated[str, Form()] = "",
) -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        given = Consent(consent) if consent in set(Consent) else None
        take_step(session, visit.viewer, number, one_of(Means, means), now, ground=ground, consent=given)

    return _done(request, visit, number, "step", work, {"ground": ground, "consent": consent})


def _done(
    request: Request, visit: Visit, number: str, part: str, work: Work, given: dict[str, str] | None = None
) -> Response:
    """Does `work` and goes back to the case; what the form can mend stands beside that form, with what was typed."""
    require(visit.viewer, Permission.CLAIM_CASE)
    refused = tried(request, part, work, FORM_IS_GONE)
    if refused:
        return draw_case(request, visit, number, given=given, refused=refused)
    return see_other(f"/zaken/{number}#werk")
