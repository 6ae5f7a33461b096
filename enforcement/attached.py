"""What a note or a document is with: a case of the review list, or an item of the service list.

Both are added by who has it in hand, read by who may read it, and named in the log as that list names them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from enforcement import blind
from enforcement.access import Permission, Viewer, require
from enforcement.cases import find, mine, note
from enforcement.service_items import find_item, my_item, note_item
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


@dataclass(frozen=True)
class Thing:
    """What something is with."""

    about: str
    """as the log names it"""
    case_id: int
    colleagues: bool
    """whether the viewer may see what colleagues wrote and added"""


@dataclass(frozen=True)
class Kind:
    """Cases or items. `held` and `read` find one by its number and raise NotFoundError, ForbiddenError, and `held`
    ConflictError when a colleague has it."""

    held: Callable[[Session, Viewer, str], Thing]
    read: Callable[[Session, Viewer, str], Thing]
    note: Log


def sees_colleagues(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may see what colleagues wrote and added to a case: while it is reviewed blind or twice, not
    before their own findings are saved, because it could tell what the first review found (R6)."""
    own = bool(with_own_findings(session, viewer, [case]))
    return blind.unlocked(case.blind or case.double, case.state, own)


def _held_case(session: Session, viewer: Viewer, number: str) -> Thing:
    require(viewer, Permission.CLAIM_CASE)
    case = mine(session, viewer, number)
    return Thing(f"{CASE}:{case.number}", case.id, True)


def _read_case(session: Session, viewer: Viewer, number: str) -> Thing:
    case = find(session, viewer, number)
    return Thing(f"{CASE}:{case.number}", case.id, sees_colleagues(session, viewer, case))


def _item(item: ServiceItem) -> Thing:
    return Thing(f"{ITEM}:{item.number}", item.case_id, True)


CASES = Kind(_held_case, _read_case, note)
ITEMS = Kind(
    lambda session, viewer, number: _item(my_item(session, viewer, number)),
    lambda session, viewer, number: _item(find_item(session, viewer, number)),
    note_item,
)
