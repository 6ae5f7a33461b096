"""The command line keeps its promises: help with an example, JSON for machines, one-line errors that say what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import weegschaal

COMMANDS = sorted(
    (one.name or one.callback.__name__)  # type: ignore[union-attr]
    for one in weegschaal.app.registered_commands
)
runner = CliRunner()


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "weegschaal", *words],
        env=os.environ | {"WEEGSCHAAL_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_commands_of_the_road_are_there() -> None:
    road = {"demo", "simulate", "ingest", "features", "train", "score", "select", "serve"}
    overview = {"status", "sources", "records", "openapi"}
    assert road | overview <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = runner.invoke(weegschaal.app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    assert f"Example: weegschaal {name}" in " ".join(shown.output.split())


@pytest.mark.parametrize("name", [one for one in COMMANDS if one != "serve"])
def test_every_command_speaks_json(name: str) -> None:
    shown = runner.invoke(weegschaal.app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert "--json" in shown.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["records", "nothing"], "there is no contract 'nothing'"),
        (["train"], "weegschaal ingest"),
        (["score"], "weegschaal train"),
        (["select"], "weegschaal score"),
        (["ingest", "no-such-file.xml"], "no-such-file.xml"),
        (["score", "--as-of", "november"], "write it as 2026-11-01"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(tmp_path: Path, words: list[str], said: str) -> None:
    ended = run(tmp_path, *words)
    assert ended.returncode != 0
    assert said in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def test_sources_lists_every_contract_with_its_legal_basis(tmp_path: Path) -> None:
    ended = run(tmp_path, "sources", "--json")
    assert ended.returncode == 0
    contracts = json.loads(ended.stdout)["contracts"]
    assert len(contracts) >= 11
    assert all(one["legal_basis"] and one["purpose"] for one in contracts)


def test_no_engine_draws_its_progress_into_an_answer() -> None:
    """DuckDB draws a bar on standard output after two seconds, and what a machine reads would be no JSON any more."""
    root = Path(weegschaal.__file__).parent
    opened = {}
    for room in ("api", "commands", "enforcement", "features", "models", "pipelines"):
        for path in (root / room).rglob("*.py"):
            lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines):
                if "duckdb.connect(" in line:
                    opened[f"{path.relative_to(root)}:{number + 1}"] = lines[number + 1]
    assert opened
    assert {place for place, line in opened.items() if "SET enable_progress_bar = false" not in line} == set()
