"""Money and hours of reviews, both ways, as sums per list and arm (statistics.md, Money); nobody's own amount is here.

What was found is a change a month that a second person approved. What was claimed, received and paid out comes from the
financial administration, and minutes from the reviewer; what nobody delivered is absent, never 0. The sums are made in
pipelines/settling.py, every night, for the lists of this service and for the reviews before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, require
from enforcement.tables import ListMoney
from enforcement.tenants import within

FOUND = ("up", "down")
"""change a month, in favour of the client and of the municipality; EUR cents"""
BOOKED = ("claimed", "recovered", "paid_out")
"""what the financial administration booked, EUR cents so far"""
AHEAD: Mapping[str, str] = MappingProxyType({"avoided": "down", "added": "up"})
"""what the change is worth ahead -> the change a month that it comes from"""
AHEAD_MONTHS = 12
"""the declared rule: a change is reckoned for so many months, for every case and both ways. What would have come to
light by itself within the year is in it too: with the random arm as much as with another, so a difference stands"""
RANDOM_WITHOUT_SIGNAL = "random_without_signal"
"""the part of the random arm that the risk arm is held against (statistics.md, Lift)"""


@dataclass(frozen=True)
class ArmSums:
    """One arm over all lists: counts of reviews, and per measure the sums that models.amounts.Sums is made of."""

    reviewed: int = 0
    """finished, and they say something"""
    changed: int = 0
    inconclusive: int = 0
    nothing_irregular: int = 0
    timed: int = 0
    """finished reviews whose minutes are known, inconclusive ones too"""
    minutes: int = 0
    minutes_squares: int = 0
    sums: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """measure -> sums; a measure that nobody delivered is absent"""


@dataclass(frozen=True)
class Kept:
    """The sums of one municipality, own lists or earlier reviews."""

    lists: int
    until: dt.date | None
    """last day on which bookings were delivered; None when there are none"""
    arms: Mapping[str, ArmSums]
    """arm -> sums; `all` holds each review once"""

    @property
    def whole(self) -> ArmSums:
        return self.arms.get("all", ArmSums())


def kept(session: Session, viewer: Viewer, *, own: bool) -> Kept:
    """Money and hours of the viewer's municipality: of the lists of this service, or of reviews before it.

    Raises ForbiddenError.
    """
    require(viewer, Permission.SEE_RESULTS)
    query = select(ListMoney).where(within(ListMoney, viewer.municipality), ListMoney.own == own)
    arms: dict[str, ArmSums] = {}
    days, until = set(), None
    for row in session.scalars(query.order_by(ListMoney.as_of, ListMoney.arm)):
        days.add(row.as_of)
        until = max((one for one in (until, row.booked_until) if one), default=None)
        arms[row.arm] = _added(arms.get(row.arm, ArmSums()), row)
    return Kept(len(days), until, MappingProxyType(arms))


def _added(one: ArmSums, row: ListMoney) -> ArmSums:
    sums = {name: dict(found) for name, found in one.sums.items()}
    for measure, found in row.sums.items():
        into = sums.setdefault(measure, {})
        for name, value in found.items():
            into[name] = into.get(name, 0) + value
    return ArmSums(
        one.reviewed + row.reviewed,
        one.changed + row.changed,
        one.inconclusive + row.inconclusive,
        one.nothing_irregular + row.nothing_irregular,
        one.timed + row.timed,
        one.minutes + row.minutes,
        one.minutes_squares + row.minutes_squares,
        sums,
    )
