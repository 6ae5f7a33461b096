"""What no route, schema or page may say or ask (R1, R3, R6), and what must stand beside every place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from api.app import create_app
from api.tables_of_rights import RIGHTS
from enforcement.database import engine_of, writing
from enforcement.settings import Settings
from enforcement.tables import Score
from tests.api.builders import a_case, reason, settings, visitors

BANNED = re.compile(r"fraud|suspect|\bhits?\b|\balerts?\b|verdacht|verdenk|\bdader|fraudeur", re.IGNORECASE)
DECIDING = re.compile(r"decision|decide|besluit|stop_benefit|suspend|terminate|sanction|score|probab|percent", re.I)
API = Path(__file__).resolve().parents[2] / "api"


def schemas(tmp_path: Path) -> dict[str, Any]:
    return create_app(settings(tmp_path)).openapi()


def test_r01_no_route_and_no_field_decides_anything(tmp_path: Path) -> None:
    described = schemas(tmp_path)
    for path in described["paths"]:
        assert not DECIDING.search(path), path
    for name, schema in described["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert not DECIDING.search(field), f"{name}.{field}"


def test_r01_every_change_is_in_the_table_of_rights_and_none_decides(tmp_path: Path) -> None:
    changing = {
        (method.upper(), path)
        for path, methods in schemas(tmp_path)["paths"].items()
        for method in methods
        if method not in ("get", "head")
    }
    assert changing == {call for call in RIGHTS if call[0] != "GET" and call[1].startswith("/api/")}
    for rule in RIGHTS.values():
        assert rule.permission is None or not DECIDING.search(rule.permission)


def test_r03_whatever_holds_a_place_holds_its_reasons_limits_and_origin(tmp_path: Path) -> None:
    found = schemas(tmp_path)["components"]["schemas"]
    holding = {name for name, schema in found.items() if "place" in schema.get("properties", {})}
    assert holding == {"Explanation", "Item"}
    assert {"reasons", "limits", "basis", "place_low", "place_high"} <= set(found["Explanation"]["required"])
    assert {"as_of", "data_until", "model", "model_version", "caveat"} <= set(found["Basis"]["properties"])
    assert {"items", "basis"} <= set(found["Worklist"]["required"])
    assert {"strongest", "old_sources", "place_low"} <= set(found["Item"]["required"])


def test_r03_no_template_and_no_text_names_a_percentage_or_an_accusation() -> None:
    visible = {path.name: path.read_text("utf-8") for path in (API / "locales").glob("*.toml")}
    for path in (API / "templates").glob("*.html"):
        visible[path.name] = re.sub(r"\{%.*?%\}|<[^>]*>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        visible[path.name + " names"] = " ".join(re.findall(r'(?:aria-label|title|alt)="([^"]*)"', path.read_text()))
    assert len(visible) > 12
    for name, text in visible.items():
        assert not BANNED.search(text), (name, BANNED.search(text))
        assert "%" not in text, name


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("blind", [False, True])
def test_r03_a_rendered_case_says_no_more_than_it_may(made_up: Settings, language: str, blind: bool) -> None:
    number = a_case(made_up, blind=blind)
    with visitors(made_up, "officer.heerlen") as (officer,):
        html = officer.get(f"/zaken/{number}?lang={language}").text
    text = re.sub(r"<[^>]*>", " ", html)
    assert f'<html lang="{language}"' in html
    assert not BANNED.search(text)
    assert "%" not in text
    assert ("<rect" in html.split("</header>")[1]) == (not blind)


def test_every_route_has_an_example_or_a_described_answer(tmp_path: Path) -> None:
    described = schemas(tmp_path)
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert route["description"], (method, path)
            assert {"200", "201", "204"} & set(route["responses"]), (method, path)
    assert "examples" in json.dumps(described["components"]["schemas"]["FindingsIn"])


def test_r06_a_blind_case_tells_nothing_but_the_facts(made_up: Settings) -> None:
    number = a_case(made_up, blind=True)
    with visitors(made_up, "officer.heerlen") as (officer,):
        case = officer.get(f"/api/v1/cases/{number}").json()
        assert case["explanation"] is None
        assert case["arms"] is None
        assert officer.get(f"/api/v1/cases/{number}/relations").status_code == 404
        row = next(i for i in officer.get("/api/v1/worklist?limit=200").json()["items"] if i["number"] == number)
        assert [row[name] for name in ("place", "place_low", "place_high", "strongest")] == [None] * 4
        before = _without_tokens(officer.get(f"/zaken/{number}").text)
        with writing(engine_of(made_up.database)) as session:
            session.execute(update(Score).values(place=77, place_low=70, place_high=99, reasons=[reason(2, 0.9)]))
        assert _without_tokens(officer.get(f"/zaken/{number}").text) == before


def test_r06_after_the_first_findings_everything_is_shown(made_up: Settings) -> None:
    number = a_case(made_up, blind=True)
    with visitors(made_up, "officer.heerlen") as (officer,):
        version = officer.post(f"/api/v1/cases/{number}/claim").json()["version"]
        given = {
            "cause": "nothing_irregular",
            "effect": "none",
            "reasoning": "De huurovereenkomst en de bankafschriften sluiten aan bij de opgave van de klant.",
        }
        as_read = {"if-match": f'"{version}"'}
        assert officer.post(f"/api/v1/cases/{number}/findings", json=given, headers=as_read).status_code == 200
        case = officer.get(f"/api/v1/cases/{number}").json()
        assert case["explanation"]["reasons"]
        assert case["arms"]


def _without_tokens(html: str) -> str:
    return re.sub(r'name="csrf" value="[^"]*"', "", html)
