"""What a blind review shows does not depend on anything but the facts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcement.blind import FACT_FIELDS, TOPICS, Ranking, checked, show
from tests.enforcement.province import fact, reason

rankings = st.none() | st.builds(
    Ranking,
    place=st.integers(1, 24_000),
    place_low=st.integers(1, 24_000),
    place_high=st.integers(1, 24_000),
    reasons=st.just((reason("up"), reason("down"))),
    remainder=st.floats(-1, 1),
    base=st.floats(-1, 1),
    quality=st.fixed_dictionaries({"similar": st.integers(0, 99)}),
)
arms = st.lists(st.sampled_from(["random", "top_up", "signal", "risk"]), unique=True)
facts_known = st.lists(st.sampled_from([*TOPICS, "other"]).map(fact), max_size=12)


@given(facts_known, rankings, rankings, arms, arms, st.sampled_from(["open", "claimed"]))
def test_r06_a_blind_payload_is_the_same_for_every_arm_place_and_reason(
    known: list[dict[str, Any]],
    one: Ranking | None,
    other: Ranking | None,
    one_arms: list[str],
    other_arms: list[str],
    state: str,
) -> None:
    first = show(known, one, one_arms, blind=True, state=state, own_findings=False)
    second = show(known, other, other_arms, blind=True, state=state, own_findings=False)
    assert first == second


@given(facts_known)
def test_r06_facts_come_in_fixed_order_with_fixed_fields(known: list[dict[str, Any]]) -> None:
    hinting = [one | {"direction": "up", "size": "large", "share": 0.7} for one in known]
    shown = checked(hinting)
    assert len(shown) == len(known)
    assert all(tuple(one) == FACT_FIELDS for one in shown)
    order = [(*TOPICS, "other").index(one["topic"]) for one in shown]
    assert order == sorted(order)


@pytest.mark.parametrize("blind", [True, False])
@pytest.mark.parametrize("state", ["open", "claimed", "findings", "closed"])
@pytest.mark.parametrize("own", [True, False])
def test_r06_when_what_is_shown(blind: bool, state: str, own: bool) -> None:
    ranking = Ranking(1, 1, 2, (), 0.0, 0.0, {})
    shown = show([], ranking, ["risk"], blind=blind, state=state, own_findings=own)
    after_findings = own or state in ("findings", "closed")
    assert (shown.ranking is not None) == (after_findings or not blind)
    assert (shown.arms is not None) == after_findings
