"""Lift: how many times more often an arm's reviews led to a change than the reference arm's, stratum by stratum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Counts:
    """Completed reviews of one arm in one stratum (period and municipality)."""

    stratum: str
    arm: str
    reviewed: int
    changed: int

    def __post_init__(self) -> None:
        """Raises ValueError on counts that cannot be."""
        if not 0 <= self.changed <= self.reviewed:
            raise ValueError(f"stratum {self.stratum}, {self.arm}: {self.changed} changed of {self.reviewed} reviewed")


@dataclass(frozen=True)
class Lift:
    """Mantel-Haenszel risk ratio with the Greenland-Robins interval (Biometrics 1985); pooled only beside it."""

    arm: str
    reference: str
    stratified: float | None
    low: float | None
    high: float | None
    pooled: float | None
    pooled_low: float | None
    pooled_high: float | None
    log_error: float | None
    """standard error of the logarithm of `stratified`"""
    status: str
    """ok, or not_estimable"""
    why: str
    without_reference: tuple[str, ...]
    """strata with reviews in the arm and none in the reference: named, because they tell nothing about the lift"""

    def lower_bound(self, confidence: float = 0.8) -> float | None:
        """One-sided lower bound, as the stop rule reads it (statistics.md)."""
        if self.stratified is None or self.log_error is None:
            return None
        return self.stratified * math.exp(-NormalDist().inv_cdf(confidence) * self.log_error)


def lift(counts: Sequence[Counts], arm: str, reference: str = "random", confidence: float = 0.95) -> Lift:
    """Lift of `arm` over `reference`. Rows of one stratum and arm are added up.

    >>> rotterdam = [Counts("all", "algorithm", 3620, 1082), Counts("all", "random", 4398, 814)]
    >>> round(lift(rotterdam, "algorithm").pooled, 3)
    1.615
    """
    tables = {}
    for stratum in dict.fromkeys(row.stratum for row in counts):
        sides = [
            (sum(r.changed for r in rows), sum(r.reviewed for r in rows))
            for rows in ([r for r in counts if r.stratum == stratum and r.arm == name] for name in (arm, reference))
        ]
        tables[stratum] = (*sides[0], *sides[1])
    without = tuple(name for name, (_, n1, _, n0) in tables.items() if n1 and not n0)
    used = [table for table in tables.values() if table[1] and table[3]]
    totals = tuple(sum(table[i] for table in tables.values()) for i in range(4))
    pooled = _ratio([totals], confidence)  # type: ignore[list-item]
    stratified = _ratio(used, confidence)
    if not used:
        why = f"no stratum has reviews of both {arm} and {reference}"
    elif stratified is None:
        why = "a ratio needs a change in both arms"
    else:
        why = ""
    nothing = (None, None, None, None)
    value, low, high, error = stratified or nothing
    crude, crude_low, crude_high, _ = pooled or nothing
    status = "ok" if stratified else "not_estimable"
    return Lift(arm, reference, value, low, high, crude, crude_low, crude_high, error, status, why, without)


def _ratio(tables: Sequence[tuple[int, int, int, int]], confidence: float) -> tuple[float, float, float, float] | None:
    """Ratio, interval and standard error of its logarithm; tables of (changed, reviewed) of arm and reference."""
    above = below = spread = 0.0
    for a, n1, c, n0 in tables:
        n = n1 + n0
        if not n:
            continue
        above += a * n0 / n
        below += c * n1 / n
        spread += (n1 * n0 * (a + c) - a * c * n) / n**2
    if above <= 0 or below <= 0:
        return None
    error = math.sqrt(spread / (above * below))
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    ratio = above / below
    return ratio, ratio * math.exp(-reach), ratio * math.exp(reach), error
