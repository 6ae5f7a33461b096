"""Settings are chosen on training rows only, the same every time, and never worse there than those declared."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from models.boosting import BoostingCandidate
from models.ceiling import CeilingCandidate
from models.tuning import Tuned, latest_quarter, settled
from tests.models.builders import examples

DATA = examples(rows=1500, count=6)
ROWS = DATA.rows(DATA.labelled)
WEIGHTS = np.ones(len(ROWS))
OWN = CeilingCandidate(1, trees=50)


def worth(candidate) -> float:
    early, late = latest_quarter(ROWS)
    held = ROWS.rows(late)
    return average_precision_score(held.label, candidate.fit(ROWS.rows(early), WEIGHTS[early]).margin(held.X))


def test_the_same_seed_gives_the_same_settings_and_bytes() -> None:
    first, again = (Tuned(OWN, 4, 3).fit(ROWS, WEIGHTS).dump() for _ in range(2))
    assert first == again


def test_the_chosen_settings_are_no_worse_on_the_held_quarter_than_those_declared() -> None:
    assert worth(Tuned(OWN, 4, 3).settled(ROWS, WEIGHTS)) >= worth(OWN) - 1e-12


def test_with_too_few_labels_settings_stay_as_declared() -> None:
    few = ROWS.rows(np.arange(60))
    assert Tuned(OWN, 4, 3).settled(few, np.ones(60)) is OWN
    assert settled(OWN, few, np.ones(60)) is OWN


def test_a_date_or_cluster_is_never_on_both_sides() -> None:
    early, late = latest_quarter(dataclasses.replace(ROWS, cluster=ROWS.cluster % 50))
    assert ROWS.as_of[early].max() < ROWS.as_of[late].min() if len(early) else True
    assert not set((ROWS.cluster % 50)[early]) & set((ROWS.cluster % 50)[late])


@pytest.mark.parametrize("candidate", [BoostingCandidate((0,) * 6, 1), OWN])
def test_a_tuned_candidate_stands_in_the_comparison_under_its_own_name(candidate) -> None:
    tuned = Tuned(candidate, 2, 1)
    own = (candidate.name, candidate.complexity, candidate.promotable)
    assert (tuned.name, tuned.complexity, tuned.promotable) == own
