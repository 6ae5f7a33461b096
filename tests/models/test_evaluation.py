"""The champion rule as a table, and the comparison it rests on."""

from __future__ import annotations

import numpy as np
import pytest

from models.contenders import contenders
from models.dataset import rolling_origin
from models.evaluation import Standing, contest, paired_difference, propose, reviewed
from models.selective import Estimate, Reviewed, membership, precision
from tests.models.builders import examples, features

USUAL = Estimate(0.16, 0.14, 0.18, 0.01, "ok", "", "", 500, 0.0, 1.0)


def standing(name: str, complexity: int, value: float | None, *, promotable: bool = True) -> Standing:
    status = "ok" if value is not None else "not_estimable"
    low = None if value is None else value - 0.03
    why = ("", "") if value else ("12 onderzocht", "12 reviewed")
    found = Estimate(value, low, value and value + 0.03, 0.015, status, *why, 90, 0.0, 1.0)
    return Standing(name, complexity, promotable, found, found, value)


@pytest.mark.parametrize(
    ("card", "additive", "trees", "errors", "champion"),
    [
        (0.24, 0.25, 0.26, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
        (0.20, 0.25, 0.26, {"scorecard": 0.03, "additive": 0.03}, "additive"),
        (0.20, 0.21, 0.26, {"scorecard": 0.03, "additive": 0.03}, "boosting"),
        (0.23, 0.21, 0.26, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
        (0.26, 0.26, 0.26, {"scorecard": 0.0, "additive": 0.0}, "scorecard"),
        (0.28, 0.25, 0.26, {"boosting": 0.03, "additive": 0.03}, "scorecard"),
        (None, 0.25, 0.26, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
        (0.20, 0.25, None, {"scorecard": 0.03, "additive": 0.03}, "scorecard"),
    ],
)
def test_the_simplest_within_one_paired_standard_error_of_the_best(card, additive, trees, errors, champion) -> None:
    value = {"scorecard": card, "additive": additive, "boosting": trees}
    standings = [
        standing("boosting", 3, trees),
        standing("random", 0, 0.9, promotable=False),
        standing("additive", 2, additive),
        standing("scorecard", 1, card),
    ]
    paired = {
        (a, b): (value[a] - value[b], errors.get(b, 0.03))
        for a in value
        for b in value
        if a != b and value[a] is not None and value[b] is not None
    }
    choice = propose(standings, paired, USUAL)
    assert choice.name == champion
    assert champion in choice.why_nl
    assert champion in choice.why_en
    if None in value.values():
        assert "12 reviewed" in choice.why_en
        assert "12 onderzocht" in choice.why_nl


def test_it_says_so_when_nothing_beats_drawing_by_lot() -> None:
    choice = propose([standing("scorecard", 1, 0.17)], {}, USUAL)
    assert "drawing by lot is not shown" in choice.why_en
    assert "loten" in choice.why_nl
    assert "drawing by lot" not in propose([standing("scorecard", 1, 0.25)], {}, USUAL).why_en


def test_without_anything_to_promote_it_is_refused() -> None:
    with pytest.raises(ValueError, match="scorecard"):
        propose([standing("random", 0, 0.2, promotable=False)], {}, USUAL)


def test_random_rows_without_probability_leave_only_the_random_arm() -> None:
    data = examples(rows=400)
    sample, rows = reviewed(data)
    assert len(rows) == 400
    assert sample.certain.tolist() == (data.arm == "signal").tolist()
    data.probability[np.flatnonzero(data.arm == "random")[0]] = np.nan
    sample, rows = reviewed(data)
    assert set(data.arm[rows]) == {"random"}
    assert not sample.certain.any()


def test_the_paired_error_is_that_of_redrawn_samples() -> None:
    draw = np.random.default_rng(2)
    first, second = draw.normal(size=(2, 20_000))
    label = (draw.random(20_000) < 1 / (1 + np.exp(-(-1.7 + 0.6 * first + 0.3 * second)))).astype(float)
    found = []
    for seed in range(200):
        rows = np.random.default_rng(seed).choice(20_000, 800, replace=False)
        ones = np.ones(800)
        sample = Reviewed(label[rows], ones < 0, ones > 0, 25 * ones, 25 * ones)
        a, b = (membership(one[rows], 25 * ones, 0.2) for one in (first, second))
        found.append(paired_difference(sample, a, b, rows))
    differences, errors = np.array(found).T
    assert np.mean(errors) == pytest.approx(differences.std(ddof=1), rel=0.2)
    sample_difference = precision(sample, a).value - precision(sample, b).value
    assert found[-1][0] == pytest.approx(sample_difference)


def test_in_a_world_without_signal_no_candidate_is_shown_to_beat_the_lot() -> None:
    data = examples(rows=4000, strength=0.0)
    runners = contenders(features(), data.names, 1)
    found = contest(runners, data, rolling_origin(data), 0.1)
    choice = propose(found.standings, found.paired, found.prevalence)
    assert choice.name == "scorecard"
    assert "drawing by lot is not shown" in choice.why_en


def test_in_a_world_with_signal_models_beat_the_baselines() -> None:
    data = examples(rows=4000)
    runners = contenders(features(), data.names, 1)
    found = contest(runners, data, rolling_origin(data), 0.1)
    value = {one.name: one.value for one in found.standings}
    assert value["random"] == pytest.approx(found.prevalence.value)
    assert min(value["scorecard"], value["boosting"]) > value["random"] + 0.05
