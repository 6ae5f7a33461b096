"""The Dutch API design rules, as far as they can be seen from outside (NL GOV API design rules 2.0)."""

from __future__ import annotations

import re

import pytest

from api.security import API_VERSION, PUBLISHED
from enforcement.settings import Settings
from tests.api.builders import a_case, visitors

PROBLEM = "application/problem+json"


def test_api48_an_address_with_a_slash_at_its_end_does_not_exist(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        for address in ("/api/v1/worklist", "/api/v1/session", f"/api/v1/cases/{a_case(made_up, blind=False)}"):
            assert officer.get(address).status_code == 200
            answer = officer.get(f"{address}/", follow_redirects=False)
            assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
            assert answer.json()["instance"] == f"{address}/"
        assert not [path for path in officer.get(PUBLISHED).json()["paths"] if path.endswith("/")]


def test_api57_every_answer_names_the_full_version_and_the_address_the_first_number(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        for address in ("/api/v1/worklist", "/api/v1/cases/none", "/api/v1/nothing", PUBLISHED):
            assert officer.get(address).headers["api-version"] == API_VERSION
        described = officer.get(PUBLISHED).json()
    assert re.fullmatch(r"\d+\.\d+\.\d+", API_VERSION)
    assert described["info"]["version"] == API_VERSION
    assert {path.split("/")[2] for path in described["paths"]} == {f"v{API_VERSION.split('.')[0]}"}


def test_api51_any_page_may_read_the_description_and_nothing_else(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        published = officer.get(PUBLISHED, headers={"origin": "https://elsewhere.example"})
        assert published.headers["access-control-allow-origin"] == "*"
        assert published.headers["cross-origin-resource-policy"] == "cross-origin"
        other = officer.get("/api/v1/worklist", headers={"origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers
        assert other.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/worklist", 405),
        ("GET", "/api/v1/worklist?limit=0", 422),
        ("GET", "/api/v1/worklist?after=x", 400),
        ("GET", "/api/v1/worklist?fields=bsn", 400),
        ("GET", "/api/v1/team", 403),
        ("GET", "/api/v1/cases/none", 404),
        ("POST", "/api/v1/search", 422),
    ],
)
def test_what_went_wrong_is_always_a_problem(made_up: Settings, method: str, address: str, status: int) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        answer = officer.request(method, address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    told = answer.json()
    assert {"type", "title", "status", "instance"} <= set(told)
    assert (told["status"], told["instance"]) == (status, address.split("?")[0])


def test_pages_follow_a_key_so_that_a_list_that_changes_repeats_and_skips_nothing(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen", "second.heerlen") as (officer, second):
        everything = [one["number"] for one in officer.get("/api/v1/worklist?limit=200").json()["items"]]
        seen, after = [], ""
        while True:
            page = officer.get(f"/api/v1/worklist?limit=7{after}").json()
            seen += [one["number"] for one in page["items"]]
            second.post("/api/v1/worklist/next")
            if page["after"] is None:
                break
            after = f"&after={page['after']}"
    assert seen == everything
    assert len(everything) > 14


def test_fields_leave_out_what_was_not_asked_for(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        whole = officer.get("/api/v1/worklist?limit=5").json()
        part = officer.get("/api/v1/worklist?limit=5&fields=number,due").json()
    assert part["items"] == [{"number": one["number"], "due": one["due"]} for one in whole["items"]]
    assert (part["after"], part["basis"]) == (whole["after"], whole["basis"])


def test_r03_a_place_comes_with_its_range_reason_and_old_sources_also_when_only_the_place_was_asked_for(
    made_up: Settings,
) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        page = officer.get("/api/v1/worklist?limit=5&fields=place").json()
    assert set(page["items"][0]) == {"place", "place_low", "place_high", "strongest", "old_sources"}
    assert page["basis"]["model"]
