"""Money a review: means against the plain reading of the same amounts, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from models.amounts import FEWEST, FEWEST_WITH, Sums, above_lot, difference, mean, per_hour, times


def sums_of(amounts: np.ndarray, minutes: np.ndarray | None = None) -> Sums:
    plain = Sums(len(amounts), int((amounts > 0).sum()), float(amounts.sum()), float((amounts**2).sum()))
    if minutes is None:
        return plain
    timed = ~np.isnan(minutes)
    x, m = amounts[timed], minutes[timed]
    return Sums(
        plain.n, plain.some, plain.total, plain.squares, float(m.sum()), float((m**2).sum()), int(timed.sum()),
        int((x > 0).sum()), float(x.sum()), float((x**2).sum()), float((x * m).sum()),
    )  # fmt: skip


def skewed(rng: np.random.Generator, n: int, share: float = 0.25) -> np.ndarray:
    """Amounts as the province's: most reviews nothing, a few very much."""
    some = np.clip(8_200 * np.exp(rng.normal(0, 1.45, n)), 1_000, 160_000) * rng.integers(1, 25, n)
    return np.where(rng.random(n) < share, some, 0.0)


def test_the_mean_and_its_error_are_those_of_the_amounts_themselves() -> None:
    amounts = skewed(np.random.default_rng(1), 400)
    found = mean(sums_of(amounts))
    some = int((amounts > 0).sum())
    reach = stats.t.ppf(0.975, some - 1) * stats.sem(amounts) / amounts.mean()
    assert found.value == pytest.approx(amounts.mean())
    assert found.low == pytest.approx(amounts.mean() * np.exp(-reach))
    assert found.high == pytest.approx(amounts.mean() * np.exp(reach))


def test_sums_of_lists_add_up_to_the_sums_of_all() -> None:
    rng = np.random.default_rng(2)
    amounts, minutes = skewed(rng, 300), np.where(rng.random(300) < 0.2, np.nan, rng.uniform(60, 600, 300))
    whole = sums_of(amounts, minutes)
    both = sums_of(amounts[:90], minutes[:90]) + sums_of(amounts[90:], minutes[90:])
    assert vars(both) == pytest.approx(vars(whole))
    assert vars(whole.times(12)) == pytest.approx(vars(sums_of(amounts * 12, minutes)))


def test_euros_an_hour_are_total_over_total_and_their_error_is_the_bootstraps() -> None:
    rng = np.random.default_rng(3)
    amounts, minutes = skewed(rng, 500), rng.uniform(60, 600, 500)
    found = per_hour(sums_of(amounts, minutes))
    assert found.value == pytest.approx(60 * amounts.sum() / minutes.sum())
    at = rng.integers(0, 500, (4_000, 500))
    spread = (60 * amounts[at].sum(1) / minutes[at].sum(1)).std()
    some = int((amounts > 0).sum())
    error = np.log(found.high / found.value) / stats.t.ppf(0.975, some - 1) * found.value
    assert error == pytest.approx(spread, rel=0.06)


@pytest.mark.parametrize("n", [60, 200, 1_000])
def test_an_interval_of_skewed_amounts_holds_the_truth_about_as_often_as_it_says(n: int) -> None:
    """The plain interval around the mean holds it 80 of 100 times at 60 reviews; this one at least 87."""
    rng = np.random.default_rng(n)
    truth = skewed(np.random.default_rng(0), 2_000_000).mean()
    held = []
    for _ in range(1_500):
        found = mean(sums_of(skewed(rng, n)))
        if found.value is not None:
            held.append(found.low <= truth <= found.high)
    assert len(held) > 1_000
    assert 0.87 <= np.mean(held) <= 0.98


def test_the_difference_of_two_arms_holds_the_true_one() -> None:
    rng = np.random.default_rng(5)
    truth = (
        skewed(np.random.default_rng(0), 1_000_000, 0.35).mean() - skewed(np.random.default_rng(1), 1_000_000).mean()
    )
    held = []
    for _ in range(800):
        found = difference(mean(sums_of(skewed(rng, 300, 0.35))), mean(sums_of(skewed(rng, 200))))
        held.append(found.low <= truth <= found.high)
    assert 0.89 <= np.mean(held) <= 0.98


def test_too_few_reviews_or_amounts_are_not_estimable_and_stay_so() -> None:
    enough = Sums(FEWEST, FEWEST_WITH, 1e5, 1e9, 6_000, 1.3e6, FEWEST, FEWEST_WITH, 1e5, 1e9, 2e7)
    assert mean(enough).status == per_hour(enough).status == "ok"
    for few in (Sums(FEWEST - 1, FEWEST_WITH, 1e5, 1e9), Sums(FEWEST, FEWEST_WITH - 1, 1e5, 1e9), Sums()):
        for found in (mean(few), per_hour(few), difference(mean(enough), mean(few)), times(mean(few), 3)):
            assert (found.value, found.low, found.high, found.status) == (None, None, None, "not_estimable")
    assert times(mean(enough), 2).high == pytest.approx(2 * mean(enough).high)


def test_of_one_municipality_what_is_above_the_lot_is_the_difference_of_means_for_as_many_reviews() -> None:
    rng = np.random.default_rng(6)
    arm, lot = sums_of(skewed(rng, 300, 0.35)), sums_of(skewed(rng, 200))
    found = above_lot([(arm, lot)])
    plain = times(difference(mean(arm), mean(lot)), arm.n)
    assert found.arm.value == pytest.approx(arm.total)
    for name in ("value", "low", "high"):
        assert getattr(found.more, name) == pytest.approx(getattr(plain, name))


def test_a_municipality_that_finds_much_by_lot_as_well_does_not_make_the_arm_look_better() -> None:
    """Simpson: where the arm works mostly in the place where anybody finds much, the plain difference of means is not
    what the arm adds."""
    rng = np.random.default_rng(7)

    def found_in(share: float, n: int) -> np.ndarray:
        return np.where(rng.random(n) < share, 100.0, 0.0)

    strata = [
        (sums_of(found_in(0.2, 100)), sums_of(found_in(0.2, 900))),
        (sums_of(found_in(0.8, 900)), sums_of(found_in(0.8, 100))),
    ]
    found = above_lot(strata)
    assert found.more.low < 0 < found.more.high, "the arm adds nothing in either"
    plain = difference(mean(strata[0][0] + strata[1][0]), mean(strata[0][1] + strata[1][1]))
    assert plain.low > 30, "and taken together it seems to"


def test_what_is_above_the_lot_over_municipalities_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    shares, sizes = (0.15, 0.25, 0.4), ((150, 60), (300, 120), (80, 60))
    each = [skewed(np.random.default_rng(at), 1_000_000, share).mean() for at, share in enumerate(shares)]
    richer = [skewed(np.random.default_rng(9 + at), 1_000_000, 1.4 * share).mean() for at, share in enumerate(shares)]
    truth = sum(n * (a - b) for (n, _), a, b in zip(sizes, richer, each, strict=True))
    held = []
    for _ in range(400):
        strata = [
            (sums_of(skewed(rng, n, 1.4 * share)), sums_of(skewed(rng, m, share)))
            for (n, m), share in zip(sizes, shares, strict=True)
        ]
        found = above_lot(strata).more
        held.append(found.low <= truth <= found.high)
    assert 0.88 <= np.mean(held) <= 0.99


def test_a_municipality_without_random_reviews_is_the_callers_to_name() -> None:
    enough = Sums(FEWEST, FEWEST_WITH, 1e5, 1e9)
    with pytest.raises(ValueError, match="leave it out"):
        above_lot([(enough, enough), (enough, Sums())])
    assert above_lot([]).more.status == "not_estimable"
