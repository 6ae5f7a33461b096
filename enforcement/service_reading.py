"""The service list as people see it: its lines, one item, and what somebody has to do. Looks stand in the log first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, allowed, owned, require, rows
from enforcement.clock import shown, stored
from enforcement.service_items import WORKED_ON, ItemState, ItemStep, find_item, note_item
from enforcement.service_outcomes import Done, Found
from enforcement.tables import ServiceItem, ServiceRound, User
from enforcement.worklist import PAGE, cursor_of, position_of


@dataclass(frozen=True)
class Noted:
    """What an officer wrote down, and what a second person said of it."""

    found: Found
    done: Done
    amount_cents: int | None
    reasoning: str
    by: str
    """name of the person"""
    own: bool
    at: dt.datetime
    approver: str | None
    approved_at: dt.datetime | None
    remark: str | None


@dataclass(frozen=True)
class ItemRow:
    """One line of the list."""

    number: str
    kind: str
    position: int
    state: ItemState
    due: dt.date
    reason: Mapping[str, Any]
    """the first one"""
    reasons: int
    holder: str | None
    mine: bool
    waits_until: dt.date | None
    """put aside until this day"""
    version: int


@dataclass(frozen=True)
class ItemPage:
    items: tuple[ItemRow, ...]
    after: str | None
    """cursor of the next page, None on the last"""


@dataclass(frozen=True)
class ItemView:
    """One item as the viewer may see it."""

    number: str
    kind: str
    position: int
    state: ItemState
    due: dt.date
    as_of: dt.date
    version: int
    reasons: tuple[Mapping[str, Any], ...]
    people: tuple[int, ...]
    """random numbers of client and partner"""
    holder: str | None
    mine: bool
    lease_until: dt.datetime | None
    noted: Noted | None
    """the latest"""
    earlier: tuple[Noted, ...]
    """what was sent back before it, oldest first, with the words of the second person"""
    waits_until: dt.date | None
    """put aside until this day"""
    waits_for: str | None
    """a WaitsFor (waiting.py)"""
    steps: frozenset[ItemStep]
    """what the viewer may do now"""


def item_list(
    session: Session,
    viewer: Viewer,
    now: dt.datetime,
    states: frozenset[ItemState] = WORKED_ON,
    *,
    mine: bool = False,
    waiting: bool = False,
    kind: str = "",
    after: str | None = None,
    limit: int = PAGE,
) -> ItemPage:
    """A page of the list in the order to work in, after the look was logged. mine: only what the viewer has in hand;
    waiting: only what is put aside until a day. Raises ForbiddenError, RefusedError for a cursor that is none of ours,
    LogUnavailableError. Needs a transaction of `looking` or `writing`."""
    require(viewer, Permission.SERVE_CLIENTS)
    note_item(session, viewer, "service_list_read", "list", now)
    query = (
        select(ServiceItem, User.name)
        .outerjoin(User, User.id == ServiceItem.claimed_by)
        .where(owned(viewer, ServiceItem), _in_states(states, stored(now)))
        .order_by(ServiceItem.due, ServiceItem.position, ServiceItem.number)
        .limit(limit + 1)
    )
    if mine:
        query = query.where(ServiceItem.claimed_by == viewer.user, ServiceItem.state == ItemState.CLAIMED)
    if waiting:
        query = query.where(ServiceItem.state == ItemState.CLAIMED, ServiceItem.waits_until > now.date())
    if kind:
        query = query.where(ServiceItem.kind == kind)
    if after is not None:
        behind = tuple_(ServiceItem.due, ServiceItem.position, ServiceItem.number)
        query = query.where(behind > tuple_(*position_of(after)))
    found = session.execute(query).all()
    items = tuple(_row(item, name, viewer, stored(now)) for item, name in found[:limit])
    return ItemPage(items, cursor_of(found[limit - 1][0]) if len(found) > limit else None)


def item_view(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> ItemView:
    """One item, after the look was logged. Raises NotFoundError, ForbiddenError, LogUnavailableError."""
    item = find_item(session, viewer, number)
    note_item(session, viewer, "service_item_read", number, now)
    state = effective(item, stored(now))
    held = state == ItemState.CLAIMED
    before = session.scalars(
        rows(viewer, ServiceRound, Permission.SERVE_CLIENTS)
        .where(ServiceRound.case_id == item.case_id, ServiceRound.as_of == item.as_of)
        .order_by(ServiceRound.noted_at, ServiceRound.id)
    ).all()
    names = _names(session, [item, *before], item.claimed_by)
    earlier = [noted for one in before if (noted := _noted(one, viewer, names)) is not None]
    return ItemView(
        number=item.number,
        kind=item.kind,
        position=item.position,
        state=state,
        due=item.due,
        as_of=item.as_of,
        version=item.version,
        reasons=tuple(item.reasons),
        people=tuple(int(one) for one in item.people),
        holder=names.get(item.claimed_by) if held else None,
        mine=held and item.claimed_by == viewer.user,
        lease_until=shown(item.lease_until) if held and item.lease_until else None,
        noted=_noted(item, viewer, names),
        earlier=tuple(earlier),
        waits_until=item.waits_until if held else None,
        waits_for=item.waits_for if held else None,
        steps=_steps(item, state, viewer),
    )


@dataclass(frozen=True)
class MyItems:
    """What somebody has to do on the service list; numbers and dates, nothing about a client."""

    in_hand: tuple[ItemRow, ...]
    aside: tuple[ItemRow, ...]
    """of their own, put aside"""
    to_judge: tuple[ItemRow, ...]
    """of colleagues"""
    waiting: tuple[ItemRow, ...]
    """their own, for a second person"""
    closed: tuple[ItemRow, ...]
    """their own"""


def my_items(session: Session, viewer: Viewer, now: dt.datetime, most: int) -> MyItems:
    """At most `most` of each. Raises ForbiddenError."""

    def those(*which: ColumnElement[bool]) -> tuple[ItemRow, ...]:
        query = rows(viewer, ServiceItem, Permission.SERVE_CLIENTS).where(*which)
        found = session.scalars(query.order_by(ServiceItem.due, ServiceItem.position).limit(most))
        return tuple(_row(item, None, viewer, stored(now)) for item in found)

    waits, own = ServiceItem.state == ItemState.FINDINGS, ServiceItem.noted_by == viewer.user
    held = (
        ServiceItem.state == ItemState.CLAIMED,
        ServiceItem.claimed_by == viewer.user,
        ServiceItem.lease_until >= stored(now),
    )
    judges = allowed(viewer, Permission.APPROVE_FINDINGS)
    return MyItems(
        in_hand=those(*held, ServiceItem.waits_until.is_(None)),
        aside=those(*held, ServiceItem.waits_until.is_not(None)),
        to_judge=those(waits, ~own) if judges else (),
        waiting=those(waits, own),
        closed=those(ServiceItem.state == ItemState.CLOSED, own),
    )


def effective(item: ServiceItem, moment: dt.datetime) -> ItemState:
    """The state people see: a claim whose lease ran out is open again. `moment` as stored."""
    expired = item.state == ItemState.CLAIMED and item.lease_until is not None and item.lease_until < moment
    return ItemState.OPEN if expired else ItemState(item.state)


def _in_states(states: frozenset[ItemState], moment: dt.datetime) -> ColumnElement[bool]:
    plain = ServiceItem.state.in_(sorted(states))
    lapsed = and_(ServiceItem.state == ItemState.CLAIMED, ServiceItem.lease_until < moment)
    if ItemState.OPEN in states and ItemState.CLAIMED not in states:
        return or_(plain, lapsed)
    if ItemState.CLAIMED in states and ItemState.OPEN not in states:
        return and_(plain, ~lapsed)
    return plain


def _row(item: ServiceItem, name: str | None, viewer: Viewer, moment: dt.datetime) -> ItemRow:
    state = effective(item, moment)
    held = state == ItemState.CLAIMED
    return ItemRow(
        number=item.number,
        kind=item.kind,
        position=item.position,
        state=state,
        due=item.due,
        reason=item.reasons[0],
        reasons=len(item.reasons),
        holder=name if held else None,
        mine=held and item.claimed_by == viewer.user,
        waits_until=item.waits_until if held else None,
        version=item.version,
    )


def _names(session: Session, noted: Sequence[ServiceItem | ServiceRound], holder: str | None) -> dict[str | None, str]:
    users = {one for each in noted for one in (each.noted_by, each.approver) if one} | ({holder} if holder else set())
    return {user.id: user.name for user in session.scalars(select(User).where(User.id.in_(users)))}


def _noted(one: ServiceItem | ServiceRound, viewer: Viewer, names: Mapping[str | None, str]) -> Noted | None:
    if one.outcome is None or one.done is None or one.noted_by is None or one.noted_at is None:
        return None
    approved = one.approved_at if isinstance(one, ServiceItem) else None
    return Noted(
        found=Found(one.outcome),
        done=Done(one.done),
        amount_cents=one.amount_cents,
        reasoning=one.reasoning or "",
        by=names.get(one.noted_by, one.noted_by),
        own=one.noted_by == viewer.user,
        at=shown(one.noted_at),
        approver=names.get(one.approver, one.approver) if one.approver else None,
        approved_at=shown(approved) if approved else None,
        remark=one.approver_note,
    )


def _steps(item: ServiceItem, state: ItemState, viewer: Viewer) -> frozenset[ItemStep]:
    steps: set[ItemStep] = set()
    if state == ItemState.OPEN:
        steps.add(ItemStep.CLAIM)
    if state == ItemState.CLAIMED and item.claimed_by == viewer.user:
        steps |= {ItemStep.RELEASE, ItemStep.HAND_OVER, ItemStep.SAVE}
        steps.add(ItemStep.TAKE_UP if item.waits_until else ItemStep.PUT_ASIDE)
    if state == ItemState.FINDINGS and item.noted_by != viewer.user and allowed(viewer, Permission.APPROVE_FINDINGS):
        steps |= {ItemStep.APPROVE, ItemStep.RETURN}
    return frozenset(steps)
