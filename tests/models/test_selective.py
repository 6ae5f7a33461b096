"""Estimates from selective labels against enumeration and against a population whose outcomes are all known."""

from __future__ import annotations

import os
from itertools import combinations, permutations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models import selective
from models.outcome_model import cross_fitted
from models.selective import Reviewed, membership, precision, precision_with_ties, prevalence, recall
from tests.models.worlds import CERTAIN, N, Redrawn, World, redraw

PROOF = bool(os.environ.get("WEEGSCHAAL_PROOF"))
DRAWS = 2000 if PROOF else 250
LOOSER = 0.0 if PROOF else 3 * np.sqrt(0.95 * 0.05 / DRAWS)
"""three Monte Carlo errors of a coverage of 95 % in the short form"""
FIGURES = [
    "prevalence",
    "precision at 10 %",
    "precision at 20 %",
    "doubly robust at 20 %",
    "doubly robust, others sampled",
    "recall at 20 %",
]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def redrawn(world: World) -> dict[str, Redrawn]:
    return redraw(world, DRAWS)


@pytest.mark.parametrize("name", FIGURES[:5])
def test_intervals_cover_in_93_5_to_96_5_percent_of_redrawn_arms(redrawn, name: str) -> None:
    assert 0.935 - LOOSER <= redrawn[name].covered <= 0.965 + LOOSER


@pytest.mark.parametrize("name", FIGURES)
def test_estimates_are_unbiased_and_know_their_error(redrawn, name: str) -> None:
    one = redrawn[name]
    assert abs(one.bias) <= 3 * one.monte_carlo_error
    assert one.values.std(ddof=1) == pytest.approx(one.standard_errors.mean(), rel=0.15)
    assert 0.92 <= one.covered <= 0.98


def test_where_tips_double_the_naive_prevalence_the_estimate_is_nearer_the_truth() -> None:
    found = redraw(World(certain=400, tips=1.2), DRAWS // 10)
    assert found["prevalence"].naive.mean() == pytest.approx(2 * found["prevalence"].truth, rel=0.1)
    for name in ("prevalence", "precision at 10 %", "precision at 20 %", "doubly robust at 20 %"):
        one = found[name]
        print(f"{one.name}: rmse {one.rmse:.4f}, naive {one.naive_rmse:.4f}")
        assert one.rmse < one.naive_rmse


@pytest.mark.parametrize("name", FIGURES[:3])
def test_the_bounds_hold_the_truth_whatever_the_draw(redrawn, name: str) -> None:
    assert redrawn[name].bounds_hold


def test_the_reviewed_alone_with_weights_say_the_same_as_the_whole_population(world: World) -> None:
    whole = world.arm(3)
    rows = np.flatnonzero(whole.drawn)
    part = Reviewed(whole.label[rows], whole.certain[rows], whole.drawn[rows], whole.weight[rows], whole.weight[rows])
    assert prevalence(part).value == pytest.approx(prevalence(whole).value)


def test_over_every_possible_draw_the_mean_doubly_robust_estimate_is_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selective, "FEWEST", 1)
    outcome = np.array([1.0, 0, 0, 1, 0, 1, 0, 1, 0])
    certain = np.arange(9) < 2
    member, expected = np.array([1.0, 1, 1, 1, 0.5, 1, 0.5, 0, 0]), np.linspace(0.9, 0.1, 9)
    truth = (member * outcome).sum() / member.sum()
    found = []
    for chosen in combinations(range(2, 9), 3):
        drawn = certain | np.isin(np.arange(9), chosen)
        arm = Reviewed(np.where(drawn, outcome, np.nan), certain, drawn, np.ones(9), np.where(certain, 1.0, 7 / 3))
        one = selective.doubly_robust(arm, member, expected, 1 / arm.weight)
        if one.value is not None:
            found.append(one.value)
    assert len(found) == 35
    assert np.mean(found) == pytest.approx(truth, abs=1e-12)
    assert np.std(found) > 0.05


def test_an_expected_outcome_is_learned_from_other_clusters_only() -> None:
    draw = np.random.default_rng(2)
    margin, cluster = draw.normal(size=600), np.repeat(np.arange(300), 2)
    label = (draw.random(600) < 1 / (1 + np.exp(-margin))).astype(float)
    certain = np.arange(600) % 5 == 0
    usual = np.full(600, 0.5)
    found = cross_fitted(margin, label, certain, cluster, usual)
    turned = np.where(cluster % 5 == 3, 1 - label, label)
    again = cross_fitted(margin, turned, certain, cluster, usual)
    same = cluster % 5 == 3
    np.testing.assert_array_equal(found[same], again[same])
    outside = ~certain
    assert np.abs(found - again)[outside & ~same].min() > 0
    fold = cluster % 5 == 0
    oracle = LogisticRegression(C=1e6).fit(margin[outside & ~fold, None], label[outside & ~fold])
    np.testing.assert_allclose(
        found[outside & fold], oracle.predict_proba(margin[outside & fold, None])[:, 1], atol=0.01
    )
    label[30:] = np.nan
    np.testing.assert_array_equal(cross_fitted(margin, label, certain, cluster, usual), usual)


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
    assert recall(few, world.top(0.2)).status == "not_estimable"


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


def test_recall_takes_the_finished_of_c_for_all_of_c(world: World) -> None:
    """Counted as 0, the unfinished would take from what C holds and not from what the random arm stands for."""
    arm, member = world.arm(1), world.top(0.2)
    label = arm.label.copy()
    label[np.flatnonzero(arm.certain)[::2]] = np.nan
    half = Reviewed(label, arm.certain, arm.drawn, arm.stands_for, arm.weight)
    inside, sampled = arm.certain & ~np.isnan(label), arm.drawn & ~arm.certain
    outside = (N - CERTAIN) * np.mean(world.outcome[sampled])
    there = (N - CERTAIN) * np.mean((world.outcome * member)[sampled])
    whole = CERTAIN * world.outcome[inside].mean()
    listed = CERTAIN * (world.outcome * member)[inside].mean()
    assert recall(half, member).value == pytest.approx((listed + there) / (whole + outside))
    label[arm.certain] = np.nan
    assert recall(Reviewed(label, arm.certain, arm.drawn, arm.stands_for, arm.weight), member).value is None


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
