"""A slow sender keeps nobody waiting: a request takes its place when its body is in."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from api.arriving import IN_MEMORY, PIECE, Arriving, UnfitError, has_body
from api.limits import Limits

Sent = list[dict[str, Any]]
POST: dict[str, Any] = {"type": "http", "path": "/x", "headers": [(b"transfer-encoding", b"chunked")], "client": None}


async def echo(_scope: Any, receive: Any, send: Any) -> None:
    """Answers how many bytes it was sent, and the last of them."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    told = json.dumps([len(body), body[-5:].decode()]).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(told)).encode())]}
    )
    await send({"type": "http.response.body", "body": told})


class OnlyHttp:
    """uvicorn also asks an application to start up, which this one does not do."""

    def __init__(self, app: Limits) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture
def one_place() -> Iterator[int]:
    """The port of a server on loopback that works on one request at a time and lets nobody wait."""
    config = uvicorn.Config(
        OnlyHttp(Limits(echo, 0, 1, 5.0, ())), lifespan="off", log_level="warning", access_log=False
    )
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=10)


def test_somebody_who_sends_slowly_holds_no_place_and_is_served_when_the_rest_comes(one_place: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", one_place), timeout=10) for _ in range(5)]
    for one in slow:
        one.sendall(b"POST /x HTTP/1.1\r\nHost: here\r\nContent-Length: 11\r\n\r\nbegun")
    for body in (None, b"quick"):
        with urllib.request.urlopen(f"http://127.0.0.1:{one_place}/x", data=body, timeout=10) as answer:
            assert json.load(answer) == [len(body or b""), (body or b"").decode()]
    for one in slow:
        one.sendall(b" ended")
        said = b""
        while b"ended" not in said:
            piece = one.recv(4096)
            assert piece, said
            said += piece
        assert b'[11, "ended"]' in said
        one.close()


def asked(arriving: Arriving, messages: Sent, *, stalls: bool = False) -> tuple[int, Any]:
    """(status, body) of the answer when a body comes in these pieces; (0, None) without one."""
    answers: Sent = []
    left = iter(messages)

    async def receive() -> Any:
        await asyncio.sleep(0)
        if (message := next(left, None)) is None:
            await asyncio.sleep(3600 if stalls else 0)
            return {"type": "http.disconnect"}
        return message

    async def send(message: Any) -> None:
        answers.append(message)

    limits = Limits(echo, 0, 1, 1.0, ())
    limits._arriving = arriving
    asyncio.run(limits(POST, receive, send))
    assert limits.turns is not None
    assert not limits.turns._places.locked()
    return (answers[0]["status"], json.loads(answers[1]["body"])) if answers else (0, None)


def piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_that_does_not_come_in_is_refused_and_its_room_is_free_again() -> None:
    arriving = Arriving(within=0.05, at_once=1)
    for _ in range(3):
        assert asked(arriving, [piece(b"begun", more=True)], stalls=True)[0] == 408
    assert asked(arriving, [piece(b"begun", more=True)]) == (0, None), "who went away gets no answer and holds nothing"
    assert asked(arriving, [piece(b"whole", more=False)]) == (200, [5, "whole"])


def test_a_body_that_is_too_large_is_refused_before_or_while_it_comes() -> None:
    arriving = Arriving(largest=10)
    assert asked(arriving, [piece(b"x" * 6, more=True)] * 2)[0] == 413
    assert asked(arriving, [piece(b"x" * 10, more=False)]) == (200, [10, "xxxxx"])

    async def announced() -> None:
        async def never() -> Any:
            raise AssertionError("it was read")

        with pytest.raises(UnfitError, match="large"):
            async with arriving.whole({"headers": [(b"content-length", b"11")]}, never):
                pass

    asyncio.run(announced())


def test_no_more_bodies_arrive_at_once_than_there_is_room_for() -> None:
    assert asked(Arriving(at_once=0), [piece(b"x", more=False)])[0] == 503


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0, 1, PIECE - 1, PIECE, PIECE + 1, IN_MEMORY]), min_size=1, max_size=4))
def test_what_was_sent_is_what_is_worked_on(sizes: list[int]) -> None:
    pieces = [bytes([65 + at]) * size for at, size in enumerate(sizes)]
    whole = b"".join(pieces)
    sent = [piece(one, more=at < len(pieces) - 1) for at, one in enumerate(pieces)]
    assert asked(Arriving(), sent) == (200, [len(whole), whole[-5:].decode()])


def test_only_a_request_with_a_body_is_waited_for() -> None:
    assert not has_body({"headers": []})
    assert not has_body({"headers": [(b"content-length", b"0")]})
    assert has_body({"headers": [(b"content-length", b"1")]})
    assert has_body({"headers": [(b"transfer-encoding", b"chunked")]})
