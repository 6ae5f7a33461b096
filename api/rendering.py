"""Draws pages: templates in the reader's language, addresses of static files that change with their content."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from api.answers import Text
from api.language import Language, language_of
from api.refusals import said
from api.security import masked, visit_or_none
from api.themes import STANDARD, theme_of
from enforcement.access import Permission, Role, allowed
from enforcement.users import DEMO_MUNICIPALITIES, Visit

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
LANGUAGE_COOKIE = "taal"
A_YEAR = 365 * 24 * 3600
MENU: tuple[tuple[str, str, Permission | None], ...] = (
    ("/toetsing", "oversight.menu", Permission.SWITCH_RANKING),
    ("/logboek", "log.menu", Permission.READ_LOG),
    ("/werklijst", "common.worklist", Permission.LIST_CASES),
    ("/dienstenlijst", "service.menu", Permission.SERVE_CLIENTS),
    ("/mijn-zaken", "common.mine", Permission.CLAIM_CASE),
    ("/zoeken", "common.search", Permission.FIND_CLIENT),
    ("/meldingen", "common.tip", Permission.TAKE_IN_TIP),
    ("/rechten", "rights.menu", Permission.HANDLE_RIGHTS),
    ("/team", "common.team", Permission.SEE_TEAM),
    ("/vraag", "question.menu", Permission.ANSWER_CLIENT),
    ("/modellen", "models.menu", Permission.SEE_MODELS),
    ("/resultaten", "results.menu", Permission.SEE_RESULTS),
    ("/beleid", "policy.menu", Permission.CHANGE_POLICY),
    ("/volgorde", "common.how", None),
)
"""(address, text, what somebody needs to see it); None is for everybody"""
FIRST_PAGES: Mapping[Role, str] = MappingProxyType(
    {
        Role.OFFICER: "/werklijst",
        Role.SENIOR_OFFICER: "/werklijst",
        Role.DATA_SCIENTIST: "/modellen",
        Role.CONTACT_CENTRE: "/vraag",
        Role.COMPLIANCE_REVIEWER: "/toetsing",
        Role.MANAGER: "/resultaten",
    }
)
"""role -> the page its work starts on; without one, how the order is made"""

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def coded(text: str) -> Markup:
    """A text with its `commands` as code.

    >>> coded("Make it with `weegschaal train` <now>.")
    Markup('Make it with <code>weegschaal train</code> &lt;now&gt;.')
    """
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


_templates.filters["coded"] = coded


@functools.cache
def asset(name: str) -> str:
    """The address of a static file; it changes when the file does, so browsers may keep it for ever."""
    path = STATIC / name
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "absent"
    return f"/static/{name}?v={version}"


def language(request: Request) -> Language:
    return language_of(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))


def render(
    request: Request, template: str, visit: Visit | None, *, status: int = 200, here: str = "", **context: Any
) -> Response:
    """A page. `here` is the address that the language link returns to, when it is not the one that was asked for."""
    spoken = language(request)
    asked = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"] + [("lang", spoken.other)]
    body = _templates.get_template(template).render(
        t=spoken.text,
        n=spoken.count,
        lang=spoken,
        say=functools.partial(say, spoken),
        source=functools.partial(source_name, spoken),
        other_language=f"{here}?lang={spoken.other}" if here else f"{request.url.path}?{urlencode(asked)}",
        path=here or request.url.path,
        visit=visit,
        csrf=masked(visit.csrf) if visit else "",
        menu=[(address, key) for address, key, needed in MENU if needed is None or may(visit, needed)],
        others=others(visit),
        place_name=DEMO_MUNICIPALITIES.get(visit.viewer.municipality, visit.viewer.municipality) if visit else "",
        demo=request.app.state.settings.demo,
        theme=theme_of(request, visit.viewer.municipality) if visit else STANDARD,
        asset=asset,
        **context,
    )
    response = HTMLResponse(body, status)
    response.headers["content-language"] = spoken.code
    if "lang" in request.query_params:
        response.set_cookie(LANGUAGE_COOKIE, spoken.code, max_age=A_YEAR, samesite="lax", httponly=True)
    return response


def others(visit: Visit | None) -> list[tuple[str, str, Role]]:
    """(code, name, role) of every pair that this person holds and does not act in now (R36)."""
    if visit is None:
        return []
    now = (visit.viewer.municipality, visit.viewer.role)
    return [(town, DEMO_MUNICIPALITIES.get(town, town), role) for town, role in visit.pairs if (town, role) != now]


def may(visit: Visit | None, permission: Permission) -> bool:
    return visit is not None and allowed(visit.viewer, permission)


def say(spoken: Language, text: Text | None) -> str:
    """The side of a two-language text that this reader reads."""
    return getattr(text, spoken.code) if text else ""


def source_name(spoken: Language, source: str | None) -> str:
    """What people call a source, or several with commas between; an unknown one by its own name.

    >>> source_name(Language("en"), "GWS, KVK"), source_name(Language("nl"), "eigen"), source_name(Language("nl"), None)
    ('Benefit administration, Trade register (KVK)', 'Eerdere heronderzoeken', '')
    """
    return ", ".join(spoken.named("source", one) for one in (source or "").split(", "))


def problem_page(request: Request, status: int, kind: str, refusal: str) -> Response:
    """What people see when something did not work; `refusal`: what the code said of it, or nothing."""
    visit = None if status in (500, 503) else visit_or_none(request)
    told = said(refusal, language(request))
    return render(
        request, "problem.html", visit, status=status, here="/", kind=kind, refusal=told, before=came_from(request)
    )


def came_from(request: Request) -> str:
    """Path of the page of this service that led here; nothing when it is the page itself, or another site."""
    before = urlsplit(request.headers.get("referer", ""))
    if before.netloc != request.url.netloc or (request.method == "GET" and before.path == request.url.path):
        return ""
    return before.path + (f"?{before.query}" if before.query else "")
