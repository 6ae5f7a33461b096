"""A tip, or a colleague's request, becomes a case to look at: with its source and reason, and never as a feature.

It stands in the signal arm of the next list. An anonymous tip stands behind everything that a register or a named
source says. What it says is encrypted, and a reviewer reads it when their own findings are saved: the arm is hidden
until then (R6).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enforcement import audit, blind
from enforcement.access import Permission, Viewer, owned, require
from enforcement.blind import TOPICS
from enforcement.cases import find, note
from enforcement.clock import stored
from enforcement.errors import FindingsError
from enforcement.findings import SHORTEST_REASONING
from enforcement.keys import Keys, cipher_for
from enforcement.tables import Tip
from enforcement.tenants import within
from enforcement.worklist import with_own_findings

LASTS = dt.timedelta(days=180)
"""an older tip makes no case any more"""
NONCE = 12


class TipSource(StrEnum):
    COLLEAGUE = "colleague"
    ORGANISATION = "organisation"
    NAMED = "named"
    ANONYMOUS = "anonymous"


TIP_SOURCE_WORDS: Mapping[TipSource, tuple[str, str]] = MappingProxyType(
    {
        TipSource.COLLEAGUE: ("collega", "colleague"),
        TipSource.ORGANISATION: ("andere organisatie", "another organisation"),
        TipSource.NAMED: ("melder met naam", "named person"),
        TipSource.ANONYMOUS: ("anonieme melder", "anonymous person"),
    }
)


@dataclass(frozen=True)
class Waiting:
    """A case that a tip asks to be looked at."""

    since: dt.date
    anonymous: bool


@dataclass(frozen=True)
class Told:
    """A tip as its reader sees it."""

    source: TipSource
    topic: str
    received: dt.date
    text: str


def take_in(
    session: Session,
    viewer: Viewer,
    keys: Keys,
    case_id: int,
    source: TipSource,
    topic: str,
    received: dt.date,
    text: str,
    now: dt.datetime,
) -> str:
    """Keeps a tip about a case of the viewer's municipality; gives its id.

    Raises FindingsError for a field that is not acceptable, ForbiddenError.
    """
    require(viewer, Permission.TAKE_IN_TIP)
    if topic not in TOPICS:
        raise FindingsError("topic", "Kies een onderwerp.", "Choose a topic.")
    if received > now.date():
        raise FindingsError(
            "received",
            "De dag van ontvangst is nog niet geweest.",
            "That day is still to come.",
        )
    words = text.strip()
    if len(words) < SHORTEST_REASONING:
        raise FindingsError(
            "text",
            f"Schrijf wat er gemeld is, in ten minste {SHORTEST_REASONING} tekens: feiten, geen oordeel.",
            f"Write what was told, in at least {SHORTEST_REASONING} characters: facts, no judgement.",
        )
    which, nonce = secrets.token_hex(16), os.urandom(NONCE)
    sealed = nonce + cipher_for(keys, "tip").encrypt(nonce, json.dumps(words).encode(), which.encode())
    session.add(
        Tip(
            id=which,
            municipality=viewer.municipality,
            case_id=case_id,
            source=source.value,
            topic=topic,
            received=received,
            sealed=sealed,
            recorded_by=viewer.user,
            recorded_at=stored(now),
        )
    )
    session.flush()
    details = {"source": source.value, "topic": topic}
    audit.append(
        session, viewer.municipality, viewer.user, viewer.role.value, "tip_taken_in", f"tip:{which}",
        viewer.purpose.value, details, at=now,
    )  # fmt: skip
    return which


def waiting_tips(session: Session, municipality: str, day: dt.date) -> dict[int, Waiting]:
    """Case id -> its oldest tip that no list has taken up; a named one counts before an anonymous one."""
    found = session.scalars(
        select(Tip)
        .where(within(Tip, municipality), Tip.placed_in.is_(None))
        .where(Tip.received < day, Tip.received >= day - LASTS)
        .order_by(Tip.received, Tip.id)
    )
    waiting: dict[int, Waiting] = {}
    for tip in found:
        one = Waiting(tip.received, tip.source == TipSource.ANONYMOUS)
        before = waiting.get(tip.case_id)
        if before is None or (before.anonymous and not one.anonymous):
            waiting[tip.case_id] = one
    return waiting


def place(session: Session, municipality: str, draw: str, cases: Iterable[int]) -> None:
    """The list took these cases up: their tips wait no longer."""
    session.execute(
        update(Tip)
        .where(
            within(Tip, municipality),
            Tip.placed_in.is_(None),
            Tip.case_id.in_(sorted(cases)),
        )
        .values(placed_in=draw)
        .execution_options(synchronize_session=False)
    )


def read_tips(session: Session, viewer: Viewer, keys: Keys, number: str, now: dt.datetime) -> tuple[Told, ...] | None:
    """The tips behind a case, after the look was logged; None until the arm may be seen."""
    case = find(session, viewer, number)
    note(session, viewer, "tips_read", number, now)
    if not blind.arm_visible(case.state, bool(with_own_findings(session, viewer, [case]))):
        return None
    found = session.scalars(
        select(Tip).where(owned(viewer, Tip), Tip.case_id == case.id, Tip.placed_in == case.draw_id).order_by(Tip.id)
    )
    return tuple(
        Told(
            TipSource(one.source),
            one.topic,
            one.received,
            json.loads(cipher_for(keys, "tip").decrypt(one.sealed[:NONCE], one.sealed[NONCE:], one.id.encode())),
        )
        for one in found
    )
