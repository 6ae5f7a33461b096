"""Who a case is about: asked for with a purpose, logged before it is shown, and not shown when the log fails (R14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from api.security import engine
from enforcement.access import Permission, Purpose, Viewer
from enforcement.cases import find, note
from enforcement.database import reading, writing
from enforcement.identity import Log, Vault
from enforcement.keys import Keys
from enforcement.service_items import find_item, note_item
from enforcement.tables import Draw, Network


@dataclass(frozen=True)
class Details:
    """What the vault holds about the client: label and text, in order. Empty when it holds nothing."""

    lines: tuple[tuple[str, str], ...]


def reveal(request: Request, viewer: Viewer, number: str, purpose: Purpose) -> Details:
    """The client's details. Raises NotFoundError, ForbiddenError, and RevealRefusedError when the log fails."""
    asking = replace(viewer, purpose=purpose)
    with reading(engine(request)) as session:
        case = find(session, asking, number, Permission.SEE_IDENTITY)
        draw = session.get_one(Draw, case.draw_id)
        network = session.get(Network, (draw.run_id, case.id))
        graph = network.graph if network else {"nodes": []}
    client = [int(node["person_id"]) for node in graph["nodes"] if node["depth"] == 0 and node.get("person_id")]

    def logged(*, actor: str, purpose: str, ids: Iterable[int]) -> None:
        with writing(engine(request)) as session:
            note(session, asking, "identity_read", number, details={"people": len(list(ids))})

    return _opened(request, asking, client, logged)


def reveal_served(request: Request, viewer: Viewer, number: str) -> Details:
    """Whom an item of the service list is about. Raises as `reveal` does."""
    asking = replace(viewer, purpose=Purpose.SERVICE)
    with reading(engine(request)) as session:
        people = [int(one) for one in find_item(session, asking, number, Permission.SEE_IDENTITY).people]

    def logged(*, actor: str, purpose: str, ids: Iterable[int]) -> None:
        with writing(engine(request)) as session:
            note_item(session, asking, "identity_read", number, details={"people": len(list(ids))})

    return _opened(request, asking, people, logged)


def _opened(request: Request, asking: Viewer, people: list[int], log: Log) -> Details:
    vault = Vault(engine(request), Keys.read(request.app.state.settings.keys), log=log)
    found = vault.reveal(people, asking.purpose.value, asking.user)
    return Details(tuple((name, text) for person in found.values() for name, text in _lines(person)))


def _lines(person: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The person's facts, name first; the numbers that lead to the person are not needed to speak with them."""
    facts = {name: text for name, text in person.items() if name not in ("kind", "names") and text}
    yield from sorted(facts.items(), key=lambda fact: (fact[0] != "name", fact[0]))
