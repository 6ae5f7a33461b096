"""Exploring the relations around a case: counts first, then the drawing and the same as a table.

How far, which kinds and on which day stands in the address, so that a page can be gone back to and needs no script. The
drawing is made here and always stands the same, so that people find their way. With a script (static/explore.js) it
also pans, zooms and searches.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api import relations_svg
from api.answers import Edge, Relations
from api.case_pages import words
from api.language import Language
from api.relations_svg import distinct
from api.rendering import language, render
from api.security import Signed, engine
from enforcement.access import Purpose
from enforcement.cases import find
from enforcement.dossier import relations
from enforcement.looking import looking
from enforcement.tables import Draw

router = APIRouter(prefix="/zaken/{number}")


@dataclass(frozen=True)
class Choice:
    """What of the relations somebody wants to see."""

    steps: int = 1
    """1, or 2 with a purpose (R24)"""
    without: frozenset[str] = frozenset()
    """kinds of nodes that are left out"""
    month: int | None = None
    """months after the first month on the slider; None for the whole time"""


@router.get("/relaties")
def explore(
    request: Request,
    visit: Signed,
    number: str,
    stap: Annotated[int, Query(ge=1, le=2)] = 1,
    doel: Annotated[Purpose | None, Query()] = None,
    zonder: Annotated[list[str] | None, Query(max_length=len(relations_svg.ORDER))] = None,
    maand: Annotated[int | None, Query()] = None,
) -> Response:
    """`stap` 2 shows the second step, once the purpose `doel` is in the log (R24); a purpose that did not come from
    this service's own page is asked anew. `zonder`: kinds of nodes to leave out. `maand`: as in Choice."""
    stated = doel if stap == 2 and not from_elsewhere(request) else None
    viewer = replace(visit.viewer, purpose=stated) if stated else visit.viewer
    choice = Choice(2 if stated else 1, frozenset(zonder or ()), maand)
    with looking(engine(request)) as session:
        graph = relations(session, viewer, number)
        as_of = session.get_one(Draw, find(session, viewer, number).draw_id).as_of
    return render(
        request,
        "explore.html",
        visit,
        number=number,
        purposes=list(Purpose),
        stated=stated,
        unstated=stap == 2 and not stated,
        purpose=doel or visit.viewer.purpose,
        seen=explored(graph, language(request), choice, as_of) if graph else None,
    )


def from_elsewhere(request: Request) -> bool:
    """Whether another site, a bookmark or a message led here: a purpose in such an address was not stated now."""
    return request.headers.get("sec-fetch-site", "same-origin") != "same-origin"


def explored(graph: Mapping[str, Any], spoken: Language, choice: Choice, as_of: dt.date) -> dict[str, Any]:
    """What the page shows of a graph: counts, drawing, table and slider. `choice.month` is clipped to the slider."""
    named = distinct(graph)
    whole = Relations.of(named, choice.steps)
    kinds = sorted({node.kind for node in whole.nodes}, key=relations_svg.ORDER.index)
    told = left_without(whole, choice.without)
    kept = {node.id for node in told.nodes}
    first = min([dt.date.fromisoformat(edge.from_date) for edge in whole.edges if edge.from_date], default=as_of)
    most = max(0, (as_of.year - first.year) * 12 + as_of.month - first.month)
    chosen = None if choice.month is None else max(0, min(choice.month, most))
    day = None if chosen is None else _month_after(first, chosen)
    valid = [edge for edge in told.edges if day is None or holds(edge, day)]
    centre = [node.id for node in told.nodes if node.depth == 0]
    linked = {end for edge in valid for end in (edge.start, edge.end)} | set(centre)
    narrowed = {**named, "nodes": [node for node in named["nodes"] if node["id"] in kept]}
    near = Counter(node.kind for node in whole.nodes if node.depth == 1)
    far = Counter(node.kind for node in whole.nodes if node.depth == 2)
    return {
        "drawing": relations_svg.draw(narrowed, words(spoken), choice.steps),
        "nodes": {node.id: node for node in told.nodes},
        "edges": valid,
        "linked": linked,
        "counts": [(kind, near[kind], far[kind]) for kind in kinds if near[kind] or far[kind]],
        "hubs": [node for node in whole.nodes if node.hub],
        "without": choice.without & set(kinds),
        "left_out": told.left_out if choice.steps > 1 else 0,
        "deeper": any(node["depth"] > 1 for node in graph["nodes"]),
        "steps": choice.steps,
        "first": first,
        "most": most,
        "chosen": most if chosen is None else chosen,
        "day": day,
    }


def left_without(told: Relations, kinds: Set[str]) -> Relations:
    """What is still reached from the client when nodes of `kinds` are left out: without addresses nobody is left who
    was linked through an address alone."""
    left = {node.id for node in told.nodes if node.depth == 0 or node.kind not in kinds}
    edges = [edge for edge in told.edges if edge.start in left and edge.end in left]
    around: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        around[edge.start].add(edge.end)
        around[edge.end].add(edge.start)
    reached: set[str] = set()
    ahead = {node.id for node in told.nodes if node.depth == 0}
    while ahead:
        reached |= ahead
        ahead = {one for node in ahead for one in around[node]} - reached
    return Relations(
        nodes=[node for node in told.nodes if node.id in reached],
        edges=[edge for edge in edges if edge.start in reached and edge.end in reached],
        left_out=told.left_out,
    )


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
