"""Estimates from selective labels against enumeration and against a population whose outcomes are all known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from models.selective import (
    Reviewed,
    doubly_robust,
    membership,
    naive,
    precision,
    precision_with_ties,
    prevalence,
    recall,
)

N, CERTAIN, DRAWN, TOP, DRAWS = 6000, 300, 750, 1200, 300


class World:
    """One scored population with known potential outcomes; only the draw of the random arm changes."""

    def __init__(self) -> None:
        draw = np.random.default_rng(7)
        self.margin = draw.normal(size=N)
        self.outcome = (draw.random(N) < 1 / (1 + np.exp(-(-2.0 + 0.6 * self.margin)))).astype(float)
        # The signal list is picked by something that goes with the outcome and not with the margin.
        tip = self.outcome + draw.normal(size=N)
        self.certain = np.zeros(N, dtype=bool)
        self.certain[np.argsort(-tip)[:CERTAIN]] = True
        self.member = (np.argsort(np.argsort(-self.margin)) < TOP).astype(float)
        self.expected = 1 / (1 + np.exp(-(-2.3 + 0.4 * self.margin)))

    def arm(self, seed: int) -> Reviewed:
        outside = np.flatnonzero(~self.certain)
        chosen = np.random.default_rng(seed).choice(outside, DRAWN, replace=False)
        drawn = self.certain.copy()
        drawn[chosen] = True
        label = np.where(drawn, self.outcome, np.nan)
        weight = np.where(self.certain, 1.0, len(outside) / DRAWN)
        return Reviewed(label, self.certain, drawn, np.ones(N), weight)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def redrawn(world: World) -> dict[str, tuple[float, list]]:
    """Per estimator the truth and an estimate for each of 300 draws of the random arm."""
    arms = [world.arm(seed) for seed in range(DRAWS)]
    top = world.outcome[world.member > 0]
    reached = np.where(world.certain, 1.0, DRAWN / (N - CERTAIN))
    return {
        "prevalence": (world.outcome.mean(), [prevalence(arm) for arm in arms]),
        "precision": (top.mean(), [precision(arm, world.member) for arm in arms]),
        "recall": (top.sum() / world.outcome.sum(), [recall(arm, world.member) for arm in arms]),
        "doubly robust": (
            top.mean(),
            [doubly_robust(arm, world.member, world.expected, reached) for arm in arms],
        ),
    }


@pytest.mark.parametrize("name", ["prevalence", "precision", "recall", "doubly robust"])
def test_intervals_cover_and_estimates_are_unbiased(redrawn: dict, name: str) -> None:
    truth, estimates = redrawn[name]
    values = np.array([one.value for one in estimates])
    covered = np.mean([one.low <= truth <= one.high for one in estimates])
    assert 0.92 <= covered <= 0.98
    assert abs(values.mean() - truth) <= 3 * values.std(ddof=1) / np.sqrt(DRAWS)
    assert values.std(ddof=1) == pytest.approx(np.mean([one.standard_error for one in estimates]), rel=0.15)


def test_the_naive_figure_is_worse(world: World, redrawn: dict) -> None:
    truth, estimates = redrawn["precision"]
    plain = np.array([naive(world.arm(seed), world.member) for seed in range(DRAWS)])
    honest = np.array([one.value for one in estimates])
    assert np.sqrt(np.mean((honest - truth) ** 2)) < np.sqrt(np.mean((plain - truth) ** 2))


def test_the_bounds_hold_the_truth_whatever_the_draw(redrawn: dict) -> None:
    truth, estimates = redrawn["precision"]
    assert all(one.bound_low <= truth <= one.bound_high for one in estimates)


def test_the_reviewed_alone_with_weights_say_the_same_as_the_whole_population(world: World) -> None:
    whole = world.arm(3)
    rows = np.flatnonzero(whole.drawn)
    part = Reviewed(whole.label[rows], whole.certain[rows], whole.drawn[rows], whole.weight[rows], whole.weight[rows])
    assert prevalence(part).value == pytest.approx(prevalence(whole).value)


def test_fewer_than_thirty_reviewed_outside_c_is_not_estimable(world: World) -> None:
    arm = world.arm(1)
    sampled = np.flatnonzero(arm.drawn & ~arm.certain)
    label = arm.label.copy()
    drawn = arm.drawn.copy()
    label[sampled[29:]], drawn[sampled[29:]] = np.nan, False
    few = Reviewed(label, arm.certain, drawn, arm.stands_for, arm.weight)
    found = prevalence(few)
    assert (found.status, found.value) == ("not_estimable", None)
    assert "29" in found.why_nl
    assert "29" in found.why_en
    assert 0 <= found.bound_low < found.bound_high <= 1
    assert recall(few, world.member).status == "not_estimable"


def test_unfinished_reviews_are_missing_not_zero_and_make_it_provisional(world: World) -> None:
    arm = world.arm(1)
    sampled = np.flatnonzero(arm.drawn & ~arm.certain)
    label = arm.label.copy()
    label[sampled[::4]] = np.nan
    found = prevalence(Reviewed(label, arm.certain, arm.drawn, arm.stands_for, arm.weight))
    kept = label[arm.drawn & ~arm.certain]
    mean = np.nanmean(kept)
    assert found.status == "provisional"
    assert found.value == pytest.approx((world.outcome[arm.certain].sum() + (N - CERTAIN) * mean) / N)


def test_a_set_within_c_is_known_exactly(world: World) -> None:
    arm = world.arm(1)
    found = precision(arm, arm.certain.astype(float))
    assert found.value == found.low == found.high == world.outcome[world.certain].mean()


def test_ties_equal_the_mean_over_all_orders() -> None:
    margin = np.array([3.0, 2.0, 2.0, 2.0, 1.0])
    label = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    for k in range(1, 6):
        every = []
        for order in permutations(range(5)):
            ranked = sorted(order, key=lambda i: -margin[i])
            every.append(label[ranked[:k]].mean())
        assert precision_with_ties(margin, label, k) == pytest.approx(np.mean(every))
        member = membership(margin, np.ones(5), k / 5)
        assert (member * label).sum() / k == pytest.approx(np.mean(every))
