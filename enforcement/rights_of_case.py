"""What a client asked about one case: contests, what is not told yet and what may not be deleted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from enforcement import holds
from enforcement.access import Permission, Viewer, allowed
from enforcement.cases import State, find, note
from enforcement.contest import Disputed, contests


@dataclass(frozen=True)
class RightsOfCase:
    """What the viewer may see of it: who may not handle rights sees the case's number and state only."""

    number: str
    state: State
    contests: tuple[Disputed, ...] = ()
    """the open one first; without what the client says"""
    restrictions: tuple[holds.Listed, ...] = ()
    holds: tuple[holds.Listed, ...] = ()


def rights_of_case(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> RightsOfCase:
    """The rights of a case of the viewer's municipality, after the look was logged.

    Raises NotFoundError, ForbiddenError, LogUnavailableError.
    """
    case = find(session, viewer, number)
    which, state = case.id, State(case.state)
    note(session, viewer, "rights_read", number, now)
    if not allowed(viewer, Permission.HANDLE_RIGHTS):
        return RightsOfCase(number, state)
    return RightsOfCase(
        number,
        state,
        contests(session, viewer, which),
        holds.restrictions(session, viewer, now, which),
        holds.holds(session, viewer, now, which),
    )
