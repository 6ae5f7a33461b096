"""Who may call which address: every route with what it asks for and what it is about (R17, R36).

The rooms decide by permission (enforcement/access.py); this table says the same of each address, and the tests hold the
service to it: every route x role x own, other or no municipality. A route that is not here fails them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI

from enforcement.access import MAY, Permission, Role


class Object(StrEnum):
    """What an address names, and so what could be another municipality's."""

    NOTHING = "nothing"
    CASE = "case"
    ITEM = "item"
    """of the service list"""
    PART = "part"
    """something that belongs to a case, such as a document"""
    KEY = "key"
    OTHER = "other"
    """something that is not bound to a municipality, such as a model"""


@dataclass(frozen=True)
class Rule:
    """`open`: for anybody. Without it and without a permission: for everyone who is signed in."""

    permission: Permission | None = None
    about: Object = Object.NOTHING
    open: bool = False
    person: bool = False
    """shows or changes what is known about a person: nothing happens without the log (R14)"""

    def allows(self, role: Role) -> bool:
        return self.permission is None or role in MAY[self.permission]


OPEN = Rule(open=True)
SIGNED_IN = Rule()


def _case(permission: Permission) -> Rule:
    return Rule(permission, Object.CASE, person=True)


def _part(permission: Permission) -> Rule:
    return Rule(permission, Object.PART, person=True)


def _item(permission: Permission) -> Rule:
    return Rule(permission, Object.ITEM, person=True)


_API = "/api/v1"
_CASE = f"{_API}/cases/{{number}}"
_PAGE = "/zaken/{number}"
_ITEM = f"{_API}/service-items/{{item}}"
_ITEM_PAGE = "/dienstenlijst/{item}"

RIGHTS: Mapping[tuple[str, str], Rule] = MappingProxyType(
    {
        ("GET", f"{_API}/openapi.json"): OPEN,
        ("GET", f"{_API}/session"): SIGNED_IN,
        ("POST", f"{_API}/session"): OPEN,
        ("POST", f"{_API}/session/role"): SIGNED_IN,
        ("GET", f"{_API}/rights"): SIGNED_IN,
        ("GET", f"{_API}/worklist"): Rule(Permission.LIST_CASES),
        ("POST", f"{_API}/worklist/next"): Rule(Permission.CLAIM_CASE, person=True),
        ("GET", _CASE): _case(Permission.READ_CASE),
        ("GET", f"{_CASE}/history"): _case(Permission.READ_CASE),
        ("GET", f"{_CASE}/relations"): _case(Permission.READ_CASE),
        ("POST", f"{_CASE}/claim"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_CASE}/release"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_CASE}/findings"): _case(Permission.SAVE_FINDINGS),
        ("POST", f"{_CASE}/approval"): _case(Permission.APPROVE_FINDINGS),
        ("POST", f"{_CASE}/return"): _case(Permission.APPROVE_FINDINGS),
        ("POST", f"{_CASE}/wait"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_CASE}/resume"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_CASE}/hand-over"): _case(Permission.CLAIM_CASE),
        ("GET", f"{_CASE}/notes"): _case(Permission.READ_CASE),
        ("POST", f"{_CASE}/notes"): _case(Permission.CLAIM_CASE),
        ("GET", f"{_CASE}/documents"): _case(Permission.READ_CASE),
        ("POST", f"{_CASE}/documents"): _case(Permission.CLAIM_CASE),
        ("GET", f"{_CASE}/documents/{{document}}"): _part(Permission.READ_CASE),
        ("GET", f"{_CASE}/steps"): Rule(Permission.READ_CASE, Object.CASE),
        ("POST", f"{_CASE}/steps"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_CASE}/overturn"): _case(Permission.OVERTURN_FINDINGS),
        ("GET", f"{_CASE}/tips"): _case(Permission.READ_CASE),
        ("POST", f"{_CASE}/notice"): _case(Permission.READ_CASE),
        ("GET", f"{_API}/contests"): Rule(Permission.HANDLE_RIGHTS),
        ("POST", f"{_CASE}/contests"): _case(Permission.HANDLE_RIGHTS),
        ("GET", f"{_API}/contests/{{contest}}"): _part(Permission.HANDLE_RIGHTS),
        ("POST", f"{_API}/contests/{{contest}}/correction"): _part(Permission.HANDLE_RIGHTS),
        ("POST", f"{_API}/contests/{{contest}}/settlement"): _part(Permission.HANDLE_RIGHTS),
        ("GET", f"{_API}/restrictions"): Rule(Permission.HANDLE_RIGHTS, person=True),
        ("POST", f"{_CASE}/restrictions"): _case(Permission.HANDLE_RIGHTS),
        ("DELETE", f"{_API}/restrictions/{{restriction}}"): _part(Permission.HANDLE_RIGHTS),
        ("GET", f"{_API}/holds"): Rule(Permission.HANDLE_RIGHTS, person=True),
        ("POST", f"{_CASE}/holds"): _case(Permission.HANDLE_RIGHTS),
        ("DELETE", f"{_API}/holds/{{hold}}"): _part(Permission.HANDLE_RIGHTS),
        ("POST", f"{_API}/search"): Rule(Permission.FIND_CLIENT, person=True),
        ("POST", f"{_API}/tips"): Rule(Permission.TAKE_IN_TIP),
        ("POST", f"{_API}/assignments"): Rule(Permission.ASSIGN_CASES),
        ("POST", f"{_API}/absences"): Rule(Permission.CLAIM_CASE, person=True),
        ("GET", f"{_API}/team"): Rule(Permission.SEE_TEAM),
        ("GET", f"{_API}/filters"): Rule(Permission.LIST_CASES),
        ("PUT", f"{_API}/filters/{{name}}"): Rule(Permission.LIST_CASES),
        ("DELETE", f"{_API}/filters/{{name}}"): Rule(Permission.LIST_CASES),
        ("GET", f"{_API}/service-items"): Rule(Permission.SERVE_CLIENTS, person=True),
        ("POST", f"{_API}/service-items/next"): Rule(Permission.SERVE_CLIENTS, person=True),
        ("POST", f"{_API}/service-items/assignments"): Rule(Permission.ASSIGN_CASES),
        ("GET", f"{_API}/service-results"): Rule(Permission.SEE_RESULTS),
        ("GET", _ITEM): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/claim"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/release"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/hand-over"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/wait"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/resume"): _item(Permission.SERVE_CLIENTS),
        ("GET", f"{_ITEM}/notes"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/notes"): _item(Permission.SERVE_CLIENTS),
        ("GET", f"{_ITEM}/documents"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/documents"): _item(Permission.SERVE_CLIENTS),
        ("GET", f"{_ITEM}/documents/{{document}}"): _part(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/outcome"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM}/approval"): _item(Permission.APPROVE_FINDINGS),
        ("POST", f"{_ITEM}/return"): _item(Permission.APPROVE_FINDINGS),
        ("GET", "/dienstenlijst"): Rule(Permission.SERVE_CLIENTS, person=True),
        ("POST", "/dienstenlijst/volgende"): Rule(Permission.SERVE_CLIENTS, person=True),
        ("POST", "/dienstenlijst/toewijzen"): Rule(Permission.ASSIGN_CASES),
        ("GET", _ITEM_PAGE): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/oppakken"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/teruggeven"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/overdragen"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/opzij"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/hervatten"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/notities"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/stukken"): _item(Permission.SERVE_CLIENTS),
        ("GET", f"{_ITEM_PAGE}/stukken/{{document}}"): _part(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/gegevens"): _item(Permission.SEE_IDENTITY),
        ("POST", f"{_ITEM_PAGE}/uitkomst"): _item(Permission.SERVE_CLIENTS),
        ("POST", f"{_ITEM_PAGE}/goedkeuren"): _item(Permission.APPROVE_FINDINGS),
        ("POST", f"{_ITEM_PAGE}/terugsturen"): _item(Permission.APPROVE_FINDINGS),
        ("GET", f"{_API}/promotions"): Rule(Permission.SEE_MODELS),
        ("POST", f"{_API}/promotions"): Rule(Permission.REQUEST_PROMOTION, Object.OTHER),
        ("GET", f"{_API}/promotions/{{promotion_id}}"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("POST", f"{_API}/promotions/{{promotion_id}}/approval"): Rule(Permission.APPROVE_PROMOTION, Object.OTHER),
        ("POST", f"{_API}/promotions/{{promotion_id}}/rejection"): Rule(Permission.APPROVE_PROMOTION, Object.OTHER),
        ("GET", f"{_API}/adoptions/{{version}}"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("POST", f"{_API}/adoptions"): Rule(Permission.ADOPT_MODEL, Object.OTHER),
        ("GET", f"{_API}/audit"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("POST", f"{_API}/audits/{{audit_id}}/acceptance"): Rule(Permission.APPROVE_PROMOTION, Object.OTHER),
        ("GET", f"{_API}/switch"): SIGNED_IN,
        ("POST", f"{_API}/switch"): Rule(Permission.SWITCH_RANKING),
        ("GET", f"{_API}/odd-reads"): Rule(Permission.READ_LOG, person=True),
        ("GET", f"{_API}/keys"): Rule(Permission.MANAGE_USERS),
        ("POST", f"{_API}/keys"): Rule(Permission.MANAGE_USERS),
        ("DELETE", f"{_API}/keys/{{id}}"): Rule(Permission.MANAGE_USERS, Object.KEY),
        ("GET", f"{_API}/policy"): Rule(Permission.READ_POLICY),
        ("GET", f"{_API}/policy/versions"): Rule(Permission.READ_POLICY),
        ("POST", f"{_API}/policy"): Rule(Permission.CHANGE_POLICY),
        ("GET", "/health"): OPEN,
        ("GET", "/ready"): OPEN,
        ("GET", "/metrics"): Rule(Permission.READ_METRICS),
        ("GET", "/"): OPEN,
        ("GET", "/inloggen"): OPEN,
        ("POST", "/inloggen"): OPEN,
        ("GET", "/inloggen/aanbieder"): OPEN,
        ("GET", "/inloggen/terug"): OPEN,
        ("POST", "/uitloggen"): SIGNED_IN,
        ("POST", "/wisselen"): SIGNED_IN,
        ("GET", f"{_API}/results"): Rule(Permission.SEE_RESULTS),
        ("GET", f"{_API}/results/what-if"): Rule(Permission.SEE_RESULTS),
        ("GET", f"{_API}/results.csv"): Rule(Permission.SEE_RESULTS),
        ("GET", f"{_API}/results/money"): Rule(Permission.COMPARE_MUNICIPALITIES),
        ("GET", f"{_API}/results/municipalities"): Rule(Permission.COMPARE_MUNICIPALITIES),
        ("GET", "/resultaten"): Rule(Permission.SEE_RESULTS),
        ("GET", "/resultaten/geld"): Rule(Permission.SEE_RESULTS),
        ("GET", "/resultaten/wat-als"): Rule(Permission.SEE_RESULTS),
        ("GET", "/resultaten/wat-als/csv"): Rule(Permission.SEE_RESULTS),
        ("GET", "/resultaten/csv"): Rule(Permission.SEE_RESULTS),
        ("GET", "/beleid"): Rule(Permission.READ_POLICY),
        ("POST", "/beleid"): Rule(Permission.CHANGE_POLICY),
        ("GET", "/toetsing"): Rule(Permission.SWITCH_RANKING),
        ("POST", "/toetsing/aanvragen/{promotion_id}/goedkeuren"): Rule(Permission.APPROVE_PROMOTION, Object.OTHER),
        ("POST", "/toetsing/aanvragen/{promotion_id}/afwijzen"): Rule(Permission.APPROVE_PROMOTION, Object.OTHER),
        ("POST", "/toetsing/overnemen/{version}"): Rule(Permission.ADOPT_MODEL, Object.OTHER),
        ("POST", "/toetsing/onderzoek/{audit_id}/aanvaarden"): Rule(Permission.APPROVE_PROMOTION, Object.OTHER),
        ("POST", "/toetsing/schakelaar"): Rule(Permission.SWITCH_RANKING),
        ("GET", "/toetsing/register"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("GET", "/toetsing/zaken"): Rule(Permission.READ_LOG),
        ("GET", "/toetsing/zaken/{number}"): _case(Permission.READ_LOG),
        ("GET", "/catalogus"): Rule(Permission.SEE_MODELS),
        ("GET", "/logboek"): Rule(Permission.READ_LOG, person=True),
        ("GET", "/logboek/uitvoer"): Rule(Permission.READ_LOG, person=True),
        ("GET", f"{_API}/jobs/{{job_id}}"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("GET", "/modellen"): Rule(Permission.SEE_MODELS),
        ("GET", "/modellen/{version}"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("POST", "/modellen/{version}/voordragen"): Rule(Permission.REQUEST_PROMOTION, Object.OTHER),
        ("POST", "/trainingen"): Rule(Permission.REQUEST_PROMOTION),
        ("GET", "/trainingen/{job_id}"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("GET", "/trainingen/{job_id}/voortgang"): Rule(Permission.SEE_MODELS, Object.OTHER),
        ("GET", "/vraag"): Rule(Permission.ANSWER_CLIENT),
        ("POST", "/vraag"): Rule(Permission.ANSWER_CLIENT, person=True),
        ("GET", "/volgorde"): OPEN,
        ("GET", "/werklijst"): Rule(Permission.LIST_CASES),
        ("POST", "/werklijst/volgende"): Rule(Permission.CLAIM_CASE, person=True),
        ("POST", "/werklijst/keuzes"): Rule(Permission.LIST_CASES),
        ("POST", "/werklijst/keuzes/weg"): Rule(Permission.LIST_CASES),
        ("POST", "/werklijst/toewijzen"): Rule(Permission.ASSIGN_CASES),
        ("GET", "/mijn-zaken"): Rule(Permission.LIST_CASES),
        ("GET", "/team"): Rule(Permission.SEE_TEAM),
        ("POST", "/team/afwezig"): Rule(Permission.CLAIM_CASE),
        ("GET", "/zoeken"): Rule(Permission.FIND_CLIENT),
        ("POST", "/zoeken"): Rule(Permission.FIND_CLIENT, person=True),
        ("GET", "/meldingen"): Rule(Permission.TAKE_IN_TIP),
        ("POST", "/meldingen"): Rule(Permission.TAKE_IN_TIP),
        ("GET", _PAGE): _case(Permission.READ_CASE),
        ("POST", f"{_PAGE}/oppakken"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_PAGE}/teruggeven"): _case(Permission.CLAIM_CASE),
        ("GET", f"{_PAGE}/relaties"): _case(Permission.READ_CASE),
        ("POST", f"{_PAGE}/gegevens"): _case(Permission.SEE_IDENTITY),
        ("POST", f"{_PAGE}/bevindingen"): _case(Permission.SAVE_FINDINGS),
        ("POST", f"{_PAGE}/goedkeuren"): _case(Permission.APPROVE_FINDINGS),
        ("POST", f"{_PAGE}/terugsturen"): _case(Permission.APPROVE_FINDINGS),
        ("GET", f"{_PAGE}/dossier.pdf"): _case(Permission.READ_CASE),
        ("POST", f"{_PAGE}/opzij"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_PAGE}/hervatten"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_PAGE}/overdragen"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_PAGE}/notities"): _case(Permission.CLAIM_CASE),
        ("POST", f"{_PAGE}/stukken"): _case(Permission.CLAIM_CASE),
        ("GET", f"{_PAGE}/stukken/{{document}}"): _part(Permission.READ_CASE),
        ("POST", f"{_PAGE}/stappen"): _case(Permission.CLAIM_CASE),
        ("GET", f"{_PAGE}/rechten"): _case(Permission.READ_CASE),
        ("POST", f"{_PAGE}/rechten/brief"): _case(Permission.READ_CASE),
        ("POST", f"{_PAGE}/rechten/betwisting"): _case(Permission.HANDLE_RIGHTS),
        ("POST", f"{_PAGE}/rechten/beperking"): _case(Permission.HANDLE_RIGHTS),
        ("POST", f"{_PAGE}/rechten/bewaren"): _case(Permission.HANDLE_RIGHTS),
        ("GET", "/rechten"): Rule(Permission.HANDLE_RIGHTS, person=True),
        ("POST", "/rechten/verzoeken"): Rule(Permission.ANSWER_REQUESTS, person=True),
        ("POST", "/rechten/verzoeken/{asked}/akkoord"): _part(Permission.HANDLE_RIGHTS),
        ("POST", "/rechten/verzoeken/{asked}/intrekken"): _part(Permission.HANDLE_RIGHTS),
        ("POST", "/rechten/verzoeken/{asked}/ophalen"): _part(Permission.ANSWER_REQUESTS),
        ("POST", "/rechten/beperkingen/{restriction}/einde"): _part(Permission.HANDLE_RIGHTS),
        ("POST", "/rechten/bewaren/{hold}/einde"): _part(Permission.HANDLE_RIGHTS),
        ("GET", "/rechten/betwistingen/{contest}"): _part(Permission.HANDLE_RIGHTS),
        ("POST", "/rechten/betwistingen/{contest}/correctie"): _part(Permission.HANDLE_RIGHTS),
        ("POST", "/rechten/betwistingen/{contest}/afronden"): _part(Permission.HANDLE_RIGHTS),
    }
)
"""(method, address as FastAPI writes it) -> rule"""


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every (method, address) that the service answers, static files apart."""
    yield from _within(app.routes)


def _within(found: Any) -> Iterator[tuple[str, str]]:
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _within(inner.routes)
        else:
            for method in sorted(getattr(route, "methods", None) or ()):
                if method != "HEAD":
                    yield method, route.path
