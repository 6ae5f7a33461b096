"""What a note, a document or a day to wait for is with: a case of the review list, or an item of the service list.

They are added by who has it in hand, read by who may read it, and named in the log as that list names them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from enforcement import blind
from enforcement.access import Permission, Viewer, require
from enforcement.cases import Step, find, mine, note, step
from enforcement.service_items import ItemStep, find_item, my_item, note_item, step_item
from enforcement.tables import Case, ServiceItem
from enforcement.worklist import with_own_findings

CASE, ITEM = "case", "service"
"""first part of what the log names"""


class Log(Protocol):
    """Writes to the log what the viewer does with the thing of this number."""

    def __call__(
        self,
        session: Session,
        viewer: Viewer,
        action: str,
        number: str,
        now: dt.datetime | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None: ...


class Move(Protocol):
    """Takes the step of this name with what the viewer has in hand, when it is still as it was read at `version`; gives
    its new version. Raises NotFoundError, ForbiddenError, ConflictError, StaleError."""

    def __call__(
        self, session: Session, viewer: Viewer, number: str, word: str, version: int, changes: Mapping[str, Any]
    ) -> int: ...


@dataclass(frozen=True)
class Thing:
    """What something is with."""

    about: str
    """as the log names it"""
    case_id: int
    colleagues: bool
    """whether the viewer may see what colleagues wrote and added"""
    due: dt.date
    waits_until: dt.date | None
    """put aside until this day"""


@dataclass(frozen=True)
class Kind:
    """Cases or items. `held` and `read` find one by its number and raise NotFoundError, ForbiddenError, and `held`
    ConflictError when a colleague has it."""

    held: Callable[[Session, Viewer, str], Thing]
    read: Callable[[Session, Viewer, str], Thing]
    note: Log
    moved: Move
    put_aside: str
    """what the log calls it"""
    taken_up: str


def sees_colleagues(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may see what colleagues wrote and added to a case: while it is reviewed blind or twice, not
    before their own findings are saved, because it could tell what the first review found (R6)."""
    own = bool(with_own_findings(session, viewer, [case]))
    return blind.unlocked(case.blind or case.double, case.state, own)


def _held_case(session: Session, viewer: Viewer, number: str) -> Thing:
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    return _case(case, True)


def _read_case(session: Session, viewer: Viewer, number: str) -> Thing:
    case = find(session, viewer, number)
    return _case(case, sees_colleagues(session, viewer, case))


def _case(case: Case, colleagues: bool) -> Thing:
    return Thing(f"{CASE}:{case.number}", case.id, colleagues, case.due, case.waits_until)


def _move_case(
    session: Session, viewer: Viewer, number: str, word: str, version: int, changes: Mapping[str, Any]
) -> int:
    require(viewer, Permission.CLAIM_CASE)
    return step(session, viewer, mine(session, viewer, number), Step(word), version, changes)


def _item(item: ServiceItem) -> Thing:
    return Thing(f"{ITEM}:{item.number}", item.case_id, True, item.due, item.waits_until)


def _move_item(
    session: Session, viewer: Viewer, number: str, word: str, version: int, changes: Mapping[str, Any]
) -> int:
    return step_item(session, viewer, my_item(session, viewer, number), ItemStep(word), version, changes)


CASES = Kind(_held_case, _read_case, note, _move_case, "case_put_aside", "case_taken_up")
ITEMS = Kind(
    lambda session, viewer, number: _item(my_item(session, viewer, number)),
    lambda session, viewer, number: _item(find_item(session, viewer, number)),
    note_item,
    _move_item,
    "service_item_put_aside",
    "service_item_taken_up",
)
