"""The team of a municipality: who has how much in hand, and by when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, owned, require
from enforcement.cases import State
from enforcement.clock import stored
from enforcement.handover import CASEWORKERS, absent
from enforcement.tables import Case, Finding, Grant, ServiceItem, User
from enforcement.tenants import within


@dataclass(frozen=True)
class Load:
    """What one colleague has to do. Counts; nothing about what was found."""

    user: str
    name: str
    in_hand: int
    """cases"""
    items: int
    """of the service list in hand"""
    waiting: int
    """cases and items put aside"""
    overdue: int
    """cases and items"""
    next_due: dt.date | None
    """of both"""
    away_until: dt.date | None
    approved: int
    """findings approved in the last 30 days"""


@dataclass(frozen=True)
class Colleague:
    user: str
    name: str


def colleagues(session: Session, viewer: Viewer, day: dt.date) -> tuple[Colleague, ...]:
    """Who else reviews cases in the viewer's municipality and is not away on the day, by name."""
    require(viewer, Permission.CLAIM_CASE)
    away = absent(session, viewer.municipality, day)
    return tuple(
        Colleague(user, name) for user, name in _people(session, viewer) if user != viewer.user and user not in away
    )


def _people(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    found = session.execute(
        select(User.id, User.name)
        .join(Grant, Grant.user_id == User.id)
        .where(within(Grant, viewer.municipality), Grant.role.in_([role.value for role in CASEWORKERS]))
        .distinct()
        .order_by(User.name)
    ).all()
    return [(user, name) for user, name in found]


def team(session: Session, viewer: Viewer, now: dt.datetime) -> tuple[Load, ...]:
    """Everyone who reviews cases in the viewer's municipality, by name, with load and deadlines."""
    require(viewer, Permission.SEE_TEAM)
    people = _people(session, viewer)
    away = absent(session, viewer.municipality, now.date())
    held = session.execute(
        select(Case.claimed_by, Case.due, Case.waits_until).where(owned(viewer, Case), Case.state == State.CLAIMED)
    ).all()
    served = session.execute(
        select(ServiceItem.claimed_by, ServiceItem.due, ServiceItem.waits_until).where(
            owned(viewer, ServiceItem), ServiceItem.state == State.CLAIMED
        )
    ).all()
    recent = session.scalars(
        select(Finding.reviewer).where(
            owned(viewer, Finding),
            Finding.state == "approved",
            Finding.approved_at >= stored(now - dt.timedelta(days=30)),
        )
    ).all()
    today = now.date()
    found = []
    for user, name in people:
        own = [one for one in held if one.claimed_by == user]
        items = [one for one in served if one.claimed_by == user]
        dues = [one.due for one in (*own, *items)]
        found.append(
            Load(
                user=user,
                name=name,
                in_hand=len(own),
                items=len(items),
                waiting=sum(one.waits_until is not None and one.waits_until > today for one in (*own, *items)),
                overdue=sum(due < today for due in dues),
                next_due=min(dues, default=None),
                away_until=away[user].last if user in away else None,
                approved=recent.count(user),
            )
        )
    return tuple(found)
