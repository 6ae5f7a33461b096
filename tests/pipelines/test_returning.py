"""Outcomes come back as deliveries: only approved ones, once, and a later objection as a later version."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select, update

from enforcement.cases import claim
from enforcement.database import engine_of, reading, writing
from enforcement.findings import approve, overturn, save_findings
from enforcement.selection import Candidate
from enforcement.settings import Settings
from enforcement.tables import Case, Event, Inclusion
from enforcement.worklist import worklist
from models.outcomes import LabelCoding
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.returning import return_outcomes
from pipelines.steps import unseen
from pipelines.stopping import quarterly
from tests.enforcement.province import NOW, OFFICER, SECOND, candidates, drawn, findings, service

MINUTE = dt.timedelta(minutes=1)
HISTORY = """# weegschaal outcomes version=1 municipality=0917
case;selected;cause;effect;approved
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service whose listed cases are known to the vault by a dossier number: D1, D2, ..."""
    home = tmp_path / "home"
    chosen = Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)
    home.mkdir()
    service(home)
    known = tmp_path / "history.csv"
    known.write_text(HISTORY + "".join(f"D{n};2024-03-01;nothing_irregular;none;2024-04-01\n" for n in range(1, 41)))
    (report,) = ingest(chosen, [known])
    assert report.status == "published", report
    (path,) = Lake(chosen).parts()["outcomes"]
    ids = [row[0] for row in duckdb.execute("SELECT case_id FROM read_parquet(?)", [str(path)]).fetchall()]
    with writing(engine_of(chosen.database)) as session:
        drawn(session, _renumbered(ids))
    return chosen


def _renumbered(ids: list[int]) -> list[Candidate]:
    return [dataclasses.replace(one, case_id=case) for one, case in zip(candidates(len(ids)), sorted(ids), strict=True)]


def reviewed(settings: Settings) -> tuple[str, str]:
    """The first case that one person reviews, approved: its number and its findings."""
    with writing(engine_of(settings.database)) as session:
        number = next(row.number for row in worklist(session, OFFICER, now=NOW).items if not row.blind)
        version = claim(session, OFFICER, number, NOW).version
        saved = save_findings(session, OFFICER, number, findings(), version, NOW)
        approve(session, SECOND, number, saved.version, NOW)
        return number, saved.finding


def versions(settings: Settings) -> list[tuple[object, ...]]:
    paths = [str(path) for path in Lake(settings).parts()["outcomes"]]
    return duckdb.execute(
        "SELECT effect, coalesce(overturned, false), arm IS NOT NULL FROM read_parquet(?) "
        "WHERE selected > DATE '2025-01-01' ORDER BY known_at",
        [paths],
    ).fetchall()


def test_an_approved_outcome_comes_back_once(settings: Settings) -> None:
    assert return_outcomes(settings, unseen, NOW)["outcomes"] == 0
    reviewed(settings)
    made = return_outcomes(settings, unseen, NOW + MINUTE)
    assert (made["outcomes"], [one["status"] for one in made["files"]]) == (1, ["published"])
    assert versions(settings) == [("down", False, True)]
    within_the_overlap = return_outcomes(settings, unseen, NOW + MINUTE)
    assert [one["status"] for one in within_the_overlap["files"]] == ["unchanged"]
    assert return_outcomes(settings, unseen, NOW + 200 * MINUTE)["outcomes"] == 1
    assert return_outcomes(settings, unseen, NOW + 300 * MINUTE)["outcomes"] == 0


@pytest.mark.parametrize(
    ("arms", "counted"), [("random", ["random"]), ("random,signal", []), ("random,risk", ["random", "risk"])]
)
def test_r07_every_arm_of_a_case_comes_back_so_that_the_stop_rule_sees_no_signal_in_the_lot(
    settings: Settings, arms: str, counted: list[str]
) -> None:
    """The lift is told by random cases without an open signal; a case in two arms counts in both (statistics.md)."""
    number, _ = reviewed(settings)
    with writing(engine_of(settings.database)) as session:
        mine = select(Case.id).where(Case.number == number).scalar_subquery()
        session.execute(update(Inclusion).where(Inclusion.case_id == mine).values(arms=arms))
    assert return_outcomes(settings, unseen, NOW + MINUTE)["outcomes"] == 1
    found = quarterly(Lake(settings).parts()["outcomes"], dt.date(2100, 1, 1), LabelCoding())
    assert [one.arm for one in found if one.start.year > 2025] == counted


def test_findings_that_nobody_approved_do_not_come_back(settings: Settings) -> None:
    with writing(engine_of(settings.database)) as session:
        number = next(row.number for row in worklist(session, OFFICER, now=NOW).items if not row.blind)
        version = claim(session, OFFICER, number, NOW).version
        save_findings(session, OFFICER, number, findings(), version, NOW)
    assert return_outcomes(settings, unseen, NOW + MINUTE)["outcomes"] == 0
    assert versions(settings) == []


def test_an_objection_comes_back_as_a_later_version(settings: Settings) -> None:
    number, finding = reviewed(settings)
    return_outcomes(settings, unseen, NOW + MINUTE)
    later = NOW + dt.timedelta(days=100)
    with writing(engine_of(settings.database)) as session:
        overturn(session, SECOND, number, finding, "Bezwaar gegrond, besluit 12", later)
    return_outcomes(settings, unseen, later + MINUTE)
    assert versions(settings) == [("down", False, True), ("down", True, True)]


def test_r14_which_dossiers_were_delivered_is_logged(settings: Settings) -> None:
    reviewed(settings)
    return_outcomes(settings, unseen, NOW + MINUTE)
    with reading(engine_of(settings.database)) as session:
        actions = [one.body for one in session.scalars(select(Event)) if "outcomes_delivered" in one.body]
    assert len(actions) == 1
