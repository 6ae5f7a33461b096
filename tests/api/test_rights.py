"""Every route x role x own, other or no municipality does what the table of rights says (R14, R17, R36)."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import delete

from api.tables_of_rights import RIGHTS, Object, Rule, routes
from enforcement.access import Role
from enforcement.database import engine_of, writing
from enforcement.errors import LogUnavailableError
from enforcement.settings import Settings
from enforcement.tables import Grant
from enforcement.users import DEMO_ROLES
from tests.api.builders import MAASTRICHT, ORIGIN, REASONING, Browser, a_case, fill, only_in_maastricht, visitors
from tests.api.served import an_item, only_item_in_maastricht, serve

FIELDS = {
    "version": "1", "user": "officer.heerlen", "cause": "nothing_irregular", "effect": "none", "finding": "none",
    "purpose": "review", "reasoning": REASONING, "remark": "Graag de bron noemen.",
    "to": "second.heerlen", "numbers": "2026-000000", "text": "Havenkade", "name": "Mijn keuze",
}  # fmt: skip
"""of every form on our pages"""
SHORT = {role: short for short, (role, _) in DEMO_ROLES.items()}
CALLS = sorted(RIGHTS)
OWN_SESSION = ("/uitloggen", "/wisselen", "/api/v1/session/role")
"""about the asker's own session: tests/api/test_roles.py"""
UNKNOWN = "no-such-thing"
MAY_BE_ABSENT = (Object.PART, Object.KEY, Object.OTHER)
"""the number of a case names none of these"""


@dataclasses.dataclass
class World:
    settings: Settings
    browsers: Mapping[Role, Browser]
    stranger: Browser
    withdrawn: Browser
    """signed in, but the right was taken back: acts for no municipality"""
    bodies: Mapping[tuple[str, str], Any]
    mine: str
    other: str
    mine_item: str
    other_item: str

    def own(self, rule: Rule) -> str:
        """What a rule is about, of one's own municipality."""
        return self.mine_item if rule.about == Object.ITEM else self.mine

    def others(self, rule: Rule) -> str:
        """... and of another's."""
        return self.other_item if rule.about == Object.ITEM else self.other

    def address(self, path: str, object: str) -> str:
        parts = [object if part.startswith("{") else part for part in path.replace("{version}", "1").split("/")]
        return "/".join(parts)

    def call(self, browser: Browser, method: str, path: str, object: str) -> Any:
        headers = {"if-match": '"1"'}
        address = self.address(path, object)
        if method in ("GET", "DELETE"):
            return browser.request(method, address, headers=headers, follow_redirects=False)
        if path.startswith("/api/"):
            if path.endswith("/documents"):
                file = {"file": ("contract.pdf", b"%PDF-1.7", "application/pdf")}
                return browser.request(method, address, files=file, headers=headers, follow_redirects=False)
            body = self.bodies.get((method, path), {})
            body = body | {"remark": FIELDS["remark"]} if "remark" in body else body
            return browser.request(method, address, json=body, headers=headers, follow_redirects=False)
        form = FIELDS | {"csrf": browser.headers.get("x-csrf-token", "")}
        return browser.request(method, address, data=form, headers=headers, follow_redirects=False)


def examples(described: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """(method, path) -> the example body that OpenAPI shows."""
    found = {}
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            schema = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            named = described["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
            if named.get("examples"):
                found[method.upper(), path] = named["examples"][0]
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    chosen = dataclasses.replace(fill(tmp_path_factory.mktemp("rights")), rate=0)
    serve(chosen)
    users = [f"{SHORT[role]}.heerlen" for role in Role]
    with ExitStack() as stack:
        browsers = stack.enter_context(visitors(chosen, *users, "officer.maastricht"))
        with writing(engine_of(chosen.database)) as session:
            session.execute(delete(Grant).where(Grant.user_id == "officer.maastricht"))
        app = browsers[0].app
        yield World(
            settings=chosen,
            browsers=dict(zip(Role, browsers, strict=False)),
            stranger=Browser(app, base_url=ORIGIN, headers={"origin": ORIGIN}),
            withdrawn=browsers[-1],
            bodies=examples(app.openapi()),
            mine=a_case(chosen, blind=False),
            other=only_in_maastricht(chosen),
            mine_item=an_item(chosen),
            other_item=only_item_in_maastricht(chosen),
        )


def test_every_route_is_in_the_table_and_nothing_else_is(world: World) -> None:
    assert set(routes(world.stranger.app)) == set(RIGHTS)
    assert {role for role in Role if any(rule.permission and rule.allows(role) for rule in RIGHTS.values())} == set(
        Role
    )


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_r36_who_is_not_signed_in_or_has_no_municipality_gets_nothing(world: World, method: str, path: str) -> None:
    for browser in (world.stranger, world.withdrawn):
        if RIGHTS[method, path].open:
            continue
        answer = world.call(browser, method, path, world.mine)
        page = not path.startswith(("/api/", "/metrics"))
        assert answer.status_code == (303 if page else 401), (answer.status_code, answer.text)
        if page:
            assert answer.headers["location"] == "/inloggen"


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [(*call, role) for call, role in itertools.product(CALLS, Role) if not RIGHTS[call].open],
)
def test_r17_a_role_does_what_the_table_says_in_its_own_municipality_only(
    world: World, method: str, path: str, role: Role
) -> None:
    rule, browser = RIGHTS[method, path], world.browsers[role]
    if path in OWN_SESSION:
        return  # for everyone, and it would end the session that the other tests use
    own = world.call(browser, method, path, world.own(rule))
    assert own.status_code < 500, own.text
    if not rule.allows(role):
        assert own.status_code == 403, (own.status_code, own.text)
        assert world.call(browser, method, path, UNKNOWN).status_code in (403, 404)
    else:
        assert own.status_code not in (401, 403) or _own_findings(own), (own.status_code, own.text)
        assert own.status_code != 404 or rule.about in MAY_BE_ABSENT, own.text
    if rule.about in (Object.CASE, Object.ITEM, Object.PART):
        other = world.call(browser, method, path, world.others(rule))
        assert other.status_code == (404 if rule.allows(role) else 403), (other.status_code, other.text)
        same = world.call(browser, method, path, UNKNOWN)
        assert same.status_code == other.status_code, "another's case looks exactly as one that is not there"


def _own_findings(answer: Any) -> bool:
    """The second person is never the first, whatever the role (R2): that is about the person, not the role."""
    return "own findings" in answer.text or "eigen" in answer.text


@pytest.mark.parametrize(("method", "path"), [call for call in CALLS if RIGHTS[call].person])
def test_r14_without_the_log_nothing_about_a_person_is_shown_or_changed(
    world: World, method: str, path: str, tmp_path: Path
) -> None:
    number = (
        an_item(world.settings) if RIGHTS[method, path].about == Object.ITEM else a_case(world.settings, blind=False)
    )
    role = next(role for role in Role if RIGHTS[method, path].allows(role))
    with patch("enforcement.audit.append", side_effect=LogUnavailableError("the log could not be written")):
        answer = world.call(world.browsers[role], method, path, number)
    if RIGHTS[method, path].about == Object.PART:
        assert answer.status_code == 404
        return
    assert answer.status_code in (503, 409, 412, 422), (answer.status_code, answer.text)
    assert answer.status_code == 503 or method == "POST"
    assert "inkomstenopgave" not in answer.text


def test_the_table_is_shown_to_who_is_signed_in(world: World) -> None:
    for role, browser in world.browsers.items():
        told = browser.get("/api/v1/rights").json()
        assert told["role"] == role
        assert {one["address"] for one in told["addresses"]} == {path for _, path in RIGHTS}
    assert MAASTRICHT not in world.browsers[Role.OFFICER].get("/api/v1/rights").text


def test_a_rule_without_permission_is_for_everyone_signed_in() -> None:
    assert all(Rule().allows(role) for role in Role)
