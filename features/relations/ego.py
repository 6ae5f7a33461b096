"""The relations of one case, at most two steps from the client (R24): what a reviewer sees as drawing and as table.

Hubs and places in another municipality are shown and not walked through. Nobody's name, address or number is in it, and
nothing of what a review of someone else found.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.records import CONTRACTS
from features.relations.edges import HUB_REASONS

DEPTH = 2
MOST_NODES = 60
VERBS = {
    "stay": ("staat ingeschreven op", "is registered at"),
    "letter": ("heeft als briefadres", "has as letter address"),
    "seat": ("is gevestigd op", "is located at"),
    "partner": ("is partner van", "is a partner of"),
    "former": ("was partner van", "was a partner of"),
    "parent": ("is ouder van", "is a parent of"),
    "employer": ("werkt bij", "works for"),
    "owner": ("is eigenaar van", "owns"),
    "director": ("is bestuurder van", "is a director of"),
    "vehicle": ("heeft op naam", "is the holder of"),
    "account": ("krijgt de uitkering op", "is paid on"),
    "right": ("heeft een recht op", "has a right on"),
    "lies": ("ligt op", "lies at"),
    "member": ("staat in het dossier van", "is in the case of"),
}
PLACES = {
    "address": ("Adres", "Address"),
    "employer": ("Werkgever", "Employer"),
    "company": ("Onderneming", "Company"),
    "vehicle": ("Voertuig", "Vehicle"),
    "account": ("Rekening", "Account"),
    "parcel": ("Onroerend goed", "Real estate"),
}
ROLES = {
    "client": ("Klant", "Client"),
    "partner": ("Partner in het dossier", "Partner in the case"),
    "child": ("Kind in het dossier", "Child in the case"),
}
THROUGH = {
    "address": ("Medebewoner", "Housemate"),
    "employer": ("Andere werknemer", "Other employee"),
    "company": ("Andere betrokkene", "Other person involved"),
    "vehicle": ("Andere houder", "Other holder"),
    "account": ("Andere rekeninghouder", "Other user of the account"),
    "parcel": ("Andere rechthebbende", "Other holder of a right"),
}
"""What someone is called who is linked through such a place"""
LETTERS = ("Briefadres op dit adres", "Letter address at this address")
"""What someone is called who only gets letters at such a place, and does not live there"""
ELSEWHERE = ("Andere gemeente", "Another municipality")
Links: TypeAlias = "nx.MultiGraph[str]"
ORDER = ("person", "household", "address", "company", "employer", "account", "vehicle", "parcel")


@dataclass(frozen=True)
class _Edge:
    from_node: str
    to_node: str
    kind: str
    verb: str
    source: str
    from_date: dt.date | None
    until_date: dt.date | None
    elsewhere: bool
    links: int
    hub: str | None
    known_at: dt.datetime | None = None

    @property
    def closed(self) -> bool:
        """Leads to where nobody goes on: a hub, another municipality, or an address for letters only."""
        return bool(self.hub or self.elsewhere or self.verb == "letter")


def egos(edges: Path, members: pa.Table, case_ids: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The graph of each case, one municipality after another and there in the order of `case_ids`; see `ego` for its
    form. The edges of one municipality are in memory at a time.

    edges: the file of `edges`. members: case_id, municipality, as_of, person_id, role on the date of the edges. A case
    without a client among the members is passed over.
    """
    wanted = members.filter(pc.is_in(members["case_id"], pa.array(sorted(set(case_ids)), pa.int64())))
    households: dict[int, list[tuple[str, str]]] = defaultdict(list)
    town_of: dict[int, str] = {}
    for row in wanted.select(["case_id", "municipality", "person_id", "role"]).to_pylist():
        households[row["case_id"]].append((row["role"], f"person:{row['person_id']}"))
        town_of[row["case_id"]] = row["municipality"]
    for town in sorted(set(town_of.values())):
        links = _links(edges, town)
        for case in (one for one in case_ids if town_of.get(one) == town):
            household = sorted(households[case], key=lambda one: (list(ROLES).index(one[0]), one[1]))
            if household[0][0] == "client":
                yield case, ego(links, household)


def ego(links: dict[str, list[_Edge]], household: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """{"nodes", "edges", "left_out"}: what lies at most two steps from the client, nearest first, at most 60 nodes.

    links: edges by node, both ends. household: (role, node) of the members, the client first; the others stand one step
    from the client. `left_out` counts the nodes within two steps that are not shown.
    """
    graph = _nearby(links, household)
    centre = household[0][1]
    depth: dict[str, int] = nx.single_source_shortest_path_length(graph, centre, cutoff=DEPTH)
    ranked = sorted(depth, key=lambda node: (depth[node], ORDER.index(_kind(node)), node))
    shown = ranked[:MOST_NODES]
    number = {node: f"n{place}" for place, node in enumerate(shown)}
    roles = {node: role for role, node in household}
    nodes = [_node_shown(graph, node, number[node], depth[node], roles, depth) for node in shown]
    ties: list[_Edge] = [about["edge"] for _one, _two, about in graph.edges(data=True)]
    drawn = [_edge_shown(edge, number) for edge in ties if edge.from_node in number and edge.to_node in number]
    drawn.sort(key=lambda edge: (int(edge["from"][1:]), int(edge["to"][1:]), edge["kind"], edge["nl"]))
    return {"nodes": nodes, "edges": drawn, "left_out": len(ranked) - len(shown)}


def _links(path: Path, town: str) -> dict[str, list[_Edge]]:
    table = pq.read_table(path, filters=[("municipality", "=", town)])
    columns = [table[name].to_pylist() for name in _Edge.__dataclass_fields__]
    links: dict[str, list[_Edge]] = defaultdict(list)
    for values in zip(*columns, strict=True):
        edge = _Edge(*values)
        links[edge.from_node].append(edge)
        links[edge.to_node].append(edge)
    return links


def _nearby(links: dict[str, list[_Edge]], household: Sequence[tuple[str, str]]) -> Links:
    """Everything within two steps; what a closed edge leads to is reached and not left."""
    graph: Links = nx.MultiGraph()
    centre = household[0][1]
    graph.add_node(centre)
    for _role, node in household[1:]:
        source = CONTRACTS["benefits"].source
        graph.add_edge(node, centre, edge=_Edge(node, centre, "member", "member", source, None, None, False, 0, None))
    added: set[int] = set()
    frontier = [centre]
    seen = {centre}
    for step in range(DEPTH):
        reached = [node for _role, node in household[1:]] if step == 0 else []
        for node in frontier:
            for edge in links.get(node, ()):
                if id(edge) in added:
                    continue
                added.add(id(edge))
                graph.add_edge(edge.from_node, edge.to_node, edge=edge)
                if edge.hub or edge.elsewhere:
                    graph.nodes[edge.to_node].update(hub=edge.hub, links=edge.links, elsewhere=edge.elsewhere)
                if edge.from_node != node:
                    reached.append(edge.from_node)
                elif not edge.closed:
                    reached.append(edge.to_node)
        frontier = sorted(set(reached) - seen)
        seen.update(reached)
    return graph


def _kind(node: str) -> str:
    return node.partition(":")[0]


def _node_shown(
    graph: Links, node: str, number: str, depth: int, roles: dict[str, str], depths: dict[str, int]
) -> dict[str, Any]:
    kind, about = _kind(node), graph.nodes[node]
    hub = about.get("hub")
    name = _person_called(graph, node, roles, depths) if kind == "person" else PLACES[kind]
    if about.get("elsewhere"):
        name = ELSEWHERE
    reason = HUB_REASONS[hub] if hub else (None, None)
    return {
        "id": number,
        "kind": kind,
        "nl": name[0],
        "en": name[1],
        "depth": depth,
        "hub": hub is not None,
        "hub_nl": reason[0],
        "hub_en": reason[1],
        "count": about["links"] if hub else None,
        "person_id": node.partition(":")[2] if kind == "person" else None,
        "address_id": node.partition(":")[2] if kind == "address" and not about.get("elsewhere") else None,
    }


def _person_called(graph: Links, node: str, roles: dict[str, str], depths: dict[str, int]) -> tuple[str, str]:
    """The role in the case, else kinship to someone nearer, else the place that links them."""
    if node in roles:
        return ROLES[roles[node]]
    ties: list[tuple[bool, int, str, _Edge]] = sorted(
        (
            (_kind(other) != "person", depths[other], other, one["edge"])
            for other, keyed in graph[node].items()
            if other in depths
            for one in keyed.values()
        ),
        key=lambda tie: (*tie[:3], tie[3].verb),
    )
    _place, _depth, other, edge = ties[0]
    if edge.verb == "partner":
        return ("Vroegere partner", "Former partner") if edge.until_date else ("Partner", "Partner")
    if edge.verb == "parent":
        return ("Ouder", "Parent") if edge.from_node == node else ("Kind", "Child")
    return LETTERS if edge.verb == "letter" else THROUGH[_kind(other)]


def _edge_shown(edge: _Edge, number: dict[str, str]) -> dict[str, Any]:
    told = "former" if edge.verb == "partner" and edge.until_date else edge.verb
    verb = VERBS[told]
    return {
        "from": number[edge.from_node],
        "to": number[edge.to_node],
        "kind": edge.kind,
        "verb": told,
        "nl": verb[0],
        "en": verb[1],
        "source": edge.source,
        "from_date": edge.from_date.isoformat() if edge.from_date else None,
        "until_date": edge.until_date.isoformat() if edge.until_date else None,
        "known_at": edge.known_at.isoformat() if edge.known_at else None,
    }
