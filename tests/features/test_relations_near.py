"""Registers of the whole country: every case has the relations it had with everyone in it, and nobody far off is in."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.matrix import case_members, cases_on
from features.relations import edges as declared
from features.relations import staff
from features.relations.ego import egos
from features.relations.near import TIES
from tests.features.builders import SmallLake, client
from tests.features.randomlake import AS_OF

TOWNS = ("0917", "0935")
ALL = "0000"
PEOPLE = 60


def a_country(folder: Path, seed: int) -> SmallLake:
    """Two municipalities with three cases each; the registers mostly for the whole country, some for one of the two."""
    rng = random.Random(seed)
    lake = SmallLake(folder)

    def someone() -> int:
        return 100 + rng.randrange(PEOPLE)

    def day() -> dt.date:
        return AS_OF - dt.timedelta(days=rng.randint(-20, 900))

    def envelope() -> dict[str, Any]:
        known = dt.datetime.combine(AS_OF, dt.time()) - dt.timedelta(days=rng.randint(-3, 500), seconds=rng.random())
        place = rng.choice((ALL, ALL, ALL, *TOWNS))
        return {"municipality": place, "known_at": known, "withdrawn": rng.random() < 0.05}

    for case in range(6):
        client(lake, case, 100 + case, municipality=TOWNS[case % 2])
        lake.add(
            "benefits",
            case_id=case,
            person_id=someone(),
            role="partner",
            start="2022-03-01",
            municipality=TOWNS[case % 2],
        )
    for _ in range(70):
        certain = rng.choice(("resident", "resident", "possible"))
        letters = rng.choice(("W", "W", "B"))
        lake.add(
            "stays",
            **envelope(),
            person_id=someone(),
            address_id=rng.randrange(14) ** 2 // 8,
            start=day(),
            certainty=certain,
            function=letters,
            address_municipality=rng.choice(TOWNS),
        )
    for _ in range(120):
        paid = day()
        lake.add(
            "incomes",
            **envelope(),
            person_id=someone(),
            employer=f"E{min(rng.randrange(6), 3)}",
            kind="15",
            start=paid,
            end=paid,
        )
    for _ in range(20):
        relation = rng.choice(("parent", "partner", "child"))
        lake.add("kinships", **envelope(), person_id=someone(), relation=relation, other_id=someone(), start=day())
        lake.add("vehicles", **envelope(), person_id=someone(), vehicle_id=rng.randrange(9), start=day())
        company = f"C{rng.randrange(6)}"
        lake.add("functionaries", **envelope(), company=company, person_id=someone(), role="owner", start=day())
        lake.add("companies", **envelope(), company=company, address_id=rng.randrange(20), start=day())
        parcel = rng.randrange(8)
        lake.add(
            "properties",
            **envelope(),
            person_id=someone(),
            parcel_id=parcel,
            address_id=rng.randrange(20),
            acquired=day(),
        )
        lake.add("payments", **envelope(), case_id=1, person_id=someone(), account_id=rng.randrange(9), month=day())
    return lake


@pytest.mark.parametrize(("seed", "same"), [(0, {}), (1, {103: 120, 121: 100, 1: 3}), (2, {}), (3, {})])
def test_a_case_has_the_relations_it_had_with_everyone_in_the_country(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, same: dict[int, int]
) -> None:
    lake = a_country(tmp_path / "lake", seed)
    parts = lake.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], tmp_path), tmp_path)
    mine = declared.edges(parts, AS_OF, tmp_path, same)
    near = dict(egos(mine, members, range(6)))
    few = pq.read_table(mine).num_rows
    monkeypatch.setattr(declared, "near", lambda *_: None)
    everyones = declared.edges(parts, AS_OF, tmp_path, same)
    assert near == dict(egos(everyones, members, range(6)))
    assert few <= pq.read_table(everyones).num_rows


def test_wages_in_lots_name_the_same_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, same = a_country(tmp_path / "lake", 3), {103: 120, 121: 100}
    whole = declared.edges(lake.parts(), AS_OF, tmp_path, same).read_bytes()
    monkeypatch.setattr(staff, "ROWS_AT_ONCE", 20)
    assert declared.edges(lake.parts(), AS_OF, tmp_path, same).read_bytes() == whole


def test_who_is_far_from_every_case_of_a_municipality_has_no_edge_there(tmp_path: Path) -> None:
    lake = client(client(SmallLake(tmp_path / "lake"), 1, 10), 2, 20, municipality="0935")
    for person, address in ((10, 1), (11, 1), (20, 2), (30, 3)):
        lake.add(
            "stays", person_id=person, address_id=address, start="2020-01-01", certainty="resident", municipality=ALL
        )
    rows = pq.read_table(declared.edges(lake.parts(), AS_OF, tmp_path)).to_pylist()
    ends = {(one["municipality"], one["from_node"], one["to_node"]) for one in rows}
    assert ends == {
        ("0917", "person:10", "address:1"),
        ("0917", "person:11", "address:1"),
        ("0935", "person:20", "address:2"),
    }


def test_a_large_employer_has_its_count_and_no_tie_to_each_stranger(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    worked = AS_OF - dt.timedelta(days=40)
    for person in (10, *range(20, 32)):
        lake.add("incomes", person_id=person, employer="E1", kind="15", start=worked, end=worked, municipality=ALL)
    lake.add("incomes", person_id=20, employer="E2", kind="15", start=worked, end=worked, municipality=ALL)
    rows = pq.read_table(declared.edges(lake.parts(), AS_OF, tmp_path)).to_pylist()
    assert [(one["from_node"], one["to_node"], one["hub"], one["links"]) for one in rows] == [
        ("person:10", "employer:E1", "employer", 13)
    ]


def test_people_at_a_large_employer_are_counted_once_whoever_delivers_them(tmp_path: Path) -> None:
    lake = client(client(SmallLake(tmp_path / "lake"), 1, 10), 2, 11, municipality="0935")
    worked = AS_OF - dt.timedelta(days=40)
    gone = AS_OF - dt.timedelta(days=500)
    said = [(person, worked, ALL) for person in (10, 11, *range(20, 28))]
    said += [(person, worked, "0917") for person in (20, 10, 40)]
    for person, day, town in [*said, (50, gone, ALL), (51, AS_OF, ALL)]:
        lake.add("incomes", person_id=person, employer="E1", kind="15", start=day, end=day, municipality=town)
    rows = pq.read_table(declared.edges(lake.parts(), AS_OF, tmp_path)).to_pylist()
    assert {(one["municipality"], one["hub"], one["links"]) for one in rows} == {
        ("0917", "employer", 11),
        ("0935", "employer", 10),
    }
    assert {(one["municipality"], one["from_node"]) for one in rows} >= {("0917", "person:10"), ("0935", "person:11")}


def test_wages_that_were_not_known_yet_or_taken_back_make_no_employer_large(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    worked = AS_OF - dt.timedelta(days=40)
    later = dt.datetime.combine(AS_OF, dt.time())
    for person in range(10, 19):
        lake.add("incomes", person_id=person, employer="E1", kind="15", start=worked, end=worked, municipality=ALL)
    for odd in ({"known_at": later}, {"withdrawn": True}, {"kind": "43"}):
        told = {"kind": "15", **odd}
        lake.add("incomes", person_id=30, employer="E1", start=worked, end=worked, municipality=ALL, **told)
    rows = pq.read_table(declared.edges(lake.parts(), AS_OF, tmp_path)).to_pylist()
    assert {(one["hub"], one["links"]) for one in rows} == {(None, 9)}


def test_a_hub_of_strangers_only_is_known_as_one(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    lake.add("stays", person_id=10, address_id=1, start="2020-01-01", certainty="resident", municipality=ALL)
    lake.add("companies", company="C1", address_id=1, start="2020-01-01", municipality=ALL)
    for person in range(20, 32):
        lake.add("functionaries", company="C1", person_id=person, role="owner", start="2020-01-01", municipality=ALL)
    rows = pq.read_table(declared.edges(lake.parts(), AS_OF, tmp_path)).to_pylist()
    assert [(one["from_node"], one["hub"], one["links"]) for one in rows if one["to_node"] == "company:C1"] == [
        ("person:20", "company", 12)
    ]


def test_who_came_under_two_numbers_is_near_under_both(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for person, address in ((11, 1), (12, 1)):
        lake.add(
            "stays", person_id=person, address_id=address, start="2020-01-01", certainty="resident", municipality=ALL
        )
    for same in ({11: 10}, {10: 11}):
        rows = pq.read_table(declared.edges(lake.parts(), AS_OF, tmp_path, same)).to_pylist()
        ends = {(one["from_node"], one["to_node"]) for one in rows}
        assert ends == {(f"person:{same.get(11, 11)}", "address:1"), ("person:12", "address:1")}


def test_every_contract_with_edges_says_what_it_ties_together() -> None:
    assert set(TIES) == declared.EDGE_CONTRACTS
