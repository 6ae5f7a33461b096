"""The commands of docs/tutorial.md run as they stand there, one after the other."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import weegschaal
from tests.pipelines.road import Province

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text("utf-8"), flags=re.S | re.M)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


def test_every_command_of_the_tutorial_runs(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = province
    home = tmp_path / "home"
    shutil.copytree(settings.home, home)
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert len(commands()) >= 10
    for program, *words in commands():
        assert program == "weegschaal"
        told = CliRunner().invoke(weegschaal.app, words, catch_exceptions=False)
        assert told.exit_code == 0, (words, told.output)
    assert {"report.html", "card.html", "technical-file.html"} <= {path.name for path in tmp_path.iterdir()}


def test_files_that_the_tutorial_names_exist() -> None:
    named = re.findall(r"`((?:models|features|tests)/[\w/.]+\.py)`", TUTORIAL.read_text("utf-8"))
    assert len(named) >= 3
    for one in named:
        assert (TUTORIAL.parents[1] / one).is_file(), one
