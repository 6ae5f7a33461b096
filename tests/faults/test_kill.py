"""Killed at any named point, nothing is lost and nothing is half there: running again gives the undisturbed state."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.faults import POINTS, VARIABLE
from tests.pipelines.deliveries import ENVIRONMENT, about, extract, files_of, income_row, lake_in, world

ROOT = Path(__file__).resolve().parents[2]
TELLING = ("part_synced", "part_renamed", "rows_inserted", "committed")
"""the points around which something could be lost; WEEGSCHAAL_PROOF=1 (`make proof`) tries every one"""
PROGRAM = """
import sys
from pathlib import Path
from enforcement.settings import Settings
from pipelines.ingest import ingest
reports = ingest(Settings.read(), [Path(sys.argv[1])], seed=1)
assert [one.status for one in reports if one.status not in ("published", "unchanged")] == [], reports
"""


def deliver(folder: Path) -> Path:
    """Two stock files and some messages in two folders, with a protected attribute and a broken row among them."""
    place, later = about(folder / "march"), about(folder / "may", received_at="2026-05-01T06:00:00Z")
    rows = [income_row(f"99999{n:04d}") for n in range(40)]
    extract(place / "incomes.parquet", "incomes", [*rows, income_row("12")])
    people = [{"list": f"10000000{n:02d}", "person": f"99999{n:04d}", "name": f"N{n}", "sex": "V"} for n in range(30)]
    extract(place / "persons.csv", "persons", people)
    for name in ("duo.xml", "suwi_nothing.xml"):
        (place / name).write_bytes((ROOT / "tests" / "readers" / "fixtures" / name).read_bytes())
    extract(later / "incomes.parquet", "incomes", [income_row(f"99999{n:04d}", gross_cents=200) for n in range(20, 60)])
    return folder


def run(home: Path, folder: Path, kill_at: str | None = None) -> int:
    environment = {**os.environ, **ENVIRONMENT, "WEEGSCHAAL_HOME": str(home), "PYTHONPATH": str(ROOT)}
    environment.pop(VARIABLE, None)
    if kill_at:
        environment[VARIABLE] = kill_at
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], env=environment, cwd=ROOT, check=False
    ).returncode


def state(home: Path) -> tuple[dict[str, Any], set[str]]:
    lake = lake_in(home)
    return world(lake), {name for name in files_of(lake) if name.startswith("lake/")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[dict[str, Any], set[str]]]:
    place = tmp_path_factory.mktemp("undisturbed")
    folder = deliver(place / "deliveries")
    assert run(place / "home", folder) == 0
    return folder, state(place / "home")


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS if os.environ.get("WEEGSCHAAL_PROOF") == "1" else TELLING)
def test_killed_at_any_point_nothing_is_lost(
    point: str, tmp_path: Path, undisturbed: tuple[Path, tuple[dict[str, Any], set[str]]]
) -> None:
    folder, (whole, files) = undisturbed
    assert run(tmp_path, folder, kill_at=point) == 137, f"no delivery reached {point}"
    seen = world(lake_in(tmp_path))
    visible = [delivery for delivery, *_ in seen["deliveries"]]
    for contract, rows in seen["rows"].items():
        expected = [row for row in whole["rows"][contract] if any(delivery in row for delivery in visible)]
        assert len(rows) == len(expected), f"{contract} is half visible"
    assert run(tmp_path, folder) == 0
    again, left = state(tmp_path)
    assert again == whole
    assert left == files
