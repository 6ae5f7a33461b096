"""JSON routes of what a client may ask: the letter, a contest, what is not told yet, and what may not be deleted.

GDPR 13-18 and 21, UAVG 41. Every one stands in the municipality's log before anything is shown or done. What needs the
lake is done by `weegschaal work` within a minute: a contested case is scored again without the disputed data, and once
more when the correction is named. The access report and an erasure need the keys of the vault and of the audit; they
stay commands (`weegschaal access-report`, `weegschaal erase`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.answers import Answer
from api.etag import AsRead, etag
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement import holds as waiting
from enforcement.access import Permission, Purpose, Viewer, require
from enforcement.cases import State, find
from enforcement.contest import Disputed, Told, contests, correct, open_contest, settle, told
from enforcement.database import reading, writing
from enforcement.errors import ConflictError, RefusedError
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.notices import notice

router = APIRouter(prefix="/api/v1", tags=["rights of the person"])
CASE = "/cases/{number}"
PAGE = 50
REASON = "Bezwaarprocedure bij de gemeente, dossier 26/123."


def _example(example: JsonDict) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NoticeIn(BaseModel):
    model_config = _example({"purpose": "review"})
    purpose: Purpose = Field(description="why the letter is made; it stands in the log")


class Letter(Answer):
    subject: str
    body: str = Field(description="plain text, lines separated by a newline")


class Message(Answer):
    """As a message box takes it; the English text stands below the Dutch."""

    reference: str
    subject: str = Field(description="one line of at most 80 characters")
    body: str = Field(description="at most 10,000 characters")


class NoticeOut(Answer):
    """The letter to the client, in both languages and ready for a message box."""

    reference: str = Field(description="what the client quotes when calling: the case number", examples=["2026-004220"])
    nl: Letter
    en: Letter
    message: Message


class ContestIn(BaseModel):
    """What the client disputes: data of some topics, or with `objection` the ranking itself (GDPR 21)."""

    model_config = _example(
        {"topics": ["income"], "text": "Het loon van maart was van mijn zus, niet van mij.", "objection": False}
    )
    topics: list[str] = Field(default=[], max_length=20, description="topics of the data; none with an objection")
    text: str = Field(max_length=5_000, description="what the client says; kept encrypted")
    objection: bool = False


class Opened(Answer):
    id: str
    number: str = Field(examples=["2026-004220"])
    state: State


class ContestOut(Answer):
    """A contest without what the client says."""

    id: str
    number: str | None = Field(description="of the case", examples=["2026-004220"])
    topics: list[str] = Field(description="empty: an objection to the ranking itself")
    opened_at: dt.datetime
    answer_by: dt.date = Field(description="last day on which the client is answered in time (GDPR 12(3))")
    outcome: Literal["upheld", "rejected"] | None = Field(description="null while it is open")
    settled_at: dt.datetime | None
    version: int = Field(description="send it back with every change")

    @classmethod
    def of(cls, found: Disputed) -> ContestOut:
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class ContestPage(Answer):
    items: list[ContestOut]
    after: str | None = Field(description="cursor of the next page, null on the last")


class RankedAgain(Answer):
    why: str = Field(description="without_disputed or corrected")
    at: dt.datetime


class ContestRead(Answer):
    """A contest with what the client says; the look was logged."""

    contest: ContestOut
    text: str
    ranked_again: list[RankedAgain] = Field(description="empty until `weegschaal work` did it, within a minute")
    correction: str | None = Field(description="delivery that holds the correction")

    @classmethod
    def of(cls, found: Told) -> ContestRead:
        return cls(
            contest=ContestOut.of(found.about),
            text=found.text,
            ranked_again=[RankedAgain(why=why, at=at) for why, at in found.scored_again.items()],
            correction=found.correction,
        )


class Correction(BaseModel):
    """The corrected records, which were brought in as a delivery."""

    model_config = _example({"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the file as it was delivered")


class Settlement(BaseModel):
    model_config = _example({"upheld": False})
    upheld: bool = Field(description="who was right: true for the client")


class Settled(Answer):
    id: str
    outcome: Literal["upheld", "rejected"]
    state: State | None = Field(description="in which the case goes on; null when it was not stopped")


class HoldIn(BaseModel):
    model_config = _example({"reason": REASON, "purpose": "objection"})
    reason: str = Field(max_length=2_000, description="what needs the data, without names; it stands in the log")
    purpose: Purpose


class RestrictionIn(HoldIn):
    model_config = _example({"reason": REASON, "purpose": "supervision", "until": "2027-01-15"})
    until: dt.date = Field(description="first day on which all is told again; at most half a year away")


class Made(Answer):
    id: str


class InForce(Answer):
    """A restriction or hold in force."""

    id: str
    number: str | None = Field(description="of the case on its newest list", examples=["2026-004220"])
    reason: str
    since: dt.date
    until: dt.date | None = Field(description="null for a hold: it lasts until it is lifted")

    @classmethod
    def of(cls, found: waiting.Listed) -> InForce:
        return cls(**vars(found))


For = Annotated[Purpose, Query(description="why it is read; it stands in the log")]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def keys_of(request: Request) -> Keys:
    return Keys.read(request.app.state.settings.keys)


def objecting(viewer: Viewer) -> Viewer:
    """A contest is always about what the client objects to, whatever the viewer's work."""
    return replace(viewer, purpose=Purpose.OBJECTION)


@router.post(f"{CASE}/notice", responses=responses(401, 403, 404, 409, 422, 503))
def make_notice(request: Request, visit: Meant, number: str, given: NoticeIn) -> NoticeOut:
    """The letter about a case: how it came on the list, from which data, what the client can do. Logged first; the arm
    and the criteria are told once the review is done."""
    viewer = replace(visit.viewer, purpose=given.purpose)
    with writing(engine(request)) as session:
        made = notice(session, viewer, number, _now())
    try:
        message = made.message()
    except ValueError as error:
        raise ConflictError(str(error)) from error
    letters = {one.language: Letter(subject=one.subject, body=one.body) for one in made.letters}
    return NoticeOut(reference=made.reference, nl=letters["nl"], en=letters["en"], message=Message(**message))


@router.get("/contests", responses=responses(400, 401, 403))
def read_contests(
    request: Request,
    visit: Signed,
    after: Annotated[str | None, Query(max_length=40, description="cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> ContestPage:
    """All contests of the municipality, the open ones first, without what clients say."""
    with reading(engine(request)) as session:
        found = contests(session, visit.viewer)
    start = 0
    if after is not None:
        start = next((at for at, one in enumerate(found, 1) if one.id == after), -1)
        if start < 0:
            raise RefusedError("`after` is no cursor of this list; begin without it")
    page = found[start : start + limit]
    more = len(found) > start + limit
    return ContestPage(items=[ContestOut.of(one) for one in page], after=page[-1].id if more else None)


@router.post(f"{CASE}/contests", status_code=201, responses=responses(401, 403, 404, 409, 422, 503))
def contest_case(request: Request, response: Response, visit: Meant, number: str, given: ContestIn) -> Opened:
    """Stops the case at once: nobody takes it, saves or approves, and no list takes it up while the contest is open."""
    viewer = objecting(visit.viewer)
    with writing(engine(request)) as session:
        which = open_contest(
            session, viewer, keys_of(request), number, given.topics, given.text, _now(), objection=given.objection
        )
        state = State(find(session, viewer, number).state)
    response.headers["ETag"] = etag(1)
    return Opened(id=which, number=number, state=state)


@router.get("/contests/{contest}", responses=responses(401, 403, 404, 422, 503))
def read_contest(
    request: Request, response: Response, visit: Signed, contest: str, purpose: For = Purpose.OBJECTION
) -> ContestRead:
    """One contest with what the client says. The look is logged first."""
    viewer = replace(visit.viewer, purpose=purpose)
    with looking(engine(request)) as session:
        found = told(session, viewer, keys_of(request), contest, _now())
    response.headers["ETag"] = etag(found.about.version)
    return ContestRead.of(found)


@router.post(
    "/contests/{contest}/correction",
    responses=responses(400, 401, 403, 404, 409, 412, 422, 428, 503),
)
def name_correction(request: Request, visit: Meant, contest: str, version: AsRead, given: Correction) -> Made:
    """Names the delivery with the corrected records; the case is scored with it alone within a minute, and every later
    matrix knows it."""
    with writing(engine(request)) as session:
        correct(session, objecting(visit.viewer), contest, given.sha256, version, _now())
    return Made(id=contest)


@router.post("/contests/{contest}/settlement", responses=responses(401, 403, 404, 409, 412, 422, 428, 503))
def settle_contest(request: Request, visit: Meant, contest: str, version: AsRead, given: Settlement) -> Settled:
    """Ends a contest. Upheld about data, the case must have been scored with the correction; upheld against the
    ranking, the case leaves this list and later ones."""
    with writing(engine(request)) as session:
        state = settle(session, objecting(visit.viewer), contest, upheld=given.upheld, now=_now(), version=version)
    return Settled(id=contest, outcome="upheld" if given.upheld else "rejected", state=state)


@router.get("/restrictions", responses=responses(401, 403, 422, 503))
def read_restrictions(request: Request, visit: Signed, purpose: For = Purpose.SUPERVISION) -> list[InForce]:
    """What is not told to clients yet, why and until when (UAVG 41). The look is logged first."""
    with looking(engine(request)) as session:
        found = waiting.restrictions(session, replace(visit.viewer, purpose=purpose), _now())
    return [InForce.of(one) for one in found]


@router.post(f"{CASE}/restrictions", status_code=201, responses=responses(401, 403, 404, 422, 503))
def restrict_telling(request: Request, visit: Meant, number: str, given: RestrictionIn) -> Made:
    """Withholds what the investigation of a case found from the access report and the letter, until a day (UAVG 41).
    To stop the work with data, open a contest (GDPR 18)."""
    viewer = replace(visit.viewer, purpose=given.purpose)
    require(viewer, Permission.HANDLE_RIGHTS)
    with writing(engine(request)) as session:
        case = find(session, viewer, number)
        return Made(id=waiting.restrict(session, viewer, case.id, given.reason, given.until, _now()))


@router.delete("/restrictions/{restriction}", status_code=204, responses=responses(401, 403, 404, 503))
def end_restriction(request: Request, visit: Meant, restriction: str) -> None:
    """All is told again, before the end that was set."""
    with writing(engine(request)) as session:
        waiting.end_restriction(session, visit.viewer, restriction, _now())


@router.get("/holds", responses=responses(401, 403, 422, 503))
def read_holds(request: Request, visit: Signed, purpose: For = Purpose.SUPERVISION) -> list[InForce]:
    """The legal holds in force, with their reasons. The look is logged first."""
    with looking(engine(request)) as session:
        found = waiting.holds(session, replace(visit.viewer, purpose=purpose), _now())
    return [InForce.of(one) for one in found]


@router.post(f"{CASE}/holds", status_code=201, responses=responses(401, 403, 404, 422, 503))
def hold_case(request: Request, visit: Meant, number: str, given: HoldIn) -> Made:
    """Keeps everything about a case from deletion until the hold is lifted (GDPR 17(3)(e), and 18(1)(c) at the client's
    own request)."""
    viewer = replace(visit.viewer, purpose=given.purpose)
    require(viewer, Permission.HANDLE_RIGHTS)
    with writing(engine(request)) as session:
        case = find(session, viewer, number)
        return Made(id=waiting.hold(session, viewer, case.id, given.reason, _now()))


@router.delete("/holds/{hold}", status_code=204, responses=responses(401, 403, 404, 503))
def lift_hold(request: Request, visit: Meant, hold: str) -> None:
    """What the hold kept may be deleted by its rule again."""
    with writing(engine(request)) as session:
        waiting.lift_hold(session, visit.viewer, hold, _now())
