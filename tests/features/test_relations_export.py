"""The export is what was known and true before the date, holds nothing that identifies, and reads as FollowTheMoney."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from features.matrix import case_members, cases_on
from features.relations.edges import edges
from features.relations.ego import VERBS, egos
from features.relations.ftm import NEVER, SCHEMATA, TIES, entities
from tests.features.builders import SmallLake, client, day, stamp

REQUIRED = {
    "Family": {"person", "relative"},
    "Employment": {"employee", "employer"},
    "Directorship": {"director", "organization"},
    "Ownership": {"owner", "asset"},
    "UnknownLink": {"subject", "object"},
}
"""followthemoney/schema/*.yaml, edge: source and target"""


def lake_of(tmp_path: Path) -> SmallLake:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for person in (10, 12):
        lake.add(
            "stays",
            person_id=person,
            address_id=1,
            start="2020-01-01",
            certainty="resident",
        )
    lake.add(
        "kinships",
        person_id=10,
        relation="partner",
        other_id=14,
        start="2001-01-01",
        end="2009-01-01",
    )
    lake.add(
        "functionaries",
        person_id=10,
        company="12345678",
        role="director",
        start="2020-01-01",
    )
    lake.add(
        "incomes",
        person_id=10,
        employer="E1",
        start="2025-08-01",
        end="2025-08-31",
        kind="15",
        gross_cents=5,
    )
    lake.add("properties", person_id=10, parcel_id=5, acquired="2021-03-04")
    lake.add("vehicles", person_id=10, vehicle_id=7, start="2025-03-01")
    lake.add(
        "payments",
        case_id=1,
        person_id=10,
        month="2025-09-01",
        period="202509",
        account_id=3,
    )
    lake.add(
        "stays",
        person_id=13,
        address_id=1,
        start="2024-01-01",
        certainty="resident",
        known_at=stamp("2025-06-01"),
    )
    return lake


def graph_on(lake: SmallLake, date: str, tmp_path: Path) -> dict[str, Any]:
    parts, as_of = lake.parts(), day(date)
    members = case_members(parts, cases_on(parts, [as_of], tmp_path), tmp_path)
    return dict(egos(edges(parts, as_of, tmp_path), members, [1]))[1]


def test_entities_are_people_places_and_ties_between_them(tmp_path: Path) -> None:
    made = list(entities(graph_on(lake_of(tmp_path), "2025-10-01", tmp_path), "c"))
    schemata = {one["id"]: one["schema"] for one in made}
    assert set(schemata.values()) == {*SCHEMATA.values(), *REQUIRED}
    for one in made:
        assert set(one) == {"id", "schema", "properties"}
        assert all(isinstance(value, str) for values in one["properties"].values() for value in values)
        if one["schema"] in REQUIRED:
            ends = [one["properties"][name] for name in REQUIRED[one["schema"]]]
            assert all(len(end) == 1 and end[0] in schemata for end in ends)
            assert one["properties"]["publisher"]
    [family] = [one for one in made if one["schema"] == "Family"]
    assert family["properties"]["endDate"] == ["2009-01-01"]
    assert family["properties"]["relationship"] == ["was a partner of"]


def test_no_number_that_identifies_and_no_protected_attribute_is_in_it(
    tmp_path: Path,
) -> None:
    graph = graph_on(lake_of(tmp_path), "2025-10-01", tmp_path)
    told = {
        "n0": {
            "name": "Jan",
            "birthDate": "1970-01-01",
            "nationality": "nl",
            "idNumber": "999990019",
        }
    }
    made = list(entities(graph, "c", told))
    assert made[0]["properties"]["name"] == ["Jan"]
    assert not {name for one in made for name in one["properties"]} & NEVER
    assert "999990019" not in json.dumps(made)
    assert not [one for one in entities(graph, "c") if "name" in one["properties"]]


def test_every_verb_has_a_schema_and_only_own_verbs_have_one() -> None:
    assert set(TIES) < set(VERBS)
    assert {TIES.get(verb, ("UnknownLink",))[0] for verb in VERBS} == set(REQUIRED)


@pytest.mark.parametrize(
    ("date", "housemates", "vehicle"),
    [("2024-06-01", 1, False), ("2025-04-01", 1, True), ("2025-10-01", 2, True)],
)
def test_a_time_slice_holds_what_was_known_and_true_then(
    tmp_path: Path, date: str, housemates: int, vehicle: bool
) -> None:
    graph = graph_on(lake_of(tmp_path), date, tmp_path)
    assert [one["nl"] for one in graph["nodes"]].count("Medebewoner") == housemates
    assert ("vehicle" in [one["kind"] for one in graph["nodes"]]) is vehicle
    assert all((one["known_at"] or "") < date for one in graph["edges"])
    assert all((one["from_date"] or "") < date for one in graph["edges"])


def test_an_earlier_slice_stays_the_same_whatever_is_delivered_later(
    tmp_path: Path,
) -> None:
    lake = lake_of(tmp_path)
    before = graph_on(lake, "2025-04-01", tmp_path)
    lake.add(
        "vehicles",
        person_id=10,
        vehicle_id=8,
        start="2020-01-01",
        known_at=stamp("2025-04-01"),
    )
    lake.add(
        "stays",
        person_id=77,
        address_id=1,
        start="2020-01-01",
        certainty="resident",
        known_at=stamp("2026-01-01"),
    )
    assert graph_on(lake, "2025-04-01", tmp_path) == before
    assert graph_on(lake, "2026-02-01", tmp_path) != before
