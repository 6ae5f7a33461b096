"""Limits, metrics, health and log lines: the service says how it is doing, and nothing about people."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import logging
from typing import Any
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.limits import BURST, Buckets, Limits, Turns
from api.logs import Lines
from enforcement.settings import Settings
from tests.api.builders import ORIGIN, a_case, visitors


def test_a_bucket_fills_with_time_and_never_above_its_size() -> None:
    clock = [0.0]
    buckets = Buckets(2, lambda: clock[0])
    allowed = int(2 * BURST)
    assert [buckets.wait(b"one") for _ in range(allowed)] == [0.0] * allowed
    assert buckets.wait(b"one") == 0.5
    assert buckets.wait(b"two") == 0.0, "another asker has a bucket of its own"
    clock[0] = 0.5
    assert [buckets.wait(b"one") > 0 for _ in range(2)] == [False, True]
    clock[0] = 1_000_000.0
    assert sum(buckets.wait(b"one") == 0 for _ in range(2 * allowed)) == allowed


def test_too_much_from_one_session_is_429_and_says_when_to_come_back(made_up: Settings) -> None:
    with visitors(dataclasses.replace(made_up, rate=0.5), "officer.heerlen", "second.heerlen") as (officer, second):
        answers = [officer.get("/api/v1/session") for _ in range(8)]
        refused = [one for one in answers if one.status_code == 429]
        assert refused
        assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
        assert refused[0].headers["content-type"] == "application/problem+json"
        assert refused[0].headers["cache-control"] == "no-store"
        assert second.get("/api/v1/session").status_code == 200
        assert officer.get("/health").status_code == 200


def test_who_would_wait_too_long_is_refused_on_arrival_and_others_get_their_turn_in_order() -> None:
    clock, served = [0.0], []
    turns = Turns(2, longest=1.0, clock=lambda: clock[0])

    async def work(name: str, takes: float) -> None:
        with turns.work():
            await asyncio.sleep(0)
            clock[0] += takes
            served.append(name)

    async def come(name: str) -> float:
        refused = await turns.wait()
        if not refused:
            await work(name, 0.0)
        return refused

    async def rule() -> None:
        for _ in range(200):
            assert await turns.wait() == 0.0, "a free place is never refused, however long the work took before"
            await work("before", 1.0)
        served.clear()
        assert [await turns.wait(), await turns.wait()] == [0.0, 0.0]
        assert turns.foreseen() == pytest.approx(0.5, abs=1e-3), "one of two places comes free every half second"
        line = [asyncio.create_task(come(name)) for name in "ab"]
        await asyncio.sleep(0)
        assert await turns.wait() == pytest.approx(1.5, abs=1e-3), "two are before it"
        assert served == [], "nothing was done for the one that was refused"
        await asyncio.gather(work("first", 0.25), work("second", 0.25), *line)
        assert [one.result() for one in line] == [0.0, 0.0]
        assert served == ["first", "second", "a", "b"]
        assert turns.foreseen() == 0.0

    asyncio.run(rule())


def test_who_waited_too_long_all_the_same_is_refused_and_its_place_is_free() -> None:
    clock = [0.0]
    turns = Turns(1, longest=1.0, clock=lambda: clock[0])

    async def rule() -> None:
        assert await turns.wait() == 0.0
        line = [asyncio.create_task(turns.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        with turns.work():
            clock[0] = 3.0
        assert [await one for one in line] == [3.0, 3.0]
        assert await turns.wait() == 0.0

    asyncio.run(rule())


def test_who_gave_up_waiting_takes_no_place() -> None:
    async def rule() -> None:
        turns = Turns(1, longest=1.0, clock=lambda: 0.0)
        assert await turns.wait() == 0.0
        line = [asyncio.create_task(turns.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        line[0].cancel()
        with turns.work():
            pass
        assert await line[1] == 0.0

    asyncio.run(rule())


def test_a_turn_ends_when_the_answer_begins_so_that_a_slow_reader_keeps_nobody_waiting() -> None:
    scope: dict[str, Any] = {"type": "http", "path": "/x", "headers": [], "client": None}
    free: list[bool] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        assert limits.turns is not None
        free.append(limits.turns.foreseen() == 0.0 and not limits.turns._places.locked())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        free.append(not limits.turns._places.locked())
        raise ConnectionError("the reader went away")

    async def sent(_message: Any) -> None: ...

    limits = Limits(app, 0, 1, 1.0, ())

    async def rule() -> None:
        for _ in range(2):
            with pytest.raises(ConnectionError):
                await limits(scope, None, sent)  # type: ignore[arg-type]

    asyncio.run(rule())
    assert free == [False, True] * 2


def test_a_service_that_is_full_answers_503_before_it_knows_who_asks(made_up: Settings) -> None:
    with visitors(dataclasses.replace(made_up, at_once=1, wait=0.0), "officer.heerlen") as (officer,):
        stack = officer.app.middleware_stack  # type: ignore[attr-defined]
        while not isinstance(stack, Limits):
            stack = stack.app
        assert stack.turns is not None
        stack.turns._places, stack.turns._takes = asyncio.Semaphore(0), 2.5
        with patch("api.security.reading", side_effect=AssertionError("the database was asked")):
            answer = officer.get("/api/v1/worklist")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
        assert answer.headers["content-type"] == "application/problem+json"
        assert officer.get("/health").status_code == 200


def test_metrics_count_routes_and_name_no_case(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "administrator.heerlen", "officer.heerlen") as (administrator, officer):
        officer.get(f"/api/v1/cases/{number}")
        officer.get("/nergens")
        told = administrator.get("/metrics").text
        assert officer.get("/metrics").status_code == 403
    line = 'weegschaal_requests_total{method="GET",route="/api/v1/cases/{number}",status="200"} 1.0'
    assert line in told
    for personal in (number, "officer.heerlen", "nergens"):
        assert personal not in told


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        (("127.0.0.1", 1), {}, 200),
        (("127.0.0.1", 1), {"x-forwarded-for": "203.0.113.7"}, 401),
        (("203.0.113.7", 1), {}, 401),
    ],
)
def test_metrics_are_for_this_machine_or_for_a_key(
    made_up: Settings, client: tuple[str, int], headers: dict[str, str], status: int
) -> None:
    with TestClient(create_app(made_up), base_url=ORIGIN, client=client) as asker:
        assert asker.get("/metrics", headers=headers).status_code == status


def test_ready_means_that_the_database_answers_with_this_versions_tables(made_up: Settings) -> None:
    with TestClient(create_app(made_up), base_url=ORIGIN) as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/ready").json() == {"ready": True, "checks": {"database": True, "migrations": True}}
        with patch("api.health.text", side_effect=OperationalError("x", None, Exception())):
            assert client.get("/ready").status_code == 503
        with patch("api.health.head", return_value="newer"):
            answer = client.get("/ready")
        assert (answer.status_code, answer.json()["checks"]) == (503, {"database": True, "migrations": False})


def test_log_lines_are_json_and_hold_nothing_about_people(made_up: Settings) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines())
    log = logging.getLogger("weegschaal")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        number = a_case(made_up, blind=False)
        with visitors(made_up, "officer.heerlen") as (officer,):
            officer.get(f"/api/v1/cases/{number}")
            with patch("api.case.case_view", side_effect=ValueError("999990019 of somebody")):
                service = TestClient(officer.app, base_url=ORIGIN, raise_server_exceptions=False)
                service.get(f"/api/v1/cases/{number}", cookies=dict(officer.cookies))
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    asked = [line for line in lines if line.get("route") == "/api/v1/cases/{number}"]
    assert [line["status"] for line in asked] == [200, 500]
    assert {"at", "level", "method", "ms", "municipality"} <= set(asked[0])
    assert any(line.get("error") == "ValueError" and line["where"] for line in lines)
    for personal in (number, "officer.heerlen", "999990019"):
        assert personal not in written.getvalue()
