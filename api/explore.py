"""Exploring the relations around a case: counts first, then the drawing and the same as a table, on a day one chooses.

The drawing is made here and always stands the same, so that people find their way back. Without a script it is a plain
picture with plain forms; with one (static/explore.js) it pans, zooms and searches.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from api import relations_svg
from api.answers import Edge, Relations
from api.case_pages import words
from api.language import Language
from api.relations_svg import distinct
from api.rendering import language, render
from api.security import Meant, Signed, engine
from enforcement.access import Purpose
from enforcement.cases import find
from enforcement.database import writing
from enforcement.dossier import relations
from enforcement.tables import Draw
from enforcement.users import Visit

router = APIRouter(prefix="/zaken/{number}")


@router.get("/relaties")
def near(request: Request, visit: Signed, number: str, maand: Annotated[int | None, Query()] = None) -> Response:
    """The first step. `maand`: months after the first month on the slider; without it, the whole time."""
    return _explored(request, visit, number, maand, None)


@router.post("/relaties")
def further(
    request: Request,
    visit: Meant,
    number: str,
    purpose: Annotated[Purpose, Form()],
    maand: Annotated[int | None, Form()] = None,
) -> Response:
    """With the second step; the purpose is in the log before it appears (R24)."""
    return _explored(request, visit, number, maand, purpose)


def _explored(request: Request, visit: Visit, number: str, month: int | None, purpose: Purpose | None) -> Response:
    viewer = replace(visit.viewer, purpose=purpose) if purpose else visit.viewer
    with writing(engine(request)) as session:
        graph = relations(session, viewer, number)
        as_of = session.get_one(Draw, find(session, viewer, number).draw_id).as_of
    return render(
        request,
        "explore.html",
        visit,
        here=f"/zaken/{number}/relaties" if request.method == "POST" else "",
        number=number,
        purposes=list(Purpose),
        stated=purpose,
        seen=explored(graph, language(request), 2 if purpose else 1, month, as_of) if graph else None,
    )


def explored(
    graph: Mapping[str, Any], spoken: Language, depth: int, month: int | None, as_of: dt.date
) -> dict[str, Any]:
    """What the page shows of a graph: counts, drawing, table and slider. `month` is clipped to the slider."""
    named = distinct(graph)
    told = Relations.of(named, depth)
    first = min([dt.date.fromisoformat(edge.from_date) for edge in told.edges if edge.from_date], default=as_of)
    most = max(0, (as_of.year - first.year) * 12 + as_of.month - first.month)
    chosen = None if month is None else max(0, min(month, most))
    day = None if chosen is None else _month_after(first, chosen)
    valid = [edge for edge in told.edges if day is None or holds(edge, day)]
    centre = [node.id for node in told.nodes if node.depth == 0]
    linked = {end for edge in valid for end in (edge.start, edge.end)} | set(centre)
    drawing = relations_svg.draw(named, words(spoken), depth)
    near_ = Counter(node.kind for node in told.nodes if node.depth == 1)
    far = Counter(node.kind for node in told.nodes if node.depth == 2)
    return {
        "drawing": drawing,
        "nodes": {node.id: node for node in told.nodes},
        "edges": valid,
        "linked": linked,
        "counts": [(kind, near_[kind], far[kind]) for kind in relations_svg.ORDER if near_[kind] or far[kind]],
        "hubs": [node for node in told.nodes if node.hub],
        "kinds": sorted({node.kind for node in told.nodes}, key=relations_svg.ORDER.index),
        "left_out": told.left_out if depth > 1 else 0,
        "deeper": depth == 1 and any(node["depth"] > 1 for node in graph["nodes"]),
        "depth": depth,
        "first": first,
        "most": most,
        "chosen": most if chosen is None else chosen,
        "day": day,
    }


def holds(edge: Edge, day: dt.date) -> bool:
    """Whether a relation holds on the day; a date that is not known is no limit.

    >>> edge = Edge(start="a", end="b", kind="stay", text={"nl": "", "en": ""}, source="brp",
    ...             from_date="2024-05-01", until_date=None)
    >>> holds(edge, dt.date(2024, 4, 30)), holds(edge, dt.date(2024, 5, 1))
    (False, True)
    """
    begun = edge.from_date is None or dt.date.fromisoformat(edge.from_date[:10]) <= day
    return begun and (edge.until_date is None or dt.date.fromisoformat(edge.until_date[:10]) >= day)


def _month_after(day: dt.date, months: int) -> dt.date:
    """The last day of the month so many months later.

    >>> _month_after(dt.date(2024, 1, 15), 1)
    datetime.date(2024, 2, 29)
    """
    year, month = divmod(day.year * 12 + day.month + months, 12)
    return dt.date(year, month + 1, 1) - dt.timedelta(days=1)
