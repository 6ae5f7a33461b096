"""A past run is made again bit for bit, or what differs is said; documents and the switch work on a real run."""

import dataclasses
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select as sql_select
from typer.testing import CliRunner

import weegschaal
from enforcement.database import engine_of, reading
from enforcement.errors import RefusedError
from enforcement.settings import Settings
from enforcement.switch import is_off
from enforcement.tables import Draw
from models.registry import Registry
from pipelines.documents import KINDS
from pipelines.ranking import score, select
from pipelines.reproduction import RETENTION, reproduce
from pipelines.steps import unseen
from tests.pipelines.road import Province, settings_of


@pytest.fixture
def copied(province: Province, tmp_path: Path) -> Settings:
    settings, _ = province
    home = tmp_path / "home"
    shutil.copytree(settings.home, home, ignore=shutil.ignore_patterns("deliveries", "truth"))
    return settings_of(home)


def run_of(settings: Settings) -> str:
    with sqlite3.connect(settings.home / "weegschaal.db") as database:
        return str(database.execute("SELECT id FROM run").fetchone()[0])


def changed(settings: Settings, statement: str) -> None:
    with sqlite3.connect(settings.home / "weegschaal.db") as database:
        assert database.execute(statement).rowcount > 0


def test_r29_a_past_run_is_the_same_bit_for_bit(province: Province) -> None:
    settings, made = province
    again = reproduce(settings, run_of(settings))
    assert again["differences"] == []
    assert (again["status"], again["engine"], again["rule"]) == ("same", [], "")
    assert again["checked"]["draws"] == len(made["draws"])
    assert again["checked"]["scores"] > 300
    assert again["documents"] == 1, "the model's documents of its training were in force"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE score SET margin = margin + 1e-12 WHERE place = 1", "margin"),
        ("UPDATE score SET place = place + 1 WHERE place = 2", "place"),
        ("UPDATE score SET reasons = '[]' WHERE place = 1", "reasons"),
        ("UPDATE inclusion SET arms = 'random' WHERE arms = ''", "arms"),
        ("UPDATE draw SET eligible_sha256 = 'x'", "eligible cases"),
    ],
)
def test_r29_what_was_changed_is_named(copied: Settings, statement: str, what: str) -> None:
    changed(copied, statement)
    again = reproduce(copied, run_of(copied))
    assert again["status"] == "different"
    assert what in {one["what"] for one in again["differences"]}


def test_r29_after_retention_it_says_deleted_and_verifies_what_remains(copied: Settings) -> None:
    run = run_of(copied)
    for path in (copied.home / "features").glob("*/matrix.parquet"):
        path.unlink()
    again = reproduce(copied, run)
    assert (again["status"], again["rule"], again["differences"]) == ("deleted", RETENTION, [])
    assert again["checked"]["scores"] == 0
    changed(copied, "UPDATE run SET model_sha256 = 'x'")
    assert reproduce(copied, run)["status"] == "different"


def test_r13_r31_the_commands_switch_freeze_and_list(copied: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(copied.home))

    def told(*words: str) -> dict:  # type: ignore[type-arg]
        answer = CliRunner().invoke(weegschaal.app, [*words, "--json"], catch_exceptions=False)
        assert answer.exit_code == 0, answer.output
        return dict(json.loads(answer.stdout))

    off = told("switch", "off", "--reason", "a drill", "--municipality", "0917")["municipalities"]
    assert off[0]["withdrawn"] == off[0]["drawn"] > 0
    told("switch", "on", "--reason", "the drill is over", "--municipality", "0917")
    frozen = told("freeze", "1", "--reason", "a drill")
    assert all(row["listed_for_risk"] for row in frozen["municipalities"])
    with reading(engine_of(copied.database)) as session:
        assert all(is_off(session, row["municipality"]) for row in frozen["municipalities"])
    with pytest.raises(LookupError, match="champion"):
        Registry(copied.mlruns).load()


def test_r36_a_model_that_is_not_adopted_gives_a_list_without_a_risk_arm(copied: Settings) -> None:
    with sqlite3.connect(copied.home / "weegschaal.db") as database:
        for table in ("inclusion", '"case"', "draw"):
            database.execute(f"DELETE FROM {table}")
        database.execute("DELETE FROM step WHERE name = 'select'")
        database.execute("UPDATE run SET demo = 0")
    for row in select(copied, None, unseen)["draws"]:
        assert (row["risk"], row["listed"]) == (0, row["capacity"]), row
    with reading(engine_of(copied.database)) as session:
        assert not any(session.scalars(sql_select(Draw.ranked)))


def test_r12_a_demonstration_model_scores_nothing_outside_a_demonstration(copied: Settings) -> None:
    with pytest.raises(RefusedError, match="promote"):
        score(dataclasses.replace(copied, demo=False), None, unseen)


def test_r27_every_document_of_the_champion_is_built_and_kept(
    copied: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(copied.home))
    page = tmp_path / "card.html"
    told = CliRunner().invoke(weegschaal.app, ["card", "champion", "--html", str(page)], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert "Hoe zwaar elk gegeven" in page.read_text("utf-8"), "the picture is drawn from the training matrix"
    kept = Registry(copied.mlruns).described()["documents"]
    assert {name.rsplit(".", 1)[0] for name in kept} == set(KINDS)
    assert Registry(copied.mlruns).document(None, "card.html") == page.read_bytes()
