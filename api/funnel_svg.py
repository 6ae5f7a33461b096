"""Where everything of the funnel plot stands, in px; names of municipalities keep apart. A table says the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]
"""left, top, right, bottom"""

WIDE, TALL, LEFT, BOTTOM = 620, 260, 46, 34
LETTER, LINE = 7.5, 15.0
"""px that a name takes: per letter at most, and in height"""
DOT = 5.5
"""radius of a point"""
ASIDE = 10.0
"""px between a point and its name"""
HEIGHTS = tuple(height for lines in range(16) for height in (-9.0 - lines * (LINE + 1), 20.0 + lines * (LINE + 1)))
"""px below the point at which a name may stand, the nearest first"""


@dataclass(frozen=True)
class Placed:
    """One municipality, with where its name begins (or ends, near the right edge)."""

    name: str
    said: str
    low: float
    high: float
    share: float
    x: float
    y: float
    name_x: float
    name_y: float
    anchor: str

    @property
    def box(self) -> Box:
        width = LETTER * len(self.said)
        left = self.name_x if self.anchor == "start" else self.name_x - width
        return left, self.name_y - LINE + 3, left + width, self.name_y + 3


@dataclass(frozen=True)
class FunnelDrawing:
    placed: tuple[Placed, ...]
    """the municipalities that are shown"""
    points: tuple[Any, ...]
    """all of them (models.funnel.Point), for the table"""
    inner: str
    outer: str
    target: float | None
    """height of the line of the whole"""
    target_share: float | None
    most: int
    top: float
    """share at the top of the plot"""


def drawing(found: Any, said: Callable[[str], str]) -> FunnelDrawing:
    """models.funnel.Funnel -> where everything stands; `said` gives the name of a municipality by its code."""
    shown = [one for one in found.points if one.share is not None]
    most = max([n for curve in found.curves.values() for n, _, _ in curve], default=1)
    top = min(1.0, 1.1 * max([high for _, _, high in found.curves["outer"]] + [one.share for one in shown], default=1))

    def x(n: int) -> float:
        return round(LEFT + (WIDE - LEFT - 14) * n / most, 1)

    def y(share: float) -> float:
        return round(10 + (TALL - BOTTOM - 10) * (1 - share / top), 1)

    def area(curve: Any) -> str:
        there = [f"{x(n)},{y(low)}" for n, low, _ in curve]
        return " ".join([*there, *(f"{x(n)},{y(high)}" for n, _, high in reversed(curve))])

    taken = [(x(one.n) - DOT, y(one.share) - DOT, x(one.n) + DOT, y(one.share) + DOT) for one in shown]
    placed: list[Placed] = []
    for one in sorted(shown, key=lambda point: (x(point.n), point.name)):
        placed.append(_named(one, said(one.name), x(one.n), y(one.share), taken))
        taken.append(placed[-1].box)
    return FunnelDrawing(
        tuple(placed),
        found.points,
        area(found.curves["inner"]),
        area(found.curves["outer"]),
        None if found.target is None else y(found.target),
        found.target,
        most,
        top,
    )


def _named(one: Any, said: str, x: float, y: float, taken: list[Box]) -> Placed:
    """The name at the nearest height at which it touches no point and no other name, and stays in the plot."""
    right = x + ASIDE + LETTER * len(said) > WIDE
    name_x, anchor = (x - ASIDE, "end") if right else (x + ASIDE, "start")
    tries = [
        Placed(one.name, said, one.low, one.high, one.share, x, y, name_x, round(y + height, 1), anchor)
        for height in HEIGHTS
    ]
    free = (a for a in tries if LINE < a.name_y < TALL - BOTTOM and not any(_touch(a.box, box) for box in taken))
    return next(free, tries[0])


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
