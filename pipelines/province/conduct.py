"""True conduct: when something is not as it was stated, of which kind, with or without intent, and what shows of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pipelines.province.months import NEVER, Mask, Months, Numbers
from pipelines.province.world import KINDS, World

INCOME, COHABITATION, RESIDENCE, ASSETS, DOUBLE, RING = range(6)
RUNS, STOPPED, FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW, BENEFIT_ENDED = range(5)
_SEEN = ("seen_in_polis", "seen_at_address", "seen_by_moves", "seen_as_vehicle", "seen_as_grant", "")


@dataclass(frozen=True)
class Conduct:
    """One row per irregularity, from month `start` up to `end` (exclusive; NEVER while it runs)."""

    case: Numbers
    kind: Numbers
    start: Months
    end: Months
    how: Numbers
    """how it ended"""
    intent: Mask
    monthly: Numbers
    """EUR cents too much a month"""
    missed: Mask
    """a review would not find it"""
    shows: Mask
    """leaves the trace of its kind in a registry"""
    signalled: Months
    """month of the signal it gives, NEVER for most"""

    def __len__(self) -> int:
        return len(self.case)

    def none(self) -> Conduct:
        """No irregularities at all, in the same shape."""
        return Conduct(*(getattr(self, name)[:0] for name in self.__dataclass_fields__))


@dataclass
class Diary:
    """Collects irregularities as they begin and end; `active` is per case the number of the running one, or -1."""

    world: World
    rng: np.random.Generator
    active: Numbers
    rows: list[tuple[Numbers | Mask, ...]] = field(default_factory=list)
    ends: list[tuple[Numbers, int, int]] = field(default_factory=list)
    signalled: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    missed: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    intent: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    shows: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    kind: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    begun: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def begin(self, case: Numbers, month: Numbers, works: Mask) -> None:
        """Let an irregularity begin in each of the cases."""
        world, rng, many = self.world, self.rng, len(case)
        kind = _kinds(world, rng, works)
        intent = rng.random(many) < np.array(world.intent)[kind]
        monthly = world.amount_median * np.exp(rng.normal(0, world.amount_spread, many))
        monthly = np.clip(monthly * np.where(intent, 1.4, 0.8), 1000, 160000).astype(np.int64)
        missed = rng.random(many) < world.missed
        seen = np.array([getattr(world, name) if name else 1.0 for name in _SEEN])
        shows = rng.random(many) < seen[kind]
        delay = np.where(rng.random(many) < world.seen_by_signal, rng.integers(1, 13, many), NEVER)
        self.active[case] = len(self.missed) + np.arange(many)
        self.rows.append((case, kind, month, intent, monthly, missed, shows, month + delay))
        self.signalled = np.concatenate([self.signalled, month + delay])
        self.missed = np.concatenate([self.missed, missed])
        self.intent = np.concatenate([self.intent, intent])
        self.shows = np.concatenate([self.shows, shows])
        self.kind = np.concatenate([self.kind, kind])
        self.begun = np.concatenate([self.begun, month])

    def end(self, case: Numbers, month: int, how: int) -> None:
        """End what runs in each of the cases, all of which have something running."""
        self.ends.append((self.active[case].copy(), month, how))
        self.active[case] = -1

    def conduct(self) -> Conduct:
        """All irregularities in the order in which they began."""
        case, kind, start, intent, monthly, missed, shows, signalled = (
            np.concatenate(parts) for parts in zip(*self.rows, strict=True)
        )
        end, how = np.full(len(case), NEVER), np.full(len(case), RUNS)
        for which, month, reason in self.ends:
            end[which], how[which] = month, reason
        return Conduct(case, kind, start, end, how, intent, monthly, missed, shows, signalled)


def _kinds(world: World, rng: np.random.Generator, works: Mask) -> Numbers:
    """Kinds in the world's mix; who works beside the benefit has income to state, so mostly that kind."""
    shares = np.array(world.kinds) / sum(world.kinds)
    multiplied = world.work_multiplies * 0.08
    among_working = multiplied / (multiplied + 0.92)
    income_otherwise = (shares[INCOME] - 0.9 * among_working) / (1 - among_working)
    chance = np.where(works, 0.9, income_otherwise)
    others = shares[1:] / shares[1:].sum()
    return np.where(rng.random(len(works)) < chance, INCOME, 1 + rng.choice(len(KINDS) - 1, len(works), p=others))
