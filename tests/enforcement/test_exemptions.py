"""Who is left alone: every ground on both sides of its border."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcement.exemptions import RULES, CaseFacts, exempting, sift
from tests.enforcement.province import AS_OF, facts, policy

BANDS = ["minor", "18-20", "21-26", "27-63", "64-66", "pension"]


@pytest.mark.parametrize(
    ("known", "rules"),
    [
        ({}, []),
        ({"bands": {"minor"}}, ["minor"]),
        ({"bands": {"27-63", "minor"}}, ["minor"]),
        ({"bands": set()}, ["age_unknown"]),
        ({"bands": {"64-66"}}, ["64_or_older"]),
        ({"bands": {"27-63", "pension"}}, ["64_or_older"]),
        ({"last_review": dt.date(2024, 11, 1)}, []),
        ({"last_review": dt.date(2024, 11, 2)}, ["reviewed"]),
        ({"benefit_since": dt.date(2026, 5, 1)}, []),
        ({"benefit_since": dt.date(2026, 5, 2)}, ["new"]),
        ({"benefit_since": None}, ["start_unknown"]),
        ({"without_address": True}, ["no_address"]),
        ({"in_care": True}, ["in_care"]),
        ({"open_dispute": True}, ["open_dispute"]),
        ({"open_case": True}, ["open_case"]),
        ({"grounds": {"shelter"}}, ["municipal_ground"]),
        ({"grounds": {"other"}}, []),
        ({"in_care": True, "open_case": True}, ["in_care", "open_case"]),
    ],
)
def test_r33_grounds(known: dict[str, Any], rules: list[str]) -> None:
    case = facts(**{name: frozenset(value) if isinstance(value, set) else value for name, value in known.items()})
    assert [rule.name for rule in exempting(case, policy(also_exempt=("shelter",)))] == rules


cases = st.builds(
    CaseFacts,
    case_id=st.integers(1, 10**6),
    as_of=st.just(AS_OF),
    bands=st.frozensets(st.sampled_from(BANDS)),
    benefit_since=st.none() | st.dates(dt.date(2010, 1, 1), AS_OF),
    last_review=st.none() | st.dates(dt.date(2010, 1, 1), AS_OF),
    without_address=st.booleans(),
    in_care=st.booleans(),
    open_dispute=st.booleans(),
    open_case=st.booleans(),
    grounds=st.frozensets(st.sampled_from(["shelter", "guardian"])),
)


@given(st.lists(cases, max_size=20, unique_by=lambda case: case.case_id))
def test_r25_and_r33_every_case_is_eligible_or_says_why_not(known: list[CaseFacts]) -> None:
    chosen = policy(also_exempt=("guardian",))
    sifted = sift(known, chosen)
    assert set(sifted.eligible) | set(sifted.exempt) == {case.case_id for case in known}
    assert not set(sifted.eligible) & set(sifted.exempt)
    assert sum(sifted.counts.values()) == sum(len(rules) for rules in sifted.exempt.values())
    for case in known:
        if case.case_id in sifted.eligible:
            assert case.bands
            assert not case.bands & {"minor", "64-66", "pension"}
            assert not any((case.without_address, case.in_care, case.open_dispute, case.open_case))
            assert "guardian" not in case.grounds
            assert case.benefit_since is not None
            assert case.benefit_since <= dt.date(2026, 5, 1)
            assert case.last_review is None or case.last_review <= dt.date(2024, 11, 1)


@given(cases, st.integers(24, 60), st.integers(6, 24))
def test_r33_a_municipality_can_only_add(case: CaseFacts, reviewed: int, settling: int) -> None:
    stricter = policy(reviewed_months=reviewed, settling_months=settling, also_exempt=("shelter", "guardian"))
    assert {rule.name for rule in exempting(case, policy())} <= {rule.name for rule in exempting(case, stricter)}


def test_every_rule_has_words_in_both_languages() -> None:
    assert all(rule.nl and rule.en and rule.nl != rule.en for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)
