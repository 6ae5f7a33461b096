"""Edges from records: who is registered, employed, related, director, paid, owning or driving where, before a date.

An edge is a fact of a register with its source, its period and when it was known; it says nothing about behaviour. Each
municipality has its own edges: those from deliveries for it, or for none in particular. A place with more links than
its kind allows is a hub (an institution, a large employer, an administrator's account, a shelter's letter addresses):
it is shown with a count and never walked through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from features.income import OWN_BENEFITS
from features.known import ANY_MUNICIPALITY, begun, columns_needed, known
from features.records import CONTRACTS
from features.relations.near import Near, asked_by, near
from features.relations.nodes import node, renamed, taken_for, union
from features.relations.staff import PAST_DAYS, jobs, staff
from features.residence import HUB
from features.stages import Stages

Parts = Mapping[str, Sequence[Path]]

EDGES = pa.schema(
    [
        ("municipality", pa.string()),
        ("kind", pa.string()),
        ("verb", pa.string()),
        ("from_node", pa.string()),
        ("to_node", pa.string()),
        ("source", pa.string()),
        ("from_date", pa.date32()),
        ("until_date", pa.date32()),
        ("known_at", pa.timestamp("us")),
        ("elsewhere", pa.bool_()),
        ("links", pa.int64()),
        ("hub", pa.string()),
    ]
)
"""One row per edge. Nodes are `kind:id`. `until_date` is empty while it lasts; `known_at` is when the newest record
behind it became known (UTC); `elsewhere`: the far end lies in another municipality; `links` counts who is linked to the
far end, `hub` is the reason why that makes it a hub (a key of HUB_REASONS)."""

NO_EDGES = {
    "claims": "an amount between a person and the municipality",
    "sanctions": "a measure between a person and the municipality",
    "signals": "the Inlichtingenbureau's question; the fact behind it comes from the register itself",
    "study_grants": "a grant between a person and DUO",
    "year_statements": "a yearly sum; the address on it is where the post went",
    "payment_components": "a line of a payment",
    "persons": "a list of one person; two lists of one BSN are one number already",
    "outcomes": "what a review found is no relation, and never reaches another person (R24)",
    "bookings": "an amount between a person and the municipality",
    "benefits": "who belongs to a case: its members, see features/matrix.py",
}
"""Contracts that give no edge, each with the reason"""
HUB_ABOVE = {"address": HUB, "employer": HUB, "company": HUB, "account": 3, "vehicle": 3, "parcel": HUB}
"""links above which a place is a hub, by kind of node"""
LETTERS_ABOVE = 3
"""letter addresses of people on one address, above which it is that of a shelter or a municipal counter"""
HUB_REASONS = {
    "address": ("Meer dan negen mensen: een instelling", "More than nine people: an institution"),
    "overflow": (
        "Meer bewoners dan het register opsomt: een instelling",
        "More residents than the registry lists: an institution",
    ),
    "letter": ("Briefadres van meer dan drie mensen: opvang of loket", "Letter address of more than three: a shelter"),
    "employer": ("Meer dan negen bekende werknemers", "More than nine known employees"),
    "company": ("Meer dan negen betrokkenen", "More than nine people involved"),
    "account": ("Meer dan drie mensen: bewind", "More than three people: an administrator"),
    "vehicle": ("Voertuig van meer dan drie mensen", "Vehicle of more than three people"),
    "parcel": ("Meer dan negen rechthebbenden: een complex", "More than nine holders of a right: a complex"),
}
UNKNOWN_START = dt.date(1900, 1, 1)
ROWS_A_GROUP = 20_000
"""in the file of edges, sorted by municipality: who asks for one municipality reads its groups only"""
NO = ibis.literal(False)


def edges(parts: Parts, as_of: dt.date, folder: Path, same: Mapping[int, int] | None = None) -> Path:
    """Write folder/edges.parquet (EDGES): what was known, and had begun, before the date. Sorted, same bytes again.

    same: number -> the number it is taken for, of people and addresses that came under two names (pipelines/resolving);
    the records keep the numbers they had.
    """
    with Stages(folder / "stages-edges", parts) as stages:
        towns = stages.lake("benefits", ()).select("municipality").distinct()
        names = taken_for(stages, same or {})
        employed = jobs(stages, names, as_of)
        people_at = stages.keep("staff", staff(employed))
        around = near(stages, names, employed, people_at)
        seen = Seen(stages, stages.keep("towns", towns), as_of, around)
        made = [stages.keep(f"edges{kind.__name__}", kind(seen)) for kind in KINDS]
        every = reduce(union, made)
        every = renamed(every, names, "from_node", "to_node")
        if names is not None:  # a tie between two that are taken for one is a tie to oneself
            every = every.filter(every.from_node != every.to_node)
        every = stages.keep("edges_found", _once(every))
        flagged = stages.keep("edges_flagged", _with_hubs(every, people_at))
        table = stages.arrow(flagged if around is None else _without_strangers(flagged, around.people))
    columns = [(name, "ascending") for name in ("municipality", "from_node", "to_node", "kind", "verb", "from_date")]
    path = folder / "edges.parquet"
    table = table.select(EDGES.names).cast(EDGES).sort_by(columns).combine_chunks()
    pq.write_table(table, path, compression="zstd", row_group_size=ROWS_A_GROUP)
    return path


class Seen:
    """Known records of everyone, per municipality that pays benefits. `around`: what of the deliveries for no
    municipality in particular is read; everything for each municipality when it is not given."""

    def __init__(self, stages: Stages, towns: Any, as_of: dt.date, around: Near | None = None) -> None:
        self.stages, self.towns, self.as_of, self.around = stages, towns, as_of, around

    def records(self, contract: str, *columns: str) -> Any:
        by = asked_by(contract)
        rows = self.stages.lake(contract, columns_needed(contract, (*columns, *by)))
        own = rows.semi_join(self.towns, "municipality").select(*by, "municipality").distinct()
        if self.around is None:
            shared = rows.filter(rows.municipality == ANY_MUNICIPALITY).select(*by).distinct().cross_join(self.towns)
        else:
            there = self.around.records
            there = there.filter(there.contract == contract).semi_join(self.towns, "municipality")
            told = dict(zip(by, (there.asked, there.tied), strict=False))
            shared = there.select("municipality", **{one: text.cast(rows[one].type()) for one, text in told.items()})
        reach = ibis.union(own, shared.select(*by, "municipality"), distinct=True)
        reach = reach.mutate(as_of=ibis.literal(self.as_of))
        return known(self.stages, rows.mutate(recorded=rows.known_at), contract, reach, by, self.as_of, alone=True)


def _edge(
    rows: Any,
    kind: str,
    verb: Any,
    ends: tuple[Any, Any],
    source: str,
    period: tuple[Any, Any],
    far: Any = NO,
    overflow: Any = NO,
) -> Any:
    """Edges of one kind; an end on or after the date has not happened yet."""
    start, end = period
    return rows.select(
        municipality=rows.municipality,
        kind=ibis.literal(kind),
        verb=verb if not isinstance(verb, str) else ibis.literal(verb),
        from_node=ends[0],
        to_node=ends[1],
        source=ibis.literal(CONTRACTS[source].source),
        from_date=(start > UNKNOWN_START).ifelse(start, ibis.null("date")),
        until_date=(end < rows.as_of).ifelse(end, ibis.null("date")),
        known_at=rows.recorded,
        elsewhere=far,
        overflow=overflow,
    )


def _stays(seen: Seen) -> Any:
    columns = ("start_earliest", "start_latest", "end_earliest", "certainty", "function", "overflow")
    s = seen.records("stays", "address_municipality", *columns)
    s = s.filter(
        (s.certainty == "resident")
        & s.address_id.notnull()
        & begun(s.start_latest, s.as_of)
        & (s.end_earliest.isnull() | (s.end_earliest >= s.as_of))
    )
    ends = (node("person", s.person_id), node("address", s.address_id))
    far = (s.address_municipality != s.municipality).fill_null(False)
    verb = (s.function == "B").fill_null(False).ifelse("letter", "stay")
    return _edge(s, "stay", verb, ends, "stays", (s.start_earliest, s.end_earliest), far, s.overflow.fill_null(False))


def _kinships(seen: Seen) -> Any:
    k = seen.records("kinships", "start_earliest", "start_latest", "end_earliest", "end_latest")
    k = k.filter(k.other_id.notnull() & (k.start_latest.isnull() | (k.start_latest < k.as_of)))
    k = k.filter(k.end_earliest.isnull() | (k.end_earliest >= k.as_of) | (k.relation == "partner"))
    me, other = node("person", k.person_id), node("person", k.other_id)
    turned = (k.relation == "parent") | ((k.relation == "partner") & (k.other_id < k.person_id))
    k = k.mutate(one=turned.ifelse(other, me), two=turned.ifelse(me, other), bond=(k.relation == "partner"))
    k = k.group_by("municipality", "as_of", "one", "two", "bond").aggregate(
        start=k.start_earliest.min(), end=k.end_earliest.min(), recorded=k.recorded.max()
    )
    pairs = k.filter(k.bond)
    parents = k.filter(~k.bond)
    return _edge(pairs, "partner", "partner", (pairs.one, pairs.two), "kinships", (pairs.start, pairs.end)).union(
        _edge(parents, "parent", "parent", (parents.one, parents.two), "kinships", (parents.start, parents.end))
    )


def _employers(seen: Seen) -> Any:
    i = seen.records("incomes", "employer", "start_earliest", "end_latest", "kind")
    i = i.filter(~i.kind.isin(OWN_BENEFITS) & i.employer.notnull())
    i = i.mutate(last=i.end_latest.coalesce(i.start_earliest)).filter(lambda t: t.last < t.as_of)
    i = i.group_by("municipality", "as_of", "person_id", "employer").aggregate(
        start=i.start_earliest.min(), last=i["last"].max(), recorded=i.recorded.max()
    )
    i = i.filter(i["last"].delta(i.as_of, unit="day") >= -PAST_DAYS)
    # A period that ended in the last two months mostly goes on; the next statement is not there yet.
    over = (i["last"].delta(i.as_of, unit="day") < -61).ifelse(i["last"], ibis.null("date"))
    ends = (node("person", i.person_id), node("employer", i.employer))
    return _edge(i, "employer", "employer", ends, "incomes", (i.start, over))


def _posts(seen: Seen) -> Any:
    f = seen.records("functionaries", "role", "start_earliest", "start_latest", "end_earliest")
    f = f.filter(begun(f.start_latest, f.as_of) & (f.end_earliest.isnull() | (f.end_earliest >= f.as_of)))
    ends = (node("person", f.person_id), node("company", f.company))
    return _edge(f, "director", f.role, ends, "functionaries", (f.start_earliest, f.end_earliest))


def _seats(seen: Seen) -> Any:
    columns = ("address_id", "address_municipality", "start_earliest", "start_latest", "end_earliest")
    c = seen.records("companies", *columns)
    c = c.filter(
        c.address_id.notnull()
        & begun(c.start_latest, c.as_of)
        & (c.end_earliest.isnull() | (c.end_earliest >= c.as_of))
    )
    ends = (node("company", c.company), node("address", c.address_id))
    far = (c.address_municipality != c.municipality).fill_null(False)
    return _edge(c, "stay", "seat", ends, "companies", (c.start_earliest, c.end_earliest), far)


def _vehicles(seen: Seen) -> Any:
    v = seen.records("vehicles", "start_earliest", "start_latest", "end_earliest")
    v = v.filter(
        v.vehicle_id.notnull()
        & begun(v.start_latest, v.as_of)
        & (v.end_earliest.isnull() | (v.end_earliest >= v.as_of))
    )
    ends = (node("person", v.person_id), node("vehicle", v.vehicle_id))
    return _edge(v, "vehicle", "vehicle", ends, "vehicles", (v.start_earliest, v.end_earliest))


def _accounts(seen: Seen) -> Any:
    p = seen.records("payments", "account_id", "month")
    p = p.filter(p.account_id.notnull() & (p.month < p.as_of))
    p = p.group_by("municipality", "as_of", "person_id", "account_id").aggregate(
        start=p.month.min(), last=p.month.max(), recorded=p.recorded.max()
    )
    p = p.filter(p["last"].delta(p.as_of, unit="day") >= -PAST_DAYS)
    over = (p["last"].delta(p.as_of, unit="day") < -61).ifelse(p["last"], ibis.null("date"))
    ends = (node("person", p.person_id), node("account", p.account_id))
    return _edge(p, "account", "account", ends, "payments", (p.start, over))


def _rights(seen: Seen) -> Any:
    """Who has a right on real estate, and at which address that lies."""
    columns = ("parcel_id", "address_id", "address_municipality", "acquired_earliest", "acquired_latest")
    r = seen.records("properties", *columns, "ended_earliest")
    r = r.filter(
        r.parcel_id.notnull()
        & begun(r.acquired_latest, r.as_of)
        & (r.ended_earliest.isnull() | (r.ended_earliest >= r.as_of))
    )
    parcel = node("parcel", r.parcel_id)
    holders = _edge(
        r,
        "property",
        "right",
        (node("person", r.person_id), parcel),
        "properties",
        (r.acquired_earliest, r.ended_earliest),
    )
    lies = r.filter(r.address_id.notnull())
    none = ibis.null("date")
    far = (lies.address_municipality != lies.municipality).fill_null(False)
    ends = (node("parcel", lies.parcel_id), node("address", lies.address_id))
    return holders.union(_edge(lies, "property", "lies", ends, "properties", (none, none), far))


KINDS = (_stays, _kinships, _employers, _posts, _seats, _vehicles, _accounts, _rights)
EDGE_CONTRACTS = frozenset(
    ("stays", "kinships", "incomes", "functionaries", "companies", "vehicles", "payments", "properties")
)
"""Contracts that give edges; with NO_EDGES these are all contracts there are"""


def _once(found: Any) -> Any:
    """An edge that stands in several records is one, known since the newest of them."""
    alike = [name for name in found.columns if name not in ("known_at", "overflow")]
    return found.group_by(alike).aggregate(known_at=found.known_at.max(), overflow=found.overflow.max())


def _with_hubs(found: Any, people_at: Any) -> Any:
    """With `links` and `hub`. Of a large employer `links` are the people whom wages name, before versions are chosen:
    their ties are not there to be counted (near.py). people_at: as `staff.staff` gives."""
    linked = found.group_by("municipality", "to_node").aggregate(
        counted=found.from_node.nunique(),
        letters=found.from_node.nunique(where=found.verb == "letter"),
        overflow=found.overflow.max(),
    )
    for name, mine in (("everyones", ibis.literal(ANY_MUNICIPALITY)), ("own", linked.municipality)):
        told = people_at.select(delivered_for="delivered_for", staffed="to_node", **{name: "people"})
        joined = linked.left_join(told, [linked.to_node == told.staffed, mine == told.delivered_for])
        linked = joined.drop("staffed", "delivered_for")
    named = linked.everyones.fill_null(0) + linked.own.fill_null(0)
    linked = linked.mutate(links=(named > HUB_ABOVE["employer"]).ifelse(named, linked.counted))
    place = linked.to_node.split(":")[0]
    most = ibis.cases(*((place == kind, most) for kind, most in HUB_ABOVE.items()), else_=1 << 40)
    hub = ibis.cases(
        (linked.overflow, "overflow"),
        (linked.letters > LETTERS_ABOVE, "letter"),
        (linked.links > most, place),
        else_=ibis.null("string"),
    )
    return found.drop("overflow").join(
        linked.select("municipality", "to_node", "links", hub=hub), ["municipality", "to_node"]
    )


def _without_strangers(found: Any, people: Any) -> Any:
    """Without the ties to a hub of who is in no case and no relative of anybody in one: nobody goes on from a hub
    (ego.py). One of them stays, so that the hub is known as one. people: (municipality, node)."""
    first = found.group_by("municipality", "to_node").aggregate(first=found.from_node.min())
    found = found.join(first, ["municipality", "to_node"])
    ours = people.select("municipality", from_node="node", ours=True).distinct()
    found = found.left_join(ours, ["municipality", "from_node"]).drop("municipality_right", "from_node_right")
    stranger = (found.from_node.split(":")[0] == "person") & found.ours.isnull() & (found.from_node != found["first"])
    return found.filter(~(found.hub.notnull() & stranger)).drop("first", "ours")
