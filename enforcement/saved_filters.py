"""Filters that a person keeps under a name of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, require
from enforcement.cases import State
from enforcement.clock import stored
from enforcement.errors import RefusedError
from enforcement.tables import SavedFilter
from enforcement.tenants import within
from enforcement.worklist import Filters

MOST = 20
LONGEST_NAME = 60


@dataclass(frozen=True)
class Kept:
    name: str
    filters: Filters


def keep_filter(session: Session, viewer: Viewer, name: str, filters: Filters, now: dt.datetime) -> None:
    """Keeps a filter under a name; the same name again replaces it. Raises RefusedError."""
    require(viewer, Permission.LIST_CASES)
    title = " ".join(name.split())
    if not 1 <= len(title) <= LONGEST_NAME:
        raise RefusedError(f"a filter has a name of 1 to {LONGEST_NAME} characters")
    names = {one.name for one in kept_filters(session, viewer)}
    if title not in names and len(names) >= MOST:
        raise RefusedError(f"at most {MOST} filters; remove one first")
    query = {
        "states": sorted(filters.states),
        "mine": filters.mine,
        "waiting": filters.waiting,
        "topic": filters.topic,
        "due_soon": filters.due_soon,
    }
    session.merge(
        SavedFilter(municipality=viewer.municipality, user_id=viewer.user, name=title, query=query, kept_at=stored(now))
    )
    session.flush()


def kept_filters(session: Session, viewer: Viewer) -> tuple[Kept, ...]:
    """The viewer's own filters, by name."""
    require(viewer, Permission.LIST_CASES)
    found = session.scalars(
        select(SavedFilter)
        .where(within(SavedFilter, viewer.municipality), SavedFilter.user_id == viewer.user)
        .order_by(SavedFilter.name)
    )
    return tuple(Kept(one.name, _filters(one.query)) for one in found)


def drop_filter(session: Session, viewer: Viewer, name: str) -> None:
    """Drops the viewer's own filter; one that is not there is gone already."""
    require(viewer, Permission.LIST_CASES)
    session.execute(
        delete(SavedFilter).where(
            within(SavedFilter, viewer.municipality), SavedFilter.user_id == viewer.user, SavedFilter.name == name
        )
    )


def _filters(query: Mapping[str, object]) -> Filters:
    states = query.get("states")
    listed = frozenset(State(one) for one in states) if isinstance(states, list) else frozenset()
    return Filters(
        listed,
        bool(query.get("mine")),
        bool(query.get("waiting")),
        str(query.get("topic") or ""),
        bool(query.get("due_soon")),
    )
