"""Pages around the cases: signing in, the worklist, my cases, and how the order works. Every action is a plain form."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.answers import Item
from api.oidc import START
from api.rendering import FIRST_PAGES, language, render
from api.security import Meant, Signed, engine, forget, remember, require_own_origin, token_of, visit_or_none
from api.session import demo_sign_in, take_up
from api.worklist import basis_of
from enforcement import working_days
from enforcement.access import Permission, Role, Viewer, allowed, owned, rows
from enforcement.blind import TOPICS
from enforcement.cases import State, claim_next, tally
from enforcement.database import reading, writing
from enforcement.handover import assign
from enforcement.saved_filters import LONGEST_NAME, drop_filter, keep_filter, kept_filters
from enforcement.service_reading import my_items
from enforcement.tables import Case, Score
from enforcement.team import Colleague, colleagues
from enforcement.users import DEMO_MUNICIPALITIES, demo_users, sign_out
from enforcement.worklist import Filters, newest, sent_back, with_own_findings, worklist

router = APIRouter()
PAIR = rf"^\d{{4}} ({'|'.join(Role)})$"
"""how the menu names a role in a municipality"""
SHOWN = 100
"""rows of a part of 'my cases'"""


class Choice(BaseModel):
    """What a worklist shows, as its address says it. An unknown word is no choice."""

    status: str = Field(default="", max_length=20)
    """a state, or 'mine'"""
    onderwerp: str = Field(default="", max_length=20)
    """topic of the strongest reason to look"""
    opzij: bool = False
    spoed: bool = False
    """due soon or overdue"""
    name: str = Field(default="", max_length=LONGEST_NAME)
    """to keep it under"""

    def filters(self) -> Filters:
        state = State(self.status) if self.status in set(State) else None
        return Filters(
            states=frozenset({state}) if state else Filters().states,
            mine=self.status == "mine",
            waiting=self.opzij,
            topic=self.onderwerp if self.onderwerp in TOPICS else "",
            due_soon=self.spoed,
        )

    def query(self) -> str:
        said = {"status": self.status, "onderwerp": self.onderwerp}
        said |= {name: "1" for name in ("opzij", "spoed") if getattr(self, name)}
        return urlencode({name: value for name, value in said.items() if value})

    @classmethod
    def of(cls, filters: Filters) -> Choice:
        state = next(iter(filters.states)).value if len(filters.states) == 1 else ""
        return cls(
            status="mine" if filters.mine else state,
            onderwerp=filters.topic,
            opzij=filters.waiting,
            spoed=filters.due_soon,
        )


def start_of(viewer: Viewer) -> str:
    """The page a person's work starts on."""
    return FIRST_PAGES.get(viewer.role, "/volgorde")


def see_other(address: str) -> Response:
    return RedirectResponse(address, 303)


@router.get("/")
def start(request: Request) -> Response:
    visit = visit_or_none(request)
    return see_other(start_of(visit.viewer) if visit else "/inloggen")


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
    response = see_other(start_of(opened.viewer))
    remember(response, request, opened.token)
    return response


@router.post("/wisselen")
def change_role(request: Request, visit: Meant, pair: Annotated[str, Form(pattern=PAIR)]) -> Response:
    """Goes on in another role or municipality that this person holds; their work starts on its page."""
    municipality, _, role = pair.partition(" ")
    opened = take_up(request, visit, municipality, Role(role))
    response = see_other(start_of(opened.viewer))
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
    chosen: Annotated[Choice, Query()],
    na: Annotated[str | None, Query()] = None,
    leeg: bool = False,
    toegewezen: Annotated[int | None, Query(ge=0)] = None,
    gebleven: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """`na`: cursor of the page before; `toegewezen` and `gebleven`: what became of cases just assigned."""
    viewer = visit.viewer
    today = dt.datetime.now(dt.UTC).date()
    with reading(engine(request)) as session:
        page = worklist(session, viewer, chosen.filters(), na)
        found = newest(session, viewer)
        counts = tally(session, viewer)
        ranked = _last_place(session, viewer, found.run) if found else 0
        kept = kept_filters(session, viewer)
        team: tuple[Colleague, ...] = ()
        if allowed(viewer, Permission.ASSIGN_CASES):
            team = (Colleague(viewer.user, visit.name), *colleagues(session, viewer, today))
    items = [Item.of(row) for row in page.items]
    return render(
        request,
        "worklist.html",
        visit,
        items=items,
        days_left={one.number: working_days.between(today, one.due) for one in items},
        basis=basis_of(found),
        counts=counts,
        ranked=ranked,
        total=sum(counts.values()) - counts[State.CLOSED] - counts[State.WITHDRAWN],
        chosen=chosen,
        here_again=f"/werklijst?{chosen.query()}",
        kept=[(one.name, f"/werklijst?{Choice.of(one.filters).query()}") for one in kept],
        topics=TOPICS,
        team=team,
        assigned=toegewezen,
        stayed=gebleven,
        empty=leeg,
        cursor=na,
        after=f"/werklijst?{chosen.query()}&{urlencode({'na': page.after})}" if page.after else None,
        on_scale=on_scale,
    )


@router.post("/werklijst/volgende")
def take_next(request: Request, visit: Meant) -> Response:
    with writing(engine(request)) as session:
        taken = claim_next(session, visit.viewer, dt.datetime.now(dt.UTC))
    return see_other(f"/zaken/{taken.number}" if taken else "/werklijst?leeg=1")


@router.post("/werklijst/keuzes")
def keep_choice(request: Request, visit: Meant, chosen: Annotated[Choice, Form()]) -> Response:
    """Keeps what the list shows now under a name."""
    with writing(engine(request)) as session:
        keep_filter(session, visit.viewer, chosen.name, chosen.filters(), dt.datetime.now(dt.UTC))
    return see_other(f"/werklijst?{chosen.query()}")


@router.post("/werklijst/keuzes/weg")
def drop_choice(request: Request, visit: Meant, name: Annotated[str, Form(max_length=LONGEST_NAME)]) -> Response:
    with writing(engine(request)) as session:
        drop_filter(session, visit.viewer, name)
    return see_other("/werklijst")


@router.post("/werklijst/toewijzen")
def assign_chosen(
    request: Request, visit: Meant, to: Annotated[str, Form()], numbers: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Who does what is given in bulk, never an outcome (R2)."""
    with writing(engine(request)) as session:
        done = assign(session, visit.viewer, numbers or [], to, dt.datetime.now(dt.UTC))
    moved = sum(one.version is not None for one in done)
    return see_other(f"/werklijst?toegewezen={moved}&gebleven={len(done) - moved}")


@router.get("/mijn-zaken")
def my_cases(request: Request, visit: Signed, afwezig: Annotated[str, Query(max_length=10)] = "") -> Response:
    now = dt.datetime.now(dt.UTC)
    with reading(engine(request)) as session:
        in_hand = [Item.of(row) for row in worklist(session, visit.viewer, Filters(mine=True), limit=SHOWN).items]
        waiting, own_waiting = _split(session, visit.viewer, State.FINDINGS)
        _, finished = _split(session, visit.viewer, State.CLOSED)
        works = allowed(visit.viewer, Permission.CLAIM_CASE)
        returned = sent_back(session, visit.viewer)
        items = my_items(session, visit.viewer, now, SHOWN) if allowed(visit.viewer, Permission.SERVE_CLIENTS) else None
        deputies = colleagues(session, visit.viewer, now.date()) if works else ()
    hand = [one for one in in_hand if one.waits_until is None]
    aside = [one for one in in_hand if one.waits_until is not None]
    parts = (
        ("working", hand),
        ("aside", aside),
        ("approve", waiting),
        ("waiting", own_waiting),
        ("finished", finished),
    )
    return render(
        request,
        "mine.html",
        visit,
        parts_of_work=parts,
        items=items,
        returned=returned,
        works=works,
        absence=afwezig if afwezig in ("bewaard", "onjuist") else "",
        deputies=deputies,
        today=now.date(),
        days_left=lambda case: working_days.between(now.date(), case.due),
    )


@router.get("/volgorde")
def how_it_works(request: Request) -> Response:
    """Anybody may read how the order works; the numbers of a municipality are for its own people."""
    visit = visit_or_none(request)
    counts = None
    basis = None
    if visit and allowed(visit.viewer, Permission.READ_POLICY):
        with reading(engine(request)) as session:
            found = newest(session, visit.viewer)
        if found:
            counts, basis = dict(found.counts), basis_of(found)
    spoken = language(request)
    lot = sum(counts.get(arm, 0) for arm in ("random", "top_up")) if counts else 0
    return render(
        request,
        "how.html",
        visit,
        counts=counts,
        lot=lot,
        one_in=max(1, round(counts["eligible"] / lot)) if counts and lot else 0,
        skipped=sum(counts.get("exempt", {}).values()) if counts else 0,
        basis=basis,
        number=spoken.number,
    )


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
