"""Drift of a run since its model was trained, as a command and as a step of the nightly schedule.

The eligible of the run's lists against the cases that the model learned from in the random arm, which were chosen by
nobody among the eligible; what the random arm found since against what training promised. Groups are municipalities:
protected attributes stay sealed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Draw, Inclusion, Run
from models.dataset import Examples, gather, latest_outcomes
from models.drift import calibration, platt, stability
from models.fairness_rows import RANDOM
from models.registry import Registry
from pipelines.lake import Lake
from pipelines.learning import matrix_for, reviewed_cases
from pipelines.steps import Show, Tally, fingerprint, lake_state, once

MARGIN = "(margin)"


def drift(settings: Settings, run_id: str | None, show: Show) -> dict[str, Any]:
    """{run, model_version, trained_until, stability: [...], calibration: [...], moved, off}; kept as step "drift".

    Raises LookupError when nothing was scored, ValueError when there are no outcomes to compare with.
    """
    with reading(engine_of(settings.database)) as session:
        query = select(Run).order_by(Run.as_of.desc(), Run.scored_at.desc())
        run = session.scalars(query if run_id is None else query.where(Run.id == run_id)).first()
    if run is None:
        raise LookupError("there is no run to compare; score first with `weegschaal score`")

    def work(tally: Tally) -> dict[str, Any]:
        made = _compared(settings, run)
        tally.rows = len(made["stability"])
        return made

    with reading(engine_of(settings.database)) as session:
        lists = sorted(session.scalars(select(Draw.id).where(Draw.run_id == run.id)))
    return once(settings, "drift", fingerprint(run.id, lake_state(settings), lists), show, work)


def _compared(settings: Settings, run: Run) -> dict[str, Any]:
    registered = Registry(settings.mlruns).load(run.model_version)
    names = registered.model.names
    until = dt.date.fromisoformat(registered.report["until"])
    reviewed = _reviewed(settings, run)
    now = eligible(settings, run, names)
    then_cells = reviewed.X[:, [reviewed.names.index(name) for name in names]]
    now_cells = np.column_stack([now[name].to_numpy() for name in names])
    random = np.array([bool(RANDOM & set(arm.split(","))) for arm in reviewed.arm.tolist()], dtype=bool)
    early = (reviewed.as_of < np.datetime64(until, "D")) & random
    then_margin, now_margin = registered.model.margin(then_cells), registered.model.margin(now_cells)
    towns = np.array(now["municipality"].to_pylist(), dtype=np.str_)
    found = stability(
        np.column_stack([then_cells, then_margin])[early],
        np.column_stack([now_cells, now_margin]),
        (*names, MARGIN),
        {town: reviewed.municipality[early] == town for town in sorted(set(towns.tolist()))},
        {town: towns == town for town in sorted(set(towns.tolist()))},
    )
    learned = early & (reviewed.label_known_at < np.datetime64(until, "s"))
    since = random & reviewed.labelled & ~learned
    promises = []
    if learned.sum() and 0 < reviewed.label[learned].mean() < 1:
        slope, intercept = platt(then_margin[learned], reviewed.label[learned])
        promised = 1 / (1 + np.exp(-(slope * then_margin[since] + intercept)))
        groups = {town: reviewed.municipality[since] == town for town in sorted(set(towns.tolist()))}
        promises = [asdict(one) for one in calibration(promised, reviewed.label[since], groups)]
    return {
        "run": run.id,
        "model_version": run.model_version,
        "trained_until": until.isoformat(),
        "stability": [asdict(one) for one in found],
        "calibration": promises,
        "moved": [f"{one.feature} in {one.group}" for one in found if one.status == "moved"],
        "off": [one["group"] for one in promises if one["status"] == "off"],
    }


def eligible(settings: Settings, run: Run, names: Sequence[str]) -> pa.Table:
    """case_id, municipality and the features of every case that the lot could have drawn from the run; every case of
    the run as long as it has no list. With the exempt among them, whoever was reviewed not long ago would be drift."""
    path = settings.home / "features" / run.as_of.isoformat() / "matrix.parquet"
    found = pq.read_table(path, columns=["case_id", "municipality", *names])
    with reading(engine_of(settings.database)) as session:
        query = select(Inclusion.case_id).join(Draw, Draw.id == Inclusion.draw_id).where(Draw.run_id == run.id)
        drawn_from = session.scalars(query).all()
    return found.filter(pc.is_in(found["case_id"], pa.array(drawn_from, pa.int64()))) if drawn_from else found


def _reviewed(settings: Settings, run: Run) -> Examples:
    parts = Lake(settings).parts()
    outcomes = latest_outcomes(parts.get("outcomes", []), run.as_of)
    if not outcomes.num_rows:
        raise ValueError("there are no review outcomes to compare with; ingest them first (contract outcomes)")
    matrix = matrix_for(settings, reviewed_cases(outcomes, run.as_of), parts, f"drift-{run.as_of.isoformat()}")
    return gather(matrix.path, outcomes, until=run.as_of).examples
