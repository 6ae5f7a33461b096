"""Signing in with an identity provider: the whole way round with a local one, and every way in which it must fail."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from oidc_provider_mock import User, run_server_in_thread
from sqlalchemy import select

from api.app import create_app
from api.oidc import BACK, START, Described, Directory, checked, pairs_of
from enforcement import audit, tables
from enforcement.access import Role
from enforcement.database import engine_of, reading
from enforcement.errors import ForbiddenError
from enforcement.settings import Provider, Settings
from tests.api.builders import HEERLEN, MAASTRICHT, ORIGIN, settings

CLIENT, SECRET = "weegschaal", "a secret of the client"
ISSUER, NONCE = "https://login.test", "the nonce that was sent"
PEOPLE = {
    "p.officer": ["weegschaal-0917-officer", "staff"],
    "p.two": ["weegschaal-0917-manager", "weegschaal-0935-compliance_reviewer"],
    "p.nobody": ["staff", "weegschaal-0917-king", "weegschaal-917-officer"],
}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a provider on this machine."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    people = [User(sub=sub, claims={"name": sub.title(), "groups": groups}) for sub, groups in PEOPLE.items()]
    with run_server_in_thread(user_claims=people, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def chosen(provider: str, tmp_path: Path) -> Settings:
    return dataclasses.replace(
        settings(tmp_path, demo=False), address=ORIGIN, oidc=Provider(provider, CLIENT, SECRET), rate=0
    )


@pytest.fixture
def visitor(chosen: Settings) -> Iterator[TestClient]:
    with ExitStack() as stack:
        yield stack.enter_context(TestClient(create_app(chosen), base_url=ORIGIN, follow_redirects=False))


def consent(address: str, sub: str) -> str:
    """The address to which the provider sends the browser back after this person signed in there."""
    answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def gone(visitor: TestClient) -> str:
    answer = visitor.get(START)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_the_whole_way_round(chosen: Settings, visitor: TestClient) -> None:
    away = gone(visitor)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(away).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert (asked["redirect_uri"], "openid" in asked["scope"].split()) == (ORIGIN + BACK, True)
    assert min(len(asked["nonce"]), len(asked["state"]), len(asked["code_challenge"])) >= 43
    answer = visitor.get(consent(away, "p.officer"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "__Host-weegschaal=" in answer.headers["set-cookie"]
    here = visitor.get("/api/v1/session").json()
    assert (here["user"], here["municipality"], here["role"]) == ("p.officer", HEERLEN, "officer")
    with reading(engine_of(chosen.database)) as session:
        actions = [json.loads(event.body)["action"] for event in audit.chain(session, HEERLEN)]
        assert session.scalars(select(tables.SignInAttempt)).all() == []
    assert actions == ["rights_changed", "signed_in"]


def test_r36_groups_give_pairs_and_taking_one_away_ends_the_session(
    chosen: Settings, visitor: TestClient, provider: str
) -> None:
    visitor.get(consent(gone(visitor), "p.two"))
    with reading(engine_of(chosen.database)) as session:
        pairs = {(one.municipality, one.role) for one in session.scalars(select(tables.Grant))}
    assert pairs == {(HEERLEN, "manager"), (MAASTRICHT, "compliance_reviewer")}
    assert visitor.get("/api/v1/session").json()["municipality"] == HEERLEN
    changed = {"name": "P. Two", "groups": ["weegschaal-0935-compliance_reviewer"]}
    requests.put(f"{provider}/users/p.two", json=changed, timeout=5)
    with TestClient(visitor.app, base_url=ORIGIN, follow_redirects=False) as elsewhere:
        elsewhere.get(consent(gone(elsewhere), "p.two"))
        assert elsewhere.get("/api/v1/session").json()["municipality"] == MAASTRICHT
    assert visitor.get("/api/v1/session").status_code == 401
    with reading(engine_of(chosen.database)) as session:
        last = json.loads(list(audit.chain(session, HEERLEN))[-1].body)
    assert (last["action"], last["details"]) == ("rights_changed", {"granted": [], "withdrawn": ["manager"]})


def test_r36_a_switch_goes_where_the_groups_of_the_provider_lead_and_nowhere_else(visitor: TestClient) -> None:
    visitor.get(consent(gone(visitor), "p.two"))
    here = visitor.get("/api/v1/session").json()
    assert len(here["pairs"]) == 2
    headers = {"origin": ORIGIN, "x-csrf-token": here["csrf"]}
    for pair in ((MAASTRICHT, "manager"), (HEERLEN, "compliance_reviewer"), (HEERLEN, "officer")):
        asked = dict(zip(("municipality", "role"), pair, strict=True))
        assert visitor.post("/api/v1/session/role", json=asked, headers=headers).status_code == 403
    asked = {"municipality": MAASTRICHT, "role": "compliance_reviewer"}
    assert visitor.post("/api/v1/session/role", json=asked, headers=headers).status_code == 200
    assert visitor.get("/api/v1/session").json()["municipality"] == MAASTRICHT


def test_a_person_without_a_group_of_ours_stays_out(visitor: TestClient) -> None:
    assert visitor.get(consent(gone(visitor), "p.nobody")).status_code == 403
    assert visitor.get("/api/v1/session").status_code == 401


def test_an_answer_is_for_the_browser_that_asked_and_for_once(visitor: TestClient) -> None:
    returned = consent(gone(visitor), "p.officer")
    with TestClient(visitor.app, base_url=ORIGIN, follow_redirects=False) as other:
        assert other.get(returned).status_code == 403, "another browser"
    assert visitor.get(returned).status_code == 403, "used up by the attempt"
    again = consent(gone(visitor), "p.officer")
    assert visitor.get(again).status_code == 303
    assert visitor.get(again).status_code == 403, "a second time"


@pytest.mark.parametrize("change", ["state=other", "code=other", "state=&code="])
def test_an_answer_that_was_changed_is_refused(visitor: TestClient, change: str) -> None:
    parts = urlsplit(consent(gone(visitor), "p.officer"))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    query |= {name: value for name, _, value in (one.partition("=") for one in change.split("&"))}
    assert visitor.get(parts.path, params=query).status_code == 403
    assert visitor.get("/api/v1/session").status_code == 401


def test_demo_users_do_not_sign_in_beside_a_provider(visitor: TestClient) -> None:
    answer = visitor.post("/api/v1/session", json={"user": "officer.heerlen"}, headers={"origin": ORIGIN})
    assert answer.status_code == 403
    page = visitor.get("/inloggen").text
    assert START in page
    assert "officer.heerlen" not in page


def test_without_a_provider_there_is_nowhere_to_go(tmp_path: Path) -> None:
    with TestClient(create_app(settings(tmp_path)), base_url=ORIGIN, follow_redirects=False) as visitor:
        assert visitor.get(START).status_code == 403


RSA, EC = RSAKey.generate_key(2048, {"kid": "one"}), ECKey.generate_key("P-256", {"kid": "two"})


class Known(Directory):
    """A directory that asks nobody."""

    def described(self, *, anew: bool = False) -> Described:
        public = [key.as_dict(private=False) for key in (RSA, EC)]
        keys = KeySet.import_key_set({"keys": public})
        return Described(ISSUER, f"{ISSUER}/authorize", f"{ISSUER}/token", keys, time.monotonic())


DIRECTORY = Known(Provider(ISSUER, CLIENT, SECRET))


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    plain = {"iss": ISSUER, "aud": CLIENT, "sub": "p.officer", "nonce": NONCE, "iat": now, "exp": now + 300}
    return {name: value for name, value in (plain | changed).items() if value is not None}


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
def test_a_sound_token_is_read(key: Any, algorithm: str) -> None:
    raw = jwt.encode({"alg": algorithm, "kid": key.kid}, claims(), key, algorithms=[algorithm])
    assert checked(raw, DIRECTORY, NONCE)["sub"] == "p.officer"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.test"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"nonce": "another"},
        {"exp": 1},
        {"sub": ""},
        {"sub": "two words"},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"nonce": None},
    ],
)
def test_a_token_with_a_wrong_or_missing_claim_is_refused(changed: dict[str, Any]) -> None:
    raw = jwt.encode({"alg": "RS256", "kid": "one"}, claims(**changed), RSA)
    with pytest.raises(ForbiddenError):
        checked(raw, DIRECTORY, NONCE)


def test_a_token_by_another_key_or_algorithm_is_refused() -> None:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    sound = jwt.encode({"alg": "RS256", "kid": "one"}, claims(), RSA)
    header, body, signature = sound.split(".")
    other_header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').decode().rstrip("=")
    symmetric = f"{other_header}.{body}"
    mac = hmac.digest(RSA.as_pem(private=False), symmetric.encode(), "sha256")
    forged = [
        jwt.encode({"alg": "RS256", "kid": "one"}, claims(), other),
        f"{symmetric}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}",
        jwt.encode({"alg": "RS512", "kid": "one"}, claims(), RSA, algorithms=["RS512"]),
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"{header}.{body}.",
        f"{header}.{body}.{signature[:-4]}AAAA",
        "not a token",
    ]
    for raw in forged:
        with pytest.raises(ForbiddenError):
            checked(raw, DIRECTORY, NONCE)


def test_only_groups_of_our_form_give_a_role() -> None:
    assert pairs_of(["x-0917-officer", "x-0917-officer", "x-0935-manager"], "x") == (
        (HEERLEN, Role.OFFICER),
        (MAASTRICHT, Role.MANAGER),
    )
    for odd in (None, "x-0917-officer", ["X-0917-officer", "x-0917-officer\n", "xx-0917-officer", 7], {}):
        assert pairs_of(odd, "x") == ()
