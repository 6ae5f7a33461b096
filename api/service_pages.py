"""Pages of the service list: who may be missing something, one item, and what came of it (R34). Every action is a plain
form, and every look is in the log with its purpose before anything is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.case_pages import cents, sides
from api.casework import as_file
from api.casework_pages import NOT_OF_THE_FORM, handed_in
from api.client import Details, reveal_served
from api.pages import see_other
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement import working_days
from enforcement.access import Permission, allowed
from enforcement.attached import ITEMS
from enforcement.database import writing
from enforcement.errors import FindingsError, RefusedError
from enforcement.evidence import add_document, list_documents, open_document
from enforcement.keys import Keys
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


@router.post("/{item}/overdragen")
def give(request: Request, visit: Meant, item: str, version: Version, to: Line = "") -> Response:
    with writing(engine(request)) as session:
        hand_over_item(session, visit.viewer, item, version, to, now())
    return see_other("/mijn-zaken")


@router.post("/{item}/notities")
def add_note(request: Request, visit: Meant, item: str, text: Line = "") -> Response:
    return _done(
        request, visit, item, "note", lambda session: write_note(session, visit.viewer, item, text, now(), ITEMS)
    )


@router.post("/{item}/stukken")
def add_file(request: Request, visit: Meant, item: str, file: Annotated[UploadFile | str, File()] = "") -> Response:
    content, name = handed_in(file)
    keys = Keys.read(request.app.state.settings.keys)
    return _done(
        request, visit, item, "document",
        lambda session: add_document(session, visit.viewer, keys, item, name, content, now(), ITEMS),
    )  # fmt: skip


@router.get("/{item}/stukken/{document}")
def read_file(request: Request, visit: Signed, item: str, document: str) -> Response:
    """A document as it was added; the look is logged first."""
    keys = Keys.read(request.app.state.settings.keys)
    with writing(engine(request)) as session:
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


def _done(request: Request, visit: Visit, item: str, part: str, work: Callable[[Session], object]) -> Response:
    """Does `work` and goes back to the item; what the form can mend stands beside that form."""
    try:
        with writing(engine(request)) as session:
            work(session)
    except NOT_OF_THE_FORM:
        raise
    except RefusedError:
        return draw_item(
            request, visit, item, status=422, refused=(part, language(request).text(f"work.refused_{part}"))
        )
    return see_other(f"/dienstenlijst/{item}#werk")


def _sent_back(view: ItemView) -> dict[str, str]:
    """What the form begins with: what was sent back to the viewer, to be mended."""
    if view.noted is None or ItemStep.SAVE not in view.steps or not view.noted.own:
        return {}
    one = view.noted
    amount = "" if one.amount_cents is None else f"{one.amount_cents // 100},{one.amount_cents % 100:02d}"
    return {"found": one.found.value, "done": one.done.value, "amount": amount, "reasoning": one.reasoning}


def draw_item(
    request: Request,
    visit: Visit,
    item: str,
    *,
    status: int = 200,
    details: Details | None = None,
    given: Mapping[str, str] | None = None,
    wrong: FindingsError | None = None,
    refused: tuple[str, str] | None = None,
) -> Response:
    """Everything about an item, in one transaction with its log entries. `wrong`: a field of the outcome; `refused`:
    the part of the work that was not accepted, and why."""
    spoken, viewer = language(request), visit.viewer
    with writing(engine(request)) as session:
        view = item_view(session, viewer, item, now())
        notes = read_notes(session, viewer, item, now(), ITEMS)
        documents = list_documents(session, viewer, item, now(), ITEMS)
        team = colleagues(session, viewer, now().date()) if view.mine else ()
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
        notes=notes,
        documents=documents,
        team=team,
        refused=refused,
        given=given or _sent_back(view),
        wrong=(wrong.field, wrong.nl if spoken.code == "nl" else wrong.en) if wrong else None,
    )
