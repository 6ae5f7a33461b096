"""The municipalities of the shared back office beside each other: counts only, never a row (R17).

Each municipality is asked by itself, as itself; what comes out is how many reviews led to a change. Small counts are
suppressed where they are shown (models/funnel.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Engine, select

from enforcement.access import Permission, Viewer, require
from enforcement.database import acting_for, reading
from enforcement.results import ArmCount, per_arm
from enforcement.tables import Grant


def side_by_side(engine: Engine, viewer: Viewer) -> Mapping[str, ArmCount]:
    """Municipality code -> its whole list, each case once. Raises ForbiddenError.

    engine: without a municipality; every count is read in a transaction that sees one municipality only.
    """
    require(viewer, Permission.COMPARE_MUNICIPALITIES)
    with reading(engine) as session:
        towns = session.scalars(select(Grant.municipality).distinct().order_by(Grant.municipality)).all()
    found = {}
    for town in towns:
        with reading(acting_for(engine, town)) as session:
            found[town] = per_arm(session, replace(viewer, municipality=town))["all"]
    return found
