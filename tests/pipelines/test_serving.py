"""The service lists of a small province: who is on them and who never is, and whether they find who is paid too little
(R34). The truth is read here and in benchmarks only."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select

from enforcement.database import engine_of, reading, writing
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Case, Delivery, Draw, Event, Inclusion, Network, ServiceItem, Step
from features.service import Kind, signs
from models.registry import Registry
from pipelines import ranking, serving
from pipelines.learning import ages_on, sealed_store
from pipelines.province.served import Served, held_against, underpaid_on
from pipelines.steps import unseen
from tests.pipelines.road import Province, settings_of

DAY = dt.date(2026, 11, 1)
NOTED = dt.datetime(2026, 11, 2, tzinfo=dt.UTC).replace(tzinfo=None)


def items_of(settings: Settings) -> list[ServiceItem]:
    with reading(engine_of(settings.database)) as session:
        return list(session.scalars(select(ServiceItem).order_by(ServiceItem.municipality, ServiceItem.position)))


def matrix_of(settings: Settings) -> Path:
    with reading(engine_of(settings.database)) as session:
        return Path(session.get_one(Step, "features").result["path"])


@pytest.fixture
def copy(province: Province, tmp_path: Path) -> Settings:
    settings, _ = province
    shutil.copytree(settings.home, tmp_path / "home", symlinks=True)
    return settings_of(tmp_path / "home")


def test_r34_every_municipality_has_a_list_with_reasons_that_can_be_checked(province: Province) -> None:
    settings, made = province
    items = items_of(settings)
    assert {one.municipality for one in items} == {draw["municipality"] for draw in made["draws"]}
    assert {one.kind for one in items} == set(Kind)
    least = {sign.feature: sign.least for sign, _ in signs()}
    for one in items:
        assert one.people, "somebody to speak with"
        assert one.as_of == DAY < one.due
        for reason in one.reasons:
            assert reason["value"] >= least[reason["feature"]]
            assert reason["nl"].endswith(".")
            assert reason["en"].endswith(".")
            assert dt.date.fromisoformat(reason["source_date"]) < DAY
            assert all(reason[name] for name in ("could_nl", "could_en", "unit", "source", "law_nl", "law_en", "topic"))


def test_r34_the_list_is_in_the_log_with_the_matrix_it_was_made_from(province: Province) -> None:
    settings, _ = province
    with reading(engine_of(settings.database)) as session:
        sha256 = session.get_one(Step, "features").result["sha256"]
        bodies = [json.loads(one) for one in session.scalars(select(Event.body))]
    composed = [one for one in bodies if one["action"] == "service_list_composed"]
    assert {one["details"]["matrix"] for one in composed} == {sha256}
    assert sum(one["details"]["listed"] for one in composed) == len(items_of(settings))


def test_r25_r33_nobody_exempt_and_no_minor_is_on_a_service_list(province: Province) -> None:
    settings, _ = province
    ages = ages_on(settings, [DAY])
    bands = dict(zip(ages["person_id"].to_pylist(), ages["band"].to_pylist(), strict=True))
    care = set(sealed_store(settings).in_care([DAY])["person_id"].to_pylist())
    items = items_of(settings)
    with reading(engine_of(settings.database)) as session:
        listed = set(session.scalars(select(Case.id)))
    assert len(items) > 10
    for one in items:
        people = [int(person) for person in one.people]
        assert {bands[person] for person in people} <= {"18-20", "21-26", "27-63"}
        assert not care & set(people)
        assert one.case_id not in listed, "who is reviewed is not asked twice"
    assert {"64-66", "pension"} & set(bands.values())


def test_r34_planted_underpayments_are_found_more_often_than_by_lot(province: Province) -> None:
    settings, _ = province
    vault = Vault(engine_of(settings.database), Keys.read(settings.keys))
    truth = {
        vault.find("case", dossier, town): kind for (town, dossier), kind in underpaid_on(settings.truth, DAY).items()
    }
    known = {case: kind for case, kind in truth.items() if case is not None}
    matrix = matrix_of(settings)
    cases = pq.read_table(matrix, columns=["case_id"])["case_id"].to_pylist()
    pointed = {
        one.missing.case_id
        for town in serving.pointed_at(matrix, {}, DAY).values()
        for one in town
        if one.missing.short
    }
    shown = {case for case in cases if known.get(case, "unseen") != "unseen"}
    assert len(shown) >= 8
    assert len(shown & pointed) / len(shown) > 0.75, "what shows in the payments is pointed at"
    one = held_against([item.case_id for item in items_of(settings) if item.kind == Kind.PAID_SHORT], cases, known)
    assert one.lift > 2, one


def test_the_measure_of_the_list_is_that_of_a_count_by_hand() -> None:
    one = held_against([1, 2, 3, 4], range(1, 101), {1: "paid_short", 2: "unseen", 50: "income_stopped", 999: "unseen"})
    assert one == Served(listed=4, right=2, eligible=100, among=3, shown=2)
    assert (one.share, one.by_lot) == (0.5, 0.03)
    assert one.lift == pytest.approx(0.5 / 0.03)


def test_r34_more_of_what_the_list_is_made_of_never_raises_a_score(province: Province) -> None:
    """Each fact of the list is raised for every case, and no margin of the champion goes up."""
    settings, _ = province
    model = Registry(settings.mlruns).load().model
    values = np.column_stack(
        [pq.read_table(matrix_of(settings), columns=[name])[name].to_numpy() for name in model.names]
    ).astype(float)
    before = model.margin(values)
    for sign, _ in signs():
        for more in (1.0, 12.0, 500.0):
            raised = values.copy()
            if sign.feature in model.names:
                raised[:, model.names.index(sign.feature)] += more
            assert (model.margin(raised) <= before + 1e-9).all(), sign.feature


def test_r34_the_review_list_is_the_same_with_and_without_a_service_list(copy: Settings) -> None:
    """Signals, arms and chances too: drawn again with every item closed as 'paid too little', and with none."""

    def drawn_again() -> list[Any]:
        with writing(engine_of(copy.database)) as session:
            for table in (Network, Case, Inclusion, Draw):
                session.execute(delete(table))
            session.execute(delete(Step).where(Step.name == "select"))
        ranking.select(copy, DAY, unseen)
        with reading(engine_of(copy.database)) as session:
            query = select(Inclusion.draw_id, Inclusion.case_id, Inclusion.arms, Inclusion.probability, Inclusion.place)
            return [tuple(row) for row in session.execute(query.order_by(Inclusion.draw_id, Inclusion.case_id))]

    with writing(engine_of(copy.database)) as session:
        for one in session.scalars(select(ServiceItem)):
            one.state, one.outcome, one.done, one.amount_cents = "closed", "paid_too_little", "paid_back", 10_000
            one.noted_by, one.approver, one.approved_at = "officer.heerlen", "second.heerlen", NOTED
    with_list = drawn_again()
    with writing(engine_of(copy.database)) as session:
        session.execute(delete(ServiceItem))
    assert drawn_again() == with_list
    assert len(with_list) > 100


def test_a_list_that_is_there_is_kept_and_the_next_month_overtakes_it(copy: Settings) -> None:
    before = [(one.number, one.reasons) for one in items_of(copy)]
    with writing(engine_of(copy.database)) as session:
        session.execute(delete(Step).where(Step.name == serving.STEP))
    serving.service_lists(copy, DAY, unseen)
    assert [(one.number, one.reasons) for one in items_of(copy)] == before
    serving.service_lists(copy, dt.date(2026, 11, 2), unseen)
    states = {one.as_of: {item.state for item in items_of(copy) if item.as_of == one.as_of} for one in items_of(copy)}
    assert states == {DAY: {"overtaken"}, dt.date(2026, 11, 2): {"open"}}
    assert serving.last_composed(copy) == dt.date(2026, 11, 2)


def test_r37_a_source_that_is_too_old_is_never_read_as_nothing_there(copy: Settings) -> None:
    with writing(engine_of(copy.database)) as session:
        for one in session.scalars(select(Delivery)):
            if "incomes" in one.report["records"]:
                one.received_at -= dt.timedelta(days=400)
        session.execute(delete(Step).where(Step.name == serving.STEP))
    with pytest.raises(ValueError, match=re.compile("incomes last came")):
        serving.service_lists(copy, DAY, unseen)
    assert pc.max(pq.read_table(matrix_of(copy), columns=["as_of"])["as_of"]).as_py() == DAY
