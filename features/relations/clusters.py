"""Clusters of cases that share a person or a home address: they stay on one side of a split and share a list's places.

A cluster is a connected component of cases, members and home addresses. Hubs (more than nine residents) connect nobody:
people in one shelter are no household.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import networkx as nx
import pyarrow as pa

from features.known import begun, columns_needed, known
from features.residence import HUB
from features.stages import Stages


def clusters(parts: Mapping[str, Sequence[Path]], members: pa.Table, as_of: dt.date, folder: Path) -> dict[int, int]:
    """Case -> cluster for every case of `members` (case_id, municipality, as_of, person_id, role) on the date.

    A cluster's number is the smallest case in it. Clusters may cross municipalities through a shared person.
    """
    with Stages(folder / "stages-clusters", parts) as stages:
        homes = _homes(stages, stages.given("members", members.select(["case_id", "municipality", "person_id"])), as_of)
        shared = stages.arrow(homes).to_pylist()
    graph: nx.Graph[Any] = nx.Graph()
    for row in members.select(["case_id", "person_id"]).to_pylist():
        graph.add_edge(("case", row["case_id"]), ("person", row["person_id"]))
    graph.add_edges_from((("case", row["case_id"]), ("address", row["address_id"])) for row in shared)
    return components(graph)


def components(graph: nx.Graph[Any]) -> dict[int, int]:
    """Case -> smallest case of its connected component; nodes are (kind, number)."""
    found: dict[int, int] = {}
    for component in nx.connected_components(graph):
        cases = [number for kind, number in component if kind == "case"]
        found |= dict.fromkeys(cases, min(cases, default=0))
    return dict(sorted(found.items()))


def _homes(stages: Stages, members: Any, as_of: dt.date) -> Any:
    """Home addresses of the cases on the date that are no hubs."""
    day = ibis.literal(as_of)
    columns = columns_needed("stays", ("start_latest", "end_earliest", "certainty", "function", "overflow"))
    stays = stages.lake("stays", columns)
    own = _residents(known(stays, "stays", members.mutate(as_of=day), "person_id", as_of))
    own = own.join(members, ["person_id", "municipality"]).select("case_id", "municipality", "address_id").distinct()
    own = stages.keep("own_homes", own)
    there = _residents(known(stays, "stays", own.mutate(as_of=day), "address_id", as_of))
    sizes = there.group_by("municipality", "address_id").aggregate(
        residents=there.person_id.nunique(), overflow=there.overflow.fill_null(False).max()
    )
    small = sizes.filter((sizes.residents <= HUB) & ~sizes.overflow)
    return own.semi_join(small, ["municipality", "address_id"]).select("case_id", "address_id").distinct()


def _residents(stays: Any) -> Any:
    return stays.filter(
        (stays.certainty == "resident")
        & stays.address_id.notnull()
        & (stays.function.fill_null("W") != "B")
        & begun(stays.start_latest, stays.as_of)
        & (stays.end_earliest.isnull() | (stays.end_earliest >= stays.as_of))
    )
