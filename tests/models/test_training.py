"""From examples to scored cases: the same bytes twice, places with ranges, reasons that add up."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import sys

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.declaration import Feature
from models.candidate import NotFiniteError
from models.contenders import contenders, reader
from models.evaluation import SAID
from models.placing import places, tie_keys
from models.scoring import score
from models.training import train
from models.uncertainty import Ensemble, bootstrap
from models.weighting import inverse
from tests.models.builders import (
    TOPICS,
    UNTIL,
    FakeFeature,
    examples,
    features,
    matrix,
    values,
)

FEATURES = features()
BANNED = re.compile(r"fraud|suspect|\bhit|alert|verdacht|dader", re.IGNORECASE)


@pytest.fixture(scope="module")
def report():
    return train(examples(), FEATURES, 1, UNTIL, contenders(FEATURES, examples().names, 1, trials=2), refits=4)


@pytest.fixture(scope="module", params=["scorecard", "additive", "boosting"])
def scored(request, tmp_path_factory):
    data = examples()
    rows = data.rows(data.labelled)
    weights = np.ones(len(rows))
    candidate = next(one for one in contenders(FEATURES, data.names, 1) if one.name == request.param)
    path = matrix(tmp_path_factory.mktemp("matrix"))
    ensemble = bootstrap(candidate, rows, weights, 1, 8)
    dates = {"UWV": dt.date(2026, 10, 3)}
    return score(
        candidate.fit(rows, weights),
        path,
        FEATURES,
        ensemble,
        seed=5,
        source_dates=dates,
    )


def test_two_trainings_give_the_same_bytes(report) -> None:
    again = train(examples(), FEATURES, 1, UNTIL, contenders(FEATURES, examples().names, 1, trials=2), refits=4)
    assert again.model.dump() == report.model.dump()
    assert again.ensemble.dump() == report.ensemble.dump()
    assert again.dump() == report.dump()


def test_another_process_gives_the_same_bytes(report) -> None:
    code = (
        "from tests.models.builders import *; from models.training import train; import hashlib;"
        "from models.contenders import contenders; f = features();"
        "r = train(examples(), f, 1, UNTIL, contenders(f, examples().names, 1, trials=2), refits=4);"
        "print(hashlib.sha256(r.model.dump() + r.ensemble.dump() + r.dump()).hexdigest())"
    )
    ours = hashlib.sha256(report.model.dump() + report.ensemble.dump() + report.dump()).hexdigest()
    # Another order of sets and another number of threads than here.
    env = os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert theirs.stdout.strip() == ours


def test_the_report_tells_what_was_compared_and_why(report) -> None:
    document = json.loads(report.dump())
    names = {
        "random",
        "signals",
        "current-practice",
        "scorecard",
        "additive",
        "boosting",
        "ceiling",
    }
    assert {one["name"] for one in document["candidates"]} == names
    assert SAID[document["champion"]][0] in document["why_nl"].lower()
    assert all(window["train"] and 0 <= window["share_lost"] < 1 for window in document["windows"])
    assert document["labelled"] == len(examples().rows(examples().labelled))
    assert not BANNED.search(report.dump().decode())
    assert report.metrics()["prevalence"] == document["prevalence"]["value"]


def test_labels_known_after_the_cutoff_do_not_exist(report) -> None:
    until = dt.date(2026, 5, 1)
    data = examples()
    late = data.label_known_at >= np.datetime64(until)
    flipped = dataclasses.replace(data, label=np.where(late, 1 - data.label, data.label))
    runners = contenders(FEATURES, data.names, 1, trials=0, only=["scorecard", "boosting"])
    one, other = (train(each, FEATURES, 1, until, runners, refits=2) for each in (data, flipped))
    assert late.sum() > 100
    assert one.dump() == other.dump()
    assert one.model.dump() == other.model.dump()


def test_a_column_without_declaration_is_refused() -> None:
    with pytest.raises(KeyError, match="feature_11"):
        train(
            examples(),
            {name: one for name, one in FEATURES.items() if name != "feature_11"},
            1,
            UNTIL,
        )


@pytest.mark.parametrize("name", ["caseworker_id", "team_code", "decider"])
def test_r09_columns_that_say_who_decides_are_refused(name: str) -> None:
    data = examples(rows=200)
    data = dataclasses.replace(data, names=(name, *data.names[1:]))
    with pytest.raises(ValueError, match=f"{name}: says who decides"):
        train(data, FEATURES | {name: FakeFeature(name)}, 1, UNTIL)


def test_the_ensemble_reads_back_as_it_was(report) -> None:
    data = examples()
    runner = reader(report.champion)
    back = Ensemble.load(report.ensemble.dump(), runner)
    np.testing.assert_array_equal(back.margins(data.X), report.ensemble.margins(data.X))


def test_every_case_has_a_place_of_its_own_within_its_municipality_and_its_range(
    scored,
) -> None:
    for town in np.unique(scored.municipality):
        mine = scored.municipality == town
        assert sorted(scored.place[mine]) == list(range(1, mine.sum() + 1))
        ordered = scored.margin[mine][np.argsort(scored.place[mine])]
        assert (np.diff(ordered) <= 0).all()
        assert scored.place_high[mine].max() <= mine.sum()
    assert (scored.place_low >= 1).all()
    assert (scored.place_low <= scored.place).all()
    assert (scored.place <= scored.place_high).all()
    assert (scored.place_low < scored.place_high).any()
    assert 0 <= scored.stays <= 1


def test_r29_ties_follow_the_run_seed_and_the_case_id() -> None:
    case_id = np.arange(1000)
    town = np.array(["0917"] * 1000)
    zero = np.zeros(1000)
    first = places(zero, town, tie_keys(1, case_id))
    turned = places(zero, town, tie_keys(1, case_id[::-1]))
    assert first.tolist() == turned[::-1].tolist()
    assert first.tolist() != places(zero, town, tie_keys(2, case_id)).tolist()


def test_reasons_and_remainder_add_up_to_the_margin(scored) -> None:
    rows = list(scored.rows())
    assert sum(bool(row["reasons"]) for row in rows) > 0.9 * len(rows)
    for row in rows:
        total = row["base"] + sum(reason["contribution"] for reason in row["reasons"]) + row["remainder"]
        assert total == pytest.approx(row["margin"], rel=1e-9, abs=1e-12)


def test_a_reason_is_whole(scored) -> None:
    keys = {
        "topic",
        "features",
        "nl",
        "en",
        "could_nl",
        "could_en",
        "direction",
        "size",
        "share",
        "contribution",
    }
    keys |= {"source", "source_date", "comparison_nl", "comparison_en"}
    seen = set()
    for row in scored.rows():
        strengths = [abs(reason["contribution"]) for reason in row["reasons"]]
        assert strengths == sorted(strengths, reverse=True)
        for reason in row["reasons"]:
            assert set(reason) == keys
            assert reason["nl"].endswith(".")
            assert (reason["direction"] == "up") == (reason["contribution"] > 0) == bool(reason["could_nl"])
            assert all(FEATURES[name].topic == reason["topic"] for name in reason["features"])
            assert -1 <= reason["share"] <= 1
            assert (reason["source"], reason["source_date"]) == ("UWV", "2026-10-03")
            seen.add((reason["direction"], reason["size"]))
        assert abs(row["reasons"][0]["share"]) == 1 if row["reasons"] else True
        json.dumps(row, allow_nan=False)
        assert not BANNED.search(json.dumps(row))
    assert {direction for direction, _ in seen} == {"up", "down"}
    assert len({size for _, size in seen}) >= 2


def test_r06_the_facts_are_the_same_for_every_case_in_fixed_topic_order(scored) -> None:
    rows = list(scored.rows())
    order = [fact["topic"] for fact in rows[0]["facts"]]
    assert order == sorted(order, key=TOPICS.index)
    for row in rows:
        assert [fact["topic"] for fact in row["facts"]] == order
        assert all(set(fact) == {"topic", "nl", "en", "source", "source_date"} for fact in row["facts"])


def test_a_matrix_that_lacks_a_feature_or_a_value_stops_the_run(report, tmp_path) -> None:
    path = matrix(tmp_path, rows=50)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["feature_03"]), path)
    with pytest.raises(ValueError, match="feature_03"):
        score(report.model, path, FEATURES, report.ensemble, seed=1)
    holes = pc.if_else(pc.equal(table["case_id"], 900_007), None, table["feature_03"])
    pq.write_table(
        table.set_column(table.column_names.index("feature_03"), "feature_03", holes),
        path,
    )
    with pytest.raises(NotFiniteError, match="feature_03"):
        score(report.model, path, FEATURES, report.ensemble, seed=1)
    pq.write_table(table, path)
    with pytest.raises(ValueError, match="2020-01-01"):
        score(
            report.model,
            path,
            FEATURES,
            report.ensemble,
            seed=1,
            as_of=dt.date(2020, 1, 1),
        )


def test_a_fake_feature_is_what_the_catalogue_declares() -> None:
    declared = {field.name for field in dataclasses.fields(Feature)} | set(vars(Feature))
    assert {field.name for field in dataclasses.fields(FakeFeature)} <= declared


def test_the_comparison_counts_cases_of_the_same_matrix(scored) -> None:
    draw = np.random.default_rng(2)
    amounts = values(draw, 500, 12)[:, 1]
    for row in list(scored.rows())[:100]:
        for reason in row["reasons"]:
            if reason["features"][0] != "feature_01" or "middelste" not in reason["comparison_nl"]:
                continue
            amount = amounts[row["case_id"] - 900_000]
            below = np.mean(amounts < amount) * 100
            assert float(re.search(r"than in (?:fewer than |more than )?(\d+)", reason["comparison_en"])[1]) == (
                pytest.approx(below, abs=1)
            )
            assert "the middle case has €0.00" in reason["comparison_en"]


def test_the_report_shows_parts_ages_regret_and_what_stays(report) -> None:
    document = json.loads(report.dump())
    champion = [one for one in document["details"] if one["name"] == report.champion]
    assert {one["share"] for one in champion} == {0.05, 0.1, 0.2}
    assert {one["municipality"] for one in champion} == {"", "0917", "0935"}
    assert {"0-3", "3-6"} <= {one["months"] for one in champion}
    assert all(one["naive"] is None or 0 <= one["naive"] <= 1 for one in champion)
    assert len(document["regrets"]) == len(document["windows"]) - 1
    assert 0 <= document["stays"] <= 1


def test_the_champion_is_rerun_under_every_other_coding_and_the_same_labels_give_the_same_list() -> None:
    data = examples()
    draw = np.random.default_rng(4).random(len(data))
    codings = {
        "same": data.label.copy(),
        "fewer": np.where(draw < 0.5, 0 * data.label, data.label),
    }
    runners = contenders(FEATURES, data.names, 1, trials=0, only=["scorecard"])
    found = {one.coding: one for one in train(data, FEATURES, 1, UNTIL, runners, others=codings, refits=2).recoded}
    assert found["same"].same_list == pytest.approx(1)
    assert found["same"].positives > 1.5 * found["fewer"].positives
    assert found["fewer"].prevalence.value < found["same"].prevalence.value
    assert 0.1 < found["fewer"].same_list < 1


def test_candidates_are_chosen_by_name_and_a_name_that_is_not_there_is_refused() -> None:
    names = examples(rows=10).names
    kept = {one.name for one in contenders(FEATURES, names, 1, only=["additive"])}
    assert kept == {"random", "signals", "current-practice", "additive"}
    with pytest.raises(
        ValueError,
        match="no candidate 'forest'; there are scorecard, additive, boosting, ceiling",
    ):
        contenders(FEATURES, names, 1, only=["forest"])


def test_training_weights_are_an_option_that_counts_as_less_simple() -> None:
    data = examples()
    names = [one.name for one in contenders(FEATURES, data.names, 1)]
    assert not any("weighted" in name for name in names)
    runners = {one.name: one for one in contenders(FEATURES, data.names, 1, weighted=True, trials=0)}
    assert {"scorecard-weighted", "additive-weighted", "boosting-weighted"} == set(runners) - set(names)
    assert runners["scorecard-weighted"].complexity > runners["boosting"].complexity
    weights = inverse(data)
    assert weights.mean() == pytest.approx(1)
    assert set(np.round(weights / weights.min(), 6)) == {1.0, 20.0}
    with pytest.raises(ValueError, match="no inclusion probability on record; train without weights"):
        inverse(dataclasses.replace(data, probability=np.full(len(data), np.nan)))
