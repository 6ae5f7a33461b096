"""Stratified figures against hand computation, statsmodels, and a world whose outcomes are all known."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from models.selective import Reviewed
from models.strata import Sampled, beside


def sampled(seed: int, n: int = 900, missing: float = 0.0, lift: float = 1.6) -> tuple[Sampled, np.ndarray, np.ndarray]:
    """Random reviews of three strata; the first tenth of each is the list. Also the outcomes without gaps."""
    draw = np.random.default_rng(seed)
    stratum = np.repeat(np.arange(3), n // 3)
    member = (np.arange(n) % 10 == 0).astype(float)
    chance = np.array([0.1, 0.2, 0.3])[stratum] * np.where(member > 0, lift, 1.0)
    outcome = (draw.random(n) < chance).astype(float)
    # Reviews that find something are finished less often, which a look at the finished ones alone does not see.
    gone = draw.random(n) < missing * np.where(chance > 0.25, 1.5, 0.5)
    label = np.where(gone, np.nan, outcome)
    ones = np.ones(n)
    cases = Reviewed(label, ones < 0, ones > 0, ones, ones)
    reached = np.full(n, (~gone).mean())
    return Sampled(cases, ones > 0, chance, reached, stratum, np.arange(n)), member, outcome


def test_the_lift_is_the_mantel_haenszel_ratio_of_list_over_random_arm() -> None:
    sample, member, outcome = sampled(1)
    found = beside(sample, {"list": member}, 1).standing["list"]
    tables = []
    for stratum in range(3):
        rows = sample.stratum == stratum
        a, n1, c, n0 = outcome[rows & (member > 0)].sum(), member[rows].sum(), outcome[rows].sum(), rows.sum()
        tables.append(np.array([[a, n1 - a], [c, n0 - c]]))
    assert found.lift == pytest.approx(StratifiedTable(tables).riskratio_pooled)
    assert found.strata == 3


def test_the_interval_is_that_of_redrawn_worlds() -> None:
    figures = [beside(*_args(sampled(seed)), seed, draws=100).standing["list"] for seed in range(150)]
    values = np.array([one.precision for one in figures])
    assert np.mean([one.standard_error for one in figures]) == pytest.approx(values.std(ddof=1), rel=0.2)
    assert np.mean([one.lift for one in figures]) == pytest.approx(1.6, abs=0.15)


def test_a_draw_without_the_few_rows_that_stand_for_many_does_not_blow_up_the_error() -> None:
    """30 reviews of weight 40 and two rows that stand for 600 each: one draw in seven has neither of the two."""
    reviewed, others = np.arange(32) < 30, np.arange(32) >= 30
    label = np.where(others, np.nan, (np.arange(32) % 5 == 0).astype(float))
    weight, stands_for = np.where(others, 1.0, 40.0), np.where(others, 600.0, 1.0)
    cases = Reviewed(label, reviewed & others, reviewed, stands_for, weight)
    sample = Sampled(cases, reviewed, np.full(32, 0.2), np.ones(32), np.zeros(32, dtype=np.int64), np.arange(32))
    found = beside(sample, {"list": np.ones(32)}, 1).standing["list"]
    by_hand = 40 * np.sqrt(30 * 0.2 * 0.8) / 1230
    assert found.precision == pytest.approx(0.2)
    assert found.standard_error == pytest.approx(by_hand, rel=0.15)


def _args(made):
    return made[0], {"list": made[1]}


def test_missing_outcomes_do_not_move_it_when_the_expected_ones_are_right() -> None:
    gaps = []
    for seed in range(100):
        sample, member, outcome = sampled(seed, missing=0.3)
        found = beside(sample, {"list": member}, seed, draws=2).standing["list"]
        whole = beside(sampled(seed)[0], {"list": member}, seed, draws=2).standing["list"]
        known = sample.cases.known & (member > 0)
        gaps.append((found.precision - whole.precision, outcome[known].mean() - whole.precision))
    ours, naive = np.array(gaps).mean(axis=0)
    assert abs(ours) < 3 * np.array(gaps)[:, 0].std(ddof=1) / 10
    assert abs(naive) > 3 * abs(ours)


def test_what_two_lists_share_cancels_in_their_difference() -> None:
    sample, member, _ = sampled(3)
    found = beside(sample, {"one": member, "same": member, "other": 1 - member}, 1)
    assert found.paired["one", "same"] == (0.0, 0.0)
    one, other = found.standing["one"], found.standing["other"]
    assert found.paired["one", "other"][0] == pytest.approx(one.precision - other.precision)


def test_where_no_draw_has_a_positive_random_review_there_is_a_precision_and_no_lift() -> None:
    sample, member, _ = sampled(4, n=90)
    label = np.zeros(90)
    label[0] = 1.0
    for seed in range(12):
        cases = Reviewed(label, *(getattr(sample.cases, name) for name in ("certain", "drawn", "stands_for", "weight")))
        rare = Sampled(cases, sample.random, sample.expected, np.ones(90), sample.stratum, sample.cluster)
        one = beside(rare, {"list": member}, seed, draws=2).standing["list"]
        assert 0 < one.precision < 1
        assert (one.lift is None) == (one.lift_low is None) == (one.lift_high is None)
        if one.lift is None:
            return
    raise AssertionError("no draw was without a positive")


def test_strata_without_a_random_review_are_counted_and_none_at_all_gives_no_figure() -> None:
    sample, member, _ = sampled(4)
    some = Sampled(sample.cases, sample.stratum > 0, sample.expected, sample.reached, sample.stratum, sample.cluster)
    assert beside(some, {"list": member}, 1).standing["list"].without_random == 1
    none = Sampled(sample.cases, sample.stratum > 9, sample.expected, sample.reached, sample.stratum, sample.cluster)
    assert beside(none, {"list": member}, 1).standing == {}


def test_households_are_drawn_as_a_whole() -> None:
    sample, member, _ = sampled(5)
    doubled = [np.concatenate((one, one)) for one in (sample.cases.label, sample.expected, sample.reached)]
    ones = np.ones(len(doubled[0]))
    twice = Sampled(
        Reviewed(doubled[0], ones < 0, ones > 0, ones, ones),
        ones > 0,
        doubled[1],
        doubled[2],
        np.concatenate((sample.stratum, sample.stratum)),
        np.concatenate((sample.cluster, sample.cluster)),
    )
    once = beside(sample, {"list": member}, 1).standing["list"]
    again = beside(twice, {"list": np.concatenate((member, member))}, 1).standing["list"]
    assert again.standard_error == pytest.approx(once.standard_error)
