"""What the compliance reviewer looks into: a case as it was shown then, whether outcomes follow the place, the log.

Nothing is worked out again: the inspector reads what scoring and the draw stored, which the list binds (R29).
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, owned, require, rows
from enforcement.cases import find, note
from enforcement.checkpoints import last_sealed
from enforcement.clock import shown
from enforcement.findings import Cause, Effect
from enforcement.selection import RISK
from enforcement.tables import Case, Draw, Event, Finding, Inclusion, Run, Score

PAGE = 50
"""entries of the log on one page"""
LOOK_BACK = 20_000
"""entries that one page searches at most for what a filter asks"""
BANDS = 3


@dataclass(frozen=True)
class Frozen:
    """A case with everything that the list binds."""

    number: str
    state: str
    blind: bool
    double: bool
    draw: str
    as_of: dt.date
    composed_at: dt.datetime
    policy_version: int
    ranked: bool
    seed_commitment: str
    eligible_sha256: str
    arms: tuple[str, ...]
    model: str
    model_version: str
    model_sha256: str
    matrix_sha256: str
    data_until: dt.date
    place: int | None
    place_low: int | None
    place_high: int | None
    reasons: tuple[Mapping[str, Any], ...]
    facts: tuple[Mapping[str, Any], ...]
    remainder: float
    looks: int
    """entries of the log about this case"""


def frozen(session: Session, viewer: Viewer, number: str) -> Frozen:
    """The case as scoring and the draw stored it, after the look was logged. Raises NotFoundError, ForbiddenError,
    LogUnavailableError."""
    require(viewer, Permission.READ_LOG)
    case = find(session, viewer, number)
    note(session, viewer, "explanation_inspected", number)
    draw = session.get_one(Draw, case.draw_id)
    run = session.get_one(Run, draw.run_id)
    score = session.get(Score, (run.id, case.id))
    arms = session.scalar(select(Inclusion.arms).where(Inclusion.draw_id == draw.id, Inclusion.case_id == case.id))
    looks = select(func.count()).select_from(Event).where(owned(viewer, Event), Event.object == f"case:{number}")
    return Frozen(
        number=case.number,
        state=case.state,
        blind=case.blind,
        double=case.double,
        draw=draw.id,
        as_of=draw.as_of,
        composed_at=shown(draw.composed_at),
        policy_version=draw.policy_version,
        ranked=draw.ranked,
        seed_commitment=draw.seed_commitment,
        eligible_sha256=draw.eligible_sha256,
        arms=tuple(one for one in (arms or "").split(",") if one),
        model=run.model_name,
        model_version=run.model_version,
        model_sha256=run.model_sha256,
        matrix_sha256=run.matrix_sha256,
        data_until=run.data_until,
        place=score.place if score else None,
        place_low=score.place_low if score else None,
        place_high=score.place_high if score else None,
        reasons=tuple(score.reasons) if score else (),
        facts=tuple(score.facts) if score else (),
        remainder=score.remainder if score else 0.0,
        looks=session.scalar(looks) or 0,
    )


@dataclass(frozen=True)
class Band:
    """A third of the reviewed cases of the risk arm, the highest places first."""

    reviewed: int
    changed: int
    nothing_irregular: int


def agreement_with_place(session: Session, viewer: Viewer) -> tuple[Band, ...]:
    """Whether the place decides in effect (R1): outcomes of the risk arm in thirds by place. Inconclusive reviews and
    those without approved findings are left out. Empty with fewer than three cases."""
    require(viewer, Permission.SEE_RESULTS)
    query = (
        select(Inclusion, Finding)
        .join(Draw, Draw.id == Inclusion.draw_id)
        .join(Finding, (Finding.draw_id == Inclusion.draw_id) & (Finding.case_id == Inclusion.case_id))
        .where(owned(viewer, Draw), owned(viewer, Finding), Finding.state == "approved", Inclusion.place.is_not(None))
        .order_by(Inclusion.place, Inclusion.draw_id, Inclusion.case_id, Finding.saved_at)
    )
    first: dict[tuple[str, int], Finding] = {}
    for chosen, finding in session.execute(query):
        if RISK in chosen.arms.split(","):
            first.setdefault((chosen.draw_id, chosen.case_id), finding)
    found = [
        (one.cause, one.effect in (Effect.UP, Effect.DOWN) and one.overturned_at is None)
        for one in first.values()
        if one.effect != Effect.UNKNOWN
    ]
    if len(found) < BANDS:
        return ()
    cuts = [round(len(found) * at / BANDS) for at in range(BANDS + 1)]
    thirds = [found[a:b] for a, b in itertools.pairwise(cuts)]
    return tuple(
        Band(len(one), sum(yes for _, yes in one), sum(cause == Cause.NOTHING_IRREGULAR for cause, _ in one))
        for one in thirds
    )


@dataclass(frozen=True)
class Chain:
    """How the log of a municipality stands."""

    length: int
    sealed: int | None
    """number of the last entry under a signed checkpoint; None before the first"""
    sealed_at: str
    wrong: tuple[str, ...] | None
    """what is wrong, empty when the chain holds; None when it was not verified"""

    @property
    def unsealed(self) -> int:
        return self.length - (self.sealed or 0)


def chain_state(session: Session, viewer: Viewer, checkpoints: Path, *, verify: bool) -> Chain:
    """How long the log is and how far it is sealed; with `verify` every entry is hashed again, and the entry under the
    last checkpoint is compared with it. Raises ForbiddenError."""
    require(viewer, Permission.READ_LOG)
    here = viewer.municipality
    last = last_sealed(checkpoints, here)
    wrong: tuple[str, ...] | None = None
    if verify:
        found = audit.check(audit.chain(session, here))
        if last is not None:
            hashed = session.scalar(select(Event.hash).where(owned(viewer, Event), Event.number == last.number))
            if hashed != last.hash:
                found.append(f"entry {last.number} is not the entry that was sealed")
        wrong = tuple(found)
    return Chain(audit.length(session, here), last.number if last else None, last.at if last else "", wrong)


@dataclass(frozen=True)
class Wanted:
    """What a reader of the log asks for; empty asks for everything."""

    action: str = ""
    actor: str = ""
    about: str = ""
    """object, such as case:2026-000123"""
    before: int | None = None
    """only entries with a lower number"""


def entries(session: Session, viewer: Viewer, wanted: Wanted) -> tuple[tuple[Mapping[str, Any], ...], int | None]:
    """Newest first, one page, and the number to go on from; None at the end. Raises ForbiddenError."""
    query = rows(viewer, Event, Permission.READ_LOG).order_by(Event.number.desc()).limit(LOOK_BACK)
    if wanted.before is not None:
        query = query.where(Event.number < wanted.before)
    if wanted.about:
        query = query.where(Event.object == wanted.about)
    found: list[Mapping[str, Any]] = []
    number, searched = 0, 0
    for event in session.scalars(query.execution_options(yield_per=500)):
        number, searched = event.number, searched + 1
        body = json.loads(event.body)
        if wanted.action in ("", body["action"]) and wanted.actor in ("", body["actor"]):
            found.append(body | {"hash": event.hash})
        if len(found) == PAGE:
            break
    whole_page = len(found) == PAGE or searched == LOOK_BACK
    return tuple(found), number if whole_page and number > 1 else None


def listed_numbers(session: Session, viewer: Viewer, limit: int = 12) -> tuple[str, ...]:
    """Numbers of cases of the newest lists, to begin with. Raises ForbiddenError."""
    query = rows(viewer, Case, Permission.READ_CASE).order_by(Case.due.desc(), Case.position).limit(limit)
    return tuple(one.number for one in session.scalars(query))
