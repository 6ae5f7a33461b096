"""What other arms would have brought: expected numbers a year, from reviews whose chance of being chosen is known.

Random places bring what the random arm brought, on average: it is a simple random sample of the eligible. Signal places
bring what the signal arm brought, up to the number of signals there were. Risk places up to the length of the lists
that were drawn are known from those reviews; further down only the random arm tells, and with fewer than 30 of its
reviews there nothing is estimated (statistics.md, Arms and inclusion probabilities). Ends of intervals are added up, so
a total is on the safe side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.amounts import Amount, Sums, mean
from models.intervals import wilson
from models.selective import FEWEST, Floats, Mask, Reviewed, precision

SHARES = ("changed", "nothing")
"""of reviews that say something: a change, and nothing irregular found"""
AMOUNTS = ("up", "down", "hours")
"""a review: EUR cents a month in favour of the client, of the municipality, and hours"""
MEASURES = (*SHARES, *AMOUNTS)


@dataclass(frozen=True)
class Expected:
    """A number a year with its interval, or why there is none: few, no_lists, more_signals or deeper."""

    value: float | None
    low: float | None
    high: float | None
    why: str = ""

    def __add__(self, other: Expected) -> Expected:
        if self.value is None or other.value is None:
            return Expected(None, None, None, self.why or other.why)
        return Expected(
            self.value + other.value, (self.low or 0) + (other.low or 0), (self.high or 0) + (other.high or 0)
        )

    def times(self, factor: float) -> Expected:
        if self.value is None:
            return self if factor else NOTHING
        return Expected(self.value * factor, (self.low or 0) * factor, (self.high or 0) * factor)


NOTHING = Expected(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ArmReviews:
    """Finished reviews of an arm, counted."""

    reviewed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """changed and nothing"""
    sums: Mapping[str, Sums] = field(default_factory=dict)
    """up, down and hours"""

    def each(self) -> Mapping[str, Expected]:
        """Measure -> expected of one review."""
        found = {}
        for name in SHARES:
            if self.reviewed < FEWEST:
                found[name] = Expected(None, None, None, "few")
            else:
                share = self.counts.get(name, 0) / self.reviewed
                found[name] = Expected(share, *wilson(share, self.reviewed))
        return found | {name: _expected(mean(self.sums.get(name, Sums()))) for name in AMOUNTS}


@dataclass(frozen=True)
class Placed:
    """Eligible cases of the lists drawn, one row each: all in C, and as many by place as a longer list would take."""

    draw: np.ndarray
    """number of the list"""
    place: np.ndarray
    risk: Mask
    """on the risk list"""
    certain: Mask
    """on the signal or risk list (C)"""
    drawn: Mask
    weight: Floats
    """1 / pi of a drawn row outside C"""
    values: Mapping[str, Floats]
    """measure -> value, NaN without a finished review or where it is not known"""


def top(placed: Placed, wanted: int) -> Mask:
    """The risk list of each draw at `wanted` places: its own in order of place, and below them the next outside C."""
    chosen = np.zeros(len(placed.draw), dtype=bool)
    for draw in np.unique(placed.draw):
        here = placed.draw == draw
        own = np.flatnonzero(here & placed.risk)
        below = np.flatnonzero(here & ~placed.certain)
        order = [*own[np.argsort(placed.place[own])], *below[np.argsort(placed.place[below])]]
        chosen[order[:wanted]] = True
    return chosen


def risk_each(placed: Placed | None, wanted: int) -> Mapping[str, Expected]:
    """Measure -> expected of one review on a risk list of `wanted` places."""
    if placed is None or not len(placed.draw):
        return dict.fromkeys(MEASURES, Expected(None, None, None, "no_lists"))
    chosen = top(placed, wanted)
    full = min(int((chosen & (placed.draw == draw)).sum()) for draw in np.unique(placed.draw))
    if full < wanted:
        return dict.fromkeys(MEASURES, Expected(None, None, None, "deeper"))
    found = {}
    for name in MEASURES:
        values = placed.values[name][chosen]
        certain, drawn, weight = placed.certain[chosen], placed.drawn[chosen], placed.weight[chosen]
        if name in SHARES:
            rows = Reviewed(values, certain, drawn, np.ones(len(values)), np.where(certain, 1.0, weight))
            one = precision(rows, np.ones(len(values)))
            why = "" if one.value is not None else "deeper" if (~certain).any() else "few"
            found[name] = Expected(one.value, one.low, one.high, why)
        else:
            found[name] = _amount(values, certain, drawn)
    return found


def _amount(values: Floats, certain: Mask, drawn: Mask) -> Expected:
    """Mean over the certain, as they were found, and below them by the random reviews there."""
    known = ~np.isnan(values)
    inside, outside = int(certain.sum()), int((~certain).sum())
    parts = NOTHING
    if inside:
        seen = values[certain & known]
        if not len(seen):
            return Expected(None, None, None, "few")
        whole = float(seen.mean()) * inside
        parts = parts + Expected(whole, whole, whole)
    if outside:
        sample = values[~certain & drawn & known]
        sums = Sums(len(sample), int((sample > 0).sum()), float(sample.sum()), float((sample**2).sum()))
        each = _expected(mean(sums))
        if each.value is None:
            return Expected(None, None, None, "deeper")
        parts = parts + each.times(outside)
    return parts.times(1 / (inside + outside))


@dataclass(frozen=True)
class Asked:
    """Places on one list, and lists a year."""

    random: int
    signal: int
    risk: int
    lists: int


@dataclass(frozen=True)
class Signals:
    """Signal cases on a list so far, and whether every list took all its places: then more may have been waiting."""

    a_list: int
    all_taken: bool


@dataclass(frozen=True)
class Brought:
    """Measure -> expected a year, for each arm and together, with the places a year that they rest on."""

    places: Mapping[str, int]
    arms: Mapping[str, Mapping[str, Expected]]
    together: Mapping[str, Expected]


def what_if(asked: Asked, random: ArmReviews, signal: ArmReviews, signals: Signals, placed: Placed | None) -> Brought:
    """Signal places that no signal takes go to random, as on every list."""
    taken = asked.signal if signals.all_taken else min(asked.signal, signals.a_list)
    places = {"random": asked.random + asked.signal - taken, "signal": taken, "risk": asked.risk}
    more = taken > signals.a_list
    each = {
        "random": random.each(),
        "signal": dict.fromkeys(MEASURES, Expected(None, None, None, "more_signals")) if more else signal.each(),
        "risk": risk_each(placed, asked.risk) if asked.risk else dict.fromkeys(MEASURES, NOTHING),
    }
    arms = {arm: {name: each[arm][name].times(places[arm] * asked.lists) for name in MEASURES} for arm in places}
    together = {name: _together([arms[arm][name] for arm in places]) for name in MEASURES}
    return Brought({arm: count * asked.lists for arm, count in places.items()}, arms, together)


def _together(parts: Sequence[Expected]) -> Expected:
    whole = NOTHING
    for part in parts:
        whole = whole + part
    return whole


def _expected(one: Amount) -> Expected:
    return Expected(one.value, one.low, one.high, "" if one.value is not None else "few")
