"""Which records of a register of the whole country a municipality's edges need: those around its own cases.

A delivery for no municipality in particular counts for all of them. Everyone in it once for every municipality would be
a country times a country, and a case is shown two steps at most (ego.py). So of such deliveries only that is taken
which touches someone in a case, a relative of theirs, or a place of one of these; there everyone counts who is linked
to it. It is looked up in the records as they came, in any version: what is near is too much, never too little.

Nobody walks through a large employer (ego.py), so its people are counted (staff.py) and their wages not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import ibis

from features.known import ANY_MUNICIPALITY
from features.relations.nodes import node, renamed, union
from features.residence import HUB
from features.stages import Stages

TIES: dict[str, tuple[tuple[str, str], ...]] = {
    "stays": (("person_id", "address_id"),),
    "kinships": (("person_id", "other_id"),),
    "incomes": (("person_id", "employer"),),
    "functionaries": (("person_id", "company"),),
    "companies": (("company", "address_id"),),
    "vehicles": (("person_id", "vehicle_id"),),
    "payments": (("person_id", "account_id"),),
    "properties": (("person_id", "parcel_id"), ("parcel_id", "address_id")),
}
"""Per contract the columns that a record ties together"""
BETWEEN_PLACES = ("companies", "properties")
KINDS = {"other": "person"}
ASKED_BY = {"companies": ("company",), "incomes": ("person_id", "employer")}
"""Columns by which the records of a contract are asked for; of others `person_id`. Wages name nearly everyone, so of
who works with somebody near only the work there is read: the employer is in the key of an income, so that no version
is missed"""


@dataclass(frozen=True)
class Near:
    """What of the deliveries for the whole country is near the cases of each municipality."""

    records: Any
    """(contract, asked, tied, municipality): records to read; the texts of the values that `asked_by` names"""
    people: Any
    """(municipality, node): members of the cases and their relatives"""


def asked_by(contract: str) -> tuple[str, ...]:
    """The column or two columns by which the records of a contract are asked for."""
    return ASKED_BY.get(contract, ("person_id",))


def near(stages: Stages, names: Any | None, jobs: Any, staff: Any) -> Near | None:
    """What is near, as Near says. None when nothing was delivered for the whole country.

    names: as `nodes.taken_for` gives; jobs (the ties of incomes) and staff: as staff.py gives."""
    shared = [contract for contract in TIES if _is_shared(stages, contract)]
    if not shared:
        return None
    others = [_ties(stages, contract) for contract in TIES if contract != "incomes"]
    ties = stages.keep("ties", renamed(reduce(union, others), names, "from_node", "to_node"))
    ties = ties.union(jobs.drop("lately").mutate(contract=ibis.literal("incomes")).select(ties.columns))
    rows = stages.lake("benefits", ("person_id",))
    members = rows.select("municipality", node=node("person", rows.person_id)).distinct()
    members = stages.keep("near_members", renamed(members, names, "node").distinct())
    kin = _ends(ties.filter(ties.contract == "kinships"), members)
    people = stages.keep("near_people", members.union(kin, distinct=True))
    places = stages.keep("near_places", _ends(ties.filter(ties.contract != "kinships"), people))
    around = stages.keep("near_around", _ends(ties.filter(ties.contract.isin(BETWEEN_PLACES)), places))
    nodes = stages.keep("near_nodes", people.union(places, distinct=True).union(around, distinct=True))
    large = staff.filter((staff.delivered_for == ANY_MUNICIPALITY) & (staff.people > HUB))
    entered = nodes.anti_join(large, nodes.node == large.to_node)
    theirs = ties.filter(ties.contract.isin(shared) & (ties.delivered_for == ANY_MUNICIPALITY))
    touching = [
        theirs.join(ends, theirs[end] == ends.node).select("contract", "asked", "tied", "municipality")
        for end, ends in (("from_node", nodes), ("to_node", entered))
    ]
    return Near(stages.keep("near", touching[0].union(touching[1], distinct=True)), people)


def _is_shared(stages: Stages, contract: str) -> bool:
    rows = stages.lake(contract, ())
    rows = rows.filter(rows.municipality == ANY_MUNICIPALITY).select("municipality").limit(1)
    return bool(stages.arrow(rows).num_rows)


def _ties(stages: Stages, contract: str) -> Any:
    """(contract, delivered_for, asked, tied, from_node, to_node): what the records tie together, each tie once."""
    (by,), pairs = asked_by(contract), TIES[contract]
    rows = stages.lake(contract, tuple(sorted({by, *(column for pair in pairs for column in pair)})))
    made = []
    for one, other in pairs:
        there = rows.filter(rows[one].notnull() & rows[other].notnull())
        there = there.select(delivered_for=there.municipality, by=there[by], one=there[one], other=there[other])
        there = there.distinct()
        made.append(
            there.select(
                "delivered_for",
                contract=ibis.literal(contract),
                asked=there.by.cast("string"),
                tied=ibis.null("string"),
                from_node=node(_kind(one), there.one),
                to_node=node(_kind(other), there.other),
            )
        )
    return reduce(union, made)


def _kind(column: str) -> str:
    name = column.removesuffix("_id")
    return KINDS.get(name, name)


def _ends(ties: Any, nodes: Any) -> Any:
    """(municipality, node): what lies at the other end of the ties of `nodes`, as the municipality sees them."""
    met = []
    for end, other in (("from_node", "to_node"), ("to_node", "from_node")):
        mine = ties.select("delivered_for", end=ties[end], other=ties[other])
        joined = mine.join(nodes, mine.end == nodes.node)
        seen = (joined.delivered_for == joined.municipality) | (joined.delivered_for == ANY_MUNICIPALITY)
        met.append(joined.filter(seen).select("municipality", node=joined.other))
    return met[0].union(met[1], distinct=True)
