"""The policy over HTTP: beside the standard, changed by the manager only, with its reason (R18)."""

from __future__ import annotations

from enforcement.settings import Settings
from tests.api.builders import visitors

CHOSEN = {"yearly_capacity": 480, "blind_percent": 50, "explanation": {"blind_percent": "The council asked for it."}}


def test_r18_deviations_stand_beside_the_standard_with_their_reason(made_up: Settings) -> None:
    with visitors(made_up, "manager.heerlen", "officer.heerlen", "officer.maastricht") as (manager, officer, elsewhere):
        assert officer.get("/api/v1/policy").json()["version"] == 0
        given = {"settings": CHOSEN, "reason": "council of 3 November"}
        changed = manager.post("/api/v1/policy", json=given, headers={"if-match": '"0"'})
        assert (changed.status_code, changed.headers["etag"]) == (200, '"1"')
        seen = officer.get("/api/v1/policy").json()
        assert seen["deviations"] == [
            {"setting": "blind_percent", "standard": 20, "here": 50, "why": "The council asked for it."}
        ]
        assert [one["version"] for one in officer.get("/api/v1/policy/versions").json()] == [1]
        assert elsewhere.get("/api/v1/policy").json()["version"] == 0


def test_r18_what_does_not_pass_is_said(made_up: Settings) -> None:
    with visitors(made_up, "manager.heerlen", "officer.heerlen") as (manager, officer):
        for settings, version, status, said in (
            (CHOSEN | {"random_percent": 5, "risk_percent": 70}, 0, 422, "random_percent is at least 10"),
            (CHOSEN | {"explanation": {}}, 0, 422, "blind_percent"),
            (CHOSEN | {"colour": "blue"}, 0, 422, "colour"),
            (CHOSEN, 3, 412, "version 0"),
        ):
            answer = manager.post(
                "/api/v1/policy",
                json={"settings": settings, "reason": "because"},
                headers={"if-match": f'"{version}"'},
            )
            assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
        assert manager.post("/api/v1/policy", json={"settings": CHOSEN, "reason": "x"}).status_code == 428
        given = {"settings": CHOSEN, "reason": "mine"}
        assert officer.post("/api/v1/policy", json=given, headers={"if-match": '"0"'}).status_code == 403
