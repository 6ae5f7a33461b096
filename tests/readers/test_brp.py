"""Rules for BRP Personen answers."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from features.records import UNKNOWN_DATE, Kinship, PartialDate, Person, Stay
from pipelines.sources import brp
from pipelines.sources.brp_dates import brp_date
from pipelines.sources.exchanges import Node
from pipelines.sources.intake import Dates, UnreadableError
from pipelines.sources.reading import Reading, RefusedError
from tests.readers.builders import ANNA, BRAM, CEES, of_kind, written
from tests.shared import SHARED, needs_shared


def answer(*people: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RaadpleegMetBurgerservicenummer", "personen": list(people)}


def read(folder: Path, *people: dict[str, Any]) -> Reading:
    return brp.read(written(folder, "antwoord.json", answer(*people)))


def recorded(folder: Path, *exchanges: tuple[Any, Any, int]) -> Path:
    """A cassette with (question, answer, status)."""
    interactions = [
        {
            "request": {
                "body": json.dumps(asked),
                "method": "POST",
                "uri": "http://brp.test/haalcentraal/api/brp/personen",
            },
            "response": {
                "body": {"string": body if isinstance(body, str) else json.dumps(body)},
                "status": {"code": code},
            },
        }
        for asked, body, code in exchanges
    ]
    return written(folder, "opname.yaml", yaml.safe_dump({"interactions": interactions, "version": 1}))


def day(text: str) -> PartialDate:
    return PartialDate.on(dt.date.fromisoformat(text))


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        ({"type": "Datum", "datum": "2024-02-29"}, day("2024-02-29")),
        ({"type": "JaarMaandDatum", "jaar": 2024, "maand": 2}, PartialDate(dt.date(2024, 2, 1), dt.date(2024, 2, 29))),
        ({"type": "JaarDatum", "jaar": 1968}, PartialDate(dt.date(1968, 1, 1), dt.date(1968, 12, 31))),
        ({"type": "DatumOnbekend", "onbekend": True}, UNKNOWN_DATE),
        ({"datum": "1982-04-10"}, day("1982-04-10")),
        ("19820410", day("1982-04-10")),
        ("00000000", UNKNOWN_DATE),
        (None, None),
    ],
)
def test_every_type_of_the_date_union(union: Any, expected: PartialDate | None) -> None:
    assert brp_date(Dates(), Node({"datum": union}), "datum") == expected


@pytest.mark.parametrize("union", [{"type": "Datum"}, {"type": "Iets", "x": 1}, {"type": "JaarDatum"}, [1], True])
def test_what_is_no_date_is_not_taken_for_one(union: Any) -> None:
    with pytest.raises(UnreadableError):
        brp_date(Dates(), Node({"datum": union}), "datum")


def residence(folder: Path, verblijfplaats: dict[str, Any]) -> Stay:
    (stay,) = of_kind(read(folder, {"burgerservicenummer": ANNA, "verblijfplaats": verblijfplaats}), Stay)
    assert isinstance(stay, Stay)
    return stay


def test_an_address(tmp_path: Path) -> None:
    stay = residence(
        tmp_path,
        {
            "type": "Adres",
            "verblijfadres": {
                "officieleStraatnaam": "Markt",
                "huisnummer": 12,
                "huisletter": "a",
                "postcode": "6411 aa",
                "woonplaats": "Heerlen",
            },
            "functieAdres": {"code": "B", "omschrijving": "briefadres"},
            "adresseerbaarObjectIdentificatie": "0917010000000001",
            "datumVan": {"type": "JaarDatum", "jaar": 2020},
        },
    )
    assert stay.address is not None
    assert (stay.address.bag_object, stay.address.house_number, stay.address.postcode) == (
        "0917010000000001",
        12,
        "6411AA",
    )
    assert stay.start == PartialDate(dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    assert (stay.function, stay.abroad, stay.unknown, stay.end) == ("B", False, False, None)
    assert {"letter_address", "date_partial"} <= set(stay.flags)


def test_abroad_a_location_and_an_unknown_place(tmp_path: Path) -> None:
    abroad = residence(
        tmp_path,
        {
            "type": "VerblijfplaatsBuitenland",
            "verblijfadres": {"regel1": "Rue 1", "regel2": "Liege", "land": {"code": "5010"}},
            "datumVan": {"type": "Datum", "datum": "2023-05-01"},
        },
    )
    assert abroad.address is not None
    assert (abroad.abroad, abroad.address.country, abroad.address.lines) == (True, "5010", "Rue 1 Liege")
    assert abroad.start == day("2023-05-01")
    location = residence(tmp_path, {"type": "Locatie", "verblijfadres": {"locatiebeschrijving": "Woonboot"}})
    assert location.address is not None
    assert location.address.lines == "Woonboot"
    unknown = residence(tmp_path, {"type": "VerblijfplaatsOnbekend", "datumVan": {"type": "DatumOnbekend"}})
    assert (unknown.unknown, unknown.address, unknown.start) == (True, None, UNKNOWN_DATE)


def test_a_group_in_onderzoek_is_no_evidence(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        {
            "burgerservicenummer": ANNA,
            "verblijfplaats": {"type": "Adres", "inOnderzoek": {"type": True, "datumIngangOnderzoek": {}}},
        },
    )
    assert of_kind(reading, Stay)[0].under_investigation
    assert of_kind(reading, Person)[0].under_investigation


def test_a_field_that_was_not_asked_for_stays_empty(tmp_path: Path) -> None:
    (person,) = of_kind(read(tmp_path, {"burgerservicenummer": ANNA}), Person)
    assert person.suspension is None
    assert person.confidentiality is None
    assert person.under_investigation is None
    assert person.flags == ("number_only",)


def test_the_service_tells_that_there_is_confidentiality_and_not_how_much(tmp_path: Path) -> None:
    (person,) = of_kind(read(tmp_path, {"burgerservicenummer": ANNA, "geheimhoudingPersoonsgegevens": True}), Person)
    assert person.confidentiality == 7
    assert {"confidential", "confidentiality_level_unknown"} <= set(person.flags)


def test_partners_parents_and_children(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        {
            "aNummer": "1234567890",
            "burgerservicenummer": ANNA,
            "partners": [
                {
                    "burgerservicenummer": BRAM,
                    "soortVerbintenis": {"code": "H"},
                    "aangaanHuwelijkPartnerschap": {"datum": {"type": "Datum", "datum": "2010-06-01"}},
                    "ontbindingHuwelijkPartnerschap": {"datum": {"type": "JaarDatum", "jaar": 2020}},
                }
            ],
            "ouders": [{"datumIngangFamilierechtelijkeBetrekking": {"type": "Datum", "datum": "1980-01-15"}}],
            "kinderen": [{"burgerservicenummer": CEES}, {"naam": {"geslachtsnaam": "Voorbeeld"}}],
        },
    )
    partner, parent, child, unnumbered = of_kind(reading, Kinship)
    assert (partner.other, partner.bond, partner.start) == (BRAM, "H", day("2010-06-01"))
    assert partner.end == PartialDate(dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    assert (parent.relation, parent.other, parent.start) == ("parent", None, day("1980-01-15"))
    assert (child.relation, child.other) == ("child", CEES)
    assert unnumbered.flags == ("other_without_number",)
    assert of_kind(reading, Person)[0].list == "1234567890"


def test_death_suspends_the_list(tmp_path: Path) -> None:
    reading = read(
        tmp_path, {"burgerservicenummer": ANNA, "overlijden": {"datum": {"type": "Datum", "datum": "2020-10-01"}}}
    )
    (person,) = of_kind(reading, Person)
    assert (person.suspension, person.suspended) == ("O", day("2020-10-01"))


def test_an_answer_about_one_person_need_not_repeat_the_number(tmp_path: Path) -> None:
    path = recorded(
        tmp_path, ({"burgerservicenummer": [ANNA]}, answer({"kinderen": [{"burgerservicenummer": BRAM}]}), 200)
    )
    assert brp.recognises(path, path.read_bytes())
    (child,) = of_kind(brp.read(path), Kinship)
    assert (child.person, child.other) == (ANNA, BRAM)


def test_nobody_found_and_errors_are_answers(tmp_path: Path) -> None:
    problem = {"type": "https://x.test/400", "title": "Een of meer parameters zijn niet correct.", "status": 400}
    path = recorded(tmp_path, ({}, answer(), 200), ({}, problem, 400), ({}, "<html>", 302), ({}, {"keys": []}, 200))
    reading = brp.read(path)
    assert (reading.nothing_found, reading.faults) == (1, 1)
    assert reading.flags["other_exchange"] == 2
    assert not reading.records
    assert not reading.quarantined


def test_one_bad_kinsman_does_not_take_the_person_along(tmp_path: Path) -> None:
    reading = read(tmp_path, {"burgerservicenummer": ANNA, "kinderen": [{"burgerservicenummer": "x"}, 7]})
    assert len(of_kind(reading, Person)) == 1
    assert [row.at for row in reading.quarantined] == ["personen[0].kinderen[0]", "personen[0].kinderen[1]"]


def test_somebody_without_a_number_goes_to_quarantine(tmp_path: Path) -> None:
    reading = read(tmp_path, {"naam": {"geslachtsnaam": "Voorbeeld"}}, {"burgerservicenummer": ANNA})
    assert [row.at for row in reading.quarantined] == ["personen[0]"]
    assert "Voorbeeld" not in reading.quarantined[0].reason


@pytest.mark.parametrize("text", ['{"personen": [', '{"personen": [], "personen": []}', "[" * 100_000, '{"a": 1}'])
def test_what_cannot_be_read_whole_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RefusedError):
        brp.read(written(tmp_path, "a.json", text))


@pytest.mark.parametrize(
    "text",
    [
        '{"personen": ' + "[" * 500 + "]" * 500 + "}",
        "interactions:\n- &a\n  response: {body: {x: *a}}\n",
        "".join(f"k{n}: &k{n} [" + ", ".join([f"*k{n - 1}"] * 9 if n else ["1"] * 9) + "]\n" for n in range(12))
        + "interactions: [{response: {body: {personen: *k11}}}]\n",
    ],
    ids=["deep", "ring", "aliases of aliases"],
)
def test_what_would_fill_the_memory_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RefusedError):
        brp.read(written(tmp_path, "a.yaml", text))


def test_the_list_form_of_the_public_mock(tmp_path: Path) -> None:
    person = {
        "aNummer": "1234567890",
        "burgerservicenummer": ANNA,
        "geslacht": {"code": "M"},
        "geheimhoudingPersoonsgegevens": "3",
        "geboorte": {"datum": "19191219"},
        "verblijfplaats": {
            "straat": "Klaverweide",
            "huisnummer": 54,
            "postcode": "2272BV",
            "datumAanvangAdreshouding": "20150800",
        },
        "partners": [],
    }
    path = written(tmp_path, "test-data.json", [person])
    assert brp.recognises(path, path.read_bytes())
    reading = brp.read(path)
    assert of_kind(reading, Person)[0].confidentiality == 3
    assert of_kind(reading, Stay)[0].start == PartialDate(dt.date(2015, 8, 1), dt.date(2015, 8, 31))


@needs_shared
def test_the_recorded_exchanges() -> None:
    children = brp.read(SHARED / "brp" / "recorded-get_children_exclude_deceased.yaml")
    assert [kin.other for kin in of_kind(children, Kinship)] == ["999970409", "999970161", "999970173", "999970185"]
    assert {kin.person for kin in of_kind(children, Kinship)} == {"999970124"}
    dead = next(person for person in of_kind(children, Person) if person.person == "999970173")
    assert (dead.suspension, dead.suspended) == ("O", day("2025-12-01"))
    found = brp.read(SHARED / "brp" / "recorded-find_person_succesfully.yaml")
    assert [person.name for person in of_kind(found, Person)] == ["Cornelia Francisca Wiegman"]
