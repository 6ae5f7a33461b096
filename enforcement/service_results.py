"""What the service list led to, in counts: how often something was missing, and what clients got (R34, R7).

Only what a second person approved counts. Nothing here is about a person, and none of it goes back to the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, require
from enforcement.service_items import WORKED_ON, ItemState
from enforcement.service_outcomes import Done, Found
from enforcement.tables import ServiceItem
from enforcement.tenants import within

MISSING = frozenset({Found.PAID_TOO_LITTLE, Found.RIGHT_UNUSED})
UNKNOWN = frozenset({Found.UNREACHABLE, Found.INCONCLUSIVE})
"""missing is not zero: these are no answer, and are counted apart (statistics.md)"""


@dataclass(frozen=True)
class Yield:
    """Counts of items, and EUR cents."""

    listed: int
    waiting: int
    """open, in hand or awaiting a second person"""
    overtaken: int
    """nobody took them before the next list"""
    found: Mapping[str, int]
    """what was found -> approved items, every word of Found"""
    done: Mapping[str, int]
    """what was done -> approved items, every word of Done"""
    paid_cents: int
    """that clients got, back and by grants"""

    @property
    def known(self) -> int:
        """Approved items with an answer."""
        return sum(count for found, count in self.found.items() if found not in UNKNOWN)

    @property
    def missing(self) -> int:
        """... in which the client was missing something."""
        return sum(self.found[one] for one in MISSING)


def service_yield(session: Session, municipality: str) -> Yield:
    """What all lists of a municipality led to so far."""
    mine = within(ServiceItem, municipality)
    states: Counter[str] = Counter()
    for state, count in session.execute(
        select(ServiceItem.state, func.count()).where(mine).group_by(ServiceItem.state)
    ).all():
        states[state] = count
    found, done, paid = Counter(dict.fromkeys(Found, 0)), Counter(dict.fromkeys(Done, 0)), 0
    approved = (
        select(ServiceItem.outcome, ServiceItem.done, func.count(), func.sum(ServiceItem.amount_cents))
        .where(mine, ServiceItem.state == ItemState.CLOSED, ServiceItem.outcome.is_not(None))
        .group_by(ServiceItem.outcome, ServiceItem.done)
    )
    for outcome, what, count, cents in session.execute(approved).all():
        found[Found(str(outcome))] += count
        done[Done(str(what))] += count
        paid += int(cents or 0)
    return Yield(
        listed=sum(states.values()),
        waiting=sum(states[one] for one in WORKED_ON),
        overtaken=states[ItemState.OVERTAKEN],
        found={one.value: found[one] for one in Found},
        done={one.value: done[one] for one in Done},
        paid_cents=paid,
    )


def yield_for(session: Session, viewer: Viewer) -> Yield:
    """The same for the viewer's municipality. Raises ForbiddenError."""
    require(viewer, Permission.SEE_RESULTS)
    return service_yield(session, viewer.municipality)
