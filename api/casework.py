"""JSON routes of working on cases together: putting aside, handing over, notes, documents, steps, team and filters."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.answers import Answer, Changed
from api.etag import AsRead
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.cases import State
from enforcement.database import reading, writing
from enforcement.evidence import LARGEST, Document, add_document, list_documents, open_document
from enforcement.findings import overturn
from enforcement.handover import MOST_AT_ONCE, assign, be_absent, hand_over
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.notes import LONGEST, read_notes, write_note
from enforcement.proportion import Consent, Means, Taken, next_means, steps_taken, take_step
from enforcement.saved_filters import LONGEST_NAME, drop_filter, keep_filter, kept_filters
from enforcement.team import team
from enforcement.waiting import WaitsFor, put_aside, take_up
from enforcement.worklist import Filters

router = APIRouter(prefix="/api/v1", tags=["casework"])
CASE = "/cases/{number}"


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _example(example: JsonDict) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class Until(Given):
    model_config = _example({"until": "2026-12-01", "waits_for": "client"})
    until: dt.date
    waits_for: WaitsFor


class To(Given):
    model_config = _example({"to": "second.heerlen"})
    to: str = Field(description="user id of a colleague")


class Work(To):
    model_config = _example({"to": "second.heerlen", "numbers": ["2026-004220"]})
    numbers: list[str] = Field(min_length=1, max_length=MOST_AT_ONCE)


class AssignedOut(Answer):
    """`version` is null when the case stayed where it was; `why` says why."""

    number: str
    version: int | None
    why: str


class Away(Given):
    model_config = _example(
        {"user": "officer.heerlen", "first": "2026-12-21", "last": "2027-01-04", "deputy": "second.heerlen"}
    )
    user: str
    first: dt.date
    last: dt.date = Field(description="included")
    deputy: str | None = None


class NoteIn(Given):
    model_config = _example({"text": "Mevrouw stuurt het huurcontract voor vrijdag."})
    text: str = Field(min_length=1, max_length=LONGEST)


class NoteOut(Answer):
    id: str
    author: str
    own: bool
    at: dt.datetime
    text: str


class DocumentOut(Answer):
    id: str
    name: str
    media_type: str
    size: int = Field(description="bytes")
    sha256: str
    author: str
    at: dt.datetime


class StepIn(Given):
    """A home visit needs an objective ground and the client's consent (Participatiewet 53a)."""

    model_config = _example({"means": "desk_check"})
    means: Means
    ground: str = Field(default="", max_length=LONGEST)
    consent: Consent | None = None


class StepOut(Answer):
    means: Means
    at: dt.datetime
    ground: str | None
    consent: Consent | None


class Steps(Answer):
    taken: list[StepOut]
    possible: list[Means]

    @classmethod
    def of(cls, taken: tuple[Taken, ...]) -> Steps:
        return cls(taken=[StepOut(**vars(one)) for one in taken], possible=sorted(next_means(taken)))


class Overturned(Given):
    model_config = _example({"finding": "0f3c", "ground": "Beslissing op bezwaar van 3 maart 2027: gegrond."})
    finding: str
    ground: str = Field(max_length=LONGEST, description="the ruling on the objection or appeal")


class LoadOut(Answer):
    user: str
    name: str
    in_hand: int = Field(description="cases")
    items: int = Field(description="items of the service list in hand")
    waiting: int
    overdue: int = Field(description="cases and items")
    next_due: dt.date | None = Field(description="of both")
    away_until: dt.date | None
    approved: int


class FilterIn(Given):
    model_config = _example({"states": ["open"], "mine": False})
    states: list[State] = Field(min_length=1)
    mine: bool = False


class FilterOut(Answer):
    name: str
    states: list[State]
    mine: bool


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def as_file(found: Document, content: bytes) -> Response:
    """A document to keep, never to open in the browser."""
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(found.name)}", "etag": f'"{found.sha256}"'}
    return Response(content, media_type=found.media_type, headers=headers)


@router.post(f"{CASE}/wait", responses=responses(400, 401, 403, 404, 409, 412, 428))
def wait(request: Request, visit: Meant, number: str, version: AsRead, given: Until) -> Changed:
    """Puts a case in hand aside until a day, not later than it is due."""
    with writing(engine(request)) as session:
        new = put_aside(session, visit.viewer, number, version, given.until, given.waits_for, now())
    return Changed(number=number, version=new, state=State.CLAIMED)


@router.post(f"{CASE}/resume", responses=responses(400, 401, 403, 404, 409, 412, 428))
def resume(request: Request, visit: Meant, number: str, version: AsRead) -> Changed:
    """Goes on with a case that was put aside."""
    with writing(engine(request)) as session:
        new = take_up(session, visit.viewer, number, version, now())
    return Changed(number=number, version=new, state=State.CLAIMED)


@router.post(f"{CASE}/hand-over", responses=responses(401, 403, 404, 409, 412, 428))
def give(request: Request, visit: Meant, number: str, version: AsRead, given: To) -> Changed:
    """Gives a case in hand to a colleague."""
    with writing(engine(request)) as session:
        new = hand_over(session, visit.viewer, number, version, given.to, now())
    return Changed(number=number, version=new, state=State.CLAIMED)


@router.post("/assignments", responses=responses(400, 401, 403))
def assign_cases(request: Request, visit: Meant, given: Work) -> list[AssignedOut]:
    """Gives open cases to a colleague; each case by itself. Outcomes are never given in bulk (R2)."""
    with writing(engine(request)) as session:
        done = assign(session, visit.viewer, given.numbers, given.to, now())
    return [AssignedOut(**vars(one)) for one in done]


@router.post("/absences", status_code=204, responses=responses(400, 401, 403))
def record_absence(request: Request, visit: Meant, given: Away) -> None:
    """Records an absence; a deputy, or else the list, gets what is in hand."""
    with writing(engine(request)) as session:
        be_absent(session, visit.viewer, given.user, given.first, given.last, given.deputy, now())


@router.get("/team", responses=responses(401, 403))
def read_team(request: Request, visit: Signed) -> list[LoadOut]:
    """Load and deadlines of the team."""
    with reading(engine(request)) as session:
        return [LoadOut(**vars(one)) for one in team(session, visit.viewer, now())]


@router.get(f"{CASE}/notes", responses=responses(401, 403, 404, 503))
def list_notes(request: Request, visit: Signed, number: str) -> list[NoteOut]:
    """The notes of a case. The look is logged first."""
    with looking(engine(request)) as session:
        return [NoteOut(**vars(one)) for one in read_notes(session, visit.viewer, number, now())]


@router.post(f"{CASE}/notes", status_code=201, responses=responses(400, 401, 403, 404, 409))
def add_note(request: Request, visit: Meant, number: str, given: NoteIn) -> dict[str, str]:
    """Adds a note to a case in hand."""
    with writing(engine(request)) as session:
        return {"id": write_note(session, visit.viewer, number, given.text, now())}


@router.get(f"{CASE}/documents", responses=responses(401, 403, 404, 503))
def documents(request: Request, visit: Signed, number: str) -> list[DocumentOut]:
    """The documents of a case. The look is logged first."""
    with looking(engine(request)) as session:
        return [DocumentOut(**vars(one)) for one in list_documents(session, visit.viewer, number, now())]


@router.post(f"{CASE}/documents", status_code=201, responses=responses(400, 401, 403, 404, 409))
def upload(request: Request, visit: Meant, number: str, file: Annotated[UploadFile, File()]) -> DocumentOut:
    """Adds a PDF, PNG or JPEG of at most 10 MiB to a case in hand."""
    content = file.file.read(LARGEST + 1)
    keys = Keys.read(request.app.state.settings.keys)
    with writing(engine(request)) as session:
        added = add_document(session, visit.viewer, keys, number, file.filename or "", content, now())
    return DocumentOut(**vars(added))


@router.get(
    f"{CASE}/documents/{{document}}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **responses(401, 403, 404, 409, 503)},
)
def download(request: Request, visit: Signed, number: str, document: str) -> Response:
    """A document as it was added; 409 when it is no longer that. The look is logged first."""
    keys = Keys.read(request.app.state.settings.keys)
    with looking(engine(request)) as session:
        return as_file(*open_document(session, visit.viewer, keys, number, document, now()))


@router.get(f"{CASE}/steps", responses=responses(401, 403, 404))
def read_steps(request: Request, visit: Signed, number: str) -> Steps:
    """The steps of the review so far, and which may follow."""
    with reading(engine(request)) as session:
        return Steps.of(steps_taken(session, visit.viewer, number))


@router.post(f"{CASE}/steps", responses=responses(401, 403, 404, 409, 422))
def add_step(request: Request, visit: Meant, number: str, given: StepIn) -> Steps:
    """Records a step; a lighter one comes first."""
    with writing(engine(request)) as session:
        taken = take_step(session, visit.viewer, number, given.means, now(), ground=given.ground, consent=given.consent)
    return Steps.of(taken)


@router.post(f"{CASE}/overturn", status_code=204, responses=responses(401, 403, 404, 409, 422))
def overturn_findings(request: Request, visit: Meant, number: str, given: Overturned) -> None:
    """Records that an objection or appeal overturned approved findings."""
    with writing(engine(request)) as session:
        overturn(session, visit.viewer, number, given.finding, given.ground, now())


@router.get("/filters", responses=responses(401, 403))
def read_filters(request: Request, visit: Signed) -> list[FilterOut]:
    """One's own filters."""
    with reading(engine(request)) as session:
        return [
            FilterOut(name=one.name, states=sorted(one.filters.states), mine=one.filters.mine)
            for one in kept_filters(session, visit.viewer)
        ]


@router.put("/filters/{name}", status_code=204, responses=responses(400, 401, 403))
def put_filter(request: Request, visit: Meant, name: str, given: FilterIn) -> None:
    """Keeps a filter under a name."""
    with writing(engine(request)) as session:
        keep_filter(session, visit.viewer, name, Filters(frozenset(given.states), given.mine), now())


@router.delete("/filters/{name}", status_code=204, responses=responses(401, 403))
def delete_filter(request: Request, visit: Meant, name: str) -> None:
    """Drops a filter; one that is not there is gone already."""
    with writing(engine(request)) as session:
        drop_filter(session, visit.viewer, name[:LONGEST_NAME])
