"""Places have a list of their own: facts without persons, hubs left out, and nothing of it reaches a score (R24)."""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.matrix import build, cases_on
from features.relations.edges import HUB_ABOVE, edges
from features.relations.places import FEWEST, lower_bound, places
from features.relations.projection import pairs
from features.stages import Stages
from tests.features.builders import SmallLake, ages_table, client
from tests.features.randomlake import AS_OF

ROOT = Path(__file__).resolve().parents[2]
MONTHS = ("2025-05-01", "2025-06-01", "2025-07-01", "2025-08-01")


def works(lake: SmallLake, person: int, employer: str, declared: int | None) -> None:
    """Wages in four months; `declared` cents each month on the benefit, None without a benefit."""
    for month in MONTHS:
        lake.add("incomes", person_id=person, employer=employer, start=month, kind="15", gross_cents=90000)
        if declared is not None:
            case = {"case_id": person, "person_id": person}
            lake.add("payments", **case, month=month, declared_income_cents=declared, account_id=person)


def street(tmp_path: Path) -> SmallLake:
    """RING: four on benefit, nothing declared. FAIR: four who declare. LARGE: forty workers, four of them silent.
    TWO: two who declared nothing."""
    lake = SmallLake(tmp_path / "lake")
    for number, (employer, declared) in enumerate([("RING", 0), ("FAIR", 90000), ("LARGE", 0)], 1):
        for person in range(100 * number, 100 * number + 4):
            works(client(lake, person, person), person, employer, declared)
    for person in range(400, 436):
        works(lake, person, "LARGE", None)
    for person in (500, 501):
        works(client(lake, person, person), person, "TWO", 0)
    return lake


def listed(lake: SmallLake, tmp_path: Path, kind: str = "employer") -> list[str]:
    return [one.number for one in places(lake.parts(), AS_OF, tmp_path, kind, 10).places]


def test_an_employer_is_listed_for_wages_beside_a_benefit_with_nothing_declared(tmp_path: Path) -> None:
    found = places(street(tmp_path).parts(), AS_OF, tmp_path, "employer", 10).places
    assert [one.number for one in found] == ["RING"]
    assert found[0].measure == pytest.approx(lower_bound(4, 4), abs=1e-6)
    assert {fact.name: fact.value for fact in found[0].facts} == {"undeclared": 4, "beside": 4, "age": 5}
    assert "4 bekende werknemers" in found[0].facts[0].nl


def test_what_is_declared_a_month_later_is_declared(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path / "lake")
    for person in range(4):
        client(lake, person, person)
        for month, declared in zip(MONTHS, (0, 90000, 0, 90000), strict=True):
            lake.add("incomes", person_id=person, employer="LATE", start=month, kind="15", gross_cents=90000)
            lake.add("payments", case_id=person, person_id=person, month=month, declared_income_cents=declared)
    assert listed(lake, tmp_path) == []


def test_r24_no_place_is_listed_for_fewer_than_three_people_and_no_person_comes_out(tmp_path: Path) -> None:
    ranking = places(street(tmp_path).parts(), AS_OF, tmp_path, "employer", 10)
    assert all(one.facts[0].value >= FEWEST for one in ranking.places)
    text = json.dumps(dataclasses.asdict(ranking))
    assert "person" not in text
    assert set(dataclasses.asdict(ranking.places[0])) == {"kind", "municipality", "number", "measure", "facts", "could"}


def test_an_address_of_many_benefits_is_listed_and_shelters_are_left_out_with_their_reason(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path / "lake")
    for address, people in ((1, range(10, 14)), (2, range(20, 32)), (3, range(40, 44)), (4, range(50, 54))):
        for person in people:
            client(lake, person, person)
            came = "2023-02-01" if address == 4 else "2025-02-01"
            lake.add("stays", person_id=person, address_id=address, start=came, certainty="resident")
    for person in range(60, 140):
        lake.add("stays", person_id=person, address_id=person, start="2020-01-01", certainty="resident")
    lake.add("companies", company="12345678", address_id=3, activities=["8790"], start="2020-01-01")
    ranking = places(lake.parts(), AS_OF, tmp_path, "address", 10)
    assert [one.number for one in ranking.places] == ["1"]
    assert ranking.left_out == {"address": 1, "housing": 1}


def test_there_is_no_list_of_people(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="employer and address"):
        places({}, AS_OF, tmp_path, "person", 10)


def matrix_of(lake: SmallLake, folder: Path) -> dict[int, dict[str, Any]]:
    parts = lake.parts()
    folder.mkdir()
    built = build(parts, cases_on(parts, [AS_OF], folder), ages_table({}, AS_OF.isoformat()), folder)
    return {row["case_id"]: row for row in pq.read_table(built.path).to_pylist()}


def test_r24_what_a_review_of_a_neighbour_found_changes_nothing_of_anyone_else(tmp_path: Path) -> None:
    made = {}
    for cause in ("none", "intent"):
        lake = street(tmp_path / cause)
        for person in range(100, 104):
            lake.add("stays", person_id=person, address_id=9, start="2025-02-01", certainty="resident")
        # the neighbours 101 to 103 share employer and home with 100
        for case in range(101, 104):
            outcome = {"cause": cause, "effect": "none" if cause == "none" else "down", "amount_cents": 50000}
            lake.add(
                "outcomes", case_id=case, selected="2025-01-01", closed="2025-02-01", approved="2025-02-10", **outcome
            )
        rows = matrix_of(lake, tmp_path / f"matrix-{cause}")
        graph = edges(lake.parts(), AS_OF, tmp_path / cause).read_bytes()
        made[cause] = (rows, graph, listed(lake, tmp_path / cause), listed(lake, tmp_path / cause, "address"))
    before, after = made["none"], made["intent"]
    assert before[0][101] != after[0][101], "a case's own past counts, so the change is seen"
    others = set(before[0]) - {101, 102, 103}
    assert {case: before[0][case] for case in others} == {case: after[0][case] for case in others}
    assert before[1:] == after[1:]


def test_r24_nothing_that_scores_or_selects_reads_the_list_of_places() -> None:
    allowed = {ROOT / "pipelines" / "relating.py"}
    for room in ("features", "models", "enforcement", "pipelines", "api"):
        for path in (ROOT / room).rglob("*.py"):
            if path in allowed or path.name == "places.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
                module = getattr(node, "module", None) or ""
                assert "features.relations.places" not in [module, *names], f"{path} reads the list of places"
                assert not (module == "features.relations" and "places" in names), f"{path} reads the list of places"


def test_pairs_are_never_more_than_the_hub_cap_allows(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 1)
    sizes = dict(enumerate((1, 2, 5, 9, 10, 300), 1))
    person = 0
    for address, many in sizes.items():
        for _ in range(many):
            person += 1
            lake.add("stays", person_id=person, address_id=address, start="2020-01-01", certainty="resident")
    lake.add("stays", person_id=1, address_id=2, start="2020-01-01", certainty="resident", function="B")
    graph = pq.read_table(edges(lake.parts(), AS_OF, tmp_path))
    with Stages(tmp_path / "stages", {}) as stages:
        found: pa.Table = stages.arrow(pairs(stages.given("edges", graph)))
    cap = HUB_ABOVE["address"]
    expected = sum(many * (many - 1) // 2 for many in sizes.values() if many <= cap)
    assert len(found) == expected
    assert len(found) <= len(graph) * (cap - 1) / 2
    assert all(row["one"] < row["other"] for row in found.to_pylist())
