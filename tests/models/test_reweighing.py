"""Weights per cell: what they are by hand, what they tell of a group, and what they do for one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.contenders import contenders
from models.dataset import Examples
from models.proxies import Proxy
from models.reweighing import CellWeights, Cuts, Reweighed, TellsTooMuchError, cells, cuts_by, of_rows, weigh
from models.training import train
from tests.models.builders import UNTIL, examples, features

TOWN = "0917"
Counts = list[tuple[int, int, str, int]]


def world(seed: int, n: int = 4_000) -> tuple[Examples, np.ndarray]:
    """One municipality; feature_02 goes with the group, and reviewers found more with the group than there was."""
    data = replace(examples(n, seed=seed), municipality=np.full(n, TOWN))
    draw = np.random.default_rng(seed)
    middle = np.median(data.X[:, 2])
    group = np.where(draw.random(n) < np.where(data.X[:, 2] > middle, 0.62, 0.38), "B", "A")
    found = (draw.random(n) < 0.18) & (group == "B")
    return replace(data, label=np.where(np.isnan(data.label), np.nan, np.maximum(data.label, found))), group


def counted(data: Examples, group: np.ndarray, cuts: tuple[Cuts, ...]) -> Counts:
    known = data.labelled
    rows = zip(cells(data, cuts)[known].tolist(), data.label[known].astype(int).tolist(), group[known], strict=True)
    return [(*key[:2], str(key[2]), n) for key, n in sorted(Counter(rows).items())]


def test_where_a_cell_is_a_group_the_weights_are_those_of_kamiran_and_calders() -> None:
    counts: Counts = [(0, 0, "A", 500), (0, 1, "A", 100), (1, 0, "B", 250), (1, 1, "B", 150)]
    found = weigh(counts, TOWN, "sex", (), 1.0)
    assert found.weights == pytest.approx(
        {(0, 0): 600 * 750 / (1000 * 500), (0, 1): 600 * 250 / (1000 * 100)}
        | {(1, 0): 400 * 750 / (1000 * 250), (1, 1): 400 * 250 / (1000 * 150)}
    )
    weighted = {(group, label): n * found.weights[cell, label] for cell, label, group, n in counts}
    for group in "AB":
        share = weighted[group, 1] / (weighted[group, 0] + weighted[group, 1])
        assert share == pytest.approx(0.25), "the label no longer goes with the group"
    with pytest.raises(TellsTooMuchError, match="above the mandate"):
        weigh(counts, TOWN, "sex", (), 0.7)


def test_a_cell_weighs_the_mean_of_its_people_and_a_small_one_and_nobodys_group_weigh_one() -> None:
    counts: Counts = [
        (0, 0, "A", 60), (0, 0, "B", 30), (0, 1, "A", 10), (0, 1, "B", 40),
        (1, 0, "A", 20), (1, 1, "B", 9), (2, 1, "unknown", 50), (2, 1, "B", 50),
    ]  # fmt: skip
    found = weigh(counts, TOWN, "sex", (), 1.0)
    a, b = 60 + 10 + 20, 30 + 40 + 9 + 50
    zero, one = 60 + 30 + 20, 10 + 40 + 9 + 50
    w_a0, w_b0 = a * zero / ((a + b) * 80), b * zero / ((a + b) * 30)
    w_b1 = b * one / ((a + b) * (40 + 9 + 50))
    assert found.weights[0, 0] == pytest.approx((60 * w_a0 + 30 * w_b0) / 90)
    assert found.weights[2, 1] == pytest.approx((50 + 50 * w_b1) / 100)
    assert not {(1, 0), (1, 1)} & set(found.weights), "fewer than thirty people"


def test_what_the_weights_tell_is_the_auc_of_the_best_guess_over_every_single_row() -> None:
    data, group = world(3)
    cuts = (Cuts("feature_02", tuple(np.quantile(data.X[:, 2], (1 / 3, 2 / 3)))),)
    given = weigh(counted(data, group, cuts), TOWN, "sex", cuts, 1.0)
    known = data.rows(data.labelled)
    is_b = group[data.labelled] == "B"
    weight = of_rows(known, (given,))
    guess = np.zeros(len(known))
    for value, label in {*zip(weight.tolist(), known.label.tolist(), strict=True)}:
        same = (weight == value) & (known.label == label)
        guess[same] = is_b[same].mean()
    assert given.tells == pytest.approx(roc_auc_score(is_b, guess))
    assert 0.55 < given.tells < 0.7


def test_a_rows_weight_is_told_by_its_own_features_and_label_and_travels_as_json() -> None:
    data, group = world(4)
    cuts = cuts_by([Proxy("feature_02", "sex", "B", 0.62, 0.6, 0.64, None, "ok")], "sex", data)
    assert [one.feature for one in cuts] == ["feature_02"]
    given = weigh(counted(data, group, cuts), TOWN, "sex", cuts, 0.7)
    assert CellWeights.of(given.document()) == given
    known = data.rows(data.labelled)
    weight = of_rows(known, (given,))
    assert weight.mean() == pytest.approx(1)
    for key in {*zip(cells(known, cuts).tolist(), known.label.tolist(), strict=True)}:
        same = (cells(known, cuts) == key[0]) & (known.label == key[1])
        assert len(np.unique(weight[same])) == 1
    elsewhere = replace(known, municipality=np.full(len(known), "0935"))
    assert set(of_rows(elsewhere, (given,))) == {1.0}
    with pytest.raises(ValueError, match="audit again"):
        of_rows(known, (replace(given, cuts=(Cuts("gone", (0.0, 1.0)),)),))


def test_only_features_that_may_be_used_make_cells() -> None:
    data, _ = world(4, 400)
    told = [
        Proxy("feature_05", "sex", "B", 0.8, 0.75, 0.85, None, "above_limit"),
        Proxy("feature_02", "age", "B", 0.69, 0.6, 0.7, None, "ok"),
        Proxy("feature_03", "sex", "B", 0.66, 0.6, 0.7, None, "ok"),
        Proxy("feature_08", "sex", "B", 0.61, 0.6, 0.7, None, "justified", "needed by law for the norm"),
        Proxy("feature_04", "sex", "B", 0.52, 0.5, 0.6, None, "ok"),
    ]
    assert [one.feature for one in cuts_by(told, "sex", data)] == ["feature_03", "feature_08"]


def test_reweighing_narrows_the_gap_between_groups_and_its_cost_is_measured() -> None:
    gaps = []
    for seed in range(6):
        data, group = world(seed, 6_000)
        known, of_known = data.rows(data.labelled), group[data.labelled]
        cuts = cuts_by([Proxy("feature_02", "sex", "B", 0.62, 0.6, 0.64, None, "ok")], "sex", data)
        given = weigh(counted(data, group, cuts), TOWN, "sex", cuts, 0.7)
        plain = next(one for one in contenders(features(), data.names, 1, trials=0) if one.name == "boosting")
        rates = []
        for candidate in (plain, Reweighed(plain, (given,))):
            margin = candidate.fit(known, np.ones(len(known))).margin(known.X)
            top = margin >= np.quantile(margin, 0.8)
            rates.append(top[of_known == "B"].mean() - top[of_known == "A"].mean())
        gaps.append(rates)
    without, with_weights = np.mean(gaps, axis=0)
    assert 0 <= with_weights < without - 0.01


def test_with_weights_the_candidates_stand_beside_themselves_without_and_only_those_with_them_are_proposed() -> None:
    data, group = world(1, 2_500)
    cuts = cuts_by([Proxy("feature_02", "sex", "B", 0.62, 0.6, 0.64, None, "ok")], "sex", data)
    given = weigh(counted(data, group, cuts), TOWN, "sex", cuts, 0.7)
    runners = contenders(features(), data.names, 1, trials=0, only=["scorecard"], reweighed=[given])
    report = train(data, features(), 1, UNTIL, runners, refits=2)
    assert report.champion == "scorecard-reweighed"
    assert report.model.kind == "scorecard"
    pairs = {(one["first"], one["second"]) for one in report.document()["paired"]}
    assert ("scorecard-reweighed", "scorecard") in pairs
    assert isinstance(report.until, dt.date)
