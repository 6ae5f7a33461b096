"""Keeping a service list: what nobody took from the list before it is overtaken, and what is worked on stays (R34).

A case stands on the list once. One that is in hand, or was closed within a year, does not come back: the facts look
back a year, so the same point would be asked again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Purpose
from enforcement.exemptions import months_before
from enforcement.service_items import ItemState
from enforcement.tables import ServiceItem
from enforcement.tenants import within

REST_MONTHS = 12
"""after it was closed a case is left alone for as long as the facts look back"""


@dataclass(frozen=True)
class Listed:
    """A case for the list, in the order to work in."""

    case_id: int
    kind: str
    """features.service.Kind"""
    reasons: Sequence[Mapping[str, Any]]
    """feature, topic, nl, en, could_nl, could_en, value, unit, source, source_date, law_nl, law_en"""
    people: Sequence[int]
    """random numbers of client and partner, whose names may be asked for"""


def at_rest(session: Session, municipality: str, as_of: dt.date) -> frozenset[int]:
    """Cases that do not come on a list of the date: in hand, or closed within REST_MONTHS before it."""
    since = dt.datetime.combine(months_before(as_of, REST_MONTHS), dt.time())
    busy = ServiceItem.state.in_((ItemState.CLAIMED, ItemState.FINDINGS))
    query = select(ServiceItem.case_id).where(
        within(ServiceItem, municipality),
        or_(busy, (ServiceItem.state == ItemState.CLOSED) & (ServiceItem.approved_at >= since)),
    )
    return frozenset(session.scalars(query))


def listed_on(session: Session, municipality: str, as_of: dt.date) -> int:
    """How many items the municipality's list of the date has."""
    query = select(func.count()).where(within(ServiceItem, municipality), ServiceItem.as_of == as_of)
    return session.scalar(query.select_from(ServiceItem)) or 0


def keep_list(
    session: Session,
    municipality: str,
    as_of: dt.date,
    listed: Sequence[Listed],
    due: dt.date,
    now: dt.datetime,
    counts: Mapping[str, Any],
) -> int:
    """Keeps the list in the caller's transaction, with an entry in the log; gives how many items it overtook.

    `counts` tell how it came about, without personal data. A second list of one date is the caller's to refuse
    (`listed_on`).
    """
    overtaken = session.execute(
        update(ServiceItem)
        .where(within(ServiceItem, municipality), ServiceItem.state == ItemState.OPEN)
        .where(ServiceItem.as_of < as_of)
        .values(state=ItemState.OVERTAKEN, version=ServiceItem.version + 1)
        .returning(ServiceItem.number)
        .execution_options(synchronize_session=False)
    ).all()
    numbers = _numbers(session, municipality, as_of.year, [one.case_id for one in listed])
    values = [
        {
            "case_id": one.case_id,
            "as_of": as_of,
            "municipality": municipality,
            "number": numbers[one.case_id],
            "kind": one.kind,
            "position": position,
            "reasons": [dict(reason) for reason in one.reasons],
            "people": [str(person) for person in one.people],
            "due": due,
            "state": ItemState.OPEN.value,
            "version": 1,
        }
        for position, one in enumerate(listed, 1)
    ]
    if values:
        session.execute(insert(ServiceItem), values)
    audit.append(
        session,
        municipality,
        "system",
        "service",
        "service_list_composed",
        f"service:{as_of.isoformat()}",
        Purpose.SERVICE.value,
        {**counts, "overtaken": len(overtaken)},
        at=now,
    )
    session.expire_all()
    return len(overtaken)


def _numbers(session: Session, municipality: str, year: int, cases: Sequence[int]) -> dict[int, str]:
    """What people say: D2026-000042. They follow the order of the case ids, which are random."""
    mine = within(ServiceItem, municipality), ServiceItem.number.startswith(f"D{year}-", autoescape=True)
    last = session.scalar(select(func.max(ServiceItem.number)).where(*mine))
    first = int(last.split("-")[1]) + 1 if last else 1
    return {case: f"D{year}-{number:06d}" for number, case in enumerate(sorted(cases), first)}
