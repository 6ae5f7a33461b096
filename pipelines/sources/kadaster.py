"""Rights on real estate: SuwiML KadasterDossierGSD v0300, by person and by object, one record per person and right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from features.records import Property
from pipelines.sources.fields import Fields, UnreadableError
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Reading
from pipelines.sources.suwiml import Service, belongs, read_service
from pipelines.sources.xml import Part

SOURCE = "kadaster"

_OBJECT = (
    "DatToestandKadaster",
    "DatFiatteringKadaster",
    "CdTypeOnroerendeZaak",
    "DatOntstaan",
    "KadastraleAanduiding",
    "OmsKadastraalObject",
    "ZakelijkRecht*",
    "LocatieOZ*",
    "PubliekrechtelijkeBeperking*",
    "BedrKoopsom",
    "JaarAankoop",
    "WijzeVerkrijgingEigendom",
    "IndMeerGerechtigden",
    "Gerechtigde*",
)

SERVICE = Service(
    source=SOURCE,
    name="KadasterDossier",
    answers=("PersoonsInfoResponse", "ObjectInfoKadastraleAanduidingResponse", "ObjectInfoLocatieOZResponse"),
    carriers={"OnroerendeZaak": "properties", "Gerechtigde": "properties", "ClientSuwi": "properties"},
    children={
        "PersoonsInfoResponse": ("ClientSuwi",),
        "ObjectInfoKadastraleAanduidingResponse": ("OnroerendeZaak*",),
        "ObjectInfoLocatieOZResponse": ("OnroerendeZaak*",),
        "ClientSuwi": (
            "Burgerservicenr",
            "Voornamen",
            "Voorvoegsel",
            "SignificantDeelVanDeAchternaam",
            "Geslacht",
            "Geboortedat",
            "DomicilieAdres",
            "Correspondentieadres",
            "DatToestandKadaster",
            "DatFiatteringKadaster",
            "Eigendom",
        ),
        "Eigendom": ("IndEigendomOZVerleden", "OnroerendeZaak*"),
        "OnroerendeZaak": _OBJECT,
        "KadastraleAanduiding": (
            "CdKadastraleGemeente",
            "KadastraleGemeentenaam",
            "KadastraleSectie",
            "KadastraalPerceelnr",
            "VolgnrKadastraalAppartementsrecht",
        ),
        "Gerechtigde": ("NatuurlijkPersoon", "NietNatuurlijkPersoon", "DomicilieAdres", "Correspondentieadres"),
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
        objects = client.parts("Eigendom", "OnroerendeZaak")
        if not objects:
            gathering.flags["client_without_records"] += 1
        for thing in objects:
            _rights(gathering, thing, thing, client)
    for thing in body.parts("OnroerendeZaak"):
        gathering.visit(thing)
        holders = thing.parts("Gerechtigde")
        if not holders:
            gathering.set_aside(thing, "Gerechtigde", "names nobody who has a right on it", "properties")
        for holder in holders:
            person = holder.part("NatuurlijkPersoon")
            if person is None:
                gathering.set_aside(holder, "Burgerservicenr", "the holder is not a natural person", "properties")
            else:
                _rights(gathering, holder, thing, person)


def _rights(gathering: Gathering, origin: Part, thing: Part, person: Part) -> None:
    """One record per right on the object; one without a right where none is named."""
    rights: list[Part | None] = [*thing.parts("ZakelijkRecht")]
    for right in rights or [None]:
        gathering.add(origin, "properties", _property(thing, right, person))


def _property(thing: Part, right: Part | None, person: Part) -> Callable[[Fields], Property]:
    def build(fields: Fields) -> Property:
        locations = thing.parts("LocatieOZ")
        if len(locations) > 1:
            fields.flag("several_locations")
        return Property(
            person=fields.person(person),
            parcel=_parcel(fields, thing.part("KadastraleAanduiding")),
            right=fields.text(right, "OmsZakelijkRecht"),
            acquired=fields.date(thing, "WijzeVerkrijgingEigendom", "DatVerkrijgingEigendom"),
            ended=fields.date(right, "DatEZakelijkRecht"),
            price_cents=fields.amount(thing, "BedrKoopsom"),
            bought_year=_year(fields, thing),
            object_kind=fields.text(thing, "CdTypeOnroerendeZaak"),
            description=fields.text(thing, "OmsKadastraalObject"),
            shared=fields.yes(thing, "IndMeerGerechtigden"),
            address=fields.address(locations[0].part("StraatadresBag") or locations[0]) if locations else None,
        )

    return build


def _parcel(fields: Fields, mark: Part | None) -> str:
    """Municipality, section, parcel and, for an apartment, its index: `0277-HH-12051-2`. A municipality code of digits
    has four; some senders leave out the zero. Raises UnreadableError."""
    if mark is None:
        raise UnreadableError("KadastraleAanduiding", "is not there")
    municipality = fields.needed(mark, "CdKadastraleGemeente")
    if municipality.isdigit() and len(municipality) < 4:
        fields.flag("cadastral_municipality_short")
        municipality = municipality.zfill(4)
    words = [municipality, fields.needed(mark, "KadastraleSectie"), fields.needed(mark, "KadastraalPerceelnr")]
    apartment = fields.text(mark, "VolgnrKadastraalAppartementsrecht")
    return "-".join([*words, apartment] if apartment else words)


def _year(fields: Fields, thing: Part) -> int | None:
    year = fields.whole(thing, "JaarAankoop")
    if year is not None and not 1800 <= year <= 2200:
        fields.flag("year_unusual")
        return None
    return year
