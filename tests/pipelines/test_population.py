"""The eligible of past lists that nobody reviewed: who they are, how many a sampled one stands for, and what stays."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from enforcement.database import engine_of, writing
from enforcement.exemptions import sift
from enforcement.policy import STANDARD
from enforcement.settings import Settings
from features.circumstances import circumstances
from features.matrix import case_members, cases_on
from models.dataset import latest_outcomes
from models.registry import Registry
from pipelines import population
from pipelines.eligibility import InService, gather
from pipelines.lake import Lake
from pipelines.learning import ages_on, sealed_store
from tests.enforcement.province import AS_OF, HEERLEN, candidates, drawn, service
from tests.pipelines.road import Province


def test_the_unreviewed_are_the_eligible_less_the_chosen_and_nothing_of_them_stays(
    province: Province, tmp_path: Path
) -> None:
    settings, _ = province
    parts, sealed = Lake(settings).parts(), sealed_store(settings)
    outcomes = latest_outcomes(parts["outcomes"], dt.date(2026, 11, 1))
    day = sorted(set(outcomes["selected"].to_pylist()))[-2]
    every = population.sample(settings, sealed, parts, outcomes, 1, most=10**6)
    assert set(every["stands_for"].to_pylist()) == {1.0}
    assert min(every["as_of"].to_pylist()) <= rolling_start(outcomes)
    found = every.filter(pc.equal(every["as_of"], day))
    then = outcomes.filter(pc.equal(outcomes["selected"], day))
    chosen = set(then["case_id"].to_pylist())
    members = case_members(parts, cases_on(parts, [day], tmp_path), tmp_path)
    care = frozenset(sealed.in_care([day])["person_id"].to_pylist())
    facts = gather(circumstances(parts, members, tmp_path), members, ages_on(settings, [day]), care, InService())
    towns = set(then["municipality"].to_pylist())
    eligible = {case for town in towns for case in sift(facts[town].facts, STANDARD).eligible}
    late = pc.greater_equal(pc.cast(outcomes["known_at"], "date32"), day)
    still_open = set(outcomes.filter(pc.and_(pc.less(outcomes["selected"], day), late))["case_id"].to_pylist())
    assert set(found["case_id"].to_pylist()) == eligible - chosen - still_open

    some = population.sample(settings, sealed, parts, outcomes, 1, most=600)
    keys = ["case_id", "municipality", "as_of"]
    assert some.join(every, keys, join_type="left anti").num_rows == 0
    assert some.num_rows < every.num_rows
    assert len({(day, size) for day, size in rows_of(some, "as_of", "stands_for")}) == len(
        set(some["as_of"].to_pylist())
    )
    assert 0.8 < pc.sum(some["stands_for"]).as_py() / every.num_rows < 1.2
    assert not (settings.home / "features" / "eligible").exists()


def rolling_start(outcomes: pa.Table) -> dt.date:
    """Four tenths of the reviews were chosen before the first test window."""
    days = sorted(outcomes["selected"].to_pylist())
    return days[int(0.4 * len(days))]


def rows_of(table: pa.Table, *names: str) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def test_only_the_reviewed_are_kept_in_a_matrix_and_it_is_the_one_they_alone_would_give(province: Province) -> None:
    settings, _ = province
    folders = sorted((settings.home / "features").glob("reviewed-until-*"))
    outcomes = latest_outcomes(Lake(settings).parts()["outcomes"], dt.date(2026, 11, 2))
    chosen = {*rows_of(outcomes, "case_id", "selected")}
    for folder in folders:
        rows = pq.read_table(folder / "matrix.parquet", columns=["case_id", "as_of"])
        assert {*rows_of(rows, "case_id", "as_of")} <= chosen
    version = Registry(settings.mlruns).load(None)
    assert version.report["eligible"]["cases"] > version.report["test_rows"]


def test_a_list_of_the_service_itself_has_its_eligible_on_record(tmp_path: Path) -> None:
    service(tmp_path)
    settings = Settings(tmp_path, 8080, f"sqlite:///{tmp_path / 'service.db'}", tmp_path / "mlruns", demo=True)
    with writing(engine_of(settings.database)) as session:
        composition, _ = drawn(session, candidates(60))
    listed = {one.case_id for one in composition.listed}
    outcomes = pa.table({"case_id": sorted(listed), "municipality": [HEERLEN] * len(listed)})
    outcomes = outcomes.append_column("selected", pa.array([AS_OF] * len(listed), pa.date32()))
    outcomes = outcomes.append_column("known_at", pa.array([dt.datetime(2026, 12, 1, tzinfo=dt.UTC)] * len(listed)))
    found = population.sample(settings, sealed_store(settings), {}, outcomes, 1)
    assert set(found["case_id"].to_pylist()) == set(range(1, 61)) - listed
    assert set(found["stands_for"].to_pylist()) == {1.0}
