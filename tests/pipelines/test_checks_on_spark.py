"""A stock file checked on Spark is checked as DuckDB does it: same rows, same reasons, the same lake to the byte."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

import pipelines.checks_on_spark as there
from enforcement.database import reading
from enforcement.settings import Settings
from enforcement.tables import Part
from features.records import CONTRACTS
from pipelines.checks import checked, counted, good, withheld
from pipelines.engine import connect
from pipelines.ingest import ingest
from pipelines.lake import Lake
from tests.features.test_spark import PROOF, engine, local_spark, with_spark
from tests.pipelines.deliveries import ENVIRONMENT, about, extract, income_row, settings_in, world
from tests.pipelines.oddrows import ROWS, some, staged_in

pytestmark = [with_spark, pytest.mark.slow]
CONTRACTS_HELD = tuple(CONTRACTS) if PROOF else ("benefits", "outcomes", "stays")
"""together they have every type and every kind of rule"""


@pytest.fixture(scope="module", autouse=True)
def spark() -> Iterator[None]:
    with local_spark():
        yield


@pytest.mark.parametrize("texts", [False, True], ids=["typed", "texts"])
@pytest.mark.parametrize("name", CONTRACTS_HELD)
def test_spark_says_of_every_row_what_duckdb_says(tmp_path: Path, name: str, texts: bool) -> None:
    path = some(CONTRACTS[name], tmp_path / "some {odd} name.parquet", texts)
    connection = connect(tmp_path / "spill")
    staged = staged_in(connection, path)
    judged = there.checked_there(connection, staged, tmp_path)
    assert judged.judged

    def answers(query: str) -> list[str]:
        return sorted(map(repr, connection.execute(query).fetchall()))

    (told,) = connection.execute(counted(staged)).fetchall()
    assert connection.execute(counted(judged)).fetchall() == [told]
    assert 0 < told[2] < told[1] == ROWS
    assert answers(good(judged)) == answers(good(staged))
    assert answers(withheld(judged)) == answers(withheld(staged))
    shown = connection.sql(checked(staged))
    assert {str(kind) for kind in connection.sql(good(judged)).types} <= {str(kind) for kind in shown.types}


def deliveries(folder: Path) -> Path:
    """Stock files in every form: good rows, broken ones with several reasons, torn lines, one that is held."""
    about(folder)
    rows = [
        *(
            income_row(f"99999{n:04d}", employer=f"01234567{n % 7}L01", known_at=f"2026-02-{n % 27 + 1:02d}")
            for n in range(90)
        ),
        income_row("12", gross_cents=5, start_latest=dt.date(2025, 1, 1)),
        income_row("", end_earliest=dt.date(2026, 1, 31)),
    ]
    extract(folder / "incomes-1.csv", "incomes", rows)
    with (folder / "incomes-1.csv").open("a") as file:
        file.write("999990019,2026-01-01\n")
    native = [row | {"known_at": dt.datetime(2026, 2, 1, tzinfo=dt.UTC), "flags": ["late"]} for row in rows]
    extract(folder / "incomes-2.parquet", "incomes", native)
    extract(folder / "incomes-3.csv", "incomes", [income_row("12"), income_row()])
    people = [
        {"list": f"{n:010d}", "person": f"99999{n:04d}", "name": "Jansen", "nationalities": "0001|0223", "sex": "V"}
        for n in range(1, 40)
    ]
    extract(folder / "persons.csv", "persons", people)
    extract(folder / "signals.parquet", "signals", [])
    return folder


def parts(settings: Settings) -> list[tuple[str, str, int]]:
    with reading(Lake(settings).engine) as session:
        return [(one.contract, one.sha256, one.rows) for one in session.scalars(select(Part).order_by(Part.id))]


def test_the_lake_is_the_same_to_the_byte_and_so_is_the_quarantine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    folder = deliveries(tmp_path / "a folder")
    asked: list[str] = []
    run = there.in_spark

    def seen(query: str) -> str:
        asked.append(query)
        return run(query)

    monkeypatch.setattr(there, "in_spark", seen)
    made = {}
    for name in ("duckdb", "spark"):
        settings = settings_in(tmp_path / name)
        with engine(name):
            reports = ingest(settings, [folder], seed=1)
        made[name] = (reports, parts(settings), world(Lake(settings, seed=1)))
        assert len(asked) == (3 if name == "spark" else 0), "three files are checked there; a list as text is not"
        assert not [one for one in Lake(settings).aside.iterdir() if one.name.startswith("judged")]
    one, other = made.values()
    assert [report.status for report in one[0]] == ["published", "published", "held", "published", "refused"]
    assert [len(report.quarantined) for report in one[0]] == [3, 2, 1, 0, 0]
    assert other[0] == one[0]
    assert other[1] == one[1]
    assert other[2] == one[2]


def test_a_fault_in_the_words_for_spark_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has teeth: a shape that is not held to the whole text makes the two differ."""
    run = there.in_spark
    monkeypatch.setattr(there, "in_spark", lambda query: run(query).replace("\\\\A", "").replace("\\\\z", ""))
    with pytest.raises(AssertionError):
        test_spark_says_of_every_row_what_duckdb_says(tmp_path, "outcomes", True)


def test_spark_that_cannot_do_it_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(there, "in_spark", lambda query: "SELECT nothing FROM came")
    with pytest.raises(RuntimeError, match=r"^Spark could not do it: .*docs/spark\.md") as raised:
        test_spark_says_of_every_row_what_duckdb_says(tmp_path, "outcomes", False)
    assert "\n" not in str(raised.value)
