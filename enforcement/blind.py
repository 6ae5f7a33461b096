"""What may be shown of a case, and when: pure rules over what scoring stored (R6).

A blind review sees checked facts only, in a fixed order and alike for every arm. Everything else follows once the
viewer saved findings of their own, or the reviews are done. The arm is hidden until then in every mode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOPICS = ("benefit", "income", "residence", "household", "assets", "companies", "signals", "history")
"""the fixed order of topics"""
FACT_FIELDS = ("topic", "nl", "en", "source", "source_date")
"""what a fact may carry; anything else could hint at direction or size"""


@dataclass(frozen=True)
class Ranking:
    """Where the case stood by score and why, as it was frozen at scoring."""

    place: int
    place_low: int
    place_high: int
    reasons: tuple[Mapping[str, Any], ...]
    """strongest first, with direction, size and share"""
    remainder: float
    base: float
    quality: Mapping[str, Any]
    corrections: tuple[Mapping[str, Any], ...] = ()
    """facts that can be corrected and would lower the place"""


@dataclass(frozen=True)
class Shown:
    """What the viewer sees of the explanation. `ranking` is None in a blind review, `arms` until findings."""

    facts: tuple[Mapping[str, Any], ...]
    old_sources: tuple[Any, ...]
    ranking: Ranking | None
    arms: tuple[str, ...] | None


def done(state: str) -> bool:
    """Whether all reviews of the case have findings."""
    return state in ("findings", "closed")


def unlocked(blind: bool, state: str, own_findings: bool) -> bool:
    """Whether place and reasons may be shown to a viewer: in an open review always, in a blind one after findings."""
    return not blind or arm_visible(state, own_findings)


def arm_visible(state: str, own_findings: bool) -> bool:
    """Whether the arm may be shown: once the viewer saved findings, or the reviews are done."""
    return own_findings or done(state)


def checked(facts: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The facts in fixed order with only the fields a blind review may see."""
    order = {topic: at for at, topic in enumerate(TOPICS)}
    found = ({name: fact.get(name) for name in FACT_FIELDS} for fact in facts)
    return tuple(sorted(found, key=lambda fact: order.get(str(fact["topic"]), len(order))))


def show(
    facts: Sequence[Mapping[str, Any]],
    ranking: Ranking | None,
    arms: Sequence[str],
    *,
    blind: bool,
    state: str,
    own_findings: bool,
) -> Shown:
    """What a viewer sees of a case. `own_findings`: the viewer saved findings of this case."""
    quality = ranking.quality if ranking else {}
    return Shown(
        facts=checked(facts),
        old_sources=tuple(quality.get("old_sources") or ()),
        ranking=ranking if unlocked(blind, state, own_findings) else None,
        arms=tuple(arms) if arm_visible(state, own_findings) else None,
    )
