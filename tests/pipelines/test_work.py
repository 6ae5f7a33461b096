"""The nightly work: every step is tried, one that fails stops no other, and the night comes once a day."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

import weegschaal
from enforcement import jobs
from enforcement.database import engine_of, writing
from enforcement.errors import ConflictError
from enforcement.settings import Settings
from enforcement.tables import Case, Draw, Inclusion, Run, Step
from pipelines import work
from pipelines.steps import unseen
from tests.enforcement.province import NOW, SCIENTIST, candidates, drawn, service
from tests.pipelines.road import Province, settings_of


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    service(home)
    chosen = Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)
    with writing(engine_of(chosen.database)) as session:
        drawn(session, candidates(40))
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(home))
    monkeypatch.setenv("WEEGSCHAAL_DATABASE", chosen.database)
    return chosen


def test_a_step_that_fails_stops_no_other(settings: Settings) -> None:
    done = {one.step: one for one in work.once(settings, unseen, NOW)}
    minute, night = (
        ["checkpoints", "contests", "requests", "trainings", "papers"],
        ["absences", "outcomes", "money", "lists", "services", "challenger", "drift"],
    )
    assert list(done) == [*minute, *night, "retention"]
    assert "the lake is empty" in done["lists"].error
    well = {one.step for one in done.values() if not one.error}
    assert well >= {"checkpoints", "absences", "outcomes", "money", "retention"}
    assert done["checkpoints"].result == "1 logs sealed"


def test_a_night_that_was_stopped_between_scores_and_lists_is_made_good_by_the_next(
    province: Province, tmp_path: Path
) -> None:
    home = tmp_path / "copy"
    shutil.copytree(province[0].home, home, ignore=shutil.ignore_patterns("deliveries", "truth"))
    copied = settings_of(home)
    with writing(engine_of(copied.database)) as session:
        lists = session.query(Draw).count()
        for table in (Inclusion, Case, Draw):
            session.execute(delete(table))
        session.execute(delete(Step).where(Step.name == "select"))
    (done,) = work.once(copied, unseen, NOW, [work.lists])
    assert not done.error
    with writing(engine_of(copied.database)) as session:
        assert session.query(Draw).count() == lists > 0
        assert session.query(Run).count() == 1
    (again,) = work.once(copied, unseen, NOW, [work.lists])
    assert again.result == done.result


def test_r05_a_municipality_whose_period_runs_keeps_its_list_and_the_command_says_so(
    province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "copy"
    shutil.copytree(province[0].home, home, ignore=shutil.ignore_patterns("deliveries", "truth"))
    copied = settings_of(home)
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(home))
    with writing(engine_of(copied.database)) as session:
        towns = list(session.scalars(select(Draw.municipality)))
        session.execute(update(Draw).values(as_of=dt.date(2026, 10, 25)))
        session.execute(delete(Step).where(Step.name == "select"))
    told = CliRunner().invoke(weegschaal.app, ["select"], catch_exceptions=False)
    assert all(f"{town} keeps its list of 2026-10-25" in told.output for town in towns)
    with writing(engine_of(copied.database)) as session:
        assert session.query(Draw).count() == len(towns) > 0


def test_the_command_says_each_step_and_fails_when_one_did(settings: Settings) -> None:
    answer = CliRunner().invoke(weegschaal.app, ["work", "--once", "--json"])
    assert answer.exit_code == 1
    steps = json.loads(answer.stdout)["steps"]
    assert [one["step"] for one in steps][-1] == "retention"
    assert [one["step"] for one in steps if one["error"]]


def test_checkpoints_every_minute_and_the_rest_once_a_night(settings: Settings) -> None:
    start = dt.datetime(2026, 11, 2, 2, 58, tzinfo=dt.UTC)
    moments = [start + dt.timedelta(minutes=minute) for minute in (*range(5), 24 * 60, 24 * 60 + 5)]
    told: list[list[str]] = []
    waiting = iter(moments)

    class EndedError(Exception):
        pass

    def clock() -> dt.datetime:
        try:
            return next(waiting)
        except StopIteration:
            raise EndedError from None

    def tell(done: list[Any]) -> None:
        told.append([one.step for one in done])

    with pytest.raises(EndedError):
        work.for_ever(settings, unseen, tell, sleep=lambda _: None, clock=clock)
    assert [len(one) for one in told] == [5, 5, 13, 5, 5, 5, 13]


def test_a_training_asked_for_on_a_page_is_done_and_tells_how_it_ended(settings: Settings) -> None:
    """An empty lake gives nothing to learn from: the row says so in one line, and the next one may be asked for."""
    with writing(engine_of(settings.database)) as session:
        asked = jobs.ask(session, SCIENTIST, jobs.TRAIN, NOW).id
        with pytest.raises(ConflictError):
            jobs.ask(session, SCIENTIST, jobs.TRAIN, NOW)
    (done,) = work.once(settings, unseen, NOW, [work.trainings])
    with writing(engine_of(settings.database)) as session:
        job = jobs.one(session, asked)
        assert (job.state, job.error) == (jobs.Stage.FAILED, done.error)
        assert "the lake is empty" in job.error
        assert jobs.ask(session, SCIENTIST, jobs.TRAIN, NOW).state == jobs.Stage.WAITING


def test_a_training_whose_worker_was_stopped_can_be_asked_for_again(settings: Settings) -> None:
    with writing(engine_of(settings.database)) as session:
        asked = jobs.ask(session, SCIENTIST, jobs.TRAIN, NOW).id
        jobs.take(session, NOW)
    later = NOW + work.LONGEST + dt.timedelta(minutes=1)
    (done,) = work.once(settings, unseen, later, [work.trainings])
    assert done.result == "none asked for"
    with writing(engine_of(settings.database)) as session:
        assert jobs.one(session, asked).state == jobs.Stage.FAILED
