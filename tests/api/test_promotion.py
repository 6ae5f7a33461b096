"""Promotion, adoption and the switch over HTTP: who may, who may not, and what the next request shows."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from enforcement import audits
from enforcement.access import Role, Viewer
from enforcement.database import engine_of, reading, writing
from enforcement.settings import Settings
from enforcement.tables import Run, Switch
from models.contenders import contenders
from models.registry import Registry
from models.training import train
from tests.api.builders import HEERLEN, MAASTRICHT, a_case, visitors
from tests.models.builders import UNTIL, examples, features

PAPERS = {
    "version": "1",
    "audit": "audit-7",
    "audited_on": dt.datetime.now(dt.UTC).date().isoformat(),
    "dpia": "dpia-3",
    "fria": "fria-2",
    "iama": "iama-1",
}
WHO = ("scientist.heerlen", "compliance.heerlen", "manager.heerlen", "manager.maastricht", "officer.heerlen")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one version."""
    folder = tmp_path_factory.mktemp("mlruns")
    small = [one for one in contenders(features(), examples(10).names, 1) if one.name == "scorecard"]
    Registry(folder).record(train(examples(1_500), features(), 1, UNTIL, small, refits=2))
    return folder


@pytest.fixture
def served(made_up: Settings, trained: Path) -> Settings:
    shutil.copytree(trained, made_up.mlruns)
    with writing(engine_of(made_up.database)) as session:
        run = session.scalars(select(Run)).first()
        assert run is not None
        run.model_sha256 = Registry(made_up.mlruns).described("1")["sha256"]
        for town in (HEERLEN, MAASTRICHT):
            viewer = Viewer("fairness-audit", town, Role.COMPLIANCE_REVIEWER)
            audits.keep(session, viewer, run.id, "1", "pass", {"dpia": "dpia-3"}, dt.datetime.now(dt.UTC))
    return made_up


def test_r12_the_whole_way_from_a_request_to_a_champion(served: Settings) -> None:
    registry = Registry(served.mlruns)
    with visitors(served, *WHO) as (scientist, compliance, manager, elsewhere, officer):
        assert scientist.post("/api/v1/promotions", json=PAPERS | {"version": "9"}).status_code == 404
        assert officer.post("/api/v1/promotions", json=PAPERS).status_code == 403
        asked = scientist.post("/api/v1/promotions", json=PAPERS)
        assert asked.status_code == 200, asked.text
        assert asked.json()["model_sha256"] == registry.described("1")["sha256"]
        assert registry.described("1")["aliases"] == ["challenger"]
        place = f"/api/v1/promotions/{asked.json()['id']}"
        assert scientist.post(f"{place}/approval").status_code == 403
        assert compliance.post(f"{place}/approval").json()["state"] == "requested"
        assert compliance.post(f"{place}/approval").status_code == 403, "the same person twice"
        assert manager.post("/api/v1/adoptions", json={"version": "1"}).status_code == 400
        with pytest.raises(LookupError):
            registry.load()
        done = elsewhere.post(f"{place}/approval").json()
        assert (done["state"], len(done["approvals"])) == ("promoted", 2)
        assert (registry.load().version, registry.load().demo) == ("1", False)
        assert registry.described()["promotion"] == done["id"]
        assert [one["id"] for one in manager.get("/api/v1/promotions").json()] == [done["id"]]
        assert officer.get(place).status_code == 403

        assert manager.post("/api/v1/adoptions", json={"version": "1"}).json()["adopted"] is False
        assert manager.post("/api/v1/adoptions", json={"version": "1"}).status_code == 403
        assert elsewhere.get("/api/v1/adoptions/1").json() == {"version": "1", "people": [], "adopted": False}
        assert compliance.post("/api/v1/adoptions", json={"version": "1"}).json()["adopted"] is True


def test_a_request_without_its_papers_is_refused(served: Settings) -> None:
    old = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=91)).isoformat()
    with visitors(served, "scientist.heerlen") as (scientist,):
        for name in ("audit", "dpia", "fria", "iama"):
            assert scientist.post("/api/v1/promotions", json=PAPERS | {name: ""}).status_code == 422
        answer = scientist.post("/api/v1/promotions", json=PAPERS | {"audited_on": old})
        assert answer.status_code == 400
        assert "90 days" in answer.json()["detail"]


def test_r11_two_people_accept_an_insufficient_audit_with_a_reason_and_a_last_day(served: Settings) -> None:
    now = dt.datetime.now(dt.UTC)
    with writing(engine_of(served.database)) as session:
        viewer = Viewer("fairness-audit", HEERLEN, Role.COMPLIANCE_REVIEWER)
        run = session.scalars(select(Run.id)).first() or ""
        few = audits.keep(session, viewer, run, "1", "insufficient", {"dpia": "dpia-3"}, now)
    why = "Twelve random reviews a quarter is all a municipality of this size can do."
    until = (now.date() + dt.timedelta(days=30)).isoformat()
    place, page = f"/api/v1/audits/{few}/acceptance", f"/toetsing/onderzoek/{few}/aanvaarden"
    with visitors(served, *WHO) as (scientist, compliance, manager, elsewhere, officer):
        assert officer.get("/api/v1/audit").status_code == 403
        assert "0 of two people" in compliance.get("/api/v1/audit").json()["refusal"]
        assert scientist.post(place, json={"why": why}).status_code == 403
        assert elsewhere.post(place, json={"why": why}).status_code == 404
        assert compliance.post(place, json={"why": "too small", "until": until}).status_code == 400
        late = (now.date() + dt.timedelta(days=91)).isoformat()
        assert compliance.post(place, json={"why": why, "until": late}).status_code == 400
        assert compliance.post(place, json={"why": why, "until": until}).json()["refusal"]
        assert compliance.post(place, json={"why": why}).status_code == 409, "the same person twice"
        assert page not in compliance.get("/toetsing").text
        shown = manager.get("/toetsing").text
        assert why in shown
        csrf = re.search(r'name="csrf" value="([^"]+)"', shown)
        assert csrf is not None
        form = {"csrf": csrf.group(1), "why": why, "until": until}
        assert manager.post(page, data=form | {"until": ""}).status_code == 400
        assert manager.post(page, data=form, follow_redirects=False).status_code == 303
        found = manager.get("/api/v1/audit").json()
        assert (found["status"], found["refusal"]) == ("insufficient", "")
        assert [one["user"] for one in found["acceptances"]] == ["compliance.heerlen", "manager.heerlen"]
        assert page not in elsewhere.get("/toetsing").text


def test_a_reviewer_says_no(served: Settings) -> None:
    with visitors(served, "scientist.heerlen", "compliance.heerlen") as (scientist, compliance):
        place = f"/api/v1/promotions/{scientist.post('/api/v1/promotions', json=PAPERS).json()['id']}"
        assert scientist.post(f"{place}/rejection", json={"why": "no"}).status_code == 403
        assert compliance.post(f"{place}/rejection", json={"why": "not convincing"}).json()["state"] == "rejected"
        assert compliance.post(f"{place}/approval").status_code == 409


def test_r13_switched_during_work_the_next_request_shows_no_place(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    who = ("officer.heerlen", "manager.heerlen", "compliance.heerlen", "officer.maastricht")
    with visitors(made_up, *who) as (officer, manager, compliance, elsewhere):
        officer.post(f"/api/v1/cases/{number}/claim")
        assert officer.get(f"/api/v1/cases/{number}").json()["explanation"]["would_change_it"] == []
        assert officer.get("/api/v1/switch").json()["off"] is False
        assert officer.post("/api/v1/switch", json={"off": True, "reason": "no"}).status_code == 403
        assert manager.post("/api/v1/switch", json={"off": True, "reason": ""}).status_code == 400
        effect = manager.post("/api/v1/switch", json={"off": True, "reason": "places look wrong"})
        assert effect.status_code == 200, effect.text
        assert effect.json()["withdrawn"] > 0

        case = officer.get(f"/api/v1/cases/{number}").json()
        assert (case["explanation"], case["state"]) == (None, "claimed")
        items = officer.get("/api/v1/worklist?limit=200").json()["items"]
        assert items
        assert not any(item["place"] or item["strongest"] for item in items)
        page = officer.get(f"/zaken/{number}", headers={"accept-language": "nl"}).text
        assert "is in uw gemeente uitgezet" in page
        assert any(item["place"] for item in elsewhere.get("/api/v1/worklist?limit=200").json()["items"])

        assert manager.post("/api/v1/switch", json={"off": False, "reason": "solved"}).status_code == 403
        assert compliance.post("/api/v1/switch", json={"off": False, "reason": "solved"}).status_code == 200
        assert officer.get(f"/api/v1/cases/{number}").json()["explanation"]["place"] >= 1
    with reading(engine_of(made_up.database)) as session:
        assert session.get(Switch, HEERLEN).off is False
        assert session.get(Switch, MAASTRICHT) is None


def test_r27_the_page_of_a_model_names_every_edition_of_its_documents(served: Settings) -> None:
    registry = Registry(served.mlruns)
    registry.keep("1", {"data-sheet.json": b"then"}, now=dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC))
    registry.keep("1", {"data-sheet.json": b"now"}, now=dt.datetime(2026, 6, 2, 9, tzinfo=dt.UTC))
    with visitors(served, "scientist.heerlen") as (scientist,):
        page = " ".join(scientist.get("/modellen/1").text.split())
    assert re.search(r"2 jun 2026.*Uitgave 2, 1 nieuw.*1 mrt 2026.*Uitgave 1, 1 nieuw", page)
