"""The eligible of past lists that nobody reviewed: who they are, how many a sampled one stands for, and what stays."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from enforcement.database import engine_of, writing
from enforcement.exemptions import sift
from enforcement.policy import STANDARD
from enforcement.settings import Settings
from features.circumstances import circumstances
from features.matrix import case_members, cases_on
from models.dataset import Split, latest_outcomes
from pipelines import population
from pipelines.eligibility import gather
from pipelines.lake import Lake
from pipelines.learning import ages_on, sealed_store
from tests.enforcement.province import AS_OF, HEERLEN, candidates, drawn, service
from tests.pipelines.road import Province

NOBODY = np.array([], dtype=np.int64)


def test_the_unreviewed_are_the_eligible_less_the_chosen_and_nothing_of_them_stays(
    province: Province, tmp_path: Path
) -> None:
    settings, _ = province
    parts, sealed = Lake(settings).parts(), sealed_store(settings)
    outcomes = latest_outcomes(parts["outcomes"], dt.date(2026, 11, 1))
    dates = sorted(set(outcomes["selected"].to_pylist()))
    day, after = dates[-2], dates[-1]
    window = (Split(day, after, NOBODY, NOBODY, 0.0),)
    found = population.sample(settings, sealed, parts, outcomes, window, 1, most=10**6)
    assert set(found["stands_for"].to_pylist()) == {1.0}
    then = outcomes.filter(pc.equal(outcomes["selected"], day))
    chosen = set(then["case_id"].to_pylist())
    members = case_members(parts, cases_on(parts, [day], tmp_path), tmp_path)
    care = frozenset(sealed.in_care(day)["person_id"].to_pylist())
    facts = gather(circumstances(parts, members, tmp_path), members, ages_on(settings, [day]), care, frozenset())
    towns = set(then["municipality"].to_pylist())
    eligible = {case for town in towns for case in sift(facts[town].facts, STANDARD).eligible}
    late = pc.greater_equal(pc.cast(outcomes["known_at"], "date32"), day)
    still_open = set(outcomes.filter(pc.and_(pc.less(outcomes["selected"], day), late))["case_id"].to_pylist())
    assert set(found["case_id"].to_pylist()) == eligible - chosen - still_open

    some = population.sample(settings, sealed, parts, outcomes, window, 1, most=120)
    assert set(some["case_id"].to_pylist()) < set(found["case_id"].to_pylist())
    assert len(set(some["stands_for"].to_pylist())) == 1
    assert 0.7 < pc.sum(some["stands_for"]).as_py() / found.num_rows < 1.3
    made = population.rest(settings, sealed, parts, some, ("address_unknown",), {})
    assert len(made.examples) == some.num_rows
    assert not made.examples.labelled.any()
    assert not (settings.home / "features" / "eligible").exists()


def test_a_list_of_the_service_itself_has_its_eligible_on_record(tmp_path: Path) -> None:
    service(tmp_path)
    settings = Settings(tmp_path, 8080, f"sqlite:///{tmp_path / 'service.db'}", tmp_path / "mlruns", demo=True)
    with writing(engine_of(settings.database)) as session:
        composition, _ = drawn(session, candidates(60))
    listed = {one.case_id for one in composition.listed}
    outcomes = pa.table({"case_id": sorted(listed), "municipality": [HEERLEN] * len(listed)})
    outcomes = outcomes.append_column("selected", pa.array([AS_OF] * len(listed), pa.date32()))
    outcomes = outcomes.append_column("known_at", pa.array([dt.datetime(2026, 12, 1, tzinfo=dt.UTC)] * len(listed)))
    window = (Split(AS_OF, AS_OF + dt.timedelta(days=1), NOBODY, NOBODY, 0.0),)
    found = population.sample(settings, sealed_store(settings), {}, outcomes, window, 1)
    assert set(found["case_id"].to_pylist()) == set(range(1, 61)) - listed
    assert set(found["stands_for"].to_pylist()) == {1.0}
