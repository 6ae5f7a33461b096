"""From reviewed cases to a champion: a matrix of what was known when each list was made, and a training on it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from enforcement.database import engine_of
from enforcement.keys import Keys
from enforcement.sealed import SealedStore
from enforcement.settings import Settings
from features.catalogue import CATALOGUE
from features.matrix import Matrix, build, case_members, cases_on
from features.relations.clusters import clusters
from models.contenders import TRIALS, contenders
from models.dataset import gather, latest_outcomes
from models.outcomes import read as read_codings
from models.registry import Registry
from models.training import train as train_models
from pipelines.lake import Lake
from pipelines.steps import Show, Tally, fingerprint, lake_state, once


def newest_date(lake: Lake) -> dt.date:
    """The first day on which everything in the lake counts: the day after the latest record time.

    Raises ValueError when the lake is empty.
    """
    known = [moment for moment in lake.freshness().values() if moment is not None]
    if not known:
        raise ValueError("the lake is empty; bring deliveries in with `weegschaal ingest`")
    return max(known).date() + dt.timedelta(days=1)


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


def train(
    settings: Settings,
    until: dt.date | None,
    seed: int,
    show: Show,
    only: tuple[str, ...] | None = None,
    *,
    weighted: bool = False,
    trials: int = TRIALS,
) -> dict[str, Any]:
    """Train, compare, register, and make the proposed one champion for demonstration.

    only: names of candidates to keep beside the baselines. Which outcomes count is read from outcomes.toml in the home.
    {version, champion, why, why_nl, sha256, candidates, labelled, positives, windows}.
    """
    lake = Lake(settings)
    day = until or newest_date(lake)
    codings = read_codings(settings.home / "outcomes.toml")

    def work(tally: Tally) -> dict[str, Any]:
        parts = lake.parts()
        outcomes = latest_outcomes(parts.get("outcomes", []), day)
        if not outcomes.num_rows:
            raise ValueError("there are no review outcomes to learn from; ingest them first (contract outcomes)")
        matrix = matrix_for(settings, reviewed_cases(outcomes, day), parts, f"reviewed-until-{day.isoformat()}")
        tally.rows = matrix.rows
        around = cluster_cases(settings, parts, outcomes, day)
        found = gather(matrix.path, outcomes, until=day, coding=codings.review, others=codings.others, clusters=around)
        runners = contenders(CATALOGUE, found.examples.names, seed, trials=trials, only=only, weighted=weighted)
        report = train_models(
            found.examples, CATALOGUE, seed, day, runners, coding=codings.review.name, others=found.other
        )
        registry = Registry(settings.mlruns)
        version = registry.record(report, matrix.sha256)
        registry.promote(version, demo=True)
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
            "stays": report.stays,
            "codings": document["codings"],
            "regrets": document["regrets"],
            "without_features": found.without_features,
            "without_label": found.without_label,
        }

    asked = (lake_state(settings), day, seed, sorted(CATALOGUE), only, weighted, trials, codings.stated())
    return once(settings, "train", fingerprint(*asked), show, work)


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
