"""Municipalities side by side as a funnel: a small one lies further from the whole by chance alone.

Control limits after Spiegelhalter, "Funnel plots for comparing institutional performance" (Statistics in Medicine
2005), from the binomial distribution itself, so that they hold for small numbers too. Counts below ten are not shown,
and the whole is made of what is shown, so that nobody can subtract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import binom

from models.intervals import wilson

FEWEST = 10
"""people below which a count is suppressed"""
INNER, OUTER = 0.95, 0.998


@dataclass(frozen=True)
class Point:
    """One municipality."""

    name: str
    n: int | None
    """None when suppressed"""
    share: float | None
    low: float | None
    """Wilson, 95 in 100"""
    high: float | None
    status: str
    """within, outside_inner, outside_outer, or suppressed"""


@dataclass(frozen=True)
class Funnel:
    target: float | None
    """share over the municipalities that are shown; None with fewer than two of them"""
    points: tuple[Point, ...]
    curves: Mapping[str, tuple[tuple[int, float, float], ...]]
    """inner and outer -> (n, low, high) to draw"""


def funnel(counts: Mapping[str, tuple[int, int]]) -> Funnel:
    """counts: municipality -> (changed, reviewed).

    >>> made = funnel({"A": (20, 100), "B": (40, 100), "C": (1, 4)})
    >>> made.target, [one.status for one in made.points]
    (0.3, ['outside_inner', 'outside_inner', 'suppressed'])
    """
    shown = {name: pair for name, pair in counts.items() if min(pair[0], pair[1] - pair[0]) >= FEWEST}
    whole = sum(n for _, n in shown.values())
    target = sum(x for x, _ in shown.values()) / whole if len(shown) > 1 else None
    points = []
    for name, (x, n) in counts.items():
        if name not in shown:
            points.append(Point(name, None, None, None, None, "suppressed"))
            continue
        low, high = wilson(x / n, n)
        points.append(Point(name, n, x / n, low, high, _where(x, n, target)))
    most = max((n for _, n in shown.values()), default=0)
    sizes = sorted({max(FEWEST, round(most * 1.1 * at / 24)) for at in range(1, 25)}) if target is not None else []
    curves = {
        kind: tuple((n, *limits(n, target or 0.0, held)) for n in sizes)
        for kind, held in (("inner", INNER), ("outer", OUTER))
    }
    return Funnel(target, tuple(points), curves)


def limits(n: int, target: float, held: float) -> tuple[float, float]:
    """Shares between which a municipality with n reviews and the rate of the whole lies in `held` of all times.

    Interpolated between counts, as Spiegelhalter does (his section A.1.1), so that the curve is smooth.
    """
    return _quantile((1 - held) / 2, n, target), _quantile((1 + held) / 2, n, target)


def _quantile(part: float, n: int, target: float) -> float:
    count = int(binom.ppf(part, n, target))
    mass = float(binom.pmf(count, n, target))
    over = (float(binom.cdf(count, n, target)) - part) / mass if mass else 0.0
    return min(1.0, max(0.0, (count - over) / n))


def _where(changed: int, n: int, target: float | None) -> str:
    if target is None:
        return "within"
    for status, held in (("outside_outer", OUTER), ("outside_inner", INNER)):
        low, high = limits(n, target, held)
        if not low <= changed / n <= high:
            return status
    return "within"
