"""Drift compares like with like: the eligible of a run with the random arm, which was drawn from the eligible."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import delete, select

from enforcement.database import engine_of, reading, writing
from enforcement.tables import Case, Draw, Inclusion, Run
from pipelines.drifting import drift, eligible
from pipelines.steps import unseen
from tests.pipelines.road import Province, settings_of


def test_drift_looks_at_the_eligible_and_not_at_the_exempt(province: Province, tmp_path: Path) -> None:
    shutil.copytree(province[0].home, tmp_path / "home", ignore=shutil.ignore_patterns("deliveries", "truth"))
    settings = settings_of(tmp_path / "home")
    with reading(engine_of(settings.database)) as session:
        run = session.scalars(select(Run)).one()
        could = set(session.scalars(select(Inclusion.case_id)))
    every = pq.read_table(settings.home / "features" / run.as_of.isoformat() / "matrix.parquet")
    assert set(eligible(settings, run, ["norm"])["case_id"].to_pylist()) == could
    assert could < set(every["case_id"].to_pylist())
    made = drift(settings, None, unseen)
    assert {one["now"] for one in made["stability"] if one["group"] == "all"} == {len(could)}
    with writing(engine_of(settings.database)) as session:
        for table in (Inclusion, Case, Draw):
            session.execute(delete(table))
    again = drift(settings, None, unseen)
    assert {one["now"] for one in again["stability"] if one["group"] == "all"} == {every.num_rows}
