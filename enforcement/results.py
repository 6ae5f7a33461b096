"""What the reviews gave, counted per arm; estimates from these counts are made elsewhere (statistics.md).

Missing is not zero: inconclusive reviews and reviews without approved findings are counted apart.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, owned, require
from enforcement.findings import Cause, Effect
from enforcement.selection import ARMS, RANDOM, RISK, SIGNAL
from enforcement.tables import Case, Draw, Finding, Inclusion, ReviewStep


@dataclass(frozen=True)
class ArmCount:
    """One arm. A case in two arms counts in both. listed = reviewed + inconclusive + pending."""

    listed: int = 0
    reviewed: int = 0
    """with approved findings that say something: changed + unchanged"""
    changed: int = 0
    """effect up or down"""
    unchanged: int = 0
    inconclusive: int = 0
    pending: int = 0
    """no approved findings yet"""
    nothing_irregular: int = 0
    """people who were looked into and nothing was found"""
    up_cents: int = 0
    """EUR cents a month that clients turned out to be entitled to more"""
    down_cents: int = 0
    """EUR cents a month less"""
    overturned: int = 0
    """of the unchanged: changed according to the review, until an objection or appeal overturned it"""

    @property
    def completion(self) -> float | None:
        """Share of the listed with approved findings, 0 to 1; None for an empty arm."""
        return (self.reviewed + self.inconclusive) / self.listed if self.listed else None


@dataclass
class _Counter:
    listed: int = 0
    changed: int = 0
    unchanged: int = 0
    inconclusive: int = 0
    nothing_irregular: int = 0
    up_cents: int = 0
    down_cents: int = 0
    overturned: int = 0

    def add(self, finding: Finding | None) -> None:
        self.listed += 1
        if finding is None:
            return
        effect = Effect(finding.effect)
        if effect == Effect.UNKNOWN:
            self.inconclusive += 1
            return
        stands = finding.overturned_at is None
        changed = stands and effect in (Effect.UP, Effect.DOWN)
        self.changed += changed
        self.unchanged += not changed
        self.overturned += not stands
        self.nothing_irregular += finding.cause == Cause.NOTHING_IRREGULAR
        self.up_cents += (finding.amount_cents or 0) * (stands and effect == Effect.UP)
        self.down_cents += (finding.amount_cents or 0) * (stands and effect == Effect.DOWN)

    def done(self) -> ArmCount:
        reviewed = self.changed + self.unchanged
        return ArmCount(
            listed=self.listed,
            reviewed=reviewed,
            changed=self.changed,
            unchanged=self.unchanged,
            inconclusive=self.inconclusive,
            pending=self.listed - reviewed - self.inconclusive,
            nothing_irregular=self.nothing_irregular,
            up_cents=self.up_cents,
            down_cents=self.down_cents,
            overturned=self.overturned,
        )


def per_arm(session: Session, viewer: Viewer, draw_id: str | None = None) -> Mapping[str, ArmCount]:
    """Counts per arm over all draws of the viewer's municipality, or one; and "all", each case once."""
    require(viewer, Permission.SEE_RESULTS)
    found = _approved(session, viewer)
    query = (
        select(Inclusion.draw_id, Inclusion.case_id, Inclusion.arms)
        .join(Draw, Draw.id == Inclusion.draw_id)
        .join(Case, (Case.draw_id == Inclusion.draw_id) & (Case.id == Inclusion.case_id))
        .where(owned(viewer, Draw), owned(viewer, Case))
    )
    if draw_id is not None:
        query = query.where(Draw.id == draw_id)
    counters = {arm: _Counter() for arm in (*ARMS, "all")}
    for draw, case, arms in session.execute(query):
        for arm in (*arms.split(","), "all"):
            counters[arm].add(found.get((draw, case)))
    return MappingProxyType({arm: counter.done() for arm, counter in counters.items()})


@dataclass(frozen=True)
class PeriodCount:
    """Completed reviews of one arm of one list. `random` leaves out cases with an open signal (statistics.md, Lift)."""

    as_of: dt.date
    arm: str
    """risk or random"""
    reviewed: int
    changed: int


def per_period(session: Session, viewer: Viewer) -> tuple[PeriodCount, ...]:
    """What the lift and the stop rule are made of, in order of date. Raises ForbiddenError."""
    require(viewer, Permission.SEE_RESULTS)
    found = _approved(session, viewer)
    query = (
        select(Draw.as_of, Inclusion.draw_id, Inclusion.case_id, Inclusion.arms)
        .join(Draw, Draw.id == Inclusion.draw_id)
        .join(Case, (Case.draw_id == Inclusion.draw_id) & (Case.id == Inclusion.case_id))
        .where(owned(viewer, Draw), owned(viewer, Case))
    )
    counters: dict[tuple[dt.date, str], _Counter] = {}
    for as_of, draw, case, arms in session.execute(query):
        of = set(arms.split(","))
        for arm in [RISK] * (RISK in of) + [RANDOM] * (RANDOM in of and SIGNAL not in of):
            counters.setdefault((as_of, arm), _Counter()).add(found.get((draw, case)))
    done = {key: counter.done() for key, counter in sorted(counters.items())}
    return tuple(PeriodCount(day, arm, one.reviewed, one.changed) for (day, arm), one in done.items())


@dataclass(frozen=True)
class PlacedReview:
    """An eligible case of a list, with its place, its chance and what a finished review found."""

    draw: str
    place: int
    probability: float
    arms: frozenset[str]
    changed: bool | None
    """None without finished review"""
    nothing: bool | None
    up_cents: int | None
    """EUR cents a month"""
    down_cents: int | None
    minutes: int | None


def placed_reviews(session: Session, viewer: Viewer, deepest: int) -> tuple[PlacedReview, ...]:
    """Every case on a list of the viewer's municipality, and every eligible case down to place `deepest`.

    What a longer list would have held is among them. Raises ForbiddenError.
    """
    require(viewer, Permission.SEE_RESULTS)
    found = _approved(session, viewer)
    query = (
        select(Inclusion.draw_id, Inclusion.case_id, Inclusion.place, Inclusion.probability, Inclusion.arms)
        .join(Draw, Draw.id == Inclusion.draw_id)
        .where(owned(viewer, Draw), Inclusion.place.is_not(None), (Inclusion.place <= deepest) | (Inclusion.arms != ""))
        .order_by(Inclusion.draw_id, Inclusion.place, Inclusion.case_id)
    )
    return tuple(
        _placed(draw, place, probability, arms, found.get((draw, case)))
        for draw, case, place, probability, arms in session.execute(query)
        if place is not None
    )


def _placed(draw: str, place: int, probability: float, arms: str, finding: Finding | None) -> PlacedReview:
    of = frozenset(arms.split(",")) if arms else frozenset()
    if finding is None:
        return PlacedReview(draw, place, probability, of, None, None, None, None, None)
    effect, stands = Effect(finding.effect), finding.overturned_at is None
    if effect == Effect.UNKNOWN:
        return PlacedReview(draw, place, probability, of, None, None, None, None, finding.minutes)
    cents = (finding.amount_cents or 0) * stands
    return PlacedReview(
        draw,
        place,
        probability,
        of,
        stands and effect in (Effect.UP, Effect.DOWN),
        finding.cause == Cause.NOTHING_IRREGULAR,
        cents * (effect == Effect.UP),
        cents * (effect == Effect.DOWN),
        finding.minutes,
    )


def steps_where_nothing_was_found(session: Session, viewer: Viewer) -> Mapping[str, int]:
    """Means of review -> how often it was used in cases where nothing irregular was found: the burden beside the
    count of people (R35). Raises ForbiddenError."""
    require(viewer, Permission.SEE_RESULTS)
    nothing = {key for key, one in _approved(session, viewer).items() if one.cause == Cause.NOTHING_IRREGULAR}
    query = select(ReviewStep.means, ReviewStep.draw_id, ReviewStep.case_id).where(owned(viewer, ReviewStep))
    return MappingProxyType(Counter(means for means, draw, case in session.execute(query) if (draw, case) in nothing))


@dataclass(frozen=True)
class Agreement:
    """Cases that two people reviewed, and how many got the same cause and effect."""

    pairs: int
    same_effect: int
    same_cause: int


def agreement(session: Session, viewer: Viewer) -> Agreement:
    """How often two reviewers of the same blind case agree (R6)."""
    require(viewer, Permission.SEE_RESULTS)
    query = (
        select(Finding)
        .where(owned(viewer, Finding), Finding.state == "approved")
        .order_by(Finding.saved_at, Finding.id)
    )
    by_case: dict[tuple[str, int], list[Finding]] = {}
    for finding in session.scalars(query):
        by_case.setdefault((finding.draw_id, finding.case_id), []).append(finding)
    pairs = [found[:2] for found in by_case.values() if len(found) > 1]
    return Agreement(
        pairs=len(pairs),
        same_effect=sum(first.effect == second.effect for first, second in pairs),
        same_cause=sum(first.cause == second.cause for first, second in pairs),
    )


def _approved(session: Session, viewer: Viewer) -> dict[tuple[str, int], Finding]:
    """(draw, case) -> the approved findings that count: the first, where two people reviewed."""
    query = (
        select(Finding)
        .where(owned(viewer, Finding), Finding.state == "approved")
        .order_by(Finding.saved_at.desc(), Finding.id.desc())
    )
    return {(one.draw_id, one.case_id): one for one in session.scalars(query)}
