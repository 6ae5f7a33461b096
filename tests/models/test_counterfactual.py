"""What would change a place: single facts that can be corrected, each tried, and never the wrong way."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from models.contenders import contenders
from models.counterfactual import CORRECTIONS, MOST, Correction, corrected_rows, would_lower
from models.placing import places, tie_keys
from tests.models.catalogue_world import NAMES, cells, reviews

CASES = 1_600
PROMOTABLE = [one for one in contenders(CATALOGUE, NAMES, 1) if one.promotable]
BY_NAME = {one.name: one for one in CORRECTIONS}


@pytest.fixture(scope="module", params=PROMOTABLE, ids=lambda one: one.name)
def told(request):
    examples = reviews(2_000)
    model = request.param.fit(examples, np.ones(len(examples)))
    values = cells(CASES, 3)
    town = np.where(np.arange(CASES) % 3 == 0, "0935", "0917")
    ties = tie_keys(1, np.arange(CASES))
    return model, values, town, ties, would_lower(model, values, CATALOGUE, town, ties)


def test_every_correction_is_tried_and_lowers_the_place_as_it_says(told) -> None:
    """Oracle: the whole municipality ranked again with the one case corrected."""
    model, values, town, ties, found = told
    margin = model.margin(values)
    before = places(margin, town, ties)
    checked = 0
    for row in [row for row in range(CASES) if found[row]][::8]:
        for said in found[row]:
            rows, corrected = corrected_rows(BY_NAME[said["name"]], model.names, values, CATALOGUE)
            again = margin.copy()
            again[row] = model.margin(corrected[rows == row])[0]
            place = places(again, town, ties)[row]
            assert said["place"] == place > before[row]
            checked += 1
    assert checked > 50


def test_none_of_1600_cases_is_told_something_in_the_wrong_direction(told) -> None:
    model, values, town, ties, found = told
    before = places(model.margin(values), town, ties)
    at = {name: column for column, name in enumerate(model.names)}
    assert len(found) == CASES
    for row, corrections in enumerate(found):
        assert len(corrections) <= MOST
        assert [one["place"] for one in corrections] == sorted((one["place"] for one in corrections), reverse=True)
        for one in corrections:
            assert one["place"] > before[row]
            assert all(CATALOGUE[name].direction == 1 for name in one["features"])
            assert any(values[row, at[name]] > CATALOGUE[name].fill for name in one["features"])


def test_what_is_corrected_is_only_what_the_correction_names(told) -> None:
    model, values, *_ = told
    for one in CORRECTIONS:
        rows, corrected = corrected_rows(one, model.names, values, CATALOGUE)
        changed = {model.names[i] for i in np.flatnonzero((corrected != values[rows]).any(axis=0))}
        assert changed <= {*one.cleared, *(target for target, _ in one.moved)}


def test_corrections_name_features_that_exist_and_speak_both_languages() -> None:
    for one in CORRECTIONS:
        assert {*one.cleared, *(name for pair in one.moved for name in pair)} <= set(CATALOGUE), one.name
        assert {source for _, source in one.moved} <= set(one.cleared)
        assert one.nl.endswith(".")
        assert one.en.endswith(".")
    topics = {CATALOGUE[name].topic for one in CORRECTIONS for name in one.cleared}
    assert not topics & {"signals", "history"}, "nobody can correct a signal or a past review"


def test_a_fact_that_may_work_either_way_is_refused() -> None:
    free = next(name for name, one in CATALOGUE.items() if one.direction == 0)
    wrong = Correction("wrong", "client", (free,), "Fout.", "Wrong.")
    with pytest.raises(ValueError, match=free):
        corrected_rows(wrong, NAMES, cells(10, 1), CATALOGUE)
