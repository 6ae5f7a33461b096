"""Pages of the service list: who may be missing something, one item, and what came of it (R34). Every action is a plain
form, and every look is in the log with its purpose before anything is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.case_pages import as_typed, cents, sides
from api.casework import as_file
from api.client import Details, reveal_served
from api.forms import FORM_IS_GONE, Line, Refused, Version, Work, day, handed_in, one_of, tried
from api.pages import see_other
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement import working_days
from enforcement.access import Permission, allowed
from enforcement.attached import ITEMS
from enforcement.database import writing
from enforcement.evidence import add_document, list_documents, open_document
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.notes import read_notes, write_note
from enforcement.service_findings import approve_outcome, return_outcome, save_outcome
from enforcement.service_items import (
    WORKED_ON,
    ItemState,
    ItemStep,
    assign_items,
    claim_item,
    claim_next_item,
    hand_over_item,
    release_item,
)
from enforcement.service_outcomes import DONE_WORDS, FOUND_WORDS, ServiceOutcome
from enforcement.service_reading import ItemView, item_list, item_view
from enforcement.service_results import yield_for
from enforcement.team import Colleague, colleagues
from enforcement.users import Visit
from enforcement.waiting import WAITS_FOR_WORDS, WaitsFor, put_aside, take_up

router = APIRouter(prefix="/dienstenlijst")
KINDS = ("paid_short", "right_unused")


class Chosen(BaseModel):
    """What the list shows, as its address says it. An unknown word is no choice."""

    status: str = Field(default="", max_length=20)
    """a state, or 'mine'"""
    soort: str = Field(default="", max_length=20)
    opzij: bool = False

    def states(self) -> frozenset[ItemState]:
        return frozenset({ItemState(self.status)}) if self.status in set(ItemState) else WORKED_ON

    def query(self) -> str:
        said = vars(self) | {"opzij": "1" if self.opzij else ""}
        return urlencode({name: value for name, value in said.items() if value})


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
    with looking(engine(request)) as session:
        page = item_list(
            session, viewer, now(), chosen.states(), mine=chosen.status == "mine", waiting=chosen.opzij, kind=kind,
            after=na,
        )  # fmt: skip
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


@router.post("/{item}/overdragen")
def give(request: Request, visit: Meant, item: str, version: Version, to: Line = "") -> Response:
    with writing(engine(request)) as session:
        hand_over_item(session, visit.viewer, item, version, to, now())
    return see_other("/mijn-zaken")


@router.post("/{item}/opzij")
def put_item_aside(
    request: Request, visit: Meant, item: str, version: Version, until: Line = "", waits_for: Line = ""
) -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        put_aside(session, visit.viewer, item, version, day(until), one_of(WaitsFor, waits_for), now, ITEMS)

    return _done(request, visit, item, "aside", work)


@router.post("/{item}/hervatten")
def take_item_up(request: Request, visit: Meant, item: str, version: Version) -> Response:
    with writing(engine(request)) as session:
        take_up(session, visit.viewer, item, version, now(), ITEMS)
    return see_other(f"/dienstenlijst/{item}#werk")


@router.post("/{item}/notities")
def add_note(request: Request, visit: Meant, item: str, text: Line = "") -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        write_note(session, visit.viewer, item, text, now, ITEMS)

    return _done(request, visit, item, "note", work)


@router.post("/{item}/stukken")
def add_file(request: Request, visit: Meant, item: str, file: Annotated[UploadFile | str, File()] = "") -> Response:
    content, name = handed_in(file)
    keys = Keys.read(request.app.state.settings.keys)

    def work(session: Session, now: dt.datetime) -> None:
        add_document(session, visit.viewer, keys, item, name, content, now, ITEMS)

    return _done(request, visit, item, "document", work)


@router.get("/{item}/stukken/{document}")
def read_file(request: Request, visit: Signed, item: str, document: str) -> Response:
    """A document as it was added; the look is logged first."""
    keys = Keys.read(request.app.state.settings.keys)
    with looking(engine(request)) as session:
        return as_file(*open_document(session, visit.viewer, keys, item, document, now(), ITEMS))


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
    def work(session: Session, now: dt.datetime) -> None:
        outcome = ServiceOutcome.of(found, done, cents(amount), reasoning)
        save_outcome(session, visit.viewer, item, outcome, version, now)

    refused = tried(request, "outcome", work, FORM_IS_GONE)
    if refused:
        given = {"found": found, "done": done, "amount": amount, "reasoning": reasoning}
        return draw_item(request, visit, item, given=given, refused=refused)
    return see_other(f"/dienstenlijst/{item}#uitkomst")


@router.post("/{item}/goedkeuren")
def approve(request: Request, visit: Meant, item: str, version: Version, remark: Line = "") -> Response:
    with writing(engine(request)) as session:
        approve_outcome(session, visit.viewer, item, version, now(), remark)
    return see_other(f"/dienstenlijst/{item}#uitkomst")


@router.post("/{item}/terugsturen")
def send_back(request: Request, visit: Meant, item: str, version: Version, remark: Line = "") -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        return_outcome(session, visit.viewer, item, version, remark, now)

    refused = tried(request, "outcome", work, FORM_IS_GONE)
    if refused:
        return draw_item(request, visit, item, given={"remark": remark}, refused=refused)
    return see_other(f"/dienstenlijst/{item}#uitkomst")


def _done(request: Request, visit: Visit, item: str, part: str, work: Work) -> Response:
    """Does `work` and goes back to the item; what the form can mend stands beside that form."""
    refused = tried(request, part, work, FORM_IS_GONE)
    if refused:
        return draw_item(request, visit, item, refused=refused)
    return see_other(f"/dienstenlijst/{item}#werk")


def _sent_back(view: ItemView) -> dict[str, str]:
    """What the form begins with: what was sent back to the viewer, to be mended."""
    if view.noted is None or ItemStep.SAVE not in view.steps or not view.noted.own:
        return {}
    one = view.noted
    return {
        "found": one.found.value,
        "done": one.done.value,
        "amount": as_typed(one.amount_cents),
        "reasoning": one.reasoning,
    }


def draw_item(
    request: Request,
    visit: Visit,
    item: str,
    *,
    details: Details | None = None,
    given: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    """Everything about an item, in one transaction with its log entries. given: what was typed in the form that was
    refused."""
    spoken, viewer = language(request), visit.viewer
    with looking(engine(request)) as session:
        view = item_view(session, viewer, item, now())
        notes = read_notes(session, viewer, item, now(), ITEMS)
        documents = list_documents(session, viewer, item, now(), ITEMS)
        team = colleagues(session, viewer, now().date()) if view.mine else ()
    return render(
        request,
        "service_item.html",
        visit,
        status=refused.status if refused else 200,
        here=f"/dienstenlijst/{item}" if request.method == "POST" else "",
        item=view,
        days_left=working_days.between(now().date(), view.due),
        found_words=sides(FOUND_WORDS, spoken),
        done_words=sides(DONE_WORDS, spoken),
        details=details,
        notes=notes,
        documents=documents,
        team=team,
        refused=refused,
        wait_words=sides(WAITS_FOR_WORDS, spoken),
        first_day=now().date() + dt.timedelta(days=1),
        given=given or _sent_back(view),
    )
