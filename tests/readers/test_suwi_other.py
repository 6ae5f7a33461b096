"""Messages without a contract are recognised and set aside, client by client, each with its reason."""

from pathlib import Path

import pytest

from pipelines.sources import bijstand, brp_suwi, duo, gws, kadaster, rdw, suwi_other, uwv_income
from pipelines.sources.reading import RefusedError

FIXTURES = Path(__file__).with_name("fixtures")
READERS = {one.SOURCE: one for one in (uwv_income, bijstand, rdw, kadaster, duo, brp_suwi, gws, suwi_other)}


def test_every_client_without_a_contract_is_a_quarantine_row():
    reading = suwi_other.read(FIXTURES / "svb.xml")
    assert reading.records == ()
    assert [row.at for row in reading.quarantined] == [
        "/SVBPersoonsInfoResponse/ClientSuwi[1]",
        "/SVBPersoonsInfoResponse/ClientSuwi[2]",
    ]
    assert all("no contract" in row.reason and row.raw for row in reading.quarantined)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("uwv_income.xml", "uwv-income"),
        ("bijstand.xml", "bijstand"),
        ("rdw_kenteken.xml", "rdw"),
        ("rdw_bezit.xml", "rdw"),
        ("kadaster_persoon.xml", "kadaster"),
        ("kadaster_object.xml", "kadaster"),
        ("duo.xml", "duo"),
        ("brp_suwi.xml", "brp-suwi"),
        ("gws_maand.xml", "gws"),
        ("gws_jaar.xml", "gws"),
        ("svb.xml", "suwi-other"),
        ("suwi_fault.xml", "kadaster"),
        ("suwi_nothing.xml", "duo"),
    ],
)
def test_exactly_one_reader_recognises_a_message(name: str, source: str):
    head = (FIXTURES / name).read_bytes()
    assert [one for one in READERS if READERS[one].recognises(FIXTURES / name, head)] == [source]


@pytest.mark.parametrize("name", ["kadaster_persoon.xml", "duo.xml", "brp_suwi.xml", "bijstand.xml"])
def test_a_message_without_its_namespace_is_recognised_by_name(name: str, tmp_path: Path):
    text = (FIXTURES / name).read_text()
    bare = tmp_path / name
    bare.write_text(text.replace("http://bkwi.nl/SuwiML/Diensten", "urn:unknown"))
    found = [one for one in READERS.values() if one.recognises(bare, bare.read_bytes())]
    assert len(found) == 1
    reading, original = found[0].read(bare), found[0].read(FIXTURES / name)
    assert [one.record for one in reading.records] == [one.record for one in original.records]


def test_a_message_of_another_service_is_refused_by_name():
    with pytest.raises(RefusedError, match="AanvraagPersoonResponse"):
        rdw.read(FIXTURES / "brp_suwi.xml")


def test_a_service_nobody_knows_is_set_aside_too(tmp_path: Path):
    file = tmp_path / "new.xml"
    file.write_text(
        '<n:NieuwInfoResponse xmlns:n="http://bkwi.nl/SuwiML/Diensten/NieuwDossier/v0100"><ClientSuwi/></n:NieuwInfoResponse>'
    )
    assert suwi_other.recognises(file, file.read_bytes())
    (row,) = suwi_other.read(file).quarantined
    assert "NieuwDossier" in row.reason


def test_the_referral_index_is_recognised_by_name(tmp_path: Path):
    file = tmp_path / "index.xml"
    file.write_text("<IBVerwijsindexResponse><ClientSuwi/></IBVerwijsindexResponse>")
    assert suwi_other.recognises(file, file.read_bytes())
    (row,) = suwi_other.read(file).quarantined
    assert "IBVerwijsindex" in row.reason
