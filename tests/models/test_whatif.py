"""What other arms would have brought: only what reviews of known chance can tell, against a known world."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.amounts import Sums
from models.whatif import MEASURES, ArmReviews, Asked, Placed, Signals, risk_each, top, what_if

LISTS, ELIGIBLE, SIGNALS, RISK, RANDOM = 24, 500, 8, 20, 60


def world(seed: int) -> tuple[Placed, np.ndarray]:
    """LISTS lists over ELIGIBLE cases: a change is likelier high in the order. The truth of every row beside it."""
    rng = np.random.default_rng(seed)
    parts: dict[str, list[np.ndarray]] = {}
    truths = []
    for draw in range(LISTS):
        place = np.arange(1, ELIGIBLE + 1)
        truth = rng.random(ELIGIBLE) < 0.5 * np.exp(-place / 120) + 0.08
        signal = np.zeros(ELIGIBLE, bool)
        signal[rng.choice(ELIGIBLE, SIGNALS, replace=False)] = True
        risk = ~signal & (np.cumsum(~signal) <= RISK)
        certain = signal | risk
        drawn = certain.copy()
        drawn[rng.choice(np.flatnonzero(~certain), RANDOM, replace=False)] = True
        rows = {
            "draw": np.full(ELIGIBLE, draw),
            "place": place,
            "risk": risk,
            "certain": certain,
            "drawn": drawn,
            "weight": np.full(ELIGIBLE, (~certain).sum() / RANDOM),
            "label": np.where(drawn, truth, np.nan),
        }
        for name, values in rows.items():
            parts.setdefault(name, []).append(values)
        truths.append(truth)
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    label = whole.pop("label")
    values = {name: label * (20_000 if name in ("up", "down", "hours") else 1) for name in MEASURES}
    return Placed(**whole, values=values), np.concatenate(truths)


def test_a_list_within_the_one_that_was_drawn_is_known_from_its_own_reviews() -> None:
    placed, truth = world(1)
    chosen = top(placed, 10)
    assert chosen.sum() == 10 * LISTS
    assert not (chosen & ~placed.risk).any()
    found = risk_each(placed, 10)["changed"]
    assert found.value == found.low == found.high == pytest.approx(truth[chosen].mean())
    assert risk_each(placed, 10)["down"].value == pytest.approx(20_000 * truth[chosen].mean())


def test_a_longer_list_is_estimated_from_the_random_arm_and_its_interval_holds_the_truth() -> None:
    held = {"changed": 0, "down": 0}
    for seed in range(60):
        placed, truth = world(seed)
        wanted = 80
        chosen = top(placed, wanted)
        assert chosen.sum() == wanted * LISTS
        found = risk_each(placed, wanted)
        for name, scale in (("changed", 1), ("down", 20_000)):
            one = found[name]
            assert one.value is not None
            held[name] += one.low <= scale * truth[chosen].mean() <= one.high
    assert min(held.values()) >= 53


def test_below_the_list_with_too_few_random_reviews_nothing_is_estimated() -> None:
    placed, _ = world(1)
    few = {name: np.where(placed.certain | (placed.draw > 0), values, np.nan) for name, values in placed.values.items()}
    one_draw = placed.draw == 0
    alone = dataclasses.replace(
        placed,
        **{name: getattr(placed, name)[one_draw] for name in ("draw", "place", "risk", "certain", "drawn", "weight")},
        values={name: values[one_draw] for name, values in few.items()},
    )
    for name, one in risk_each(alone, 60).items():
        assert (one.value, one.why) == (None, "deeper"), name
    assert risk_each(alone, RISK)["changed"].value is not None
    assert {one.why for one in risk_each(None, 5).values()} == {"no_lists"}
    assert {one.why for one in risk_each(alone, ELIGIBLE + 1).values()} == {"deeper"}


ENOUGH = ArmReviews(
    200,
    {"changed": 40, "nothing": 120},
    {
        "up": Sums(200, 20, 20 * 4_000.0, 20 * 4_000.0**2),
        "down": Sums(200, 30, 30 * 9_000.0, 30 * 9_000.0**2),
        "hours": Sums(200, 200, 900.0, 5_000.0),
    },
)


def test_random_and_signal_places_bring_what_those_arms_brought() -> None:
    found = what_if(Asked(30, 5, 0, 12), ENOUGH, ENOUGH, Signals(10, all_taken=True), None)
    assert found.places == {"random": 360, "signal": 60, "risk": 0}
    assert found.arms["random"]["changed"].value == pytest.approx(360 * 0.2)
    assert found.together["changed"].value == pytest.approx(420 * 0.2)
    assert found.together["nothing"].value == pytest.approx(420 * 0.6)
    assert found.together["hours"].value == pytest.approx(420 * 4.5)
    assert found.together["up"].value == pytest.approx(420 * 400)
    assert found.together["down"].low < 420 * 1_350 < found.together["down"].high


def test_places_that_no_signal_takes_go_to_random_and_signals_that_were_not_there_are_not_reckoned() -> None:
    spare = what_if(Asked(10, 20, 0, 12), ENOUGH, ENOUGH, Signals(5, all_taken=False), None)
    assert spare.places == {"random": 300, "signal": 60, "risk": 0}
    more = what_if(Asked(10, 20, 0, 12), ENOUGH, ENOUGH, Signals(5, all_taken=True), None)
    assert more.arms["signal"]["changed"].why == more.together["changed"].why == "more_signals"


def test_one_part_that_is_not_known_leaves_the_whole_unknown_and_never_zero() -> None:
    few = ArmReviews(29, {"changed": 5, "nothing": 20}, {})
    found = what_if(Asked(10, 5, 5, 12), few, ENOUGH, Signals(10, all_taken=True), None)
    for name in MEASURES:
        assert found.together[name].value is None
        assert found.together[name].why == "few"
        assert found.arms["risk"][name].why == "no_lists"
    nobody = what_if(Asked(10, 0, 0, 12), ENOUGH, few, Signals(0, all_taken=True), None)
    assert nobody.arms["signal"]["changed"].value == 0, "no places bring nothing, which is known"
