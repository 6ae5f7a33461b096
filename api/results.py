"""JSON route of the results: yield per arm with intervals, lift, money both ways, agreement, the stop rule."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api.answers import Answer
from api.problems import responses
from api.security import Signed, engine
from api.tabular import csv_of, download
from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.database import reading, writing
from enforcement.money import Money, money
from enforcement.results import (
    ArmCount,
    PeriodCount,
    agreement,
    per_arm,
    per_period,
    steps_where_nothing_was_found,
)
from enforcement.selection import ARMS
from enforcement.users import Visit

if TYPE_CHECKING:
    from models.lift import Lift

router = APIRouter(prefix="/api/v1", tags=["results"])
COMPLETE = 0.9
"""completion below which an estimate is provisional (statistics.md, Labels)"""
FEWEST = 30
"""completed reviews below which a yield is not yet known"""
COLUMNS = (
    "arm", "listed", "completed", "changed", "unchanged", "inconclusive", "pending", "nothing_irregular", "yield",
    "yield_low", "yield_high", "status", "up_eur_a_month", "down_eur_a_month",
)  # fmt: skip


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
    overturned: int
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


class MoneyOut(Answer):
    """Euro cents a month that reviews found, both ways; None is not recorded, never nothing."""

    arm: str
    reviewed: int
    up: int
    down: int
    up_per_case: int | None
    down_per_case: int | None
    claimed: int | None
    recovered: int | None
    paid_out: int | None
    avoided: int | None
    hours: float | None


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
    """Results of one municipality over all its lists."""

    municipality: str
    lists: int
    arms: list[ArmOut]
    lift: LiftOut
    money: list[MoneyOut]
    steps_where_nothing_was_found: dict[str, int]
    double_reviews: AgreementOut
    stop_rule: StopOut


def results_of(session: Session, viewer: Viewer, today: dt.date) -> Results:
    """Everything the page and the route say. Raises ForbiddenError."""
    counts = per_arm(session, viewer)
    periods = per_period(session, viewer)
    doubles = agreement(session, viewer)
    return Results(
        municipality=viewer.municipality,
        lists=len({one.as_of for one in periods}),
        arms=[_arm(name, counts[name]) for name in (*ARMS, "all")],
        lift=_lift(periods, counts),
        money=[_money(name, one) for name, one in money(counts).items()],
        steps_where_nothing_was_found=dict(steps_where_nothing_was_found(session, viewer)),
        double_reviews=AgreementOut(**vars(doubles)),
        stop_rule=_stop(periods, viewer.municipality, today),
    )


@router.get("/results", responses=responses(401, 403))
def read_results(request: Request, visit: Signed) -> Results:
    """Yield, lift, money, burden and agreement of your municipality; what is not known is null, never 0."""
    with reading(engine(request)) as session:
        return results_of(session, visit.viewer, dt.datetime.now(dt.UTC).date())


@router.get("/results.csv", response_class=Response, responses=responses(401, 403, 503))
def read_results_csv(request: Request, visit: Signed) -> Response:
    """The same per arm for a spreadsheet: aggregates only, safe from formulas, and the download is in the log."""
    return results_csv(request, visit)


def results_csv(request: Request, visit: Visit) -> Response:
    now, viewer = dt.datetime.now(dt.UTC), visit.viewer
    require(viewer, Permission.SEE_RESULTS)
    with writing(engine(request)) as session:
        found = results_of(session, viewer, now.date())
        role, purpose = viewer.role.value, viewer.purpose.value
        audit.append(session, viewer.municipality, viewer.user, role, "results_exported", "results", purpose, at=now)
    both = {one.arm: one for one in found.money}
    rows: list[list[object]] = [
        [
            one.arm,
            one.listed,
            one.reviewed,
            one.changed,
            one.unchanged,
            one.inconclusive,
            one.pending,
            one.nothing_irregular,
            _rounded(one.share),
            _rounded(one.low),
            _rounded(one.high),
            one.status,
            both[one.arm].up / 100,
            both[one.arm].down / 100,
        ]
        for one in found.arms
    ]
    rows.append([f"{viewer.municipality} {now.date()} {viewer.user}", *[""] * (len(COLUMNS) - 1)])
    return download(csv_of(COLUMNS, rows), f"results-{viewer.municipality}-{now.date()}.csv", "text/csv; charset=utf-8")


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


def _lift(periods: Sequence[PeriodCount], counts: Mapping[str, ArmCount]) -> LiftOut:
    from models.lift import Counts, lift

    total: Counter[str] = Counter()
    for one in periods:
        total[one.arm] += one.reviewed
    rows = [Counts(one.as_of.isoformat(), one.arm, one.reviewed, one.changed) for one in periods]
    found: Lift = lift(rows, "risk", "random")
    known = min(total["risk"], total["random"]) >= FEWEST and found.stratified is not None
    provisional = any((counts[arm].completion or 0) < COMPLETE for arm in ("risk", "random"))
    return LiftOut(
        ratio=found.stratified if known else None,
        low=found.low if known else None,
        high=found.high if known else None,
        pooled=found.pooled if known else None,
        without_random=list(found.without_reference),
        status="not_yet_known" if not known else "provisional" if provisional else "ok",
    )


def _money(name: str, one: Money) -> MoneyOut:
    return MoneyOut(arm=name, **vars(one))


def _stop(periods: Sequence[PeriodCount], municipality: str, today: dt.date) -> StopOut:
    from models.stopping import Quarterly, judge, quarter

    sums: dict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in periods:
        sums[quarter(one.as_of), one.arm][0] += one.reviewed
        sums[quarter(one.as_of), one.arm][1] += one.changed
    verdict = judge([Quarterly(day, municipality, arm, *two) for (day, arm), two in sorted(sums.items())], today)
    known = sum(look.known for look in verdict.looks)
    return StopOut(
        status=verdict.status,  # type: ignore[arg-type]
        looks=len(verdict.looks),
        known=known,
        stopped_on=verdict.stopped_on,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
