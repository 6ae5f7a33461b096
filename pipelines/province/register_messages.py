"""Rows as answers of registers in JSON (BRP Personen 2.7, BRP Bewoning 2.1, KVK basisprofiel) and as our own CSV."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def whole_date(day: dt.date | None) -> dict[str, Any] | None:
    """A date of the BRP, known in full."""
    return None if day is None else {"type": "Datum", "datum": day.isoformat(), "langFormaat": day.isoformat()}


def brp_date(row: Row, name: str) -> dict[str, Any] | None:
    """A date of the BRP in the member of the union that says what is known."""
    earliest, latest = row[f"{name}_earliest"], row[f"{name}_latest"]
    if earliest is None or earliest == latest:
        return whole_date(earliest)
    return {"type": "JaarDatum", "jaar": earliest.year, "langFormaat": str(earliest.year)}


def _filled(**fields: Any) -> dict[str, Any]:
    """Absent is not asked or empty: empty fields do not come back."""
    return {name: value for name, value in fields.items() if value not in (None, "", {}, [])}


def persons(people: Sequence[tuple[Row, Row]]) -> bytes:
    """People with the residence they have now: (person, stay)."""
    found = [_person(person, stay) for person, stay in people]
    return _written({"type": "RaadpleegMetBurgerservicenummer", "personen": found})


def _person(person: Row, stay: Row) -> dict[str, Any]:
    given, _, family = person["name"].partition(" ")
    confidential = person["confidentiality"]
    return _filled(
        aNummer=person["list"],
        burgerservicenummer=person["person"],
        geheimhoudingPersoonsgegevens=str(confidential) if confidential else None,
        naam={"voornamen": given, "geslachtsnaam": family, "volledigeNaam": f"{given} {family}"},
        geslacht={"code": person["sex"], "omschrijving": {"M": "man", "V": "vrouw"}[person["sex"]]},
        geboorte={
            "datum": brp_date(person, "birth_date"),
            "plaats": {"omschrijving": person["birth_place"]},
            "land": {"code": person["birth_country"]},
        },
        nationaliteiten=[
            {"type": "Nationaliteit", "nationaliteit": {"code": code}} for code in person["nationalities"] or ()
        ],
        gemeenteVanInschrijving={"code": person["registered_municipality"]},
        verblijfplaats=_residence(stay),
    )


def _residence(stay: Row) -> dict[str, Any]:
    return _filled(
        type="Adres",
        adresseerbaarObjectIdentificatie=stay["address_bag_object"],
        functieAdres={"code": stay["function"]},
        datumVan=brp_date(stay, "start"),
        inOnderzoek={"type": True} if stay["under_investigation"] else None,
        verblijfadres=_filled(
            officieleStraatnaam=stay["address_street"],
            huisnummer=stay["address_house_number"],
            huisletter=stay["address_house_letter"],
            postcode=stay["address_postcode"],
            woonplaats=stay["address_city"],
        ),
    )


def occupants(bag_object: str, start: dt.date, end: dt.date, people: Sequence[str], possible: Sequence[str]) -> bytes:
    """Who is registered at an address object from `start` until `end` (exclusive), and who may be."""
    composition = {
        "adresseerbaarObjectIdentificatie": bag_object,
        "periode": {"datumVan": start.isoformat(), "datumTot": end.isoformat()},
        "bewoners": [{"burgerservicenummer": bsn} for bsn in people],
        "mogelijkeBewoners": [{"burgerservicenummer": bsn} for bsn in possible],
    }
    return _written({"bewoningen": [composition]})


def company(row: Row) -> bytes:
    """The basisprofiel of a company, with its main branch and owner."""
    digits = "%Y%m%d"
    address = _filled(
        type="bezoekadres",
        indAfgeschermd="Ja" if row["shielded"] else "Nee",
        straatnaam=None if row["shielded"] else row["address_street"],
        huisnummer=None if row["shielded"] else row["address_house_number"],
        postcode=None if row["shielded"] else row["address_postcode"],
        plaats=None if row["shielded"] else row["address_city"],
        land="Nederland",
    )
    main = {
        "vestigingsnummer": row["branch"],
        "kvkNummer": row["company"],
        "eersteHandelsnaam": row["trade_name"],
        "indHoofdvestiging": "Ja",
        "totaalWerkzamePersonen": row["staff"],
        "adressen": [address],
    }
    return _written(
        {
            "kvkNummer": row["company"],
            "indNonMailing": "Nee",
            "naam": row["trade_name"],
            "materieleRegistratie": _filled(
                datumAanvang=row["start_earliest"].strftime(digits),
                datumEinde=row["end_earliest"].strftime(digits) if row["end_earliest"] else None,
            ),
            "totaalWerkzamePersonen": row["staff"],
            "handelsnamen": [{"naam": row["trade_name"], "volgorde": 0}],
            "sbiActiviteiten": [
                {"sbiCode": code, "indHoofdactiviteit": "Nee" if place else "Ja"}
                for place, code in enumerate(row["activities"])
            ],
            "_embedded": {"hoofdvestiging": main, "eigenaar": {"rechtsvorm": row["legal_form"]}},
        }
    )


def _written(body: Any) -> bytes:
    return (json.dumps(body, ensure_ascii=False, indent=1) + "\n").encode()


def own_csv(kind: str, municipality: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Our own CSV of signals, outcomes or bookings, version 1."""
    lines = [f"# weegschaal {kind} version=1 municipality={municipality}", ";".join(columns)]
    lines += [";".join(_field(value) for value in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


_OUTCOME = (
    "case",
    "selected",
    "arm",
    "probability",
    "closed",
    "approved",
    "cause",
    "effect",
    "amount_cents",
    "overturned",
    "minutes",
)
_BOOKING = ("case", "selected", "reference", "kind", "booked", "amount_cents", "withdrawn")
_SIGNAL = {
    "bsn": "person",
    "product": "product",
    "start": "start_earliest",
    "end": "end_earliest",
    "issued": "issued_earliest",
    "reference": "reference",
    "amount_cents": "amount_cents",
    "state": "state",
}


def signals(municipality: str, rows: Sequence[Row]) -> bytes:
    """Signals of the Inlichtingenbureau."""
    return own_csv("signals", municipality, tuple(_SIGNAL), [[row[name] for name in _SIGNAL.values()] for row in rows])


def outcomes(municipality: str, rows: Sequence[Row]) -> bytes:
    """Outcomes of reviews."""
    return own_csv("outcomes", municipality, _OUTCOME, [[row[name] for name in _OUTCOME] for row in rows])


def bookings(municipality: str, rows: Sequence[Row]) -> bytes:
    """Money that followed from reviews."""
    return own_csv("bookings", municipality, _BOOKING, [[row[name] for name in _BOOKING] for row in rows])
