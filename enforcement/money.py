"""Money both ways, per arm: what reviews found in favour of clients and of the municipality (statistics.md, Money).

The service records one figure: the change per month that a second person approved. What was claimed, recovered, paid
out or avoided, and the hours that reviews took, are kept elsewhere and not delivered yet; they are None and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from enforcement.results import ArmCount

NOT_RECORDED = ("claimed", "recovered", "paid_out", "avoided", "hours")
"""figures of statistics.md that no system delivers yet"""


@dataclass(frozen=True)
class Money:
    """EUR cents a month of approved findings; per case over the completed reviews of the arm."""

    reviewed: int
    up: int
    """clients turned out to be entitled to so much more"""
    down: int
    """... to so much less"""
    up_per_case: int | None
    """None without completed reviews"""
    down_per_case: int | None
    claimed: int | None = None
    recovered: int | None = None
    paid_out: int | None = None
    avoided: int | None = None
    hours: float | None = None


def money(arms: Mapping[str, ArmCount]) -> Mapping[str, Money]:
    """Arm -> its money, gross and per completed review, rounded to whole cents."""
    return MappingProxyType({name: _of(count) for name, count in arms.items()})


def _of(count: ArmCount) -> Money:
    n = count.reviewed
    up, down = count.up_cents, count.down_cents
    return Money(n, up, down, round(up / n) if n else None, round(down / n) if n else None)
