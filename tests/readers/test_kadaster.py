"""Rights on real estate: one record per person and right, prices in cents, places that may be empty."""

import datetime as dt
from pathlib import Path

from features.records import PartialDate, Property
from pipelines.sources import kadaster

FIXTURES = Path(__file__).with_name("fixtures")


def properties(name: str) -> list[Property]:
    return [one.record for one in kadaster.read(FIXTURES / name).records if isinstance(one.record, Property)]


def test_every_right_on_an_object_is_a_record():
    owned, used = properties("kadaster_persoon.xml")
    assert (owned.right, used.right) == ("Eigendom (recht van)", "Vruchtgebruik")
    assert owned.ended is None
    assert used.ended == PartialDate.on(dt.date(2020, 1, 1))


def test_a_parcel_has_one_name_however_the_municipality_code_is_written():
    owned, _ = properties("kadaster_persoon.xml")
    assert owned.parcel == "0277-HH-12051-2"
    assert "cadastral_municipality_short" in owned.flags
    assert properties("kadaster_object.xml")[0].parcel == "WRT02-B-17"


def test_price_year_and_date_are_as_delivered():
    owned, _ = properties("kadaster_persoon.xml")
    assert owned.price_cents == 7525001
    assert owned.bought_year == 1993
    assert owned.acquired == PartialDate(dt.date(1993, 4, 1), dt.date(1993, 4, 30))


def test_j_is_yes_and_flagged_and_an_empty_postcode_is_flagged():
    owned, _ = properties("kadaster_persoon.xml")
    assert owned.shared is True
    assert {"indicator_in_letters", "postcode_empty"} <= set(owned.flags)
    assert owned.address is not None
    assert (owned.address.postcode, owned.address.house_number) == (None, 12)


def test_elements_in_another_order_are_read_and_flagged():
    assert kadaster.read(FIXTURES / "kadaster_persoon.xml").flags["out_of_order"] == 1


def test_an_object_without_designation_is_set_aside():
    (row,) = kadaster.read(FIXTURES / "kadaster_persoon.xml").quarantined
    assert row.field == "KadastraleAanduiding"


def test_an_object_gives_a_record_for_every_holder_with_a_number():
    reading = kadaster.read(FIXTURES / "kadaster_object.xml")
    (found,) = reading.records
    assert isinstance(found.record, Property)
    assert found.record.person == "999990111"
    assert found.record.shared is True
    assert [row.at[-14:] for row in reading.quarantined] == ["Gerechtigde[2]", "Gerechtigde[3]"]


def test_a_soap_fault_is_an_answer():
    file = FIXTURES / "suwi_fault.xml"
    assert kadaster.recognises(file, file.read_bytes())
    reading = kadaster.read(file)
    assert (reading.faults, reading.records, reading.quarantined) == (1, (), ())


def test_an_error_of_the_sender_inside_an_answer_is_a_fault_too(tmp_path: Path):
    file = tmp_path / "error.xml"
    file.write_text(
        '<k:PersoonsInfoResponse xmlns:k="http://bkwi.nl/SuwiML/Diensten/KadasterDossierGSD/v0300">'
        '<f:FWI xmlns:f="http://bkwi.nl/SuwiML/FWI/v0205"><Fout><Code>1</Code></Fout></f:FWI></k:PersoonsInfoResponse>'
    )
    reading = kadaster.read(file)
    assert (reading.faults, reading.flags) == (1, {"fwi_error": 1})
