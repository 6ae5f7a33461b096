"""The page of a case and what can be done there. Whatever is shown was logged first, with its purpose."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api import relations_svg, timeline_svg
from api.answers import Case, Relations
from api.client import Details, reveal
from api.forms import FORM_IS_GONE, Line, Refused, Version, both, tried
from api.language import Language
from api.pages import see_other
from api.relations_svg import Words, distinct
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement import working_days
from enforcement.access import Permission, Purpose, allowed
from enforcement.cases import Step, claim, release
from enforcement.database import writing
from enforcement.dossier import CaseView, HistoryEntry, case_view, history, relations, timeline
from enforcement.errors import FindingsError
from enforcement.evidence import Document, list_documents
from enforcement.findings import CAUSE_WORDS, EFFECT_WORDS, Cause, Findings, approve, return_findings, save_findings
from enforcement.keys import Keys
from enforcement.looking import looking
from enforcement.notes import Note, read_notes
from enforcement.proportion import MEANS_WORDS, Means, Taken, next_means, steps_taken
from enforcement.team import Colleague, colleagues
from enforcement.tips import TIP_SOURCE_WORDS, Told, read_tips
from enforcement.users import Visit
from enforcement.waiting import WAITS_FOR_WORDS

router = APIRouter(prefix="/zaken")
MILESTONES = frozenset(
    {
        "case_claimed", "case_released", "case_put_aside", "case_taken_up", "case_handed_over", "case_assigned",
        "step_taken", "document_added", "note_written", "findings_saved", "findings_approved", "findings_returned",
        "identity_read", "dossier_made", "contest_opened", "contest_settled", "notice_made",
    }
)  # fmt: skip
"""what the page's history shows; every look stands in the log itself"""
GOES_WITHOUT_SAYING = {Cause.NOTHING_IRREGULAR.value: "none", Cause.INCONCLUSIVE.value: "unknown"}
"""causes that leave only one effect"""
_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")
Purposeful = Annotated[Purpose, Form()]


@router.get("/{number}")
def case_page(request: Request, visit: Signed, number: str) -> Response:
    return draw_case(request, visit, number)


@router.post("/{number}/oppakken")
def claim_case(request: Request, visit: Meant, number: str) -> Response:
    with writing(engine(request)) as session:
        claim(session, visit.viewer, number, dt.datetime.now(dt.UTC))
    return see_other(f"/zaken/{number}")


@router.post("/{number}/teruggeven")
def release_case(request: Request, visit: Meant, number: str, version: Version) -> Response:
    with writing(engine(request)) as session:
        release(session, visit.viewer, number, version, dt.datetime.now(dt.UTC))
    return see_other(f"/zaken/{number}")


@router.post("/{number}/gegevens")
def show_client(request: Request, visit: Meant, number: str, purpose: Purposeful) -> Response:
    """The case with who it is about; logged first, and 503 when the log does not take it (R14)."""
    details = reveal(request, visit.viewer, number, purpose)
    return draw_case(request, visit, number, details=details, stated=purpose)


@router.post("/{number}/bevindingen")
def save(
    request: Request,
    visit: Meant,
    number: str,
    version: Version,
    cause: Line = "",
    effect: Line = "",
    amount: Line = "",
    reasoning: Line = "",
    hours: Line = "",
) -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        follows = GOES_WITHOUT_SAYING.get(cause, "")
        findings = Findings.of(cause, effect or follows, cents(amount), reasoning, minutes(hours))
        save_findings(session, visit.viewer, number, findings, version, now)

    refused = tried(request, "findings", work, FORM_IS_GONE)
    if refused:
        given = {"cause": cause, "effect": effect, "amount": amount, "reasoning": reasoning, "hours": hours}
        return draw_case(request, visit, number, given=given, refused=refused)
    return see_other(f"/zaken/{number}#bevinding")


@router.post("/{number}/goedkeuren")
def approve_findings(
    request: Request, visit: Meant, number: str, version: Version, finding: Line, remark: Line = ""
) -> Response:
    with writing(engine(request)) as session:
        approve(session, visit.viewer, number, version, dt.datetime.now(dt.UTC), finding, remark)
    return see_other(f"/zaken/{number}#bevinding")


@router.post("/{number}/terugsturen")
def send_back(
    request: Request, visit: Meant, number: str, version: Version, finding: Line, remark: Line = ""
) -> Response:
    def work(session: Session, now: dt.datetime) -> None:
        return_findings(session, visit.viewer, number, version, remark, now, finding)

    refused = tried(request, "findings", work, FORM_IS_GONE)
    if refused:
        return draw_case(request, visit, number, given={"remark": remark}, refused=refused)
    return see_other(f"/zaken/{number}#bevinding")


def cents(amount: str) -> int | None:
    """Euro cents of what a person typed; None for nothing. Raises FindingsError for something else.

    >>> cents(" 125,50 "), cents("80"), cents("")
    (12550, 8000, None)
    """
    typed = amount.replace("€", "").strip()
    if not typed:
        return None
    found = _AMOUNT.fullmatch(typed)
    if not found:
        raise FindingsError("amount_cents", *both("findings.bad_amount"))
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def minutes(hours: str) -> int | None:
    """Minutes of the hours that a person typed; None for nothing. Raises FindingsError for something else.

    >>> minutes("3,5"), minutes("")
    (210, None)
    """
    typed = hours.strip()
    if not typed:
        return None
    found = _AMOUNT.fullmatch(typed)
    if not found:
        raise FindingsError("minutes", *both("findings.bad_hours"))
    return round(60 * float(f"{found[1]}.{found[2] or 0}"))


def as_typed(hundredths: int | None) -> str:
    """Hundredths as a person types them in a form: cents as euros. Empty for None.

    >>> as_typed(12550), as_typed(350), as_typed(8000), as_typed(None)
    ('125,50', '3,50', '80,00', '')
    """
    return "" if hundredths is None else f"{hundredths // 100},{hundredths % 100:02d}"


def words(spoken: Language) -> Words:
    """What the drawing of relations says in this language."""
    return Words(
        spoken.code,
        spoken.period,
        lambda count: spoken.count("relations.relations", count),
        spoken.text("relations.hub"),
    )


def _sent_back(view: CaseView) -> dict[str, str]:
    """What the form of the findings begins with: what was sent back to the viewer last, to be mended."""
    own = [one for one in view.findings if one.own]
    if Step.SAVE not in view.steps or not own or own[-1].state != "returned":
        return {}
    one = own[-1]
    return {
        "cause": one.cause.value,
        "effect": one.effect.value,
        "amount": as_typed(one.amount_cents),
        "reasoning": one.reasoning,
        "hours": as_typed(None if one.minutes is None else round(one.minutes * 100 / 60)),
    }


def draw_case(
    request: Request,
    visit: Visit,
    number: str,
    *,
    details: Details | None = None,
    stated: Purpose | None = None,
    given: Mapping[str, str] | None = None,
    refused: Refused | None = None,
) -> Response:
    """Everything the viewer may see of the case, in one transaction with its log entries. given: what was typed in the
    form that was refused."""
    spoken = language(request)
    viewer = visit.viewer
    with looking(engine(request)) as session:
        seen = look(session, request, visit, number)
    view, graph, periods, work = seen.view, seen.graph, seen.periods, seen.work
    return render(
        request,
        "case.html",
        visit,
        status=refused.status if refused else 200,
        here=f"/zaken/{number}" if request.method == "POST" else "",
        case=Case.of(view),
        days_left=seen.days_left,
        events=seen.events,
        relations=_drawn(graph, spoken) if graph else None,
        timeline=timeline_svg.draw(periods, spoken.text) if periods and periods["rows"] else None,
        timeline_from=periods["from"] if periods else "",
        timeline_until=periods["until"] if periods else "",
        may_identify=allowed(viewer, Permission.SEE_IDENTITY),
        works=allowed(viewer, Permission.CLAIM_CASE),
        details=details,
        stated=stated,
        purposes=list(Purpose),
        causes=sides(CAUSE_WORDS, spoken),
        effects=sides(EFFECT_WORDS, spoken),
        given=given or _sent_back(view),
        refused=refused,
        work=work,
        means_words=dict(sides(MEANS_WORDS, spoken)),
        wait_words=sides(WAITS_FOR_WORDS, spoken),
        tip_words=dict(sides(TIP_SOURCE_WORDS, spoken)),
    )


@dataclass(frozen=True)
class Work:
    """What has been done on a case, as far as the viewer may see it, and what may follow."""

    notes: tuple[Note, ...]
    documents: tuple[Document, ...]
    steps: tuple[Taken, ...]
    possible: tuple[Means, ...]
    """steps that may be taken now, the lightest first"""
    colleagues: tuple[Colleague, ...]
    tips: tuple[Told, ...]
    """empty until the arm may be seen"""
    first_day: dt.date
    """earliest day to put it aside until"""


@dataclass(frozen=True)
class Seen:
    """What a viewer gets to see of a case at one moment: on the page and in the dossier alike."""

    view: CaseView
    graph: Mapping[str, Any] | None
    periods: Mapping[str, Any] | None
    events: tuple[HistoryEntry, ...]
    work: Work
    days_left: int
    """working days until it is due; negative when that has passed"""


def look(session: Session, request: Request, visit: Visit, number: str) -> Seen:
    """Everything the viewer may see of the case; each look is in the log, in this transaction."""
    viewer, now = visit.viewer, dt.datetime.now(dt.UTC)
    view = case_view(session, viewer, number)
    return Seen(
        view=view,
        graph=relations(session, viewer, number),
        periods=timeline(session, viewer, number),
        events=tuple(one for one in history(session, viewer, number) if one.action in MILESTONES),
        work=_work(session, request, visit, view, now),
        days_left=working_days.between(now.date(), view.due),
    )


def _work(session: Session, request: Request, visit: Visit, view: CaseView, now: dt.datetime) -> Work:
    viewer, number = visit.viewer, view.number
    taken = steps_taken(session, viewer, number)
    possible = next_means(taken) if view.mine else frozenset()
    tips = None
    if view.shown.arms is not None:
        tips = read_tips(session, viewer, Keys.read(request.app.state.settings.keys), number, now)
    return Work(
        notes=read_notes(session, viewer, number, now),
        documents=list_documents(session, viewer, number, now),
        steps=taken,
        possible=tuple(one for one in Means if one in possible),
        colleagues=colleagues(session, viewer, now.date()) if view.mine else (),
        tips=tips or (),
        first_day=now.date() + dt.timedelta(days=1),
    )


Word = TypeVar("Word", bound=StrEnum)


def sides(words: Mapping[Word, tuple[str, str]], spoken: Language) -> list[tuple[str, str]]:
    """(value, text in this language) of a table of words."""
    return [(one.value, _side(pair, spoken)) for one, pair in words.items()]


def _side(pair: tuple[str, str], spoken: Language) -> str:
    return pair[0] if spoken.code == "nl" else pair[1]


def _drawn(graph: Mapping[str, Any], spoken: Language) -> dict[str, Any]:
    """The first step; the second is for who asks for it with a purpose (api/explore.py)."""
    named = distinct(graph)
    told = Relations.of(named, 1)
    return {
        "drawing": relations_svg.draw(named, words(spoken), 1),
        "nodes": {node.id: node for node in told.nodes},
        "edges": told.edges,
        "kinds": sorted({node.kind for node in told.nodes}, key=relations_svg.ORDER.index),
    }
