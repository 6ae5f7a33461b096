"""JSON route of the results: yield per arm with intervals, lift, money both ways, agreement, the stop rule."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api.answers import Answer
from api.beside import Town, compared
from api.money import COMPLETE, ORDER, AmountOut, MoneyOfLists, money_of
from api.money_together import lines_of, together
from api.problems import responses
from api.security import Signed, engine
from api.tabular import csv_of, download
from enforcement import audit
from enforcement.access import Permission, Viewer, allowed, require
from enforcement.database import reading
from enforcement.looking import looking
from enforcement.money import FOUND, ArmSums, kept
from enforcement.results import (
    Agreement,
    ArmCount,
    PeriodCount,
    agreement,
    per_arm,
    per_period,
    steps_where_nothing_was_found,
)
from enforcement.selection import ARMS
from enforcement.switch import restarted
from enforcement.users import Visit

if TYPE_CHECKING:
    from models.lift import Lift

router = APIRouter(prefix="/api/v1", tags=["results"])
FEWEST = 30
"""completed reviews below which a yield is not yet known"""
COLUMNS = ("municipality", "figure", "arm", "unit", "value", "low", "high", "status", "reviews")
Which = Literal["own", "earlier"]


class ArmOut(Answer):
    """One arm. Shares are 0 to 1 with a Wilson interval, and None while `status` is not_yet_known."""

    arm: str = Field(examples=["random"])
    listed: int
    reviewed: int = Field(description="completed reviews that say something")
    changed: int
    unchanged: int
    inconclusive: int
    pending: int
    nothing_irregular: int
    overturned: int | None = Field(description="None where nobody counts it")
    completion: float | None
    share: float | None
    low: float | None
    high: float | None
    status: Literal["ok", "provisional", "not_yet_known"]


class LiftOut(Answer):
    """Mantel-Haenszel over lists: risk against the random cases without an open signal. None is not yet known."""

    ratio: float | None
    low: float | None
    high: float | None
    pooled: float | None
    without_random: list[str] = Field(description="lists without random reviews, which say nothing")
    status: Literal["ok", "provisional", "not_yet_known"]


class StopOut(Answer):
    """Where the stop rule stands here (R7)."""

    status: Literal["stop", "watch", "go", "not_yet_known"]
    looks: int
    known: int = Field(description="looks with enough reviews to say something")
    stopped_on: dt.date | None


class AgreementOut(Answer):
    pairs: int
    same_effect: int
    same_cause: int


class Results(Answer):
    """Results of one municipality over all its lists, or of its reviews before this service."""

    municipality: str
    which: Which
    lists: int
    arms: list[ArmOut]
    lift: LiftOut
    money: MoneyOfLists
    steps_where_nothing_was_found: dict[str, int]
    double_reviews: AgreementOut
    stop_rule: StopOut


def results_of(session: Session, viewer: Viewer, today: dt.date, which: Which = "own") -> Results:
    """Everything the page and the route say. Raises ForbiddenError."""
    periods = per_period(session, viewer)
    money = kept(session, viewer, own=which == "own")
    if which == "own":
        counts = per_arm(session, viewer)
        arms = [_arm(name, counts[name]) for name in (*ARMS, "all")]
        lists, comparison = len({one.as_of for one in periods}), _lift(periods, counts)
        doubles, steps = agreement(session, viewer), steps_where_nothing_was_found(session, viewer)
    else:
        arms = [_earlier(name, money.arms[name]) for name in ORDER if name in money.arms]
        lists, comparison, doubles, steps = money.lists, _lift((), {}), Agreement(0, 0, 0), {}
    return Results(
        municipality=viewer.municipality,
        which=which,
        lists=lists,
        arms=arms,
        lift=comparison,
        money=money_of(money, which == "own", any(one.status == "provisional" for one in arms)),
        steps_where_nothing_was_found=dict(steps),
        double_reviews=AgreementOut(**vars(doubles)),
        stop_rule=_stop(periods, viewer.municipality, today, restarted(session, viewer.municipality)),
    )


@router.get("/results", responses=responses(401, 403))
def read_results(request: Request, visit: Signed, lists: Which = "own") -> Results:
    """Yield, lift, money, hours, burden and agreement of your municipality; what is not known is null, never 0.

    lists: own, those of this service; earlier, reviews before it as they were delivered.
    """
    with reading(engine(request)) as session:
        return results_of(session, visit.viewer, dt.datetime.now(dt.UTC).date(), lists)


@router.get("/results.csv", response_class=Response, responses=responses(401, 403, 503))
def read_results_csv(request: Request, visit: Signed, lists: Which = "own") -> Response:
    """The same for a spreadsheet, a row per figure: aggregates only, safe from formulas, and the download is logged.

    A manager's holds the municipalities beside each other and all of them together, with hours at the price in each
    one's policy.
    """
    return results_csv(request, visit, lists)


def results_csv(request: Request, visit: Visit, which: Which) -> Response:
    now, viewer = dt.datetime.now(dt.UTC), visit.viewer
    require(viewer, Permission.SEE_RESULTS)
    with looking(engine(request)) as session:
        found = results_of(session, viewer, now.date(), which)
        role, purpose = viewer.role.value, viewer.purpose.value
        what = {"lists": which}
        audit.append(
            session, viewer.municipality, viewer.user, role, "results_exported", "results", purpose, what, at=now
        )
    rows: list[list[object]] = [[viewer.municipality, *one] for one in figures_of(found)]
    if allowed(viewer, Permission.COMPARE_MUNICIPALITIES):
        for town in compared(request.app.state.engine, viewer, own=which == "own").towns:
            rows += [[town.municipality, *one] for one in figures_beside(town)]
        whole = together(request.app.state.engine, viewer, which)
        for one in whole.hour_prices:
            price, known = one.cents / 100, f"policy version {one.policy_version}"
            rows.append([one.municipality, "price of an hour", "all", "EUR", price, None, None, known, None])
        rows += [["all", *one] for one in lines_of(whole)]
    rows.append([f"{viewer.municipality} {now.date()} {viewer.user}", *[""] * (len(COLUMNS) - 1)])
    name = f"results-{viewer.municipality}-{which}-{now.date()}.csv"
    return download(csv_of(COLUMNS, rows), name, "text/csv; charset=utf-8")


Figure = tuple[str, str, str, float | None, float | None, float | None, str, int | None]


def figures_of(found: Results) -> Iterator[Figure]:
    """Every figure of the pages: (figure, arm, unit, value, low, high, status, reviews)."""
    for one in found.arms:
        for name in ("listed", "reviewed", "changed", "unchanged", "inconclusive", "pending", "nothing_irregular",
                     "overturned"):  # fmt: skip
            yield name, one.arm, "cases", getattr(one, name), None, None, "", None
        share = [_rounded(end) for end in (one.share, one.low, one.high)]
        yield "yield", one.arm, "share", share[0], share[1], share[2], one.status, one.reviewed
    lift = [_rounded(end) for end in (found.lift.ratio, found.lift.low, found.lift.high)]
    yield "lift", "risk", "ratio", lift[0], lift[1], lift[2], found.lift.status, None
    for money in found.money.money:
        unit = "EUR a month" if money.measure in FOUND else "EUR"
        status = "not_recorded" if money.reviews is None else "suppressed" if money.total is None else ""
        yield f"{money.measure} total", money.arm, unit, _euro(money.total), None, None, status, money.reviews
        parts: dict[str, AmountOut | None] = {"per case": money.per_case, "per hour": money.per_hour}
        parts |= {"per case minus random": money.against_random, "surplus over random": money.surplus}
        for part, amount in parts.items():
            if amount is not None:
                value, low, high = (_euro(end) for end in (amount.value, amount.low, amount.high))
                yield f"{money.measure} {part}", money.arm, unit, value, low, high, amount.status, money.reviews
    for time in found.money.hours:
        status = "not_recorded" if not time.reviews else "suppressed" if time.hours is None else ""
        yield "hours total", time.arm, "hours", time.hours, None, None, status, time.reviews
        parts = {"per case": time.per_case, "per case minus random": time.against_random}
        for part, amount in parts.items():
            if amount is not None:
                yield (
                    f"hours {part}",
                    time.arm,
                    "hours",
                    amount.value,
                    amount.low,
                    amount.high,
                    amount.status,
                    time.reviews,
                )
    for means, count in found.steps_where_nothing_was_found.items():
        yield f"{means} where nothing was found", "all", "times", count, None, None, "", None
    doubles = found.double_reviews
    for name in ("pairs", "same_effect", "same_cause"):
        yield f"double reviews {name}", "all", "cases", getattr(doubles, name), None, None, "", None


def figures_beside(town: Town) -> Iterator[Figure]:
    """The same for a municipality beside the others."""
    share = [_rounded(end) for end in (town.share, town.low, town.high)]
    yield "yield beside others", "all", "share", share[0], share[1], share[2], town.status, town.reviewed
    for measure, one in town.per_case.items():
        hours = measure == "hours"
        ends = [one.value, one.low, one.high] if hours else [_euro(end) for end in (one.value, one.low, one.high)]
        unit = "hours" if hours else "EUR a month" if measure in FOUND else "EUR"
        yield f"{measure} per case beside others", "all", unit, ends[0], ends[1], ends[2], one.status, town.reviewed


def _euro(cents: float | None) -> float | None:
    return None if cents is None else round(cents / 100, 2)


def _arm(name: str, count: ArmCount) -> ArmOut:
    from models.intervals import wilson

    known = count.reviewed >= FEWEST
    share = count.changed / count.reviewed if known else None
    low, high = wilson(share, count.reviewed) if share is not None else (None, None)
    provisional = (count.completion or 0) < COMPLETE
    return ArmOut(
        arm=name,
        listed=count.listed,
        reviewed=count.reviewed,
        changed=count.changed,
        unchanged=count.unchanged,
        inconclusive=count.inconclusive,
        pending=count.pending,
        nothing_irregular=count.nothing_irregular,
        overturned=count.overturned,
        completion=count.completion,
        share=share,
        low=low,
        high=high,
        status="not_yet_known" if not known else "provisional" if provisional else "ok",
    )


def _earlier(name: str, one: ArmSums) -> ArmOut:
    """An arm of reviews before this service. Only what was finished is delivered, so how much is unknown: provisional
    at best."""
    finished = one.reviewed + one.inconclusive
    counted = ArmCount(
        listed=finished,
        reviewed=one.reviewed,
        changed=one.changed,
        unchanged=one.reviewed - one.changed,
        inconclusive=one.inconclusive,
        nothing_irregular=one.nothing_irregular,
    )
    return _arm(name, counted).model_copy(
        update={"completion": None, "overturned": None} | ({"status": "provisional"} if one.reviewed >= FEWEST else {})
    )


def _lift(periods: Sequence[PeriodCount], counts: Mapping[str, ArmCount]) -> LiftOut:
    from models.lift import Counts, lift

    total: Counter[str] = Counter()
    for one in periods:
        total[one.arm] += one.reviewed
    rows = [Counts(one.as_of.isoformat(), one.arm, one.reviewed, one.changed) for one in periods]
    found: Lift = lift(rows, "risk", "random")
    known = min(total["risk"], total["random"]) >= FEWEST and found.stratified is not None
    provisional = known and any((counts[arm].completion or 0) < COMPLETE for arm in ("risk", "random"))
    return LiftOut(
        ratio=found.stratified if known else None,
        low=found.low if known else None,
        high=found.high if known else None,
        pooled=found.pooled if known else None,
        without_random=list(found.without_reference),
        status="not_yet_known" if not known else "provisional" if provisional else "ok",
    )


def _stop(periods: Sequence[PeriodCount], municipality: str, today: dt.date, since: dt.date | None) -> StopOut:
    from models.stopping import Quarterly, judge, quarter

    sums: dict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in periods:
        sums[quarter(one.as_of), one.arm][0] += one.reviewed
        sums[quarter(one.as_of), one.arm][1] += one.changed
    rows = [Quarterly(day, municipality, arm, *two) for (day, arm), two in sorted(sums.items())]
    verdict = judge(rows, today, since)
    known = sum(look.known for look in verdict.looks)
    return StopOut(
        status=verdict.status,  # type: ignore[arg-type]
        looks=len(verdict.looks),
        known=known,
        stopped_on=verdict.stopped_on,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
