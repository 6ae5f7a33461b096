"""The order of the service list is a rule that a person can follow (R34)."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcement.service_list import RIGHTS_ONE_IN, Missing, in_order

SEED = b"seed"
cases = st.lists(
    st.builds(
        Missing,
        case_id=st.integers(1, 10_000),
        short=st.booleans(),
        agreeing=st.integers(1, 4),
        months=st.integers(0, 12),
        cents=st.integers(0, 500_000),
    ),
    unique_by=lambda one: one.case_id,
    max_size=60,
)


@given(cases, st.integers(0, 40))
def test_r34_the_list_is_full_and_no_better_case_of_its_kind_is_left_out(found: list[Missing], places: int) -> None:
    listed = in_order(found, places, SEED)
    assert len(listed) == min(places, len(found))
    assert len({one.case_id for one in listed}) == len(listed)
    for short in (True, False):
        taken = [one for one in listed if one.short == short]
        left = [one for one in found if one.short == short and one not in taken]
        worth = [(one.agreeing, one.months, one.cents) for one in taken]
        assert worth == sorted(worth, reverse=True), "within a kind the order is that of the rule"
        assert all((one.agreeing, one.months, one.cents) <= min(worth) for one in left if worth)


@given(cases, st.integers(0, 40))
def test_r34_neither_kind_crowds_out_the_other(found: list[Missing], places: int) -> None:
    kinds = Counter(one.short for one in in_order(found, places, SEED))
    there = Counter(one.short for one in found)
    for_rights = places // RIGHTS_ONE_IN
    assert kinds[False] >= min(there[False], for_rights)
    assert kinds[True] >= min(there[True], places - for_rights)


@given(cases, st.integers(0, 40), st.randoms())
def test_the_list_does_not_depend_on_the_order_in_which_cases_come(
    found: list[Missing], places: int, dice: random.Random
) -> None:
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert in_order(shuffled, places, SEED) == in_order(found, places, SEED)


def test_equal_cases_are_drawn_and_not_taken_by_their_number() -> None:
    """Over many seeds each of ten equal cases comes first about as often: chi-square with 9 degrees of freedom."""
    equal = [Missing(number, False, 1, 0, 0) for number in range(10)]
    first = Counter(in_order(equal, 1, seed.to_bytes(4, "big"))[0].case_id for seed in range(2000))
    assert sum((first[number] - 200) ** 2 / 200 for number in range(10)) < 27.9  # p = 0.001


def test_a_case_that_comes_twice_is_a_mistake() -> None:
    one = Missing(1, True, 1, 0, 0)
    with pytest.raises(ValueError, match="twice"):
        in_order([one, one], 5, SEED)
