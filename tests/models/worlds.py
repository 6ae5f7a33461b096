"""A scored population whose potential outcomes are all known, of which only the draw of the random arm changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.outcome_model import cross_fitted
from models.selective import Estimate, Reviewed, doubly_robust, naive, precision, prevalence, recall

N, CERTAIN, DRAWN = 6000, 300, 750


class World:
    """tips: how strongly the signal list goes with the outcome itself; certain: its length."""

    def __init__(self, certain: int = CERTAIN, tips: float = 1.0) -> None:
        draw = np.random.default_rng(7)
        self.size = certain
        self.margin = draw.normal(size=N)
        self.outcome = (draw.random(N) < 1 / (1 + np.exp(-(-2.0 + 0.6 * self.margin)))).astype(float)
        # The signal list is picked by something that goes with the outcome and not with the margin.
        tip = tips * self.outcome + draw.normal(size=N)
        self.certain = np.zeros(N, dtype=bool)
        self.certain[np.argsort(-tip)[:certain]] = True
        self.hint = self.margin + draw.normal(size=N)
        """what an outcome model that learned before has to go by: not the truth, and not on its scale"""

    def top(self, share: float) -> np.ndarray:
        return (np.argsort(np.argsort(-self.margin)) < share * N).astype(float)

    def arm(self, seed: int) -> Reviewed:
        outside = np.flatnonzero(~self.certain)
        chosen = np.random.default_rng(seed).choice(outside, DRAWN, replace=False)
        drawn = self.certain.copy()
        drawn[chosen] = True
        label = np.where(drawn, self.outcome, np.nan)
        weight = np.where(self.certain, 1.0, len(outside) / DRAWN)
        return Reviewed(label, self.certain, drawn, np.ones(N), weight)


def over_all(world: World, arm: Reviewed, member: np.ndarray, sampled: int | None = None, seed: int = 0) -> Estimate:
    """Doubly robust with a cross-fitted outcome model; over all the eligible, or with a sample of those not chosen."""
    rows, size = np.arange(N), np.ones(N)
    if sampled is not None:
        others = np.flatnonzero(~arm.drawn)
        chosen = np.random.default_rng(seed).choice(others, sampled, replace=False)
        rows = np.concatenate((np.flatnonzero(arm.drawn), chosen))
        size[chosen] = len(others) / sampled
    part = Reviewed(arm.label[rows], arm.certain[rows], arm.drawn[rows], size[rows], arm.weight[rows])
    usual = np.full(len(rows), 0.5)
    expected = cross_fitted(world.hint[rows], part.label, part.certain, rows, usual)
    return doubly_robust(part, member[rows], expected, 1 / part.weight)


@dataclass(frozen=True)
class Redrawn:
    """One figure over all redraws, beside the truth and the naive figure."""

    name: str
    truth: float
    values: np.ndarray
    covered: float
    """share of the intervals that hold the truth"""
    standard_errors: np.ndarray
    naive: np.ndarray
    bounds_hold: bool

    @property
    def bias(self) -> float:
        return float(self.values.mean() - self.truth)

    @property
    def monte_carlo_error(self) -> float:
        return float(self.values.std(ddof=1) / np.sqrt(len(self.values)))

    @property
    def rmse(self) -> float:
        return float(np.sqrt(np.mean((self.values - self.truth) ** 2)))

    @property
    def naive_rmse(self) -> float:
        return float(np.sqrt(np.mean((self.naive - self.truth) ** 2)))


def redraw(world: World, draws: int) -> dict[str, Redrawn]:
    """Every estimator on `draws` draws of the random arm."""
    every, tenth, fifth = np.ones(N), world.top(0.1), world.top(0.2)
    asked = {
        "prevalence": (every, world.outcome.mean(), prevalence),
        "precision at 10 %": (tenth, world.outcome[tenth > 0].mean(), lambda arm: precision(arm, tenth)),
        "precision at 20 %": (fifth, world.outcome[fifth > 0].mean(), lambda arm: precision(arm, fifth)),
        "recall at 20 %": (
            fifth,
            world.outcome[fifth > 0].sum() / world.outcome.sum(),
            lambda arm: recall(arm, fifth),
        ),
        "doubly robust at 20 %": (
            fifth,
            world.outcome[fifth > 0].mean(),
            lambda arm: over_all(world, arm, fifth),
        ),
        "doubly robust, others sampled": (
            fifth,
            world.outcome[fifth > 0].mean(),
            lambda arm: over_all(world, arm, fifth, 1_500, int(np.flatnonzero(arm.drawn).sum())),
        ),
    }
    arms = [world.arm(seed) for seed in range(draws)]
    out = {}
    for name, (member, truth, estimate) in asked.items():
        found = [estimate(arm) for arm in arms]
        plain = np.array([naive(arm, member) for arm in arms])
        if name.startswith("recall"):
            positives = [np.nansum(arm.label) for arm in arms]
            plain = np.array([np.nansum(member * arm.label) / n for arm, n in zip(arms, positives, strict=True)])
        out[name] = Redrawn(
            name,
            float(truth),
            np.array([one.value for one in found]),
            float(np.mean([one.low <= truth <= one.high for one in found])),
            np.array([one.standard_error for one in found]),
            plain,
            all(one.bound_low <= truth <= one.bound_high for one in found),
        )
    return out
