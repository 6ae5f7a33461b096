"""The record for the Dutch Algoritmeregister, publication standard 1.0.0, one per municipality (R26)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.card import KINDS, Known, estimate
from models.document import NOT_KNOWN

UNKNOWN = NOT_KNOWN["nl"].capitalize()


def register_record(what: Known, organization: str = "", contact: str = "") -> dict[str, Any]:
    """The record as published, Dutch at level B1. What only the municipality knows is marked as not known.

    organization: full name as in the TOOI list. contact: a general address or page, never a person's.
    """
    promotion, registered = what.promotion, what.registered
    in_use = promotion.get("state") == "promoted" and not registered["frozen"]
    record = {
        "schema": "1.0.0",
        "language": "nld",
        "name": "Volgorde voor heronderzoek bijstand (Weegschaal)",
        "description_short": (
            "Dit algoritme zet lopende bijstandszaken in een volgorde. Medewerkers bekijken de zaken en "
            "stellen zelf vast "
            "of de uitkering klopt. Een deel van de zaken wordt geloot. Het algoritme beslist niets."
        ),
        "organization": organization or UNKNOWN,
        "theme": ["Sociale zekerheid"],
        "status": _status(in_use, bool(registered["frozen"])),
        "start_date": _month(promotion, registered),
        "contact": contact or UNKNOWN,
        "publication_category": "Hoog-risico AI-systeem (Categorie A)",
        "purpose_and_impact": (
            "De gemeente controleert of bijstandsuitkeringen kloppen, ook of iemand te weinig krijgt. Er is "
            "minder tijd "
            "dan er zaken zijn. Het algoritme helpt kiezen welke zaken eerst bekeken worden. Staat uw zaak op "
            "een lijst, "
            "dan kan een medewerker u vragen stellen. Uw uitkering verandert daardoor niet vanzelf."
        ),
        "considerations": (
            "Alleen loten is eerlijk, maar vindt minder fouten. Alleen signalen volgen mist zaken. Daarom is er een "
            f"willekeurig deel, een deel met signalen en een deel naar plaats. {_text(what.report.get('why_nl'))} Van "
            f"alle zaken leidt naar schatting {estimate(what.report.get('prevalence'))} tot een wijziging."
        ),
        "human_intervention": (
            "Een medewerker bekijkt elke zaak en schrijft op wat er is vastgesteld. Een tweede persoon keurt "
            "dat goed. Een "
            "deel van de zaken ziet de medewerker eerst zonder plaats en redenen. Twee mensen keuren een model goed en "
            "twee mensen van de gemeente nemen het over. De volgorde kan direct worden uitgezet."
        ),
        "risk_management": (
            "Elk kwartaal wordt gekeken of groepen ongelijk belast worden; zonder toets van hoogstens 90 dagen "
            "oud stopt "
            "het gebruik. Nationaliteit, geboorteplaats, geslacht, leeftijd, taal, buurt en gezondheid zijn nooit een "
            "gegeven. Levert de volgorde niet meer op dan loten, dan stopt zij. Alles staat in een logboek dat niet "
            f"ongemerkt te wijzigen is. Toets: {_text(promotion.get('audit'))}, {_text(promotion.get('audited_on'))}."
        ),
        "legal_basis": (
            "Participatiewet, artikel 53a: de gemeente onderzoekt of de gegevens juist zijn. Wet SUWI, artikel "
            "62, voor "
            "gegevens over inkomen."
        ),
        "legal_basis_link": "https://wetten.overheid.nl/BWBR0015703",
        "legal_basis_title": "Participatiewet",
        "impact_assessments": _assessments(promotion),
        "data": (
            "Gegevens die de gemeente al heeft of wettelijk krijgt: "
            + ", ".join(sorted({one for f in _used(what) for one in what.features[f].registers}) or [UNKNOWN])
            + f". Het model leerde van {_text(what.report.get('labelled'))} eerder bekeken zaken."
        ),
        "technical_operation": (
            f"Het model is {KINDS.get(str(registered['kind']), str(registered['kind']))}. Van elke zaak wordt "
            "opgeteld wat "
            "voor en wat tegen kijken pleit. De som geeft een plaats binnen de gemeente. De redenen worden "
            "bewaard zoals "
            f"ze waren. Versie {registered['version']}, sha256 {registered['sha256']}."
        ),
        "supplier": "Intern ontwikkeld",
        "source_id": f"weegschaal-{registered['version']}",
        "search_terms": "bijstand, heronderzoek, rechtmatigheid, participatiewet",
    }
    if registered["frozen"] and promotion.get("settled_at"):
        record["end_date"] = str(promotion["settled_at"])[:7]
    return record


def _used(what: Known) -> list[str]:
    return [name for name in what.report.get("features") or [] if name in what.features]


def _status(in_use: bool, frozen: bool) -> str:
    return "Buiten gebruik" if frozen else "In gebruik" if in_use else "In ontwikkeling"


def _month(promotion: Mapping[str, Any], registered: Mapping[str, Any]) -> str:
    """Month of use; before that the month in which it was registered, because the field may not be empty."""
    return str(promotion.get("settled_at") or registered["registered_at"])[:7]


def _assessments(promotion: Mapping[str, Any]) -> str:
    named = {
        "DPIA": promotion.get("dpia"),
        "FRIA": promotion.get("fria"),
        "IAMA": promotion.get("iama"),
    }
    return ", ".join(f"{name} ({one})" for name, one in named.items() if one) or UNKNOWN


def _text(value: Any) -> str:
    return NOT_KNOWN["nl"] if value in (None, "") else str(value)
