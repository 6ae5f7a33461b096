"""Study finance: SuwiML DUODossierStudiefinancieringGSD v0200, one record per period granted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from features.records import StudyGrant
from pipelines.sources.fields import Fields
from pipelines.sources.gathering import Gathering
from pipelines.sources.reading import Reading
from pipelines.sources.suwiml import Service, belongs, read_service
from pipelines.sources.xml import Part

SOURCE = "duo"

SERVICE = Service(
    source=SOURCE,
    name="DUODossierStudiefinanciering",
    answers=("DUOStudiefinancieringInfoResponse",),
    carriers={"Studiefinanciering": "study_grants", "ClientSuwi": "study_grants"},
    children={
        "DUOStudiefinancieringInfoResponse": ("ClientSuwi",),
        "ClientSuwi": ("Burgerservicenr", "Studiefinanciering*"),
        "Studiefinanciering": (
            "DatBToekenningsperiodeStufi",
            "DatEToekenningsperiodeStufi",
            "CdToekenningBasisbeursStufi",
            "IndAanvullendeBeursStufi",
            "CdStatusPartnertoeslagStufi",
            "CdStatusEenOudertoeslagStufi",
            "IndToekenningWtosVo18",
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
        if not client.parts("Studiefinanciering"):
            gathering.flags["client_without_records"] += 1
        for grant in client.parts("Studiefinanciering"):
            gathering.add(grant, "study_grants", _grant(client, grant))


def _grant(client: Part, grant: Part) -> Callable[[Fields], StudyGrant]:
    def build(fields: Fields) -> StudyGrant:
        return StudyGrant(
            person=fields.person(client),
            start=fields.needed_date(grant, "DatBToekenningsperiodeStufi"),
            end=fields.date(grant, "DatEToekenningsperiodeStufi"),
            basic=fields.text(grant, "CdToekenningBasisbeursStufi"),
            supplementary=fields.yes(grant, "IndAanvullendeBeursStufi"),
            partner_supplement=fields.text(grant, "CdStatusPartnertoeslagStufi"),
            single_parent_supplement=fields.text(grant, "CdStatusEenOudertoeslagStufi"),
        )

    return build
