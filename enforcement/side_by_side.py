"""The municipalities of the shared back office beside each other: counts and sums only, never a row (R17).

Each municipality is asked by itself, as itself; what comes out is how many reviews led to a change and what they
brought. Small counts are suppressed where they are shown (models/funnel.py, models/amounts.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Engine, select

from enforcement.access import Permission, Viewer, require
from enforcement.database import acting_for, reading
from enforcement.money import Kept, kept
from enforcement.policy import HourPrice, hour_price
from enforcement.results import per_arm
from enforcement.tables import Grant


@dataclass(frozen=True)
class Beside:
    """One municipality's reviews, each once."""

    changed: int
    reviewed: int
    money: Kept
    completion: float | None
    """of the arm that is least complete; None for reviews before this service, of which only finished ones are known"""
    hour: HourPrice | None


def side_by_side(engine: Engine, viewer: Viewer, *, own: bool = True) -> Mapping[str, Beside]:
    """Municipality code -> its lists of this service, or its reviews before it. Raises ForbiddenError.

    engine: without a municipality; every count is read in a transaction that sees one municipality only.
    """
    require(viewer, Permission.COMPARE_MUNICIPALITIES)
    with reading(engine) as session:
        towns = session.scalars(select(Grant.municipality).distinct().order_by(Grant.municipality)).all()
    found = {}
    for town in towns:
        with reading(acting_for(engine, town)) as session:
            there = replace(viewer, municipality=town)
            money = kept(session, there, own=own)
            counts = per_arm(session, there) if own else {}
            whole = counts["all"] if own else money.whole
            least = min((one.completion for one in counts.values() if one.completion is not None), default=None)
            found[town] = Beside(whole.changed, whole.reviewed, money, least, hour_price(session, town))
    return found
