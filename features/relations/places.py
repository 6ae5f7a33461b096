"""Places to look at: employers and addresses, ranked by facts of their own, for patterns no single case shows.

A ring (wages on paper only, one address for many benefits) is a matter of the place. So places have a list of their
own, apart from the ranking of cases: no feature and no score reads it, no outcome of a review goes in, and no person
comes out (R24). Where fewer than three people are behind a fact, the place is not listed: it would be a person.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq

from features.income import OWN_BENEFITS
from features.known import begun, days_between
from features.months import month_number
from features.relations.edges import Seen, edges
from features.relations.projection import pairs
from features.stages import Stages

Parts = Mapping[str, Sequence[Path]]

KINDS = ("employer", "address")
FEWEST = 3
"""people behind the fact that ranks a place"""
MONTHS = 24
"""how far back is looked"""
LASTING = 2
"""months without anything declared from which someone counts; one month is settled in the next"""
HOUSING = ("55", "87", "88")
"""SBI divisions of boarding houses, care and shelter: whoever runs one is expected to have many residents"""
CONFIDENCE = 1.96


@dataclass(frozen=True)
class Fact:
    """One fact of a place, in whole sentences."""

    name: str
    value: int
    nl: str
    en: str


@dataclass(frozen=True)
class Place:
    """A place with what speaks for looking at it. `measure` orders the list and says nothing by itself."""

    kind: str
    municipality: str
    number: str
    """loonheffingennummer of an employer; the random number of an address"""
    measure: float
    facts: tuple[Fact, ...]
    could: tuple[str, str]
    """what it could also mean, Dutch and English"""


@dataclass(frozen=True)
class Ranking:
    """Places in order, at most as many as asked for, and how many hubs were left out, by reason."""

    places: tuple[Place, ...]
    left_out: dict[str, int]


COULD = {
    "employer": (
        "Opgaven kunnen nog niet zijn verwerkt, of deze werkgever neemt via een regeling mensen met een uitkering aan.",
        "Statements may not be processed yet, or this employer takes on people on benefit under a scheme.",
    ),
    "address": (
        "Het kan een pension, een begeleide woonvorm of een gesplitst pand zijn dat nog niet zo bekend is.",
        "It may be a boarding house, supported housing or a divided building that is not known as such yet.",
    ),
}


def places(parts: Parts, as_of: dt.date, folder: Path, kind: str, most: int, graph: Path | None = None) -> Ranking:
    """The `most` places of the kind by what was known before the date, the most telling first.

    An employer is ranked by the share of its known workers who had wages there while a benefit was paid and nothing was
    declared, an address by the share of those registered there in two years who came or left with a benefit of their
    own. Shares are taken at the lower end of their interval (Wilson, 1927), so that few people weigh little; a place
    whose share may be the ordinary one of its municipality is not listed. graph: the edges of that date, made here when
    not given. Raises ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no list of {kind!r}; there are {' and '.join(KINDS)}")
    graph = graph or edges(parts, as_of, folder)
    with Stages(folder / "stages-places", parts) as stages:
        towns = stages.keep("towns", stages.lake("benefits", ()).select("municipality").distinct())
        seen = Seen(stages, towns, as_of)
        ties = stages.given("edges", pq.read_table(graph))
        rows = stages.arrow(_employers(seen, ties) if kind == "employer" else _addresses(seen, ties)).to_pylist()
    open_places = [row for row in rows if not row["hub"]]
    ordinary = _ordinary(open_places)
    made = [_place(kind, row) for row in open_places if row["telling"] >= FEWEST]
    telling = [one for one in made if one.measure > ordinary[one.municipality]]
    telling.sort(key=lambda one: (-one.measure, one.municipality, one.number))
    hubs = Counter(row["hub"] for row in rows if row["hub"])
    return Ranking(tuple(telling[:most]), dict(sorted(hubs.items())))


def _ordinary(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Per municipality the share over all its places that are no hubs."""
    telling: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for row in rows:
        telling[row["municipality"]] += row["telling"]
        people[row["municipality"]] += row["people"]
    return {town: telling[town] / max(people[town], 1) for town in people}


def lower_bound(part: int, whole: int) -> float:
    """Lower end of Wilson's interval of 95 % for `part` of `whole`; 0 where there is nobody.

    >>> round(lower_bound(4, 4), 2), round(lower_bound(40, 400), 2)
    (0.51, 0.07)
    """
    if whole == 0:
        return 0.0
    share, z2 = part / whole, CONFIDENCE**2
    middle = share + z2 / (2 * whole)
    width = CONFIDENCE * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole))
    return (middle - width) / (1 + z2 / whole)


def _employers(seen: Seen, ties: Any) -> Any:
    """Per employer: workers, those with wages beside a benefit, those with nothing declared, and what they share.

    No employer is a hub here: a large one is no reason to look and none to look away, the share decides.
    """
    months = _wages(seen)
    paid = _benefit_months(seen)
    beside = months.left_join(paid, ["municipality", "person_id", "month"])
    beside = beside.mutate(on_benefit=beside.paid.fill_null(False), silent=beside.silent.fill_null(False))
    people = seen.stages.keep(
        "workers",
        beside.group_by("municipality", "employer", "person_id").aggregate(
            beside=beside.on_benefit.max(), silent=beside.silent.sum(), first=beside.month.min()
        ),
    )
    found = people.group_by("municipality", "employer").aggregate(
        people=people.person_id.nunique(),
        beside=people.person_id.nunique(where=people.beside),
        telling=people.person_id.nunique(where=people.silent >= LASTING),
        months=people.silent.sum().fill_null(0),
        age=(month_number(ibis.literal(seen.as_of)) - people["first"].min()),
    )
    sharing = _sharing(people, pairs(ties))
    found = found.left_join(sharing, ["municipality", "employer"])
    return found.select(
        "municipality",
        "people",
        "beside",
        "telling",
        "months",
        "age",
        number=found.employer,
        sharing=found.sharing.fill_null(0),
        hub=ibis.null("string"),
    )


def _wages(seen: Seen) -> Any:
    """(municipality, employer, person_id, month): months in which someone had wages there."""
    i = seen.records("incomes", "employer", "start_earliest", "end_latest", "kind", "gross_cents")
    i = i.filter(~i.kind.isin(OWN_BENEFITS) & i.employer.notnull() & (i.gross_cents > 0))
    i = i.mutate(month=month_number(i.start_earliest))
    i = i.filter(i.month >= month_number(i.as_of) - MONTHS)
    return seen.stages.keep("wages", i.select("municipality", "employer", "person_id", "month").distinct())


def _benefit_months(seen: Seen) -> Any:
    """(municipality, person_id, month, paid, silent): silent where nothing was declared in the month or the next."""
    p = seen.records("payments", "month", "declared_income_cents", "paid_cents")
    p = p.mutate(month=month_number(p.month))
    p = p.group_by("municipality", "person_id", "month").aggregate(
        declared=p.declared_income_cents.max().fill_null(0) > 0
    )
    p = seen.stages.keep("benefit_months", p)
    after = p.select("municipality", "person_id", month=p.month - 1, later=p.declared)
    both = p.left_join(after, ["municipality", "person_id", "month"])
    silent = ~both.declared & ~both.later.fill_null(False)
    return both.select("municipality", "person_id", "month", paid=ibis.literal(True), silent=silent)


def _sharing(people: Any, shared: Any) -> Any:
    """(municipality, employer, sharing): workers who share a home, account or vehicle with another worker there."""
    named = people.select(
        "municipality", "employer", node=ibis.literal("person:") + people.person_id.cast("string")
    ).distinct()
    ones = shared.join(named.rename(one="node"), ["municipality", "one"])
    both = ones.join(named.rename(other="node"), ["municipality", "employer", "other"])
    ends = both.select("municipality", "employer", node=both.one).union(
        both.select("municipality", "employer", node=both.other)
    )
    return ends.group_by("municipality", "employer").aggregate(sharing=ends.node.nunique())


def _addresses(seen: Seen, ties: Any) -> Any:
    """Per address: who was registered in two years, whose benefit ran meanwhile, who came and left, and hub."""
    stays = _registrations(seen)
    benefits = _client_benefits(seen)
    joined = stays.left_join(benefits, ["municipality", "person_id"])
    meanwhile = (joined.case_id.notnull()) & (
        joined.benefit_end.isnull() | (joined.benefit_end >= joined.start.coalesce(joined.benefit_start))
    )
    meanwhile = meanwhile & (joined.end.isnull() | (joined.benefit_start < joined.end))
    people = seen.stages.keep(
        "registered",
        joined.mutate(case_id=meanwhile.ifelse(joined.case_id, ibis.null("int64"))).select(
            "municipality", "address_id", "person_id", "case_id", "gone", "recent"
        ),
    )
    found = people.group_by("municipality", "address_id").aggregate(
        people=people.person_id.nunique(),
        benefits=people.case_id.nunique(),
        telling=people.case_id.nunique(where=people.gone | people.recent),
        gone=people.person_id.nunique(where=people.gone & people.case_id.notnull()),
        recent=people.person_id.nunique(where=people.recent),
    )
    found = found.mutate(node=ibis.literal("address:") + found.address_id.cast("string"))
    flagged = ties.filter(ties.hub.notnull()).select("municipality", hub="hub", node="to_node").distinct()
    found = found.left_join(flagged, ["municipality", "node"]).drop("municipality_right", "node_right")
    found = found.left_join(_housing(seen), ["municipality", "address_id"]).drop(
        "municipality_right", "address_id_right"
    )
    return found.select(
        "municipality",
        "people",
        "benefits",
        "telling",
        "gone",
        "recent",
        number=found.address_id.cast("string"),
        hub=found.hub.coalesce(found.housing),
    )


def _registrations(seen: Seen) -> Any:
    s = seen.records("stays", "address_id", "start_latest", "end_earliest", "certainty", "function")
    s = s.filter((s.certainty == "resident") & s.address_id.notnull() & (s.function.fill_null("W") != "B"))
    s = s.filter(begun(s.start_latest, s.as_of))
    ended = (s.end_earliest < s.as_of).fill_null(False)
    oldest = ibis.literal(seen.as_of - dt.timedelta(days=365 * MONTHS // 12))
    s = s.mutate(gone=ended).filter(s.end_earliest.isnull() | (s.end_earliest >= oldest))
    return s.select(
        "municipality",
        "address_id",
        "person_id",
        "gone",
        start=s.start_earliest,
        end=s.gone.ifelse(s.end_earliest, ibis.null("date")),
        recent=(days_between(s.start_latest, s.as_of) <= 365),
    )


def _client_benefits(seen: Seen) -> Any:
    b = seen.records("benefits", "case_id", "role", "start_latest", "end_earliest")
    b = b.filter((b.role == "client") & begun(b.start_latest, b.as_of))
    return b.select(
        "municipality", "person_id", "case_id", benefit_start=b.start_latest, benefit_end=b.end_earliest
    ).distinct()


def _housing(seen: Seen) -> Any:
    """(municipality, address_id, housing): addresses of boarding houses, care and shelter by the trade register."""
    c = seen.records("companies", "address_id", "activities", "start_latest", "end_earliest")
    c = c.filter(c.address_id.notnull() & (c.end_earliest.isnull() | (c.end_earliest >= c.as_of)))
    c = c.mutate(activity=c.activities.unnest())
    c = c.filter(c.activity.left(2).isin(HOUSING))
    return c.select("municipality", "address_id", housing=ibis.literal("housing")).distinct()


def _place(kind: str, row: Mapping[str, Any]) -> Place:
    facts = _employer_facts(row) if kind == "employer" else _address_facts(row)
    measure = round(lower_bound(row["telling"], row["people"]), 6)
    return Place(kind, row["municipality"], row["number"], measure, tuple(facts), COULD[kind])


def _employer_facts(row: Mapping[str, Any]) -> list[Fact]:
    people, telling, months = row["people"], row["telling"], row["months"]
    facts = [
        Fact(
            "undeclared",
            telling,
            f"Van {people} bekende werknemers hadden er {telling} loon in maanden waarin een uitkering is betaald en "
            f"niets was opgegeven, samen {months} maanden.",
            f"Of {people} known workers {telling} had wages in months in which a benefit was paid and nothing was "
            f"declared, {months} months together.",
        ),
        Fact(
            "beside",
            row["beside"],
            f"Naast een uitkering werkten er {row['beside']}.",
            f"{row['beside']} worked there beside a benefit.",
        ),
        Fact(
            "age",
            row["age"],
            f"Het oudste loon in deze twee jaar is van {row['age']} maanden geleden.",
            f"The oldest wages in these two years are of {row['age']} months ago.",
        ),
    ]
    if row["sharing"] >= FEWEST:
        facts.append(
            Fact(
                "sharing",
                row["sharing"],
                f"{row['sharing']} werknemers delen met een ander een woning, rekening of voertuig.",
                f"{row['sharing']} workers share a home, account or vehicle with another.",
            )
        )
    return facts


def _address_facts(row: Mapping[str, Any]) -> list[Fact]:
    people, telling = row["people"], row["telling"]
    return [
        Fact(
            "moving",
            telling,
            f"Bij de {people} mensen die hier in twee jaar stonden ingeschreven hoorden {row['benefits']} aparte "
            f"uitkeringen; bij {telling} daarvan kwam of vertrok de klant.",
            f"The {people} people registered here in two years had {row['benefits']} separate benefits; for {telling} "
            "of these the client came or left.",
        ),
        Fact(
            "gone",
            row["gone"],
            f"Met een uitkering weer vertrokken: {row['gone']}.",
            f"Left again while on a benefit: {row['gone']}.",
        ),
        Fact(
            "recent",
            row["recent"],
            f"In het laatste jaar ingeschreven: {row['recent']}.",
            f"Registered in the last year: {row['recent']}.",
        ),
    ]
