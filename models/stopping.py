"""The stop rule declared beforehand: when the risk list does not find more than the lot does, its places go back (R7).

Every quarter a look at the lift of the last twelve months, strata quarter x municipality pooled over the participants.
The one-sided 80 % lower bound at or below 1 at two looks running: stop (statistics.md, Stop rule).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from models.lift import Counts, Lift, lift

CONFIDENCE = 0.8
RUNNING = 2
"""looks in a row at or below 1"""
QUARTERS = 4
"""in one look"""
FEWEST = 30
"""reviews that each arm must have in a look before it says anything"""
HORIZON = 8
"""quarterly looks over which the chance to stop is given: two years, after the first twelve months"""


@dataclass(frozen=True)
class Quarterly:
    """Completed reviews of one arm of one municipality in the quarter that starts on `start`."""

    start: dt.date
    municipality: str
    arm: str
    """risk, or random: the random cases without an open signal"""
    reviewed: int
    changed: int


@dataclass(frozen=True)
class Look:
    """The lift of the twelve months before `day`."""

    day: dt.date
    lift: Lift
    lower: float | None
    known: bool
    """a whole year with enough reviews in both arms; otherwise the page says "not yet known" """

    @property
    def at_or_below_one(self) -> bool:
        return self.known and (self.lower is None or self.lower <= 1)


@dataclass(frozen=True)
class Verdict:
    """Where the rule stands after its looks."""

    looks: tuple[Look, ...]
    stopped_on: dt.date | None
    """the look at which it stopped; it stays stopped until people start it again"""

    @property
    def status(self) -> str:
        """stop, watch (the last look was at or below 1), go, or not_yet_known."""
        if self.stopped_on:
            return "stop"
        if not self.looks or not self.looks[-1].known:
            return "not_yet_known"
        return "watch" if self.looks[-1].at_or_below_one else "go"


def quarter(day: dt.date) -> dt.date:
    """First day of the quarter.

    >>> quarter(dt.date(2026, 11, 22))
    datetime.date(2026, 10, 1)
    """
    return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def after(start: dt.date, quarters: int = 1) -> dt.date:
    """First day of the quarter so many later; earlier when negative.

    >>> after(dt.date(2026, 10, 1)).isoformat(), after(dt.date(2026, 1, 1), -2).isoformat()
    ('2027-01-01', '2025-07-01')
    """
    months = start.year * 12 + start.month - 1 + 3 * quarters
    return dt.date(months // 12, months % 12 + 1, 1)


def judge(reviews: Sequence[Quarterly], today: dt.date, since: dt.date | None = None) -> Verdict:
    """Look at the end of every finished quarter up to `today`.

    since: the day people started it again. They judged what was looked at up to that day, and it counts no more; two
    looks after it stop it again. A look that is not yet known neither counts nor breaks a row of looks. When the arm or
    the lot found nothing at all, so that there is no ratio, a known look counts as at or below 1 only if the lot did
    find something.
    """
    if not reviews:
        return Verdict((), None)
    looks: list[Look] = []
    row = 0
    first = min(one.start for one in reviews)
    day = after(first)
    while day <= quarter(today):
        begin = after(day, -QUARTERS)
        look = _look([one for one in reviews if begin <= one.start < day], day, whole=begin >= first)
        looks.append(look)
        if look.known and (since is None or day > since):
            row = row + 1 if look.at_or_below_one else 0
        if row == RUNNING:
            return Verdict(tuple(looks), day)
        day = after(day)
    return Verdict(tuple(looks), None)


def _look(reviews: Sequence[Quarterly], day: dt.date, *, whole: bool) -> Look:
    rows = [Counts(f"{one.start} {one.municipality}", one.arm, one.reviewed, one.changed) for one in reviews]
    found = lift(rows, "risk", "random")
    total = {arm: sum(row.reviewed for row in rows if row.arm == arm) for arm in ("risk", "random")}
    changed = sum(row.changed for row in rows if row.arm == "random")
    known = whole and min(total.values()) >= FEWEST and (found.stratified is not None or changed > 0)
    return Look(day, found, found.lower_bound(CONFIDENCE), known)


@dataclass(frozen=True)
class Rates:
    """How often the rule stops within the horizon, at the group's own volume."""

    risk_a_quarter: int
    random_a_quarter: int
    base_rate: float
    looks: int
    stops: dict[float, float]
    """true lift -> share of worlds that stop"""

    @property
    def detection(self) -> float:
        """Share of worlds without any lift that stop."""
        return self.stops[1.0]

    @property
    def false_stop(self) -> float:
        """Share of worlds with lift 1.3 that stop."""
        return self.stops[1.3]


def rates(
    risk: int,
    random: int,
    base_rate: float,
    lifts: Sequence[float] = (1.0, 1.3),
    *,
    looks: int = HORIZON,
    worlds: int = 4000,
    seed: int = 1,
) -> Rates:
    """Simulate the rule: `risk` and `random` reviews a quarter over all participants, each finding at its own rate.

    Municipalities are taken together in a quarter, which is what the strata add up to when they are alike.
    """
    draw = np.random.default_rng(seed)
    stops = {}
    for true in lifts:
        a = draw.binomial(risk, min(1.0, true * base_rate), (worlds, looks + QUARTERS - 1)).astype(np.float64)
        c = draw.binomial(random, base_rate, a.shape).astype(np.float64)
        n = risk + random
        spread = (risk * random * (a + c) - a * c * n) / n**2
        above, below, v = (_rolling(part) for part in (a * random / n, c * risk / n, spread))
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(above / below) - NormalDist().inv_cdf(CONFIDENCE) * np.sqrt(v / (above * below))
        # No change in the risk arm counts as at or below 1; none in the lot is not yet known, as in `judge`.
        under = (below > 0) & ((above <= 0) | (np.nan_to_num(log, nan=math.inf) <= 0))
        if QUARTERS * min(risk, random) < FEWEST:
            under[:] = False
        stops[float(true)] = float((under[:, 1:] & under[:, :-1]).any(axis=1).mean())
    return Rates(risk, random, base_rate, looks, stops)


def _rolling(values: np.ndarray) -> np.ndarray:
    sums = np.concatenate((np.zeros((len(values), 1)), np.cumsum(values, axis=1)), axis=1)
    return np.asarray(sums[:, QUARTERS:] - sums[:, :-QUARTERS])
