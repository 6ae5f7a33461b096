"""What the lake promises: visible whole or not at all, the same delivery once, corrections beside what they correct."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from enforcement import raw
from enforcement.database import reading
from enforcement.keys import KeyFileError, Keys
from enforcement.tables import Quarantine
from features.records import CONTRACTS, ENVELOPE, PartialDate, Person, contract_named
from pipelines import numbering
from pipelines.arrivals import Arrival, FileReport
from pipelines.lake import Lake
from pipelines.sources.reading import Extract, Quarantined, Reading, RefusedError
from tests.pipelines.deliveries import (
    BSN,
    KEYS,
    MOMENT,
    OTHER,
    benefit,
    child,
    extract,
    found,
    income,
    income_row,
    lake_in,
    person,
    settings_in,
    stay,
    world,
)


def publish(lake: Lake, read: Reading, name: str = "file", **more: Any) -> FileReport:
    path = lake.folder.parent / name
    if not path.exists():
        path.write_text(repr(read))
    return lake.publish(read, path=path, **{"municipality": "0917", "received_at": MOMENT, **more})


def stock(path: Path, contract: str) -> Reading:
    return Reading("extract", "1", extract=Extract(contract, path, path.suffix[1:]))


def broken(path: Path) -> list[dict[str, Any]]:
    """Thirty-nine good rows and one whose number lost a zero."""
    return [*(income_row(f"99999{n:04d}") for n in range(39)), income_row("99990019", employer="X")]


def test_what_is_published_has_the_lake_columns_and_the_envelope(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = publish(lake, found(person(), stay(), income(), benefit(), child()))
    assert report.status == "published"
    assert report.records == {"persons": 1, "stays": 1, "incomes": 1, "benefits": 1, "kinships": 1}
    for name, paths in lake.parts().items():
        with lake.connection() as connection:
            shown = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{paths[0]}')").fetchall()
        expected = [(column.name, column.type) for column in (*contract_named(name).lake_columns, *ENVELOPE)]
        assert [(row[0], row[1]) for row in shown] == expected


def test_nothing_that_identifies_or_is_protected_is_on_disk_in_the_clear(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    secret = person(name="Zuiderwijk-Terpstra", birth_place="Ouagadougou", sex="V")
    publish(
        lake, Reading("test", "1", (*found(secret, stay(), child(name="Sietske-Marijn")).records,)), name="delivered"
    )
    (tmp_path / "delivered").unlink()
    texts = [BSN, "Zuiderwijk", "Dorpsstraat", "6001AB", "Ouagadougou", "Sietske", "1234567890"]
    for path in (one for one in tmp_path.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert not [text for text in texts if text.encode() in content], path


def test_the_same_delivery_again_changes_nothing(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    first = publish(lake, found(person(), income()))
    before = world(lake)
    again = publish(lake, found(person(), income()))
    assert again.status == "unchanged"
    assert (again.records, again.sha256) == (first.records, first.sha256)
    assert world(lake) == before


def test_the_same_bytes_for_another_municipality_are_another_delivery(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    publish(lake, found(benefit()), municipality="0917")
    assert publish(lake, found(benefit()), municipality="0935").status == "published"
    cases = {row["case_id"] for row in lake.rows("benefits")}
    people = {row["person_id"] for row in lake.rows("benefits")}
    assert (len(cases), len(people)) == (2, 1), "a dossier number counts within its municipality, a person everywhere"


def test_a_correction_stands_beside_what_it_corrects_with_its_own_record_time(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    publish(lake, found(income(cents=100)), name="january")
    publish(lake, found(income(cents=250)), name="march", received_at=MOMENT + dt.timedelta(days=31))
    rows = lake.rows("incomes")
    assert [(row["gross_cents"], row["known_at"]) for row in rows] == [
        (250, "2026-04-01T06:00:00Z"),
        (100, "2026-03-01T06:00:00Z"),
    ]
    assert rows[0]["person_id"] == rows[1]["person_id"]
    assert lake.freshness() == {"incomes": dt.datetime(2026, 4, 1, 6)}  # noqa: DTZ001 - as stored, UTC


def test_rows_are_found_by_column_and_dates_are_iso_text(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    publish(lake, found(income(cents=100), income(OTHER, cents=200)))
    assert [row["start_earliest"] for row in lake.rows("incomes", {"gross_cents": "200"})] == ["2026-01-01"]
    assert lake.rows("incomes", limit=1).__len__() == 1
    assert lake.rows("vehicles") == []
    with pytest.raises(KeyError, match="has no column 'person'"):
        lake.rows("incomes", {"person": BSN})


def test_a_record_that_breaks_its_contract_is_quarantined_and_the_rest_goes_on(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    report = publish(
        lake,
        found(
            income(),
            income(start=None),
            stay(certainty="perhaps"),
            stay(start=PartialDate(dt.date(2024, 5, 1), dt.date(2024, 4, 1))),
            person(confidentiality="secret"),
        ),
    )
    assert report.records == {"incomes": 1}
    assert {(one.at, one.field) for one in report.quarantined} >= {
        ("row 2", "start_earliest"),
        ("row 3", "certainty"),
        ("row 5", "confidentiality"),
    }
    assert len(report.quarantined) == 4


def test_a_quarantined_record_is_kept_encrypted(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    given = Quarantined("path/2", "DatB", "is not a date", "incomes", f"<Income><BSN>{BSN}</BSN></Income>")
    report = publish(lake, Reading("test", "1", quarantined=(given,)))
    assert [(one.at, one.field, one.reason) for one in report.quarantined] == [("path/2", "DatB", "is not a date")]
    with reading(lake.engine) as session:
        row = session.scalars(select(Quarantine)).one()
        assert row.sealed is not None
        assert BSN.encode() not in row.sealed
        assert raw.unlock(KEYS, row.delivery_id, row.at, row.sealed) == given.raw


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_stock_file_is_checked_by_the_engine(tmp_path: Path, kind: str) -> None:
    lake = lake_in(tmp_path)
    path = extract(tmp_path / f"incomes.{kind}", "incomes", broken(tmp_path))
    report = lake.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)
    assert (report.status, report.records) == ("published", {"incomes": 39})
    assert [(one.at, one.field) for one in report.quarantined] == [("row 40", "person")]
    assert report.flags["bsn_fails_elfproef"] > 0
    with reading(lake.engine) as session:
        row = session.scalars(select(Quarantine)).one()
        assert row.sealed is not None
        assert json.loads(raw.unlock(KEYS, row.delivery_id, row.at, row.sealed))["person"] == "99990019"


def test_a_stock_file_with_too_much_broken_is_held_and_nothing_of_it_is_visible(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = extract(tmp_path / "incomes.csv", "incomes", [*broken(tmp_path)[30:], income_row("", gross_cents=1)])
    for _ in range(2):
        report = lake.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)
        assert report.status == "held"
        assert "2 of 11 rows" in (report.reason or "")
        assert len(report.quarantined) == 2
        assert lake.parts() == {}


def test_csv_text_is_never_read_as_something_else(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = tmp_path / "incomes.csv"
    good = [f"99999{n:04d},2026-01-01,2026-01-01,{n},,2026-02-01T00:00:00+01:00" for n in range(200)]
    bad = [
        f"{BSN},2026-01-01,2026-01-01,12.50,,",
        f"{BSN},2026-02-31,2026-02-31,1,,",
        f"{BSN},2026-01-01",
        f"{BSN},2026-01-01,2026-01-01,1e3,,",
        f"{BSN},2026-01-01,2026-01-01,1,,yesterday",
        f"{BSN},2026-1-1,2026-01-01,1,,",
    ]
    header = "person,start_earliest,start_latest,gross_cents,employer,known_at"
    path.write_text("\n".join(["# weegschaal contract=incomes version=1", header, *good[:100], *bad, *good[100:]]))
    report = lake.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)
    assert report.records == {"incomes": 200}
    assert sorted((one.at, one.field) for one in report.quarantined) == [
        ("row 101", "gross_cents"),
        ("row 102", "start_earliest"),
        ("row 103", "row"),
        ("row 104", "gross_cents"),
        ("row 105", "known_at"),
        ("row 106", "start_earliest"),
    ]
    assert {row["known_at"] for row in lake.rows("incomes")} == {"2026-01-31T23:00:00Z"}


def test_a_stock_file_with_a_column_of_nobody_is_refused(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    path = extract(tmp_path / "incomes.parquet", "incomes", [income_row(nickname="x")])
    with pytest.raises(RefusedError, match="has no column 'nickname'"):
        lake.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)


def test_two_fresh_lakes_of_one_seed_are_equal_byte_for_byte(tmp_path: Path) -> None:
    path = extract(tmp_path / "incomes.parquet", "incomes", [income_row(f"{n:09d}") for n in range(30_000)])
    names = []
    for home in ("one", "other"):
        lake = lake_in(tmp_path / home)
        lake.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)
        publish(lake, found(*(income(f"{n:09d}") for n in range(500))))
        names.append([path.name for path in lake.parts()["incomes"]])
    assert names[0] == names[1]
    unseeded = lake_in(tmp_path / "third", seed=None)
    unseeded.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)
    assert unseeded.parts()["incomes"][0].name not in names[0]


def test_people_numbered_bit_by_bit_are_those_numbered_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = extract(tmp_path / "incomes.parquet", "incomes", [income_row(f"{n:09d}") for n in range(400)])
    worlds, names = [], []
    for home, at_once in (("one", 100_000), ("other", 7)):
        monkeypatch.setattr(numbering, "AT_ONCE", at_once)
        lake = lake_in(tmp_path / home)
        publish(lake, found(*(income(f"{n:09d}") for n in range(0, 400, 3))))
        lake.publish(stock(path, "incomes"), path=path, municipality="0917", received_at=MOMENT)
        worlds.append(world(lake))
        names.append([one.name for one in lake.parts()["incomes"]])
    assert names[0] == names[1]
    assert worlds[0] == worlds[1]


def test_relatives_without_a_number_stay_apart(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    publish(lake, found(child(name="Piet"), child(name="Kees")))
    publish(lake, found(child(name="Piet")), name="again")
    assert len({row["other_id"] for row in lake.rows("kinships")}) == 2


def test_one_person_under_two_numbers_is_one_person(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    publish(lake, found(person()), name="list")
    publish(lake, found(income("A1234567890"), income(BSN)), name="incomes")
    assert len({row["person_id"] for row in lake.rows("incomes")}) == 1


def test_an_address_is_one_by_bag_object_and_by_door(tmp_path: Path) -> None:
    from features.records import Address

    lake = lake_in(tmp_path)
    both = Address(street="Dorpsstraat", house_number=1, postcode="6001AB", bag_object="0988010000000001")
    publish(lake, found(stay(address=both)), name="both")
    publish(
        lake,
        found(
            stay(address=Address(bag_object="0988010000000001")),
            stay(address=Address(house_number=1, postcode="6001 ab")),
            stay(address=Address(country="6029")),
        ),
        name="apart",
    )
    assert len({row["address_id"] for row in lake.rows("stays")} - {None}) == 1
    assert [row["address_id"] for row in lake.rows("stays")].count(None) == 1, "a country is no place"


def test_a_part_that_no_row_names_is_swept(tmp_path: Path) -> None:
    publish(lake_in(tmp_path), found(income()))
    stray = tmp_path / "lake" / "incomes" / "0917" / f"{'0' * 64}.parquet"
    half = tmp_path / "lake" / ".aside" / "half.parquet"
    for path in (stray, half):
        path.write_bytes(b"half")
    lake = lake_in(tmp_path)
    publish(lake, found(income(OTHER)), name="next")
    assert not stray.exists()
    assert not half.exists()
    assert len(lake.rows("incomes")) == 2


def test_readers_of_the_lake_reach_nothing_else(tmp_path: Path) -> None:
    import duckdb

    lake = lake_in(tmp_path)
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with lake.connection() as connection:
        for query in (
            f"SELECT * FROM read_csv('{outside}')",
            "SET enable_external_access = true",
            "INSTALL httpfs",
            f"ATTACH '{tmp_path / 'x.db'}'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(query).fetchall()


def test_a_municipality_is_four_digits_before_it_names_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="four digits"):
        Arrival(tmp_path, "0" * 64, "../x", dt.datetime(2026, 1, 1), found())  # noqa: DTZ001 - as stored, UTC


def test_a_vault_with_people_in_it_is_never_given_new_keys(tmp_path: Path) -> None:
    publish(lake_in(tmp_path), found(income()))
    with pytest.raises(KeyFileError, match="absent"):
        Lake(settings_in(tmp_path))
    wrong = Lake(settings_in(tmp_path), keys=Keys(KEYS.master, b"x" * 32, KEYS.sealed))
    with pytest.raises(KeyFileError, match="look-up key"):
        publish(wrong, found(income(OTHER)), name="next")


DELIVERIES = {
    "a": found(person(), stay(), income(cents=1)),
    "b": found(income(cents=2), income(OTHER), benefit(name="J. Jansen")),
    "c": found(Person(list="9876543210", person=OTHER, name="De Vries", sex="V"), child(), stay(certainty="maybe")),
    "d": found(person(name="Jansen-Pieters"), income(cents=2)),
}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=some.lists(some.sampled_from("abcd"), min_size=4, max_size=7).filter(lambda names: set(names) == set("abcd"))
)
def test_any_order_and_repetition_of_the_same_deliveries_gives_the_same_lake(
    order: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    worlds = []
    for names in (order, "abcd"):
        lake = lake_in(tmp_path_factory.mktemp("lake"), seed=None)
        for name in names:
            moment = MOMENT + dt.timedelta(days="abcd".index(name))
            publish(lake, DELIVERIES[name], name=name, received_at=moment)
        worlds.append(world(lake))
    assert worlds[0] == worlds[1]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=some.integers(0, 4), order=some.permutations("abcd"))
def test_together_or_one_by_one_is_the_same(
    cut: int, order: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    worlds = []
    for cuts in ([order[:cut], order[cut:]], [[name] for name in order]):
        lake = lake_in(tmp_path_factory.mktemp("lake"), seed=None)
        for names in filter(None, cuts):
            arrivals = []
            for name in names:
                path = lake.folder.parent / name
                path.write_text(repr(DELIVERIES[name]))
                moment = dt.datetime(2026, 3, 1 + "abcd".index(name))  # noqa: DTZ001 - as stored, UTC
                arrivals.append(Arrival(path, f"{ord(name):064d}", "0917", moment, DELIVERIES[name]))
            assert {one.status for one in lake.publish_all(arrivals)} == {"published"}
        worlds.append(world(lake))
    assert worlds[0] == worlds[1]


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_every_contract_can_be_published_from_an_empty_record(name: str, tmp_path: Path) -> None:
    """What is required and absent is quarantined; nothing crashes, whatever the contract."""
    import dataclasses

    record = CONTRACTS[name].record
    empty = record(
        **{field.name: None for field in dataclasses.fields(record) if field.name not in ("flags", "withdrawn")}
    )
    report = publish(lake_in(tmp_path), found(empty))
    assert sum(report.records.values()) + len(report.quarantined) == 1
