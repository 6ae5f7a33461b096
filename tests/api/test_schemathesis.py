"""Every operation that OpenAPI describes, for every role: no 500, and no answer that the description does not know.

Schemathesis makes requests from the description, well formed and not. A part of them name a case of one's own and carry
the example of the description, so that more than the checks at the door is tried. The short form tries a few per
operation and role, `make proof` many.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from api.app import create_app
from enforcement.access import Role
from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Case
from enforcement.users import DEMO_ROLES
from tests.api import builders
from tests.api.builders import HEERLEN, ORIGIN, Browser, fill, visitors
from tests.api.served import an_item, serve

TRIES = 60 if os.environ.get("WEEGSCHAAL_PROOF") == "1" else 3
CONFORMS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SHORT = {role: short for short, (role, _) in DEMO_ROLES.items()}
IN_HAND, OTHERS = 6, 3
"""cases of the officer, and open ones, that requests name"""
BOTH = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(create_app(builders.settings(Path("nowhere"))).openapi())
    found: list[Any] = list(schema.get_all_operations())
    return {f"{one.method.upper()} {one.path}": one for one in (each.ok() for each in found)}


OPERATIONS = operations()


@dataclasses.dataclass
class World:
    """`numbers`: cases of Heerlen, the first of them in the officer's hand."""

    browsers: dict[Role, Browser]
    numbers: list[str]
    items: list[str]
    """of the service list, the first in the officer's hand"""

    def answer(self, role: Role, case: Any) -> Any:
        """What a role gets, with its own session whatever the request says."""
        browser = self.browsers[role]
        own = dict(browser.cookies.items())
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        sent.pop("cookies")
        plain = requests.Request(**sent | {"headers": {}}).prepare()
        named = {**plain.headers, **sent["headers"]} if plain.body is None else {**sent["headers"], **plain.headers}
        headers = {name.encode("latin-1"): _bytes(value) for name, value in named.items()}
        body = plain.body.encode() if isinstance(plain.body, str) else plain.body
        answer = browser.request(plain.method, plain.url, content=body, headers=headers, follow_redirects=False)
        browser.cookies.clear()
        browser.cookies.update(own)
        return answer


def _bytes(value: Any) -> bytes:
    return str(value).encode("latin-1", "replace")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    chosen: Settings = dataclasses.replace(fill(tmp_path_factory.mktemp("described")), rate=0)
    serve(chosen)
    with visitors(chosen, *(f"{SHORT[role]}.heerlen" for role in SHORT)) as browsers:
        with reading(engine_of(chosen.database)) as session:
            numbers = list(
                session.scalars(select(Case.number).where(Case.municipality == HEERLEN).order_by(Case.number))
            )
        items = [an_item(chosen, at=at) for at in range(6)]
        made = World(dict(zip(SHORT, browsers, strict=True)), numbers, items)
        for item in items[: IN_HAND // 2]:
            assert made.browsers[Role.OFFICER].post(f"/api/v1/service-items/{item}/claim").status_code == 200
        for number in numbers[:IN_HAND]:
            assert made.browsers[Role.OFFICER].post(f"/api/v1/cases/{number}/claim").status_code == 200
        yield made


def example(operation: Any) -> Any:
    """The body that the description shows; None where there is none."""
    for body in operation.body:
        schema = body.definition.get("schema", {})
        found = operation.schema.raw_schema["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], {})
        if found.get("examples"):
            return found["examples"][0]
    return None


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_answers_every_role_as_it_is_described(world: World, name: str) -> None:
    operation, shown = OPERATIONS[name], example(OPERATIONS[name])

    @settings(max_examples=TRIES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(
        case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in BOTH)),
        real=st.booleans(),
        like_the_example=st.booleans(),
        number=st.sampled_from(world.numbers),
        item=st.sampled_from(world.items),
        version=st.integers(1, 3),
    )
    def tried(case: Any, real: bool, like_the_example: bool, number: str, item: str, version: int) -> None:
        if real:
            if "item" in (case.path_parameters or {}):
                case.path_parameters["item"] = item
            if "number" in (case.path_parameters or {}):
                case.path_parameters["number"] = number
            case.headers = {**(case.headers or {}), "if-match": f'"{version}"'}
        if like_the_example and shown is not None:
            case.body = shown
        for role in SHORT:
            case.validate_response(world.answer(role, case), checks=CONFORMS)

    tried()
