"""R7: what the stop rule counts, from outcomes as they are in the lake."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from enforcement import audit
from enforcement.database import engine_of, writing
from enforcement.settings import Settings
from enforcement.switch import Actor, switch_on
from models.outcomes import REVIEW
from models.stopping import Quarterly
from pipelines import stopping
from pipelines.stopping import quarterly
from tests.enforcement.province import HEERLEN
from tests.models.test_dataset import outcome, write

DAY = dt.date(2025, 3, 1)


def test_r07_a_case_counts_in_each_of_its_arms_and_a_random_case_with_a_signal_in_neither(tmp_path: Path) -> None:
    rows = [
        outcome(1, "2025-05-01"),
        outcome(2, "2025-05-01", cause="nothing_irregular", effect="none"),
        outcome(3, "2025-05-01", arm="random,signal"),
        outcome(4, "2025-05-01", arm="random,risk"),
        outcome(5, "2025-05-01", arm="risk", cause="inconclusive", effect="none"),
        outcome(6, "2025-05-01", arm="tip"),
        outcome(7, "2025-08-01", arm="risk", selected=dt.date(2025, 6, 30)),
        outcome(8, "2026-01-01", arm="risk"),
    ]
    found = quarterly([write(tmp_path, rows)], dt.date(2025, 12, 1), REVIEW)
    assert found == [
        Quarterly(dt.date(2025, 1, 1), "0917", "random", 3, 2),
        Quarterly(dt.date(2025, 1, 1), "0917", "risk", 1, 1),
        Quarterly(dt.date(2025, 4, 1), "0917", "risk", 1, 1),
    ]
    assert quarterly([], DAY, REVIEW) == []


LATER = (dt.date(2026, 7, 1), dt.date(2026, 10, 1), dt.date(2027, 1, 1))


def test_r07_on_a_stop_the_ranking_is_switched_off_and_people_may_judge_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path, 8080, f"sqlite:///{tmp_path / 'weegschaal.db'}", tmp_path / "mlruns", demo=True)
    starts = [dt.date(2025 + i // 4, 1 + 3 * (i % 4), 1) for i in range(6)]
    useless = [Quarterly(day, HEERLEN, arm, 100, n) for day in starts for arm, n in (("risk", 10), ("random", 16))]
    monkeypatch.setattr(stopping, "_reviews", lambda *_: useless)
    day, now = dt.date(2026, 11, 1), dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
    assert stopping.act(settings, [HEERLEN], day, now) == [HEERLEN]
    assert stopping.act(settings, [HEERLEN], day, now) == []
    with writing(engine_of(settings.database)) as session:
        logged = [json.loads(one.body) for one in audit.chain(session, HEERLEN)]
        assert [(one["actor"], one["action"]) for one in logged] == [("stop-rule", "ranking_switched_off")]
        switch_on(session, HEERLEN, Actor("manager.heerlen"), "another model is in use", now + dt.timedelta(days=1))
    assert stopping.act(settings, [HEERLEN], day, now) == []
    assert stopping.stop_rule(settings, [HEERLEN], day)["status"] != "stop", "people put it on again"
    useless += [Quarterly(start, HEERLEN, one.arm, 100, one.changed) for start in LATER for one in useless[:2]]
    for months, done in ((3, []), (6, [HEERLEN])):  # it finds no more than the lot in the quarters after that either
        then = day.replace(year=2026 + (day.month + months) // 12, month=(day.month + months - 1) % 12 + 1)
        assert stopping.act(settings, [HEERLEN], then, now + dt.timedelta(days=30 * months)) == done


def test_r07_nothing_is_switched_before_enough_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(tmp_path, 8080, f"sqlite:///{tmp_path / 'weegschaal.db'}", tmp_path / "mlruns", demo=True)
    monkeypatch.setattr(stopping, "_reviews", lambda *_: [])
    assert stopping.act(settings, [HEERLEN], DAY, dt.datetime(2026, 11, 1, tzinfo=dt.UTC)) == []
