"""Persons from the registry by Suwinet: BRPDossierPersoonGSD v0200, with relatives, stays and their history."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from features.records import UNKNOWN_DATE, Address, Kinship, PartialDate, Person, Stay
from pipelines.sources.brp_suwi_form import SERVICE
from pipelines.sources.fields import Fields, UnreadableError
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Found, Reading
from pipelines.sources.suwiml import belongs, read_service
from pipelines.sources.xml import Part

SOURCE = "brp-suwi"

SUSPENSIONS = ("E", "R", "O", "W", "M", "F")
"""emigrated, not resident, died, at the minister's decision, moved abroad, error"""


def recognises(path: Path, head: bytes) -> bool:
    return belongs(SERVICE, head)


def read(path: Path) -> Reading:
    """Read one message. Raises RefusedError."""
    return read_service(path, SERVICE, _take)


def _take(gathering: Gathering, body: Part) -> None:
    for client in body.parts("ClientSuwi"):
        gathering.add(client, "persons", _person(client))
        for parent in (*client.parts("Ouder1"), *client.parts("Ouder2")):
            gathering.add(parent, "kinships", _relative(client, parent, "parent"))
        for child in client.parts("Kind"):
            gathering.add(child, "kinships", _relative(client, child, "child"))
        _marriages(gathering, client)
        _stays(gathering, client)


def _number(fields: Fields, part: Part) -> str | None:
    """BSN, or A with the A-nummer; None for someone without either."""
    number = fields.bsn(part)
    if number is not None:
        return number
    registered = fields.text(part, "ANr")
    return f"A{registered}" if registered else None


def _holder(fields: Fields, client: Part) -> str:
    number = _number(fields, client)
    if number is None:
        raise UnreadableError("Burgerservicenr", "is not there, nor is the A-nummer")
    return number


def _open(fields: Fields, part: Part, group: str) -> bool | None:
    """True while an investigation of the group runs: begun and not ended."""
    inquiry = part.part(group)
    return True if inquiry is not None and fields.text(inquiry, "DatEOnderzoek") is None else None


def _person(client: Part) -> Callable[[Fields], Person]:
    def build(fields: Fields) -> Person:
        number = _holder(fields, client)
        entry = client.part("InschrijvingsgegevensBrp")
        suspension = fields.text(entry, "CdRedenOpschortingBijhoudingPl")
        suspended = fields.date(entry, "DatOpschortingBijhoudingPl")
        if suspension is None and client.part("Overlijden") is not None:
            fields.flag("death_without_suspension")
            suspension, suspended = "O", fields.date(client, "Overlijden", "DatOverlijden")
        if suspension is not None and suspension not in SUSPENSIONS:
            fields.flag("code_not_in_list")
        codes = (fields.text(one, "CdNationaliteit") for one in client.parts("Nationaliteit"))
        return Person(
            list=fields.text(client, "ANr") or number,
            person=number,
            suspension=suspension,
            suspended=suspended,
            confidentiality=_confidentiality(fields, client),
            registered_municipality=fields.text(client, "AangifteAdreshoudingBrp", "CdGemeenteVanInschrijving")
            or fields.text(entry, "CdGemeenteWaarPkZichBevindt"),
            under_investigation=_open(fields, client, "OnderzoekGegPersoon"),
            name=fields.name(client),
            birth_date=fields.date(client, "Geboortedat"),
            birth_place=fields.text(client, "CdGeboortegemeente") or fields.text(client, "Geboorteplaats"),
            birth_country=fields.text(client, "Geboorteland"),
            sex=fields.sex(client),
            nationalities=tuple(_padded(fields, code) for code in codes if code) or None,
            residence_title=fields.text(client, "Verblijfstitel", "CdVerblijfstitel"),
        )

    return build


def _padded(fields: Fields, code: str) -> str:
    """A code of table 32 has four digits; some senders leave out zeros."""
    if len(code) < 4:
        fields.flag("nationality_code_short")
    return code.zfill(4)


def _confidentiality(fields: Fields, client: Part) -> int | None:
    level = fields.whole(client, "CdBrpGegevensGeheim")
    if level is not None and not 0 <= level <= 7:
        fields.flag("code_not_in_list")
        return 7
    return level


def _relative(client: Part, other: Part, relation: str) -> Callable[[Fields], Kinship]:
    def build(fields: Fields) -> Kinship:
        return Kinship(
            person=_holder(fields, client),
            relation=relation,
            other=_other(fields, other),
            start=fields.date(other, "DatBFamilierechtelijkeBetrekking"),
            other_name=fields.name(other),
        )

    return build


def _other(fields: Fields, other: Part | None) -> str | None:
    """The number of a relative; an unreadable one is flagged, for the bond itself is known."""
    try:
        number = _number(fields, other) if other is not None else None
    except UnreadableError:
        fields.flag("relative_number_unreadable")
        return None
    if number is None:
        fields.flag("relative_without_number")
    return number


def _marriages(gathering: Gathering, client: Part) -> None:
    """Bonds as they are, then earlier versions that say something else. A version that differs in nothing that makes
    the key is what the later row replaced: counted, not kept beside it."""
    known: set[tuple[object, ...]] = set()
    for name in ("Huwelijk", "HuwelijkHistorisch"):
        for bond in client.parts(name):
            look = Fields()
            key = (_other(look, bond.part("Partner")), look.date(bond, "DatHuwelijkssluiting"))
            if name == "HuwelijkHistorisch" and key in known:
                gathering.visit(bond)
                gathering.flags["history_replaced"] += 1
                continue
            known.add(key)
            gathering.add(bond, "kinships", _bond(client, bond))


def _bond(client: Part, bond: Part) -> Callable[[Fields], Kinship]:
    def build(fields: Fields) -> Kinship:
        partner = bond.part("Partner")
        if _open(fields, bond, "OnderzoekGegHuwelijk"):
            fields.flag("under_investigation")
        return Kinship(
            person=_holder(fields, client),
            relation="partner",
            other=_other(fields, partner),
            start=fields.date(bond, "DatHuwelijkssluiting"),
            end=fields.date(bond, "DatOntbindingHuwelijk"),
            bond=fields.text(bond, "CdSrtVerbintenis"),
            incorrect=True if bond.part("OnjuistGegHuwelijk") else None,
            other_name=fields.name(partner),
        )

    return build


def _stays(gathering: Gathering, client: Part) -> None:
    """The present stay and those before it; each ends where the next one begins."""
    first = len(gathering.records)
    historic = client.parts("VerblijfplaatsHistorisch")
    known: set[tuple[object, ...]] = set()
    for row in [client, *historic]:
        places = [*row.parts("DomicilieAdres"), *row.parts("Correspondentieadres")]
        places += row.parts("FeitelijkAdresBuitenland")
        gathering.visit(row)
        if not places and row is not client:
            gathering.set_aside(row, "DomicilieAdres", "is not there, nor is another place", "stays")
        for place in places:
            key = _place_key(row, place)
            if row is not client and key in known:
                gathering.visit(place)
                gathering.flags["history_replaced"] += 1
                continue
            known.add(key)
            gathering.add(place, "stays", _stay(client, row, place))
    gathering.records[first:] = _ended(gathering.records[first:])


def _place_key(row: Part, place: Part) -> tuple[object, ...]:
    look = Fields()
    found = look.address(place) or Address()
    return (
        place.name,
        _begun(look, row, place),
        found.postcode,
        found.house_number,
        found.house_letter,
        found.house_addition,
        look.text(place, "LandAdresBuitenland"),
    )


def _begun(fields: Fields, row: Part, place: Part) -> PartialDate | None:
    if place.name == "FeitelijkAdresBuitenland":
        return fields.date(place, "DatBAdresBuitenland")
    return fields.date(row, "AangifteAdreshoudingBrp", "DatBAdreshoudingBrp")


def _stay(client: Part, row: Part, place: Part) -> Callable[[Fields], Stay]:
    def build(fields: Fields) -> Stay:
        abroad = place.name == "FeitelijkAdresBuitenland"
        country = fields.text(place, "LandAdresBuitenland") if abroad else None
        lines = [fields.text(place, f"Adresregel{number}Buitenland") for number in (1, 2, 3)]
        municipality = fields.text(row, "AangifteAdreshoudingBrp", "CdGemeenteVanInschrijving")
        address = (
            Address(country=country, lines=", ".join(line for line in lines if line) or None)
            if abroad
            else fields.address(place, municipality)
        )
        if address is None:
            raise UnreadableError(place.name, "has nothing in it")
        return Stay(
            person=_holder(fields, client),
            address=address,
            start=_begun(fields, row, place),
            end=None if row is client else UNKNOWN_DATE,
            function=None if abroad else "B" if place.name == "Correspondentieadres" else "W",
            abroad=abroad or None,
            unknown=True if abroad and country in (None, "0000") and not any(lines) else None,
            incorrect=True if row.part("OnjuistGegVerblijfplaats") else None,
            under_investigation=_open(fields, row, "OnderzoekGegVerblijfplaats"),
        )

    return build


def _ended(found: list[Found]) -> list[Found]:
    """A stay of history ends on the day the next correct stay begins; without one the day is not known."""
    stays = [one.record for one in found if isinstance(one.record, Stay)]
    starts = sorted(stay.start for stay in stays if stay.start and not stay.incorrect)
    ended = []
    for one in found:
        stay = one.record
        if isinstance(stay, Stay) and stay.end is not None and stay.start is not None:
            following = next((start for start in starts if start > stay.start), UNKNOWN_DATE)
            stay = dataclasses.replace(stay, end=following)
        ended.append(dataclasses.replace(one, record=stay))
    return ended
