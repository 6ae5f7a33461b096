"""JSON routes of the worklist: a page of it, and taking the next case."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.answers import Basis, Item, Taken, Worklist
from api.fields import Chosen, Fields, chosen
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.cases import State, claim_next
from enforcement.database import reading, writing
from enforcement.worklist import PAGE, Filters, Newest, newest, worklist

router = APIRouter(prefix="/api/v1", tags=["worklist"])


def basis_of(found: Newest | None) -> Basis | None:
    if found is None:
        return None
    return Basis(
        as_of=found.as_of, data_until=found.data_until, model=found.model_name, model_version=found.model_version
    )


@router.get("/worklist", response_model=Worklist | Chosen, responses=responses(400, 401, 403))
def read_worklist(
    request: Request,
    visit: Signed,
    status: Annotated[list[State] | None, Query(description="default: all that is not closed")] = None,
    mine: bool = False,
    after: Annotated[str | None, Query(description="cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
    fields: Fields = None,
) -> Response:
    """Cases in the order to work in, from stored rows, without identities."""
    names = chosen(fields) if fields else None
    filters = Filters(frozenset(status), mine) if status else Filters(mine=mine)
    with reading(engine(request)) as session:
        page = worklist(session, visit.viewer, filters, after, limit)
        basis = basis_of(newest(session, visit.viewer))
    answer = Worklist.stored(items=[Item.of(row) for row in page.items], after=page.after, basis=basis)
    return answer.sent(only={"items": {"__all__": names}, "after": True, "basis": True} if names else None)


@router.post(
    "/worklist/next",
    response_model=Taken,
    responses={204: {"description": "No case is free"}, **responses(401, 403)},
)
def take_next(request: Request, visit: Meant) -> Response:
    """Takes the first free case: one conditional update, so two people never get one case."""
    with writing(engine(request)) as session:
        taken = claim_next(session, visit.viewer, dt.datetime.now(dt.UTC))
    if taken is None:
        return Response(status_code=204)
    return Taken(number=taken.number, version=taken.version, lease_until=taken.lease_until).sent()
