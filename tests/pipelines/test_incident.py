"""The drill of a discrimination incident: on a restored copy the model is frozen, evidence is kept, and who is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

import weegschaal
from enforcement import audit
from enforcement.database import engine_of, reading, writing
from enforcement.errors import RefusedError
from enforcement.holds import held_cases
from enforcement.settings import Settings
from enforcement.switch import is_off
from enforcement.tables import Case, Event, Inclusion, Score
from pipelines.backup import backup, restore
from pipelines.incident import handle
from pipelines.retaining import retain
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, candidates, drawn, service
from tests.pipelines.deliveries import ENVIRONMENT

REASON = "one group is selected too often"


class Shelf:
    """A registry that knows version 1 and remembers what was frozen."""

    frozen: list[tuple[str, str]]

    def __init__(self, _place: Path) -> None:
        return

    def described(self, version: str) -> dict[str, Any]:
        if version not in ("1", "9"):
            raise LookupError(f"no version {version}")
        return {}

    def freeze(self, version: str, reason: str) -> None:
        type(self).frozen.append((version, reason))


def settings_in(home: Path) -> Settings:
    home.mkdir(exist_ok=True)
    return Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("pipelines.promotion.Registry", Shelf)
    monkeypatch.setattr("pipelines.incident.build", lambda *_: {})
    monkeypatch.setattr(Shelf, "frozen", [], raising=False)
    chosen = settings_in(tmp_path / "home")
    service(chosen.home)
    with writing(engine_of(chosen.database)) as session:
        drawn(session, candidates(60))
        drawn(session, candidates(60), MAASTRICHT)
    return chosen


def chosen_for_risk(settings: Settings, town: str) -> set[int]:
    with reading(engine_of(settings.database)) as session:
        rows = session.execute(
            select(Inclusion.case_id, Inclusion.arms, Case.municipality).join(
                Case, (Case.id == Inclusion.case_id) & (Case.draw_id == Inclusion.draw_id)
            )
        )
        return {case for case, arms, where in rows if "risk" in arms.split(",") and where == town}


def test_r31_drill_on_a_restored_copy_freezes_preserves_and_says_who_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(settings, tmp_path / "backups", NOW)
    copy = settings_in(tmp_path / "drill")
    restore(copy, tmp_path / "backups")
    expected = {town: chosen_for_risk(copy, town) for town in (HEERLEN, MAASTRICHT)}

    monkeypatch.setenv("WEEGSCHAAL_HOME", str(copy.home))
    monkeypatch.setenv("WEEGSCHAAL_DATABASE", copy.database)
    file = tmp_path / "incident.json"
    answer = CliRunner().invoke(weegschaal.app, ["freeze", "1", "--reason", REASON, "--report", str(file)])  # type: ignore[attr-defined]
    assert answer.exit_code == 0, answer.output
    report = json.loads(file.read_text("utf-8"))

    assert Shelf.frozen == [("1", REASON)]
    assert {row["municipality"]: set(row["listed_for_risk"]) for row in report["municipalities"]} == expected
    with reading(engine_of(copy.database)) as session:
        for row in report["municipalities"]:
            town = row["municipality"]
            assert is_off(session, town)
            assert set(held_cases(session, town, dt.datetime.now(dt.UTC))) == expected[town]
            assert row["held"] == len(row["cases"]) == len(expected[town])
            entries = list(audit.chain(session, town))
            assert audit.check(entries) == []
            assert {"number": entries[-1].number, "hash": entries[-1].hash} == row["log"]
            actions = [json.loads(one.body)["action"] for one in entries]
            assert actions.index("model_frozen") < actions.index("hold_made"), "the ranking goes off first"
    assert report["preserved"]["runs"][0]["matrix_sha256"]
    assert [one["who"].split(",")[0] for one in report["tell"]][:1] == ["market surveillance authority"]
    assert all(one["by"] for one in report["tell"])
    assert 0 <= report["frozen_after"] <= report["seconds"]
    with reading(engine_of(settings.database)) as session:
        assert not is_off(session, HEERLEN), "a drill touches nothing but the copy"
        assert held_cases(session, HEERLEN, NOW) == {}
        assert "model_frozen" not in "".join(session.scalars(select(Event.body)))


def test_r31_what_an_inquiry_needs_outlives_its_term(settings: Settings) -> None:
    handle(settings, "1", REASON, NOW)
    held = chosen_for_risk(settings, HEERLEN)
    with writing(engine_of(settings.database)) as session:
        for case in session.scalars(select(Case).where(Case.id.in_(held))):
            case.state = "closed"
    retain(settings, NOW.replace(year=2040))
    with reading(engine_of(settings.database)) as session:
        assert held <= set(session.scalars(select(Score.case_id)))
        assert held <= set(session.scalars(select(Case.id)))


def test_r31_a_second_time_holds_nothing_twice_and_a_model_without_lists_is_said_so(settings: Settings) -> None:
    first = handle(settings, "1", REASON, NOW)
    again = handle(settings, "1", REASON, NOW + dt.timedelta(minutes=1))
    assert all(row["held"] > 0 for row in first["municipalities"])
    assert [row["held"] for row in again["municipalities"]] == [0, 0]
    with pytest.raises(RefusedError, match="no list"):
        handle(settings, "9", REASON, NOW)
    with pytest.raises(LookupError):
        handle(settings, "2", REASON, NOW)
