"""The page of a case and what can be done there. Whatever is shown was logged first, with its purpose."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from api import relations_svg
from api.answers import Case, Relations
from api.client import Details, reveal
from api.language import Language
from api.pages import see_other
from api.relations_svg import Words, distinct
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement.access import Permission, Purpose, allowed
from enforcement.cases import claim, release
from enforcement.database import writing
from enforcement.dossier import case_view, history, relations
from enforcement.errors import FindingsError
from enforcement.findings import CAUSE_WORDS, EFFECT_WORDS, Cause, Findings, approve, return_findings, save_findings
from enforcement.users import Visit

router = APIRouter(prefix="/zaken")
MILESTONES = frozenset(
    {
        "case_claimed", "case_released", "findings_saved", "findings_approved", "findings_returned", "identity_read",
    }
)  # fmt: skip
"""what the page's history shows; every look stands in the log itself"""
GOES_WITHOUT_SAYING = {Cause.NOTHING_IRREGULAR.value: "none", Cause.INCONCLUSIVE.value: "unknown"}
"""causes that leave only one effect"""
_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")
Purposeful = Annotated[Purpose, Form()]
Version = Annotated[int, Form()]
Line = Annotated[str, Form(max_length=20_000)]


@router.get("/{number}")
def case_page(request: Request, visit: Signed, number: str) -> Response:
    return _page(request, visit, number)


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


@router.post("/{number}/relaties")
def look_further(request: Request, visit: Meant, number: str, purpose: Purposeful) -> Response:
    """The case with the second step of relations; the purpose is in the log before they appear (R24)."""
    return _page(request, visit, number, further=purpose)


@router.post("/{number}/gegevens")
def show_client(request: Request, visit: Meant, number: str, purpose: Purposeful) -> Response:
    """The case with who it is about; logged first, and 503 when the log does not take it (R14)."""
    details = reveal(request, visit.viewer, number, purpose)
    return _page(request, visit, number, details=details, stated=purpose)


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
) -> Response:
    given = {"cause": cause, "effect": effect, "amount": amount, "reasoning": reasoning}
    try:
        findings = Findings.of(cause, effect or GOES_WITHOUT_SAYING.get(cause, ""), cents(amount), reasoning)
        with writing(engine(request)) as session:
            save_findings(session, visit.viewer, number, findings, version, dt.datetime.now(dt.UTC))
    except FindingsError as error:
        return _page(request, visit, number, status=422, given=given, wrong=error)
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
    try:
        with writing(engine(request)) as session:
            return_findings(session, visit.viewer, number, version, remark, dt.datetime.now(dt.UTC), finding)
    except FindingsError as error:
        return _page(request, visit, number, status=422, given={"remark": remark}, wrong=error)
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
        raise FindingsError(
            "amount_cents",
            Language("nl").text("findings.bad_amount"),
            Language("en").text("findings.bad_amount"),
        )
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def words(spoken: Language) -> Words:
    """What the drawing of relations says in this language."""
    return Words(
        spoken.code,
        spoken.period,
        lambda count: spoken.count("relations.relations", count),
        spoken.text("relations.hub"),
    )


def _page(
    request: Request,
    visit: Visit,
    number: str,
    *,
    status: int = 200,
    further: Purpose | None = None,
    details: Details | None = None,
    stated: Purpose | None = None,
    given: Mapping[str, str] | None = None,
    wrong: FindingsError | None = None,
) -> Response:
    """Everything the viewer may see of the case, in one transaction with its log entries."""
    spoken = language(request)
    viewer = visit.viewer
    with writing(engine(request)) as session:
        view = case_view(session, viewer, number)
        graph = relations(session, replace(viewer, purpose=further) if further else viewer, number)
        events = [one for one in history(session, viewer, number) if one.action in MILESTONES]
    return render(
        request,
        "case.html",
        visit,
        status=status,
        here=f"/zaken/{number}" if request.method == "POST" else "",
        case=Case.of(view),
        events=events,
        relations=_drawn(graph, spoken, 2 if further else 1) if graph else None,
        further=further,
        may_identify=allowed(viewer, Permission.SEE_IDENTITY),
        details=details,
        stated=stated,
        purposes=list(Purpose),
        causes=[(cause.value, _side(pair, spoken)) for cause, pair in CAUSE_WORDS.items()],
        effects=[(effect.value, _side(pair, spoken)) for effect, pair in EFFECT_WORDS.items()],
        given=given or {},
        wrong=(wrong.field, wrong.nl if spoken.code == "nl" else wrong.en) if wrong else None,
    )


def _side(pair: tuple[str, str], spoken: Language) -> str:
    return pair[0] if spoken.code == "nl" else pair[1]


def _drawn(graph: Mapping[str, Any], spoken: Language, depth: int) -> dict[str, Any]:
    named = distinct(graph)
    told = Relations.of(named, depth)
    return {
        "drawing": relations_svg.draw(named, words(spoken), depth),
        "nodes": {node.id: node for node in told.nodes},
        "edges": told.edges,
        "left_out": told.left_out if depth > 1 else 0,
        "kinds": sorted({node.kind for node in told.nodes}, key=relations_svg.ORDER.index),
        "deeper": depth == 1 and any(node["depth"] > 1 for node in graph["nodes"]),
    }
