"""What is known or true only later changes nothing: the matrix is bitemporal, to the byte."""

from __future__ import annotations

import datetime as dt
import os
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from features.matrix import build, case_members, cases_on
from tests.features.builders import SmallLake, ages_table, cases_table, client, rows_of, stamp
from tests.features.randomlake import AS_OF, BANDS, CASES, PEOPLE, Record, client_of, households, record

MIDNIGHT = dt.datetime.combine(AS_OF, dt.time())
AGES = ages_table(
    {person: BANDS[person % len(BANDS)] for person in PEOPLE} | {client_of(case): "27-63" for case in CASES},
    AS_OF.isoformat(),
)
ASKED = cases_table(CASES, AS_OF.isoformat())
# A matrix costs five seconds of processor time for its plan, whatever its rows: many facts to a world, few worlds.
WORLDS, LATER = (12, 10_000) if os.environ.get("WEEGSCHAAL_PROOF") == "1" else (3, 600)
FEW = settings(
    max_examples=WORLDS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a seed does not shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
BEGINS = {
    "payments": ("month",),
    "properties": ("acquired_earliest", "acquired_latest"),
    "outcomes": ("selected",),
    "claims": ("decided",),
    "persons": ("suspended",),
}


def written(folder: Path, records: list[Record], parts: int = 1, order: random.Random | None = None) -> dict[str, Any]:
    lake = SmallLake(folder)
    for place, (contract, values) in enumerate(records):
        lake.add(contract, **values)
        if parts > 1 and place % (len(records) // parts) == 0:
            lake.part()
    made = lake.parts()
    if order is not None:
        for paths in made.values():
            order.shuffle(paths)
    return made


def matrix_bytes(folder: Path, parts: dict[str, Any], cases: pa.Table = ASKED, ages: pa.Table = AGES) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    return build(parts, cases, ages, folder).path.read_bytes()


def known_later(rng: random.Random) -> Record:
    contract, values = record(rng)
    return contract, values | {"known_at": MIDNIGHT + dt.timedelta(seconds=rng.choice((0, 1, 86400, 10**7)))}


def true_later(rng: random.Random, number: int) -> Record:
    """A record known in time about something that begins on or after the date; a list of its own where it has one."""
    contract, values = record(rng)
    first = AS_OF + dt.timedelta(days=rng.choice((0, 0, 1, 40)))
    values = values | {"known_at": MIDNIGHT - dt.timedelta(seconds=rng.randint(1, 10**7)), "withdrawn": False}
    for name in [
        one for one in values if one.endswith("_earliest") or one.endswith("_latest") or one in ("start", "end")
    ]:
        values[name] = first + dt.timedelta(days=30 if "end" in name else 0)
    for name in BEGINS.get(contract, ()):
        values[name] = first.replace(day=1) if contract == "payments" else first
    if contract == "outcomes":
        values["approved"] = first + dt.timedelta(days=20)
    if contract == "persons":
        values["list_id"] = 9000 + number
    if contract == "companies":
        values["branch"] = f"later {number}"
    if contract == "claims":
        values["claim"] = f"later {number}"
    if contract == "properties":
        values["parcel_id"] = 9000 + number
    return contract, values


@FEW
@given(seed=st.integers(0, 10**6))
@example(seed=1034)  # kinships that begin later, in two features
def test_records_known_or_valid_later_change_not_one_byte(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    before = households(rng)
    half = LATER // 2
    after = [known_later(rng) for _ in range(half)] + [true_later(rng, number) for number in range(half)]
    here = tmp_path / str(seed)
    first = matrix_bytes(here / "a", written(here / "lake-a", before))
    assert matrix_bytes(here / "b", written(here / "lake-b", before + after)) == first


@FEW
@given(seed=st.integers(0, 10**6))
def test_the_order_of_records_and_parts_does_not_matter(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    records = households(rng)
    for _contract, values in records:  # ties in record time, too
        values["known_at"] = values["known_at"].replace(hour=0, minute=0, second=0, microsecond=0)
    here = tmp_path / str(seed)
    first = matrix_bytes(here / "a", written(here / "lake-a", records))
    mixed = records[:]
    rng.shuffle(mixed)
    assert matrix_bytes(here / "b", written(here / "lake-b", mixed, parts=4, order=rng)) == first


def test_records_that_are_known_in_time_do_change_the_matrix(tmp_path: Path) -> None:
    rng = random.Random(1)
    before = households(rng)
    more = [(one, values | {"known_at": MIDNIGHT - dt.timedelta(seconds=1)}) for one, values in map(record, [rng] * 60)]
    first = matrix_bytes(tmp_path / "a", written(tmp_path / "lake-a", before))
    assert matrix_bytes(tmp_path / "b", written(tmp_path / "lake-b", before + more)) != first


def test_a_case_has_the_same_row_alone_and_among_other_dates(tmp_path: Path) -> None:
    records = households(random.Random(2))
    parts = written(tmp_path / "lake", records)
    dates = ("2025-04-01", "2025-07-01", AS_OF.isoformat())
    bands = dict.fromkeys(PEOPLE, "27-63")
    (tmp_path / "all").mkdir()
    (tmp_path / "one").mkdir()
    together = rows_of(build(parts, cases_table(CASES, *dates), ages_table(bands, *dates), tmp_path / "all").path)
    for date in dates:
        alone = build(parts, cases_table(CASES[:2], date), ages_table(bands, date), tmp_path / "one")
        for key, row in rows_of(alone.path).items():
            assert together[key] == row


def _wages(tmp_path: Path, lake: SmallLake, *dates: str) -> list[float]:
    made = build(lake.parts(), cases_table([1], *dates), ages_table({10: "27-63"}, *dates), tmp_path)
    return [rows_of(made.path)[1, date]["wages_12m"] for date in dates]


def _income(lake: SmallLake, known_at: str, cents: int, **values: Any) -> None:
    usual = {"start": "2025-03-01", "end": "2025-03-31", "kind": "15", "employer": "E", "relation": "1"}
    lake.add("incomes", person_id=10, gross_cents=cents, known_at=stamp(known_at), **{**usual, **values})


def test_a_correction_is_seen_from_the_day_after_it_was_known(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    _income(lake, "2025-04-10", 100_00)
    _income(lake, "2025-06-01T00:00:00", 250_00)
    _income(lake, "2025-08-15", 0, withdrawn=True)
    dates = ("2025-04-10", "2025-04-11", "2025-06-01", "2025-06-02", "2025-08-16")
    assert _wages(tmp_path, lake, *dates) == [0, 100, 100, 250, 0]


def test_what_begins_later_is_not_true_yet_whatever_the_feature_asks(tmp_path: Path) -> None:
    """A grown child at home counts from the day after the bond began, though no feature looks at that date."""
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    lake.add("stays", person_id=10, address_id=5, start="2024-01-01", certainty="resident")
    lake.add("stays", person_id=11, address_id=5, start="2024-01-01", certainty="resident")
    lake.add("kinships", person_id=10, relation="child", other_id=11, start="2025-06-01")
    dates = ("2025-06-01", "2025-06-02")
    ages = ages_table(dict.fromkeys((10, 11), "27-63"), *dates)
    rows = rows_of(build(lake.parts(), cases_table([1], *dates), ages, tmp_path).path)
    assert [rows[1, date]["kin_27_at_home"] for date in dates] == [0, 1]


@pytest.mark.parametrize("mark", ["incorrect", "under_investigation"])
def test_a_row_marked_as_wrong_or_investigated_is_no_evidence(tmp_path: Path, mark: str) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    for person in (10, 11, 12):
        stay = {"person_id": person, "address_id": 5, "start": "2024-01-01", "certainty": "resident"}
        lake.add("stays", **stay)
        if person == 12:
            lake.add("stays", **stay, **{mark: True}, known_at=stamp("2025-01-01"))
    dates = ("2025-01-01", "2025-01-02")
    ages = ages_table(dict.fromkeys((10, 11, 12), "27-63"), *dates)
    rows = rows_of(build(lake.parts(), cases_table([1], *dates), ages, tmp_path).path)
    assert [rows[1, date]["other_adults"] for date in dates] == [2, 1]


def test_what_was_delivered_for_another_municipality_is_not_seen(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    _income(lake, "2025-04-10", 100_00, municipality="0935")
    _income(lake, "2025-04-10", 7_00, municipality="0000", employer="F")
    assert _wages(tmp_path, lake, "2025-06-01") == [7]


def test_r25_a_case_of_a_minor_is_never_a_row(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path / "lake")
    for case, person in ((1, 10), (2, 20), (3, 30)):
        client(lake, case, person)
    lake.add("benefits", case_id=2, person_id=21, role="child", start="2022-01-01")
    lake.add("benefits", case_id=3, person_id=31, role="partner", start="2022-01-01")
    parts, date = lake.parts(), dt.date(2025, 10, 1)
    ages = ages_table({10: "minor", 20: "27-63", 21: "minor", 30: "21-26", 31: "minor"}, "2025-10-01")
    assert cases_on(parts, [date], tmp_path, ages).column("case_id").to_pylist() == [2]
    everyone = cases_on(parts, [date], tmp_path)
    assert everyone.column("case_id").to_pylist() == [1, 2, 3]
    assert [case for case, _ in rows_of(build(parts, everyone, ages, tmp_path).path)] == [2]


def test_cases_run_on_the_date_and_members_stand_once(tmp_path: Path) -> None:
    lake = client(SmallLake(tmp_path / "lake"), 1, 10)
    client(lake, 2, 20, end="2025-09-30")
    client(lake, 3, 30, end="2025-10-01")
    client(lake, 4, 40, start="2025-10-01")
    client(lake, 5, 50, known_at=stamp("2025-10-01"))
    lake.add("benefits", case_id=1, person_id=10, role="partner", start="2023-01-01")
    lake.add("benefits", case_id=1, person_id=11, role="partner", start="2023-01-01")
    parts = lake.parts()
    cases = cases_on(parts, [AS_OF], tmp_path)
    assert cases.column("case_id").to_pylist() == [1, 3]
    found = [
        (row["case_id"], row["person_id"], row["role"]) for row in case_members(parts, cases, tmp_path).to_pylist()
    ]
    assert found == [(1, 10, "client"), (1, 11, "partner"), (3, 30, "client")]


def test_a_case_twice_on_a_date_or_no_cases_is_an_error(tmp_path: Path) -> None:
    twice = pa.concat_tables([cases_table([1], "2025-10-01")] * 2)
    with pytest.raises(ValueError, match="twice"):
        build({}, twice, ages_table({}, "2025-10-01"), tmp_path)
    with pytest.raises(ValueError, match="no cases"):
        build({}, cases_table([], "2025-10-01"), ages_table({}, "2025-10-01"), tmp_path)
