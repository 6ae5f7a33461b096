"""Pages of the service list: who may be missing something, one item, and what came of it (R34). Every action is a plain
form, and every look is in the log with its purpose before anything is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.case_pages import cents, sides
from api.client import Details, reveal_served
from api.pages import see_other
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement import working_days
from enforcement.access import Permission, allowed
from enforcement.database import writing
from enforcement.errors import FindingsError
from enforcement.service_items import (
    WORKED_ON,
    ItemState,
    approve_outcome,
    assign_items,
    claim_item,
    claim_next_item,
    item_list,
    item_view,
    release_item,
    return_outcome,
    save_outcome,
)
from enforcement.service_outcomes import DONE_WORDS, FOUND_WORDS, ServiceOutcome
from enforcement.service_results import yield_for
from enforcement.team import Colleague, colleagues
from enforcement.users import Visit

router = APIRouter(prefix="/dienstenlijst")
KINDS = ("paid_short", "right_unused")
Version = Annotated[int, Form()]
Line = Annotated[str, Form(max_length=20_000)]


class Chosen(BaseModel):
    """What the list shows, as its address says it. An unknown word is no choice."""

    status: str = Field(default="", max_length=20)
    """a state, or 'mine'"""
    soort: str = Field(default="", max_length=20)

    def states(self) -> frozenset[ItemState]:
        return frozenset({ItemState(self.status)}) if self.status in set(ItemState) else WORKED_ON

    def query(self) -> str:
        return urlencode({name: value for name, value in vars(self).items() if value})


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@router.get("")
def list_page(
    request: Request,
    visit: Signed,
    chosen: Annotated[Chosen, Query()],
    na: Annotated[str | None, Query()] = None,
    leeg: bool = False,
    toegewezen: Annotated[int | None, Query(ge=0)] = None,
    gebleven: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """`na`: cursor of the page before; `toegewezen` and `gebleven`: what became of items just assigned."""
    viewer, today = visit.viewer, now().date()
    kind = chosen.soort if chosen.soort in KINDS else ""
    with writing(engine(request)) as session:
        mine = chosen.status == "mine"
        page = item_list(session, viewer, now(), chosen.states(), mine=mine, kind=kind, after=na)
        found = yield_for(session, viewer)
        team: tuple[Colleague, ...] = ()
        if allowed(viewer, Permission.ASSIGN_CASES):
            team = (Colleague(viewer.user, visit.name), *colleagues(session, viewer, today))
    return render(
        request,
        "service_list.html",
        visit,
        items=page.items,
        days_left={one.number: working_days.between(today, one.due) for one in page.items},
        found=found,
        found_words=sides(FOUND_WORDS, language(request)),
        chosen=chosen,
        kinds=KINDS,
        team=team,
        assigned=toegewezen,
        stayed=gebleven,
        empty=leeg,
        here_again=f"/dienstenlijst?{chosen.query()}",
        cursor=na,
        after=f"/dienstenlijst?{chosen.query()}&{urlencode({'na': page.after})}" if page.after else None,
    )


@router.post("/volgende")
def take_next(request: Request, visit: Meant) -> Response:
    with writing(engine(request)) as session:
        taken = claim_next_item(session, visit.viewer, now())
    return see_other(f"/dienstenlijst/{taken.number}" if taken else "/dienstenlijst?leeg=1")


@router.post("/toewijzen")
def assign_chosen(
    request: Request, visit: Meant, to: Annotated[str, Form()], numbers: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Who does what is given in bulk, never an outcome (R2)."""
    with writing(engine(request)) as session:
        done = assign_items(session, visit.viewer, numbers or [], to, now())
    moved = sum(one.version is not None for one in done)
    return see_other(f"/dienstenlijst?toegewezen={moved}&gebleven={len(done) - moved}")


@router.get("/{item}")
def item_page(request: Request, visit: Signed, item: str) -> Response:
    return draw_item(request, visit, item)


@router.post("/{item}/oppakken")
def take(request: Request, visit: Meant, item: str) -> Response:
    with writing(engine(request)) as session:
        claim_item(session, visit.viewer, item, now())
    return see_other(f"/dienstenlijst/{item}")


@router.post("/{item}/teruggeven")
def give_back(request: Request, visit: Meant, item: str, version: Version) -> Response:
    with writing(engine(request)) as session:
        release_item(session, visit.viewer, item, version, now())
    return see_other(f"/dienstenlijst/{item}")


@router.post("/{item}/gegevens")
def show_client(request: Request, visit: Meant, item: str) -> Response:
    """The item with whom it is about; logged first, and 503 when the log does not take it (R14)."""
    return draw_item(request, visit, item, details=reveal_served(request, visit.viewer, item))


@router.post("/{item}/uitkomst")
def save(
    request: Request,
    visit: Meant,
    item: str,
    version: Version,
    found: Line = "",
    done: Line = "",
    amount: Line = "",
    reasoning: Line = "",
) -> Response:
    given = {"found": found, "done": done, "amount": amount, "reasoning": reasoning}
    try:
        outcome = ServiceOutcome.of(found, done, cents(amount), reasoning)
        with writing(engine(request)) as session:
            save_outcome(session, visit.viewer, item, outcome, version, now())
    except FindingsError as error:
        return draw_item(request, visit, item, status=422, given=given, wrong=error)
    return see_other(f"/dienstenlijst/{item}#uitkomst")


@router.post("/{item}/goedkeuren")
def approve(request: Request, visit: Meant, item: str, version: Version, remark: Line = "") -> Response:
    with writing(engine(request)) as session:
        approve_outcome(session, visit.viewer, item, version, now(), remark)
    return see_other(f"/dienstenlijst/{item}#uitkomst")


@router.post("/{item}/terugsturen")
def send_back(request: Request, visit: Meant, item: str, version: Version, remark: Line = "") -> Response:
    try:
        with writing(engine(request)) as session:
            return_outcome(session, visit.viewer, item, version, remark, now())
    except FindingsError as error:
        return draw_item(request, visit, item, status=422, given={"remark": remark}, wrong=error)
    return see_other(f"/dienstenlijst/{item}#uitkomst")


def draw_item(
    request: Request,
    visit: Visit,
    item: str,
    *,
    status: int = 200,
    details: Details | None = None,
    given: Mapping[str, str] | None = None,
    wrong: FindingsError | None = None,
) -> Response:
    """Everything about an item, in one transaction with its log entry. `wrong`: a field of the outcome."""
    spoken = language(request)
    with writing(engine(request)) as session:
        view = item_view(session, visit.viewer, item, now())
    return render(
        request,
        "service_item.html",
        visit,
        status=status,
        here=f"/dienstenlijst/{item}" if request.method == "POST" else "",
        item=view,
        days_left=working_days.between(now().date(), view.due),
        found_words=sides(FOUND_WORDS, spoken),
        done_words=sides(DONE_WORDS, spoken),
        details=details,
        given=given or {},
        wrong=(wrong.field, wrong.nl if spoken.code == "nl" else wrong.en) if wrong else None,
    )
