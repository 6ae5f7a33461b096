"""Rules for telling deliveries apart."""

from pathlib import Path
from typing import Any

import pytest

from pipelines import sources
from pipelines.sources.reading import RefusedError
from tests.readers.builders import ANNA, gbav_text, person_row, written

DELIVERIES: list[tuple[str, str, Any]] = [
    ("gbav", "x.csv", gbav_text(person_row())),
    ("brp", "x.json", {"type": "RaadpleegMetBurgerservicenummer", "personen": []}),
    ("brp", "x.json", [{"burgerservicenummer": ANNA, "naam": {}}]),
    ("bewoning", "x.json", {"bewoningen": []}),
    ("bewoning", "x.json", [{"burgerservicenummer": ANNA, "verblijfplaats": {}}]),
    ("kvk", "x.json", {"kvkNummer": "90000001", "handelsnamen": []}),
    ("signals", "x.csv", "# weegschaal signals version=1\nbsn;product;start\n"),
    ("outcomes", "x.csv", "# weegschaal outcomes version=1\ncase;selected;cause;effect\n"),
    (
        "bookings",
        "x.csv",
        "# weegschaal bookings version=1\ncase;selected;reference;kind;booked;amount_cents\n",
    ),
    ("extract", "x.csv", "# weegschaal contract=signals version=1\nperson,product,start_earliest,start_latest\n"),
]

OTHERS: list[tuple[str, Any, str]] = [
    ("api.json", {"openapi": "3.0.0", "paths": {"/personen": {}}}, "OpenAPI"),
    ("api.yaml", "openapi: 3.0.3\ninfo: {}\n", "OpenAPI"),
    ("s.json", {"$schema": "x", "properties": {"kvkNummer": {}, "handelsnamen": {}}}, "JSON schema"),
    ("s.xsd", '<?xml version="1.0"?><xs:schema xmlns:xs="x"/>', "XSD"),
    ("s.wsdl", '<wsdl:definitions xmlns:wsdl="x" name="UWVDossierInkomstenGSD"/>', "WSDL"),
    ("t.csv", '"92.10 Gemeentecode","92.11 Omschrijving"\n'.encode("utf-16"), "national table 33"),
    ("c.json", {"1": "Loon", "2": "Pensioen"}, "list of codes"),
    ("a.zip", b"PK\x03\x04rest", "zip"),
    ("a.pdf", b"%PDF-1.7", "PDF"),
    ("a.csv", "naam;leeftijd\n", "CSV"),
    ("a.html", "<!DOCTYPE html><html></html>", "web page"),
    ("a.md", "# kop\n", "text"),
    ("a.bin", b"\x00\x01\x02", "binary"),
    ("a.yaml", 'interactions:\n- request:\n    uri: x\n  response:\n    body:\n      string: "{}"\n', "recording"),
]


@pytest.mark.parametrize(("source", "name", "content"), DELIVERIES)
def test_each_format_is_known_by_its_content(tmp_path: Path, source: str, name: str, content: Any) -> None:
    path = written(tmp_path, name, content)
    assert source == sources.recognise(path).SOURCE
    assert sources.read(path).source == source
    assert sources.read(path, source).source == source


@pytest.mark.parametrize(("source", "name", "content"), DELIVERIES)
def test_only_one_reader_knows_it(tmp_path: Path, source: str, name: str, content: Any) -> None:
    path = written(tmp_path, name, content)
    head = path.read_bytes()
    assert [one for one, reader in sources.READERS.items() if reader.recognises(path, head)] == [source]


@pytest.mark.parametrize(("name", "content", "says"), OTHERS)
def test_what_is_no_delivery_is_refused_with_what_it_is(tmp_path: Path, name: str, content: Any, says: str) -> None:
    with pytest.raises(RefusedError, match=says) as refused:
        sources.read(written(tmp_path, name, content))
    assert "gbav" in str(refused.value), "and says which formats there are"


def test_a_file_under_another_name_is_refused_with_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "x.json", {"bewoningen": []})
    with pytest.raises(RefusedError, match="said to be gbav, but this is a file of source bewoning"):
        sources.read(path, "gbav")
    with pytest.raises(RefusedError, match="there is no source 'sap'"):
        sources.read(path, "sap")


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="empty"):
        sources.read(written(tmp_path, "x.csv", "\n\n"))
    with pytest.raises(RefusedError, match="not a file"):
        sources.read(tmp_path)


def test_every_source_of_the_brief_has_a_reader() -> None:
    assert list(sources.READERS) == [
        *("gbav", "bewoning", "brp", "kvk", "signals", "outcomes", "bookings"),
        *("uwv-income", "bijstand", "rdw", "kadaster", "duo", "brp-suwi", "gws", "suwi-other"),
        "extract",
    ]
