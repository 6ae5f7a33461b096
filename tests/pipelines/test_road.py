"""The whole road once, small: from the deliveries of a simulated province to worklists, and what must hold."""

import json
import shutil
import signal
import time
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

import weegschaal
from enforcement.database import engine_of, reading
from enforcement.tables import Case, Draw, Event, Inclusion, Network, Run, Score
from features.catalogue import CATALOGUE
from pipelines.lake import Lake
from tests.pipelines.road import CLIENTS, Province, demo, settings_of, start


@pytest.fixture(scope="module")
def copied(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training makes another champion: the province that all tests share keeps its own."""
    home = tmp_path_factory.mktemp("road") / "home"
    shutil.copytree(province[0].home, home, ignore=shutil.ignore_patterns("deliveries", "truth"))
    return home


def test_each_municipality_has_one_list_of_its_capacity(province: Province) -> None:
    _, made = province
    assert len(made["draws"]) >= 2
    for draw in made["draws"]:
        assert draw["listed"] == min(draw["capacity"], draw["eligible"])


def test_r05_every_eligible_case_has_its_chance_and_the_chances_add_up_to_the_list(province: Province) -> None:
    settings, _ = province
    with reading(engine_of(settings.database)) as session:
        for draw in session.scalars(select(Draw)):
            chances = session.scalars(select(Inclusion.probability).where(Inclusion.draw_id == draw.id)).all()
            assert len(chances) == draw.eligible
            assert all(0 < one <= 1 for one in chances)
            assert sum(chances) == pytest.approx(draw.counts["listed"])


def test_r03_no_score_without_reasons_facts_and_the_model_it_comes_from(province: Province) -> None:
    settings, _ = province
    with reading(engine_of(settings.database)) as session:
        run = session.scalars(select(Run)).one()
        assert run.model_sha256
        assert run.demo
        scores = session.scalars(select(Score)).all()
    assert len(scores) == sum(1 for _ in scores if _.facts)
    for one in scores:
        told = one.base + sum(reason["contribution"] for reason in one.reasons) + one.remainder
        assert told == pytest.approx(one.margin, rel=1e-9, abs=1e-9)
        assert one.place_low <= one.place <= one.place_high


def test_every_listed_case_has_its_relations_within_sixty_nodes_and_two_steps(province: Province) -> None:
    settings, _ = province
    with reading(engine_of(settings.database)) as session:
        listed = session.scalar(select(func.count()).select_from(Case))
        graphs = session.scalars(select(Network.graph)).all()
    assert len(graphs) == listed
    for graph in graphs:
        assert len(graph["nodes"]) <= 60
        assert max(node["depth"] for node in graph["nodes"]) <= 2


def test_r10_nothing_protected_and_no_identity_is_a_column_of_the_lake(province: Province) -> None:
    settings, _ = province
    barred = {"person", "bsn", "name", "birth_date", "birth_place", "sex", "nationalities", "street", "postcode"}
    for contract, paths in Lake(settings).parts().items():
        columns = {
            row[0] for row in duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(paths[0])]).fetchall()
        }
        assert not columns & barred, contract


def test_the_truth_is_in_no_delivery_and_no_matrix(province: Province) -> None:
    settings, _ = province
    assert not {"would_change", "conduct"} & set(CATALOGUE)
    for path in settings.deliveries.rglob("*.parquet"):
        columns = {row[0] for row in duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()}
        assert not columns & {"would_change", "conduct", "intent"}, path.name


def test_every_list_begins_with_a_committed_secret_in_the_log(province: Province) -> None:
    settings, _ = province
    with reading(engine_of(settings.database)) as session:
        for draw in session.scalars(select(Draw)):
            bodies = session.scalars(
                select(Event.body).where(Event.municipality == draw.municipality).order_by(Event.number)
            )
            actions = [json.loads(body)["action"] for body in bodies]
            assert actions.index("seed_committed") < actions.index("list_composed")


def test_started_again_nothing_is_done_twice(province: Province) -> None:
    settings, made = province
    with reading(engine_of(settings.database)) as session:
        before = session.scalar(select(func.count()).select_from(Event))
    assert demo(settings.home) == made
    with reading(engine_of(settings.database)) as session:
        assert session.scalar(select(func.count()).select_from(Event)) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--until", "2026-11-01"], "Champion:"),
        (["select", "--as-of", "2026-11-01"], "eligible"),
        (["status"], "Worklists"),
        (["features"], "legal_basis"),
        (["records", "incomes", "--limit", "3"], "gross_cents"),
    ],
)
def test_what_was_done_is_told_to_a_person_as_well(
    copied: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(copied))
    told = CliRunner().invoke(weegschaal.app, words, catch_exceptions=False)
    assert told.exit_code == 0
    assert said in told.output


@pytest.mark.slow
def test_killed_on_the_way_and_started_again_it_ends_with_the_same_model(province: Province, tmp_path: Path) -> None:
    """Ended without warning three times, at moments that fall into different steps."""
    settings, _ = province
    for seconds in (4.0, 9.0, 15.0):
        process = start(tmp_path, "demo", "--clients", CLIENTS, "--seed", "3", "--no-serve", "--json")
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    demo(tmp_path)
    with reading(engine_of(settings.database)) as session:
        undisturbed = session.scalars(select(Run)).one()
    with reading(engine_of(settings_of(tmp_path).database)) as session:
        resumed = session.scalars(select(Run)).one()
    assert (resumed.model_sha256, resumed.matrix_sha256) == (undisturbed.model_sha256, undisturbed.matrix_sha256)
