"""Benefits, claims and measures of a municipality: SuwiML Bijstandsregelingen v0500.

The schema has no lists for kinds of claim, sanction or act: codes stay as they are. Applications and special
assistance have no contract; they are counted, not taken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from features.records import Benefit, Claim, Sanction
from pipelines.sources.fields import Fields
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Reading
from pipelines.sources.suwiml import Service, belongs, read_service
from pipelines.sources.xml import Part

SOURCE = "bijstand"

SERVICE = Service(
    source=SOURCE,
    name="Bijstandsregelingen",
    answers=("BijstandsregelingenInfoResponse",),
    carriers={
        "Vordering": "claims",
        "Uitkeringsverhouding": "benefits",
        "PartnerUitkeringsverhouding": "benefits",
        "MaatregelMbtUitkering": "sanctions",
        "ClientSuwi": "benefits",
    },
    children={
        "BijstandsregelingenInfoResponse": ("ClientSuwi",),
        "ClientSuwi": (
            "Burgerservicenr",
            "Voornamen",
            "Voorletters",
            "Voorvoegsel",
            "SignificantDeelVanDeAchternaam",
            "Geslacht",
            "Geboortedat",
            "CdLeefvorm",
            "DomicilieAdres",
            "Huisvesting",
            "SchendingInlichtingenplicht",
            "DossierGsd",
            "Bron",
            "AanvraagUitkering*",
            "Vordering*",
            "SpecifiekeGegevensBijzBijstand*",
            "Uitkeringsverhouding*",
        ),
        "Vordering": (
            "IdentificatienrVordering",
            "DatBesluitVordering",
            "CdRedenVordering",
            "BedrAanvangVordering",
            "CdStatusVordering",
            "BedrSaldoVordering",
            "DatOnherroepelijkVordering",
            "SzWet",
            "PartnerVordering*",
            "Fraude",
            "Bron",
        ),
        "Uitkeringsverhouding": (
            "DatBUitkeringsverhouding",
            "DatEUitkeringsverhouding",
            "SzWet",
            "SpecifiekeGegevensBijstandUitk",
            "InkomstenInvloedOpBijstandUitk*",
            "VrijstellingArbeidsplicht",
            "PartnerUitkeringsverhouding",
            "Uitkeringsperiode*",
            "Bron",
        ),
        "Uitkeringsperiode": (
            "DatBUitkeringsperiode",
            "DatEUitkeringsperiode",
            "MaatregelMbtUitkering*",
            "InkomstenBijstandUitkering",
            "Normbedrag*",
        ),
        "MaatregelMbtUitkering": (
            "DatBMaatregelMbtUitkering",
            "DatEMaatregelMbtUitkering",
            "RedenMaatregelMbtBijstandUitk",
        ),
    },
)

WITHOUT_CONTRACT = {
    "AanvraagUitkering": "application_without_contract",
    "SpecifiekeGegevensBijzBijstand": "special_assistance_without_contract",
}


def recognises(path: Path, head: bytes) -> bool:
    return belongs(SERVICE, head)


def read(path: Path) -> Reading:
    """Read one message. Raises RefusedError."""
    return read_service(path, SERVICE, _take)


def _take(gathering: Gathering, body: Part) -> None:
    for client in body.parts("ClientSuwi"):
        gathering.visit(client)
        for name, flag in WITHOUT_CONTRACT.items():
            gathering.flags[flag] += len(client.parts(name))
        for claim in client.parts("Vordering"):
            gathering.add(claim, "claims", _claim(client, claim))
        for relation in client.parts("Uitkeringsverhouding"):
            _relation(gathering, client, relation)


def _relation(gathering: Gathering, client: Part, relation: Part) -> None:
    partners = relation.parts("PartnerUitkeringsverhouding")
    gathering.add(relation, "benefits", _benefit(client, relation, client, "client"))
    for partner in partners:
        gathering.add(partner, "benefits", _benefit(client, relation, partner, "partner"))
    for period in relation.parts("Uitkeringsperiode"):
        for measure in period.parts("MaatregelMbtUitkering"):
            gathering.add(measure, "sanctions", _sanction(client, measure))


def _benefit(client: Part, relation: Part, member: Part, role: str) -> Callable[[Fields], Benefit]:
    def build(fields: Fields) -> Benefit:
        act = fields.text(relation, "SzWet", "CdSzWet")
        specific = relation.part("SpecifiekeGegevensBijstandUitk")
        sharers = fields.whole(specific, "AantKostendelers")
        couple = relation.part("PartnerUitkeringsverhouding") is not None
        return Benefit(
            case=_case(fields, client, act),
            person=fields.person(member),
            role=role,
            regulation=act,
            start=fields.needed_date(relation, "DatBUitkeringsverhouding"),
            end=fields.date(relation, "DatEUitkeringsverhouding"),
            norm="couple" if couple else "cost_sharing" if sharers is not None and sharers > 1 else None,
            norm_cents=_norm(fields, relation),
            cost_sharers=sharers,
            end_reason=fields.text(specific, "CdAanleidingEindeBijstandUitk"),
            name=fields.name(member),
            birth_date=fields.date(member, "Geboortedat"),
            sex=fields.sex(member),
        )

    return build


def _case(fields: Fields, client: Part, act: str | None) -> str:
    """The municipality's dossier code; client and act where there is none."""
    dossier = fields.text(client, "DossierGsd", "Dossiercd")
    if dossier is not None:
        return dossier
    fields.flag("case_without_dossier")
    return f"{fields.person(client)}-{act or ''}"


def _norm(fields: Fields, relation: Part) -> int | None:
    """The amount of the norm in the last benefit period."""

    def begun(period: Part) -> str:
        return Fields().text(period, "DatBUitkeringsperiode") or ""

    periods = [period for period in relation.parts("Uitkeringsperiode") if period.part("Normbedrag")]
    if not periods:
        return None
    last = max(periods, key=begun)
    if len(last.parts("Normbedrag")) > 1:
        fields.flag("several_norm_amounts")
    return fields.amount(last, "Normbedrag")


def _claim(client: Part, claim: Part) -> Callable[[Fields], Claim]:
    def build(fields: Fields) -> Claim:
        if claim.part("PartnerVordering"):
            fields.flag("claim_on_partner_too")
        decided = fields.date(claim, "DatBesluitVordering")
        reason = fields.text(claim, "CdRedenVordering")
        number = fields.text(claim, "IdentificatienrVordering")
        if number is None:
            fields.flag("claim_without_number")
            number = f"without number {decided.earliest if decided else 'or date'} {reason or ''}".strip()
        return Claim(
            person=fields.person(client),
            claim=number,
            decided=decided,
            reason=reason,
            status=fields.text(claim, "CdStatusVordering"),
            regulation=fields.text(claim, "SzWet", "CdSzWet"),
            amount_cents=fields.amount(claim, "BedrAanvangVordering"),
            balance_cents=fields.amount(claim, "BedrSaldoVordering"),
            final_since=fields.date(claim, "DatOnherroepelijkVordering"),
        )

    return build


def _sanction(client: Part, measure: Part) -> Callable[[Fields], Sanction]:
    def build(fields: Fields) -> Sanction:
        reason = measure.part("RedenMaatregelMbtBijstandUitk")
        effect = ("GevolgenMaatregelMbtBijstandUitk", "BedrVerminderingUitkMbtMaatregel")
        return Sanction(
            person=fields.person(client),
            start=fields.needed_date(measure, "DatBMaatregelMbtUitkering"),
            end=fields.date(measure, "DatEMaatregelMbtUitkering"),
            reason=fields.text(reason, "CdRedenMaatregelMbtBijstandUitk"),
            amount_cents=fields.amount(reason, *effect),
        )

    return build
