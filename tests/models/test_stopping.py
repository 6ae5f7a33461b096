"""R7: the declared stop rule. Simulated drift stops the ranking, an honest model goes on, few reviews say nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from models.lift import Counts, lift
from models.stopping import QUARTERS, RUNNING, Look, Quarterly, Verdict, after, judge, quarter, rates

START = dt.date(2022, 1, 1)


def reviews(lifts: list[float], *, risk: int = 270, random: int = 135, base: float = 0.16) -> list[Quarterly]:
    """One quarter per true lift, two municipalities, every count at its expectation."""
    rows = []
    for at, true in enumerate(lifts):
        for town in ("0917", "0935"):
            for arm, n, share in (("risk", risk // 2, true * base), ("random", random // 2, base)):
                rows.append(Quarterly(after(START, at), town, arm, n, round(n * share)))
    return rows


def test_r07_simulated_drift_triggers_the_stop_at_the_second_look_running() -> None:
    verdict = judge(reviews([1.6] * 8 + [0.8] * 8), after(START, 16))
    assert verdict.status == "stop"
    under = [look.day for look in verdict.looks if look.at_or_below_one]
    assert verdict.stopped_on == under[-1] == after(under[-2])
    assert after(START, 8) < verdict.stopped_on <= after(START, 12)


def test_r07_a_model_that_keeps_finding_more_goes_on() -> None:
    verdict = judge(reviews([1.5] * 12), after(START, 12))
    assert (verdict.status, verdict.stopped_on) == ("go", None)
    assert len(verdict.looks) == 12


def test_r07_the_rule_holds_on_after_people_started_it_again() -> None:
    rows = reviews([1.6] * 4 + [0.5] * 8)
    first = judge(rows, after(START, 12)).stopped_on
    assert first is not None
    again = judge(rows, after(START, 12), since=first)
    assert again.stopped_on == after(first, RUNNING), "two looks after that day, and not the ones before it"
    assert judge(rows, after(first), since=first).status == "watch"


def test_one_look_at_or_below_one_is_a_warning_and_not_a_stop() -> None:
    quarters = reviews([1.6] * 4 + [0.1] * 2)
    verdict = judge(quarters, after(START, 6))
    assert verdict.looks[-1].at_or_below_one
    assert verdict.status == "watch"


def test_a_look_holds_twelve_months_of_strata_and_reads_the_one_sided_bound() -> None:
    rows = reviews([2.0, 1.2, 1.3, 1.4, 1.5, 1.6])
    last = judge(rows, after(START, 6)).looks[-1]
    inside = [one for one in rows if one.start >= after(START, 6 - QUARTERS)]
    counts = [Counts(f"{one.start} {one.municipality}", one.arm, one.reviewed, one.changed) for one in inside]
    found = lift(counts, "risk", "random")
    assert last.lift.stratified == found.stratified
    assert last.lower == found.lower_bound(0.8)
    assert found.low < last.lower < found.stratified


def test_too_few_reviews_say_not_yet_known_and_never_stop() -> None:
    verdict = judge(reviews([0.5] * 12, risk=6, random=4), after(START, 12))
    assert (verdict.status, verdict.stopped_on) == ("not_yet_known", None)
    assert judge([], START).status == "not_yet_known"
    assert judge(reviews([0.5] * 3), after(START, 3)).status == "not_yet_known"


@pytest.mark.parametrize(
    ("lower", "known", "status"),
    [
        (1.0, True, "watch"),
        (1.01, True, "go"),
        (0.99, True, "watch"),
        (None, True, "watch"),
        (0.5, False, "not_yet_known"),
    ],
)
def test_r07_the_last_look_says_where_the_rule_stands_and_exactly_one_is_no_lift(
    lower: float | None, known: bool, status: str
) -> None:
    nothing = lift([], "risk", "random")
    before = Look(START, nothing, 1.2, True)
    last = Look(after(START), nothing, lower, known)
    assert last.at_or_below_one is (status == "watch")
    assert Verdict((before, last), None).status == status


def test_r07_thirty_reviews_of_each_arm_in_a_year_are_enough_and_fewer_are_not() -> None:
    def year(random: int) -> list[Quarterly]:
        rows = [Quarterly(after(START, at), "0917", "risk", 100, 30) for at in range(4)]
        lot = [Quarterly(after(START, at), "0917", "random", n, 2) for at, n in enumerate((7, 7, 7, random))]
        return rows + lot

    assert judge(year(9), after(START, 4)).looks[-1].known
    assert not judge(year(8), after(START, 4)).looks[-1].known


@pytest.mark.parametrize(
    ("found", "by_lot", "known", "under"), [(0, 4, True, True), (9, 0, False, False), (0, 0, False, False)]
)
def test_r07_an_arm_that_finds_nothing_where_the_lot_finds_something_is_no_better(
    found: int, by_lot: int, known: bool, under: bool
) -> None:
    rows = [
        Quarterly(after(START, at), "0917", arm, 50, changed)
        for at in range(4)
        for arm, changed in (("risk", found), ("random", by_lot))
    ]
    look = judge(rows, after(START, 4)).looks[-1]
    assert (look.known, look.at_or_below_one, look.lower) == (known, under, None)


def test_an_unfinished_quarter_is_not_looked_at() -> None:
    rows = reviews([1.5] * 5)
    middle = after(START, 3) + dt.timedelta(days=40)
    assert judge(rows, middle).looks[-1].day == quarter(middle) == after(START, 3)


def test_the_rates_at_180_reviews_a_month_are_those_declared() -> None:
    found = rates(270, 135, 0.16)
    assert found.detection == pytest.approx(0.98, abs=0.02)
    assert found.false_stop == pytest.approx(0.14, abs=0.03)


def test_more_reviews_stop_an_honest_model_less_often() -> None:
    assert rates(90, 45, 0.16).false_stop > rates(270, 135, 0.16).false_stop > rates(1000, 500, 0.16).false_stop


def test_the_simulated_rule_is_the_rule() -> None:
    draw = np.random.default_rng(2)
    stops = []
    for _ in range(150):
        rows = [
            Quarterly(after(START, at), "0917", arm, n, int(draw.binomial(n, 0.16)))
            for at in range(11)
            for arm, n in (("risk", 270), ("random", 135))
        ]
        looks = judge(rows, after(START, 11)).looks
        under = [look.at_or_below_one for look in looks][QUARTERS - 1 :]
        stops.append(any(all(under[i : i + RUNNING]) for i in range(len(under) - RUNNING + 1)))
    assert np.mean(stops) == pytest.approx(rates(270, 135, 0.16).detection, abs=0.05)
