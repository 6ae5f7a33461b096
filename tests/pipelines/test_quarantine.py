"""What is withheld is listed, explained and tried again; nothing of it is ever lost, and twice is once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

import pipelines.checks as checks
from enforcement.database import reading
from enforcement.identity import RevealRefusedError
from enforcement.settings import Settings
from enforcement.tables import Event, Quarantine
from features.records import Fact, contract_named
from pipelines import replay
from pipelines.arrivals import delivery_id
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.quarantine import explained, listed, rows_of
from pipelines.replay import replayed
from pipelines.sources.reading import Found, Quarantined, Reading, RefusedError
from tests.pipelines.deliveries import BSN, ENVIRONMENT, MOMENT, extract, found, income, income_row, settings_in, stay

DAY = dt.timedelta(days=1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return settings_in(tmp_path / "home")


def incomes(path: Path, *odd: dict[str, Any], good: int = 60) -> Path:
    """A stock file of good rows, then these."""
    return extract(path, "incomes", [*(income_row(f"99999{n:04d}") for n in range(good)), *odd])


def all_rows(settings: Settings) -> list[Quarantine]:
    lake = Lake(settings)
    with reading(lake.engine) as session:
        rows = list(session.scalars(select(Quarantine).order_by(Quarantine.id)))
        session.expunge_all()
        return rows


def brought(settings: Settings, path: Path, received_at: dt.datetime = MOMENT) -> str:
    (report,) = ingest(settings, [path], municipality="0917", received_at=received_at)
    assert report.status == "published", report.reason
    return delivery_id("0917", report.sha256)


def message(settings: Settings, path: Path, read: Reading, received_at: dt.datetime = MOMENT) -> str:
    """Publish what a reader gave of a file."""
    path.write_text(repr(read))
    lake = Lake(settings)
    report = lake.publish(read, path=path, municipality="0917", received_at=received_at)
    return delivery_id("0917", report.sha256)


def looser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fix of the contract: numbers of eight digits pass."""
    monkeypatch.setattr(checks, "NUMBER_SHAPE", "[0-9]{8,9}")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_reason_of_a_row_is_kept(here: Settings, tmp_path: Path, kind: str) -> None:
    odd = income_row("1", start_earliest=dt.date(2026, 3, 1), start_latest=dt.date(2026, 2, 1))
    brought(here, incomes(tmp_path / f"incomes.{kind}", odd))
    (row,) = all_rows(here)
    told = explained(here, row.id)
    assert told["reasons"] == [
        "person is not nine digits, nor A and ten digits",
        "start_earliest is later than start_latest",
    ]
    assert told["at"] == "row 61"
    assert "--replay" in told["what_to_do"]
    assert "said" not in told


def test_it_is_listed_by_delivery_and_reason(here: Settings, tmp_path: Path) -> None:
    delivery = brought(here, incomes(tmp_path / "incomes.csv", income_row("1"), income_row("2"), income_row("")))
    groups = {(one["field"], one["reason"]): (one["open"], one["resolved"]) for one in listed(here)}
    assert groups == {
        ("person", "is not nine digits, nor A and ten digits"): (2, 0),
        ("person", "is missing"): (1, 0),
    }
    assert [one["state"] for one in rows_of(here, delivery[:10])] == ["open"] * 3
    with pytest.raises(LookupError, match="lists them"):
        rows_of(here, "nothing")


def test_r14_what_a_row_said_is_shown_for_a_purpose_that_is_logged_first(here: Settings, tmp_path: Path) -> None:
    brought(here, incomes(tmp_path / "incomes.csv", income_row("12345678")))
    (row,) = all_rows(here)
    with pytest.raises(RevealRefusedError):
        explained(here, row.id, reveal=" ")
    assert "12345678" not in json.dumps(explained(here, row.id))
    assert json.loads(explained(here, row.id, reveal="herstel levering")["said"])["person"] == "12345678"
    with reading(Lake(here).engine) as session:
        (event,) = session.scalars(select(Event).where(Event.object == f"quarantine:{row.id}")).all()
    assert "herstel levering" in event.body
    assert "12345678" not in event.body


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_after_a_fix_of_the_contract_what_passes_is_published_once(
    here: Settings, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = [income_row("12345678", gross_cents=777), income_row("1", gross_cents=1)]
    delivery = brought(here, incomes(tmp_path / f"incomes.{kind}", *odd))
    assert replayed(here, delivery)["published"] == 0
    looser(monkeypatch)
    told = replayed(here, delivery)
    assert (told["published"], told["still_broken"]) == (1, 1)
    lake = Lake(here)
    (row,) = lake.rows("incomes", {"gross_cents": "777"})
    assert row["delivery"] == delivery
    assert row["known_at"] > "2026-03-01T06:00:00Z", "it was not known before it was replayed"
    states = {one.at: one.resolution for one in all_rows(here)}
    assert states == {"row 61": "published", "row 62": None}
    parts, withheld = lake.parts(), len(all_rows(here))
    assert replayed(here, delivery) == {**told, "published": 0}
    assert (lake.parts(), len(all_rows(here))) == (parts, withheld)
    assert len(lake.rows("incomes", limit=100)) == 61
    (again,) = ingest(here, [tmp_path / f"incomes.{kind}"], municipality="0917")
    assert (again.status, again.records, len(again.quarantined)) == ("unchanged", {"incomes": 61}, 1)


def test_what_came_meanwhile_is_not_overruled_by_an_older_row(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = message(here, tmp_path / "old", found(stay(certainty="thuis"), income(cents=1)))
    message(here, tmp_path / "new", found(stay(certainty="thuis"), income(cents=2)), MOMENT + DAY)
    newer = [one.delivery_id for one in all_rows(here) if one.delivery_id != delivery]
    contract = contract_named("stays")
    columns = tuple(
        dataclasses.replace(one, about=Fact("anything")) if one.name == "certainty" else one
        for one in contract.delivered_columns
    )
    monkeypatch.setitem(
        sys.modules["features.records"].CONTRACTS, "stays", dataclasses.replace(contract, delivered_columns=columns)
    )
    assert replayed(here, newer[0])["published"] == 1
    told = replayed(here, delivery)
    assert (told["published"], told["overtaken"]) == (0, 1)
    assert len(Lake(here).rows("stays")) == 1
    assert {one.resolution for one in all_rows(here)} == {"published", "overtaken"}


def test_after_a_fix_of_the_reader_the_same_file_is_read_again(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "message.xml"
    given = Reading(
        "test",
        "1",
        (Found("path/1", income(cents=1)),),
        quarantined=(Quarantined("path/2", "DatB", "is not a date", "incomes", "<Income/>"),),
    )
    delivery = message(here, path, given)
    assert replayed(here, delivery)["needs_file"] == 1
    mended = Reading(
        "test", "1", (Found("path/1", income(cents=1)), Found("path/2", income(cents=2, start="20260201")))
    )
    monkeypatch.setattr(replay, "reader_of", lambda file, source: ModuleType("test"))
    monkeypatch.setattr(replay, "read_isolated", lambda name, file: mended)
    assert replayed(here, delivery, path)["published"] == 1
    assert replayed(here, delivery, path)["published"] == 0
    assert sorted(row["gross_cents"] for row in Lake(here).rows("incomes")) == [1, 2]


def test_a_corrected_delivery_replaces_what_it_no_longer_breaks(here: Settings, tmp_path: Path) -> None:
    first = brought(here, incomes(tmp_path / "a" / "incomes.csv", income_row("12345678"), income_row("1")))
    corrected = incomes(tmp_path / "b" / "incomes.csv", income_row(BSN), income_row("1"))
    told = replayed(here, first, corrected)
    assert (told["replaced"], told["still_broken"]) == (1, 1)
    assert replayed(here, first, corrected)["replaced"] == 0
    state = {one.at: one.resolution for one in all_rows(here) if one.delivery_id == first}
    assert (state["row 61"] or "").startswith("replaced by ")
    assert state["row 62"] is None


def test_a_correction_that_is_held_resolves_nothing(here: Settings, tmp_path: Path) -> None:
    first = brought(here, incomes(tmp_path / "a" / "incomes.csv", income_row("1")))
    with pytest.raises(RefusedError, match="nothing is resolved"):
        replayed(here, first, incomes(tmp_path / "b" / "incomes.csv", income_row("1"), good=0))
    assert [one.resolution for one in all_rows(here) if one.delivery_id == first] == [None]


def test_a_held_delivery_keeps_the_old_generation_and_comes_in_whole_after_a_fix(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(here, incomes(tmp_path / "old.csv" / "incomes.csv", good=3))
    before = Lake(here).parts()
    path = incomes(tmp_path / "incomes-new.csv", *(income_row(f"1234567{n}") for n in range(8)), good=2)
    (report,) = ingest(here, [path], municipality="0917")
    assert report.status == "held"
    assert "stays in force" in (report.reason or "")
    assert Lake(here).parts() == before
    delivery = delivery_id("0917", report.sha256)
    with pytest.raises(RefusedError, match="--file"):
        replayed(here, delivery)
    looser(monkeypatch)
    assert replayed(here, delivery, path)["published"] == 8
    assert len(Lake(here).rows("incomes")) == 13
    assert [one.resolution for one in all_rows(here)] == ["published"] * 8, "kept, and marked"


def test_the_error_budget_of_a_contract_is_a_setting(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = incomes(tmp_path / "incomes.csv", income_row("1"), good=9)
    assert ingest(here, [path], municipality="0917")[0].status == "held"
    monkeypatch.setenv("WEEGSCHAAL_ERROR_BUDGETS", "incomes=0.1, stays=0")
    wider = dataclasses.replace(here, error_budgets=Settings.read().error_budgets)
    assert ingest(wider, [path], municipality="0917")[0].status == "published"
    for wrong in ("incomes", "incomes=2", "incomes=-1", "incomes=many"):
        monkeypatch.setenv("WEEGSCHAAL_ERROR_BUDGETS", wrong)
        with pytest.raises(ValueError, match="WEEGSCHAAL_ERROR_BUDGETS"):
            Settings.read()
    with pytest.raises(ValueError, match="salaries"):
        Lake(dataclasses.replace(here, error_budgets={"salaries": 0.1}))


def test_a_message_over_its_budget_is_held_whole_with_all_its_contracts(here: Settings, tmp_path: Path) -> None:
    lake = Lake(here)
    odd = [income(start=None) for _ in range(6)]
    for number, (good, status) in enumerate(((93, "published"), (94, "held"), (140, "published"))):
        records = [income(cents=n) for n in range(good)]
        read = found(stay(), *records, *odd)
        path = tmp_path / str(number)
        path.write_text(str(number))
        report = lake.publish(read, path=path, municipality="0917", received_at=MOMENT)
        assert report.status == status, (good, report.reason)
        assert report.records == ({} if status == "held" else {"incomes": good, "stays": 1})
        assert len(report.quarantined) == 6
