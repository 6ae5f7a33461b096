"""A past run made again from its stored matrix and compared bit for bit: scores, places, reasons and arms (R29)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from sqlalchemy import select as sql_select

from enforcement.clock import shown
from enforcement.database import engine_of, reading
from enforcement.draws import yearly_secret
from enforcement.selection import RANDOM, RISK, SIGNAL, TOP_UP, commitment, eligible_digest, seed_of, walk
from enforcement.settings import Settings
from enforcement.tables import Draw, Inclusion, Run, Score
from features.catalogue import CATALOGUE
from models.registry import Registered, Registry, engine_versions
from models.scoring import score as score_cases
from pipelines.ranking import seed_of_matrix

RETENTION = "R21: matrices of people who were not selected are kept 12 months; a later manifest keeps the old hash"
COMPARED = ("municipality", "margin", "place", "place_low", "place_high", "reasons", "facts", "remainder", "base")


def reproduce(settings: Settings, run_id: str) -> dict[str, Any]:
    """{"run", "status", "checked", "differences", "engine", "model_version", "model_sha256", "matrix_sha256",
    "documents", "rule"}.

    status: `same`; `different`, with what differs; or `deleted` when the matrix is gone: the hashes that remain were
    verified. checked: numbers of scores and draws. engine: packages whose version differs from that of the
    training. documents: the edition of the model's documents in force when it scored, None when there was none (R27).
    Raises LookupError for an unknown run, TamperedError when the model is not the one of the run.
    """
    with reading(engine_of(settings.database)) as session:
        run = session.get(Run, run_id)
        if run is None:
            raise LookupError(f"there is no run {run_id}; `weegschaal status` shows the runs")
        registry = Registry(settings.mlruns)
        registered = registry.load(run.model_version)
        differences = []
        if registered.sha256 != run.model_sha256:
            differences.append({"what": "model", "case_id": None, "was": run.model_sha256, "is": registered.sha256})
        draws = session.scalars(sql_select(Draw).where(Draw.run_id == run_id).order_by(Draw.municipality)).all()
        for draw in draws:
            differences += _draw_again(settings, session, draw)
        matrix = stored_matrix(settings, run)
        scores = 0
        if matrix is not None:
            scores, found = _score_again(session, run, registered, matrix)
            differences += found
        return {
            "run": run_id,
            "status": "different" if differences else "same" if matrix is not None else "deleted",
            "checked": {"scores": scores, "draws": len(draws)},
            "differences": differences,
            "engine": _engine(settings, run.model_version),
            "model_version": run.model_version,
            "model_sha256": run.model_sha256,
            "matrix_sha256": run.matrix_sha256,
            "documents": registry.edition_at(run.model_version, shown(run.scored_at)),
            "rule": "" if matrix is not None else RETENTION,
        }


def stored_matrix(settings: Settings, run: Run) -> Path | None:
    """The matrix of the run, found by its hash wherever it lies below features/."""
    places = [settings.home / "features" / run.as_of.isoformat() / "matrix.parquet"]
    places += sorted((settings.home / "features").glob("*/matrix.parquet"))
    for place in places:
        if place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == run.matrix_sha256:
            return place
    return None


def _score_again(session: Any, run: Run, registered: Registered, matrix: Path) -> tuple[int, list[dict[str, Any]]]:
    dates = {name: dt.date.fromisoformat(one["known"]) for name, one in run.sources.items() if one.get("known")}
    again = score_cases(
        registered.model,
        matrix,
        CATALOGUE,
        registered.ensemble,
        seed=seed_of_matrix(run.matrix_sha256),
        as_of=run.as_of,
        source_dates=dates,
    )
    stored = {one.case_id: one for one in session.scalars(sql_select(Score).where(Score.run_id == run.id))}
    found: list[dict[str, Any]] = []
    for row in again.rows():
        was = stored.pop(row["case_id"], None)
        if was is None:
            found.append({"what": "score", "case_id": row["case_id"], "was": None, "is": row["place"]})
            continue
        for name in (*COMPARED, "corrections"):
            if getattr(was, name) != json.loads(json.dumps(row[name])):
                found.append({"what": name, "case_id": row["case_id"], "was": getattr(was, name), "is": row[name]})
    found += [{"what": "score", "case_id": case, "was": one.place, "is": None} for case, one in stored.items()]
    return len(again), found


def _draw_again(settings: Settings, session: Any, draw: Draw) -> list[dict[str, Any]]:
    """The random arm and the chances of a draw made again from its committed secret, and the order by place.

    Which cases had a signal, and who is connected to whom, is taken as it was stored.
    """
    rows = session.scalars(sql_select(Inclusion).where(Inclusion.draw_id == draw.id)).all()
    secret = yearly_secret(settings.keys, draw.as_of.year)
    digest = eligible_digest([one.case_id for one in rows])
    differences: list[dict[str, Any]] = [
        {"what": what, "case_id": None, "was": was, "is": now}
        for what, was, now in (
            ("eligible cases", draw.eligible_sha256, digest),
            ("committed secret", draw.seed_commitment, commitment(secret)),
        )
        if was != now
    ]
    if differences:
        return differences
    arms = {one.case_id: set(filter(None, one.arms.split(","))) for one in rows}
    certain = {case for case, mine in arms.items() if mine & {SIGNAL, RISK}}
    places = {one.case_id: one.place for one in rows}
    order = walk(list(arms), seed_of(secret, draw.municipality, draw.as_of, draw.eligible_sha256))
    outside = [case for case in order if case not in certain]
    taken = sum(bool(arms[case]) for case in outside)
    listed = set(outside[:taken])
    random = draw.counts["random"]
    for at, case in enumerate(order):
        again = set(arms[case] & {SIGNAL, RISK})
        again |= {RANDOM} if at < random else {TOP_UP} if case in listed else set()
        if again != arms[case]:
            differences.append({"what": "arms", "case_id": case, "was": sorted(arms[case]), "is": sorted(again)})
    stored = {one.case_id: one.place for one in session.scalars(sql_select(Score).where(Score.run_id == draw.run_id))}
    differences += [
        {"what": "place in the draw", "case_id": case, "was": place, "is": stored.get(case)}
        for case, place in places.items()
        if stored and stored.get(case) != place
    ]
    return differences


def _engine(settings: Settings, version: str) -> list[dict[str, str]]:
    """Packages that have another version than when the model was made; the same bytes are promised on the same ones."""
    params = Registry(settings.mlruns).described(version)["params"]
    now = engine_versions()
    return [
        {"package": name, "was": params[f"version.{name}"], "is": one}
        for name, one in now.items()
        if params.get(f"version.{name}", one) != one
    ]
