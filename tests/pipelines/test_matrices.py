"""The matrices of many dates and of a training come from one build, and are those of each date alone."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.dataset import latest_outcomes
from pipelines.lake import Lake
from pipelines.learning import build_matrices, build_matrix, first_days, matrix_for, newest_date, reviewed_cases
from pipelines.steps import unseen
from tests.pipelines.road import Province, settings_of


def test_each_date_has_the_bytes_that_it_alone_would_have(province: Province, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(province[0].home, home)
    settings = replace(settings_of(home), mlruns=province[0].mlruns)
    days = first_days(settings, 3)[::2]
    newest = newest_date(Lake(settings))

    made = build_matrices(settings, [*days, days[0]], unseen, newest)

    assert [one["as_of"] for one in made["matrices"]] == [day.isoformat() for day in days]
    alone = build_matrix(settings, days[0], unseen)
    assert (alone["sha256"], alone["rows"]) == (made["matrices"][0]["sha256"], made["matrices"][0]["rows"])
    parts = Lake(settings).parts()
    cases = reviewed_cases(latest_outcomes(parts["outcomes"], newest), newest)
    assert matrix_for(settings, cases, parts, "apart").sha256 == made["reviewed"]["sha256"]
    assert made["reviewed"]["rows"] > 0
    assert len({one["sha256"] for one in made["matrices"]}) == len(days)


def test_the_first_days_of_months_reach_over_the_year(province: Province) -> None:
    days = first_days(province[0], 14, dt.date(2026, 2, 10))
    assert (days[0], days[-1], len(days)) == (dt.date(2025, 1, 1), dt.date(2026, 2, 1), 14)


def test_a_date_on_which_nothing_runs_is_named(province: Province) -> None:
    with pytest.raises(ValueError, match="no benefit runs on 1990-01-01"):
        build_matrices(province[0], [dt.date(1990, 1, 1)], unseen)
