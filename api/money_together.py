"""JSON route of money and hours of all municipalities together, against the random arm: what the back office adds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import Engine

from api.answers import Answer
from api.money import COMPLETE, MEASURES, NOT_RECORDED, SHOWN_FROM, AmountOut, amount, sums_of
from api.problems import responses
from api.security import Signed
from enforcement.access import Viewer
from enforcement.money import AHEAD_MONTHS, FOUND, ArmSums
from enforcement.selection import RANDOM, RISK, SIGNAL
from enforcement.side_by_side import Beside, side_by_side

if TYPE_CHECKING:
    from models.amounts import Above, Sums

router = APIRouter(prefix="/api/v1", tags=["results"])
CHOSEN = (RISK, SIGNAL)
"""what the policy chose; held against the whole random arm (statistics.md, Lift: policy lift)"""
Lists = Literal["own", "earlier"]


class TogetherOut(Answer):
    """One measure over the municipalities together: euro cents, or hours. Totals; None where not known, never 0."""

    measure: str = Field(examples=["avoided"])
    reviews: int | None = Field(description="of the cases that the policy chose, with a known amount")
    total: AmountOut = Field(description="of those reviews")
    as_many_random: AmountOut = Field(description="what as many random reviews there would have given")
    more: AmountOut = Field(description="the first minus the second")
    more_per_case: AmountOut
    without: list[str] = Field(description="municipalities left out: too few reviews of either kind, or not delivered")


class HourOut(Answer):
    """What an hour of review costs in a municipality, by its own policy."""

    municipality: str
    cents: int
    source: str = Field(description="where the amount comes from, in the words of the policy")
    policy_version: int


class MoneyTogether(Answer):
    """What reviews chosen by place or signal brought above as many random ones, in all municipalities together."""

    lists: Lists
    municipalities: list[str]
    booked_until: dt.date | None = Field(description="earliest last day of bookings among those that deliver them")
    months_ahead: int
    hour_prices: list[HourOut] = Field(description="of the municipalities whose policy says one")
    money: list[TogetherOut]
    hours: TogetherOut
    cost: TogetherOut | None = Field(description="hours at each one's price; None when no policy says one")
    added_value: AmountOut | None = Field(
        description="what was avoided above the lot minus what the hours cost above it; what clients got is apart"
    )
    added_without: list[str] = Field(description="municipalities left out of that")


@dataclass(frozen=True)
class _Part:
    """One measure in one municipality: chosen and random reviews; None where nobody delivered it."""

    town: str
    chosen: Sums | None
    lot: Sums | None

    @property
    def told(self) -> tuple[Sums, Sums] | None:
        """Both, unless one says too much about a few people: then it is not in the total either, so that nobody can
        subtract the others from it."""
        if self.chosen is None or self.lot is None or min(self.chosen.n, self.lot.n) < SHOWN_FROM:
            return None
        return self.chosen, self.lot

    def times(self, factor: float | None) -> _Part:
        """Each amount so many times as large; nothing at all without a factor."""
        if factor is None or self.chosen is None or self.lot is None:
            return _Part(self.town, None, None)
        return _Part(self.town, self.chosen.times(factor), self.lot.times(factor))


def together(engine: Engine, viewer: Viewer, lists: Lists) -> MoneyTogether:
    """engine: without a municipality. Raises ForbiddenError."""
    beside = side_by_side(engine, viewer, own=lists == "own")
    provisional = any((one.completion or 0) < COMPLETE for one in beside.values())
    days = [one.money.until for one in beside.values() if one.money.until]
    time = [_Part(town, _minutes(one, CHOSEN), _minutes(one, (RANDOM,))) for town, one in beside.items()]
    parts = {
        name: [_Part(town, _sums(one, CHOSEN, name), _sums(one, (RANDOM,), name)) for town, one in beside.items()]
        for name in MEASURES
    }
    prices = {town: one.hour.cents / 60 for town, one in beside.items() if one.hour}
    cost = [part.times(prices.get(part.town)) for part in time]
    counted = [(each, its) for each, its in zip(parts["avoided"], cost, strict=True) if each.told and its.told]
    return MoneyTogether(
        lists=lists,
        municipalities=sorted(beside),
        booked_until=min(days, default=None),
        months_ahead=AHEAD_MONTHS,
        hour_prices=[
            HourOut(municipality=town, cents=one.hour.cents, source=one.hour.source, policy_version=one.hour.version)
            for town, one in sorted(beside.items())
            if one.hour
        ],
        money=[_told(name, parts[name], provisional) for name in MEASURES],
        hours=_told("hours", time, provisional, 1 / 60),
        cost=_told("cost", cost, provisional) if prices else None,
        added_value=_added(counted, provisional) if prices else None,
        added_without=sorted(set(beside) - {each.town for each, _ in counted}),
    )


def _sums(one: Beside, arms: Sequence[str], measure: str) -> Sums | None:
    found = [sums for arm in arms if arm in one.money.arms and (sums := sums_of(one.money.arms[arm], measure))]
    return _plus(found)


def _minutes(one: Beside, arms: Sequence[str]) -> Sums | None:
    from models.amounts import Sums

    held = [one.money.arms.get(arm, ArmSums()) for arm in arms]
    return _plus([Sums(arm.timed, arm.timed, arm.minutes, arm.minutes_squares) for arm in held if arm.timed])


def _plus(found: Sequence[Sums]) -> Sums | None:
    return None if not found else sum(found[1:], start=found[0])


def _above(parts: Sequence[_Part]) -> Above:
    from models.amounts import above_lot

    return above_lot([part.told for part in parts if part.told is not None])


def _told(measure: str, parts: Sequence[_Part], provisional: bool, factor: float = 1.0) -> TogetherOut:
    from models.amounts import times

    without = [part.town for part in parts if part.told is None]
    if not any(part.chosen or part.lot for part in parts):
        nothing = NOT_RECORDED
        return TogetherOut(
            measure=measure, reviews=None, total=nothing, as_many_random=nothing, more=nothing, more_per_case=nothing,
            without=without,
        )  # fmt: skip
    found, many = _above(parts), sum(part.told[0].n for part in parts if part.told)
    arm, lot, more = (times(one, factor) for one in (found.arm, found.lot, found.more))
    return TogetherOut(
        measure=measure,
        reviews=many or None,
        total=amount(arm, provisional),
        as_many_random=amount(lot, provisional),
        more=amount(more, provisional),
        more_per_case=amount(times(more, 1 / many) if many else more, provisional),
        without=without,
    )


def _added(counted: Sequence[tuple[_Part, _Part]], provisional: bool) -> AmountOut:
    """What was avoided above the lot minus what the hours cost above it, of (avoided, cost) in each municipality.
    Reviews whose time nobody wrote down are taken to last as long as the others there. That dearer reviews find more
    makes the interval too wide, never too narrow."""
    from models.amounts import difference

    if not counted:
        return NOT_RECORDED
    spent = [its.times(each.told[0].n / its.told[0].n) for each, its in counted if each.told and its.told]
    return amount(difference(_above([each for each, _ in counted]).more, _above(spent).more), provisional)


Line = tuple[str, str, str, float | None, float | None, float | None, str, int | None]


def lines_of(found: MoneyTogether) -> Iterator[Line]:
    """Every figure for a spreadsheet: (figure, arm, unit, value, low, high, status, reviews)."""
    for one in (*found.money, found.hours, *([found.cost] if found.cost else [])):
        hours = one.measure == "hours"
        unit = "hours" if hours else "EUR a month" if one.measure in FOUND else "EUR"
        for part, said in (
            ("total", one.total),
            ("as many random", one.as_many_random),
            ("minus random", one.more),
            ("per case minus random", one.more_per_case),
        ):
            ends = [end if hours or end is None else round(end / 100, 2) for end in (said.value, said.low, said.high)]
            yield f"{one.measure} {part}", "chosen", unit, ends[0], ends[1], ends[2], said.status, one.reviews
    if found.added_value is not None:
        said = found.added_value
        ends = [None if end is None else round(end / 100, 2) for end in (said.value, said.low, said.high)]
        yield "added value", "chosen", "EUR", ends[0], ends[1], ends[2], said.status, None


@router.get("/results/money", responses=responses(401, 403))
def read_money_together(request: Request, visit: Signed, lists: Lists = "own") -> MoneyTogether:
    """Money and hours of all municipalities of the back office together, of the cases that the policy chose, against as
    many random reviews in the same municipalities. Sums only; a municipality with fewer than ten of either is left out
    and named. Hours are reckoned in money at the price in each one's policy."""
    return together(request.app.state.engine, visit.viewer, lists)
