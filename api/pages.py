"""Pages around the cases: signing in, the worklist, my cases, and how the order works. Every action is a plain form."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.answers import Item
from api.oidc import START
from api.rendering import language, render
from api.security import Meant, Signed, engine, forget, remember, require_own_origin, token_of, visit_or_none
from api.session import demo_sign_in
from api.worklist import basis_of
from enforcement.access import Permission, Viewer, allowed, owned, rows
from enforcement.cases import State, claim_next, tally
from enforcement.database import reading, writing
from enforcement.tables import Case, Score
from enforcement.users import DEMO_MUNICIPALITIES, Visit, demo_users, sign_out
from enforcement.worklist import Filters, newest, with_own_findings, worklist

router = APIRouter()
SHOWN = 100
"""rows of a part of 'my cases'"""


def start_of(visit: Visit) -> str:
    """The page a person's work starts on."""
    return "/werklijst" if allowed(visit.viewer, Permission.LIST_CASES) else "/volgorde"


def see_other(address: str) -> Response:
    return RedirectResponse(address, 303)


@router.get("/")
def start(request: Request) -> Response:
    visit = visit_or_none(request)
    return see_other(start_of(visit) if visit else "/inloggen")


@router.get("/inloggen")
def sign_in_page(request: Request) -> Response:
    demo = request.app.state.settings.demo
    places = {
        place: [one for one in demo_users() if one.municipality == code] for code, place in DEMO_MUNICIPALITIES.items()
    }
    provider = START if request.app.state.settings.oidc else ""
    return render(request, "signin.html", None, places=places if demo else {}, provider=provider)


@router.post("/inloggen")
def sign_in_here(request: Request, user: Annotated[str, Form()]) -> Response:
    require_own_origin(request)
    opened = demo_sign_in(request, user)
    response = see_other("/werklijst" if allowed(opened.viewer, Permission.LIST_CASES) else "/volgorde")
    remember(response, request, opened.token)
    return response


@router.post("/uitloggen")
def sign_out_here(request: Request, visit: Meant) -> Response:
    with writing(engine(request)) as session:
        sign_out(session, token_of(request) or "", dt.datetime.now(dt.UTC))
    response = see_other("/inloggen")
    forget(response, request)
    return response


@router.get("/werklijst")
def worklist_page(
    request: Request,
    visit: Signed,
    status: Annotated[str, Query()] = "",
    na: Annotated[str | None, Query()] = None,
    leeg: bool = False,
) -> Response:
    """`status`: a state, or 'mine'; `na`: cursor of the page before."""
    state = State(status) if status in set(State) else None
    filters = Filters(frozenset({state})) if state else Filters(mine=status == "mine")
    with reading(engine(request)) as session:
        page = worklist(session, visit.viewer, filters, na)
        found = newest(session, visit.viewer)
        counts = tally(session, visit.viewer)
        ranked = _last_place(session, visit.viewer, found.run) if found else 0
    items = [Item.of(row) for row in page.items]
    return render(
        request,
        "worklist.html",
        visit,
        items=items,
        basis=basis_of(found),
        counts=counts,
        ranked=ranked,
        total=sum(counts.values()) - counts[State.CLOSED] - counts[State.WITHDRAWN],
        chosen=status,
        empty=leeg,
        cursor=na,
        after=f"/werklijst?{urlencode({'status': status, 'na': page.after})}" if page.after else None,
        on_scale=on_scale,
    )


@router.post("/werklijst/volgende")
def take_next(request: Request, visit: Meant) -> Response:
    with writing(engine(request)) as session:
        taken = claim_next(session, visit.viewer, dt.datetime.now(dt.UTC))
    return see_other(f"/zaken/{taken.number}" if taken else "/werklijst?leeg=1")


@router.get("/mijn-zaken")
def my_cases(request: Request, visit: Signed) -> Response:
    with reading(engine(request)) as session:
        hand = [Item.of(row) for row in worklist(session, visit.viewer, Filters(mine=True), limit=SHOWN).items]
        waiting, own_waiting = _split(session, visit.viewer, State.FINDINGS)
        _, finished = _split(session, visit.viewer, State.CLOSED)
    parts = (("working", hand), ("approve", waiting), ("waiting", own_waiting), ("finished", finished))
    return render(request, "mine.html", visit, parts_of_work=parts)


@router.get("/volgorde")
def how_it_works(request: Request) -> Response:
    """Anybody may read how the order works; the numbers of a municipality are for its own people."""
    visit = visit_or_none(request)
    counts = None
    basis = None
    if visit:
        with reading(engine(request)) as session:
            found = newest(session, visit.viewer)
        if found:
            counts, basis = dict(found.counts), basis_of(found)
    spoken = language(request)
    return render(request, "how.html", visit, counts=counts, basis=basis, number=spoken.number)


def on_scale(place: int, last: int, wide: float) -> float:
    """Where a place stands on a bar of `wide` px; logarithmic, so that the top of the list can be told apart.

    >>> [round(on_scale(place, 1000, 90)) for place in (1, 10, 1000)]
    [0, 30, 90]
    """
    return wide * math.log(max(place, 1)) / math.log(max(last, 2))


def _last_place(session: Session, viewer: Viewer, run: str) -> int:
    query = select(func.max(Score.place)).where(Score.run_id == run, owned(viewer, Score))
    return session.scalar(query) or 0


def _split(session: Session, viewer: Viewer, state: State) -> tuple[Sequence[Case], Sequence[Case]]:
    """Cases in a state: those without and those with findings of the viewer."""
    query = rows(viewer, Case, Permission.LIST_CASES).where(Case.state == state).order_by(Case.due, Case.position)
    found = session.scalars(query.limit(SHOWN)).all()
    own = with_own_findings(session, viewer, found)
    session.expunge_all()
    return [c for c in found if (c.draw_id, c.id) not in own], [c for c in found if (c.draw_id, c.id) in own]
