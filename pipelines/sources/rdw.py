"""Vehicles in someone's name: SuwiML RDWDossierGSD v0200, all three answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from features.records import Vehicle
from pipelines.sources.fields import Fields
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Reading
from pipelines.sources.suwiml import Service, belongs, read_service
from pipelines.sources.xml import Part

SOURCE = "rdw"

ORGANISATIONS = ("OndernemingInst", "HandelaarOndernemingInst")
_HOLDERS = ("ClientSuwi*", "OndernemingInst*", "HandelaarOndernemingInst*")

SERVICE = Service(
    source=SOURCE,
    name="RDWDossier",
    answers=("VoertuigbezitInfoPersoonResponse", "KentekenInfoResponse", "VoertuigbezitInfoOrgResponse"),
    carriers={"Aansprakelijke": "vehicles", **dict.fromkeys(("ClientSuwi", *ORGANISATIONS), "vehicles")},
    children={
        "VoertuigbezitInfoPersoonResponse": _HOLDERS,
        "KentekenInfoResponse": _HOLDERS,
        "VoertuigbezitInfoOrgResponse": _HOLDERS,
        "ClientSuwi": (
            "Burgerservicenr",
            "Voorletters",
            "Voorvoegsel",
            "SignificantDeelVanDeAchternaam",
            "Geboortedat",
            "RdwAdres*",
            "Aansprakelijke*",
        ),
        **dict.fromkeys(ORGANISATIONS, ("Rechtspersoon", "VestigingOndernemingInst", "Aansprakelijke*")),
        "Aansprakelijke": (
            "DatRegistratieAansprakelijkheid",
            "TijdBAansprakelijkheid",
            "DatEAansprakelijkheid",
            "Voertuig",
            "Handelaarskenteken",
        ),
        "Voertuig": (
            "CdSrtVoertuig",
            "KentekenVoertuig",
            "StatusVoertuig*",
            "MerkVoertuig",
            "TypeVoertuig",
            "HoofdkleurVoertuig",
            "NevenkleurVoertuig",
            "DatEersteInschrijvingVoertuigNat",
            "DatEersteInschrijvingVoertuigInt",
            "BedrBpm",
            "BedrCatalogusVoertuig",
            "TellerstandVoertuig",
            "Keuring*",
            "VerstrekkingsvoorbehoudVoertuig",
            "Voertuigverplichtingen",
            "Voertuigverplichtingennemer",
            "Verzekering",
        ),
    },
)


def recognises(path: Path, head: bytes) -> bool:
    return belongs(SERVICE, head)


def read(path: Path) -> Reading:
    """Read one message. Raises RefusedError."""
    return read_service(path, SERVICE, _take)


def _take(gathering: Gathering, body: Part) -> None:
    for client in body.parts("ClientSuwi"):
        gathering.visit(client)
        if not client.parts("Aansprakelijke"):
            gathering.flags["client_without_records"] += 1
        for liable in client.parts("Aansprakelijke"):
            gathering.add(liable, "vehicles", _vehicle(client, liable))
    for company in (part for name in ORGANISATIONS for part in body.parts(name)):
        gathering.visit(company)
        for liable in company.parts("Aansprakelijke"):
            gathering.set_aside(liable, "Burgerservicenr", "the holder is an organisation, not a person", "vehicles")


def _vehicle(client: Part, liable: Part) -> Callable[[Fields], Vehicle]:
    def build(fields: Fields) -> Vehicle:
        vehicle = liable.part("Voertuig")
        return Vehicle(
            person=fields.person(client),
            vehicle=_plate(fields, vehicle),
            start=fields.date(liable, "DatRegistratieAansprakelijkheid"),
            end=fields.date(liable, "DatEAansprakelijkheid"),
            kind=fields.text(vehicle, "CdSrtVoertuig"),
            make=fields.text(vehicle, "MerkVoertuig"),
            model=fields.text(vehicle, "TypeVoertuig"),
            first_registered=fields.date(vehicle, "DatEersteInschrijvingVoertuigInt")
            or fields.date(vehicle, "DatEersteInschrijvingVoertuigNat"),
            catalogue_cents=fields.amount(vehicle, "BedrCatalogusVoertuig"),
            status=_status(fields, vehicle),
        )

    return build


def _plate(fields: Fields, vehicle: Part | None) -> str:
    """The number plate in capitals without dashes. Raises UnreadableError where there is none."""
    written = fields.needed(vehicle, "KentekenVoertuig")
    plate = written.replace(" ", "").upper()
    if "-" in plate:
        fields.flag("plate_with_dashes")
        plate = plate.replace("-", "")
    if len(plate) == 7:
        fields.flag("plate_seven_characters")
    elif not re.fullmatch(r"[A-Z0-9]{6}", plate):
        fields.flag("plate_unusual")
    return plate


def _status(fields: Fields, vehicle: Part | None) -> str | None:
    """The code that holds: of those not ended the one begun last."""
    known = vehicle.parts("StatusVoertuig") if vehicle else []
    running = [status for status in known if fields.text(status, "DatEStatusVoertuig") is None] or known
    if not running:
        return None
    last = max(running, key=lambda status: fields.text(status, "DatBStatusVoertuig") or "")
    return fields.text(last, "CdStatusVoertuig")
