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
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.known import begun, columns_needed, known
from features.relations.components import Numbers, labels
from features.residence import HUB
from features.stages import Stages


def clusters(parts: Mapping[str, Sequence[Path]], members: pa.Table, as_of: dt.date, folder: Path) -> dict[int, int]:
    """Case -> cluster for every case of `members` (case_id, municipality, as_of, person_id, role) on the date.

    A cluster's number is the smallest case in it. Clusters may cross municipalities through a shared person.
    """
    with Stages(folder / "stages-clusters", parts) as stages:
        homes = _homes(stages, stages.given("members", members.select(["case_id", "municipality", "person_id"])), as_of)
        shared = stages.arrow(homes)
    return together(members.select(["case_id", "person_id"]), shared)


def together(members: pa.Table, homes: pa.Table) -> dict[int, int]:
    """Case -> smallest case that hangs together with it by a person (case_id, person_id) or home (case_id, address_id).

    Numbers of cases, people and addresses are apart: equal ones are no tie.
    """
    cases = pc.unique(pa.chunked_array([*members["case_id"].chunks, *homes["case_id"].chunks], pa.int64()))
    cases = cases.take(pc.sort_indices(cases))
    if not len(cases):
        return {}
    case_of_person, person = _placed(members, cases, "person_id")
    case_of_home, home = _placed(homes, cases, "address_id")
    people, places = int(person.max(initial=-1)) + 1, int(home.max(initial=-1)) + 1
    left = np.concatenate([case_of_person, case_of_home])
    right = len(cases) + np.concatenate([person, people + home])
    found = labels(left, right.astype(np.int32), len(cases) + people + places)[: len(cases)]
    _label, first, of = np.unique(found, return_index=True, return_inverse=True)
    numbers = cases.to_numpy()
    return dict(zip(numbers.tolist(), numbers[first[of]].tolist(), strict=True))


def _placed(rows: pa.Table, cases: pa.Array, column: str) -> tuple[Numbers, Numbers]:
    """Per row the place of its case among the cases, and of its other end among those."""
    at = pc.index_in(rows["case_id"], cases).combine_chunks().to_numpy(zero_copy_only=False).astype(np.int32)
    coded = rows[column].combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return at, coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)


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
