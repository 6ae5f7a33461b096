"""Persons by Suwinet: the list, relatives, stays with their ends, and what is marked as incorrect."""

import datetime as dt
from pathlib import Path

import pytest

from features.records import UNKNOWN_DATE, Kinship, PartialDate, Person, Stay
from pipelines.sources import brp_suwi
from pipelines.sources.reading import Reading

FILE = Path(__file__).with_name("fixtures") / "brp_suwi.xml"


@pytest.fixture
def reading() -> Reading:
    return brp_suwi.read(FILE)


def test_a_person_is_known_by_a_number_and_its_list(reading: Reading):
    (person,) = (one.record for one in reading.records if isinstance(one.record, Person))
    assert (person.list, person.person) == ("9000000005", "999990147")
    assert person.confidentiality == 7
    assert person.under_investigation is True
    assert person.registered_municipality == "0988"


def test_protected_attributes_are_in_the_sealed_fields(reading: Reading):
    (person,) = (one.record for one in reading.records if isinstance(one.record, Person))
    assert person.name == "Anna Maria de Voorbeeld"
    assert person.birth_date == PartialDate.on(dt.date(1977, 7, 25))
    assert (person.birth_place, person.birth_country, person.sex) == ("0988", "6030", "V")
    assert person.nationalities == ("0001",)


def test_relatives_are_known_by_bsn_by_a_nummer_or_by_name_only(reading: Reading):
    kin = [one.record for one in reading.records if isinstance(one.record, Kinship)]
    assert [(one.relation, one.other) for one in kin] == [
        ("parent", "999990158"),
        ("parent", None),
        ("child", "999990160"),
        ("partner", "A5000000004"),
    ]
    assert kin[0].flags == ("bsn_fails_elfproef",)
    assert kin[1].flags == ("relative_without_number",)


def test_an_earlier_version_of_a_bond_does_not_undo_its_end(reading: Reading):
    (bond,) = (one.record for one in reading.records if getattr(one.record, "relation", "") == "partner")
    assert isinstance(bond, Kinship)
    assert bond.end == PartialDate.on(dt.date(2009, 12, 31))
    assert reading.flags["history_replaced"] == 1


def test_a_stay_ends_where_the_next_correct_one_begins(reading: Reading):
    present, abroad, old, wrong = (one.record for one in reading.records if isinstance(one.record, Stay))
    assert (present.start, present.end) == (PartialDate.on(dt.date(2021, 5, 6)), None)
    assert abroad.end == present.start
    assert abroad.start == PartialDate(dt.date(2019, 1, 1), dt.date(2019, 12, 31))
    assert old.end == abroad.start
    assert wrong.incorrect is True


def test_a_stay_with_nothing_after_it_has_ended_on_an_unknown_day(tmp_path: Path):
    copy = tmp_path / "copy.xml"
    copy.write_text(FILE.read_text().replace("20210506", "00000000").replace("20190000", "00000000"))
    old = [one.record for one in brp_suwi.read(copy).records if isinstance(one.record, Stay)][2]
    assert old.end == UNKNOWN_DATE


def test_an_address_is_read_whatever_the_order_and_the_spelling(reading: Reading):
    present = next(one.record for one in reading.records if isinstance(one.record, Stay))
    address = present.address
    assert address is not None
    assert (address.postcode, address.house_number, address.house_letter) == ("6001AA", 67, "b")
    assert (address.house_addition, address.municipality) == ("II", "0988")
    assert address.bag_object == "0988010000000001"
    assert present.function == "W"
    assert reading.flags["out_of_order"] == 1


def test_abroad_is_said_with_its_country(reading: Reading):
    abroad = [one.record for one in reading.records if isinstance(one.record, Stay)][1]
    assert abroad.abroad is True
    assert abroad.address is not None
    assert abroad.address.country == "5010"


def test_somebody_without_any_number_is_set_aside(reading: Reading):
    (row,) = reading.quarantined
    assert row.at == "/AanvraagPersoonResponse/ClientSuwi[2]"
    assert row.contract == "persons"
    assert "Zonder" not in row.reason


def test_a_request_holds_no_records(tmp_path: Path):
    file = tmp_path / "request.xml"
    file.write_text(
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        '<a:AanvraagPersoon xmlns:a="http://bkwi.nl/SuwiML/Diensten/BRPDossierPersoonGSD/v0200">'
        "<Burgerservicenr>999990147</Burgerservicenr></a:AanvraagPersoon></s:Body></s:Envelope>"
    )
    assert brp_suwi.recognises(file, file.read_bytes())
    (row,) = brp_suwi.read(file).quarantined
    assert "request" in row.reason
