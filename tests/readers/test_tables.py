"""Rules for the national tables."""

import datetime as dt
from pathlib import Path

import pytest

from pipelines.sources.reading import RefusedError
from pipelines.sources.tables import NationalTable, national_table
from tests.readers.builders import written
from tests.shared import SHARED, needs_shared

TEXT = (
    '"92.10 Gemeentecode","92.11 Omschrijving","92.12 Nieuwe code","99.98 Datum ingang","99.99 Datum einde"\r\n'
    '"0001","Oudeschans","0002","","19900101"\r\n'
    '"0002","Middenschans","0003","19900101","20100700"\r\n'
    '"0003","Nieuweschans","","20100701",""\r\n'
    '"0004","Verdronken","","","19530201"\r\n'
)


@pytest.fixture
def table(tmp_path: Path) -> NationalTable:
    return national_table(written(tmp_path, "tabel33.csv", TEXT.encode("utf-16")))


@pytest.mark.parametrize(
    ("code", "date", "becomes"),
    [
        ("0001", "1989-12-31", "0001"),
        ("0001", "1990-01-01", "0002"),
        ("0001", "2020-01-01", "0003"),
        ("0002", "1989-12-31", None),
        ("0002", "2005-01-01", "0002"),
        ("0004", "1950-01-01", "0004"),
        ("0004", "1960-01-01", None),
    ],
)
def test_a_code_means_something_on_a_date(table: NationalTable, code: str, date: str, becomes: str | None) -> None:
    assert table.municipality_on(code, dt.date.fromisoformat(date)) == becomes


def test_an_unknown_code_is_an_error(table: NationalTable) -> None:
    with pytest.raises(KeyError):
        table.municipality_on("9999", dt.date(2020, 1, 1))


def test_two_municipalities_that_follow_each_other_do_not_hang(tmp_path: Path) -> None:
    ring = TEXT.splitlines()[0] + '\r\n"0001","A","0002","","19900101"\r\n"0002","B","0001","","19900101"\r\n'
    path = written(tmp_path, "tabel33.csv", ring.encode("utf-16"))
    assert national_table(path).municipality_on("0001", dt.date(2020, 1, 1)) is None


def test_a_broken_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="national table"):
        national_table(written(tmp_path, "x.csv", "a,b\r\n"))
    with pytest.raises(RefusedError, match="row 2"):
        national_table(written(tmp_path, "x.csv", (TEXT.splitlines()[0] + '\r\n"0001"\r\n').encode("utf-16")))


@needs_shared
def test_appingedam_went_into_eemsdelta() -> None:
    table = national_table(SHARED / "brp" / "tabel33-gemeenten.csv")
    assert len(table.entries) == 1478
    assert table.municipality_on("0003", dt.date(2020, 12, 31)) == "0003"
    assert table.municipality_on("0003", dt.date(2021, 1, 1)) == "1979"
    assert table.municipality_on("0935", dt.date(2026, 11, 1)) == "0935"
