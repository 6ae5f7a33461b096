"""Pages of what a client may ask: the letter, a contest or objection, what is not told yet and what may not be deleted.

The same acts as under /api/v1 (rights_of_person.py), as plain forms. Each has a purpose, is confirmed by typing the
case's number, and stands in the log before anything happens; what happened is said afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.forms import Line, Refused, Version, Work, both, tried
from api.pages import see_other
from api.rendering import may, render
from api.rights_of_person import keys_of, objecting
from api.security import Meant, Signed, engine
from enforcement import holds, rights_requests, working_days
from enforcement.access import Permission, Purpose, Viewer, require
from enforcement.blind import TOPICS
from enforcement.cases import find
from enforcement.contest import contests, correct, open_contest, settle, told
from enforcement.database import writing
from enforcement.errors import FindingsError
from enforcement.looking import looking
from enforcement.notices import Notice, notice
from enforcement.rights_of_case import rights_of_case
from enforcement.users import Visit

router = APIRouter()
LETTER_PURPOSES = (Purpose.REVIEW, Purpose.OBJECTION, Purpose.ACCESS_REQUEST, Purpose.SUPERVISION)
KEEP_PURPOSES = (Purpose.OBJECTION, Purpose.SUPERVISION, Purpose.ACCESS_REQUEST)
DONE = frozenset(
    {
        "contest", "objection", "restriction", "hold", "ended", "lifted", "correction", "upheld", "rejected",
        "access", "erasure", "agreed", "withdrawn",
    }
)  # fmt: skip
"""what may have happened, as the address after it says"""
Word = Annotated[str, Query(max_length=20)]


@router.get("/zaken/{number}/rechten")
def case_rights_page(request: Request, visit: Signed, number: str, gedaan: Word = "") -> Response:
    return _draw_case(request, visit, number, done=gedaan)


@router.post("/zaken/{number}/rechten/brief")
def make_letter(request: Request, visit: Meant, number: str, purpose: Line = "") -> Response:
    """The letter to the client, shown once; making it is in the log with its purpose."""
    made: list[Notice] = []

    def work(session: Session, now: dt.datetime) -> None:
        made.append(notice(session, replace(visit.viewer, purpose=_purpose(purpose)), number, now))

    refused = tried(request, "letter", work)
    return _draw_case(request, visit, number, letter=None if refused else made[0], refused=refused)


@router.post("/zaken/{number}/rechten/betwisting")
def contest_case(
    request: Request,
    visit: Meant,
    number: str,
    kind: Line = "",
    topics: Annotated[list[str] | None, Form()] = None,
    text: Line = "",
    confirm: Line = "",
) -> Response:
    """Stops the case at once. kind: data, or objection to the order itself."""
    viewer, objection = objecting(visit.viewer), kind == "objection"

    def work(session: Session, now: dt.datetime) -> None:
        require(viewer, Permission.HANDLE_RIGHTS)
        find(session, viewer, number)
        _confirmed(confirm, number)
        about = [] if objection else topics or []
        open_contest(session, viewer, keys_of(request), number, about, text, now, objection=objection)

    given = {"kind": kind, "text": text} | {f"topic_{one}": "1" for one in topics or []}
    return _done(request, visit, number, "objection" if objection else "contest", "contest", work, given)


@router.post("/zaken/{number}/rechten/beperking")
def restrict_telling(
    request: Request, visit: Meant, number: str, reason: Line = "", until: Line = "", purpose: Line = "",
    confirm: Line = "",
) -> Response:  # fmt: skip
    """Withholds what the investigation found, until a day (UAVG 41)."""
    viewer = visit.viewer

    def work(session: Session, now: dt.datetime) -> None:
        require(viewer, Permission.HANDLE_RIGHTS)
        case = find(session, viewer, number)
        _confirmed(confirm, number)
        holds.restrict(session, replace(viewer, purpose=_purpose(purpose)), case.id, reason, _day(until), now)

    given = {"restriction_reason": reason, "until": until}
    return _done(request, visit, number, "restriction", "restriction", work, given)


@router.post("/zaken/{number}/rechten/bewaren")
def hold_case(
    request: Request, visit: Meant, number: str, reason: Line = "", purpose: Line = "", confirm: Line = ""
) -> Response:
    """Keeps everything about the case from deletion (GDPR 17(3)(e), 18(1)(c))."""
    viewer = visit.viewer

    def work(session: Session, now: dt.datetime) -> None:
        require(viewer, Permission.HANDLE_RIGHTS)
        case = find(session, viewer, number)
        _confirmed(confirm, number)
        holds.hold(session, replace(viewer, purpose=_purpose(purpose)), case.id, reason, now)

    return _done(request, visit, number, "hold", "hold", work, {"hold_reason": reason})


@router.get("/rechten")
def rights_page(request: Request, visit: Signed, gedaan: Word = "") -> Response:
    return _draw_all(request, visit, done=gedaan)


@router.post("/rechten/verzoeken")
def request_report(
    request: Request,
    visit: Meant,
    kind: Line = "",
    bsn: Line = "",
    reference: Line = "",
    received: Line = "",
    sure: Line = "",
) -> Response:
    """Asks for an access report or an erasure; `weegschaal work` does it, an erasure after a second person agreed."""

    def work(session: Session, now: dt.datetime) -> None:
        require(visit.viewer, Permission.ANSWER_REQUESTS)
        if kind not in set(rights_requests.Kind):
            raise FindingsError("kind", *both("rights.choose_request"))
        day = _day(received)
        which = rights_requests.Kind(kind)
        rights_requests.ask(session, visit.viewer, keys_of(request), which, bsn, reference, day, now)
        _sure(sure)

    refused = tried(request, "request", work)
    if refused:
        given = {"kind": kind, "reference": reference, "received": received}  # never the number
        return _draw_all(request, visit, refused=refused, given=given)
    return see_other(f"/rechten?gedaan={kind}#gedaan")


@router.post("/rechten/verzoeken/{asked}/akkoord")
def agree_to_erase(request: Request, visit: Meant, asked: str, sure: Line = "") -> Response:
    """A second person agrees; nothing brings the person back after that."""

    def work(session: Session, now: dt.datetime) -> None:
        rights_requests.agree(session, visit.viewer, asked, now)
        _sure(sure)

    refused = tried(request, asked, work)
    return _draw_all(request, visit, refused=refused) if refused else see_other("/rechten?gedaan=agreed#gedaan")


@router.post("/rechten/verzoeken/{asked}/intrekken")
def withdraw_request(request: Request, visit: Meant, asked: str) -> Response:
    with writing(engine(request)) as session:
        rights_requests.withdraw(session, visit.viewer, asked, dt.datetime.now(dt.UTC))
    return see_other("/rechten?gedaan=withdrawn#gedaan")


@router.post("/rechten/verzoeken/{asked}/ophalen")
def fetch_report(request: Request, visit: Meant, asked: str) -> Response:
    """The report on paper and for a program, once; the fetch is in the log."""
    with writing(engine(request)) as session:
        file = rights_requests.fetch(session, visit.viewer, keys_of(request), asked, dt.datetime.now(dt.UTC))
    headers = {"content-disposition": f'attachment; filename="inzage-{asked}.zip"'}
    return Response(file, media_type="application/zip", headers=headers)


@router.post("/rechten/beperkingen/{restriction}/einde")
def end_restriction(request: Request, visit: Meant, restriction: str, sure: Line = "") -> Response:
    """All is told again before the day that was set."""
    return _ended(request, visit, restriction, sure, holds.end_restriction, "ended")


@router.post("/rechten/bewaren/{hold}/einde")
def lift_hold(request: Request, visit: Meant, hold: str, sure: Line = "") -> Response:
    """What was kept may be deleted by its rule again."""
    return _ended(request, visit, hold, sure, holds.lift_hold, "lifted")


@router.get("/rechten/betwistingen/{contest}")
def contest_page(request: Request, visit: Signed, contest: str, gedaan: Word = "") -> Response:
    return _draw_contest(request, visit, contest, done=gedaan)


@router.post("/rechten/betwistingen/{contest}/correctie")
def name_correction(request: Request, visit: Meant, contest: str, version: Version, sha256: Line = "") -> Response:
    """Names the delivery with the corrected records; `weegschaal work` scores the case with it within a minute."""
    viewer = objecting(visit.viewer)

    def work(session: Session, now: dt.datetime) -> None:
        correct(session, viewer, contest, sha256.strip().lower(), version, now)

    refused = tried(request, "correction", work)
    if refused:
        return _draw_contest(request, visit, contest, refused=refused, given={"sha256": sha256})
    return see_other(f"/rechten/betwistingen/{contest}?gedaan=correction#gedaan")


@router.post("/rechten/betwistingen/{contest}/afronden")
def settle_contest(
    request: Request, visit: Meant, contest: str, version: Version, upheld: Line = "", confirm: Line = ""
) -> Response:
    """Ends a contest, for the client or not; the case goes on, or leaves the list."""
    viewer = objecting(visit.viewer)

    def work(session: Session, now: dt.datetime) -> None:
        require(viewer, Permission.HANDLE_RIGHTS)
        about = told(session, viewer, keys_of(request), contest, now).about
        if upheld not in ("yes", "no"):
            raise FindingsError("upheld", *both("rights.choose_outcome"))
        _confirmed(confirm, about.number or about.id)
        settle(session, viewer, contest, upheld=upheld == "yes", now=now, version=version)

    refused = tried(request, "settlement", work)
    if refused:
        return _draw_contest(request, visit, contest, refused=refused, given={"upheld": upheld})
    return see_other(f"/rechten/betwistingen/{contest}?gedaan={'upheld' if upheld == 'yes' else 'rejected'}#gedaan")


def _ended(
    request: Request,
    visit: Visit,
    which: str,
    sure: str,
    end: Callable[[Session, Viewer, str, dt.datetime], None],
    done: str,
) -> Response:
    """Ends a restriction or a hold, and says so on the page of all."""

    def work(session: Session, now: dt.datetime) -> None:
        end(session, visit.viewer, which, now)
        _sure(sure)

    refused = tried(request, which, work)
    return _draw_all(request, visit, refused=refused) if refused else see_other(f"/rechten?gedaan={done}#gedaan")


def _done(
    request: Request, visit: Visit, number: str, done: str, part: str, work: Work, given: Mapping[str, str]
) -> Response:
    refused = tried(request, part, work)
    if refused:
        return _draw_case(request, visit, number, refused=refused, given=given)
    return see_other(f"/zaken/{number}/rechten?gedaan={done}#gedaan")


def _confirmed(typed: str, sign: str) -> None:
    if typed.strip() != sign:
        raise FindingsError("confirm", *both("rights.confirm_wrong", sign=sign))


def _sure(ticked: str) -> None:
    """Raised after the work was done in the same transaction, which is then undone: so another municipality's looks as
    one that is not there, whatever was ticked."""
    if not ticked:
        raise FindingsError("sure", *both("rights.sure_wrong"))


def _purpose(typed: str) -> Purpose:
    if typed not in set(Purpose):
        raise FindingsError("purpose", *both("rights.choose_purpose"))
    return Purpose(typed)


def _day(typed: str) -> dt.date:
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        raise FindingsError("until", *both("rights.choose_day")) from None


def _draw_case(
    request: Request,
    visit: Visit,
    number: str,
    *,
    done: str = "",
    letter: Notice | None = None,
    refused: Refused | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    now = dt.datetime.now(dt.UTC)
    with looking(engine(request)) as session:
        found = rights_of_case(session, visit.viewer, number, now)
    return render(
        request,
        "rights_case.html",
        visit,
        status=refused.status if refused else 200,
        here=f"/zaken/{number}/rechten" if request.method == "POST" else "",
        found=found,
        done=done if done in DONE else "",
        letters={one.language: one for one in letter.letters} if letter else {},
        refused=refused,
        given=given or {},
        handles=may(visit, Permission.HANDLE_RIGHTS),
        letter_purposes=LETTER_PURPOSES,
        keep_purposes=KEEP_PURPOSES,
        topics=TOPICS,
        first_day=now.date() + dt.timedelta(days=1),
        last_day=now.date() + holds.LONGEST_RESTRICTION,
    )


def _draw_all(
    request: Request,
    visit: Visit,
    *,
    done: str = "",
    refused: Refused | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    """Every contest and request of the municipality with its last day, what is not told and what is kept, after the
    look was logged."""
    now, viewer = dt.datetime.now(dt.UTC), visit.viewer
    with looking(engine(request)) as session:
        asked = rights_requests.requests(session, viewer)
        every = contests(session, viewer)
        untold, kept = holds.restrictions(session, viewer, now), holds.holds(session, viewer, now)
    running = sorted((one for one in every if one.outcome is None), key=lambda one: (one.answer_by, one.id))
    return render(
        request,
        "rights.html",
        visit,
        status=refused.status if refused else 200,
        here="/rechten" if request.method == "POST" else "",
        running=running,
        ended=[one for one in every if one.outcome is not None],
        requests=asked,
        answers=may(visit, Permission.ANSWER_REQUESTS),
        days_left={
            which: working_days.between(now.date(), last)
            for which, last in [(one.id, one.answer_by) for one in running] + [(one.id, one.answer_by) for one in asked]
        },
        today=now.date(),
        given=given or {},
        restrictions=untold,
        holds=kept,
        done=done if done in DONE else "",
        refused=refused,
    )


def _draw_contest(
    request: Request,
    visit: Visit,
    contest: str,
    *,
    done: str = "",
    refused: Refused | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    """One contest with what the client says; the look is in the log as one about an objection."""
    now = dt.datetime.now(dt.UTC)
    with looking(engine(request)) as session:
        found = told(session, objecting(visit.viewer), keys_of(request), contest, now)
    return render(
        request,
        "contest.html",
        visit,
        status=refused.status if refused else 200,
        here=f"/rechten/betwistingen/{contest}" if request.method == "POST" else "",
        told=found,
        sign=found.about.number or found.about.id,
        days_left=working_days.between(now.date(), found.about.answer_by),
        done=done if done in DONE else "",
        refused=refused,
        given=given or {},
    )
