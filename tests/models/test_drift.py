"""What moved is seen, what did not raises no alarm, and a promise that is not kept any more shows per group."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.drift import calibration, platt, stability


def cells(draw: np.random.Generator, n: int, moved: float = 0.0) -> np.ndarray:
    return np.column_stack(
        [
            draw.normal(moved, 1, n),
            draw.gamma(2, 300, n) * (draw.random(n) < 0.3),
            draw.poisson(0.8, n).astype(float),
        ]
    )


NAMES = ("moving", "mostly_zero", "counts")


def test_nothing_moved_raises_hardly_an_alarm_even_in_small_groups() -> None:
    draw = np.random.default_rng(1)
    alarms = tested = 0
    for _ in range(60):
        found = stability(cells(draw, 3000), cells(draw, 150), NAMES)
        alarms += sum(one.status != "stable" for one in found)
        tested += len(found)
    assert alarms / tested < 0.08


def test_what_moved_is_first_and_only_in_the_group_where_it_did() -> None:
    draw = np.random.default_rng(2)
    then, now = cells(draw, 4000), cells(draw, 4000)
    half_then, half_now = np.arange(4000) < 2000, np.arange(4000) < 2000
    now[half_now, 0] += 1.2
    groups = {"h": half_then, "rest": ~half_then}
    found = stability(then, now, NAMES, groups, {"h": half_now, "rest": ~half_now})
    assert (found[0].feature, found[0].group, found[0].status) == ("moving", "h", "moved")
    of = {(one.feature, one.group): one.status for one in found}
    assert of[("moving", "rest")] == of[("mostly_zero", "all")] == of[("counts", "h")] == "stable"


def test_a_source_that_stops_delivering_shows() -> None:
    draw = np.random.default_rng(3)
    then, now = cells(draw, 3000), cells(draw, 3000)
    now[:, 1] = 0.0
    one = next(one for one in stability(then, now, NAMES) if one.feature == "mostly_zero")
    assert one.status == "moved"


def test_few_cases_are_insufficient_and_a_group_that_is_gone_is_named() -> None:
    draw = np.random.default_rng(4)
    then = cells(draw, 500)
    found = stability(then, cells(draw, 50), NAMES, {"gone": np.ones(500, bool)})
    assert {one.status for one in found} == {"insufficient"}
    assert any(one.group == "gone" and one.now == 0 for one in found)


def test_the_frequency_that_is_promised_agrees_with_scikit_learn() -> None:
    draw = np.random.default_rng(5)
    margin = draw.normal(0, 2, 5000)
    label = (draw.random(5000) < 1 / (1 + np.exp(1.5 - 0.7 * margin))).astype(float)
    slope, intercept = platt(margin, label)
    oracle = LogisticRegression(C=1e9).fit(margin[:, None], label)
    assert slope == pytest.approx(oracle.coef_[0, 0], abs=0.01)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=0.01)


def test_a_promise_that_is_not_kept_shows_in_its_group() -> None:
    draw = np.random.default_rng(6)
    promised = draw.uniform(0.05, 0.4, 4000)
    b = draw.random(4000) < 0.4
    label = (draw.random(4000) < np.where(b, promised * 0.5, promised)).astype(float)
    label[:100] = np.nan
    found = {one.group: one for one in calibration(promised, label, {"a": ~b, "b": b})}
    assert found["a"].status == "ok"
    assert found["b"].status == "off"
    assert found["b"].found is not None
    assert found["b"].promised is not None
    assert found["b"].found < found["b"].promised
    assert calibration(promised[:10], label[:10])[0].status == "insufficient"
