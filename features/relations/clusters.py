"""Clusters of cases that share a person or a home address: they stay on one side of a split and share a list's places.

A cluster is a connected component of cases, tied by members and home addresses. Hubs (more than nine residents) connect
nobody: people in one shelter are no household.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from features.known import begun, columns_needed, known
from features.relations.components import hanging_together
from features.residence import HUB
from features.stages import Stages


def clusters(parts: Mapping[str, Sequence[Path]], members: pa.Table, as_of: dt.date, folder: Path) -> dict[int, int]:
    """Case -> cluster for every case of `members` (case_id, municipality, as_of, person_id, role) on the date.

    A cluster's number is the smallest case in it. Clusters may cross municipalities through a shared person.
    """
    with Stages(folder / "stages-clusters", parts) as stages:
        people = stages.given("members", members.select(["case_id", "municipality", "person_id"]))
        return together(stages, people, _homes(stages, people, as_of))


def together(stages: Stages, members: Any, homes: Any) -> dict[int, int]:
    """Case -> smallest case that hangs together with it by a person (case_id, person_id) or home (case_id, address_id).

    Numbers of people and of addresses are apart: equal ones are no tie.
    """
    found = hanging_together(stages, _tied_by(members, "person_id").union(_tied_by(homes, "address_id")))
    found = found.sort_by("node")
    return dict(zip(found["node"].to_pylist(), found["component"].to_pylist(), strict=True))


def _tied_by(rows: Any, shared: str) -> Any:
    """Every case tied to the smallest that shares a person or home with it, one that shares nothing to itself."""
    least = rows.group_by(shared).aggregate(least=rows.case_id.min())
    joined = rows.join(least, shared)
    return joined.select(left=joined.case_id, right=joined.least).distinct()


def _homes(stages: Stages, members: Any, as_of: dt.date) -> Any:
    """Home addresses of the cases on the date that are no hubs."""
    day = ibis.literal(as_of)
    columns = columns_needed("stays", ("start_latest", "end_earliest", "certainty", "function", "overflow"))
    stays = stages.lake("stays", columns)
    own = _residents(known(stages, stays, "stays", members.mutate(as_of=day), "person_id", as_of))
    own = own.join(members, ["person_id", "municipality"]).select("case_id", "municipality", "address_id").distinct()
    own = stages.keep("own_homes", own)
    there = _residents(known(stages, stays, "stays", own.mutate(as_of=day), "address_id", as_of))
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
