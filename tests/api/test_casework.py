"""Working on a case over the web: one person claims it, writes findings, and a second person approves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from enforcement.settings import Settings
from tests.api.builders import ORIGIN, REASONING, Browser, a_case, only_in_maastricht, visitors


def claimed(browser: Browser, number: str) -> int:
    answer = browser.post(f"/api/v1/cases/{number}/claim")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])


def at(version: int) -> dict[str, str]:
    return {"if-match": f'"{version}"'}


def findings(**chosen: Any) -> dict[str, Any]:
    plain = {"cause": "client_late_or_mistaken", "effect": "down", "amount_cents": 12_345, "reasoning": REASONING}
    return plain | chosen


def reviewed(browser: Browser, number: str) -> int:
    version = claimed(browser, number)
    answer = browser.post(f"/api/v1/cases/{number}/findings", json=findings(), headers=at(version))
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])


def test_r02_findings_count_only_after_a_second_person(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen", "second.heerlen") as (officer, second):
        version = reviewed(officer, number)
        own = officer.post(f"/api/v1/cases/{number}/approval", json={}, headers=at(version))
        assert (own.status_code, own.headers["content-type"]) == (403, "application/problem+json")
        approved = second.post(f"/api/v1/cases/{number}/approval", json={}, headers=at(version))
        assert approved.json()["state"] == "closed"
        found = officer.get(f"/api/v1/cases/{number}").json()["findings"]
        assert [(one["state"], one["approver"]) for one in found] == [("approved", "Tweede medewerker Heerlen")]


def test_a_returned_finding_says_what_is_missing(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen", "second.heerlen") as (officer, second):
        version = reviewed(officer, number)
        silent = second.post(f"/api/v1/cases/{number}/return", json={"remark": ""}, headers=at(version))
        assert (silent.status_code, silent.json()["field"]) == (422, "remark")
        spoken = {"remark": "Welke loonstroken zag u precies?"}
        answer = second.post(f"/api/v1/cases/{number}/return", json=spoken, headers=at(version))
        assert answer.json()["state"] == "claimed"


def test_two_people_who_take_the_next_case_at_once_get_different_ones(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen", "second.heerlen") as both, ThreadPoolExecutor(2) as pool:
        taken = [
            answer.json()["number"]
            for _ in range(3)
            for answer in pool.map(lambda browser: browser.post("/api/v1/worklist/next"), both)
        ]
        lists = [{i["number"] for i in b.get("/api/v1/worklist?mine=true").json()["items"]} for b in both]
    assert lists[0] & lists[1] == set()
    assert set(taken) == lists[0] | lists[1]


def test_an_old_version_changes_nothing(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as (officer,):
        version = claimed(officer, number)
        late = officer.post(f"/api/v1/cases/{number}/findings", json=findings(), headers=at(version - 1))
        assert late.status_code == 412
        unread = officer.post(f"/api/v1/cases/{number}/findings", json=findings())
        assert (unread.status_code, "If-Match" in unread.json()["detail"]) == (428, True)
        assert officer.get(f"/api/v1/cases/{number}").headers["etag"] == f'"{version}"'


def test_findings_about_the_place_alone_are_refused(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as (officer,):
        given = findings(reasoning="Staat hoog op de lijst, plaats 12, volgens het model 12.")
        version = claimed(officer, number)
        answer = officer.post(f"/api/v1/cases/{number}/findings", json=given, headers=at(version))
        assert (answer.status_code, answer.json()["field"]) == (422, "reasoning")


@pytest.mark.parametrize(
    "path", ["/api/v1/cases/{}", "/api/v1/cases/{}/history", "/api/v1/cases/{}/relations", "/zaken/{}"]
)
def test_r17_a_case_of_another_municipality_does_not_exist(made_up: Settings, path: str) -> None:
    address = path.format(only_in_maastricht(made_up))
    with visitors(made_up, "officer.maastricht", "officer.heerlen", "compliance.heerlen") as (there, *here):
        assert there.get(address).status_code == 200
        assert [browser.get(address).status_code for browser in here] == [404, 404]
        unknown = here[0].get(path.format("2026-999999"))
        assert unknown.status_code == 404


@pytest.mark.parametrize("step", ["claim", "release", "findings", "approval", "return"])
def test_r17_nobody_works_on_another_municipality(made_up: Settings, step: str) -> None:
    number = only_in_maastricht(made_up)
    body = findings() if step == "findings" else {"remark": "te weinig onderbouwd"}
    with visitors(made_up, "officer.heerlen", "officer.maastricht") as (here, there):
        answer = here.post(f"/api/v1/cases/{number}/{step}", json=body, headers=at(1))
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert there.get(f"/api/v1/cases/{number}").json()["version"] == 1


def test_who_does_no_casework_sees_no_case(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "manager.heerlen", "scientist.heerlen") as browsers:
        for browser in browsers:
            for path in ("/api/v1/worklist", f"/api/v1/cases/{number}", f"/zaken/{number}", "/werklijst"):
                assert browser.get(path).status_code == 403


def test_the_second_step_of_relations_needs_a_purpose(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as (officer,):
        near = officer.get(f"/api/v1/cases/{number}/relations").json()
        assert {node["depth"] for node in near["nodes"]} == {0, 1}
        assert officer.get(f"/api/v1/cases/{number}/relations?depth=2").status_code == 403
        assert officer.get(f"/api/v1/cases/{number}/relations?depth=3&purpose=review").status_code == 422
        far = officer.get(f"/api/v1/cases/{number}/relations?depth=2&purpose=objection").json()
        assert max(node["depth"] for node in far["nodes"]) == 2
        logged = officer.get(f"/api/v1/cases/{number}/history").json()
        assert ("relations_read", "objection") in {(one["action"], one["purpose"]) for one in logged}


def test_a_page_does_the_same_without_script(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as (officer,):
        token = officer.headers.pop("x-csrf-token")
        officer.headers["origin"] = ORIGIN
        taken = officer.post(f"/zaken/{number}/oppakken", data={"csrf": token})
        assert taken.status_code == 200
        assert "Bevinding vastleggen" in taken.text
        wrong = {"csrf": token, "version": "2", "cause": "nothing_irregular", "amount": "veel", "reasoning": REASONING}
        refused = officer.post(f"/zaken/{number}/bevindingen", data=wrong)
        assert refused.status_code == 422
        assert REASONING in refused.text
        saved = officer.post(f"/zaken/{number}/bevindingen", data=wrong | {"amount": ""})
        assert saved.status_code == 200
        assert "Een ander beoordeelt haar" in saved.text
