"""A municipality's policy: versions, deviations, and what does not pass."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select

from enforcement import audit
from enforcement.database import reading, writing
from enforcement.errors import ForbiddenError, StaleError
from enforcement.policy import (
    STANDARD,
    Deviation,
    Policy,
    PolicyError,
    adopt,
    change,
    deviations,
    in_force,
    standard_for,
)
from enforcement.tables import Case, Draw, Inclusion
from tests.enforcement.province import (
    COMPLIANCE,
    HEERLEN,
    MAASTRICHT,
    MANAGER,
    NOW,
    OFFICER,
    SCIENTIST,
    candidates,
    drawn,
    policy,
    service,
)


def test_r18_versions_follow_each_other_and_the_same_again_is_none(tmp_path: Path) -> None:
    engine = service(tmp_path)
    why = {"blind_percent": "asked by the council", "also_exempt": "shelters are agreed with the province"}
    chosen = policy(blind_percent=50, also_exempt=("shelter",), phone="14 045", explanation=why)
    with writing(engine) as session:
        assert in_force(session, HEERLEN) == (0, STANDARD)
        assert adopt(session, HEERLEN, chosen, "manager.heerlen", NOW) == 1
        assert adopt(session, HEERLEN, chosen, "manager.heerlen", NOW) == 1
        assert adopt(session, HEERLEN, policy(), "manager.heerlen", NOW) == 2
        assert adopt(session, HEERLEN, chosen, "manager.heerlen", NOW) == 3
    with reading(engine) as session:
        assert in_force(session, HEERLEN) == (3, chosen)
        assert in_force(session, MAASTRICHT) == (0, STANDARD)


def test_deviations_from_the_standard_are_visible_and_explained(tmp_path: Path) -> None:
    assert deviations(standard_for(1000, "14 045")) == ()
    assert deviations(standard_for(60)) == (), "a small municipality draws per quarter by the standard itself"
    chosen = policy(random_percent=30, risk_percent=45, explanation={"random_percent": "more certainty"})
    assert deviations(chosen) == (
        Deviation("random_percent", 25, 30, "more certainty"),
        Deviation("risk_percent", 50, 45, ""),
    )
    with writing(service(tmp_path)) as session, pytest.raises(PolicyError, match="risk_percent"):
        adopt(session, HEERLEN, chosen, "manager.heerlen", NOW)


SETTINGS = st.fixed_dictionaries(
    {"yearly_capacity": st.integers(-5, 5_000)},
    optional={
        "period": st.sampled_from(["month", "quarter", "year", ""]),
        "random_percent": st.integers(-10, 110),
        "signal_percent": st.integers(-10, 110),
        "risk_percent": st.integers(-10, 110),
        "blind_percent": st.integers(-10, 110) | st.floats() | st.none(),
        "max_per_cluster": st.integers(-2, 9),
        "reviewed_months": st.integers(0, 60) | st.text(max_size=3),
        "settling_months": st.integers(0, 24),
        "retention_months": st.integers(0, 60) | st.booleans(),
        "also_exempt": st.lists(st.text(max_size=5)) | st.text(max_size=3) | st.none(),
        "phone": st.text(max_size=8) | st.sampled_from(["14 045", "14 043"]),
        "theme": st.text(max_size=8) | st.just("housing"),
        "letters": st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers()),
        "hour_cents": st.integers(-5, 200_000) | st.booleans() | st.floats() | st.none(),
        "explanation": st.dictionaries(st.text(max_size=5) | st.just("hour_cents"), st.text(max_size=5)),
    },
)


@given(SETTINGS, st.integers(0, 110))
@settings(max_examples=5_000 if os.environ.get("WEEGSCHAAL_PROOF") == "1" else 400)
def test_r18_no_policy_is_below_the_floor(content: dict[str, Any], random_percent: int) -> None:
    """Whatever is written down: either it is refused, or everything that the law asks is there."""
    if random_percent <= 100:
        content |= {"random_percent": random_percent, "signal_percent": 0, "risk_percent": 100 - random_percent}
    try:
        chosen = Policy.of(content)
    except PolicyError:
        return
    assert chosen.random_percent >= 10
    assert chosen.random_percent + chosen.signal_percent + chosen.risk_percent == 100
    assert min(chosen.signal_percent, chosen.risk_percent) >= 0
    assert chosen.places.random * 10 >= chosen.capacity >= 1
    assert chosen.places.random + chosen.places.signal + chosen.places.risk == chosen.capacity
    assert 1 <= chosen.blind_percent <= 100
    assert (chosen.reviewed_months >= 24, chosen.settling_months >= 6) == (True, True)
    assert 6 <= chosen.retention_months <= 24
    assert any(letter.isdigit() for letter in chosen.phone)
    assert chosen.hour_cents is None or (0 < chosen.hour_cents <= 100_000 and chosen.explanation["hour_cents"].strip())
    assert not any("%" in text or "fraud" in text.lower() for text in chosen.letters.values())
    assert Policy.of(chosen.content()) == chosen
    assert json.loads(json.dumps(chosen.content())) == chosen.content()


def lists_of(folder: Path, heerlen: Policy) -> dict[str, bytes]:
    """Per municipality every row of its list, after Heerlen adopted a policy."""
    engine = service(folder)
    with writing(engine) as session:
        adopt(session, HEERLEN, heerlen, "manager.heerlen", NOW)
        for first, town in ((1, HEERLEN), (1_000, MAASTRICHT)):
            drawn(session, candidates(300, signals=20, clusters=40, first=first), town, in_force(session, town)[1])
    kept = {}
    with reading(engine) as session:
        for town in (HEERLEN, MAASTRICHT):
            draw = session.scalars(select(Draw).where(Draw.municipality == town)).one()
            rows = [
                [str(getattr(row, column.key)) for column in inspect(table).columns]
                for table, where in ((Draw, Draw.id), (Case, Case.draw_id), (Inclusion, Inclusion.draw_id))
                for row in session.scalars(select(table).where(where == draw.id).order_by(*inspect(table).primary_key))
            ]
            kept[town] = json.dumps(rows).encode()
    return kept


def test_r18_a_change_in_one_municipality_leaves_the_others_list_identical_to_the_byte(tmp_path: Path) -> None:
    why = dict.fromkeys(("random_percent", "signal_percent", "risk_percent", "blind_percent", "max_per_cluster"), "why")
    other = policy(
        yearly_capacity=960, random_percent=60, signal_percent=10, risk_percent=30, blind_percent=90, max_per_cluster=1,
        explanation=why,
    )  # fmt: skip
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before, after = lists_of(tmp_path / "a", policy()), lists_of(tmp_path / "b", other)
    assert before[HEERLEN] != after[HEERLEN]
    assert before[MAASTRICHT] == after[MAASTRICHT]


def test_r18_a_change_is_logged_with_its_reason(tmp_path: Path) -> None:
    engine = service(tmp_path)
    content = policy(blind_percent=50, explanation={"blind_percent": "asked by the council"}).content()
    with writing(engine) as session:
        assert change(session, MANAGER, content, "council of 3 November", 0, NOW) == 1
        with pytest.raises(StaleError):
            change(session, MANAGER, content, "again", 0, NOW)
        with pytest.raises(PolicyError, match="reason"):
            change(session, MANAGER, content, " ", 1, NOW)
        for viewer in (OFFICER, SCIENTIST, COMPLIANCE):
            with pytest.raises(ForbiddenError):
                change(session, viewer, content, "mine", 1, NOW)
        [entry] = [json.loads(one.body) for one in audit.chain(session, HEERLEN)]
    assert (entry["action"], entry["actor"], entry["object"]) == ("policy_changed", MANAGER.user, "policy:1")
    assert entry["details"]["reason"] == "council of 3 November"
    assert entry["details"]["changed"]["blind_percent"] == [20, 50]


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("random_percent", 9, "random_percent"),
        ("blind_percent", 0, "blind_percent"),
        ("reviewed_months", 23, "reviewed_months"),
        ("settling_months", 5, "settling_months"),
        ("max_per_cluster", 0, "max_per_cluster"),
        ("period", "year", "period"),
        ("phone", " ", "phone"),
        ("retention_months", 5, "retention_months"),
        ("letters", {"notice": "U bent verdacht."}, "accusation"),
        ("theme", "Wonen!", "theme"),
        ("colour", "blue", "colour"),
    ],
)
def test_what_is_not_allowed_is_named(setting: str, value: object, named: str) -> None:
    with pytest.raises(PolicyError, match=named):
        Policy.of(policy().content() | {setting: value})


@pytest.mark.parametrize(
    ("as_of", "period", "due"),
    [
        (dt.date(2026, 11, 1), "month", dt.date(2026, 12, 1)),
        (dt.date(2026, 12, 31), "month", dt.date(2027, 1, 31)),
        (dt.date(2027, 1, 31), "month", dt.date(2027, 2, 28)),
        (dt.date(2026, 11, 30), "quarter", dt.date(2027, 2, 28)),
    ],
)
def test_reviews_are_due_at_the_end_of_the_period(as_of: dt.date, period: str, due: dt.date) -> None:
    assert policy(period=period).end_of_period(as_of) == due


def test_a_small_municipality_draws_per_quarter() -> None:
    assert standard_for(60).period == "quarter"
    assert standard_for(600).period == "month"
