"""What an officer found and did about an item of the service list, and a second person's look at it (R2, R34).

What a second person sent back stays as it was written then, with what they said of it; the item holds the latest.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, require
from enforcement.clock import stored
from enforcement.errors import ConflictError, FindingsError, ForbiddenError
from enforcement.findings import SHORTEST_NOTE
from enforcement.service_items import ItemChanged, ItemState, ItemStep, find_item, move_item, my_item
from enforcement.service_outcomes import ServiceOutcome
from enforcement.tables import ServiceItem, ServiceRound
from enforcement.taking import IN_NOBODYS_HAND, in_hand_of

WRITTEN = ("outcome", "done", "amount_cents", "reasoning", "noted_by", "noted_at", "approver", "approver_note")
"""what a round holds of the item"""


def save_outcome(
    session: Session, viewer: Viewer, number: str, outcome: ServiceOutcome, version: int, now: dt.datetime
) -> ItemChanged:
    """Keeps what the viewer found and did about an item in hand. Raises FindingsError, NotFoundError, ConflictError,
    StaleError, ForbiddenError; then nothing is kept."""
    require(viewer, Permission.SERVE_CLIENTS)
    outcome.check()
    item = my_item(session, viewer, number)
    before = {name: getattr(item, name) for name in WRITTEN}
    which = {"case_id": item.case_id, "as_of": item.as_of, "municipality": item.municipality}
    changes: dict[str, Any] = {
        **IN_NOBODYS_HAND,
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
    saved = move_item(session, viewer, item, ItemStep.SAVE, version, now, "service_outcome_saved", changes)
    if before["outcome"] is not None:
        session.add(ServiceRound(id=secrets.token_hex(16), **which, **before))
        session.flush()
    return saved


def approve_outcome(
    session: Session, viewer: Viewer, number: str, version: int, now: dt.datetime, remark: str = ""
) -> ItemChanged:
    """A second person approves what was found. Raises ForbiddenError for one's own, whatever the role, ConflictError
    and StaleError."""
    item = _to_judge(session, viewer, number)
    changes = {"approver": viewer.user, "approved_at": stored(now), "approver_note": remark.strip() or None}
    return move_item(session, viewer, item, ItemStep.APPROVE, version, now, "service_outcome_approved", changes)


def return_outcome(
    session: Session, viewer: Viewer, number: str, version: int, remark: str, now: dt.datetime
) -> ItemChanged:
    """A second person sends it back to who wrote it, with what is missing. Raises as `approve_outcome` does, and
    FindingsError for a remark that says nothing."""
    if len(remark.strip()) < SHORTEST_NOTE:
        raise FindingsError("remark", "Schrijf wat er nog ontbreekt.", "Write what is still missing.")
    item = _to_judge(session, viewer, number)
    changes = in_hand_of(str(item.noted_by), now) | {
        "approver": viewer.user,
        "approver_note": remark.strip(),
    }
    return move_item(session, viewer, item, ItemStep.RETURN, version, now, "service_outcome_returned", changes)


def _to_judge(session: Session, viewer: Viewer, number: str) -> ServiceItem:
    require(viewer, Permission.APPROVE_FINDINGS)
    item = find_item(session, viewer, number)
    if item.state != ItemState.FINDINGS:
        raise ConflictError(f"item {number} has nothing that awaits a second person")
    if item.noted_by == viewer.user:
        raise ForbiddenError("findings are judged by a second person, never by the one who wrote them")
    return item
