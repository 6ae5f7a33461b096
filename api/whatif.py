"""JSON route of what another capacity or split over the arms would have brought; asking changes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.answers import Answer
from api.money import sums_of
from api.problems import responses
from api.results import Which
from api.security import Signed, engine
from api.tabular import csv_of, download
from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.database import reading
from enforcement.looking import looking
from enforcement.money import ArmSums, Kept, kept
from enforcement.policy import Policy, in_force
from enforcement.results import PlacedReview, placed_reviews
from enforcement.selection import RANDOM, RISK, SIGNAL
from enforcement.users import Visit

if TYPE_CHECKING:
    from models.whatif import ArmReviews, Brought, Expected, Placed, Signals

router = APIRouter(prefix="/api/v1", tags=["results"])
Why = Literal["", "few", "no_lists", "more_signals", "deeper"]
LARGEST = 1_000_000
UNITS = {
    "changed": "reviews a year",
    "nothing": "reviews a year",
    "up": "EUR a month, of a year's reviews",
    "down": "EUR a month, of a year's reviews",
    "hours": "hours a year",
}
COLUMNS = (
    "policy", "yearly_capacity", "random_percent", "signal_percent", "risk_percent", "part", "places", "measure",
    "unit", "value", "low", "high", "status", "why",
)  # fmt: skip


class Wish(BaseModel):
    """Another policy to reckon with; what is not named is as it is now. Shares are whole percents of the capacity."""

    yearly_capacity: int | None = Field(default=None, ge=1, le=LARGEST)
    random_percent: int | None = Field(default=None, ge=0, le=100)
    signal_percent: int | None = Field(default=None, ge=0, le=100)
    risk_percent: int | None = Field(default=None, ge=0, le=100)

    def of(self, policy: Policy) -> Policy:
        """Raises PolicyError for what the law or the design does not allow, such as a random part under a tenth."""
        asked: dict[str, Any] = {name: value for name, value in self if value is not None}
        return dataclasses.replace(policy, **asked)


class ExpectedOut(Answer):
    """A number a year with its interval (95 of 100); None where it cannot be estimated, and why."""

    value: float | None
    low: float | None
    high: float | None
    status: Literal["ok", "not_estimable"]
    why: Why


class BroughtOut(Answer):
    """What one policy would have brought in a year: changed and nothing are reviews, up and down euro cents a month."""

    yearly_capacity: int
    split: dict[str, int] = Field(description="of every hundred places: random, signal and risk")
    places: dict[str, int] = Field(description="a year")
    arms: dict[str, dict[str, ExpectedOut]]
    together: dict[str, ExpectedOut]


class WhatIfOut(Answer):
    lists: Which = Field(description="what it rests on: lists of this service, or reviews before it")
    now: BroughtOut
    then: BroughtOut


@router.get("/results/what-if", responses=responses(401, 403, 422))
def read_what_if(request: Request, visit: Signed, wish: Annotated[Wish, Query()], lists: Which = "own") -> WhatIfOut:
    """The policy of now beside another, on what reviews of known chance told. 422 below the floor of the law (R5)."""
    with reading(engine(request)) as session:
        return what_if_of(session, visit.viewer, wish, lists)


def what_if_csv(request: Request, visit: Visit, wish: Wish, lists: Which) -> Response:
    """A row per figure: policy, part, measure, value, interval, status and why. Aggregates only, safe from formulas."""
    now, viewer = dt.datetime.now(dt.UTC), visit.viewer
    require(viewer, Permission.SEE_RESULTS)
    with looking(engine(request)) as session:
        found = what_if_of(session, viewer, wish, lists)
        role, purpose = viewer.role.value, viewer.purpose.value
        what = {"lists": lists} | wish.model_dump(exclude_none=True)
        audit.append(
            session, viewer.municipality, viewer.user, role, "what_if_exported", "results", purpose, what, at=now
        )
    rows: list[list[object]] = []
    for name, one in (("now", found.now), ("then", found.then)):
        settings = [one.yearly_capacity, *(one.split[arm] for arm in (RANDOM, SIGNAL, RISK))]
        for part, measures in {**one.arms, "together": one.together}.items():
            places = one.places.get(part, sum(one.places.values()))
            for measure, expected in measures.items():
                unit = UNITS[measure]
                ends = [
                    None if end is None else round(end / 100, 2) if unit.startswith("EUR") else end
                    for end in (expected.value, expected.low, expected.high)
                ]
                rows.append([name, *settings, part, places, measure, unit, *ends, expected.status, expected.why])
    rows.append([f"{viewer.municipality} {now.date()} {viewer.user}", *[""] * (len(COLUMNS) - 1)])
    name = f"what-if-{viewer.municipality}-{lists}-{now.date()}.csv"
    return download(csv_of(COLUMNS, rows), name, "text/csv; charset=utf-8")


def what_if_of(session: Session, viewer: Viewer, wish: Wish, lists: Which) -> WhatIfOut:
    """Raises ForbiddenError and PolicyError."""
    require(viewer, Permission.SEE_RESULTS)
    _, now = in_force(session, viewer.municipality)
    then = wish.of(now)
    known = kept(session, viewer, own=lists == "own")
    rows: tuple[PlacedReview, ...] = ()
    if lists == "own":
        most = max(now.capacity, then.capacity)
        rows = placed_reviews(session, viewer, 2 * most)
    basis = _Basis.of(known, rows, now)
    return WhatIfOut(lists=lists, now=basis.brought(now), then=basis.brought(then))


@dataclasses.dataclass(frozen=True)
class _Basis:
    random: ArmReviews
    signal: ArmReviews
    signals: Signals
    placed: Placed | None

    @classmethod
    def of(cls, known: Kept, rows: tuple[PlacedReview, ...], policy: Policy) -> _Basis:
        from models.whatif import Signals

        draws = sorted({one.draw for one in rows if one.arms})
        counts = [sum(SIGNAL in one.arms for one in rows if one.draw == draw) for draw in draws]
        if draws:
            signals = Signals(round(sum(counts) / len(draws)), min(counts) >= policy.places.signal)
        else:
            before = known.arms.get(SIGNAL, ArmSums())
            a_month = (before.reviewed + before.inconclusive) / max(known.lists, 1)  # their lists were monthly
            signals = Signals(round(a_month * 12 / policy.periods), all_taken=True)
        return cls(_arm(known, RANDOM), _arm(known, SIGNAL), signals, _placed(rows, draws))

    def brought(self, policy: Policy) -> BroughtOut:
        from models.whatif import Asked, what_if

        places = policy.places
        asked = Asked(places.random, places.signal, places.risk, policy.periods)
        found: Brought = what_if(asked, self.random, self.signal, self.signals, self.placed)
        return BroughtOut(
            yearly_capacity=policy.yearly_capacity,
            split={RANDOM: policy.random_percent, SIGNAL: policy.signal_percent, RISK: policy.risk_percent},
            places=dict(found.places),
            arms={arm: {name: _out(one) for name, one in its.items()} for arm, its in found.arms.items()},
            together={name: _out(one) for name, one in found.together.items()},
        )


def _arm(known: Kept, arm: str) -> ArmReviews:
    from models.amounts import Sums
    from models.whatif import ArmReviews

    one = known.arms.get(arm, ArmSums())
    sums = {measure: sums_of(one, measure) or Sums() for measure in ("up", "down")}
    sums["hours"] = Sums(one.timed, one.timed, one.minutes, one.minutes_squares).times(1 / 60)
    return ArmReviews(one.reviewed, {"changed": one.changed, "nothing": one.nothing_irregular}, sums)


def _placed(rows: tuple[PlacedReview, ...], draws: list[str]) -> Placed | None:
    """None while no review of a list is finished."""
    import numpy as np

    from models.whatif import Placed

    if not any(one.changed is not None for one in rows):
        return None
    number = {draw: at for at, draw in enumerate(draws)}
    rows = tuple(one for one in rows if one.draw in number)

    def values(name: str, scale: float = 1.0) -> Any:
        return np.array([np.nan if (value := getattr(one, name)) is None else value * scale for one in rows], float)

    return Placed(
        draw=np.array([number[one.draw] for one in rows]),
        place=np.array([one.place for one in rows]),
        risk=np.array([RISK in one.arms for one in rows]),
        certain=np.array([bool(one.arms & {RISK, SIGNAL}) for one in rows]),
        drawn=np.array([bool(one.arms) for one in rows]),
        weight=np.array([1 / one.probability for one in rows]),
        values={
            "changed": values("changed"),
            "nothing": values("nothing"),
            "up": values("up_cents"),
            "down": values("down_cents"),
            "hours": values("minutes", 1 / 60),
        },
    )


def _out(one: Expected) -> ExpectedOut:
    if one.value is None:
        return ExpectedOut(value=None, low=None, high=None, status="not_estimable", why=one.why)  # type: ignore[arg-type]
    value, low, high = (round(end or 0, 2) for end in (one.value, one.low, one.high))
    return ExpectedOut(value=value, low=low, high=high, status="ok", why="")
