"""The list: three arms, the chance of every case, and what a municipality's own policy may not change."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from enforcement.exemptions import sift
from enforcement.policy import Policy, PolicyError
from enforcement.selection import Candidate, Composition, compose, further, walk
from tests.enforcement.province import AS_OF, HEERLEN, MAASTRICHT, SECRET, candidates, facts, policy


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    random = draw(st.integers(10, 100))
    signal = draw(st.integers(0, 100 - random))
    return Policy(
        yearly_capacity=draw(st.integers(1, 900)),
        period=draw(st.sampled_from(["month", "quarter"])),
        random_percent=random,
        signal_percent=signal,
        risk_percent=100 - random - signal,
        blind_percent=draw(st.integers(1, 100)),
        max_per_cluster=draw(st.integers(1, 4)),
    )


@st.composite
def eligible(draw: st.DrawFn) -> list[Candidate]:
    n = draw(st.integers(0, 150))
    ids = draw(st.lists(st.integers(1, 2**62), min_size=n, max_size=n, unique=True))
    return [
        Candidate(
            case_id,
            place,
            draw(st.none() | st.dates(dt.date(2026, 1, 1), AS_OF)),
            draw(st.none() | st.sampled_from("abcdef")),
        )
        for place, case_id in enumerate(ids, start=1)
    ]


def members(composition: Composition, *arms: str) -> set[int]:
    return {one.case_id for one in composition.cases if set(arms) & set(one.arms)}


@given(eligible(), policies())
@settings(max_examples=150, deadline=None)
def test_probabilities_and_arms_are_those_of_the_definition(cases: list[Candidate], chosen: Policy) -> None:
    made = compose(cases, chosen, HEERLEN, AS_OF, SECRET)
    certain = members(made, "signal", "risk")
    n, m = len(cases), min(chosen.capacity - len(certain), len(cases) - len(certain))

    assert {one.case_id for one in made.cases} == {one.case_id for one in cases}
    assert all(0 <= one.probability <= 1 for one in made.cases)
    assert sum(one.probability for one in made.cases) == pytest.approx(len(certain) + m)
    for one in made.cases:
        assert one.probability == (1 if one.case_id in certain else m / (n - len(certain)))
    assert len(made.listed) == min(n, chosen.capacity)
    assert len(members(made, "random", "top_up") - certain) == m
    assert not members(made, "random") & members(made, "top_up")
    assert not members(made, "top_up") & certain
    assert len(members(made, "random")) == min(n, chosen.capacity - len(certain))


@given(eligible(), policies())
@settings(max_examples=100, deadline=None)
def test_lists_are_filled_by_their_own_rule(cases: list[Candidate], chosen: Policy) -> None:
    made = compose(cases, chosen, HEERLEN, AS_OF, SECRET)
    by_id = {one.case_id: one for one in cases}
    signals = [one for one in cases if one.signal]
    signal, risk = members(made, "signal"), members(made, "risk")

    assert len(signal) == min(len(signals), chosen.places.signal)
    longest = sorted(one.signal for one in signals)[: len(signal)]
    assert sorted(by_id[case].signal for case in signal) == longest
    assert not any(by_id[case].signal for case in risk)
    assert len(risk) <= chosen.places.risk
    clusters = Counter(by_id[case].cluster for case in risk if by_id[case].cluster)
    assert max(clusters.values(), default=0) <= chosen.max_per_cluster
    passed_over = [one for one in cases if not one.signal and one.case_id not in risk]
    worst = max((by_id[case].place for case in risk), default=0)
    for one in passed_over:
        assert one.place > worst or clusters[one.cluster] == chosen.max_per_cluster


@given(eligible(), policies())
@settings(max_examples=100, deadline=None)
def test_r05_random_arm_is_never_below_a_tenth_of_the_capacity(cases: list[Candidate], chosen: Policy) -> None:
    made = compose(cases, chosen, HEERLEN, AS_OF, SECRET)
    assert len(members(made, "random")) >= min(len(cases), chosen.capacity / 10)


def test_r05_default_shares_are_25_25_50_exactly() -> None:
    made = compose(candidates(400, signals=30), policy(yearly_capacity=480), HEERLEN, AS_OF, SECRET)
    assert [len(members(made, arm)) for arm in ("random", "signal", "risk")] == [10, 10, 20]
    assert len(made.listed) == 40


def test_unfilled_signal_places_go_to_random() -> None:
    made = compose(candidates(400, signals=3), policy(yearly_capacity=480), HEERLEN, AS_OF, SECRET)
    assert [len(members(made, arm)) for arm in ("random", "signal", "risk")] == [17, 3, 20]


def test_r05_a_small_municipality_draws_per_quarter_and_rounds_up() -> None:
    tiny = policy(yearly_capacity=9, period="quarter", random_percent=10, signal_percent=30, risk_percent=60)
    made = compose(candidates(50), tiny, HEERLEN, AS_OF, SECRET)
    assert (tiny.capacity, len(made.listed)) == (3, 3)
    assert len(members(made, "random")) >= 1


def test_r05_random_arm_is_uniform_over_seeds() -> None:
    cases, chosen = candidates(40, signals=4), policy(yearly_capacity=120)
    drawn: Counter[int] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    for year in range(2500):
        made = compose(cases, chosen, HEERLEN, AS_OF, year.to_bytes(32, "big"))
        arm = sorted(members(made, "random"))
        drawn.update(arm)
        pairs.update(combinations([case for case in arm if case <= 6], 2))
    assert chisquare([drawn[one.case_id] for one in cases]).pvalue > 1e-4
    assert chisquare([pairs[pair] for pair in combinations(range(1, 7), 2)]).pvalue > 1e-4


def test_chance_outside_c_is_met_by_the_draws() -> None:
    cases, chosen = candidates(30, signals=3), policy(yearly_capacity=120)
    made = [compose(cases, chosen, HEERLEN, AS_OF, year.to_bytes(32, "big")) for year in range(1500)]
    outside = [one.case_id for one in made[0].cases if one.probability < 1]
    taken = Counter(one.case_id for each in made for one in each.listed if one.case_id in set(outside))
    chance = next(one.probability for one in made[0].cases if one.case_id in set(outside))
    assert sum(taken.values()) == 1500 * chance * len(outside)
    assert chisquare([taken[case] for case in outside]).pvalue > 1e-4


def test_r05_the_draw_is_replayed_from_its_seed_and_is_blind_to_scores() -> None:
    cases = candidates(200, signals=10)
    once = compose(cases, policy(), HEERLEN, AS_OF, SECRET)
    assert compose(reversed(cases), policy(), HEERLEN, AS_OF, SECRET) == once
    other_scores = [replace(one, place=201 - one.place) for one in cases]
    again = compose(other_scores, policy(), HEERLEN, AS_OF, SECRET)
    assert members(again, "random") == members(once, "random")
    assert members(again, "risk") != members(once, "risk")


@pytest.mark.parametrize(
    ("municipality", "as_of", "secret", "n"),
    [
        (MAASTRICHT, AS_OF, SECRET, 200),
        (HEERLEN, dt.date(2026, 12, 1), SECRET, 200),
        (HEERLEN, AS_OF, bytes(32), 200),
        (HEERLEN, AS_OF, SECRET, 201),
    ],
)
def test_the_seed_hangs_on_municipality_date_secret_and_eligible(
    municipality: str, as_of: dt.date, secret: bytes, n: int
) -> None:
    once = compose(candidates(200), policy(), HEERLEN, AS_OF, SECRET)
    other = compose(candidates(n), policy(), municipality, as_of, secret)
    assert members(other, "random") != members(once, "random")


def test_changing_the_policy_of_one_leaves_the_list_of_another_identical() -> None:
    towns = {HEERLEN: candidates(300, signals=20), MAASTRICHT: candidates(300, signals=20, first=1000)}

    def lists(of_heerlen: Policy) -> dict[str, bytes]:
        chosen = {HEERLEN: of_heerlen, MAASTRICHT: policy()}
        return {code: repr(compose(cases, chosen[code], code, AS_OF, SECRET)).encode() for code, cases in towns.items()}

    before, after = lists(policy()), lists(policy(yearly_capacity=900, random_percent=50, risk_percent=25))
    assert before[MAASTRICHT] == after[MAASTRICHT]
    assert before[HEERLEN] != after[HEERLEN]


def test_r33_exempt_cases_are_in_no_arm_whatever_their_place_or_signal() -> None:
    known = [facts(case_id=case, in_care=case % 3 == 0, bands=frozenset({"minor"} if case % 5 == 0 else {"27-63"}))
             for case in range(1, 301)]  # fmt: skip
    sifted = sift(known, policy())
    by_id = {one.case_id: one for one in candidates(300, signals=300)}
    made = compose([by_id[case] for case in sifted.eligible], policy(), HEERLEN, AS_OF, SECRET)
    assert made.listed
    assert not [one for one in made.cases if one.case_id % 3 == 0 or one.case_id % 5 == 0]


@given(st.integers(1, 300), st.integers(1, 100))
@settings(max_examples=60, deadline=None)
def test_r06_blind_share_is_met_in_every_arm_and_half_is_reviewed_twice(n: int, percent: int) -> None:
    chosen = policy(yearly_capacity=1200, blind_percent=percent)
    made = compose(candidates(n, signals=n // 4), chosen, HEERLEN, AS_OF, SECRET)
    blind = [one for one in made.listed if one.blind]
    assert len(blind) == -(-len(made.listed) * percent // 100)
    assert sum(one.double for one in made.listed) == -(-len(blind) // 2)
    assert all(one.blind for one in made.listed if one.double)
    for arm in ({"signal"}, {"risk"}):
        listed = [one for one in made.listed if arm & set(one.arms)]
        assert abs(sum(one.blind for one in listed) - len(listed) * percent / 100) < 2


def test_r06_positions_are_worked_one_by_one_and_blind_ones_stand_anywhere() -> None:
    at: list[float] = []
    for year in range(60):
        made = compose(candidates(500, signals=60), policy(yearly_capacity=600), HEERLEN, AS_OF, bytes([year] * 32))
        assert [one.position for one in made.listed] == list(range(1, 51))
        by_score = [one for one in made.listed if not one.blind and {"signal", "risk"} & set(one.arms)]
        assert [one.place for one in by_score] == sorted(one.place for one in by_score)
        at += [(one.position or 0) for one in made.listed if one.blind]
    assert abs(sum(at) / len(at) - 25.5) < 2


def test_a_case_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        compose([*candidates(3), *candidates(1)], policy(), HEERLEN, AS_OF, SECRET)


@given(st.integers(-5, 120), st.integers(-5, 120), st.integers(-5, 120), st.integers(-5, 120))
def test_r18_no_policy_goes_below_the_legal_floor(random: int, signal: int, blind: int, reviewed: int) -> None:
    chosen = {"random_percent": random, "signal_percent": signal, "risk_percent": 100 - random - signal}
    try:
        made = policy(**chosen, blind_percent=blind, reviewed_months=reviewed)
    except PolicyError:
        return
    assert made.random_percent >= 10
    assert made.blind_percent >= 1
    assert made.reviewed_months >= 24
    assert made.random_percent + made.signal_percent + made.risk_percent == 100
    assert made.places.random * 10 >= made.capacity


@settings(max_examples=60, deadline=None)
@given(wanted=st.integers(0, 60), percent=st.integers(1, 100), taken=st.sets(st.integers(1, 50)))
def test_r06_places_that_came_free_go_on_along_the_walk_and_are_blind_in_the_policys_share(
    wanted: int, percent: int, taken: set[int]
) -> None:
    seed = b"s" * 32
    found = further([(case, 1000 - case) for case in range(1, 51)], taken, wanted, percent, seed)
    left = [case for case in walk(list(range(1, 51)), seed) if case not in taken]
    assert [one.case_id for one in found] == left[:wanted]
    assert [one.position for one in found] == list(range(1, len(found) + 1))
    assert {(one.arms, one.place + one.case_id) for one in found} <= {(("top_up",), 1000)}
    blind = [one for one in found if one.blind]
    assert len(blind) == math.ceil(len(found) * percent / 100)
    assert sum(one.double for one in found) == math.ceil(len(blind) / 2)
    assert all(one.blind for one in found if one.double)
