"""Sessions, forgery and headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from enforcement.settings import Settings
from tests.api.builders import ORIGIN, Browser, a_case, settings, visitors


def test_a_stranger_sees_no_case(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with TestClient(create_app(made_up), base_url=ORIGIN, follow_redirects=False) as stranger:
        for path in ("/api/v1/worklist", f"/api/v1/cases/{number}", f"/api/v1/cases/{number}/relations"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        for path in ("/werklijst", "/mijn-zaken", f"/zaken/{number}"):
            assert stranger.get(path).headers["location"] == "/inloggen"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"x-csrf-token": "", "origin": ORIGIN}, "no token"),
        ({"x-csrf-token": "bm90IGl0", "origin": ORIGIN}, "another token"),
        ({"origin": "https://elsewhere.test"}, "another origin"),
        ({"origin": "null"}, "no origin"),
    ],
)
def test_a_change_that_was_not_meant_is_refused(made_up: Settings, headers: dict[str, str], why: str) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        assert officer.post("/api/v1/worklist/next", headers=headers).status_code == 403, why
        assert officer.post("/api/v1/worklist/next").status_code == 200


def test_signing_in_for_somebody_else_from_another_site_is_refused(made_up: Settings) -> None:
    with TestClient(create_app(made_up), base_url=ORIGIN) as client:
        for headers in ({}, {"origin": "https://elsewhere.test"}):
            answer = client.post("/inloggen", data={"user": "officer.heerlen"}, headers=headers)
            assert answer.status_code == 403


def test_the_cookie_is_for_this_host_only(made_up: Settings) -> None:
    with TestClient(create_app(made_up), base_url=ORIGIN) as client:
        answer = client.post("/api/v1/session", json={"user": "officer.heerlen"}, headers={"origin": ORIGIN})
        cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-weegschaal=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_there_are_no_demo_users_outside_a_demonstration(tmp_path: Path) -> None:
    with TestClient(create_app(settings(tmp_path, demo=False)), base_url=ORIGIN) as client:
        answer = client.post("/api/v1/session", json={"user": "officer.heerlen"}, headers={"origin": ORIGIN})
        assert answer.status_code == 403
        assert "officer.heerlen" not in client.get("/inloggen").text


def test_signing_out_ends_the_session(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        token = officer.cookies["__Host-weegschaal"]
        officer.post("/uitloggen", data={"csrf": officer.headers["x-csrf-token"]})
        again = Browser(officer.app, base_url=ORIGIN, cookies={"__Host-weegschaal": token})
        assert again.get("/api/v1/worklist").status_code == 401


def test_pages_allow_only_what_is_ours_and_are_kept_by_nobody(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as (officer,):
        for path in ("/werklijst", f"/zaken/{number}", "/volgorde", "/nergens", f"/api/v1/cases/{number}"):
            answer = officer.get(path)
            assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert "<style" not in answer.text
            assert " style=" not in answer.text
            assert "<script>" not in answer.text


def test_the_token_on_a_page_is_never_the_same_twice(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        tokens = {officer.get("/api/v1/session").json()["csrf"] for _ in range(5)}
    assert len(tokens) == 5
