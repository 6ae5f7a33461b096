"""Rules for GBA-V person lists."""

import datetime as dt
from pathlib import Path

import pytest

from features.records import UNKNOWN_DATE, Kinship, PartialDate, Person, Stay
from pipelines.sources import gbav
from pipelines.sources.gbav_layout import HEADER, layout_of
from pipelines.sources.reading import Reading, RefusedError
from tests.readers.builders import (
    ANNA,
    BRAM,
    CEES,
    DORA,
    flags_of,
    gbav_row,
    gbav_text,
    of_kind,
    person_row,
    written,
)
from tests.shared import SHARED, needs_shared


def read(folder: Path, *rows: list[str]) -> Reading:
    return gbav.read(written(folder, "lijsten.csv", gbav_text(*rows)))


def day(text: str) -> PartialDate:
    return PartialDate.on(dt.date.fromisoformat(text))


HOME = {"e08_09_10": "0917", "e08_11_10": "Dorpsstraat", "e08_11_20": "1", "e08_11_60": "6411AA"}


def test_a_stay_ends_where_the_next_newer_row_begins(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(**HOME, e08_10_30="20220301", e08_H="58"),
        gbav_row(**{**HOME, "e08_11_20": "9"}, e08_10_30="20150601", e08_H="58"),
        gbav_row(**{**HOME, "e08_11_20": "5"}, e08_10_30="20010101"),
    )
    stays = {stay.address.house_number: stay for stay in of_kind(reading, Stay)}
    assert stays[1].end is None
    assert stays[9].end == day("2022-03-01")
    assert stays[5].end == day("2015-06-01")
    assert "end_from_next_row" in stays[5].flags


def test_an_incorrect_row_is_kept_but_ends_and_begins_nothing(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(**HOME, e08_10_30="20220301", e08_H="58"),
        gbav_row(**{**HOME, "e08_11_20": "9"}, e08_10_30="20180101", e08_84_10="O", e08_H="58"),
        gbav_row(**{**HOME, "e08_11_20": "5"}, e08_10_30="20010101"),
    )
    stays = {stay.address.house_number: stay for stay in of_kind(reading, Stay)}
    assert stays[9].incorrect
    assert stays[9].end is None
    assert stays[5].end == day("2022-03-01")
    assert flags_of(reading)["address_incorrect"] == 1


def test_of_two_rows_about_one_stay_the_newer_comes_last(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(**HOME, e08_10_30="20150601", e08_H="58"),
        gbav_row(**HOME, e08_10_30="20150601", e08_H="58"),
        gbav_row(**HOME, e08_10_30="20150601", e08_84_10="O"),
    )
    assert [(stay.incorrect, stay.end) for stay in of_kind(reading, Stay)] == [
        (True, None),
        (False, day("2015-06-01")),
        (False, None),
    ]


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("20200200", "2020-02-01", "2020-02-29"),
        ("20200000", "2020-01-01", "2020-12-31"),
        ("2020", "2020-01-01", "2020-12-31"),
        ("20200013", "2020-01-01", "2020-12-31"),
        ("20210231", "2021-02-01", "2021-02-28"),
    ],
)
def test_a_date_known_in_part_is_an_interval(tmp_path: Path, text: str, earliest: str, latest: str) -> None:
    (stay,) = of_kind(read(tmp_path, person_row(**HOME, e08_10_30=text)), Stay)
    assert stay.start == PartialDate(dt.date.fromisoformat(earliest), dt.date.fromisoformat(latest))
    assert set(stay.flags) & {"date_partial", "date_impossible"}


def test_an_unknown_date_is_the_whole_calendar(tmp_path: Path) -> None:
    reading = read(
        tmp_path, person_row(**HOME, e08_10_30="00000000", e08_H="58"), gbav_row(**HOME, e08_10_30="19990101")
    )
    old, new = of_kind(reading, Stay)
    assert new.start == UNKNOWN_DATE
    assert old.end == UNKNOWN_DATE
    assert "end_unknown" in old.flags


def test_abroad_location_letter_address_and_unknown_place(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(e08_13_10="5010", e08_13_20="20200101", e08_13_30="Rue 1", e08_13_40="Liege", e08_H="58"),
        gbav_row(e08_13_10="0000", e08_13_20="20190101", e08_H="58"),
        gbav_row(e08_12_10="Woonwagen aan de dijk", e08_09_10="0917", e08_10_30="20180101", e08_H="58"),
        gbav_row(**HOME, e08_10_10="B", e08_10_30="20170101"),
    )
    letter, location, unknown, abroad = of_kind(reading, Stay)
    assert (abroad.abroad, abroad.address.country, abroad.address.lines) == (True, "5010", "Rue 1 Liege")
    assert unknown.unknown
    assert unknown.address is None
    assert location.address.lines == "Woonwagen aan de dijk"
    assert letter.function == "B"


def test_a_street_without_a_number_is_no_address_to_share(tmp_path: Path) -> None:
    (stay,) = of_kind(read(tmp_path, person_row(e08_11_10="Dorpsstraat", e08_10_30="20200101")), Stay)
    assert stay.address is None
    assert "address_incomplete" in stay.flags


def test_in_onderzoek_counts_until_it_ends(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(**HOME, e08_10_30="20220301", e08_83_10="081120", e08_83_20="20230101", e08_H="58"),
        gbav_row(**HOME, e08_10_30="20150601", e08_83_10="081120", e08_83_20="20160101", e08_83_30="20160301"),
    )
    old, new = of_kind(reading, Stay)
    assert new.under_investigation
    assert not old.under_investigation
    assert of_kind(reading, Person)[0].under_investigation


def test_a_marriage_and_its_dissolution_are_one_bond(tmp_path: Path) -> None:
    partner = {"e05_01_20": BRAM, "e05_02_40": "Ander", "e05_03_10": "19790505", "e05_15_10": "H"}
    reading = read(
        tmp_path,
        person_row(**partner, e05_07_10="20200308", e05_H="55"),
        gbav_row(**partner, e05_06_10="20050811", e05_H="05"),
        gbav_row(e05_01_20=CEES, e05_02_40="Later", e05_06_10="20210101", e05_15_10="P"),
    )
    first, second = of_kind(reading, Kinship)
    assert (first.other, first.start, first.end, first.bond) == (BRAM, day("2005-08-11"), day("2020-03-08"), "H")
    assert (second.other, second.start, second.end, second.bond) == (CEES, day("2021-01-01"), None, "P")


def test_a_partnership_that_became_a_marriage_is_two_bonds(tmp_path: Path) -> None:
    partner = {"e05_01_20": BRAM, "e05_02_40": "Ander", "e05_03_10": "19790505"}
    reading = read(
        tmp_path,
        person_row(**partner, e05_06_10="20100601", e05_15_10="H", e05_H="55"),
        gbav_row(**partner, e05_06_10="20050811", e05_15_10="P"),
    )
    marriage, partnership = of_kind(reading, Kinship)
    assert (marriage.bond, marriage.end) == ("H", None)
    assert (partnership.bond, partnership.end) == ("P", day("2010-06-01"))


def test_children_are_told_apart_by_the_mark_of_the_row_before(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(e09_01_20=BRAM, e09_02_40="Kind", e09_03_10="20100101", e09_H="59"),
        gbav_row(e09_01_10="2345678901", e09_02_40="Kind", e09_03_10="20100101", e09_H="09"),
        gbav_row(e09_01_10="3456789012", e09_02_40="Tweede", e09_03_10="20120101", e09_H="09"),
        gbav_row(e09_02_40="Derde", e09_03_10="20130101"),
    )
    children = of_kind(reading, Kinship)
    assert [(child.relation, child.other) for child in children] == [
        ("child", BRAM),
        ("child", "A3456789012"),
        ("child", None),
    ]


def test_a_parent_who_took_the_place_of_another_ends_the_older_bond(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        person_row(e02_01_20=BRAM, e02_02_40="Adoptie", e02_62_10="20150401", e02_H="52"),
        gbav_row(e02_01_20=CEES, e02_02_40="Geboorte", e02_62_10="20100101"),
    )
    new, old = of_kind(reading, Kinship)
    assert (new.other, new.start, new.end) == (BRAM, day("2015-04-01"), None)
    assert (old.other, old.start, old.end) == (CEES, day("2010-01-01"), day("2015-04-01"))


def test_what_stands_on_the_list_reaches_the_person(tmp_path: Path) -> None:
    row = person_row(
        **HOME,
        e07_67_10="20200503",
        e07_67_20="O",
        e01_02_10="Anna",
        e01_02_30="van",
        e01_04_10="V",
        e04_05_10="0001",
        e10_39_10="30",
        e04_H="04",
    )
    row[HEADER.index("07.70.10")] = "7"
    reading = read(tmp_path, row, gbav_row(e04_05_10="0027"), gbav_row(e03_02_40="."))
    (person,) = of_kind(reading, Person)
    assert (person.list, person.person) == ("1234567890", ANNA)
    assert (person.suspension, person.suspended) == ("O", day("2020-05-03"))
    assert person.confidentiality == 7
    assert person.registered_municipality == "0917"
    assert (person.name, person.sex) == ("Anna van Voorbeeld", "V")
    assert person.nationalities == ("0001", "0027")
    assert person.residence_title == "30"
    assert {"suspended", "confidential"} <= set(person.flags)
    assert of_kind(reading, Kinship)[0].flags == ("other_unknown",)


def test_a_list_without_bsn_goes_by_its_a_number(tmp_path: Path) -> None:
    (person,) = of_kind(read(tmp_path, person_row("")), Person)
    assert (person.list, person.person) == ("1234567890", "A1234567890")
    assert "bsn_missing" in person.flags


def test_a_number_on_two_lists_is_counted_once_and_flagged_on_both(tmp_path: Path) -> None:
    reading = read(tmp_path, person_row(ANNA), person_row(DORA), person_row(ANNA, e01_01_10="9234567890"))
    assert reading.flags["bsn_twice"] == 1
    assert ["bsn_shared" in person.flags for person in of_kind(reading, Person)] == [True, False, True]


def test_a_list_with_a_broken_row_goes_to_quarantine_row_by_row(tmp_path: Path) -> None:
    text = gbav_text(person_row(ANNA), gbav_row(**HOME, e08_10_30="20200101"), person_row(BRAM))
    lines = text.split("\r\n")
    lines[2] += ";"
    reading = gbav.read(written(tmp_path, "lijsten.csv", "\r\n".join(lines)))
    assert [person.person for person in of_kind(reading, Person)] == [BRAM]
    assert [row.at for row in reading.quarantined] == ["row 2", "row 3"]
    assert all(row.raw for row in reading.quarantined)


def test_an_open_quote_costs_one_list_and_not_the_rest(tmp_path: Path) -> None:
    text = gbav_text(person_row(ANNA, e01_02_10='"An'), person_row(BRAM), person_row(CEES))
    reading = gbav.read(written(tmp_path, "lijsten.csv", text))
    assert [person.person for person in of_kind(reading, Person)] == [BRAM, CEES]
    assert len(reading.quarantined) == 1


def test_a_reason_for_quarantine_quotes_nobody(tmp_path: Path) -> None:
    reading = read(tmp_path, person_row(ANNA, e07_70_10="Voorbeeld"))
    assert [row.field for row in reading.quarantined] == ["07.70.10"]
    assert "Voorbeeld" not in reading.quarantined[0].reason
    assert "Voorbeeld" in str(reading.quarantined[0].raw)


def test_columns_are_found_by_place_where_the_header_repeats_itself() -> None:
    layout = layout_of(HEADER)
    assert layout is not None
    assert HEADER[135] == HEADER[136] == "06.88.10"
    assert layout.places["08.10.30"] == 156
    garbled = list(HEADER)
    garbled[156] = "datum"
    assert layout_of(garbled) == layout


def test_another_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="header"):
        gbav.read(written(tmp_path, "a.csv", "naam;leeftijd\nx;1\n"))


@needs_shared
def test_the_facts_of_the_rvig_test_set() -> None:
    reading = gbav.read(SHARED / "brp" / "gbav-testset-persoonslijsten.csv")
    people, flags = of_kind(reading, Person), flags_of(reading)
    assert not reading.quarantined
    assert len(people) == 687
    assert sum(not person.person.startswith("A") for person in people) == 685
    assert len({person.list for person in people}) == 687
    assert flags["bsn_missing"] == 2
    assert flags["bsn_twice"] == 5
    assert flags["address_incorrect"] == 31 == sum(bool(stay.incorrect) for stay in of_kind(reading, Stay))
    assert flags["suspended"] == 98 == sum(bool(person.suspension) for person in people)
    assert flags["confidential"] == 46 == sum(bool(person.confidentiality) for person in people)
    assert len(of_kind(reading, Stay)) == 1744, "one stay for each row that holds category 08"
    assert sum(stay.end is None and not stay.incorrect for stay in of_kind(reading, Stay)) == 687, "one a list lasts"
