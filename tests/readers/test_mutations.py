"""Broken deliveries: a reader refuses the file or reads it, never anything else, and no record goes without a trace."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import sources
from pipelines.sources import bewoning, bookings, brp, gbav, kvk, outcomes, signals
from pipelines.sources.reading import Reading, RefusedError
from tests.readers.builders import ANNA, BRAM, CEES, gbav_row, gbav_text, person_row, written

often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

GBAV = gbav_text(
    person_row(ANNA, e08_11_10="Markt", e08_11_20="3", e08_11_60="6411AA", e08_10_30="20200101", e08_H="58"),
    gbav_row(e08_11_10="Markt", e08_11_20="5", e08_11_60="6411AA", e08_10_30="20100101"),
    person_row(BRAM, e05_01_20=ANNA, e05_02_40="Voorbeeld", e05_06_10="20050811"),
)
SIGNALS = f"# weegschaal signals version=1\nbsn;product;start\n{ANNA};assets;20241231\n{BRAM};vehicles;20250101\n"
OUTCOMES = "# weegschaal outcomes version=1\ncase;selected;cause;effect\nD-1;20250106;x;up\nD-2;20250106;x;none\n"
BOOKINGS = (
    "# weegschaal bookings version=1\ncase;selected;reference;kind;booked;amount_cents\n"
    "D-1;20250106;F-1;claimed;20250301;240000\nD-2;20250106;F-2;paid_out;20250301;13500\n"
)
PERSONEN = {
    "type": "RaadpleegMetBurgerservicenummer",
    "personen": [
        {
            "burgerservicenummer": ANNA,
            "aNummer": "1234567890",
            "naam": {"voornamen": "Anna", "geslachtsnaam": "Voorbeeld"},
            "geboorte": {"datum": {"type": "Datum", "datum": "1980-01-15"}, "land": {"code": "6030"}},
            "nationaliteiten": [{"type": "Nationaliteit", "nationaliteit": {"code": "0001"}}],
            "opschortingBijhouding": {"reden": {"code": "E"}, "datum": {"type": "JaarDatum", "jaar": 2020}},
            "verblijfplaats": {
                "type": "Adres",
                "verblijfadres": {"officieleStraatnaam": "Markt", "huisnummer": 3, "postcode": "6411AA"},
                "datumVan": {"type": "JaarMaandDatum", "jaar": 2020, "maand": 5},
            },
            "partners": [{"burgerservicenummer": BRAM, "soortVerbintenis": {"code": "H"}}],
            "kinderen": [{"burgerservicenummer": CEES}, {"naam": {"voornamen": "Dora"}}],
        },
        {"burgerservicenummer": BRAM},
    ],
}
BEWONING = {
    "bewoningen": [
        {
            "adresseerbaarObjectIdentificatie": "0917010000000001",
            "periode": {"datumVan": "2020-01-01", "datumTot": "2021-01-01"},
            "bewoners": [{"burgerservicenummer": ANNA}, {"burgerservicenummer": BRAM}],
            "mogelijkeBewoners": [{"burgerservicenummer": CEES}],
            "indicatieVeelBewoners": False,
        }
    ]
}
KVK = {
    "kvkNummer": "90000001",
    "handelsnamen": [{"naam": "Voorbeeld", "volgorde": 0}],
    "materieleRegistratie": {"datumAanvang": "20170108"},
    "sbiActiviteiten": [{"sbiCode": "1011", "indHoofdactiviteit": "Ja"}],
    "_embedded": {
        "hoofdvestiging": {
            "vestigingsnummer": "000090000001",
            "adressen": [{"type": "bezoekadres", "indAfgeschermd": "Nee", "straatnaam": "Markt", "huisnummer": 3}],
        },
        "eigenaar": {"rsin": "990000001", "rechtsvorm": "Stichting"},
    },
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def spots(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [way] if way else []
    for key, child in children:
        found += spots(child, (*way, key))
    return found


def put(content: Any, way: tuple[Any, ...], value: Any) -> Any:
    """A copy with the value at the end of the way."""
    changed = copy.deepcopy(content)
    inner = changed
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value
    return changed


def places(reading: Reading) -> set[str]:
    return {found.at for found in reading.records} | {row.at for row in reading.quarantined}


@pytest.mark.parametrize(
    "reader", [gbav, brp, bewoning, kvk, signals, outcomes, bookings], ids=lambda reader: reader.SOURCE
)
@often
@given(data=st.data())
def test_changed_bytes_are_read_or_refused(tmp_path: Path, reader: Any, data: st.DataObject) -> None:
    texts = {gbav: GBAV, signals: SIGNALS, outcomes: OUTCOMES, bookings: BOOKINGS}
    bodies = {brp: PERSONEN, bewoning: BEWONING, kvk: KVK}
    raw = bytearray((texts.get(reader) or json.dumps(bodies.get(reader))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path = written(tmp_path, "x", bytes(raw))
    for attempt in (reader.read, sources.read):
        try:
            reading = attempt(path)
        except RefusedError:
            continue
        assert all(row.reason for row in reading.quarantined)


@pytest.mark.parametrize(
    ("text", "reader"),
    [(SIGNALS, signals), (OUTCOMES, outcomes), (BOOKINGS, bookings)],
    ids=["signals", "outcomes", "bookings"],
)
@often
@given(data=st.data())
def test_every_row_is_a_record_or_in_quarantine(tmp_path: Path, text: str, reader: Any, data: st.DataObject) -> None:
    lines = text.split("\n")
    row = data.draw(st.integers(2, 3))
    lines[row] = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1))
    reading = reader.read(written(tmp_path, "x.csv", "\n".join(lines)))
    expected = {f"row {number}" for number, line in enumerate(lines[2:], start=3) if line.rstrip("\r").strip()}
    assert places(reading) == expected
    assert len(reading.records) + len(reading.quarantined) == len(expected)


@often
@given(data=st.data())
def test_every_person_list_leaves_a_trace(tmp_path: Path, data: st.DataObject) -> None:
    lines = GBAV.rstrip("\r\n").split("\r\n")
    row = data.draw(st.integers(1, 3))
    cells = lines[row].split(";")
    cell = data.draw(st.sampled_from([place for place, value in enumerate(cells) if value]))
    cells[cell] = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12))
    lines[row] = ";".join(cells)
    reading = gbav.read(written(tmp_path, "x.csv", "\r\n".join(lines)))
    filled = {f"row {number}" for number, line in enumerate(lines[1:], start=2) if line.strip(";\t \x00")}
    assert filled <= places(reading), "each of these rows holds a person or an address"


@often
@given(data=st.data())
def test_every_entry_of_an_answer_leaves_a_trace(tmp_path: Path, data: st.DataObject) -> None:
    way = data.draw(st.sampled_from([way for way in spots(PERSONEN["personen"]) if len(way) > 1]))
    people = put(PERSONEN["personen"], way, data.draw(anything))
    reading = brp.read(written(tmp_path, "x.json", {"personen": people}))
    found = places(reading)
    assert {"personen[0]", "personen[1]"} <= found
    withheld = {row.at for row in reading.quarantined}
    for field in ("partners", "kinderen"):
        kin = people[0].get(field)
        for place in range(len(kin) if isinstance(kin, list) else 0):
            assert f"personen[0].{field}[{place}]" in found or "personen[0]" in withheld


@often
@given(data=st.data())
def test_every_resident_leaves_a_trace(tmp_path: Path, data: st.DataObject) -> None:
    way = data.draw(st.sampled_from([way for way in spots(BEWONING["bewoningen"]) if len(way) > 1]))
    objects = put(BEWONING["bewoningen"], way, data.draw(anything))
    reading = bewoning.read(written(tmp_path, "x.json", {"bewoningen": objects}))
    found = places(reading)
    for field in ("bewoners", "mogelijkeBewoners"):
        people = objects[0][field]
        for place in range(len(people) if isinstance(people, list) else 0):
            assert found & {"bewoningen[0]", f"bewoningen[0].{field}[{place}]"}


@often
@given(way=st.sampled_from(spots(KVK)), value=anything)
def test_a_company_leaves_a_trace(tmp_path: Path, way: tuple[Any, ...], value: Any) -> None:
    reading = kvk.read(written(tmp_path, "x.json", put(KVK, way, value)))
    assert len(reading.records) + len(reading.quarantined) == 1
