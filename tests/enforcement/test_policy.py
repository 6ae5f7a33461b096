"""A municipality's policy: versions, deviations, and what does not pass."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from enforcement.database import reading, writing
from enforcement.policy import STANDARD, Policy, PolicyError, adopt, deviations, in_force, standard_for
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, policy, service


def test_r18_versions_follow_each_other_and_the_same_again_is_none(tmp_path: Path) -> None:
    engine = service(tmp_path)
    chosen = policy(blind_percent=50, also_exempt=("shelter",), phone="14 045")
    with writing(engine) as session:
        assert in_force(session, HEERLEN) == (0, STANDARD)
        assert adopt(session, HEERLEN, chosen, "manager.heerlen", NOW) == 1
        assert adopt(session, HEERLEN, chosen, "manager.heerlen", NOW) == 1
        assert adopt(session, HEERLEN, policy(), "manager.heerlen", NOW) == 2
        assert adopt(session, HEERLEN, chosen, "manager.heerlen", NOW) == 3
    with reading(engine) as session:
        assert in_force(session, HEERLEN) == (3, chosen)
        assert in_force(session, MAASTRICHT) == (0, STANDARD)


def test_deviations_from_the_standard_are_visible() -> None:
    assert deviations(standard_for(1000, "14 045")) == {}
    assert deviations(policy(random_percent=30, risk_percent=45)) == {
        "random_percent": (25, 30),
        "risk_percent": (50, 45),
    }


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
