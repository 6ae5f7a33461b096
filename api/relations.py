"""JSON route of the relations around a case: one step freely, the second for a stated purpose, never a third (R24)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import Relations
from api.problems import responses
from api.security import Signed, engine
from enforcement.access import Purpose
from enforcement.dossier import relations
from enforcement.errors import ForbiddenError, NotFoundError
from enforcement.looking import looking

router = APIRouter(prefix="/api/v1/cases", tags=["relations"])


@router.get("/{number}/relations", response_model=Relations, responses=responses(401, 403, 404, 503))
def read_relations(
    request: Request,
    visit: Signed,
    number: str,
    depth: Annotated[int, Query(ge=1, le=2, description="steps from the client")] = 1,
    purpose: Annotated[Purpose | None, Query(description="needed for the second step; it is logged")] = None,
) -> Response:
    """Registered facts around the case as they were at scoring. In a blind review there are none until findings."""
    if depth > 1 and purpose is None:
        raise ForbiddenError("the second step of relations needs a purpose")
    viewer = replace(visit.viewer, purpose=purpose) if purpose else visit.viewer
    with looking(engine(request)) as session:
        graph = relations(session, viewer, number)
    if graph is None:
        raise NotFoundError(f"no relations can be shown for case {number} now")
    return Relations.of(graph, depth).sent()
