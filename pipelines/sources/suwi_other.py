"""SuwiML services without a contract: recognised, so that nobody thinks they were read.

SVB, employee insurance, reintegration, enrolment and the referral index come in the same envelopes. Each client in
them becomes one quarantine row that says why; the purpose for taking more has not been agreed.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.sources import bijstand, brp_suwi, duo, kadaster, rdw, uwv_income
from pipelines.sources.gathering import ANSWERS, Gathering
from pipelines.sources.reading import Reading, RefusedError
from pipelines.sources.suwiml import belongs
from pipelines.sources.xml import Part, open_message, outline

SOURCE = "suwi-other"

KNOWN = {
    "IBVerwijsindexResponse": "IBVerwijsindex",
    "SVBPersoonsInfoResponse": "SVBDossierPersoonGSD",
    "UWVPersoonsWvInfoResponse": "UWVDossierWerknemersverzekeringenGSD",
    "GSDReintegratieInfoResponse": "GSDDossierReintegratie",
    "DUOPersoonsInfoResponse": "DUODossierPersoonGSD",
}
"""payload -> its service, for messages that lost their namespace"""

WITH_CONTRACT = tuple(one.SERVICE for one in (uwv_income, bijstand, rdw, kadaster, duo, brp_suwi))


def recognises(path: Path, head: bytes) -> bool:
    found = outline(head)
    if found is None or any(belongs(service, head) for service in WITH_CONTRACT):
        return False
    return found.root in KNOWN or found.of_suwi or (found.root == "Fault" and found.service is None)


def read(path: Path) -> Reading:
    """One quarantine row per client. Raises RefusedError."""
    message = open_message(path)
    gathering = Gathering({}, {})
    if message.enveloped:
        gathering.flags["soap_envelope"] += 1
    for body in message.bodies:
        if body.name == "Fault":
            gathering.faults += 1
            continue
        service = KNOWN.get(body.name) or _service(path, body)
        gathering.answer(body)
        said = list(body.children())
        clients = [child for child in said if child.name not in ANSWERS]
        for client in clients if said else [body]:
            gathering.set_aside(client, client.name, f"there is no contract for {service} ({body.name})")
    return gathering.reading(SOURCE, message.version)


def _service(path: Path, body: Part) -> str:
    namespace = body.element.nsmap.get(body.element.prefix) or ""
    if "/Diensten/" not in namespace:
        raise RefusedError(f"{path.name} is {body.name}, which is no SuwiML message; name its source")
    return namespace.split("/Diensten/")[1].split("/")[0]
