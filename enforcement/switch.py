"""The switch: a municipality goes on without the ranking, at once (R13), and a model is frozen after an incident (R31).

Switched off, the places that people see are gone with the next request. Risk cases that nobody took are withdrawn,
cases in hand continue without a place, and as many more are drawn at random, further along the walk that the seed had
fixed. Lists that are composed meanwhile have a random and a signal arm only.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.cases import State, Step, after
from enforcement.clock import stored
from enforcement.draws import extend
from enforcement.errors import ConflictError, ForbiddenError, RefusedError
from enforcement.policy import Policy, in_force
from enforcement.promotion import freeze
from enforcement.selection import RISK, SIGNAL, commitment, further, seed_of
from enforcement.tables import Case, Draw, Finding, Inclusion, Run, Switch
from enforcement.taking import IN_NOBODYS_HAND
from enforcement.tenants import within


@dataclass(frozen=True)
class Actor:
    """Who works the switch. The command line has no session: then it is the operator, and the log says so."""

    user: str = "operator"
    role: str = "administrator"
    purpose: str = "supervision"

    @classmethod
    def of(cls, viewer: Viewer) -> Actor:
        """Raises ForbiddenError for a role that may not switch."""
        require(viewer, Permission.SWITCH_RANKING)
        return cls(viewer.user, viewer.role.value, viewer.purpose.value)


@dataclass(frozen=True)
class Effect:
    """What switching off did to a municipality's lists: numbers of cases."""

    withdrawn: int
    continuing: int
    """in hand or waiting for a second person, from now on without a place"""
    drawn: int
    """added at random in the places that came free"""


def off(municipality: str) -> ColumnElement[bool]:
    """The condition that a municipality's ranking is switched off, to use inside a query."""
    return exists().where(within(Switch, municipality), Switch.off.is_(True))


def is_off(session: Session, municipality: str) -> bool:
    return bool(session.scalar(select(off(municipality))))


def position(session: Session, municipality: str) -> Switch | None:
    """How the switch stands; None when it was never touched, which is on."""
    return session.get(Switch, municipality)


def restarted(session: Session, municipality: str) -> dt.date | None:
    """The day people switched the ranking on again; None when it is off, or never was."""
    there = position(session, municipality)
    return None if there is None or there.off else there.at.date()


def years(session: Session, municipality: str) -> set[int]:
    """The years of the municipality's draws."""
    return {day.year for day in session.scalars(select(Draw.as_of).where(within(Draw, municipality)))}


def without_risk(policy: Policy) -> Policy:
    """The policy with the risk places given to random and signal, in the proportion that these two have.

    >>> without_risk(Policy(yearly_capacity=480)).random_percent
    50
    """
    rest = policy.random_percent + policy.signal_percent
    signal = policy.signal_percent + policy.risk_percent * policy.signal_percent // rest
    return dataclasses.replace(policy, random_percent=100 - signal, signal_percent=signal, risk_percent=0)


def switch_off(
    session: Session, municipality: str, actor: Actor, reason: str, secrets: Mapping[int, bytes], now: dt.datetime
) -> Effect:
    """Switches a municipality's ranking off, all in the caller's transaction.

    secrets: year -> secret of the draws (draws.yearly_secret); without the one that was committed nothing is drawn.
    Raises RefusedError without a reason, ConflictError when it is off already.
    """
    _set(session, municipality, True, actor, reason, now)
    withdrawn = continuing = drawn = 0
    for draw in session.scalars(select(Draw).where(within(Draw, municipality)).order_by(Draw.as_of)):
        gone = _withdraw(session, draw, now)
        continuing += _in_hand(session, draw)
        withdrawn += gone
        secret = secrets.get(draw.as_of.year, b"")
        if gone and commitment(secret) == draw.seed_commitment:  # a wrong secret is no reason to leave the ranking on
            drawn += _walk_on(session, draw, gone, secret)
    effect = Effect(withdrawn, continuing, drawn)
    _note(session, municipality, actor, "ranking_switched_off", reason, now, dataclasses.asdict(effect))
    return effect


def switch_on(session: Session, municipality: str, actor: Actor, reason: str, now: dt.datetime) -> None:
    """Switches it on again; places are shown again, what was withdrawn stays so until the next list.

    Raises ForbiddenError for the person who switched it off (a second person judges that it is safe), RefusedError
    without a reason, ConflictError when it is on.
    """
    there = position(session, municipality)
    if there is not None and there.off and there.user_id == actor.user != Actor.user:
        raise ForbiddenError("who switched the ranking off does not switch it on; a second person does")
    _set(session, municipality, False, actor, reason, now)
    _note(session, municipality, actor, "ranking_switched_on", reason, now, {})


@dataclass(frozen=True)
class Affected:
    """What an incident touched in one municipality, by random case ids of the lake."""

    municipality: str
    listed_for_risk: tuple[int, ...]
    """chosen because of the place that the model gave"""
    scored: int
    """all cases that the model gave a place"""


def freeze_model(
    session: Session, version: str, actor: Actor, reason: str, secrets: Mapping[int, bytes], now: dt.datetime
) -> tuple[Affected, ...]:
    """A discrimination incident (R31, AI Act 73): the model is never used again, every municipality with a list of it
    is switched off, and the cases that were chosen because of it are told.

    secrets: year -> yearly secret. Raises RefusedError without a reason, or when nothing was ever ranked with it.
    """
    runs = session.scalars(select(Run.id).where(Run.model_version == version)).all()
    if not runs:
        raise RefusedError(f"no list was ever made with model version {version}")
    freeze(session, version, reason, now)
    towns = sorted(set(session.scalars(select(Draw.municipality).where(Draw.run_id.in_(runs)))))
    found = []
    for town in towns:
        chosen = affected(session, town, runs)
        audit.append(
            session,
            town,
            actor.user,
            actor.role,
            "model_frozen",
            f"model:{version}",
            actor.purpose,
            {"reason": reason, "listed_for_risk": len(chosen.listed_for_risk), "scored": chosen.scored},
            at=now,
        )
        if not is_off(session, town):
            switch_off(session, town, actor, reason, secrets, now)
        found.append(chosen)
    return tuple(found)


def affected(session: Session, municipality: str, runs: Sequence[str]) -> Affected:
    """The cases of a municipality that these runs put on a list for risk, and how many eligible cases had a place."""
    draws = select(Draw.id).where(within(Draw, municipality), Draw.run_id.in_(runs))
    rows = session.execute(select(Inclusion.case_id, Inclusion.arms).where(Inclusion.draw_id.in_(draws))).all()
    listed = sorted({case for case, arms in rows if RISK in arms.split(",")})
    return Affected(municipality, tuple(listed), len({case for case, _ in rows}))


def _set(session: Session, municipality: str, to: bool, actor: Actor, reason: str, now: dt.datetime) -> None:
    if not reason.strip():
        raise RefusedError("say why the ranking is switched")
    there = position(session, municipality)
    if (there is not None and there.off) == to:
        raise ConflictError(f"the ranking of {municipality} is {'off' if to else 'on'} already")
    session.merge(Switch(municipality=municipality, off=to, reason=reason.strip(), user_id=actor.user, at=stored(now)))
    session.flush()


def _withdraw(session: Session, draw: Draw, now: dt.datetime) -> int:
    """Cases on the list for risk alone that nobody took; a first of two reviews counts as taken."""
    risk_alone = select(Inclusion.case_id).where(Inclusion.draw_id == draw.id, Inclusion.arms == RISK)
    begun = exists().where(Finding.draw_id == Case.draw_id, Finding.case_id == Case.id)
    free = or_(Case.state == State.OPEN, and_(Case.state == State.CLAIMED, Case.lease_until < stored(now)))
    gone = session.execute(
        update(Case)
        .where(Case.draw_id == draw.id, Case.id.in_(risk_alone), free, ~begun)
        .values(state=after(State.OPEN, Step.WITHDRAW), version=Case.version + 1, **IN_NOBODYS_HAND)
        .returning(Case.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.expire_all()
    return len(gone)


def _in_hand(session: Session, draw: Draw) -> int:
    busy = (State.CLAIMED, State.FINDINGS)
    return len(session.scalars(select(Case.id).where(Case.draw_id == draw.id, Case.state.in_(busy))).all())


def _walk_on(session: Session, draw: Draw, wanted: int, secret: bytes) -> int:
    """Draws `wanted` more cases, and writes down the chance that everyone outside C has now (statistics.md)."""
    rows = session.execute(select(Inclusion).where(Inclusion.draw_id == draw.id)).scalars().all()
    certain = {one.case_id for one in rows if {RISK, SIGNAL} & set(one.arms.split(","))}
    listed = {one.case_id for one in rows if one.arms}
    _, policy = in_force(session, draw.municipality)
    seed = seed_of(secret, draw.municipality, draw.as_of, draw.eligible_sha256)
    places = [(one.case_id, one.place or 0) for one in rows]
    added = further(places, listed | certain, wanted, policy.blind_percent, seed)
    outside = [one for one in rows if one.case_id not in certain]
    taken = sum(bool(one.arms) for one in outside) + len(added)
    drawn = {one.case_id for one in added}
    for one in outside:
        one.probability = taken / len(outside)
        if one.case_id in drawn:
            one.arms = added[0].arms[0]
    extend(session, draw, added, policy)
    session.flush()
    return len(added)


def _note(
    session: Session,
    municipality: str,
    actor: Actor,
    action: str,
    reason: str,
    now: dt.datetime,
    counts: dict[str, int],
) -> None:
    audit.append(
        session,
        municipality,
        actor.user,
        actor.role,
        action,
        f"switch:{municipality}",
        actor.purpose,
        {"reason": reason} | counts,
        at=now,
    )
