"""Money and hours of reviews as answers: per arm, per case, per hour and against the random arm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from api.answers import Answer
from enforcement.money import AHEAD, AHEAD_MONTHS, BOOKED, FOUND, RANDOM_WITHOUT_SIGNAL, ArmSums, Kept
from enforcement.selection import RANDOM, RISK

if TYPE_CHECKING:
    from models.amounts import Amount, Sums

Known = Literal["ok", "provisional", "not_estimable", "not_recorded"]
DIRECTIONS: Mapping[str, tuple[str, ...]] = {
    "client": ("up", "added", "paid_out"),
    "municipality": ("down", "avoided", "claimed", "recovered"),
}
"""in whose favour -> measures"""
MEASURES = (*FOUND, *AHEAD, *BOOKED)
ORDER = ("random", "top_up", "signal", "risk", "theme", "tip", "unknown", "all")


class AmountOut(Answer):
    """An estimate with its interval (95 of 100). None when too few reviews (not_estimable) or nothing was delivered
    (not_recorded), never 0."""

    value: float | None
    low: float | None
    high: float | None
    status: Known


class MoneyOut(Answer):
    """One measure of one arm, in euro cents: up and down are changes a month, added and avoided those over the months
    of the declared rule, the others what was booked so far."""

    arm: str
    measure: str
    reviews: int | None = Field(description="reviews that it is about; None when not recorded")
    total: int | None = Field(description="None when not recorded, or of fewer than ten reviews")
    per_case: AmountOut
    per_hour: AmountOut
    against_random: AmountOut | None = Field(description="per case, this arm minus the random arm; None of itself")
    surplus: AmountOut | None = Field(description="that difference for all reviews of this arm")


class HoursOut(Answer):
    """Time of reviews in one arm."""

    arm: str
    reviews: int = Field(description="finished reviews whose time is known")
    finished: int
    hours: float | None
    per_case: AmountOut = Field(description="hours")
    against_random: AmountOut | None


class MoneyOfLists(Answer):
    """Money both ways and hours, of the lists of this service or of the reviews before it."""

    lists: Literal["own", "earlier"]
    booked_until: dt.date | None = Field(description="last day on which bookings were delivered")
    months_ahead: int = Field(description="the declared rule of added and avoided")
    money: list[MoneyOut]
    hours: list[HoursOut]


COMPLETE = 0.9
"""completion below which an estimate is provisional (statistics.md, Labels)"""
SHOWN_FROM = 10
"""reviews below which a total says too much about a few people"""
NOT_RECORDED = AmountOut(value=None, low=None, high=None, status="not_recorded")


def money_of(kept: Kept, own: bool, provisional: bool) -> MoneyOfLists:
    """provisional: some arm is finished for less than 90 of 100, or nobody knows."""
    arms = [arm for arm in ORDER if arm in kept.arms]
    return MoneyOfLists(
        lists="own" if own else "earlier",
        booked_until=kept.until,
        months_ahead=AHEAD_MONTHS,
        money=[_money(arm, measure, kept, provisional) for measure in MEASURES for arm in arms],
        hours=[_hours(arm, kept, provisional) for arm in arms],
    )


def reference_of(arm: str, kept: Kept) -> ArmSums | None:
    """What an arm is held against: the random arm, and for risk its cases without an open signal (statistics.md, Lift).
    None for the random arm itself and for the whole, which it is part of."""
    if arm in (RANDOM, "all"):
        return None
    lot = kept.arms.get(RANDOM, ArmSums())
    return kept.arms.get(RANDOM_WITHOUT_SIGNAL, lot) if arm == RISK else lot


def sums_of(arm: ArmSums, measure: str) -> Sums | None:
    """None when nobody delivered the measure."""
    from models.amounts import Sums

    found = arm.sums.get(AHEAD.get(measure, measure))
    if found is None:
        return None
    sums = Sums(**found)  # type: ignore[arg-type]
    return sums.times(AHEAD_MONTHS) if measure in AHEAD else sums


def _money(arm: str, measure: str, kept: Kept, provisional: bool) -> MoneyOut:
    from models.amounts import difference, mean, per_hour, times

    sums, reference = sums_of(kept.arms[arm], measure), reference_of(arm, kept)
    if sums is None:
        against = None if reference is None else NOT_RECORDED
        return MoneyOut(
            arm=arm, measure=measure, reviews=None, total=None, per_case=NOT_RECORDED, per_hour=NOT_RECORDED,
            against_random=against, surplus=against,
        )  # fmt: skip
    each = mean(sums)
    against = surplus = None
    if reference is not None:
        lot = sums_of(reference, measure)
        more = difference(each, mean(lot)) if lot is not None else None
        against = amount(more, provisional)
        surplus = amount(times(more, sums.n) if more else None, provisional)
    return MoneyOut(
        arm=arm,
        measure=measure,
        reviews=sums.n,
        total=round(sums.total) if sums.n >= SHOWN_FROM else None,
        per_case=amount(each, provisional),
        per_hour=amount(per_hour(sums), provisional) if kept.arms[arm].timed else NOT_RECORDED,
        against_random=against,
        surplus=surplus,
    )


def _hours(arm: str, kept: Kept, provisional: bool) -> HoursOut:
    from models.amounts import difference, mean, times

    here, reference = kept.arms[arm], reference_of(arm, kept)
    against = None if reference is None else NOT_RECORDED
    if here.timed and reference is not None:
        against = amount(times(difference(mean(_time(here)), mean(_time(reference))), 1 / 60), provisional)
    return HoursOut(
        arm=arm,
        reviews=here.timed,
        finished=here.reviewed + here.inconclusive,
        hours=round(here.minutes / 60, 1) if here.timed >= SHOWN_FROM else None,
        per_case=hours_a_case(here, provisional),
        against_random=against,
    )


def hours_a_case(arm: ArmSums, provisional: bool) -> AmountOut:
    from models.amounts import mean, times

    return amount(times(mean(_time(arm)), 1 / 60), provisional) if arm.timed else NOT_RECORDED


def _time(arm: ArmSums) -> Sums:
    from models.amounts import Sums

    return Sums(arm.timed, arm.timed, arm.minutes, arm.minutes_squares)


def amount(one: Amount | None, provisional: bool) -> AmountOut:
    if one is None or one.value is None:
        return AmountOut(value=None, low=None, high=None, status="not_estimable")
    status: Known = "provisional" if provisional else "ok"
    return AmountOut(value=round(one.value, 2), low=round(one.low or 0, 2), high=round(one.high or 0, 2), status=status)
