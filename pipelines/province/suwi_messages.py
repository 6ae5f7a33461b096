"""Rows as SuwiML answers (income, benefits and claims, vehicles, property, study finance) and as GWS statements.

A row is a dict of a contract's delivered columns. Elements are unqualified under a qualified root, dates have eight
digits, amounts are a sign and a whole number of cents.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from lxml import etree

Row = dict[str, Any]
_SUWI = "http://bkwi.nl/SuwiML/Diensten"
_FWI = "http://bkwi.nl/SuwiML/FWI/v0205"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_GWS = "http://www.centric.nl/GWS/Diensten/UitkeringsSpecificatieClient/v0600"
SERVICES = {
    "uwv-income": ("UWVDossierInkomstenGSD/v0200", "UWVPersoonsIkvInfoResponse"),
    "bijstand": ("Bijstandsregelingen/v0500", "BijstandsregelingenInfoResponse"),
    "rdw": ("RDWDossierGSD/v0200", "KentekenInfoResponse"),
    "kadaster": ("KadasterDossierGSD/v0300", "PersoonsInfoResponse"),
    "duo": ("DUODossierStudiefinancieringGSD/v0200", "DUOStudiefinancieringInfoResponse"),
}
"""Source, service and answer."""


def part(name: str, *content: Any) -> Any:
    """An element with text or parts in it; None among the content is left out, and so is an element left empty."""
    node = etree.Element(name)
    for one in content:
        if one is None:
            continue
        if isinstance(one, str | int):
            node.text = str(one)
        else:
            node.append(one)
    return node if node.text or len(node) else None


def date(day: dt.date | None) -> str | None:
    """Eight digits, or nothing."""
    return None if day is None else day.strftime("%Y%m%d")


def between(row: Row, name: str) -> str | None:
    """A date as eight digits, with zeros for what is not known.

    >>> between({"d_earliest": dt.date(2024, 1, 1), "d_latest": dt.date(2024, 12, 31)}, "d")
    '20240000'
    """
    earliest, latest = row[f"{name}_earliest"], row[f"{name}_latest"]
    if earliest is None or earliest == latest:
        return date(earliest)
    return f"{earliest:%Y}0000"


def amount(name: str, cents: int | None, value: str = "WaardeBedr") -> Any:
    """An amount: sign, and a whole number of cents."""
    if cents is None:
        return None
    return part(name, part("CdPositiefNegatief", "-" if cents < 0 else "+"), part(value, abs(cents)))


def answer(source: str, *parts: Any) -> bytes:
    """An answer of a service; without parts it says that nothing was found."""
    service, name = SERVICES[source]
    root = etree.Element(f"{{{_SUWI}/{service}}}{name}", nsmap={"smls": f"{_SUWI}/{service}", "fwi": _FWI})
    for one in parts:
        root.append(one)
    if not parts:
        root.append(etree.Element(f"{{{_FWI}}}NietsGevonden"))
    return written(root)


def written(root: Any) -> bytes:
    """The message as UTF-8 with its declaration."""
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def enveloped(message: bytes) -> bytes:
    """The same answer in a SOAP envelope, as some senders keep it."""
    root = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    body = etree.SubElement(root, f"{{{_SOAP}}}Body")
    body.append(etree.fromstring(message))
    return written(root)


def fault() -> bytes:
    """A SOAP Fault: the source could not answer."""
    root = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    failed = etree.SubElement(etree.SubElement(root, f"{{{_SOAP}}}Body"), f"{{{_SOAP}}}Fault")
    failed.append(part("faultcode", "soap:Server"))
    failed.append(part("faultstring", "De bron is tijdelijk niet beschikbaar"))
    return written(root)


def income(rows: Sequence[Row]) -> bytes:
    """Every statement of one person, per income relation."""
    ordered = sorted(rows, key=lambda row: (row["employer"], row["relation"], row["start_earliest"]))
    relations = []
    for _, group in groupby(ordered, key=lambda row: (row["employer"], row["relation"])):
        statements = list(group)
        first = statements[0]
        relations.append(
            part(
                "Inkomstenverhouding",
                part("VolgnrIkv", first["relation"]),
                part("DatBIkv", between(first, "relation_start")),
                part(
                    "AdministratieveEenheid",
                    part("NaamAdministratieveEenheid", first["employer_name"]),
                    part("Loonheffingennr", first["employer"]),
                ),
                part(
                    "Inkomstenperiode",
                    part("DatBIkp", between(first, "relation_start")),
                    part("CdSrtIkv", first["kind"]),
                    part("CdAardIkv", first["nature"]),
                ),
                *(_statement(row) for row in statements),
            )
        )
    return answer("uwv-income", part("ClientSuwi", part("Burgerservicenr", rows[0]["person"]), *relations))


def _statement(row: Row) -> Any:
    return part(
        "Inkomstenopgave",
        part("DatBIko", between(row, "start")),
        part("DatEIko", between(row, "end")),
        part("AantVerloondeUrenIko", row["hours"]),
        amount("BedrBrutoloonSv", row["gross_cents"]),
        amount("BedrLoonLbPremieVolksverz", row["taxable_cents"]),
        amount("BedrIngehoudenLbPremieVolksverz", row["withheld_tax_cents"]),
    )


def benefit(rows: Sequence[Row]) -> bytes:
    """A case as it is now: the client, and the partner where there is one."""
    client = next(row for row in rows if row["role"] == "client")
    partners = [row for row in rows if row["role"] == "partner"]
    relation = part(
        "Uitkeringsverhouding",
        part("DatBUitkeringsverhouding", between(client, "start")),
        part("DatEUitkeringsverhouding", between(client, "end")),
        part("SzWet", part("CdSzWet", "12")),
        part(
            "SpecifiekeGegevensBijstandUitk",
            part("CdAanleidingEindeBijstandUitk", client["end_reason"]),
            part("AantKostendelers", str(client["cost_sharers"])),
        ),
        *(part("PartnerUitkeringsverhouding", *_named(row)) for row in partners),
        part(
            "Uitkeringsperiode",
            part("DatBUitkeringsperiode", between(client, "start")),
            part("DatEUitkeringsperiode", between(client, "end")),
            part("Normbedrag", part("CdSrtNormbedrag", "01"), part("WaardeBedr", client["norm_cents"])),
        ),
    )
    dossier = part("DossierGsd", part("Dossiercd", client["case"]))
    return answer("bijstand", part("ClientSuwi", *_named(client), dossier, relation))


def _named(row: Row) -> list[Any]:
    given, _, family = row["name"].partition(" ")
    return [
        part("Burgerservicenr", row["person"]),
        part("Voornamen", given),
        part("SignificantDeelVanDeAchternaam", family),
        part("Geslacht", "1" if row["sex"] == "M" else "2"),
        part("Geboortedat", between(row, "birth_date")),
    ]


def claims(rows: Sequence[Row]) -> bytes:
    """The claims on one person."""
    return answer(
        "bijstand",
        part(
            "ClientSuwi",
            part("Burgerservicenr", rows[0]["person"]),
            *(
                part(
                    "Vordering",
                    part("IdentificatienrVordering", row["claim"]),
                    part("DatBesluitVordering", between(row, "decided")),
                    part("CdRedenVordering", row["reason"]),
                    amount("BedrAanvangVordering", row["amount_cents"]),
                    part("CdStatusVordering", row["status"]),
                    amount("BedrSaldoVordering", row["balance_cents"]),
                    part("DatOnherroepelijkVordering", between(row, "final_since")),
                    part("SzWet", part("CdSzWet", "12")),
                )
                for row in rows
            ),
        ),
    )


def vehicles(rows: Sequence[Row]) -> bytes:
    """The vehicles of one person."""
    return answer(
        "rdw",
        part(
            "ClientSuwi",
            part("Burgerservicenr", rows[0]["person"]),
            *(
                part(
                    "Aansprakelijke",
                    part("DatRegistratieAansprakelijkheid", between(row, "start")),
                    part("DatEAansprakelijkheid", between(row, "end")),
                    part(
                        "Voertuig",
                        part("CdSrtVoertuig", row["kind"]),
                        part("KentekenVoertuig", row["vehicle"]),
                        part("StatusVoertuig", part("CdStatusVoertuig", row["status"])),
                        part("MerkVoertuig", row["make"]),
                        part("TypeVoertuig", row["model"]),
                        part("DatEersteInschrijvingVoertuigInt", between(row, "first_registered")),
                        amount("BedrCatalogusVoertuig", row["catalogue_cents"]),
                    ),
                )
                for row in rows
            ),
        ),
    )


def properties(rows: Sequence[Row]) -> bytes:
    """The rights of one person."""
    return answer(
        "kadaster",
        part(
            "ClientSuwi",
            part("Burgerservicenr", rows[0]["person"]),
            part("Eigendom", *(_thing(row) for row in rows)),
        ),
    )


def _thing(row: Row) -> Any:
    code, section, number = row["parcel"].split("-")
    return part(
        "OnroerendeZaak",
        part("CdTypeOnroerendeZaak", row["object_kind"]),
        part(
            "KadastraleAanduiding",
            part("CdKadastraleGemeente", code),
            part("KadastraleSectie", section),
            part("KadastraalPerceelnr", number),
        ),
        part("ZakelijkRecht", part("OmsZakelijkRecht", row["right"])),
        part(
            "LocatieOZ",
            part(
                "StraatadresBag",
                part("Postcd", row["address_postcode"]),
                part("Woonplaatsnaam", row["address_city"]),
                part("Straatnaam", row["address_street"]),
                part("Huisnr", row["address_house_number"]),
                part("Huisletter", row["address_house_letter"]),
            ),
        ),
        amount("BedrKoopsom", row["price_cents"]),
        part("JaarAankoop", row["bought_year"]),
        part("WijzeVerkrijgingEigendom", part("DatVerkrijgingEigendom", between(row, "acquired"))),
        part("IndMeerGerechtigden", "1" if row["shared"] else "2"),
    )


def grants(rows: Sequence[Row]) -> bytes:
    """The study finance of one person."""
    return answer(
        "duo",
        part(
            "ClientSuwi",
            part("Burgerservicenr", rows[0]["person"]),
            *(
                part(
                    "Studiefinanciering",
                    part("DatBToekenningsperiodeStufi", between(row, "start")),
                    part("DatEToekenningsperiodeStufi", between(row, "end")),
                    part("CdToekenningBasisbeursStufi", row["basic"]),
                    part("IndAanvullendeBeursStufi", "1" if row["supplementary"] else "2"),
                )
                for row in rows
            ),
        ),
    )


def statement(row: Row, municipality: tuple[str, str], name: str) -> bytes:
    """The statement of one benefit month. Its lines add up to what was paid, to the cent."""
    kept_back = row["norm_cents"] - row["deducted_income_cents"] - row["paid_cents"]
    given, _, family = name.partition(" ")
    money = "WaardeBedrag"
    lines = [
        ("Norm 21 tot AOW", row["norm_cents"], 1),
        ("TOTAAL GEKORTE INKOMSTEN", row["deducted_income_cents"], 2),
        ("RESERVERING VAKANTIEGELD", kept_back, 2),
        ("TOTAAL NETTO BIJSTAND", row["paid_cents"], 1),
        ("UIT TE BETALEN BEDRAG", row["paid_cents"], 1),
    ]
    history = part(
        "Dossierhistorie",
        part("Regeling", row["regulation"]),
        part("Dossiernummer", row["case"]),
        part("Periodenummer", row["period"]),
        part("Betrekkingsperiode", row["month"].strftime("%Y%m")),
        amount("UitbetaaldBedragClient", row["paid_cents"], money),
        part("Iban", row["account"]),
        amount("OpgegevenInkomsten", row["declared_income_cents"], money),
        amount("TeVerrekenenInkomsten", row["countable_income_cents"], money),
        amount("InkomstenVrijlating", row["exempt_income_cents"], money),
        amount("GekorteInkomsten", row["deducted_income_cents"], money),
        amount("UitbetaaldBedragDossier", row["paid_dossier_cents"], money),
        part("DatumBetaald", between(row, "paid_on")),
        *(
            part(
                "Componenthistorie",
                part("Omschrijving", text),
                amount("Bedrag", cents, money),
                part("IndicatieKolom", column),
            )
            for text, cents, column in lines
        ),
    )
    client = part(
        "Client", part("BurgerServiceNr", row["person"]), part("Voornamen", given), part("Achternaam", family)
    )
    office = part("Uitkeringsinstantie", part("Gemeentecode", municipality[0]), part("Gemeentenaam", municipality[1]))
    root = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"SOAP-ENV": _SOAP, "gwsd": _GWS})
    body = etree.SubElement(root, f"{{{_SOAP}}}Body")
    response = etree.SubElement(body, f"{{{_GWS}}}UitkeringsSpecificatieInfoResponse")
    about = part("UitkeringsSpecificatieClient", client, part("TypePeriode", "0"))
    about.append(part("Uitkeringsspecificatie", office, history))
    response.append(about)
    return written(root)
