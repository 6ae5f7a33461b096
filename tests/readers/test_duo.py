"""Study finance: grants, yes and no in two spellings, and messages that hold something else as well."""

import datetime as dt
from pathlib import Path

from features.records import PartialDate, StudyGrant
from pipelines.sources import duo

FIXTURES = Path(__file__).with_name("fixtures")


def test_every_period_is_a_grant():
    first, second = (one.record for one in duo.read(FIXTURES / "duo.xml").records)
    assert isinstance(first, StudyGrant)
    assert isinstance(second, StudyGrant)
    assert first.person == "999990135"
    assert first.end == PartialDate.on(dt.date(2024, 8, 31))
    assert (first.basic, first.partner_supplement) == ("1", "3")
    assert (second.start, second.end) == (PartialDate.on(dt.date(2024, 9, 1)), None)


def test_j_and_2_are_yes_and_no():
    first, second = (one.record for one in duo.read(FIXTURES / "duo.xml").records)
    assert isinstance(first, StudyGrant)
    assert isinstance(second, StudyGrant)
    assert (first.supplementary, second.supplementary) == (True, False)
    assert "indicator_in_letters" in first.flags


def test_a_group_that_the_message_should_not_have_is_set_aside_whole():
    reading = duo.read(FIXTURES / "duo.xml")
    (row,) = reading.quarantined
    assert row.field == "Onderwijsovereenkomst"
    assert row.raw is not None
    assert "99ZZ" in row.raw
    assert reading.flags == {"element_not_in_schema": 1, "fwi_warning": 1, "out_of_order": 1}


def test_nothing_found_is_an_answer():
    reading = duo.read(FIXTURES / "suwi_nothing.xml")
    assert (reading.nothing_found, reading.records, reading.quarantined) == (1, (), ())
