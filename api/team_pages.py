"""Pages of working together: the team's load and absences, finding a client's case, and taking in a tip."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api.case_pages import sides
from api.forms import Line, both
from api.pages import see_other
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement.access import Permission, Purpose, allowed, require
from enforcement.blind import TOPICS
from enforcement.clients import MOST, SHORTEST_NAME, Hit, dossier_of, find_cases
from enforcement.database import reading, writing
from enforcement.errors import FindingsError, ForbiddenError, LogUnavailableError, RefusedError
from enforcement.handover import be_absent
from enforcement.identity import RevealRefusedError
from enforcement.keys import Keys
from enforcement.team import team
from enforcement.tips import TIP_SOURCE_WORDS, TipSource, take_in
from enforcement.users import Visit

router = APIRouter()


@router.get("/team")
def team_page(request: Request, visit: Signed) -> Response:
    return _team(request, visit)


@router.post("/team/afwezig")
def record_absence(
    request: Request, visit: Meant, user: Line = "", first: Line = "", last: Line = "", deputy: Line = ""
) -> Response:
    """One's own absence from 'my cases', anybody's from the team page by a senior officer."""
    viewer = visit.viewer
    whose = user or viewer.user
    require(viewer, Permission.CLAIM_CASE)
    leads = allowed(viewer, Permission.SEE_TEAM)
    try:
        from_day, to_day = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
        with writing(engine(request)) as session:
            be_absent(session, viewer, whose, from_day, to_day, deputy or None, dt.datetime.now(dt.UTC))
    except (LogUnavailableError, ForbiddenError):
        raise
    except (RefusedError, ValueError):
        if not leads:
            return see_other("/mijn-zaken?afwezig=onjuist#afwezig")
        return _team(request, visit, status=422, given={"user": whose, "first": first, "last": last, "deputy": deputy})
    return see_other("/team#team" if leads else "/mijn-zaken?afwezig=bewaard#afwezig")


def _team(request: Request, visit: Visit, *, status: int = 200, given: Mapping[str, str] | None = None) -> Response:
    now = dt.datetime.now(dt.UTC)
    with reading(engine(request)) as session:
        loads = team(session, visit.viewer, now)
    return render(
        request,
        "team.html",
        visit,
        status=status,
        here="/team" if request.method == "POST" else "",
        loads=loads,
        most=max([one.in_hand for one in loads], default=0),
        today=now.date(),
        may_record=allowed(visit.viewer, Permission.ASSIGN_CASES),
        given=given or {},
        wrong=status != 200,
    )


@router.get("/zoeken")
def search_page(request: Request, visit: Signed) -> Response:
    require(visit.viewer, Permission.FIND_CLIENT)
    return _search(request, visit)


@router.post("/zoeken")
def search(request: Request, visit: Meant, purpose: Annotated[Purpose, Form()], text: Line = "") -> Response:
    """The look-up is in the log, with its purpose, before anything is shown; what was asked for is not."""
    require(visit.viewer, Permission.FIND_CLIENT)
    keys = Keys.read(request.app.state.settings.keys)
    viewer = replace(visit.viewer, purpose=purpose)
    try:
        found = find_cases(engine(request), keys, viewer, text[:100], dt.datetime.now(dt.UTC))
    except (LogUnavailableError, ForbiddenError):
        raise
    except RefusedError:
        few = len(" ".join(text.split())) < SHORTEST_NAME
        wrong = language(request).text("search.short" if few else "search.many", least=SHORTEST_NAME, most=MOST)
        return _search(request, visit, status=422, text=text, stated=purpose, wrong=wrong)
    return _search(request, visit, text=text, stated=purpose, found=found)


def _search(
    request: Request,
    visit: Visit,
    *,
    status: int = 200,
    text: str = "",
    stated: Purpose | None = None,
    found: tuple[Hit, ...] | None = None,
    wrong: str = "",
) -> Response:
    here = "/zoeken" if request.method == "POST" else ""
    return render(
        request, "search.html", visit, status=status, here=here, text=text, stated=stated or visit.viewer.purpose,
        purposes=list(Purpose), found=found, wrong=wrong,
    )  # fmt: skip


@router.get("/meldingen")
def tip_page(request: Request, visit: Signed, bewaard: bool = False) -> Response:
    require(visit.viewer, Permission.TAKE_IN_TIP)
    return _tip(request, visit, {}, kept=bewaard)


@router.post("/meldingen")
def keep_tip(
    request: Request,
    visit: Meant,
    dossier: Line = "",
    source: Line = "",
    topic: Line = "",
    received: Line = "",
    text: Line = "",
) -> Response:
    require(visit.viewer, Permission.TAKE_IN_TIP)
    spoken = language(request)
    given = {"dossier": dossier, "source": source, "topic": topic, "received": received, "text": text}
    keys = Keys.read(request.app.state.settings.keys)
    try:
        if source not in set(TipSource):
            raise FindingsError("source", *both("tip.no_source"))
        day = _day(received)
        case = _case_of(request, visit, keys, dossier)
        with writing(engine(request)) as session:
            now = dt.datetime.now(dt.UTC)
            take_in(session, visit.viewer, keys, case, TipSource(source), topic, day, text, now)
    except FindingsError as error:
        wrong = (error.field, error.nl if spoken.code == "nl" else error.en)
        return _tip(request, visit, given, status=422, wrong=wrong)
    return see_other("/meldingen?bewaard=1")


def _case_of(request: Request, visit: Visit, keys: Keys, dossier: str) -> int:
    try:
        return dossier_of(engine(request), keys, visit.viewer, dossier)
    except (LogUnavailableError, RevealRefusedError):
        raise
    except RefusedError:
        raise FindingsError("dossier", *both("tip.no_dossier")) from None


def _day(typed: str) -> dt.date:
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        raise FindingsError("received", *both("tip.no_day")) from None


def _tip(
    request: Request,
    visit: Visit,
    given: Mapping[str, str],
    *,
    status: int = 200,
    wrong: tuple[str, str] | None = None,
    kept: bool = False,
) -> Response:
    here = "/meldingen" if request.method == "POST" else ""
    return render(
        request, "tip.html", visit, status=status, here=here, given=given, wrong=wrong, kept=kept, topics=TOPICS,
        sources=sides(TIP_SOURCE_WORDS, language(request)), today=dt.datetime.now(dt.UTC).date(),
    )  # fmt: skip
