"""What selection must know of a case: since when, last reviewed, a home, an open signal; all before the date."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from features.circumstances import circumstances
from features.matrix import case_members, cases_on
from tests.features.builders import SmallLake

AS_OF = dt.date(2026, 11, 1)
CASE, CLIENT = 7, 70


def lake(folder: Path) -> SmallLake:
    """One single client with a home since 2020."""
    made = SmallLake(folder / "lake")
    made.add("benefits", case_id=CASE, person_id=CLIENT, role="client", start="2021-03-01")
    return made


def around(made: SmallLake, folder: Path) -> dict[str, Any]:
    parts = made.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], folder), folder)
    (row,) = circumstances(parts, members, folder).to_pylist()
    return row


def home(made: SmallLake, **values: Any) -> SmallLake:
    usual = {"person_id": CLIENT, "address_id": 5, "start": "2020-01-01", "certainty": "resident"}
    return made.add("stays", **(usual | values))


def test_the_benefit_began_on_the_last_day_it_can_have_begun(tmp_path: Path) -> None:
    made = SmallLake(tmp_path / "lake").add(
        "benefits",
        case_id=CASE,
        person_id=CLIENT,
        role="client",
        start_earliest="2026-05-01",
        start_latest="2026-05-31",
    )
    assert around(made, tmp_path)["benefit_since"] == dt.date(2026, 5, 31)


def test_the_last_review_is_the_latest_findings_known_before_the_date(tmp_path: Path) -> None:
    made = lake(tmp_path)
    made.add("outcomes", case_id=CASE, selected="2025-01-01", closed="2025-03-01")
    made.add("outcomes", case_id=CASE, selected="2026-08-01", closed="2026-10-01", known_at="2026-11-01T00:00:00")
    assert around(made, tmp_path)["last_review"] == dt.date(2025, 3, 1)


@pytest.mark.parametrize(
    ("days", "last"),
    [
        ({"approved": "2025-03-08"}, dt.date(2025, 3, 8)),
        ({}, dt.date(2025, 1, 1)),
        ({"approved": "2025-03-08", "closed": "2025-03-01"}, dt.date(2025, 3, 1)),
    ],
)
def test_r33_a_review_without_the_day_of_its_findings_was_held_all_the_same(
    tmp_path: Path, days: dict[str, str], last: dt.date
) -> None:
    made = lake(tmp_path)
    made.add("outcomes", case_id=CASE, selected="2025-01-01", **days)
    assert around(made, tmp_path)["last_review"] == last


def test_someone_registered_at_an_address_has_a_home(tmp_path: Path) -> None:
    assert around(home(lake(tmp_path)), tmp_path)["without_address"] is False


@pytest.mark.parametrize(
    "stay",
    [
        {"end": "2026-01-01"},
        {"certainty": "possible"},
        {"function": "B"},
        {"abroad": True},
        {"unknown": True},
        {"under_investigation": True},
    ],
)
def test_r33_what_is_no_sure_home_leaves_a_person_without_address(tmp_path: Path, stay: dict[str, Any]) -> None:
    assert around(home(lake(tmp_path), **stay), tmp_path)["without_address"] is True


def test_the_open_signal_is_the_oldest_one_that_is_open(tmp_path: Path) -> None:
    made = lake(tmp_path)
    for reference, issued, state in (
        ("1", "2026-03-01", "closed"),
        ("2", "2026-06-01", "open"),
        ("3", "2026-08-01", "open"),
    ):
        made.add(
            "signals",
            person_id=CLIENT,
            product="vehicles",
            start="2026-01-01",
            issued=issued,
            state=state,
            reference=reference,
        )
    assert around(made, tmp_path)["open_signal"] == dt.date(2026, 6, 1)


@pytest.mark.parametrize("product", ["detention", "fugitive"])
def test_data_about_crimes_put_nobody_on_the_signal_list(tmp_path: Path, product: str) -> None:
    made = lake(tmp_path).add(
        "signals", person_id=CLIENT, product=product, start="2026-01-01", issued="2026-06-01", state="open"
    )
    assert around(made, tmp_path)["open_signal"] is None
