"""R37: a missing or stale delivery is never read as "nothing there"."""

import datetime as dt

import pytest

from pipelines.freshness import checked

AS_OF = dt.date(2026, 11, 1)
NEEDED = {"incomes": 45}


def test_r37_a_source_within_its_age_is_used_and_dated() -> None:
    last = {("0917", "incomes"): dt.date(2026, 10, 1)}
    assert checked(last, NEEDED, ["0917"], AS_OF) == {"incomes": {"source": "UWV", "known": "2026-10-01"}}


def test_r37_a_source_beyond_its_age_stops_the_scoring_and_is_named() -> None:
    last = {("0917", "incomes"): dt.date(2026, 9, 1)}
    with pytest.raises(ValueError, match="incomes last came for 0917 on 2026-09-01, more than 45 days ago"):
        checked(last, NEEDED, ["0917"], AS_OF)


def test_r37_a_source_that_never_came_stops_the_scoring() -> None:
    last = {("0917", "incomes"): dt.date(2026, 10, 1)}
    with pytest.raises(ValueError, match="incomes never came for 0935"):
        checked(last, NEEDED, ["0917", "0935"], AS_OF)


def test_a_delivery_for_no_municipality_in_particular_counts_for_all() -> None:
    last = {("0000", "incomes"): dt.date(2026, 10, 1)}
    assert checked(last, NEEDED, ["0917", "0935"], AS_OF)["incomes"]["known"] == "2026-10-01"


def test_the_municipality_furthest_behind_dates_the_source() -> None:
    last = {("0917", "incomes"): dt.date(2026, 10, 31), ("0935", "incomes"): dt.date(2026, 10, 1)}
    assert checked(last, NEEDED, ["0917", "0935"], AS_OF)["incomes"]["known"] == "2026-10-01"
