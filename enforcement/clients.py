"""Finding a client's case: by case number, dossier, BSN or name, for a purpose, and in the log before anything shows.

Only cases on the municipality's own lists are found: nobody else is in reach of this service's users.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, select

from enforcement import audit
from enforcement.access import Permission, Viewer, owned, require
from enforcement.cases import State
from enforcement.database import reading, writing
from enforcement.errors import RefusedError
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.tables import Case, Draw, Network

SHORTEST_NAME = 3
MOST = 20
"""cases in one answer; more is no search for a client"""


@dataclass(frozen=True)
class Hit:
    number: str
    state: State
    due: dt.date


def find_cases(engine: Engine, keys: Keys, viewer: Viewer, asked: str, now: dt.datetime) -> tuple[Hit, ...]:
    """The cases of a client, newest list first. The entry in the log holds what was found, not what was asked.

    Raises RefusedError for too little to go on or too many found, ForbiddenError, LogUnavailableError.
    """
    require(viewer, Permission.FIND_CLIENT)
    wanted = " ".join(asked.split())
    if len(wanted) < SHORTEST_NAME:
        raise RefusedError(f"give at least {SHORTEST_NAME} characters of a name, or a whole number")
    by = "number" if re.search(r"[0-9]", wanted) else "name"
    _log(engine, viewer, now, {"by": by})
    found = [case for case, _ in matching(engine, keys, viewer, wanted, by)]
    if len(found) > MOST:
        raise RefusedError(f"more than {MOST} cases fit; give more of the name")
    _log(engine, viewer, now, {"by": by, "found": sorted(case.number for case in found)})
    return tuple(Hit(case.number, State(case.state), case.due) for case in found)


def dossier_of(engine: Engine, keys: Keys, viewer: Viewer, dossier: str) -> int:
    """The case id of a dossier number of the viewer's municipality. Raises RefusedError for an unknown one."""
    case = Vault(engine, keys).find("case", dossier.strip(), viewer.municipality)
    if case is None:
        raise RefusedError("there is no such dossier in this municipality; check the number")
    return case


def matching(engine: Engine, keys: Keys, viewer: Viewer, wanted: str, by: str) -> Iterator[tuple[Case, int | None]]:
    listed = _listed(engine, viewer)
    if by == "number":
        vault = Vault(engine, keys)
        dossier = vault.find("case", wanted, viewer.municipality)
        person = vault.find("person", wanted)
        for case, client in listed:
            if case.number == wanted or case.id == dossier or (person is not None and client == person):
                yield case, client
        return

    def logged(*, actor: str, purpose: str, ids: Iterable[int]) -> None:
        return  # find_cases wrote the entry, and its failure stopped the search

    vault = Vault(engine, keys, log=logged)
    people = vault.reveal([client for _, client in listed if client], viewer.purpose.value, viewer.user)
    for case, client in listed:
        if client in people and _plain(wanted) in _plain(str(people[client].get("name", ""))):
            yield case, client


def _listed(engine: Engine, viewer: Viewer) -> list[tuple[Case, int | None]]:
    """The municipality's cases with their client's number, newest list first."""
    with reading(engine) as session:
        rows = session.execute(
            select(Case, Network.graph)
            .join(Draw, Draw.id == Case.draw_id)
            .outerjoin(Network, (Network.run_id == Draw.run_id) & (Network.case_id == Case.id))
            .where(owned(viewer, Case))
            .order_by(Draw.as_of.desc(), Case.position)
        ).all()
        session.expunge_all()
    return [(case, _client(graph)) for case, graph in rows]


def _client(graph: dict[str, list[dict[str, object]]] | None) -> int | None:
    nodes = (graph or {}).get("nodes", [])
    found = (node.get("person_id") for node in nodes if node.get("depth") == 0)
    return next((int(str(one)) for one in found if one), None)


def _plain(name: str) -> str:
    """Lower case without accents, so that Joelle finds Joëlle."""
    return "".join(one for one in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(one))


def _log(engine: Engine, viewer: Viewer, now: dt.datetime, details: dict[str, object]) -> None:
    with writing(engine) as session:
        audit.append(
            session,
            viewer.municipality,
            viewer.user,
            viewer.role.value,
            "client_searched",
            f"municipality:{viewer.municipality}",
            viewer.purpose.value,
            details,
            at=now,
        )
