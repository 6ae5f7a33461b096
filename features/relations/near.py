"""Which records of a register of the whole country a municipality's edges need: those around its own cases.

A delivery for no municipality in particular counts for all of them. Everyone in it once for every municipality would be
a country times a country, and a case is shown two steps at most (ego.py). So of such deliveries only that is taken
which touches someone in a case, a relative of theirs, or a place of one of these; there everyone counts who is linked
to it. It is looked up in the records as they came, in any version: what is near is too much, never too little.

Nobody walks through a large employer (ego.py), so its people are counted, as wages name them, and their wages not read.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from typing import Any

import ibis

from features.income import OWN_BENEFITS
from features.known import ANY_MUNICIPALITY
from features.relations.nodes import node, renamed
from features.residence import HUB
from features.stages import Stages

TIES: dict[str, tuple[tuple[str, str], ...]] = {
    "stays": (("person_id", "address_id"),),
    "kinships": (("person_id", "other_id"),),
    "incomes": (("person_id", "employer"),),  # found by `paid`
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
PAST_DAYS = 365
"""an employer or account of the last year is still shown; other edges only while they last"""
ROWS_AT_ONCE = 30_000_000
"""rows of wages whose pairs are made at once: a whole country's do not fit in 2 GB, nor does the engine spill them"""


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


def paid(stages: Stages, names: Any | None, as_of: dt.date) -> Any:
    """(delivered_for, asked, tied, from_node, to_node, lately): whom wages of the last year or later name with which
    employer, in any version; older ones make no edge. `lately`: one that was known before the date says so of the year
    before it."""
    rows = stages.lake("incomes", ("person_id", "employer", "kind", "start_earliest", "end_latest"))
    rows = rows.filter(rows.person_id.notnull() & rows.employer.notnull() & ~rows.kind.isin(OWN_BENEFITS))
    last = rows.end_latest.coalesce(rows.start_earliest)
    rows = rows.mutate(last=last).filter(last >= ibis.literal(as_of - dt.timedelta(days=PAST_DAYS)))
    lately = (
        (rows.known_at < ibis.literal(dt.datetime.combine(as_of, dt.time())))
        & ~rows.withdrawn.fill_null(False)
        & (rows["last"] < ibis.literal(as_of))
    )
    rows = rows.mutate(lately=lately.fill_null(False))
    lots = 1 + stages.arrow(rows.count().name("rows").as_table())["rows"][0].as_py() // ROWS_AT_ONCE
    made = []
    for lot in range(lots):
        mine = rows.filter(rows.person_id % lots == lot) if lots > 1 else rows
        pairs = mine.group_by("municipality", "person_id", "employer").aggregate(lately=mine.lately.max())
        found = pairs.select(
            delivered_for=pairs.municipality,
            asked=pairs.person_id.cast("string"),
            tied=pairs.employer,
            from_node=node("person", pairs.person_id),
            to_node=node("employer", pairs.employer),
            lately=pairs.lately,
        )
        made.append(stages.keep(f"paid_{lot}", renamed(found, names, "from_node")))
    return reduce(_union, made)


def staff(found: Any) -> Any:
    """(delivered_for, to_node, people): how many people wages name lately with an employer, `found` as `paid` gives.
    Those whom a delivery for one municipality names beside those of the country are counted apart."""
    late = found.filter(found.lately)
    shared = late.filter(late.delivered_for == ANY_MUNICIPALITY)
    own = late.filter(late.delivered_for != ANY_MUNICIPALITY).anti_join(shared, ["from_node", "to_node"])
    counted = shared.union(own)
    return counted.group_by("delivered_for", "to_node").aggregate(people=counted.from_node.nunique())


def near(stages: Stages, names: Any | None, wages: Any, people_at: Any) -> Near | None:
    """What is near, as Near says. None when nothing was delivered for the whole country.

    names: who is taken for whom, as `nodes.taken_for` gives; wages: as `paid` gives; people_at: as `staff` gives."""
    shared = [contract for contract in TIES if _is_shared(stages, contract)]
    if not shared:
        return None
    others = [_ties(stages, contract) for contract in TIES if contract != "incomes"]
    ties = stages.keep("ties", renamed(reduce(_union, others), names, "from_node", "to_node"))
    ties = ties.union(wages.drop("lately").mutate(contract=ibis.literal("incomes")).select(ties.columns))
    rows = stages.lake("benefits", ("person_id",))
    members = rows.select("municipality", node=node("person", rows.person_id)).distinct()
    members = stages.keep("near_members", renamed(members, names, "node").distinct())
    kin = _ends(ties.filter(ties.contract == "kinships"), members)
    people = stages.keep("near_people", members.union(kin, distinct=True))
    places = stages.keep("near_places", _ends(ties.filter(ties.contract != "kinships"), people))
    around = stages.keep("near_around", _ends(ties.filter(ties.contract.isin(BETWEEN_PLACES)), places))
    nodes = stages.keep("near_nodes", people.union(places, distinct=True).union(around, distinct=True))
    large = people_at.filter((people_at.delivered_for == ANY_MUNICIPALITY) & (people_at.people > HUB))
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
    return reduce(_union, made)


def _union(one: Any, other: Any) -> Any:
    return one.union(other)


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
