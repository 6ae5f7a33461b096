"""The command on real files: known facts of the BRP test set, nothing lost, corrections kept, identities guarded."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
ROOT = Path(__file__).resolve().parents[2]
GBAV = SHARED / "brp" / "gbav-testset-persoonslijsten.csv"
GWS = SHARED / "gws" / "uitkering_response_basic.xml"
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("home")

    def command(*words: object, status: int = 0) -> Any:
        done = subprocess.run(
            [sys.executable, str(ROOT / "weegschaal.py"), *map(str, words), "--json"],
            env=os.environ | {"WEEGSCHAAL_HOME": str(home)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == status, done.stderr[-2000:]
        return json.loads(done.stdout) if done.stdout else done.stderr

    command.home = home  # type: ignore[attr-defined]
    command("ingest", GBAV)
    return command


def persons(run: Run, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = run("records", "persons", "--limit", "1000", *words)["records"]
    return rows


def test_the_known_facts_of_the_brp_test_set(run: Run) -> None:
    rows = persons(run)
    assert len({row["list_id"] for row in rows}) == len(rows) == 687
    with_bsn = Counter(row["person_id"] for row in rows if "bsn_missing" not in row["flags"])
    assert with_bsn.total() == 685
    assert sorted(with_bsn.values(), reverse=True)[:6] == [2, 2, 2, 2, 2, 1]
    assert sum(row["suspension"] is not None for row in rows) == 98
    assert sum((row["confidentiality"] or 0) > 0 for row in rows) == 46
    incorrect = run("records", "stays", "--where", "incorrect=true", "--limit", "5000")["records"]
    assert len(incorrect) == 31


def test_the_same_delivery_again_changes_nothing(run: Run) -> None:
    [again] = run("ingest", GBAV)["files"]
    assert (again["status"], again["records"]["persons"]) == ("unchanged", 687)
    assert len(persons(run)) == 687


def test_identities_are_shown_only_for_a_purpose_that_is_logged(run: Run) -> None:
    with GBAV.open(encoding="utf-8-sig", newline="") as file:
        numbers = {row[2] for row in list(csv.reader(file, delimiter=";"))[1:] if row[0] and row[2]}
    plain = json.dumps(persons(run))
    assert not any(f'"{number}"' in plain for number in numbers)
    assert "purpose" in run("records", "persons", "--reveal", " ", status=1)
    shown = persons(run, "--reveal", "onderzoek 2026-17")
    assert sum(bool(numbers & set((row["person"] or {"names": ()})["names"])) for row in shown) == 685
    database = run.home / "weegschaal.db"  # type: ignore[attr-defined]
    with sqlite3.connect(database) as connection:
        assert any("onderzoek 2026-17" in line for line in connection.iterdump() if "identity_revealed" in line)
    checked = subprocess.run([sys.executable, str(ROOT / "weegschaal_verify.py"), str(database)], check=False)
    assert checked.returncode == 0


def test_a_correction_stands_beside_what_it_corrects(run: Run, tmp_path: Path) -> None:
    for day, amount in (("04", "63343"), ("05", "63444")):
        folder = tmp_path / day
        folder.mkdir()
        (folder / GWS.name).write_bytes(GWS.read_bytes().replace(b">63343<", f">{amount}<".encode()))
        about = {"municipality": "0917", "received_at": f"2025-03-{day}T06:00:00Z"}
        (folder / "delivery.json").write_text(json.dumps(about))
        run("ingest", folder)
    held = run("records", "payments", "--where", "municipality=0917")["records"]
    assert [(row["paid_cents"], row["known_at"]) for row in held] == [
        (63444, "2025-03-05T06:00:00Z"),
        (63343, "2025-03-04T06:00:00Z"),
    ]
    assert len({row["case_id"] for row in held}) == 1


def test_what_is_not_a_delivery_is_refused_and_the_rest_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"PK\x03\x04" + bytes(50))
    (tmp_path / "b.json").write_bytes((SHARED / "kvk" / "basisprofiel.json").read_bytes()[:900])
    (tmp_path / "c.json").write_bytes((SHARED / "kvk" / "basisprofiel.json").read_bytes())
    entities = (
        '<!DOCTYPE r [<!ENTITY a "b">' + '<!ENTITY c "&a;&a;">]><JaarOpgaveInfoResponse>&c;</JaarOpgaveInfoResponse>'
    )
    (tmp_path / "d.xml").write_text(entities)
    said = {Path(one["path"]).name: one for one in run("ingest", tmp_path, status=1)["files"]}
    assert {name: one["status"] for name, one in said.items()} == {
        "a.xml": "refused",
        "b.json": "refused",
        "c.json": "published",
        "d.xml": "refused",
    }
    assert "zip archive" in said["a.xml"]["reason"]
    assert "ask the sender" in said["b.json"]["reason"]
