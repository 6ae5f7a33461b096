"""From the matrix to service lists: who may be missing something, why in whole sentences, and in which order (R34).

No model has a part in it and none hears of it: it reads the facts of features/service.py, leaves out who is exempt from
selection (R33, R25) and who is on the review list already, and refuses when a source is missing or too old (R37).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from enforcement.database import engine_of, reading, writing
from enforcement.draws import yearly_secret
from enforcement.exemptions import sift
from enforcement.policy import in_force
from enforcement.selection import eligible_digest, seed_of
from enforcement.service_keeping import Listed, at_rest, keep_list, listed_on
from enforcement.service_list import Missing, in_order
from enforcement.settings import Settings
from enforcement.tables import Step
from features.catalogue import CATALOGUE, SOURCES
from features.circumstances import circumstances
from features.declaration import Feature
from features.matrix import CASES, case_members
from features.records import CONTRACTS
from features.service import Kind, Sign, in_a_year, months_of, signs
from models.explanation import sentence
from pipelines.eligibility import CLIENTS, Known, gather, in_service
from pipelines.freshness import checked, delivered
from pipelines.lake import Lake, newest_date
from pipelines.learning import ages_on, build_matrix, sealed_store
from pipelines.steps import Show, Tally, fingerprint, once

STEP = "service lists"


@dataclass(frozen=True)
class Pointed:
    """A case at which facts point. `reasons` as service_keeping.Listed has them."""

    missing: Missing
    kind: Kind
    reasons: tuple[dict[str, Any], ...]


def service_lists(settings: Settings, as_of: dt.date | None, show: Show) -> dict[str, Any]:
    """Compose the service list of each municipality: {as_of, lists: [one row per municipality]}.

    A municipality that has its list of the date keeps it. Raises ValueError when the lake is empty, or a source that
    the facts need is missing or too old (R37).
    """
    lake = Lake(settings)
    day = as_of or newest_date(lake)
    matrix = build_matrix(settings, day, show)

    def work(tally: Tally) -> dict[str, Any]:
        composing = _Composing(settings, lake, day, matrix)
        lists = [composing.list_of(town) for town in composing.towns]
        tally.rows = sum(one["listed"] for one in lists)
        return {"as_of": day.isoformat(), "lists": lists}

    return once(settings, STEP, fingerprint(matrix["sha256"], day), show, work)


def last_composed(settings: Settings) -> dt.date | None:
    """The date of the last service lists; None before the first."""
    with reading(engine_of(settings.database)) as session:
        done = session.get(Step, STEP)
    return dt.date.fromisoformat(done.result["as_of"]) if done else None


def pointed_at(matrix: Path, dates: Mapping[str, dt.date], day: dt.date) -> dict[str, list[Pointed]]:
    """Municipality -> the cases of the matrix at which at least one fact points, in the order of their ids.

    dates: per contract the day its data reach; a reason is as old as its oldest source.
    """
    told = signs()
    columns = ["case_id", "municipality", *(sign.feature for sign, _ in told)]
    found: dict[str, list[Pointed]] = defaultdict(list)
    for row in pq.read_table(matrix, columns=columns).sort_by("case_id").to_pylist():
        reached = [(sign, feature, row[sign.feature]) for sign, feature in told if row[sign.feature] >= sign.least]
        if reached:
            found[row["municipality"]].append(_pointed(row["case_id"], reached, dates, day))
    return dict(found)


def sources_of_signs() -> dict[str, int]:
    """The contracts on which the facts rest, and the greatest age in days at which each still counts (R37)."""
    contracts = {one for sign, _ in signs() for one in SOURCES[CATALOGUE[sign.feature].source].lineage()}
    return {one: CONTRACTS[one].max_age_days for one in sorted(contracts)}


def _pointed(
    case: int, reached: list[tuple[Sign, Feature, float]], dates: Mapping[str, dt.date], day: dt.date
) -> Pointed:
    short = any(sign.kind == Kind.PAID_SHORT for sign, _, _ in reached)
    missing = Missing(
        case_id=case,
        short=short,
        agreeing=len({sign.against for sign, _, _ in reached if not short or sign.kind == Kind.PAID_SHORT}),
        months=max(months_of(feature, value) for _, feature, value in reached),
        cents=max(in_a_year(feature, value) for _, feature, value in reached),
    )
    reasons = tuple(_reason(sign, feature, value, dates, day) for sign, feature, value in reached)
    return Pointed(missing, Kind.PAID_SHORT if short else Kind.RIGHT_UNUSED, reasons)


def _reason(sign: Sign, feature: Feature, value: float, dates: Mapping[str, dt.date], day: dt.date) -> dict[str, Any]:
    return {
        "feature": feature.name,
        "topic": feature.topic,
        "nl": sentence(feature, value, "nl"),
        "en": sentence(feature, value, "en"),
        "could_nl": feature.could_nl,
        "could_en": feature.could_en,
        "value": value,
        "unit": feature.unit,
        "law_nl": sign.law_nl,
        "law_en": sign.law_en,
        "source": ", ".join(feature.registers),
        "source_date": min((dates[one] for one in feature.contracts if one in dates), default=day).isoformat(),
    }


class _Composing:
    """What the lists of one date are composed from, gathered once for all municipalities."""

    def __init__(self, settings: Settings, lake: Lake, day: dt.date, matrix: Mapping[str, Any]) -> None:
        self.settings, self.day, self.sha256 = settings, day, matrix["sha256"]
        cases = pq.read_table(matrix["path"], columns=CASES.names).cast(CASES)
        self.towns = sorted(cases["municipality"].unique().to_pylist())
        fresh = checked(delivered(settings, day), sources_of_signs(), self.towns, day)
        dates = {contract: dt.date.fromisoformat(one["known"]) for contract, one in fresh.items()}
        self.pointed = pointed_at(Path(matrix["path"]), dates, day)
        folder = settings.home / "features" / day.isoformat()
        parts = lake.parts()
        members = case_members(parts, cases, folder)
        self.people = _people(members)
        self.known = self._known(circumstances(parts, members, folder), members)

    def _known(self, around: pa.Table, members: pa.Table) -> dict[str, Known]:
        ages = ages_on(self.settings, [self.day])
        care = frozenset(sealed_store(self.settings).in_care([self.day])["person_id"].to_pylist())
        return gather(around, members, ages, care, in_service(engine_of(self.settings.database), self.towns))

    def list_of(self, town: str) -> dict[str, Any]:
        now = dt.datetime.now(dt.UTC)
        with writing(engine_of(self.settings.database)) as session:
            _, policy = in_force(session, town)
            sifted = sift(self.known[town].facts, policy)
            resting = at_rest(session, town, self.day)
            may = set(sifted.eligible) - resting
            found = {one.missing.case_id: one for one in self.pointed.get(town, []) if one.missing.case_id in may}
            secret = yearly_secret(self.settings.keys, self.day.year)
            seed = seed_of(secret, town, self.day, eligible_digest(list(found)))
            order = in_order((one.missing for one in found.values()), policy.capacity, seed)
            listed = [self._listed(found[one.case_id]) for one in order]
            kinds = Counter(one.kind for one in listed)
            counts = {
                "eligible": len(may),
                "pointed_at": len(found),
                "listed": len(listed),
                **{kind.value: kinds[kind.value] for kind in Kind},
                "exempt": len(sifted.exempt),
            }
            if not listed_on(session, town, self.day):
                due = policy.end_of_period(self.day)
                keep_list(session, town, self.day, listed, due, now, counts | {"matrix": self.sha256})
        return {"municipality": town} | counts

    def _listed(self, one: Pointed) -> Listed:
        case = one.missing.case_id
        return Listed(case, one.kind.value, one.reasons, self.people.get(case, ()))


def _people(members: pa.Table) -> dict[int, tuple[int, ...]]:
    """Case -> random numbers of client and partner, the client first."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for case, person, role in _rows(members):
        if role in CLIENTS:
            found[case].append((CLIENTS.index(role), person))
    return {case: tuple(person for _, person in sorted(people)) for case, people in found.items()}


def _rows(members: pa.Table) -> Iterator[tuple[int, int, str]]:
    return zip(*(members[name].to_pylist() for name in ("case_id", "person_id", "role")), strict=True)
