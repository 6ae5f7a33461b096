"""Every candidate: the same bytes twice, contributions that add up, directions kept, nothing on NaN."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from models.candidate import Candidate, NotAdditiveError, NotFiniteError, additive
from models.contenders import contenders, reader
from models.scorecard import ScorecardCandidate
from tests.models.builders import examples, features, values

COUNT = 36
FEATURES = features(COUNT)


def candidates() -> dict[str, Candidate]:
    data = examples(rows=10, count=COUNT)
    return {one.name: one for one in contenders(FEATURES, data.names, 1)}


EVERY = sorted(candidates())
MODELS = ["additive", "boosting", "scorecard"]


@pytest.fixture(scope="module")
def rows():
    data = examples(count=COUNT)
    return data.rows(data.labelled)


@pytest.fixture(scope="module")
def fitted(rows):
    return {name: one.fit(rows, np.ones(len(rows))) for name, one in candidates().items()}


@pytest.mark.parametrize("name", EVERY)
def test_contributions_sum_to_the_margin(fitted, name: str) -> None:
    cells = values(np.random.default_rng(9), 2000, COUNT)
    parts, margin = fitted[name].contributions(cells), fitted[name].margin(cells)
    assert parts.shape == (2000, COUNT + 1)
    assert np.ptp(parts[:, -1]) == 0
    gap = np.abs(parts.sum(axis=1) - margin)
    assert (gap <= 1e-9 * np.maximum(np.abs(margin), 1e-3)).all()


def test_contributions_that_do_not_add_up_stop_the_run() -> None:
    additive(np.array([[1.0, 2.0]]), np.array([3.0]))
    with pytest.raises(NotAdditiveError, match="row 1"):
        additive(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([3.0, 3.0000001]))


@pytest.mark.parametrize("name", MODELS)
def test_the_margin_moves_only_as_declared(rows, fitted, name: str) -> None:
    draw = np.random.default_rng(3)
    cells = rows.X[draw.choice(len(rows), 100)]
    moved = 0
    for column, feature in enumerate(rows.names):
        grid = np.quantile(rows.X[:, column], np.linspace(0, 1, 21))
        margins = []
        for value in grid:
            changed = cells.copy()
            changed[:, column] = value
            margins.append(fitted[name].margin(changed))
        steps = np.diff(np.array(margins), axis=0)
        moved += bool(np.abs(steps).max() > 0)
        if direction := FEATURES[feature].direction:
            assert (steps * direction >= 0).all(), feature
    assert moved >= 2


@pytest.mark.parametrize("name", MODELS)
def test_two_fits_give_the_same_bytes_and_what_is_read_back_says_the_same(rows, fitted, name: str) -> None:
    again = candidates()[name].fit(rows, np.ones(len(rows)))
    data = fitted[name].dump()
    assert again.dump() == data
    back = reader(name).load(data)
    assert back.dump() == data
    np.testing.assert_array_equal(back.margin(rows.X), fitted[name].margin(rows.X))


@pytest.mark.parametrize("name", EVERY)
def test_nan_stops_the_run(rows, fitted, name: str) -> None:
    cells = rows.X[:5].copy()
    cells[2, 7] = np.nan
    for ask in (fitted[name].margin, fitted[name].contributions):
        with pytest.raises(NotFiniteError, match=r"\(2, 7\)"):
            ask(cells)


@pytest.mark.parametrize("name", MODELS)
def test_one_label_only_is_refused(rows, name: str) -> None:
    alike = rows.rows(rows.label == 0)
    with pytest.raises(ValueError, match="both labels"):
        candidates()[name].fit(alike, np.ones(len(alike)))


def test_bytes_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="kind 'scorecard'"):
        reader("scorecard").load(json.dumps({"kind": "boosting"}).encode())
    with pytest.raises(ValueError, match="'elsewhere'"):
        reader("elsewhere")


def test_the_scorecard_is_points_that_a_person_can_add_up(rows, fitted) -> None:
    card = fitted["scorecard"]
    assert 2 <= len(card.rules) <= 15
    assert all(isinstance(rule.points, int) and rule.points for rule in card.rules)
    assert max(abs(rule.points) for rule in card.rules) == 10
    by_hand = [
        sum(rule.points for rule in card.rules if row[rows.names.index(rule.feature)] >= rule.threshold)
        for row in rows.X[:200].tolist()
    ]
    assert card.margin(rows.X[:200]).tolist() == by_hand


def test_the_scorecard_stays_within_fifteen_statements_when_much_is_true() -> None:
    data = examples(rows=6000, count=60)
    strong = 1 / (1 + np.exp(-(data.X - data.X.mean(0)) / data.X.std(0) @ np.where(np.arange(60) % 3 == 1, -0.4, 0.4)))
    label = (np.random.default_rng(1).random(6000) < strong).astype(float)
    data = dataclasses.replace(data, label=label)
    card = ScorecardCandidate((0,) * 60).fit(data, np.ones(6000))
    assert len(card.rules) == 15


def test_boosting_uses_at_most_thirty_features_and_depth_three(rows, fitted) -> None:
    model = fitted["boosting"]
    assert len(model.chosen) <= 30 < COUNT
    leaves = [line for line in model.text.splitlines() if line.startswith("num_leaves=")]
    assert leaves
    assert all(int(line.split("=")[1]) <= 8 for line in leaves)


def test_signals_only_counts_the_kinds_of_signal(rows, fitted) -> None:
    mine = [
        i
        for i, name in enumerate(rows.names)
        if (one := FEATURES[name]).topic == "signals" and one.unit == "count" and one.direction > 0
    ]
    least = rows.X[:, mine].min(axis=0)
    np.testing.assert_array_equal(fitted["signals"].margin(rows.X), (rows.X[:, mine] > least).sum(axis=1))
    assert np.ptp(fitted["random"].margin(rows.X)) == 0


def test_the_rounds_of_the_additive_model_are_settled_once_and_every_row_teaches(rows) -> None:
    weights = np.ones(len(rows))
    free = candidates()["additive"]
    settled = free.settled(rows, weights)
    assert 1 <= settled.rounds < free.rounds
    assert settled.settled(rows, weights) is settled
    free_margin, margin = (one.fit(rows, weights).margin(rows.X) for one in (free, settled))
    assert np.corrcoef(free_margin, margin)[0, 1] > 0.95
