"""Relations: at most two steps (R24), hubs closed, nobody's identity; clusters as components."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from features.matrix import case_members, cases_on
from features.records import CONTRACTS
from features.relations.clusters import clusters, together
from features.relations.edges import EDGE_CONTRACTS, EDGES, HUB_REASONS, NO_EDGES, edges
from features.relations.ego import DEPTH, MOST_NODES, _Edge, ego, egos
from features.stages import Stages
from tests.features.builders import SmallLake, client, stamp
from tests.features.randomlake import AS_OF, households
from tests.features.test_time import known_later, written

NODES = st.integers(0, 25)
KINDS = {"person": 18, "address": 3, "company": 3, "vehicle": 2}


def node(number: int) -> str:
    for kind, many in KINDS.items():
        if number < many:
            return f"{kind}:{number}"
        number -= many
    raise AssertionError(number)


@settings(max_examples=200, deadline=None)
@given(pairs=st.lists(st.tuples(NODES, NODES, st.booleans()), max_size=60))
def test_r24_depth_is_never_above_two_and_nodes_are_those_networkx_finds(pairs: list[tuple[int, int, bool]]) -> None:
    hubs = {node(two) for one, two, hub in pairs if hub and not node(two).startswith("person")}
    made = [
        _Edge(node(one), node(two), *_verb(node(two)), "BRP", None, None, False, 20, _hub(node(two), hubs))
        for one, two, _ in pairs
        if one != two and not (node(one).startswith(("address", "company", "vehicle")))
    ]
    links: dict[str, list[_Edge]] = {}
    oracle: nx.DiGraph[str] = nx.DiGraph()
    oracle.add_node("person:0")
    for edge in made:
        links.setdefault(edge.from_node, []).append(edge)
        links.setdefault(edge.to_node, []).append(edge)
        oracle.add_edge(edge.from_node, edge.to_node)
        if edge.to_node not in hubs:
            oracle.add_edge(edge.to_node, edge.from_node)
    graph = ego(links, [("client", "person:0")])
    reached = nx.single_source_shortest_path_length(oracle, "person:0", cutoff=2)
    assert all(one["depth"] <= DEPTH for one in graph["nodes"])
    assert len(graph["nodes"]) == len(reached)
    people = {int(one["person_id"]): one["depth"] for one in graph["nodes"] if one["kind"] == "person"}
    assert people == {int(n.partition(":")[2]): d for n, d in reached.items() if n.startswith("person")}


def _verb(far: str) -> tuple[str, str]:
    return ("partner", "partner") if far.startswith("person") else ("stay", "stay")


def _hub(name: str, hubs: set[str]) -> str | None:
    return name.partition(":")[0] if name in hubs else None


def _street(tmp_path: Path) -> dict[str, list[Path]]:
    """Client 10 with partner 11 in the case; 12 lives there too; a former partner in an institution."""
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    lake.add("benefits", case_id=1, person_id=11, role="partner", start="2022-03-01")
    for person in (10, 11, 12):
        lake.add("stays", person_id=person, address_id=1, start="2020-01-01", certainty="resident")
    lake.add("stays", person_id=13, address_id=1, start="2020-01-01", certainty="possible")
    lake.add("kinships", person_id=10, relation="partner", other_id=14, start="2001-01-01", end="2009-01-01")
    for person in (14, *range(40, 52)):
        lake.add("stays", person_id=person, address_id=2, start="2020-01-01", certainty="resident")
    lake.add("kinships", person_id=12, relation="child", other_id=15)
    lake.add("functionaries", person_id=10, company="12345678", role="owner", start="2020-01-01")
    lake.add("companies", company="12345678", address_id=1, start="2020-01-01")
    lake.add("incomes", person_id=10, employer="E1", start="2025-08-01", end="2025-08-31", kind="15", gross_cents=5)
    lake.add("incomes", person_id=10, employer="OWN", start="2025-08-01", end="2025-08-31", kind="43", gross_cents=5)
    lake.add("vehicles", person_id=10, vehicle_id=7, start="2025-10-01")
    lake.add("payments", case_id=1, person_id=10, month="2025-09-01", period="202509", account_id=3)
    return lake.parts()


def _graph(tmp_path: Path) -> dict[str, Any]:
    parts = _street(tmp_path)
    members = case_members(parts, cases_on(parts, [AS_OF], tmp_path), tmp_path)
    return dict(egos(edges(parts, AS_OF, tmp_path), members, [1]))[1]


def test_an_ego_graph_names_roles_and_closes_hubs(tmp_path: Path) -> None:
    graph = _graph(tmp_path)
    called = {one["person_id"]: (one["nl"], one["depth"]) for one in graph["nodes"] if one["person_id"]}
    assert called == {
        "10": ("Klant", 0),
        "11": ("Partner in het dossier", 1),
        "12": ("Medebewoner", 2),
        "14": ("Vroegere partner", 1),
    }
    places = sorted(
        (one["kind"], one["depth"], one["hub"], one["count"]) for one in graph["nodes"] if not one["person_id"]
    )
    assert places == [
        ("account", 1, False, None),
        ("address", 1, False, None),
        ("address", 2, True, 13),
        ("company", 1, False, None),
        ("employer", 1, False, None),
    ]
    assert graph["nodes"][0]["id"] == "n0"
    assert {"source", "from_date", "until_date", "nl", "en"} <= set(graph["edges"][0])
    json.dumps(graph)


def test_a_place_in_another_municipality_is_shown_without_anything_behind_it(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for person in (10, 11):
        lake.add(
            "stays",
            person_id=person,
            address_id=1,
            address_municipality="0935",
            start="2020-01-01",
            certainty="resident",
        )
    parts = lake.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], tmp_path), tmp_path)
    graph = dict(egos(edges(parts, AS_OF, tmp_path), members, [1]))[1]
    assert [(one["nl"], one["depth"]) for one in graph["nodes"]] == [("Klant", 0), ("Andere gemeente", 1)]


def test_at_most_sixty_nodes_are_shown_and_the_rest_is_counted() -> None:
    made = [
        _Edge("person:0", f"vehicle:{n}", "vehicle", "vehicle", "RDW", None, None, False, 1, None) for n in range(100)
    ]
    links = {"person:0": made} | {edge.to_node: [edge] for edge in made}
    graph = ego(links, [("client", "person:0")])
    assert (len(graph["nodes"]), graph["left_out"]) == (MOST_NODES, 101 - MOST_NODES)


def test_edges_are_what_was_known_before_the_date(tmp_path: Path) -> None:
    rng = random.Random(5)
    before = households(rng, 400)
    after = [known_later(rng) for _ in range(200)]
    one = edges(written(tmp_path / "a", before), AS_OF, tmp_path).read_bytes()
    table = pq.read_table(tmp_path / "edges.parquet")
    assert table.schema.names == EDGES.names
    assert table.num_rows > 50
    assert set(table["kind"].to_pylist()) >= {"stay", "partner", "parent", "employer", "director", "account", "vehicle"}
    assert edges(written(tmp_path / "b", before + after), AS_OF, tmp_path).read_bytes() == one


def test_every_contract_gives_edges_or_says_why_not() -> None:
    assert set(CONTRACTS) == EDGE_CONTRACTS | set(NO_EDGES)
    assert not EDGE_CONTRACTS & set(NO_EDGES)


def _edges(lake: SmallLake, tmp_path: Path, same: dict[int, int] | None = None) -> list[dict[str, Any]]:
    return pq.read_table(edges(lake.parts(), AS_OF, tmp_path, same)).to_pylist()


def test_an_edge_has_its_source_its_period_and_when_it_was_known(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    lake.add(
        "properties",
        person_id=10,
        parcel_id=5,
        right="VE",
        acquired="2021-03-04",
        address_id=8,
        known_at=stamp("2021-04-01"),
    )
    lake.add("properties", person_id=10, parcel_id=6, acquired="2021-03-04", ended="2024-01-01")
    lake.add("properties", person_id=10, parcel_id=7, acquired="2021-03-04", known_at=stamp("2026-01-01"))
    found = {(one["from_node"], one["verb"], one["to_node"]): one for one in _edges(lake, tmp_path)}
    assert set(found) == {("person:10", "right", "parcel:5"), ("parcel:5", "lies", "address:8")}
    right = found["person:10", "right", "parcel:5"]
    assert (right["source"], str(right["from_date"]), right["until_date"]) == ("Kadaster", "2021-03-04", None)
    assert right["known_at"] == stamp("2021-04-01")


def test_hubs_say_why(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for person in range(10, 20):
        lake.add("stays", person_id=person, address_id=1, start="2020-01-01", certainty="resident")
    for person in range(30, 34):
        lake.add("stays", person_id=person, address_id=2, start="2020-01-01", certainty="resident", function="B")
        lake.add("payments", case_id=1, person_id=person, month="2025-09-01", period="202509", account_id=3)
    lake.add("stays", person_id=40, address_id=4, start="2020-01-01", certainty="resident", overflow=True)
    lake.add("stays", person_id=41, address_id=5, start="2020-01-01", certainty="resident")
    found = {one["to_node"]: one["hub"] for one in _edges(lake, tmp_path)}
    assert found == {
        "address:1": "address",
        "address:2": "letter",
        "account:3": "account",
        "address:4": "overflow",
        "address:5": None,
    }
    assert {reason for reason in found.values() if reason} <= set(HUB_REASONS)


def test_whoever_only_gets_letters_at_an_address_is_nobodys_housemate(tmp_path: Path) -> None:
    lake = client(client(SmallLake(tmp_path / "lake"), 1, 10), 2, 12)
    lake.add("stays", person_id=10, address_id=1, start="2020-01-01", certainty="resident", function="B")
    for person in (12, 13):
        lake.add("stays", person_id=person, address_id=1, start="2020-01-01", certainty="resident")
    parts = lake.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], tmp_path), tmp_path)
    graphs = dict(egos(edges(parts, AS_OF, tmp_path), members, [1, 2]))
    called = {case: [one["nl"] for one in graph["nodes"]] for case, graph in graphs.items()}
    assert called == {1: ["Klant", "Adres"], 2: ["Klant", "Adres", "Briefadres op dit adres", "Medebewoner"]}


def test_numbers_taken_for_one_meet_in_one_node_and_the_records_keep_theirs(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    lake.add("stays", person_id=10, address_id=1, start="2020-01-01", certainty="resident")
    lake.add("vehicles", person_id=77, vehicle_id=7, start="2024-10-01")
    lake.add("kinships", person_id=10, relation="partner", other_id=77)
    before = {path: path.read_bytes() for paths in lake.parts().values() for path in paths}
    apart, together = _edges(lake, tmp_path), _edges(lake, tmp_path, {77: 10})
    assert {one["from_node"] for one in apart} == {"person:10", "person:77"}
    assert [(one["from_node"], one["to_node"]) for one in together] == [
        ("person:10", "address:1"),
        ("person:10", "vehicle:7"),
    ]
    assert _edges(lake, tmp_path) == apart
    assert all(path.read_bytes() == content for path, content in before.items())


def test_clusters_join_cases_by_person_and_home_and_not_by_hub(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path / "lake")
    for case in range(1, 8):
        client(lake, case, 10 * case)
    lake.add("benefits", case_id=2, person_id=10, role="child", start="2022-01-01")
    for person, address in ((20, 1), (30, 1), (40, 2), (50, 2), (60, 3), (70, 4)):
        lake.add("stays", person_id=person, address_id=address, start="2020-01-01", certainty="resident")
    for person in range(100, 109):
        lake.add("stays", person_id=person, address_id=2, start="2020-01-01", certainty="resident")
    lake.add(
        "stays", person_id=70, address_id=3, start="2025-01-01", certainty="resident", known_at=stamp("2025-10-01")
    )
    parts = lake.parts()
    members = case_members(parts, cases_on(parts, [AS_OF], tmp_path), tmp_path)
    found = clusters(parts, members, AS_OF, tmp_path)
    assert found == {1: 1, 2: 1, 3: 1, 4: 4, 5: 5, 6: 6, 7: 7}


PAIRS = st.lists(st.tuples(st.integers(1, 15), st.integers(1, 15)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(people=PAIRS, homes=PAIRS)
def test_clusters_are_the_components_of_networkx(people: list[tuple[int, int]], homes: list[tuple[int, int]]) -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_edges_from((("case", case), ("person", person)) for case, person in people)
    graph.add_edges_from((("case", case), ("address", address)) for case, address in homes)
    oracle: dict[int, int] = {}
    for component in nx.connected_components(graph):
        cases = [number for kind, number in component if kind == "case"]
        oracle |= dict.fromkeys(cases, min(cases))
    with tempfile.TemporaryDirectory() as folder, Stages(Path(folder) / "stages", {}) as stages:
        tables = (
            stages.given(other, _pairs(rows, other)) for rows, other in ((people, "person_id"), (homes, "address_id"))
        )
        assert together(stages, *tables) == oracle


def _pairs(rows: list[tuple[int, int]], other: str) -> pa.Table:
    columns = [pa.array([row[end] for row in rows], pa.int64()) for end in (0, 1)]
    return pa.table(columns, names=["case_id", other])
