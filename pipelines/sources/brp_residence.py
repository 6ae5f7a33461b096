"""The residence in a BRP Personen answer: Adres, VerblijfplaatsBuitenland, Locatie or VerblijfplaatsOnbekend."""

from __future__ import annotations

from features.records import Address, Stay
from pipelines.sources.brp_dates import brp_date
from pipelines.sources.exchanges import Node
from pipelines.sources.intake import Dates, UnreadableError, whole_in
from pipelines.sources.places import bag_object_of, told

_KINDS = ("Adres", "VerblijfplaatsBuitenland", "Locatie", "VerblijfplaatsOnbekend")
_UNKNOWN_COUNTRY = "0000"


def tells_stays_only(head: bytes, keys: frozenset[str]) -> bool:
    """Whether a file begins like the list form of Bewoning: people with a residence of which only the dates and the
    object matter. The list form of Personen tells more about a person."""
    more = {"aNummer", "geslacht", "nationaliteiten", "partners", "ouders", "kinderen", "gemeenteVanInschrijving"}
    listed = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    return listed and {"burgerservicenummer", "verblijfplaats"} <= keys and not keys & {*more, "verblijfadres"}


def stay_of(person_node: Node, person: str) -> Stay:
    """The stay someone has now; it has no end. Raises UnreadableError."""
    node = person_node.group("verblijfplaats")
    at = node.group("verblijfadres") if node.holds("verblijfadres") else node
    kind = node.text("type") or _kind(node, at)
    if kind not in _KINDS:
        raise UnreadableError(node.name("type"), "is no type of residence")
    dates = Dates()
    start = None
    for field in ("datumVan", "datumAanvangAdreshouding", "datumAanvangAdresBuitenland"):
        start = start or brp_date(dates, node, field)
    end = brp_date(dates, node, "datumEindeAdreshouding")
    municipality = person_node.group("gemeenteVanInschrijving").text("code") or None
    address, flags = _address(kind, node, at, municipality)
    function = node.code("functieAdres")
    investigated = _investigated(node) or _investigated(at)
    if node.yes("indicatieVastgesteldVerblijftNietOpAdres") or _found_absent(node):
        investigated, flags = True, (*flags, "found_not_living_there")
    flags += ("under_investigation",) if investigated else ()
    flags += ("letter_address",) if function == "B" else ()
    flags += ("start_missing",) if start is None else ()
    return Stay(
        person=person,
        address=address,
        start=start,
        end=end,
        function=function,
        abroad=kind == "VerblijfplaatsBuitenland",
        unknown=kind == "VerblijfplaatsOnbekend",
        under_investigation=investigated or None,
        flags=flags + dates.flags,
    )


def _investigated(node: Node) -> bool:
    """In onderzoek and not ended. The service gives an object per field, the mock the element and its dates."""
    value = node.fields.get("inOnderzoek")
    if isinstance(value, dict):
        return not value.get("datumEindeOnderzoek")
    return bool(value)


def _found_absent(node: Node) -> bool:
    """The mock gives the element in onderzoek; 089999 says that somebody was found not to live there."""
    value = node.fields.get("inOnderzoek")
    return isinstance(value, dict) and value.get("aanduidingGegevensInOnderzoek") in ("089999", "589999")


def _kind(node: Node, at: Node) -> str:
    """The type, going by the fields that are there."""
    if at.holds("locatiebeschrijving"):
        return "Locatie"
    if at.holds("land", "regel1", "regel2", "regel3") or node.holds("datumAanvangAdresBuitenland"):
        return "VerblijfplaatsOnbekend" if at.code("land") == _UNKNOWN_COUNTRY else "VerblijfplaatsBuitenland"
    return "Adres"


def _address(kind: str, node: Node, at: Node, municipality: str | None) -> tuple[Address | None, tuple[str, ...]]:
    if kind == "VerblijfplaatsOnbekend":
        return None, ()
    if kind == "VerblijfplaatsBuitenland":
        lines = " ".join(part for part in (at.text(f"regel{number}") for number in (1, 2, 3)) if part)
        country = at.code("land")
        return told(Address(country=country, lines=lines or None))
    if kind == "Locatie":
        lines = at.text("locatiebeschrijving")
        if not lines:
            return None, ("address_missing",)
        return Address(lines=lines, municipality=municipality), ("location", "no_bag_object")
    bag, flags = bag_object_of(node.text("adresseerbaarObjectIdentificatie"))
    street = at.text("officieleStraatnaam") or at.text("korteStraatnaam") or at.text("straat")
    postcode = at.text("postcode").replace(" ", "").upper()
    if not (street or postcode or bag):
        return None, ("address_missing",)
    addition = " ".join(
        part for part in (at.text("huisnummertoevoeging"), at.code("aanduidingBijHuisnummer") or "") if part
    )
    address, more = told(
        Address(
            street=street or None,
            house_number=whole_in(at.name("huisnummer"), at.text("huisnummer")),
            house_letter=at.text("huisletter") or None,
            house_addition=addition or None,
            postcode=postcode or None,
            city=at.text("woonplaats") or None,
            bag_object=bag,
            municipality=municipality,
        )
    )
    return address, flags + more
