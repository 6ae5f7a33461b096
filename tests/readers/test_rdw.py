"""Vehicles: plates of every length, the price when new, and holders who are no persons."""

import datetime as dt
from pathlib import Path

from features.records import PartialDate, Vehicle
from pipelines.sources import rdw

FIXTURES = Path(__file__).with_name("fixtures")


def test_a_plate_of_seven_characters_is_kept_and_flagged():
    (found,) = rdw.read(FIXTURES / "rdw_kenteken.xml").records
    vehicle = found.record
    assert isinstance(vehicle, Vehicle)
    assert vehicle.vehicle == "99XYZ99"
    assert "plate_seven_characters" in vehicle.flags


def test_the_catalogue_price_is_the_price_when_new_in_cents():
    (found,) = rdw.read(FIXTURES / "rdw_kenteken.xml").records
    vehicle = found.record
    assert isinstance(vehicle, Vehicle)
    assert vehicle.catalogue_cents == 1849501
    assert vehicle.first_registered == PartialDate(dt.date(2019, 1, 1), dt.date(2019, 12, 31))


def test_the_status_is_the_one_that_has_not_ended():
    (found,) = rdw.read(FIXTURES / "rdw_kenteken.xml").records
    assert isinstance(found.record, Vehicle)
    assert found.record.status == "91"


def test_an_envelope_is_taken_off_and_flagged():
    reading = rdw.read(FIXTURES / "rdw_bezit.xml")
    assert reading.flags["soap_envelope"] == 1
    assert reading.schema_version == "v0200"
    (found,) = reading.records
    assert isinstance(found.record, Vehicle)
    assert found.record.vehicle == "9XYZ99"
    assert found.record.end == PartialDate.on(dt.date(2015, 6, 21))


def test_a_vehicle_without_plate_and_one_of_a_company_are_set_aside():
    reading = rdw.read(FIXTURES / "rdw_bezit.xml")
    assert [(row.field, row.contract) for row in reading.quarantined] == [
        ("KentekenVoertuig", "vehicles"),
        ("Burgerservicenr", "vehicles"),
    ]
    assert reading.quarantined[1].at.endswith("/OndernemingInst[1]/Aansprakelijke[1]")
