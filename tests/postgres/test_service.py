"""The service on PostgreSQL in its own role: it works, and shows nobody another municipality's cases (R17)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from enforcement import audit
from enforcement.database import acting_for, engine_of, reading
from enforcement.dossier import _stored_around, _whole
from enforcement.settings import Settings
from enforcement.worklist import _first_page, _newest
from tests.api.builders import HEERLEN, MAASTRICHT, REASONING, a_case, fill, only_in_maastricht, visitors
from tests.postgres.server import Database


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Settings:
    """Filled in the role of the pipeline."""
    return fill(tmp_path, database=database.pipeline)


@pytest.fixture
def chosen(database: Database, filled: Settings) -> Settings:
    return dataclasses.replace(filled, database=database.service)


def at(read: dict[str, Any]) -> dict[str, str]:
    return {"if-match": f'"{read["version"]}"'}


def test_a_case_goes_from_the_list_to_a_second_person(filled: Settings, chosen: Settings) -> None:
    with visitors(chosen, "officer.heerlen", "second.heerlen") as (officer, second):
        number = a_case(filled, blind=False)
        assert officer.get("/werklijst").status_code == 200
        assert officer.get(f"/zaken/{number}").status_code == 200
        taken = officer.post(f"/api/v1/cases/{number}/claim").json()
        given = {"cause": "nothing_irregular", "effect": "none", "reasoning": REASONING}
        saved = officer.post(f"/api/v1/cases/{number}/findings", json=given, headers=at(taken))
        assert saved.status_code == 200, saved.text
        approved = second.post(f"/api/v1/cases/{number}/approval", json={}, headers=at(saved.json()))
        assert approved.json()["state"] == "closed"
        assert {one["action"] for one in second.get(f"/api/v1/cases/{number}/history").json()} >= {"case_claimed"}
        officer.post("/uitloggen", data={"csrf": officer.headers["x-csrf-token"]})
    for town in (HEERLEN, MAASTRICHT):
        with reading(acting_for(engine_of(chosen.database), town)) as session:
            assert audit.check(audit.chain(session, town)) == []


def test_a_text_that_postgresql_cannot_keep_is_refused_in_words_and_nothing_is_kept(
    filled: Settings, chosen: Settings
) -> None:
    with visitors(chosen, "officer.heerlen", "compliance.heerlen") as (officer, compliance):
        number = a_case(filled, blind=False)
        taken = officer.post(f"/api/v1/cases/{number}/claim").json()
        given = {"cause": "nothing_irregular", "effect": "none", "reasoning": f"{REASONING}\0"}
        for answer in (
            officer.post(f"/api/v1/cases/{number}/findings", json=given, headers=at(taken)),
            compliance.post("/api/v1/switch", json={"off": True, "reason": "De ordening\0 klopt niet."}),
        ):
            assert answer.status_code == 422, answer.text
            assert "NUL" in answer.json()["detail"]
        assert officer.get(f"/api/v1/cases/{number}").json()["version"] == taken["version"]


def test_r17_another_municipalitys_case_does_not_exist(filled: Settings, chosen: Settings) -> None:
    elsewhere = only_in_maastricht(filled)
    with visitors(chosen, "officer.heerlen", "officer.maastricht") as (here, there):
        assert there.get(f"/api/v1/cases/{elsewhere}").status_code == 200
        for answer in (
            here.get(f"/api/v1/cases/{elsewhere}"),
            here.get(f"/api/v1/cases/{elsewhere}/history"),
            here.post(f"/api/v1/cases/{elsewhere}/claim"),
        ):
            assert answer.status_code == 404


def test_r17_a_forgotten_filter_shows_nothing_of_another(
    chosen: Settings, filled: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Were the application's own condition gone, the database would still hold the line."""
    for room in ("access", "worklist", "dossier"):
        monkeypatch.setattr(f"enforcement.{room}.within", lambda table, _: table.municipality.is_not(None))
    for kept in (_first_page, _newest, _whole, _stored_around):
        kept.cache_clear()
        request.addfinalizer(kept.cache_clear)
    elsewhere = only_in_maastricht(filled)
    with visitors(chosen, "officer.heerlen") as (here,):
        assert here.get(f"/api/v1/cases/{elsewhere}").status_code == 404
        numbers = {row["number"] for row in here.get("/api/v1/worklist?limit=200").json()["items"]}
        assert elsewhere not in numbers
        assert len(numbers) == 30
