"""Who works where as wages name it, before the version of a record is chosen: enough to find employers, and to count.

Of a whole country the versions of all wages would have to be chosen for the count alone. So of a large employer `links`
in a graph are the people whom wages name.
"""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import Any

import ibis

from features.income import OWN_BENEFITS
from features.known import ANY_MUNICIPALITY
from features.relations.nodes import node, renamed, union
from features.stages import Stages

PAST_DAYS = 365
"""an employer or account of the last year is still shown; other edges only while they last"""
ROWS_AT_ONCE = 30_000_000
"""wages whose pairs are made at once: a whole country's do not fit in 2 GB, nor does the engine spill them"""


def jobs(stages: Stages, names: Any | None, as_of: dt.date) -> Any:
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
        mine = rows.filter(rows.person_id % lots == lot)
        pairs = mine.group_by("municipality", "person_id", "employer").aggregate(lately=mine.lately.max())
        found = pairs.select(
            delivered_for=pairs.municipality,
            asked=pairs.person_id.cast("string"),
            tied=pairs.employer,
            from_node=node("person", pairs.person_id),
            to_node=node("employer", pairs.employer),
            lately=pairs.lately,
        )
        made.append(stages.keep(f"jobs_{lot}", renamed(found, names, "from_node")))
    return reduce(union, made)


def staff(found: Any) -> Any:
    """(delivered_for, to_node, people): how many people wages name lately with an employer, `found` as `jobs` gives.
    Those whom a delivery for one municipality names beside those of the country are counted apart."""
    late = found.filter(found.lately)
    shared = late.filter(late.delivered_for == ANY_MUNICIPALITY)
    own = late.filter(late.delivered_for != ANY_MUNICIPALITY).anti_join(shared, ["from_node", "to_node"])
    counted = shared.union(own)
    return counted.group_by("delivered_for", "to_node").aggregate(people=counted.from_node.nunique())
