"""Taking what stands on a list and moving it on: one conditional statement, so that two people never get one thing.

Cases of the review list and items of the service list are taken alike. Which steps there are stands with each of them
(cases.py, service_items.py), and so does what the log says of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from enforcement.access import Viewer, owned
from enforcement.clock import stored
from enforcement.tables import Case, ServiceItem

LEASE = dt.timedelta(days=5)
"""after so long without a step what was taken may be taken by a colleague"""
OPEN, CLAIMED = "open", "claimed"
Listed = TypeVar("Listed", Case, ServiceItem)
IN_NOBODYS_HAND: Mapping[str, None] = MappingProxyType(
    dict.fromkeys(("claimed_by", "claimed_at", "lease_until", "waits_until", "waits_for"))
)
"""what a row loses when nobody has it in hand"""


@dataclass(frozen=True)
class Taken:
    """What somebody just took; `version` is its new ETag."""

    number: str
    version: int


def in_hand_of(user: str, now: dt.datetime) -> dict[str, Any]:
    """What a row says when somebody has just got it in hand."""
    held = {"claimed_by": user, "claimed_at": stored(now), "lease_until": stored(now + LEASE)}
    return {**IN_NOBODYS_HAND, **held}


def free(table: type[Listed], viewer: Viewer, now: dt.datetime) -> ColumnElement[bool]:
    """What the viewer may take: open, their own, or taken by someone whose lease ran out."""
    lapsed = or_(table.claimed_by == viewer.user, table.lease_until < stored(now))
    return and_(owned(viewer, table), or_(table.state == OPEN, and_(table.state == CLAIMED, lapsed)))


def first(table: type[Listed], may: ColumnElement[bool], now: dt.datetime) -> ColumnElement[bool]:
    """The first of the list that nobody has in hand, among what may be taken; on PostgreSQL two people who ask at once
    do not wait for each other."""
    number = (
        select(table.number)
        .where(may, or_(table.state == OPEN, table.lease_until < stored(now)))
        .order_by(table.due, table.position, table.number)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return table.number == number


def take(
    session: Session, viewer: Viewer, table: type[Listed], which: ColumnElement[bool], now: dt.datetime
) -> Taken | None:
    """Takes what `which` names; None when it may not be taken any more. which: holds `free`."""
    taken = session.execute(
        update(table)
        .where(which)
        .values(state=CLAIMED, version=table.version + 1, **in_hand_of(viewer.user, now))
        .returning(table.number, table.version)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    session.expire_all()
    return Taken(taken.number, taken.version)


def move(
    session: Session,
    viewer: Viewer,
    table: type[Listed],
    number: str,
    before: str,
    holder: str | None,
    after: str,
    version: int,
    changes: Mapping[str, Any] | None = None,
) -> int | None:
    """Moves a row from state `before` to `after` when it is still as the viewer read it; gives its new version, None
    when it changed meanwhile: then nothing is changed."""
    new = session.execute(
        update(table)
        .where(owned(viewer, table), table.number == number, table.state == before, table.version == version)
        .where(table.claimed_by.is_not_distinct_from(holder))
        .values(state=after, version=table.version + 1, **(changes or {}))
        .returning(table.version)
        .execution_options(synchronize_session=False)
    ).scalar()
    if new is None:
        return None
    session.expire_all()
    return int(new)
