"""Working on the service list: taking an item, saying what was found and done, and a second person's look (R2, R34).

As on the review list every change is one conditional statement, and the states and the steps between them stand in one
table. Nothing here knows a place on the review list, and nothing there knows an item.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, or_, select, tuple_, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Purpose, Viewer, allowed, owned, require, rows
from enforcement.cases import LEASE
from enforcement.clock import shown, stored
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError, RefusedError, StaleError
from enforcement.findings import SHORTEST_NOTE
from enforcement.handover import MOST_AT_ONCE, Assigned, absent, is_absent, require_caseworker
from enforcement.service_outcomes import Done, Found, ServiceOutcome
from enforcement.tables import ServiceItem, User
from enforcement.tenants import within
from enforcement.worklist import PAGE, cursor_of, position_of


class ItemState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    FINDINGS = "findings"
    """what was found is written down, a second person has to look"""
    CLOSED = "closed"
    OVERTAKEN = "overtaken"
    """nobody took it before the next list was made"""


class ItemStep(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    SAVE = "save"
    APPROVE = "approve"
    RETURN = "return"
    OVERTAKE = "overtake"
    """nobody's own: the next list does it"""


ITEM_STEPS: Mapping[tuple[ItemState, ItemStep], ItemState] = MappingProxyType(
    {
        (ItemState.OPEN, ItemStep.CLAIM): ItemState.CLAIMED,
        (ItemState.CLAIMED, ItemStep.CLAIM): ItemState.CLAIMED,  # a lease that ran out
        (ItemState.CLAIMED, ItemStep.RELEASE): ItemState.OPEN,
        (ItemState.OPEN, ItemStep.ASSIGN): ItemState.CLAIMED,
        (ItemState.CLAIMED, ItemStep.SAVE): ItemState.FINDINGS,
        (ItemState.FINDINGS, ItemStep.APPROVE): ItemState.CLOSED,
        (ItemState.FINDINGS, ItemStep.RETURN): ItemState.CLAIMED,
        (ItemState.OPEN, ItemStep.OVERTAKE): ItemState.OVERTAKEN,
    }
)
"""(state, step) -> next state. What is not here does not exist."""

WORKED_ON = frozenset({ItemState.OPEN, ItemState.CLAIMED, ItemState.FINDINGS})
IN_NOBODYS_HAND: Mapping[str, None] = MappingProxyType(dict.fromkeys(("claimed_by", "claimed_at", "lease_until")))


@dataclass(frozen=True)
class ItemChanged:
    """An item after a step; `version` is its new ETag."""

    number: str
    version: int
    state: ItemState


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
    steps: frozenset[ItemStep]
    """what the viewer may do now"""


def step_to(state: str, step: ItemStep) -> ItemState:
    """The state that a step leads to. Raises ConflictError for a step that does not exist from `state`."""
    try:
        return ITEM_STEPS[ItemState(state), step]
    except KeyError:
        raise ConflictError(f"an item that is {state} knows no step '{step.value}'") from None


def item_list(
    session: Session,
    viewer: Viewer,
    now: dt.datetime,
    states: frozenset[ItemState] = WORKED_ON,
    *,
    mine: bool = False,
    kind: str = "",
    after: str | None = None,
    limit: int = PAGE,
) -> ItemPage:
    """A page of the list in the order to work in, after the look was logged. Raises ForbiddenError, RefusedError for a
    cursor that is none of ours, LogUnavailableError. Needs a transaction that may write."""
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
    names = _names(session, item)
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
        steps=_steps(item, state, viewer),
    )


def find_item(
    session: Session, viewer: Viewer, number: str, permission: Permission = Permission.SERVE_CLIENTS
) -> ServiceItem:
    """The item with this number in the viewer's municipality. Raises NotFoundError, also for another's item."""
    item = session.scalars(rows(viewer, ServiceItem, permission).where(ServiceItem.number == number)).first()
    if item is None:
        raise NotFoundError(f"no item {number} here")
    return item


def claim_next_item(session: Session, viewer: Viewer, now: dt.datetime) -> ItemChanged | None:
    """Takes the first free item of the list; None when there is none."""
    require(viewer, Permission.SERVE_CLIENTS)
    first = (
        select(ServiceItem.number)
        .where(_takeable(viewer, now), or_(ServiceItem.state == ItemState.OPEN, ServiceItem.lease_until < stored(now)))
        .order_by(ServiceItem.due, ServiceItem.position, ServiceItem.number)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return _claim(session, viewer, now, ServiceItem.number == first)


def claim_item(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> ItemChanged:
    """Takes a chosen item; the viewer's own again renews its lease.

    Raises NotFoundError, and ConflictError when somebody else has it or its state does not allow it.
    """
    require(viewer, Permission.SERVE_CLIENTS)
    claimed = _claim(session, viewer, now, ServiceItem.number == number)
    if claimed is None:
        step_to(find_item(session, viewer, number).state, ItemStep.CLAIM)
        raise ConflictError(f"item {number} is with a colleague")
    return claimed


def release_item(session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime) -> ItemChanged:
    """Gives the viewer's own item back to the list. Raises NotFoundError, ConflictError, StaleError."""
    require(viewer, Permission.SERVE_CLIENTS)
    item = _own(session, viewer, number)
    return _move(session, viewer, item, ItemStep.RELEASE, version, now, "service_item_released", IN_NOBODYS_HAND)


def assign_items(
    session: Session, viewer: Viewer, numbers: Sequence[str], to: str, now: dt.datetime
) -> tuple[Assigned, ...]:
    """Gives open items to one colleague, each by itself: one that is taken meanwhile stays where it is and says so.

    Only who does what is assigned in bulk, never an outcome (R2). Raises ForbiddenError, and RefusedError for too many.
    """
    require(viewer, Permission.ASSIGN_CASES)
    if len(numbers) > MOST_AT_ONCE:
        raise RefusedError(f"at most {MOST_AT_ONCE} items at once")
    return tuple(_assign(session, viewer, number, to, now) for number in dict.fromkeys(numbers))


def save_outcome(
    session: Session, viewer: Viewer, number: str, outcome: ServiceOutcome, version: int, now: dt.datetime
) -> ItemChanged:
    """Keeps what the viewer found and did about an item in hand. Raises FindingsError, NotFoundError, ConflictError,
    StaleError, ForbiddenError; then nothing is kept."""
    require(viewer, Permission.SERVE_CLIENTS)
    outcome.check()
    item = _own(session, viewer, number)
    changes = dict[str, Any](IN_NOBODYS_HAND) | {
        "outcome": outcome.found.value,
        "done": outcome.done.value,
        "amount_cents": outcome.amount_cents,
        "reasoning": outcome.reasoning.strip(),
        "noted_by": viewer.user,
        "noted_at": stored(now),
        "approver": None,
        "approved_at": None,
        "approver_note": None,
    }
    return _move(session, viewer, item, ItemStep.SAVE, version, now, "service_outcome_saved", changes)


def approve_outcome(
    session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime, remark: str = ""
) -> ItemChanged:
    """A second person approves what was found. Raises ForbiddenError for one's own, whatever the role, ConflictError
    and StaleError."""
    item = _to_judge(session, viewer, number)
    changes = {"approver": viewer.user, "approved_at": stored(now), "approver_note": remark.strip() or None}
    return _move(session, viewer, item, ItemStep.APPROVE, version, now, "service_outcome_approved", changes)


def return_outcome(
    session: Session, viewer: Viewer, number: str, version: int, remark: str, now: dt.datetime
) -> ItemChanged:
    """A second person sends it back to who wrote it, with what is missing. Raises as `approve_outcome` does, and
    FindingsError for a remark that says nothing."""
    if len(remark.strip()) < SHORTEST_NOTE:
        raise FindingsError("remark", "Schrijf wat er nog ontbreekt.", "Write what is still missing.")
    item = _to_judge(session, viewer, number)
    changes = _in_hand_of(str(item.noted_by), now) | {"approver": viewer.user, "approver_note": remark.strip()}
    return _move(session, viewer, item, ItemStep.RETURN, version, now, "service_outcome_returned", changes)


def relieve_items(session: Session, municipality: str, now: dt.datetime) -> int:
    """Takes the items in hand from everyone who is away today: the deputy has them, or the list. Gives how many; a
    second time changes nothing."""
    moved = 0
    for absence in absent(session, municipality, now.date()).values():
        to = _in_hand_of(absence.deputy, now) if absence.deputy else dict[str, Any](IN_NOBODYS_HAND)
        state = ItemState.CLAIMED if absence.deputy else ItemState.OPEN
        held = session.execute(
            update(ServiceItem)
            .where(within(ServiceItem, municipality), ServiceItem.state == ItemState.CLAIMED)
            .where(ServiceItem.claimed_by == absence.user_id)
            .values(state=state, version=ServiceItem.version + 1, **to)
            .returning(ServiceItem.number)
            .execution_options(synchronize_session=False)
        )
        for number in held.scalars().all():
            details = {"absent": absence.user_id} | ({"to": absence.deputy} if absence.deputy else {})
            action = "service_item_assigned" if absence.deputy else "service_item_released"
            audit.append(
                session, municipality, "system", "service", action, f"service:{number}", Purpose.SERVICE.value, details,
                at=now,
            )  # fmt: skip
            moved += 1
    session.expire_all()
    return moved


def note_item(
    session: Session,
    viewer: Viewer,
    action: str,
    number: str,
    now: dt.datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Writes what the viewer does with an item to the municipality's log; the purpose is the client's own interest."""
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        action,
        f"service:{number}",
        Purpose.SERVICE.value,
        details,
        at=now,
    )


def effective(item: ServiceItem, moment: dt.datetime) -> ItemState:
    """The state people see: a claim whose lease ran out is open again. `moment` as stored."""
    expired = item.state == ItemState.CLAIMED and item.lease_until is not None and item.lease_until < moment
    return ItemState.OPEN if expired else ItemState(item.state)


def _claim(session: Session, viewer: Viewer, now: dt.datetime, which: ColumnElement[bool]) -> ItemChanged | None:
    taken = session.execute(
        update(ServiceItem)
        .where(_takeable(viewer, now), which)
        .values(state=ItemState.CLAIMED, version=ServiceItem.version + 1, **_in_hand_of(viewer.user, now))
        .returning(ServiceItem.number, ServiceItem.version)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    session.expire_all()
    note_item(session, viewer, "service_item_claimed", taken.number, now)
    return ItemChanged(taken.number, taken.version, ItemState.CLAIMED)


def _takeable(viewer: Viewer, now: dt.datetime) -> ColumnElement[bool]:
    """Open, or claimed by the viewer, or claimed by someone whose lease ran out."""
    lapsed = or_(ServiceItem.claimed_by == viewer.user, ServiceItem.lease_until < stored(now))
    free = or_(ServiceItem.state == ItemState.OPEN, and_(ServiceItem.state == ItemState.CLAIMED, lapsed))
    return and_(owned(viewer, ServiceItem), free)


def _assign(session: Session, viewer: Viewer, number: str, to: str, now: dt.datetime) -> Assigned:
    try:
        item = find_item(session, viewer, number, Permission.ASSIGN_CASES)
        require_caseworker(session, viewer.municipality, to)
        if is_absent(session, viewer.municipality, to, now.date()):
            raise ConflictError("this colleague is away")
        changed = _move(
            session, viewer, item, ItemStep.ASSIGN, item.version, now, "service_item_assigned", _in_hand_of(to, now)
        )
    except RefusedError as error:
        return Assigned(number, None, str(error))
    return Assigned(number, changed.version)


def _own(session: Session, viewer: Viewer, number: str) -> ServiceItem:
    item = find_item(session, viewer, number)
    if item.state == ItemState.CLAIMED and item.claimed_by != viewer.user:
        raise ConflictError(f"item {number} is with a colleague")
    return item


def _to_judge(session: Session, viewer: Viewer, number: str) -> ServiceItem:
    require(viewer, Permission.APPROVE_FINDINGS)
    item = find_item(session, viewer, number)
    if item.state != ItemState.FINDINGS:
        raise ConflictError(f"item {number} has nothing that awaits a second person")
    if item.noted_by == viewer.user:
        raise ForbiddenError("findings are judged by a second person, never by the one who wrote them")
    return item


def _in_hand_of(user: str, now: dt.datetime) -> dict[str, Any]:
    return {"claimed_by": user, "claimed_at": stored(now), "lease_until": stored(now + LEASE)}


def _move(
    session: Session,
    viewer: Viewer,
    item: ServiceItem,
    step: ItemStep,
    version: int,
    now: dt.datetime,
    action: str,
    changes: Mapping[str, Any],
) -> ItemChanged:
    """Moves an item along ITEM_STEPS when it is still as the viewer read it, and notes it."""
    number, before, holder = item.number, item.state, item.claimed_by
    state = step_to(before, step)
    moved: Update = (
        update(ServiceItem)
        .where(owned(viewer, ServiceItem), ServiceItem.number == number)
        .where(ServiceItem.state == before, ServiceItem.version == version)
        .where(ServiceItem.claimed_by.is_not_distinct_from(holder))
        .values(state=state, version=ServiceItem.version + 1, **changes)
        .execution_options(synchronize_session=False)
    )
    new = session.execute(moved.returning(ServiceItem.version)).scalar()
    if new is None:
        raise StaleError(f"item {number} changed since you read it; read it again, nothing was saved")
    session.expire_all()
    details = {"to": changes["claimed_by"]} if step == ItemStep.ASSIGN else None
    note_item(session, viewer, action, number, now, details)
    return ItemChanged(number, int(new), state)


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
        version=item.version,
    )


def _names(session: Session, item: ServiceItem) -> dict[str | None, str]:
    users = {one for one in (item.claimed_by, item.noted_by, item.approver) if one}
    return {user.id: user.name for user in session.scalars(select(User).where(User.id.in_(users)))}


def _noted(item: ServiceItem, viewer: Viewer, names: Mapping[str | None, str]) -> Noted | None:
    if item.outcome is None or item.done is None or item.noted_by is None or item.noted_at is None:
        return None
    return Noted(
        found=Found(item.outcome),
        done=Done(item.done),
        amount_cents=item.amount_cents,
        reasoning=item.reasoning or "",
        by=names.get(item.noted_by, item.noted_by),
        own=item.noted_by == viewer.user,
        at=shown(item.noted_at),
        approver=names.get(item.approver, item.approver) if item.approver else None,
        approved_at=shown(item.approved_at) if item.approved_at else None,
        remark=item.approver_note,
    )


def _steps(item: ServiceItem, state: ItemState, viewer: Viewer) -> frozenset[ItemStep]:
    steps: set[ItemStep] = set()
    if state == ItemState.OPEN:
        steps.add(ItemStep.CLAIM)
    if state == ItemState.CLAIMED and item.claimed_by == viewer.user:
        steps |= {ItemStep.RELEASE, ItemStep.SAVE}
    if state == ItemState.FINDINGS and item.noted_by != viewer.user and allowed(viewer, Permission.APPROVE_FINDINGS):
        steps |= {ItemStep.APPROVE, ItemStep.RETURN}
    return frozenset(steps)
