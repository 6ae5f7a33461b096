"""Machines come in with keys: only to read, only what the scope names, until they expire or are withdrawn."""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import update

from enforcement import audit
from enforcement.access import Permission
from enforcement.api_keys import FOR_MACHINES
from enforcement.database import engine_of, reading, writing
from enforcement.settings import Settings
from enforcement.tables import ApiKey
from tests.api.builders import HEERLEN, ORIGIN, Browser, visitors


def made(administrator: Browser, *scope: str, days: int = 30) -> dict[str, object]:
    answer = administrator.post("/api/v1/keys", json={"name": "monitoring", "scope": list(scope), "days": days})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def machine(of: Browser, key: object) -> Browser:
    return Browser(of.app, base_url=ORIGIN, headers={"authorization": f"Bearer {key}", "origin": ORIGIN})


def test_a_key_reads_what_its_scope_names_and_nothing_else(made_up: Settings) -> None:
    with visitors(made_up, "administrator.heerlen") as (administrator,):
        policy = machine(administrator, made(administrator, "read_policy")["key"])
        metrics = machine(administrator, made(administrator, "read_metrics")["key"])
        assert policy.get("/api/v1/policy").status_code == 200
        assert metrics.get("/api/v1/policy").status_code == 403
        assert metrics.get("/metrics").status_code == 200
        assert policy.get("/metrics").status_code == 403
        for path in ("/api/v1/worklist", "/api/v1/keys"):
            assert policy.get(path).status_code == 403
        body = {"settings": {"yearly_capacity": 10}, "reason": "x"}
        assert policy.post("/api/v1/policy", json=body, headers={"if-match": '"0"'}).status_code == 403


def test_a_key_is_shown_once_and_kept_as_a_hash(made_up: Settings) -> None:
    with visitors(made_up, "administrator.heerlen", "administrator.maastricht") as (administrator, elsewhere):
        key = str(made(administrator, "read_log")["key"])
        listed = administrator.get("/api/v1/keys")
        secret = key.rsplit("_", 1)[1]
        assert (len(listed.json()), secret in listed.text) == (1, False)
        assert elsewhere.get("/api/v1/keys").json() == []
    with reading(engine_of(made_up.database)) as session:
        assert not any(secret in event.body for event in audit.chain(session, HEERLEN))
        last = json.loads(list(audit.chain(session, HEERLEN))[-1].body)
    assert (last["action"], last["details"]["scope"]) == ("key_made", ["read_log"])


def test_an_expired_withdrawn_or_false_key_opens_nothing(made_up: Settings) -> None:
    with visitors(made_up, "administrator.heerlen", "administrator.maastricht") as (administrator, elsewhere):
        first, second = made(administrator, "read_policy"), made(administrator, "read_policy")
        key = str(first["key"])
        for false in (key[:-1] + ("A" if key[-1] != "A" else "B"), key + "x", "", "wgs_0000000000000000_" + "a" * 43):
            assert machine(administrator, false).get("/api/v1/policy").status_code == 401
        address = f"/api/v1/keys/{first['about']['id']}"  # type: ignore[index]
        assert elsewhere.delete(address).status_code == 404
        assert machine(administrator, key).get("/api/v1/policy").status_code == 200
        assert administrator.delete(address).json()["withdrawn_at"]
        assert machine(administrator, key).get("/api/v1/policy").status_code == 401
        late = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(seconds=1)
        with writing(engine_of(made_up.database)) as session:
            session.execute(update(ApiKey).values(expires_at=late))
        assert machine(administrator, second["key"]).get("/api/v1/policy").status_code == 401


def test_what_is_for_people_is_in_no_key(made_up: Settings) -> None:
    with visitors(made_up, "administrator.heerlen") as (administrator,):
        for permission in set(Permission) - FOR_MACHINES:
            asked = {"name": "too much", "scope": ["read_policy", permission], "days": 1}
            assert administrator.post("/api/v1/keys", json=asked).status_code == 400, permission
        assert administrator.post("/api/v1/keys", json={"name": "x", "scope": [], "days": 1}).status_code == 400
