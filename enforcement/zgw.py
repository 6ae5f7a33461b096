"""A reviewed case and its outcome as an Open Zaak compatible API wants them: Zaken API 1.5 (VNG, ZGW standard).

A case becomes a zaak with a status; approved findings become a resultaat and zaakeigenschappen. What leaves is what the
municipality's own register of cases needs: no place, no reason of the model, no reasoning, no amount, and no citizen
service number unless the setting says so (data minimisation, GDPR 5(1)(c)). Exported again, nothing is made twice:
the zaak is found by its identificatie.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import requests
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.cases import State
from enforcement.clock import shown
from enforcement.database import engine_of, reading, writing
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Case, Draw, Finding, Network
from enforcement.tenants import within

PATIENCE = 10.0
"""seconds that the register has to answer"""
CRS = {"Accept-Crs": "EPSG:4326", "Content-Crs": "EPSG:4326"}
"""the Zaken API refuses a zaak without them"""
STATUS: Mapping[str, str] = MappingProxyType(
    {
        State.OPEN: "opened",
        State.CLAIMED: "in_progress",
        State.FINDINGS: "in_progress",
        State.CONTESTED: "in_progress",
        State.CLOSED: "closed",
        State.WITHDRAWN: "closed",
    }
)
"""state of a case -> which of the three statustypen"""
SOURCE = "weegschaal"


class RegisterError(Exception):
    """The register of cases refused, or did not answer; the message holds no personal data."""


@dataclass(frozen=True)
class Register:
    """Where the register is and who we are to it. Addresses of types come from its Catalogi API."""

    zaken: str
    """such as https://openzaak.example.nl/zaken/api/v1"""
    client: str
    secret: str = field(repr=False)
    rsin: str
    """of the organisation that is responsible (bronorganisatie)"""
    zaaktype: str
    statustypes: Mapping[str, str]
    """opened, in_progress and closed -> statustype"""
    resultaattypes: Mapping[str, str]
    """cause of the findings -> resultaattype"""
    eigenschappen: Mapping[str, str]
    """cause and effect -> eigenschap"""
    roltype: str = ""
    """of the client; only with this setting does the zaak get a rol with the BSN"""

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Register:
        """From the settings file; the secret from WEEGSCHAAL_ZGW_SECRET. Raises ValueError that names what is wrong."""
        secret = os.environ.get("WEEGSCHAAL_ZGW_SECRET", "")
        if len(secret) < 32:
            raise ValueError(
                "WEEGSCHAAL_ZGW_SECRET must hold the client's secret, at least 32 characters (RFC 7518, 3.2)"
            )
        needed = ("zaken", "client", "rsin", "zaaktype", "statustypes", "resultaattypes", "eigenschappen")
        missing = [name for name in needed if not content.get(name)]
        missing += [f"statustypes.{one}" for one in sorted(set(STATUS.values()) - set(content.get("statustypes", {})))]
        unknown = sorted(set(content) - {*needed, "roltype"})
        if missing or unknown:
            raise ValueError(f"the ZGW settings lack {missing or 'nothing'} and have unknown {unknown or 'nothing'}")
        if not str(content["zaken"]).startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("`zaken` must begin with https://")
        return cls(**{**content, "zaken": str(content["zaken"]).rstrip("/")}, secret=secret)


class Answered(Protocol):
    status_code: int

    def json(self) -> Any: ...


Send = Callable[[str, str, Mapping[str, str], Mapping[str, Any] | None], Answered]
"""(method, address, headers, body) -> answer"""


@dataclass(frozen=True)
class Exported:
    number: str
    zaak: str
    """its address in the register"""
    new: bool
    result: bool
    """whether it carries an outcome"""


@dataclass(frozen=True)
class Dossier:
    """What is known of a case for the register."""

    number: str
    municipality: str
    client: int | None
    """the vault's number of the person"""
    state: str
    begun: dt.date
    due: dt.date
    changed: dt.datetime
    cause: str | None
    effect: str | None
    finished: dt.date | None


def dossiers(session: Session, municipality: str) -> Iterator[Dossier]:
    """The cases of a municipality that somebody took up, with approved findings that no objection overturned.

    A case that nobody looked at is no business of the register.
    """
    query = (
        select(Case, Draw.as_of, Network.graph)
        .join(Draw, Draw.id == Case.draw_id)
        .outerjoin(Network, (Network.run_id == Draw.run_id) & (Network.case_id == Case.id))
        .where(within(Case, municipality), Case.state.in_((State.CLAIMED, State.FINDINGS, State.CLOSED)))
        .order_by(Case.number)
    )
    for case, as_of, graph in session.execute(query):
        found = session.scalars(
            select(Finding)
            .where(
                within(Finding, municipality),
                Finding.draw_id == case.draw_id,
                Finding.case_id == case.id,
                Finding.state == "approved",
                Finding.overturned_at.is_(None),
            )
            .order_by(Finding.approved_at.desc())
            .limit(1)
        ).first()
        outcome = found if case.state == State.CLOSED else None
        moment = outcome.approved_at if outcome and outcome.approved_at else case.claimed_at
        yield Dossier(
            number=case.number,
            municipality=case.municipality,
            client=_client(graph),
            state=case.state,
            begun=as_of,
            due=case.due,
            changed=shown(moment) if moment else dt.datetime.combine(as_of, dt.time(), dt.UTC),
            cause=outcome.cause if outcome else None,
            effect=outcome.effect if outcome else None,
            finished=shown(outcome.approved_at).date() if outcome and outcome.approved_at else None,
        )


def zaak(register: Register, one: Dossier) -> dict[str, Any]:
    """The zaak of a case, by the names of the standard."""
    return {
        "identificatie": f"{SOURCE}-{one.municipality}-{one.number}",
        "bronorganisatie": register.rsin,
        "verantwoordelijkeOrganisatie": register.rsin,
        "omschrijving": "Heronderzoek bijstand",
        "zaaktype": register.zaaktype,
        "registratiedatum": one.begun.isoformat(),
        "startdatum": one.begun.isoformat(),
        "uiterlijkeEinddatumAfdoening": one.due.isoformat(),
        "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
        "archiefstatus": "nog_te_archiveren",
    }


def export(
    register: Register, one: Dossier, send: Send, bsn: str | None = None, *, now: Callable[[], float] = time.time
) -> Exported:
    """Brings one case into the register: its zaak, status, result and properties.

    `bsn` is sent only when the register's setting asks for it. Raises RegisterError; exporting again goes on.
    """
    ask = _Door(register, send, now)
    wanted = zaak(register, one)
    query = f"?identificatie={wanted['identificatie']}&bronorganisatie={register.rsin}"
    there = ask("GET", f"/zaken{query}")["results"]
    made = there[0] if there else ask("POST", "/zaken", wanted)
    address = str(made["url"])
    if register.roltype and bsn and not there:
        ask("POST", "/rollen", _initiator(address, register, bsn))
    result = one.cause is not None
    if one.cause is not None and one.effect is not None:
        if one.cause not in register.resultaattypes:
            raise RegisterError(f"the ZGW settings name no resultaattype for {one.cause}")
        if not made.get("resultaat"):
            body = {"zaak": address, "resultaattype": register.resultaattypes[one.cause], "toelichting": ""}
            ask("POST", "/resultaten", body)
        own = f"/zaken/{address.rstrip('/').rsplit('/', 1)[-1]}/zaakeigenschappen"
        held = {str(each["eigenschap"]) for each in ask("GET", own)}
        for name, value in (("cause", one.cause), ("effect", one.effect)):
            kind = register.eigenschappen[name]
            if kind not in held:
                ask("POST", own, {"zaak": address, "eigenschap": kind, "waarde": value})
    statustype = register.statustypes[STATUS[one.state]]
    statuses = ask("GET", f"/statussen?zaak={address}")["results"]
    if statustype not in {each["statustype"] for each in statuses}:
        # last: the final status closes the zaak, and a closed zaak takes no result (business rule zrc-007)
        set_on = one.changed.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        body = {"zaak": address, "statustype": statustype, "datumStatusGezet": set_on, "statustoelichting": ""}
        ask("POST", "/statussen", body)
    return Exported(one.number, address, not there, result)


def export_all(settings: Settings, file: Path, send: Send, now: dt.datetime) -> list[Exported]:
    """Every municipality's cases that somebody took up; each case that went out is in the log, a BSN before it goes.

    `file`: JSON, municipality code -> the fields of Register. Raises ValueError for settings that are not right,
    RegisterError at the first case that the register refuses; the cases before it are there and are not made again.
    """
    engine, done = engine_of(settings.database), []
    towns = json.loads(file.read_text("utf-8"))
    for town, content in sorted(towns.items()):
        register = Register.read(content)
        with reading(engine) as session:
            cases = list(dossiers(session, town))
        for one in cases:
            known = _bsn(settings, engine, town, one) if register.roltype else None
            made = export(register, one, send, known)
            with writing(engine) as session:
                about = {"new": made.new, "result": made.result, "bsn": known is not None and made.new}
                audit.append(
                    session, town, "system", "service", "zgw_exported", f"case:{one.number}", "register", about, at=now
                )
            done.append(made)
    return done


def over_http(method: str, address: str, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Answered:
    """Asks the register itself. Raises RegisterError when it does not answer."""
    try:
        answer: Answered = requests.request(
            method, address, headers=dict(headers), json=body, timeout=PATIENCE, allow_redirects=False
        )
    except requests.RequestException as error:
        raise RegisterError(f"the register does not answer ({type(error).__name__}); try again later") from error
    return answer


def token(register: Register, moment: float) -> str:
    """The JWT of an application (ZGW: client credentials, HS256), made for one request.

    >>> register = Register("https://z.example", "we", "x" * 32, "1", "t", {}, {}, {})
    >>> token(register, 0).count(".")
    2
    """
    claims = {"iss": register.client, "client_id": register.client, "iat": int(moment), "exp": int(moment) + 300}
    claims |= {"user_id": SOURCE, "user_representation": "Weegschaal", "jti": str(uuid.uuid4())}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(register.secret), algorithms=["HS256"])


class _Door:
    """Asks the register, with a token of its own for every request."""

    def __init__(self, register: Register, send: Send, now: Callable[[], float]) -> None:
        self._register, self._send, self._now = register, send, now

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token(self._register, self._now())}", **CRS}
        answer = self._send(method, self._register.zaken + path, headers, body)
        if answer.status_code not in (200, 201):
            what = path.split("?")[0]
            raise RegisterError(f"the register answered {answer.status_code} to {method} {what.rsplit('/', 1)[-1]}")
        return answer.json()


def _bsn(settings: Settings, engine: Engine, town: str, one: Dossier) -> str | None:
    """The client's BSN, after the reading was logged; None when it is not known."""

    def logged(*, actor: str, purpose: str, ids: Iterable[int]) -> None:
        with writing(engine) as session:
            about = {"people": len(list(ids))}
            audit.append(session, town, actor, "service", "identity_read", f"case:{one.number}", purpose, about)

    if one.client is None:
        return None
    vault = Vault(engine, Keys.read(settings.keys, create=False), log=logged)
    names = vault.reveal([one.client], "register", "system").get(one.client, {}).get("names", [])
    return next((str(name) for name in names if re.fullmatch(r"[0-9]{9}", str(name))), None)


def _client(graph: Mapping[str, Any] | None) -> int | None:
    nodes = (graph or {}).get("nodes", [])
    return next((int(one["person_id"]) for one in nodes if one["depth"] == 0 and one.get("person_id")), None)


def _initiator(address: str, register: Register, bsn: str) -> dict[str, Any]:
    return {
        "zaak": address,
        "betrokkeneType": "natuurlijk_persoon",
        "roltype": register.roltype,
        "roltoelichting": "klant",
        "betrokkeneIdentificatie": {"inpBsn": bsn},
    }
