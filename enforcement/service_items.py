"""Taking an item of the service list, giving it back and giving it to a colleague (R2, R34).

As on the review list every change is one conditional statement (taking.py), and the states and the steps between them
stand in one table. Nothing here knows a place on the review list, and nothing there knows an item.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Purpose, Viewer, require, rows
from enforcement.errors import ConflictError, NotFoundError, RefusedError, StaleError
from enforcement.handover import MOST_AT_ONCE, Assigned, is_absent, require_caseworker
from enforcement.tables import ServiceItem
from enforcement.taking import IN_NOBODYS_HAND, first, free, in_hand_of, move, take


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
    PUT_ASIDE = "put_aside"
    TAKE_UP = "take_up"
    HAND_OVER = "hand_over"
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
        (ItemState.CLAIMED, ItemStep.PUT_ASIDE): ItemState.CLAIMED,
        (ItemState.CLAIMED, ItemStep.TAKE_UP): ItemState.CLAIMED,
        (ItemState.CLAIMED, ItemStep.HAND_OVER): ItemState.CLAIMED,
        (ItemState.OPEN, ItemStep.ASSIGN): ItemState.CLAIMED,
        (ItemState.CLAIMED, ItemStep.SAVE): ItemState.FINDINGS,
        (ItemState.FINDINGS, ItemStep.APPROVE): ItemState.CLOSED,
        (ItemState.FINDINGS, ItemStep.RETURN): ItemState.CLAIMED,
        (ItemState.OPEN, ItemStep.OVERTAKE): ItemState.OVERTAKEN,
    }
)
"""(state, step) -> next state. What is not here does not exist."""

WORKED_ON = frozenset({ItemState.OPEN, ItemState.CLAIMED, ItemState.FINDINGS})


@dataclass(frozen=True)
class ItemChanged:
    """An item after a step; `version` is its new ETag."""

    number: str
    version: int
    state: ItemState


def step_to(state: str, step: ItemStep) -> ItemState:
    """The state that a step leads to. Raises ConflictError for a step that does not exist from `state`."""
    try:
        return ITEM_STEPS[ItemState(state), step]
    except KeyError:
        raise ConflictError(f"an item that is {state} knows no step '{step.value}'") from None


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
    may = free(ServiceItem, viewer, now)
    return _claim(session, viewer, now, and_(may, first(ServiceItem, may, now)))


def claim_item(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> ItemChanged:
    """Takes a chosen item; the viewer's own again renews its lease.

    Raises NotFoundError, and ConflictError when somebody else has it or its state does not allow it.
    """
    require(viewer, Permission.SERVE_CLIENTS)
    claimed = _claim(session, viewer, now, and_(free(ServiceItem, viewer, now), ServiceItem.number == number))
    if claimed is None:
        step_to(find_item(session, viewer, number).state, ItemStep.CLAIM)
        raise ConflictError(f"item {number} is with a colleague")
    return claimed


def release_item(session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime) -> ItemChanged:
    """Gives the viewer's own item back to the list. Raises NotFoundError, ConflictError, StaleError."""
    item = my_item(session, viewer, number)
    return move_item(session, viewer, item, ItemStep.RELEASE, version, now, "service_item_released", IN_NOBODYS_HAND)


def hand_over_item(
    session: Session, viewer: Viewer, number: str, version: int, to: str, now: dt.datetime
) -> ItemChanged:
    """Gives the viewer's own item to a colleague. Raises ForbiddenError for someone who does no case work,
    NotFoundError, ConflictError, StaleError."""
    item = my_item(session, viewer, number)
    _require_there(session, viewer, to, now)
    held = in_hand_of(to, now)
    return move_item(session, viewer, item, ItemStep.HAND_OVER, version, now, "service_item_handed_over", held)


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


def my_item(session: Session, viewer: Viewer, number: str) -> ServiceItem:
    """An item that the viewer has in hand. Raises NotFoundError, ForbiddenError, ConflictError."""
    item = find_item(session, viewer, number)
    if item.state == ItemState.CLAIMED and item.claimed_by != viewer.user:
        raise ConflictError(f"item {number} is with a colleague")
    return item


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


def step_item(
    session: Session, viewer: Viewer, item: ServiceItem, step: ItemStep, version: int, changes: Mapping[str, Any]
) -> int:
    """Moves an item along ITEM_STEPS when it is still as the viewer read it; gives its new version. Raises
    ConflictError, StaleError."""
    number, state = item.number, step_to(item.state, step)
    new = move(session, viewer, ServiceItem, number, item.state, item.claimed_by, state, version, changes)
    if new is None:
        raise StaleError(f"item {number} changed since you read it; read it again, nothing was saved")
    return new


def move_item(
    session: Session,
    viewer: Viewer,
    item: ServiceItem,
    step: ItemStep,
    version: int,
    now: dt.datetime,
    action: str,
    changes: Mapping[str, Any],
) -> ItemChanged:
    """What `step_item` does, with its entry in the log. Raises as that does."""
    number, state = item.number, step_to(item.state, step)
    new = step_item(session, viewer, item, step, version, changes)
    details = {"to": changes["claimed_by"]} if step in (ItemStep.ASSIGN, ItemStep.HAND_OVER) else None
    note_item(session, viewer, action, number, now, details)
    return ItemChanged(number, new, state)


def _claim(session: Session, viewer: Viewer, now: dt.datetime, which: ColumnElement[bool]) -> ItemChanged | None:
    taken = take(session, viewer, ServiceItem, which, now)
    if taken is None:
        return None
    note_item(session, viewer, "service_item_claimed", taken.number, now)
    return ItemChanged(taken.number, taken.version, ItemState.CLAIMED)


def _assign(session: Session, viewer: Viewer, number: str, to: str, now: dt.datetime) -> Assigned:
    try:
        item = find_item(session, viewer, number, Permission.ASSIGN_CASES)
        _require_there(session, viewer, to, now)
        held = in_hand_of(to, now)
        changed = move_item(session, viewer, item, ItemStep.ASSIGN, item.version, now, "service_item_assigned", held)
    except RefusedError as error:
        return Assigned(number, None, str(error))
    return Assigned(number, changed.version)


def _require_there(session: Session, viewer: Viewer, user: str, now: dt.datetime) -> None:
    require_caseworker(session, viewer.municipality, user)
    if is_absent(session, viewer.municipality, user, now.date()):
        raise ConflictError("this colleague is away")
