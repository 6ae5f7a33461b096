"""Five planted leaks are found, each by its own name, and a clean matrix raises no alarm."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.dataset import Examples, rolling_origin
from models.leakage import LeakError, find, refuse
from tests.models.builders import examples


def with_column(data: Examples, name: str, column: np.ndarray) -> Examples:
    return dataclasses.replace(data, X=np.column_stack([data.X, column]), names=(*data.names, name))


def kinds(data: Examples, **more: object) -> set[tuple[str, str]]:
    return {(one.kind, one.where) for one in find(data, rolling_origin(data), **more)}  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_matrix_raises_no_alarm(seed: int) -> None:
    data = examples(seed=seed)
    newest = {name: (data.as_of - np.timedelta64(1, "D")).astype("datetime64[s]") for name in data.names}
    who = np.random.default_rng(seed).integers(0, 12, len(data))
    assert find(data, rolling_origin(data), newest=newest, deciders={"reviewer": who}) == ()
    refuse(())


def test_a_record_of_the_date_itself_is_found() -> None:
    data = examples()
    newest = {"feature_03": (data.as_of - np.timedelta64(3, "D")).astype("datetime64[s]")}
    assert kinds(data, newest=newest) == set()
    newest["feature_03"][17] = data.as_of[17].astype("datetime64[s]")
    assert kinds(data, newest=newest) == {("future_record", "feature_03")}


def test_a_column_made_from_the_outcome_is_found() -> None:
    data = examples()
    draw = np.random.default_rng(1)
    clawed_back = np.where(data.label == 1, draw.gamma(2, 500, len(data)), 0.0)
    assert kinds(with_column(data, "repaid", clawed_back)) == {("outcome_derived", "repaid")}
    hidden = np.nan_to_num(data.label, nan=0.5) * 10 + draw.normal(0, 1.5, len(data))
    assert kinds(with_column(data, "noisy", hidden)) == {("outcome_derived", "noisy")}


def test_who_decided_is_found_by_name_and_by_what_it_tells() -> None:
    data = examples()
    who = np.random.default_rng(2).integers(0, 12, len(data))
    code = (who * 7 % 13).astype(float)
    assert ("decider", "team_code") in kinds(with_column(data, "team_code", code))
    assert kinds(with_column(data, "region", code), deciders={"reviewer": who}) == {("decider", "region")}


def test_gaps_filled_by_outcome_are_found() -> None:
    data = examples()
    draw = np.random.default_rng(3)
    amount = draw.normal(1000, 200, len(data))
    gap = draw.random(len(data)) < 0.15
    honest = np.where(gap, amount[~gap].mean(), amount)
    assert kinds(with_column(data, "amount", honest)) == set()
    means = {label: amount[~gap & (data.label == label)].mean() for label in (0.0, 1.0)}
    leaking = np.where(gap, np.where(data.label == 1, means[1.0], means[0.0]), amount)
    assert kinds(with_column(data, "amount", leaking)) == {("imputation", "amount")}


def test_a_person_on_both_sides_is_found_and_the_run_stops() -> None:
    data = examples()
    splits = rolling_origin(data)
    last = splits[-1]
    cluster = data.cluster.copy()
    cluster[last.test[0]] = cluster[last.train[0]]
    found = find(dataclasses.replace(data, cluster=cluster), splits)
    assert [(one.kind, one.where) for one in found] == [("both_sides", f"split {len(splits)}")]
    with pytest.raises(LeakError, match="1 of the same cluster in training and in test"):
        refuse(found)
