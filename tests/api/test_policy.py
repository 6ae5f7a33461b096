"""The policy over HTTP: beside the standard, changed by the manager only, with its reason (R18)."""

from __future__ import annotations

import re

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


def test_the_price_of_an_hour_is_kept_with_where_it_comes_from_and_everybody_sees_it(made_up: Settings) -> None:
    with visitors(made_up, "manager.heerlen", "officer.heerlen") as (manager, officer):
        page = manager.get("/beleid").text
        form = dict(re.findall(r'<input class="text-input[^"]*" id="\w+" name="(\w+)" value="([^"]*)"', page))
        form |= {"csrf": manager.headers["x-csrf-token"], "version": "0", "reason": "Begroting", "period": "month"}
        form |= {"theme": "standard"}
        refusals = (
            ({"hour_cents": "85,50"}, "Zeg waar het bedrag van een uur vandaan komt"),
            ({"hour_cents": "veel", "why_hour_cents": "begroting"}, "bijvoorbeeld 85,50"),
            ({"hour_cents": "1000,01", "why_hour_cents": "begroting"}, "ten hoogste 1.000 euro"),
        )
        for given, why in refusals:
            wrong = manager.post("/beleid", data=form | given)
            assert (wrong.status_code, why in wrong.text) == (422, True), wrong.text
            assert f'value="{given["hour_cents"]}"' in wrong.text, "what was typed stays"
        form |= {"hour_cents": "85,50", "why_hour_cents": "begroting 2026, met overhead"}
        assert manager.post("/beleid", data=form).status_code == 200
        seen = officer.get("/api/v1/policy").json()
        assert (seen["version"], seen["settings"]["hour_cents"]) == (1, 8_550)
        assert seen["settings"]["explanation"] == {"hour_cents": "begroting 2026, met overhead"}
        assert seen["deviations"] == [], "each municipality has its own; there is no standard to depart from"
        page = officer.get("/beleid").text
        assert "Herkomst: begroting 2026, met overhead" in page
        form |= {"version": "1", "hour_cents": "", "why_hour_cents": ""}
        assert manager.post("/beleid", data=form).status_code == 200
        assert officer.get("/api/v1/policy").json()["settings"]["hour_cents"] is None
