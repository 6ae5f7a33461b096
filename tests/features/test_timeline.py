"""The timeline of a case: only what was known before the date, periods that follow each other as one, no names."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from features.matrix import case_members, cases_on
from features.timeline import timelines
from tests.features.builders import SmallLake

AS_OF = dt.date(2026, 11, 1)
CASE, CLIENT = 7, 70


def told(made: SmallLake, folder: Path) -> list[dict[str, Any]]:
    parts = made.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], folder), folder)
    found = timelines(parts, members, [CASE], folder)[CASE]
    assert (found["from"], found["until"]) == ("2024-11-01", "2026-10-31")
    rows: list[dict[str, Any]] = found["rows"]
    return rows


def lake(folder: Path) -> SmallLake:
    made = SmallLake(folder / "lake")
    return made.add("benefits", case_id=CASE, person_id=CLIENT, role="client", start="2021-03-01")


def wage(made: SmallLake, start: str, end: str, **values: Any) -> SmallLake:
    usual = {"person_id": CLIENT, "employer": "L1", "relation": "1", "kind": "15", "gross_cents": 100_000}
    return made.add("incomes", **(usual | {"start": start, "end": end} | values))


def test_a_benefit_that_runs_has_no_end(tmp_path: Path) -> None:
    [row] = told(lake(tmp_path), tmp_path)
    assert (row["lane"], row["from"], row["until"]) == ("benefit", "2021-03-01", None)


def test_months_of_one_employer_are_one_period_and_a_gap_makes_two(tmp_path: Path) -> None:
    made = wage(lake(tmp_path), "2026-03-01", "2026-03-31")
    wage(wage(made, "2026-04-01", "2026-04-30"), "2026-08-01", "2026-08-31")
    income = [row for row in told(made, tmp_path) if row["lane"] == "income"]
    assert [(row["from"], row["until"], row["cents"]) for row in income] == [
        ("2026-03-01", "2026-04-30", 200_000),
        ("2026-08-01", "2026-08-31", 100_000),
    ]
    assert {row["number"] for row in income} == {1}, "one employer, one number"


def test_the_own_benefit_and_what_became_known_later_are_not_told(tmp_path: Path) -> None:
    made = wage(lake(tmp_path), "2026-03-01", "2026-03-31", kind="43")
    wage(made, "2026-05-01", "2026-05-31", known_at="2026-11-01T00:00:00")
    assert [row["lane"] for row in told(made, tmp_path)] == ["benefit"]


def test_two_homes_have_two_numbers_and_no_address(tmp_path: Path) -> None:
    made = lake(tmp_path)
    made.add("stays", person_id=CLIENT, address_id=5, start="2020-01-01", end="2026-02-01", certainty="resident")
    made.add("stays", person_id=CLIENT, address_id=6, start="2026-01-01", certainty="resident")
    homes = [row for row in told(made, tmp_path) if row["lane"] == "residence"]
    assert [(row["number"], row["until"]) for row in homes] == [(1, "2026-01-31"), (2, None)]
    assert all("address" not in key and "person" not in key for row in homes for key in row)


def test_a_case_that_nobody_asked_for_is_not_told(tmp_path: Path) -> None:
    made = lake(tmp_path)
    parts = made.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], tmp_path), tmp_path)
    assert timelines(parts, members, [], tmp_path) == {}
