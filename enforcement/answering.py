"""What the contact centre tells one person who calls: selected or not, how and why, who looked, how to object.

Only by a number that the caller gives, for a stated purpose, and in the log before anything is said (R14). The arm and
the reasons are told once the review is done (R6); staff are told by role, never by name (C-579/21).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from enforcement import audit, blind
from enforcement.access import Permission, Viewer, owned, require
from enforcement.clients import SHORTEST_NAME, matching
from enforcement.database import reading, writing
from enforcement.errors import RefusedError
from enforcement.keys import Keys
from enforcement.odd_reads import READS
from enforcement.policy import in_force
from enforcement.selection import RISK
from enforcement.tables import Case, Draw, Event, Inclusion, Score

MOST_REASONS = 5


@dataclass(frozen=True)
class Look:
    on: dt.date
    role: str


@dataclass(frozen=True)
class Selected:
    """One case of the caller on one list."""

    number: str
    as_of: dt.date
    state: str
    arms: tuple[str, ...]
    """empty until the review is done"""
    reasons: tuple[Mapping[str, Any], ...]
    """sentences in both languages; only of a case that was chosen by place, once that is known"""
    looks: tuple[Look, ...]
    """each role once a day"""


@dataclass(frozen=True)
class Told:
    cases: tuple[Selected, ...]
    """empty: on no list of this municipality"""
    phone: str


def answer(engine: Engine, keys: Keys, viewer: Viewer, asked: str, now: dt.datetime) -> Told:
    """What may be told about the person with this citizen service, dossier or case number.

    Raises ForbiddenError, RefusedError without a whole number, LogUnavailableError.
    """
    require(viewer, Permission.ANSWER_CLIENT)
    wanted = asked.strip()
    if len(wanted) < SHORTEST_NAME or not wanted.replace("-", "").isdigit():
        raise RefusedError("give a whole citizen service, dossier or case number; nobody is found by name here")
    with writing(engine) as session:
        _log(session, viewer, f"municipality:{viewer.municipality}", now, {"by": "number"})
    numbers = sorted(case.number for case, _ in matching(engine, keys, viewer, wanted, "number"))
    with writing(engine) as session:
        for number in numbers:
            _log(session, viewer, f"case:{number}", now, {})
    with reading(engine) as session:
        _, policy = in_force(session, viewer.municipality)
        cases = session.scalars(select(Case).where(owned(viewer, Case), Case.number.in_(numbers))).all()
        found = sorted((_told(session, viewer, case) for case in cases), key=lambda one: one.as_of, reverse=True)
    return Told(tuple(found), policy.phone)


def _told(session: Session, viewer: Viewer, case: Case) -> Selected:
    draw = session.get_one(Draw, case.draw_id)
    known = blind.done(case.state)
    kept = session.scalar(select(Inclusion.arms).where(Inclusion.draw_id == draw.id, Inclusion.case_id == case.id))
    arms = tuple(one for one in (kept or "").split(",") if one) if known else ()
    score = session.get(Score, (draw.run_id, case.id)) if RISK in arms and draw.ranked else None
    query = select(Event.body).where(owned(viewer, Event), Event.object == f"case:{case.number}").order_by(Event.number)
    entries = [json.loads(body) for body in session.scalars(query)]
    looks = {(entry["at"][:10], entry["role"]) for entry in entries if entry["action"] in READS}
    return Selected(
        case.number,
        draw.as_of,
        case.state,
        arms,
        tuple(one for one in (score.reasons if score else ()) if one.get("direction") == "up")[:MOST_REASONS],
        tuple(Look(dt.date.fromisoformat(day), role) for day, role in sorted(looks)),
    )


def _log(session: Session, viewer: Viewer, about: str, now: dt.datetime, details: Mapping[str, Any]) -> None:
    role, purpose = viewer.role.value, viewer.purpose.value
    audit.append(session, viewer.municipality, viewer.user, role, "client_answered", about, purpose, details, at=now)
