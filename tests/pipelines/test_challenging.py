"""The lists of champion and challenger, counted once more by hand; kept with the run, and no list changes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from api.science_pages import overlap_of
from enforcement.database import engine_of, reading, writing
from enforcement.settings import Settings
from enforcement.tables import Case, Inclusion, Score, Step
from pipelines import challenging
from pipelines.challenging import challenge
from pipelines.steps import unseen
from tests.enforcement.province import AS_OF, HEERLEN, MAASTRICHT, candidates, drawn, service

CASES = 200


class Model:
    names = ("x",)

    def margin(self, values: np.ndarray) -> np.ndarray:
        return values[:, 0]


class Store:
    """A registry in which version 2 challenges."""

    challenger: str | None = "2"

    def __init__(self, _folder: Path) -> None:
        pass

    def alias(self, _name: str) -> str | None:
        return self.challenger

    def load(self, version: str) -> SimpleNamespace:
        assert version == "2"
        return SimpleNamespace(model=Model())


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """One list of 200 cases; the challenger ranks them by (7 * case) mod 200."""
    home = tmp_path / "home"
    home.mkdir()
    service(home)
    chosen = Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)
    with writing(engine_of(chosen.database)) as session:
        drawn(session, candidates(CASES, signals=15))
    folder = home / "features" / AS_OF.isoformat()
    folder.mkdir(parents=True)
    cases = np.arange(1, CASES + 1)
    table = {"case_id": cases, "municipality": [HEERLEN] * CASES, "as_of": [AS_OF] * CASES, "x": -(7.0 * cases % CASES)}
    pq.write_table(pa.table(table), folder / "matrix.parquet")
    monkeypatch.setattr(challenging, "Registry", Store)
    return chosen


def test_how_many_of_the_first_are_the_same_and_what_the_others_are_on_the_list_for(settings: Settings) -> None:
    found = challenge(settings, unseen)
    (one,) = found["lists"]
    with reading(engine_of(settings.database)) as session:
        arms = dict(session.execute(select(Inclusion.case_id, Inclusion.arms)).all())
    k = sum("risk" in of.split(",") for of in arms.values())
    first = set(range(1, k + 1))
    second = set(sorted(range(1, CASES + 1), key=lambda case: 7 * case % CASES)[:k])
    assert (one["k"], one["same"], one["municipality"]) == (k, len(first & second), HEERLEN)
    for name, cases in (("only_first", first - second), ("only_second", second - first)):
        by_hand: dict[str, int] = {}
        for case in cases:
            for arm in (arms[case] or "none").split(","):
                by_hand[arm] = by_hand.get(arm, 0) + 1
        assert one[name] == by_hand
    assert one["only_second"]["none"] > 0
    assert (found["champion"], found["challenger"]) == ("1", "2")


def test_it_is_kept_with_the_run_and_nothing_of_a_case_is(settings: Settings) -> None:
    def rows() -> list[int | None]:
        with reading(engine_of(settings.database)) as session:
            return [session.scalar(select(func.count()).select_from(table)) for table in (Case, Inclusion, Score)]

    before = rows()
    found = challenge(settings, unseen)
    with reading(engine_of(settings.database)) as session:
        kept = session.get(Step, f"overlap {found['run']}")
        assert kept is not None
        assert kept.result == found
        assert not {"case_id", "cases"} & set(kept.result["lists"][0])
    assert rows() == before


def test_without_a_challenger_there_is_nothing_to_compare(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (None, "1"):
        monkeypatch.setattr(Store, "challenger", version)
        assert (challenge(settings, unseen)["challenger"], challenge(settings, unseen)["lists"]) == (None, [])


def test_r17_the_page_tells_of_ones_own_list_and_of_all_together() -> None:
    lists = [
        {"municipality": HEERLEN, "k": 20, "same": 12, "only_first": {"risk": 8}, "only_second": {"none": 8}},
        {"municipality": MAASTRICHT, "k": 30, "same": 3, "only_first": {"risk": 27}, "only_second": {"none": 27}},
    ]
    kept = {"champion": "1", "challenger": "2", "as_of": dt.date(2026, 11, 1).isoformat(), "lists": lists}
    shown = overlap_of(kept, HEERLEN)
    assert (shown["here"], shown["all"]) == (lists[0], {"k": 50, "same": 15})
    assert overlap_of(kept, "0999")["here"] is None
