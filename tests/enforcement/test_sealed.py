"""The sealed store gives out legal age bands and who lives in care, and nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from enforcement import sealed
from enforcement.database import engine_of, writing
from enforcement.keys import KeyFileError, Keys
from enforcement.sealed import SCHEMA, SealedStore
from enforcement.tables import Delivery, SealedPart

KEYS = Keys(master=b"m" * 32, lookup=b"l" * 32, sealed=b"s" * 32)
BEFORE = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - as stored, UTC
AS_OF = dt.date(2026, 11, 1)


def store_in(folder: Path, keys: Keys = KEYS) -> SealedStore:
    return SealedStore(engine_of(f"sqlite:///{folder / 'sealed.db'}"), keys, folder / "sealed")


def keep(store: SealedStore, *rows: dict[str, Any]) -> None:
    """Seal rows and make them visible."""
    full = [{"contract": "persons", "known_at": BEFORE, "withdrawn": False, **row} for row in rows]
    names = list(dict.fromkeys(name for row in full for name in row))
    table = pa.table({name: pa.array([row.get(name) for row in full], SCHEMA.field(name).type) for name in names})
    aside, file = store.write_aside(table)
    aside.rename(store.folder / file.path)
    with writing(store.engine) as session:
        session.add(
            Delivery(
                id=file.sha256,
                municipality="0917",
                source="test",
                schema_version="1",
                sha256=file.sha256,
                file_name="f",
                status="published",
                received_at=BEFORE,
                published_at=BEFORE,
                report={},
            )
        )
        session.flush()
        session.add(SealedPart(delivery_id=file.sha256, path=file.path, sha256=file.sha256, rows=file.rows))


def born(person: int, earliest: str, latest: str | None = None, **more: Any) -> dict[str, Any]:
    first, last = dt.date.fromisoformat(earliest), dt.date.fromisoformat(latest or earliest)
    return {"person_id": person, "birth_date_earliest": first, "birth_date_latest": last, **more}


def bands(store: SealedStore, *dates: dt.date) -> dict[tuple[int, dt.date], str]:
    return {(row["person_id"], row["as_of"]): row["band"] for row in store.legal_ages(dates or (AS_OF,)).to_pylist()}


@pytest.mark.parametrize(
    ("birth", "band"),
    [
        ("2008-11-02", "minor"),
        ("2008-11-01", "18-20"),
        ("2005-11-02", "18-20"),
        ("2005-11-01", "21-26"),
        ("1999-11-02", "21-26"),
        ("1999-11-01", "27-63"),
        ("1962-11-02", "27-63"),
        ("1962-11-01", "64-66"),
        ("1959-11-02", "64-66"),
        ("1959-11-01", "pension"),
    ],
)
def test_the_band_changes_on_the_birthday(birth: str, band: str, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    keep(store, born(1, birth))
    assert bands(store) == {(1, AS_OF): band}


@pytest.mark.parametrize(
    ("birth", "pension"),
    [
        ("1947-12-31", "2012-12-31"),
        ("1953-01-01", "2019-05-01"),
        ("1955-09-01", "2022-04-01"),
        ("1956-06-01", "2023-04-01"),
        ("1957-03-01", "2024-03-01"),
        ("1960-12-31", "2027-12-31"),
        ("1961-01-01", "2028-04-01"),
    ],
)
def test_pension_age_follows_the_dated_table(birth: str, pension: str, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    moment = dt.datetime(1990, 1, 1)  # noqa: DTZ001 - as stored, UTC
    keep(store, born(1, birth, known_at=moment))
    day = dt.date.fromisoformat(pension)
    eve = day - dt.timedelta(days=1)
    assert bands(store, eve, day) == {(1, eve): "64-66", (1, day): "pension"}


@pytest.mark.parametrize(
    ("earliest", "latest", "band"),
    [
        ("2008-01-01", "2008-12-31", "minor"),
        ("1962-01-01", "1962-12-31", "64-66"),
        ("1999-01-01", "1999-12-31", "21-26"),
        ("2005-01-01", "2005-12-31", "21-26"),
        ("1959-01-01", "1959-12-31", "64-66"),
        ("0001-01-01", "9999-12-31", "minor"),
    ],
)
def test_a_partial_birth_date_is_read_in_favour_of_the_client(
    earliest: str, latest: str, band: str, tmp_path: Path
) -> None:
    store = store_in(tmp_path)
    keep(store, born(1, earliest, latest))
    assert bands(store) == {(1, AS_OF): band}


def test_a_band_comes_from_what_was_known_before_the_date(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    keep(store, born(1, "1990-01-01"))
    later = dt.datetime(2026, 11, 1)  # noqa: DTZ001 - as stored, UTC
    keep(store, born(1, "1950-01-01", known_at=later), born(2, "1950-01-01", known_at=later))
    following = AS_OF + dt.timedelta(days=1)
    assert bands(store, AS_OF, following) == {(1, AS_OF): "27-63", (1, following): "pension", (2, following): "pension"}


def test_the_registry_goes_before_the_benefit_file_and_two_lists_leave_both_possible(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    keep(
        store,
        born(1, "1950-01-01", contract="benefits"),
        born(1, "1990-01-01", list_id=7),
        born(2, "1990-01-01", list_id=8),
        born(2, "1961-01-01", list_id=9),
    )
    assert bands(store) == {(1, AS_OF): "27-63", (2, AS_OF): "64-66"}


def test_ages_told_a_lot_at_a_time_are_those_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    keep(store, *(born(person, f"{1950 + person}-06-01") for person in range(1, 60)))
    dates = [AS_OF, AS_OF - dt.timedelta(days=4000)]
    at_once = store.legal_ages(dates)
    monkeypatch.setattr(sealed, "ROWS_AT_ONCE", 7)
    assert store.legal_ages(dates).equals(at_once)
    some = pa.array([3, 9, 9, 1000])
    assert set(store.legal_ages([AS_OF], some)["person_id"].to_pylist()) == {3, 9}


def test_r33_in_care_is_given_by_the_latest_that_was_said(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.in_care([AS_OF]).to_pylist() == []
    later = dt.datetime(2026, 6, 1)  # noqa: DTZ001 - as stored, UTC
    keep(
        store,
        {"person_id": 1, "in_care": True},
        {"person_id": 2, "in_care": True},
        {"person_id": 2, "in_care": False, "known_at": later},
        {"person_id": 3, "in_care": False},
    )
    before, after = dt.date(2026, 6, 1), dt.date(2026, 6, 2)
    told = store.in_care([after, before])
    assert list(zip(told["as_of"].to_pylist(), told["person_id"].to_pylist(), strict=True)) == [
        (before, 1),
        (before, 2),
        (after, 1),
    ]


def test_r10_the_store_is_encrypted_and_opens_with_its_own_key_only(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    keep(store, born(1, "1990-01-01", birth_place="Ouagadougou"))
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Ouagadougou" not in content
    assert b"PAR1" not in content
    other = store_in(tmp_path, Keys(KEYS.master, KEYS.lookup, b"x" * 32))
    with pytest.raises(KeyFileError, match="sealed key"):
        other.legal_ages([AS_OF])


def test_r10_nothing_else_is_given_out(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    keep(store, born(1, "1990-01-01", sex="V", in_care=True))
    assert store.legal_ages([AS_OF]).column_names == ["person_id", "as_of", "band"]
    assert store.in_care([AS_OF]).column_names == ["person_id", "as_of"]
    # birth dates tell namesakes apart (pipelines/resolving.py), and tables are a person's own (about_person.py), both
    # logged with their purpose; no feature can reach them
    public = {name for name in dir(store) if not name.startswith("_")}
    assert public == {
        "engine",
        "folder",
        "seal",
        "write_aside",
        "legal_ages",
        "in_care",
        "closed",
        "birth_dates",
        "tables",
        "write_without",
    }
