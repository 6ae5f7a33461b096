"""The true lift is counted as defined, and the simulated province is honestly difficult (full form: make proof)."""

import os
import random
from pathlib import Path

import pytest

from pipelines.province.difficulty import SEEDS, mean_and_error, true_lift

proof = pytest.mark.skipif(
    os.environ.get("WEEGSCHAAL_PROOF") != "1", reason="ten worlds take a quarter of an hour: make proof"
)


def test_true_lift_is_the_share_of_changes_in_the_top_over_that_among_all() -> None:
    draw = random.Random(5)
    cases = [("0917", str(number)) for number in range(400)]
    margins = {case: draw.gauss(0, 1) for case in cases}
    truth = {case: draw.random() < 0.2 for case in cases}
    found = true_lift(margins, truth, share=0.1)
    by_margin = sorted(cases, key=lambda case: -margins[case])[:40]
    top = sum(truth[case] for case in by_margin) / 40
    usual = sum(truth.values()) / 400
    assert (found.k, found.eligible) == (40, 400)
    assert found.lift == pytest.approx(top / usual)


def test_a_perfect_ranking_lifts_to_the_inverse_of_the_base_rate_and_a_reversed_one_to_nothing() -> None:
    truth = {("0917", str(number)): number < 100 for number in range(1000)}
    margins = {case: float(change) for case, change in truth.items()}
    assert true_lift(margins, truth, share=0.1).lift == pytest.approx(10)
    assert true_lift({case: -one for case, one in margins.items()}, truth, share=0.1).lift == 0


@proof
@pytest.mark.slow
@pytest.mark.parametrize("no_signal", [False, True], ids=["signal", "no signal"])
def test_the_province_is_as_hard_as_practice(tmp_path: Path, no_signal: bool) -> None:
    from benchmarks.true_lift import lifts_of_world

    worlds = [lifts_of_world(tmp_path / str(seed), seed, no_signal=no_signal) for seed in SEEDS]
    mean, error = mean_and_error([one.lift for world in worlds for one, _ in world])
    if no_signal:
        assert abs(mean - 1) <= 3 * error
    else:
        assert 1.1 <= mean <= 1.8
