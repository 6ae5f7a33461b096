"""A person with several (municipality, role) pairs acts in one at a time, and changes it from any page (R36)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcement.access import Role
from enforcement.database import engine_of, writing
from enforcement.settings import Settings
from enforcement.users import grant
from tests.api.builders import HEERLEN, MAASTRICHT, NOW, Browser, fill, visitors

PAIRS = ((HEERLEN, Role.OFFICER), (MAASTRICHT, Role.MANAGER))
TO_MANAGER = f"{MAASTRICHT} manager"


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """officer.heerlen is manager in Maastricht as well."""
    made = fill(tmp_path)
    with writing(engine_of(made.database)) as session:
        grant(session, "officer.heerlen", "O. Fficer", PAIRS, NOW)
    return made


@pytest.fixture
def two(chosen: Settings) -> Iterator[Browser]:
    with visitors(chosen, "officer.heerlen") as (browser,):
        yield browser


def token_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


def test_r36_the_menu_switches_from_officer_to_manager_and_back(two: Browser) -> None:
    page = two.get("/werklijst").text
    assert f'name="pair" value="{TO_MANAGER}"' in page
    assert two.get("/resultaten").status_code == 200
    assert two.get("/beleid").text.count('name="reason"') == 0
    answer = two.post("/wisselen", data={"csrf": token_of(page), "pair": TO_MANAGER}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/resultaten")
    here = two.get("/api/v1/session").json()
    assert (here["municipality"], here["role"]) == (MAASTRICHT, "manager")
    assert two.get("/werklijst").status_code == 403, "a manager has no cases, whatever they are elsewhere"
    assert "Maastricht" in two.get("/resultaten").text

    page = two.get("/beleid").text
    assert 'name="reason"' in page
    two.headers.pop("x-csrf-token")
    answer = two.post("/wisselen", data={"csrf": token_of(page), "pair": f"{HEERLEN} officer"}, follow_redirects=False)
    assert answer.headers["location"] == "/werklijst"
    assert two.get("/werklijst").status_code == 200
    assert two.post("/beleid", data={"csrf": token_of(two.get("/werklijst").text)}).status_code == 403


def test_a_page_of_the_other_role_changes_nothing_any_more(two: Browser) -> None:
    old = token_of(two.get("/werklijst").text)
    two.post("/wisselen", data={"csrf": old, "pair": TO_MANAGER})
    two.headers.pop("x-csrf-token")
    assert two.post("/wisselen", data={"csrf": old, "pair": f"{HEERLEN} officer"}).status_code == 403
    assert two.get("/api/v1/session").json()["role"] == "manager"


@pytest.mark.parametrize("pair", [f"{HEERLEN} manager", f"{MAASTRICHT} officer", "0999 manager"])
def test_r36_a_pair_that_is_not_held_is_refused(two: Browser, pair: str) -> None:
    answer = two.post("/wisselen", data={"csrf": token_of(two.get("/werklijst").text), "pair": pair})
    assert answer.status_code == 403
    assert two.get("/api/v1/session").json()["role"] == "officer"


def test_the_switch_needs_the_sessions_token_and_a_pair_that_can_be(two: Browser) -> None:
    two.headers.pop("x-csrf-token")
    assert two.post("/wisselen", data={"csrf": "x", "pair": TO_MANAGER}).status_code == 403
    csrf = token_of(two.get("/werklijst").text)
    assert two.post("/wisselen", data={"csrf": csrf, "pair": "0935 king"}).status_code == 422


def test_r36_a_pair_that_is_taken_away_leaves_the_menu_and_ends_what_is_open_in_it(
    chosen: Settings, two: Browser
) -> None:
    two.post("/wisselen", data={"csrf": token_of(two.get("/werklijst").text), "pair": TO_MANAGER})
    with writing(engine_of(chosen.database)) as session:
        grant(session, "officer.heerlen", "O. Fficer", PAIRS[:1], NOW)
    assert two.get("/api/v1/session").status_code == 401
    two.become("officer.heerlen")
    page = two.get("/werklijst").text
    assert 'action="/wisselen"' not in page
    answer = two.post("/wisselen", data={"csrf": token_of(page), "pair": TO_MANAGER})
    assert answer.status_code == 403


def test_a_machine_switches_by_json(two: Browser) -> None:
    held = two.get("/api/v1/session").json()["pairs"]
    assert held == [{"municipality": town, "role": role.value} for town, role in PAIRS]
    answer = two.post("/api/v1/session/role", json=held[1])
    assert (answer.status_code, answer.json()["role"]) == (200, "manager")
    assert two.get("/api/v1/results").json()["municipality"] == MAASTRICHT
    assert two.post("/api/v1/session/role", json=held[0]).status_code == 403, "the token of before has ended"
    two.headers["x-csrf-token"] = answer.json()["csrf"]
    assert two.post("/api/v1/session/role", json=held[0]).json()["role"] == "officer"
    assert two.post("/api/v1/session/role", json={"municipality": "0999", "role": "manager"}).status_code == 403


def test_who_holds_one_pair_has_no_menu(chosen: Settings) -> None:
    with visitors(chosen, "manager.heerlen") as (one,):
        assert 'action="/wisselen"' not in one.get("/resultaten").text
