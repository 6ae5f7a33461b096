"""Files and folders come in: each is reported, small ones travel together, and what is no delivery is refused."""

from __future__ import annotations

import datetime as dt
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Delivery
from pipelines.arrivals import FileReport
from pipelines.ingest import files_below, ingest
from pipelines.lake import Lake
from pipelines.sources.reading import RefusedError
from tests.pipelines.deliveries import BSN, ENVIRONMENT, about, extract, income_row, settings_in
from tests.shared import SHARED, needs_shared

FIXTURES = Path(__file__).resolve().parents[1] / "readers" / "fixtures"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return settings_in(tmp_path / "home")


def statuses(reports: list[FileReport]) -> list[str]:
    return [report.status for report in reports]


def messages(folder: Path, number: int) -> Path:
    """A folder of different small messages."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (FIXTURES / "duo.xml").read_text(encoding="utf-8")
    for n in range(number):
        (folder / f"{n:04d}.xml").write_text(text + f"\n<!-- {n} -->\n", encoding="utf-8")
    return folder


def test_a_file_is_reported_as_agreed(here: Settings, tmp_path: Path) -> None:
    path = extract(
        tmp_path / "incomes.csv", "incomes", [*(income_row(f"99999{n:04d}") for n in range(30)), income_row("1")]
    )
    (report,) = ingest(here, [path], municipality="0917")
    told = json.loads(json.dumps(report.as_json()))
    assert set(told) == {
        *("path", "source", "schema_version", "sha256", "status", "records", "flags", "answers", "quarantined"),
    }
    assert told["records"] == {"incomes": 30}
    assert told["answers"] == {"fault": 0, "nothing_found": 0}
    assert told["quarantined"] == [
        {"at": "row 31", "field": "person", "reason": "is not nine digits, nor A and ten digits"}
    ]


def test_a_folder_says_for_whom_and_when_its_files_came(here: Settings, tmp_path: Path) -> None:
    folder = about(tmp_path / "march", "0935", "2025-03-04T07:00:00+01:00")
    extract(folder / "incomes.parquet", "incomes", [income_row()])
    ingest(here, [tmp_path / "march"])
    (row,) = Lake(here).rows("incomes")
    assert (row["municipality"], row["known_at"]) == ("0935", "2025-03-04T06:00:00Z")


def test_what_is_said_on_the_command_goes_before_the_folder(here: Settings, tmp_path: Path) -> None:
    folder = about(tmp_path / "march", "0935")
    extract(folder / "incomes.parquet", "incomes", [income_row()])
    ingest(here, [folder], municipality="0917", received_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    (row,) = Lake(here).rows("incomes")
    assert (row["municipality"], row["known_at"]) == ("0917", "2026-05-01T00:00:00Z")


def test_without_a_municipality_it_is_nobodys(here: Settings, tmp_path: Path) -> None:
    ingest(here, [extract(tmp_path / "incomes.parquet", "incomes", [income_row()])])
    assert Lake(here).rows("incomes")[0]["municipality"] == "0000"


def test_small_messages_share_a_transaction_and_keep_a_delivery_each(here: Settings, tmp_path: Path) -> None:
    folder = messages(about(tmp_path / "flow"), 60)
    commits = []
    engine = engine_of(here.database) if here.home.mkdir(parents=True) is None else None
    event.listen(engine, "commit", lambda _connection: commits.append(1))
    reports = ingest(here, [folder])
    assert statuses(reports) == ["published"] * 60
    assert len(commits) < 10
    with reading(engine_of(here.database)) as session:
        assert len(session.scalars(select(Delivery.id)).all()) == 60
    assert [len(paths) for paths in Lake(here).parts().values()] == [1]
    assert statuses(ingest(here, [folder])) == ["unchanged"] * 60


def test_a_packed_file_counts_as_what_it_holds(here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = about(tmp_path / "large")
    for name in ("incomes-1", "incomes-2"):
        rows = [income_row(employer=f"{name} {'E' * 200} {one}") for one in range(2000)]
        packed = extract(folder / f"{name}.parquet", "incomes", rows).stat().st_size
    monkeypatch.setattr("pipelines.ingest.BYTES_AT_ONCE", 3 * packed)
    together = []
    publish_all = Lake.publish_all

    def counted(lake: Lake, arrivals: Any) -> Any:
        together.append(len(arrivals))
        return publish_all(lake, arrivals)

    monkeypatch.setattr(Lake, "publish_all", counted)
    assert statuses(ingest(here, [folder])) == ["published"] * 2
    assert together == [1, 1]


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.xml", "a.xml", "inner/c.xml", ".hidden", "delivery.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)] == ["a.xml", "b.xml", "inner/c.xml"]


def test_what_is_no_delivery_is_refused_and_the_rest_goes_on(here: Settings, tmp_path: Path) -> None:
    folder = about(tmp_path / "mixed")
    (folder / "letter.txt").write_text("Geachte heer")
    (folder / "empty.xml").write_text("")
    (folder / "torn.parquet").write_bytes(b"PAR1 and no more")
    extract(folder / "incomes.parquet", "incomes", [income_row()])
    reports = ingest(here, [folder])
    assert sorted(statuses(reports)) == ["published", "refused", "refused", "refused"]
    assert all(report.as_json()["reason"] for report in reports if report.status == "refused")


def test_stock_files_of_a_folder_share_a_transaction_and_each_is_judged_alone(here: Settings, tmp_path: Path) -> None:
    folder = about(tmp_path / "stock")
    extract(folder / "incomes-1.csv", "incomes", [income_row(f"99999{n:04d}") for n in range(40)])
    extract(folder / "incomes-2.csv", "incomes", [income_row("12"), income_row()])
    extract(folder / "incomes-3.csv", "incomes", [income_row(f"99999{n:04d}") for n in range(30, 70)])
    with (folder / "incomes-3.csv").open("a") as file:
        file.write("999990019,2026-01-01\n")
    extract(folder / "payments.parquet", "payments", [])
    reports = ingest(here, [folder])
    assert statuses(reports) == ["published", "held", "published", "refused"]
    assert [report.records for report in reports] == [{"incomes": 40}, {}, {"incomes": 40}, {}]
    assert [[one.at for one in report.quarantined] for report in reports] == [[], ["row 1"], ["row 41"], []]
    assert len({row["person_id"] for row in Lake(here).rows("incomes", limit=100)}) == 70


DAY = dt.date(2026, 1, 1)
BOOKING = {"case": "1", "selected": DAY, "reference": "F1", "kind": "claimed", "booked": DAY, "amount_cents": 100}
ENVELOPE = {"known_at": dt.datetime(2026, 2, 1, tzinfo=dt.UTC), "withdrawn": False, "flags": ["late"]}
UNREADABLE = {"known_at": "soon", "withdrawn": "perhaps"}


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("names", [names for n in range(4) for names in combinations(ENVELOPE, n)])
def test_a_stock_may_have_any_of_the_columns_that_say_when_and_whether(
    here: Settings, tmp_path: Path, names: tuple[str, ...], form: str
) -> None:
    """Also one row with one value in it: a planner that proves too much may stop on what is always so."""
    row = BOOKING | {name: ENVELOPE[name] for name in names}
    path = extract(about(tmp_path / "d") / f"bookings.{form}", "bookings", [row])
    [report] = ingest(here, [path.parent])
    assert (report.status, report.records, report.quarantined) == ("published", {"bookings": 1}, ())


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_moment_or_a_withdrawal_that_cannot_be_read_is_set_aside(here: Settings, tmp_path: Path, name: str) -> None:
    rows = [income_row(employer=f"01234567{n}L01", **{name: UNREADABLE[name] if n else None}) for n in range(2)]
    path = extract(about(tmp_path / "d") / "incomes.parquet", "incomes", rows)
    [report] = ingest(here, [path.parent])
    assert [(one.at, one.field, one.reason) for one in report.quarantined] == [("row 2", name, "cannot be read")]


def test_a_refusal_never_undoes_what_was_published(here: Settings, tmp_path: Path) -> None:
    path = extract(tmp_path / "incomes.parquet", "incomes", [income_row()])
    ingest(here, [path])
    assert statuses(ingest(here, [path], source="kvk")) == ["refused"]
    assert len(Lake(here).rows("incomes")) == 1
    assert statuses(ingest(here, [path])) == ["unchanged"]


def test_errors_say_what_to_do(here: Settings, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        ingest(here, [tmp_path / "no-such-file.xml"])
    folder = tmp_path / "folder"
    extract(folder / "incomes.parquet", "incomes", [income_row()])
    for text, said in (("{", "must look like"), ('{"received_at": "2025-01-01T00:00:00"}', "time zone")):
        (folder / "delivery.json").write_text(text)
        with pytest.raises(RefusedError, match=said):
            ingest(here, [folder])
    (folder / "delivery.json").unlink()
    with pytest.raises(RefusedError, match="four digits"):
        ingest(here, [folder], municipality="../..")


def test_no_report_quotes_a_person(here: Settings, tmp_path: Path) -> None:
    path = extract(tmp_path / "incomes.csv", "incomes", [income_row(f"{BSN}7") for _ in range(3)])
    (report,) = ingest(here, [path])
    assert report.status == "held"
    assert BSN not in json.dumps(report.as_json())


def test_progress_is_told_of_every_file(here: Settings, tmp_path: Path) -> None:
    told: list[FileReport] = []
    reports = ingest(here, [messages(tmp_path / "flow", 5)], progress=told.append)
    assert told == reports


@needs_shared
def test_every_shared_file_is_published_or_refused_with_a_reason(here: Settings) -> None:
    reports = ingest(here, [SHARED / "brp", SHARED / "gws", SHARED / "kvk", SHARED / "bewoning"])
    assert set(statuses(reports)) <= {"published", "refused"}
    assert sum(report.records.get("persons", 0) for report in reports) >= 687
    assert all(report.reason for report in reports if report.status == "refused")
