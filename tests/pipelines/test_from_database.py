"""Extracts in PostgreSQL go the way of every stock file: the same checks, the same lake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import psycopg
import pytest

from enforcement.settings import Settings
from pipelines.deliveries import bring_from_database, bring_in
from pipelines.lake import Lake
from pipelines.sources.reading import RefusedError
from pipelines.steps import unseen
from tests.databases import the_server

MADE = """
DROP SCHEMA IF EXISTS uwv CASCADE;
CREATE SCHEMA uwv;
CREATE TABLE uwv.incomes (
    id serial, municipality text, person text, employer text, relation text, start_earliest date, start_latest date,
    kind text, gross_cents bigint, flags text[], known_at timestamptz);
INSERT INTO uwv.incomes (municipality, person, employer, relation, start_earliest, start_latest, kind, gross_cents,
                         flags, known_at)
SELECT '0917', lpad((999990019 - 9 * n)::text, 9, '9'), 'een, "twee"', '1', '2026-01-01', '2026-01-01', '15', 100 * n,
       CASE WHEN n = 1 THEN ARRAY['a', 'b'] END, '2026-02-01 05:00:00+01'
FROM generate_series(1, 40) n;
"""


@pytest.fixture
def office() -> str:
    url = the_server().url("postgres", "admin").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as connection:
        connection.execute(MADE)
    return url


def settings(home: Path) -> Settings:
    return Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", True)


def lake_rows(home: Path) -> list[dict[str, Any]]:
    return Lake(settings(home)).rows("incomes", limit=1_000)


def test_rows_of_a_table_are_those_of_the_same_stock_file(office: str, tmp_path: Path) -> None:
    (report,) = bring_from_database(settings(tmp_path / "a"), office, {"incomes": "uwv.incomes"}, None, unseen)["files"]
    assert (report["status"], report["records"]) == ("published", {"incomes": 40})
    with psycopg.connect(office) as connection:
        people = connection.execute("SELECT person, gross_cents FROM uwv.incomes ORDER BY 1").fetchall()
    lines = ["person,employer,relation,start_earliest,start_latest,kind,gross_cents,flags,known_at"]
    first = '"een, ""twee""",1,2026-01-01,2026-01-01,15'
    lines += [f"{who},{first},{cents},{'a|b' if cents == 100 else ''},2026-02-01T04:00:00Z" for who, cents in people]
    file = tmp_path / "incomes.csv"
    file.write_text("\n".join(lines) + "\n")
    bring_in(settings(tmp_path / "b"), [file], None, "0917", unseen)

    def told(home: Path) -> list[tuple[Any, ...]]:
        names = ("municipality", "employer", "start_earliest", "kind", "gross_cents", "flags", "known_at")
        return sorted((tuple(str(row[name]) for name in names) for row in lake_rows(home)), key=str)

    assert told(tmp_path / "a") == told(tmp_path / "b")
    assert {row["known_at"] for row in lake_rows(tmp_path / "a")} == {"2026-02-01T04:00:00Z"}
    assert not (tmp_path / "a" / "unloaded").exists()


def test_the_same_rows_are_the_same_delivery(office: str, tmp_path: Path) -> None:
    def once() -> str:
        made = bring_from_database(settings(tmp_path), office, {"incomes": "uwv.incomes"}, None, unseen)
        return str(made["files"][0]["status"])

    assert once() == "published"
    with psycopg.connect(office) as connection:
        connection.execute("UPDATE uwv.incomes SET id = -id")  # moves every row to another place in the table
    assert once() == "unchanged"
    with psycopg.connect(office) as connection:
        connection.execute("UPDATE uwv.incomes SET gross_cents = 1 WHERE id = -1")
    assert once() == "published"


def test_a_broken_row_goes_to_quarantine_with_its_field(office: str, tmp_path: Path) -> None:
    with psycopg.connect(office) as connection:
        connection.execute("UPDATE uwv.incomes SET start_latest = '2025-01-01' WHERE id = 3")
    (report,) = bring_from_database(settings(tmp_path), office, {"incomes": "uwv.incomes"}, None, unseen)["files"]
    assert report["records"] == {"incomes": 39}
    assert [one["field"] for one in report["quarantined"]] == ["start_earliest"]


def test_a_table_is_split_by_its_municipality(office: str, tmp_path: Path) -> None:
    with psycopg.connect(office) as connection:
        connection.execute("UPDATE uwv.incomes SET municipality = '0935' WHERE id > 30")
    bring_from_database(settings(tmp_path), office, {"incomes": "uwv.incomes"}, None, unseen)
    towns = [row["municipality"] for row in lake_rows(tmp_path)]
    assert {town: towns.count(town) for town in set(towns)} == {"0917": 30, "0935": 10}


@pytest.mark.parametrize(
    ("change", "tables", "said"),
    [
        ("ALTER TABLE uwv.incomes DROP person", {"incomes": "uwv.incomes"}, "lacks person"),
        ("SELECT 1", {"incomes": "uwv.nothing"}, "nothing"),
        ("SELECT 1", {"wages": "uwv.incomes"}, "no contract 'wages'"),
        ("UPDATE uwv.incomes SET municipality = '../x' WHERE id = 1", {"incomes": "uwv.incomes"}, "not four digits"),
    ],
)
def test_what_does_not_fit_is_refused_whole(
    office: str, tmp_path: Path, change: str, tables: dict[str, str], said: str
) -> None:
    with psycopg.connect(office) as connection:
        connection.execute(change)
    with pytest.raises(RefusedError, match=said):
        bring_from_database(settings(tmp_path), office, tables, None, unseen)
    assert not (tmp_path / "unloaded").exists()


def test_a_name_of_a_table_is_no_sql(office: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="does not exist"):
        bring_from_database(
            settings(tmp_path), office, {"incomes": 'incomes"; DROP SCHEMA uwv CASCADE; --'}, None, unseen
        )
    with psycopg.connect(office) as connection:
        assert connection.execute("SELECT count(*) FROM uwv.incomes").fetchone() == (40,)


def test_the_moment_a_row_was_known_is_read_in_utc(office: str, tmp_path: Path) -> None:
    bring_from_database(settings(tmp_path), office, {"incomes": "uwv.incomes"}, None, unseen)
    assert Lake(settings(tmp_path)).freshness()["incomes"] == dt.datetime(2026, 2, 1, 4)  # noqa: DTZ001 stored in UTC
