"""The matrices of many dates and of a training come from one build, and are those of each date alone."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.dataset import latest_outcomes
from pipelines.lake import Lake, newest_date
from pipelines.learning import (
    Learning,
    build_matrices,
    build_matrix,
    first_days,
    matrix_for,
    reviewed_cases,
)
from pipelines.steps import unseen
from tests.pipelines.road import Province, settings_of


def test_each_date_has_the_bytes_that_it_alone_would_have(province: Province, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(province[0].home, home)
    settings = replace(settings_of(home), mlruns=province[0].mlruns)
    days = first_days(settings, 3)[::2]
    newest = newest_date(Lake(settings))

    parts = Lake(settings).parts()
    outcomes = latest_outcomes(parts["outcomes"], newest)
    learning = Learning(settings, parts, outcomes, newest, 1)
    made = build_matrices(settings, [*days, days[0]], unseen, learning)

    assert [one["as_of"] for one in made["matrices"]] == [day.isoformat() for day in days]
    day_alone = build_matrix(settings, days[0], unseen)
    assert (day_alone["sha256"], day_alone["rows"]) == (made["matrices"][0]["sha256"], made["matrices"][0]["rows"])
    cases = reviewed_cases(outcomes, newest)
    beside, rows = learning.matrix()
    apart = Learning(settings, parts, outcomes, newest, 1)
    alone, again = apart.matrix()
    assert beside.sha256 == alone.sha256 == matrix_for(settings, cases, parts, "apart").sha256
    assert beside.rows > 0
    order = [("as_of", "ascending"), ("case_id", "ascending")]
    assert rows.sort_by(order).equals(again.sort_by(order)), "who was not chosen has the same facts in either build"
    assert rows.num_rows > beside.rows
    assert len({one["sha256"] for one in made["matrices"]}) == len(days)


def test_the_first_days_of_months_reach_over_the_year(province: Province) -> None:
    days = first_days(province[0], 14, dt.date(2026, 2, 10))
    assert (days[0], days[-1], len(days)) == (dt.date(2025, 1, 1), dt.date(2026, 2, 1), 14)


def test_a_date_on_which_nothing_runs_is_named(province: Province) -> None:
    with pytest.raises(ValueError, match="no benefit runs on 1990-01-01"):
        build_matrices(province[0], [dt.date(1990, 1, 1)], unseen)
