"""JSON route of the municipalities beside each other: yield as a funnel, money and hours a review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from sqlalchemy import Engine

from api.answers import Answer
from api.money import MEASURES, NOT_RECORDED, AmountOut, amount, hours_a_case, sums_of
from api.problems import responses
from api.security import Signed
from enforcement.access import Viewer
from enforcement.side_by_side import Beside, side_by_side

if TYPE_CHECKING:
    from models.funnel import Funnel

router = APIRouter(prefix="/api/v1", tags=["results"])


class Town(Answer):
    """One municipality, each review once. Shares are 0 to 1; amounts are euro cents a review, hours a review."""

    municipality: str
    reviewed: int | None
    """None when suppressed: fewer than ten reviews with or without a change"""
    share: float | None
    low: float | None
    high: float | None
    status: Literal["within", "outside_inner", "outside_outer", "suppressed"]
    per_case: dict[str, AmountOut]


@dataclass(frozen=True)
class Compared:
    towns: tuple[Town, ...]
    funnel: Funnel


def compared(engine: Engine, viewer: Viewer, *, own: bool) -> Compared:
    """engine: without a municipality. Raises ForbiddenError."""
    from models.funnel import funnel

    beside = side_by_side(engine, viewer, own=own)
    found = funnel({town: (one.changed, one.reviewed) for town, one in beside.items()})
    towns = tuple(
        Town(
            municipality=point.name,
            reviewed=point.n,
            share=point.share,
            low=point.low,
            high=point.high,
            status=point.status,  # type: ignore[arg-type]
            per_case=_per_case(beside[point.name], provisional=not own),
        )
        for point in found.points
    )
    return Compared(towns, found)


def _per_case(one: Beside, *, provisional: bool) -> dict[str, AmountOut]:
    from models.amounts import mean

    whole, found = one.money.whole, {}
    for measure in MEASURES:
        sums = sums_of(whole, measure)
        found[measure] = NOT_RECORDED if sums is None else amount(mean(sums), provisional)
    return found | {"hours": hours_a_case(whole, provisional)}


@router.get("/results/municipalities", responses=responses(401, 403))
def read_municipalities(request: Request, visit: Signed, lists: Literal["own", "earlier"] = "own") -> list[Town]:
    """The municipalities of the back office beside each other; what is too small or unknown is null."""
    return list(compared(request.app.state.engine, visit.viewer, own=lists == "own").towns)
