"""Rules for the Handelsregister."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import yaml

from features.records import Address, Company, PartialDate
from pipelines.sources import kvk
from pipelines.sources.reading import Reading
from tests.readers.builders import of_kind, written
from tests.shared import SHARED, needs_shared


def address(**fields: Any) -> dict[str, Any]:
    known = {"type": "bezoekadres", "indAfgeschermd": "Nee", "straatnaam": "Markt", "huisnummer": 3}
    return {**known, "postcode": "6411AA", "plaats": "Heerlen", "land": "Nederland", **fields}


def profile(**fields: Any) -> dict[str, Any]:
    return {
        "kvkNummer": "90000001",
        "naam": "Voorbeeld B.V.",
        "materieleRegistratie": {"datumAanvang": "20170100"},
        "totaalWerkzamePersonen": 4,
        "handelsnamen": [{"naam": "Tweede", "volgorde": 1}, {"naam": "Eerste", "volgorde": 0}],
        "sbiActiviteiten": [
            {"sbiCode": "1012", "indHoofdactiviteit": "Nee"},
            {"sbiCode": "10110", "indHoofdactiviteit": "Ja"},
        ],
        "_embedded": {
            "hoofdvestiging": {"vestigingsnummer": "000090000001", "adressen": [address()]},
            "eigenaar": {"rsin": "990000001", "rechtsvorm": "Besloten Vennootschap"},
        },
        **fields,
    }


def read(folder: Path, body: Any) -> Reading:
    return kvk.read(written(folder, "profiel.json", body))


def one(folder: Path, body: Any) -> Company:
    (company,) = of_kind(read(folder, body), Company)
    assert isinstance(company, Company)
    return company


def test_a_profile_is_one_row_with_its_main_branch(tmp_path: Path) -> None:
    company = one(tmp_path, profile())
    assert (company.company, company.branch, company.rsin) == ("90000001", "000090000001", "990000001")
    assert (company.trade_name, company.legal_form, company.staff) == ("Eerste", "Besloten Vennootschap", 4)
    assert company.start == PartialDate(dt.date(2017, 1, 1), dt.date(2017, 1, 31))
    assert company.activities == ("10110", "1012")
    assert company.main_branch is True
    assert company.address == Address(street="Markt", house_number=3, postcode="6411AA", city="Heerlen")


def test_a_shielded_address_is_not_read(tmp_path: Path) -> None:
    body = profile()
    body["_embedded"]["hoofdvestiging"]["adressen"] = [address(indAfgeschermd="Ja")]
    company = one(tmp_path, body)
    assert company.shielded is True
    assert company.address is None


def test_the_name_of_a_sole_trader_is_left_out(tmp_path: Path) -> None:
    company = one(tmp_path, profile(_embedded={"eigenaar": {"rechtsvorm": "Eenmanszaak"}}))
    assert company.trade_name is None
    assert company.branch is None
    assert "sole_trader_name_left_out" in company.flags


def test_a_branch_profile_and_its_links_of_either_name(tmp_path: Path) -> None:
    branch = {
        "vestigingsnummer": "000090000002",
        "kvkNummer": "90000001",
        "rsin": "990000001",
        "eersteHandelsnaam": "Filiaal",
        "indHoofdvestiging": "Nee",
        "adressen": [address(huisletter="M", geoData={"addresseerbaarObjectId": "0917010000000001"})],
    }
    for links in ({"links": []}, {"_links": {"self": {"href": "x"}}}):
        company = one(tmp_path, {**branch, **links})
        assert (company.branch, company.main_branch, company.trade_name) == ("000090000002", False, "Filiaal")
        assert company.address is not None
        assert (company.address.house_letter, company.address.bag_object) == ("M", "0917010000000001")


def test_further_branches_get_a_row_each(tmp_path: Path) -> None:
    body = profile()
    body["_embedded"]["vestigingen"] = [
        {"vestigingsnummer": "000090000001"},
        {"vestigingsnummer": "000090000002", "indAdresAfgeschermd": "Ja", "volledigAdres": "Markt 3 Heerlen"},
    ]
    first, second = of_kind(read(tmp_path, body), Company)
    assert (first.branch, second.branch) == ("000090000001", "000090000002")
    assert second.company == "90000001"
    assert second.address is None


def test_branches_beside_the_profile_do_not_hide_the_company(tmp_path: Path) -> None:
    reading = read(tmp_path, profile(vestigingen=[{"vestigingsnummer": "000090000003"}]))
    assert [company.branch for company in of_kind(reading, Company)] == ["000090000001", "000090000003"]


def test_a_list_of_branches_and_a_page_of_results(tmp_path: Path) -> None:
    branches = {
        "kvkNummer": "90000001",
        "aantalCommercieleVestigingen": 1,
        "vestigingen": [{"vestigingsnummer": "000090000003"}],
    }
    results = {"resultatenPerPagina": 10, "resultaten": [{"kvkNummer": "90000002", "type": "rechtspersoon"}, {}]}
    assert one(tmp_path, branches).company == "90000001"
    reading = read(tmp_path, results)
    assert [company.company for company in of_kind(reading, Company)] == ["90000002"]
    assert [row.at for row in reading.quarantined] == ["resultaten[1]"]


def test_bad_numbers_and_words_go_to_quarantine(tmp_path: Path) -> None:
    for body in (
        profile(kvkNummer="9"),
        profile(sbiActiviteiten=[{"sbiCode": "1012", "indHoofdactiviteit": "Misschien"}]),
        profile(materieleRegistratie="ooit"),
    ):
        reading = read(tmp_path, body)
        assert not reading.records
        assert len(reading.quarantined) == 1


def test_an_error_is_an_answer(tmp_path: Path) -> None:
    def exchange(code: str, status: int) -> dict[str, Any]:
        body = json.dumps({"fout": [{"code": code, "omschrijving": "x"}]})
        uri = "https://api.kvk.nl/test/api/v1/basisprofielen/90000009"
        return {"request": {"uri": uri}, "response": {"body": {"string": body}, "status": {"code": status}}}

    cassette = {"interactions": [exchange("IPD0005", 404), exchange("IPD0006", 400)], "version": 1}
    path = written(tmp_path, "opname.yaml", yaml.safe_dump(cassette))
    assert kvk.recognises(path, path.read_bytes())
    reading = kvk.read(path)
    assert (reading.nothing_found, reading.faults) == (1, 1)


@needs_shared
def test_the_basisprofiel_of_the_test_environment() -> None:
    (company,) = of_kind(kvk.read(SHARED / "kvk" / "basisprofiel.json"), Company)
    assert (company.company, company.branch) == ("69599084", "000038509504")
    assert company.start == PartialDate.on(dt.date(2017, 1, 8))
    assert company.activities == ("1011", "1012", "1013")
    assert company.trade_name is None, "a sole trader"
    assert company.address == Address(street="Abebe Bikilalaan", house_number=17, postcode="1034WL", city="Amsterdam")
