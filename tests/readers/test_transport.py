"""A reading survives the way out of the child process unchanged, and nothing but data comes along."""

import datetime as dt
from pathlib import Path

import pytest

from features.records import UNKNOWN_DATE, Address, Kinship, Outcome, PartialDate, Person, Stay
from pipelines.sources.reading import Extract, Found, Quarantined, Reading
from pipelines.sources.transport import dumps, loads, packed, unpacked

READING = Reading(
    source="brp",
    schema_version="2.7",
    records=(
        Found("0", Person(list="1234567890", person="999990639", nationalities=("0001", "0052"), flags=("suspended",))),
        Found("1", Stay(person="999990639", address=Address(postcode="6411AA", house_number=3), start=UNKNOWN_DATE)),
        Found("2", Kinship(person="999990639", relation="child", start=PartialDate.of("20240200"), withdrawn=True)),
        Found("3", Outcome(case="12", selected=dt.date(2025, 1, 1), probability=0.25, overturned=False)),
    ),
    extract=Extract("incomes", Path("incomes.parquet"), "parquet"),
    quarantined=(Quarantined("9", "person", "has no number", "persons", "raw é"),),
    flags={"older_name_rows": 2},
    faults=1,
    nothing_found=2,
    municipality="0917",
)


def test_a_reading_comes_out_as_it_went_in() -> None:
    assert unpacked(loads(dumps(packed(READING)))) == READING


@pytest.mark.parametrize("broken", [{}, {"records": [["0", "nothing", {}]]}, {"records": [["0", "stays", {"x": 1}]]}])
def test_what_is_no_reading_is_not_taken_for_one(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        unpacked(packed(READING) | broken if broken else broken)
