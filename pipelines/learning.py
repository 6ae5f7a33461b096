"""From reviewed cases to a champion: a matrix of what was known when each list was made, and a training on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from enforcement.access import Role
from enforcement.database import engine_of, reading
from enforcement.errors import ForbiddenError
from enforcement.keys import Keys
from enforcement.sealed import SealedStore
from enforcement.settings import Settings
from enforcement.users import grants
from features.catalogue import CATALOGUE
from features.matrix import CASES, Matrix, build, case_members, cases_on, computed, stored
from features.relations.clusters import clusters
from models.contenders import TRIALS, contenders
from models.dataset import Examples, Rest, gather, latest_outcomes, rest_of, rolling_origin
from models.leakage import KINDS as LEAKS
from models.leakage import find as find_leaks
from models.leakage import refuse as refuse_leaks
from models.outcomes import read as read_codings
from models.registry import Registry
from models.training import train as train_models
from pipelines import population
from pipelines.documents import build as build_documents
from pipelines.lake import Lake, newest_date
from pipelines.proxies import refuse_proxies, weights_of_audits
from pipelines.steps import Show, Tally, fingerprint, lake_state, once


def sealed_store(settings: Settings) -> SealedStore:
    """The store of protected attributes, opened with its own key."""
    return SealedStore(engine_of(settings.database), Keys.read(settings.keys), settings.home / "sealed")


def ages_on(settings: Settings, dates: list[dt.date]) -> pa.Table:
    """Legal age bands on the dates, from the sealed store."""
    return sealed_store(settings).legal_ages(dates)


def matrix_for(settings: Settings, cases: pa.Table, parts: dict[str, list[Path]], name: str) -> Matrix:
    """The matrix of `cases` (case_id, municipality, as_of) in a folder of its own below the home."""
    folder = settings.home / "features" / name
    folder.mkdir(parents=True, exist_ok=True)
    dates = sorted(set(cases["as_of"].to_pylist()))
    return build(parts, cases, ages_on(settings, dates), folder)


def build_matrix(settings: Settings, as_of: dt.date | None, show: Show) -> dict[str, Any]:
    """The matrix of all running cases on one date: {path, sha256, rows, as_of}."""
    lake = Lake(settings)
    day = as_of or newest_date(lake)

    def work(tally: Tally) -> dict[str, Any]:
        parts = lake.parts()
        folder = settings.home / "features" / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        cases = cases_on(parts, [day], folder)
        made = matrix_for(settings, cases, parts, day.isoformat())
        tally.rows = made.rows
        return {"path": str(made.path), "sha256": made.sha256, "rows": made.rows, "as_of": day.isoformat()}

    return once(settings, "features", fingerprint(lake_state(settings), day, sorted(CATALOGUE)), show, work)


def first_days(settings: Settings, months: int, until: dt.date | None = None) -> list[dt.date]:
    """The first of each of so many months, the last on or before `until`, or the newest date of the lake."""
    newest = until or newest_date(Lake(settings))
    last = newest.year * 12 + newest.month - 1
    return [dt.date(month // 12, month % 12 + 1, 1) for month in range(last - months + 1, last + 1)]


def build_matrices(
    settings: Settings, dates: Sequence[dt.date], show: Show, beside: Learning | None = None
) -> dict[str, Any]:
    """The matrix of all running cases on each of the dates, made in one build that reads every register once: {rows,
    matrices: [{path, sha256, rows, as_of}]}. Each file is the one that its date alone would give.

    With `beside` the same build makes what a training learns from. Raises ValueError when no benefit runs on one of the
    dates.
    """
    lake = Lake(settings)
    days = sorted(set(dates))

    def work(tally: Tally) -> dict[str, Any]:
        parts = lake.parts()
        folder = settings.home / "features" / "matrices"
        folder.mkdir(parents=True, exist_ok=True)
        running = cases_on(parts, days, folder)
        empty = sorted(set(days) - set(running["as_of"].unique().to_pylist()))
        if empty:
            raise ValueError(f"no benefit runs on {empty[0].isoformat()}; is there data of before that date?")
        asked = running if beside is None else _once_each(running, beside.cases)
        every = sorted(set(asked["as_of"].to_pylist()))
        table = computed(parts, asked, ages_on(settings, every), folder)
        made = []
        for day in days:
            of_day = table.filter(pc.equal(table["as_of"], pa.scalar(day)))
            if beside is not None:
                of_day = of_day.join(running, CASES.names, join_type="left semi")
            made.append(_kept(settings, of_day, day.isoformat()) | {"as_of": day.isoformat()})
        if beside is not None:
            beside.rows = table.join(beside.cases, CASES.names, join_type="left semi")
        tally.rows = sum(one["rows"] for one in made)
        return {"rows": tally.rows, "matrices": made}

    return once(settings, "matrices", fingerprint(lake_state(settings), days, sorted(CATALOGUE)), show, work)


@dataclass
class Learning:
    """What a training until a day learns from and estimates over: the reviewed, and a sample of who could have been.

    One build makes both, that of the dates where there are any. Only the matrix of the reviewed is stored.
    """

    settings: Settings
    parts: dict[str, list[Path]]
    outcomes: pa.Table
    """as latest_outcomes gives"""
    day: dt.date
    seed: int
    rows: pa.Table | None = None
    """rows of `cases`, when another build made them"""

    @cached_property
    def sampled(self) -> pa.Table:
        """Who was eligible for a list and not chosen."""
        return population.sample(self.settings, sealed_store(self.settings), self.parts, self.outcomes, self.seed)

    @cached_property
    def reviewed(self) -> pa.Table:
        """The cases of past lists."""
        return reviewed_cases(self.outcomes, self.day).select(CASES.names).cast(CASES)

    @cached_property
    def cases(self) -> pa.Table:
        """Both, each once."""
        return _once_each(self.reviewed, self.sampled.select(CASES.names).cast(CASES))

    def matrix(self) -> tuple[Matrix, pa.Table]:
        """The stored matrix of the reviewed, the one they alone would give; and the rows of both."""
        folder = self.settings.home / "features" / f"reviewed-until-{self.day.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        if self.rows is None:
            ages = ages_on(self.settings, sorted(set(self.cases["as_of"].to_pylist())))
            self.rows = computed(self.parts, self.cases, ages, folder)
        return stored(self.rows.join(self.reviewed, CASES.names, join_type="left semi"), folder), self.rows


def _once_each(first: pa.Table, second: pa.Table) -> pa.Table:
    return pa.concat_tables([first, second]).group_by(CASES.names).aggregate([])


def _kept(settings: Settings, rows: pa.Table, name: str) -> dict[str, Any]:
    folder = settings.home / "features" / name
    folder.mkdir(parents=True, exist_ok=True)
    made = stored(rows, folder)
    return {"path": str(made.path), "sha256": made.sha256, "rows": made.rows}


def train(
    settings: Settings,
    until: dt.date | None,
    seed: int,
    show: Show,
    only: tuple[str, ...] | None = None,
    *,
    weighted: bool = False,
    reweighed: bool = False,
    trials: int = TRIALS,
    by: str = "",
    dates: Sequence[dt.date] = (),
) -> dict[str, Any]:
    """Train, compare, register, and make the proposed one champion for demonstration.

    only: names of candidates to keep beside the baselines. by: user id of who trains, kept with the version. dates:
    matrices of all running cases on these are made in the same build, and stand in the answer as `matrices`. Which
    outcomes count is read from outcomes.toml in the home. The documents of the version are made and kept with it.
    reweighed: with the weights that the newest audits hand over, for equal treatment.
    {version, champion, why, why_nl, sha256, candidates, labelled, positives, windows, leaks}. Raises LookupError when
    no audit hands over weights, ForbiddenError when `by` is no data scientist, ProxyRefusedError on a proxy nobody
    justified (R9), and LeakError.
    """
    if by and Role.DATA_SCIENTIST not in _roles(settings, by):
        raise ForbiddenError(f"{by} is no data scientist; only a data scientist trains")
    refuse_proxies(settings, sorted(CATALOGUE))
    lake = Lake(settings)
    day = until or newest_date(lake)
    codings = read_codings(settings.home / "outcomes.toml")
    given = weights_of_audits(settings, dt.datetime.now(dt.UTC).date()) if reweighed else ()
    parts = lake.parts()
    outcomes = latest_outcomes(parts.get("outcomes", []), day)
    if not outcomes.num_rows:
        raise ValueError("there are no review outcomes to learn from; ingest them first (contract outcomes)")
    learning = Learning(settings, parts, outcomes, day, seed)
    made = build_matrices(settings, dates, show, learning) if dates else None

    def work(tally: Tally) -> dict[str, Any]:
        matrix, rows = learning.matrix()
        tally.rows = matrix.rows
        around = cluster_cases(settings, parts, outcomes, day)
        found = gather(matrix.path, outcomes, until=day, coding=codings.review, others=codings.others, clusters=around)
        leaks = find_leaks(
            found.examples,
            rolling_origin(found.examples),
            fills={name: CATALOGUE[name].fill for name in found.examples.names},
        )
        refuse_leaks(leaks)
        runners = contenders(
            CATALOGUE, found.examples.names, seed, trials=trials, only=only, weighted=weighted, reweighed=given
        )
        report = train_models(
            found.examples,
            CATALOGUE,
            seed,
            day,
            runners,
            coding=codings.review.name,
            others=found.other,
            rest=_rest(settings, parts, outcomes, found.examples, day, (learning.sampled, rows)),
        )
        registry = Registry(settings.mlruns)
        report = replace(report, leaks={kind: sum(one.kind == kind for one in leaks) for kind in LEAKS})
        version = registry.record(report, matrix.sha256, by)
        registry.promote(version, demo=True)
        build_documents(settings, version)
        document = report.document()
        return {
            "version": version,
            "champion": report.champion,
            "why": report.choice.why_en,
            "why_nl": report.choice.why_nl,
            "sha256": report.model_sha256,
            "candidates": document["candidates"],
            "labelled": report.labelled,
            "positives": report.positives,
            "windows": document["windows"],
            "leaks": document["leaks"],
            "stays": report.stays,
            "codings": document["codings"],
            "regrets": document["regrets"],
            "without_features": found.without_features,
            "without_label": found.without_label,
        }

    weights = [one.document() for one in given]
    asked = (lake_state(settings), day, seed, sorted(CATALOGUE), only, weighted, weights, trials, codings.stated(), by)
    trained = once(settings, "train", fingerprint(*asked), show, work)
    return trained | {"matrices": made["matrices"]} if made else trained


def _rest(
    settings: Settings,
    parts: dict[str, list[Path]],
    outcomes: pa.Table,
    examples: Examples,
    day: dt.date,
    others: tuple[pa.Table, pa.Table],
) -> Rest | None:
    """Who was not chosen, with the cluster of whom they live with. None when nobody was left, or when a test begins
    before the sample does."""
    sampled, rows = others
    if not sampled.num_rows or rolling_origin(examples)[0].start < population.first_tested(outcomes):
        return None
    both = pa.concat_tables([one.select(["case_id", "municipality"]) for one in (outcomes, sampled)])
    around = cluster_cases(settings, parts, both, day)
    taken = dict(zip(examples.case_id.tolist(), examples.cluster.tolist(), strict=True))
    theirs = {around[case]: cluster for case, cluster in taken.items() if case in around}
    return rest_of(rows, sampled, examples.names, {case: theirs.get(one, one) for case, one in around.items()})


def _roles(settings: Settings, user: str) -> set[str]:
    with reading(engine_of(settings.database)) as session:
        return {role for _, role in grants(session, user)}


def reviewed_cases(outcomes: pa.Table, day: dt.date) -> pa.Table:
    """The cases of past lists, each as of the date of its list."""
    early = outcomes.filter(pc.less(outcomes["selected"], pa.scalar(day)))
    cases = early.select(["case_id", "municipality", "selected"]).rename_columns(["case_id", "municipality", "as_of"])
    return cases.group_by(["case_id", "municipality", "as_of"]).aggregate([])


def cluster_cases(settings: Settings, parts: dict[str, list[Path]], outcomes: pa.Table, day: dt.date) -> dict[int, int]:
    """Case -> number of its person, household and address cluster, as known on the day."""
    cases = outcomes.select(["case_id", "municipality"]).group_by(["case_id", "municipality"]).aggregate([])
    cases = cases.append_column("as_of", pa.array([day] * cases.num_rows, pa.date32()))
    folder = settings.home / "features" / "clusters"
    folder.mkdir(parents=True, exist_ok=True)
    return clusters(parts, case_members(parts, cases, folder), day, folder)
