"""JSON routes of the service list: who may be missing something, taking an item, and what came of it (R34)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.answers import Answer, Text
from api.casework import DocumentOut, NoteIn, NoteOut, To, Until, as_file
from api.etag import AsRead, etag
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.attached import ITEMS
from enforcement.database import reading, writing
from enforcement.evidence import LARGEST, add_document, list_documents, open_document
from enforcement.handover import MOST_AT_ONCE
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.notes import read_notes, write_note
from enforcement.service_findings import approve_outcome, return_outcome, save_outcome
from enforcement.service_items import (
    WORKED_ON,
    ItemChanged,
    ItemState,
    ItemStep,
    assign_items,
    claim_item,
    claim_next_item,
    hand_over_item,
    release_item,
)
from enforcement.service_outcomes import Done, Found, ServiceOutcome
from enforcement.service_reading import ItemRow, ItemView, item_list, item_view
from enforcement.service_results import Yield, yield_for
from enforcement.waiting import WaitsFor, put_aside, take_up
from enforcement.worklist import PAGE

router = APIRouter(prefix="/api/v1", tags=["service list"])
ITEM = "/service-items/{item}"
LONGEST = 20_000
Kind = Literal["paid_short", "right_unused"]
"""features.service.Kind, which the service does not need otherwise"""


def _example(example: JsonDict) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutcomeIn(Given):
    """What an officer found and did for the client. It records what happened elsewhere and changes no benefit."""

    model_config = _example(
        {
            "found": "paid_too_little",
            "done": "paid_back",
            "amount_cents": 43250,
            "reasoning": "Het loon stopte in maart; de verrekening liep door tot juli. De administratie betaalde na.",
        }
    )
    found: Found
    done: Done
    amount_cents: int | None = Field(default=None, ge=0, le=10**9, description="euro cents that the client got")
    reasoning: str = Field(max_length=LONGEST, description="own words about the facts")


class Remark(Given):
    model_config = _example({"remark": "Graag de betaaldatum erbij."})
    remark: str = Field(default="", max_length=LONGEST)


class ToColleague(Given):
    model_config = _example({"to": "second.heerlen", "numbers": ["D2026-000042"]})
    to: str = Field(description="user id of a colleague")
    numbers: list[str] = Field(min_length=1, max_length=MOST_AT_ONCE)


class ServiceReason(Answer):
    """One fact that says that the client may be missing something, with what else it could mean."""

    topic: str = Field(examples=["income"])
    text: Text
    could_also_mean: Text | None
    value: float = Field(examples=[432.5])
    unit: str = Field(examples=["EUR"])
    legal_basis: Text
    source: str = Field(examples=["UWV"])
    source_date: str = Field(examples=["2026-10-31"])

    @classmethod
    def of(cls, record: Any) -> ServiceReason:
        return cls(
            topic=record["topic"],
            text=Text(nl=record["nl"], en=record["en"]),
            could_also_mean=Text.of(record, "could"),
            value=record["value"],
            unit=record["unit"],
            legal_basis=Text(nl=record["law_nl"], en=record["law_en"]),
            source=record["source"],
            source_date=record["source_date"],
        )


class ServiceItemOut(Answer):
    """One line of the service list. Its order is a rule and no score: it says nothing about anybody's conduct."""

    number: str = Field(examples=["D2026-000042"])
    kind: Kind
    position: int = Field(description="order to work in")
    state: ItemState
    due: dt.date
    first: ServiceReason
    reasons: int
    holder: str | None
    mine: bool
    waits_until: dt.date | None = Field(description="put aside until this day")
    version: int

    @classmethod
    def of(cls, row: ItemRow) -> ServiceItemOut:
        plain = {name: value for name, value in vars(row).items() if name != "reason"}
        return cls(**plain, first=ServiceReason.of(row.reason))


class ServiceList(Answer):
    """A page of the service list."""

    items: list[ServiceItemOut]
    after: str | None = Field(description="cursor of the next page, null on the last")


class NotedOut(Answer):
    """What an officer wrote down; it counts once a second person approved it."""

    found: Found
    done: Done
    amount_cents: int | None
    reasoning: str
    by: str
    own: bool
    at: dt.datetime
    approver: str | None
    approved_at: dt.datetime | None
    remark: str | None


class ServiceItemFull(Answer):
    """One item with its reasons; the look was logged."""

    number: str = Field(examples=["D2026-000042"])
    kind: Kind
    position: int
    state: ItemState
    due: dt.date
    as_of: dt.date = Field(description="only facts known before this day count")
    version: int = Field(description="send it back with every change")
    reasons: list[ServiceReason]
    holder: str | None
    mine: bool
    lease_until: dt.datetime | None
    noted: NotedOut | None = Field(description="the latest")
    earlier: list[NotedOut] = Field(description="what was sent back before it, oldest first, with the words of it")
    waits_until: dt.date | None = Field(description="put aside until this day")
    waits_for: WaitsFor | None
    steps: list[ItemStep] = Field(description="what you may do now")

    @classmethod
    def of(cls, view: ItemView) -> ServiceItemFull:
        told = ("reasons", "people", "noted", "earlier", "steps")
        plain = {name: value for name, value in vars(view).items() if name not in told}
        return cls(
            **plain,
            reasons=[ServiceReason.of(one) for one in view.reasons],
            noted=NotedOut(**vars(view.noted)) if view.noted else None,
            earlier=[NotedOut(**vars(one)) for one in view.earlier],
            steps=sorted(view.steps),
        )


class ItemChangedOut(Answer):
    number: str = Field(examples=["D2026-000042"])
    version: int
    state: ItemState

    @classmethod
    def of(cls, changed: ItemChanged) -> ItemChangedOut:
        return cls(**vars(changed))


class ItemAssignedOut(Answer):
    """`version` is null when the item stayed where it was; `why` says why."""

    number: str
    version: int | None
    why: str


class YieldOut(Answer):
    """What the service list led to: counts of items, and money that clients got. Only approved outcomes count."""

    listed: int
    waiting: int
    overtaken: int
    found: dict[str, int]
    done: dict[str, int]
    paid_cents: int
    known: int = Field(description="approved items with an answer")
    missing: int = Field(description="... in which the client was missing something")

    @classmethod
    def of(cls, one: Yield) -> YieldOut:
        return cls(**vars(one), known=one.known, missing=one.missing)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@router.get("/service-items", responses=responses(400, 401, 403, 503))
def read_service_list(
    request: Request,
    visit: Signed,
    state: Annotated[list[ItemState] | None, Query(description="default: all that is not done")] = None,
    kind: Kind | None = None,
    mine: bool = False,
    waiting: Annotated[bool, Query(description="only what is put aside until a day")] = False,
    after: Annotated[str | None, Query(description="cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> ServiceList:
    """Clients who may be missing something, in the order to work in, without identities. The look is logged first."""
    states = frozenset(state) if state else WORKED_ON
    with looking(engine(request)) as session:
        page = item_list(
            session, visit.viewer, now(), states, mine=mine, waiting=waiting, kind=kind or "", after=after, limit=limit
        )
    return ServiceList(items=[ServiceItemOut.of(row) for row in page.items], after=page.after)


@router.post(
    "/service-items/next",
    response_model=ItemChangedOut,
    responses={204: {"description": "No item is free"}, **responses(401, 403)},
)
def take_next_item(request: Request, visit: Meant) -> ItemChangedOut | Response:
    """Takes the first free item: one conditional update, so two people never get one item."""
    with writing(engine(request)) as session:
        taken = claim_next_item(session, visit.viewer, now())
    return Response(status_code=204) if taken is None else ItemChangedOut.of(taken)


@router.post("/service-items/assignments", responses=responses(400, 401, 403))
def assign_service_items(request: Request, visit: Meant, given: ToColleague) -> list[ItemAssignedOut]:
    """Gives open items to a colleague; each by itself. Outcomes are never given in bulk (R2)."""
    with writing(engine(request)) as session:
        done = assign_items(session, visit.viewer, given.numbers, given.to, now())
    return [ItemAssignedOut(**vars(one)) for one in done]


@router.get("/service-results", responses=responses(401, 403))
def read_service_results(request: Request, visit: Signed) -> YieldOut:
    """What the service list led to so far."""
    with reading(engine(request)) as session:
        return YieldOut.of(yield_for(session, visit.viewer))


@router.get(ITEM, responses=responses(401, 403, 404, 503))
def read_service_item(request: Request, response: Response, visit: Signed, item: str) -> ServiceItemFull:
    """One item with its reasons. The look is logged first."""
    with looking(engine(request)) as session:
        view = item_view(session, visit.viewer, item, now())
    response.headers["etag"] = etag(view.version)
    return ServiceItemFull.of(view)


@router.post(f"{ITEM}/claim", responses=responses(401, 403, 404, 409))
def take_item(request: Request, visit: Meant, item: str) -> ItemChangedOut:
    """Takes a chosen item; one's own again renews the lease."""
    with writing(engine(request)) as session:
        return ItemChangedOut.of(claim_item(session, visit.viewer, item, now()))


@router.post(f"{ITEM}/release", responses=responses(401, 403, 404, 409, 412, 428))
def give_item_back(request: Request, visit: Meant, item: str, version: AsRead) -> ItemChangedOut:
    """Gives an item back to the list."""
    with writing(engine(request)) as session:
        return ItemChangedOut.of(release_item(session, visit.viewer, item, version, now()))


@router.post(f"{ITEM}/hand-over", responses=responses(401, 403, 404, 409, 412, 428))
def give_item(request: Request, visit: Meant, item: str, version: AsRead, given: To) -> ItemChangedOut:
    """Gives an item in hand to a colleague."""
    with writing(engine(request)) as session:
        return ItemChangedOut.of(hand_over_item(session, visit.viewer, item, version, given.to, now()))


@router.post(f"{ITEM}/wait", responses=responses(400, 401, 403, 404, 409, 412, 428))
def put_item_aside(request: Request, visit: Meant, item: str, version: AsRead, given: Until) -> ItemChangedOut:
    """Puts an item in hand aside until a day, not later than it is due."""
    with writing(engine(request)) as session:
        new = put_aside(session, visit.viewer, item, version, given.until, given.waits_for, now(), ITEMS)
    return ItemChangedOut(number=item, version=new, state=ItemState.CLAIMED)


@router.post(f"{ITEM}/resume", responses=responses(401, 403, 404, 409, 412, 428))
def take_item_up(request: Request, visit: Meant, item: str, version: AsRead) -> ItemChangedOut:
    """Goes on with an item that was put aside."""
    with writing(engine(request)) as session:
        new = take_up(session, visit.viewer, item, version, now(), ITEMS)
    return ItemChangedOut(number=item, version=new, state=ItemState.CLAIMED)


@router.get(f"{ITEM}/notes", responses=responses(401, 403, 404, 503))
def list_item_notes(request: Request, visit: Signed, item: str) -> list[NoteOut]:
    """The notes with an item. The look is logged first."""
    with looking(engine(request)) as session:
        return [NoteOut(**vars(one)) for one in read_notes(session, visit.viewer, item, now(), ITEMS)]


@router.post(f"{ITEM}/notes", status_code=201, responses=responses(400, 401, 403, 404, 409))
def add_item_note(request: Request, visit: Meant, item: str, given: NoteIn) -> dict[str, str]:
    """Adds a note to an item in hand."""
    with writing(engine(request)) as session:
        return {"id": write_note(session, visit.viewer, item, given.text, now(), ITEMS)}


@router.get(f"{ITEM}/documents", responses=responses(401, 403, 404, 503))
def item_documents(request: Request, visit: Signed, item: str) -> list[DocumentOut]:
    """The documents with an item. The look is logged first."""
    with looking(engine(request)) as session:
        return [DocumentOut(**vars(one)) for one in list_documents(session, visit.viewer, item, now(), ITEMS)]


@router.post(f"{ITEM}/documents", status_code=201, responses=responses(400, 401, 403, 404, 409))
def upload_to_item(request: Request, visit: Meant, item: str, file: Annotated[UploadFile, File()]) -> DocumentOut:
    """Adds a PDF, PNG or JPEG of at most 10 MiB to an item in hand."""
    content, keys = file.file.read(LARGEST + 1), Keys.read(request.app.state.settings.keys)
    with writing(engine(request)) as session:
        added = add_document(session, visit.viewer, keys, item, file.filename or "", content, now(), ITEMS)
    return DocumentOut(**vars(added))


@router.get(
    f"{ITEM}/documents/{{document}}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **responses(401, 403, 404, 409, 503)},
)
def download_of_item(request: Request, visit: Signed, item: str, document: str) -> Response:
    """A document as it was added; 409 when it is no longer that. The look is logged first."""
    keys = Keys.read(request.app.state.settings.keys)
    with looking(engine(request)) as session:
        return as_file(*open_document(session, visit.viewer, keys, item, document, now(), ITEMS))


@router.post(f"{ITEM}/outcome", responses=responses(401, 403, 404, 409, 412, 422, 428))
def note_outcome(request: Request, visit: Meant, item: str, version: AsRead, given: OutcomeIn) -> ItemChangedOut:
    """Writes down what was found and done about an item in hand."""
    outcome = ServiceOutcome(given.found, given.done, given.amount_cents, given.reasoning)
    with writing(engine(request)) as session:
        return ItemChangedOut.of(save_outcome(session, visit.viewer, item, outcome, version, now()))


@router.post(f"{ITEM}/approval", responses=responses(401, 403, 404, 409, 412, 428))
def approve_item(request: Request, visit: Meant, item: str, version: AsRead, look: Remark) -> ItemChangedOut:
    """Approves what a colleague wrote; one's own is refused with 403 whatever the role."""
    with writing(engine(request)) as session:
        return ItemChangedOut.of(approve_outcome(session, visit.viewer, item, version, now(), look.remark))


@router.post(f"{ITEM}/return", responses=responses(401, 403, 404, 409, 412, 422, 428))
def return_item(request: Request, visit: Meant, item: str, version: AsRead, look: Remark) -> ItemChangedOut:
    """Sends it back to who wrote it, with what is missing."""
    with writing(engine(request)) as session:
        return ItemChangedOut.of(return_outcome(session, visit.viewer, item, version, look.remark, now()))
