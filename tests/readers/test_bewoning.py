"""Rules for BRP Bewoning."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from features.records import PartialDate, Stay
from pipelines.sources import bewoning
from pipelines.sources.reading import Reading, RefusedError
from tests.readers.builders import ANNA, BRAM, CEES, flags_of, of_kind, written
from tests.shared import SHARED, needs_shared

OBJECT = "0917010000000001"


def composition(**fields: Any) -> dict[str, Any]:
    period = {"datumVan": "2020-01-01", "datumTot": "2021-01-01"}
    return {"adresseerbaarObjectIdentificatie": OBJECT, "periode": period, "bewoners": [], **fields}


def read(folder: Path, *objects: dict[str, Any]) -> Reading:
    return bewoning.read(written(folder, "bewoning.json", {"bewoningen": list(objects)}))


def test_the_end_of_a_period_is_exclusive_and_of_the_answer(tmp_path: Path) -> None:
    (stay,) = of_kind(read(tmp_path, composition(bewoners=[{"burgerservicenummer": ANNA}])), Stay)
    assert stay.start == PartialDate.on(dt.date(2020, 1, 1))
    assert stay.end == PartialDate.on(dt.date(2021, 1, 1))
    assert stay.address.bag_object == OBJECT
    assert "period_of_answer" in stay.flags


def test_a_possible_resident_is_never_a_resident(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        composition(bewoners=[{"burgerservicenummer": ANNA}], mogelijkeBewoners=[{"burgerservicenummer": BRAM}]),
    )
    assert {stay.person: stay.certainty for stay in of_kind(reading, Stay)} == {ANNA: "resident", BRAM: "possible"}


def test_more_than_a_hundred_residents_is_said(tmp_path: Path) -> None:
    reading = read(tmp_path, composition(bewoners=[{"burgerservicenummer": ANNA}], indicatieVeelBewoners=True))
    assert of_kind(reading, Stay)[0].overflow
    assert read(tmp_path, composition(indicatieVeelBewoners=True)).flags == {"overflow": 1}


def test_in_onderzoek_and_confidentiality_stand_on_the_stay(tmp_path: Path) -> None:
    resident = {"burgerservicenummer": ANNA, "inOnderzoek": True, "geheimhoudingPersoonsgegevens": True}
    (stay,) = of_kind(read(tmp_path, composition(bewoners=[resident])), Stay)
    assert stay.under_investigation
    assert "confidential" in stay.flags


def test_no_composition_is_nothing_found(tmp_path: Path) -> None:
    assert read(tmp_path).nothing_found == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"periode": {"datumVan": "2020-01-01"}},
        {"periode": {"datumVan": "2021-01-01", "datumTot": "2021-01-01"}},
        {"adresseerbaarObjectIdentificatie": "12"},
        {"bewoners": "veel"},
        {"bewoners": [{"burgerservicenummer": "1"}]},
        {"bewoners": [{}]},
    ],
)
def test_what_cannot_be_read_goes_to_quarantine(tmp_path: Path, fields: dict[str, Any]) -> None:
    good = composition(bewoners=[{"burgerservicenummer": CEES}])
    reading = read(tmp_path, composition(**{"bewoners": [{"burgerservicenummer": ANNA}], **fields}), good)
    assert [stay.person for stay in of_kind(reading, Stay)] == [CEES]
    assert len(reading.quarantined) == 1


def test_the_list_form_has_dates_of_its_own(tmp_path: Path) -> None:
    place = {"straat": "Markt", "adresseerbaarObjectIdentificatie": OBJECT, "datumAanvangAdreshouding": "20150800"}
    people = [
        {"burgerservicenummer": ANNA, "geheimhoudingPersoonsgegevens": "7", "verblijfplaats": place},
        {"burgerservicenummer": BRAM, "verblijfplaats": {**place, "datumEindeAdreshouding": "20160301"}},
        {"burgerservicenummer": CEES},
    ]
    path = written(tmp_path, "test-data.json", people)
    assert bewoning.recognises(path, path.read_bytes())
    reading = bewoning.read(path)
    anna, bram = of_kind(reading, Stay)
    assert anna.start == PartialDate(dt.date(2015, 8, 1), dt.date(2015, 8, 31))
    assert (anna.end, bram.end) == (None, PartialDate.on(dt.date(2016, 3, 1)))
    assert "confidential" in anna.flags
    assert [row.at for row in reading.quarantined] == ["[2]"]


def test_the_list_form_with_names_keeps_no_names(tmp_path: Path) -> None:
    place = {"adresseerbaarObjectIdentificatie": OBJECT, "datumAanvangAdreshouding": "20150801"}
    person = {"burgerservicenummer": ANNA, "naam": {"voornamen": "A"}, "geboorte": {}, "verblijfplaats": place}
    path = written(tmp_path, "test-data.json", [person])
    assert bewoning.recognises(path, path.read_bytes())
    (stay,) = of_kind(bewoning.read(path), Stay)
    assert "fields_not_kept" in stay.flags


def test_compositions_one_level_deeper_are_read_too(tmp_path: Path) -> None:
    part = {
        "periode": {"datumVan": "2020-01-01", "datumTot": "2020-07-01"},
        "bewoners": [{"burgerservicenummer": ANNA}],
    }
    whole = {"adresseerbaarObjectIdentificatie": OBJECT, "bewoningPeriodes": [part, {**part, "periode": 7}]}
    reading = read(tmp_path, whole)
    (stay,) = of_kind(reading, Stay)
    assert (stay.address.bag_object, stay.end) == (OBJECT, PartialDate.on(dt.date(2020, 7, 1)))
    assert [row.at for row in reading.quarantined] == ["bewoningen[0].bewoningPeriodes[1]"]


def test_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="bewoningen"):
        bewoning.read(written(tmp_path, "a.json", {"personen": []}))


@needs_shared
def test_no_entry_of_the_mock_is_lost() -> None:
    reading = bewoning.read(SHARED / "bewoning" / "bewoning-mock-test-data.json")
    assert len(reading.records) + len(reading.quarantined) == 1757
    assert {row.reason for row in reading.quarantined} == {"is absent, so there is no stay to keep"}
    assert flags_of(reading)["confidential"] == 46
    assert sum(bool(stay.under_investigation) for stay in of_kind(reading, Stay)) == 37
