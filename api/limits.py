"""How much one asker and all together may ask: 429 and 503 with the time after which to come back.

A bucket per session, key or address fills with `rate` requests a second and holds ten seconds of them. At most
`at_once` requests are worked on together: more would only make all of them slow. Others wait in line, and nobody waits
longer than `longest`: who would is refused on arrival, before anything is done for it, and can come back while an
answer is still of use. What was begun is finished. A request takes its place when its body is in (arriving.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.arriving import Arriving, UnfitError, has_body

BURST = 10.0
"""seconds of requests that may come at once"""
REMEMBERED = 20_000
"""askers; the one that was quiet longest is forgotten first"""
NEWEST = 0.05
"""weight of the newest request in the average time that one takes: about the last twenty count"""
COME_BACK = 5.0
"""seconds after which a body may be sent again"""
FREE = ("/static/", "/health", "/ready")


class Buckets:
    """Requests that each asker has left. `clock` gives seconds."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = rate, clock
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def wait(self, asker: bytes) -> float:
        """Takes one request; 0 when it may be made, else the seconds after which to come back."""
        if self.rate <= 0:
            return 0.0
        now, most = self._clock(), self.rate * BURST
        left, at = self._left.pop(asker, (most, now))
        left = min(most, left + (now - at) * self.rate)
        wait = 0.0 if left >= 1 else (1 - left) / self.rate
        self._left[asker] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return wait


class Turns:
    """A line before `at_once` places to work; `longest` and `clock` in seconds.

    The wait is foreseen by Little's law, from the line and from how long requests were worked on lately: on a busy
    machine that grows and the line gets shorter by itself, which a fixed length would not. CoDel (RFC 8289) minds the
    time in line for the same reason.
    """

    def __init__(self, at_once: int, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once, self.longest, self._clock = at_once, longest, clock
        self._places, self._waiting, self._takes = asyncio.Semaphore(at_once), 0, 0.0

    def foreseen(self) -> float:
        """Seconds that a request would wait that came now."""
        return (self._waiting + 1) * self._takes / self.at_once if self._places.locked() else 0.0

    async def wait(self) -> float:
        """Comes back with 0 when it is this one's turn, else with the seconds after which to come back."""
        if not self._places.locked():
            await self._places.acquire()
            return 0.0
        if (foreseen := self.foreseen()) > self.longest:
            return foreseen
        came = self._clock()
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        if (waited := self._clock() - came) > self.longest:
            self._places.release()
            return waited
        return 0.0

    @contextmanager
    def work(self) -> Iterator[Callable[[], None]]:
        """What is done in a turn. It ends with the block, or before that by calling what is given."""
        began: float | None = self._clock()

        def end() -> None:
            nonlocal began
            if began is not None:
                self._takes += (self._clock() - began - self._takes) * NEWEST
                began = None
                self._places.release()

        try:
            yield end
        finally:
            end()


class Limits:
    """Refuses what is too much before anything is done for it: before signing in, before the database."""

    def __init__(self, app: ASGIApp, rate: float, at_once: int, longest: float, cookies: tuple[str, ...]) -> None:
        self.app, self._cookies = app, cookies
        self._buckets, self.turns = Buckets(rate), Turns(at_once, longest) if at_once else None
        self._arriving = Arriving()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            return await self.app(scope, receive, send)
        if wait := self._buckets.wait(self._asker(Request(scope))):
            return await refuse(scope, send, 429, "Too many requests", wait)
        if self.turns is None:
            return await self.app(scope, receive, send)
        if not has_body(scope):
            return await self._in_turn(self.turns, scope, receive, send)
        if (wait := self.turns.foreseen()) > self.turns.longest:
            return await refuse(scope, send, 503, "Busy", wait)
        try:
            async with self._arriving.whole(scope, receive) as whole:
                if whole is not None:
                    await self._in_turn(self.turns, scope, whole, send)
        except UnfitError as error:
            await refuse(scope, send, error.status, error.title, COME_BACK)

    async def _in_turn(self, turns: Turns, scope: Scope, receive: Receive, send: Send) -> None:
        if wait := await turns.wait():
            return await refuse(scope, send, 503, "Busy", wait)
        with turns.work() as end:

            async def sending(message: Message) -> None:
                end()  # the work is done; who reads slowly, or listens for an hour, keeps nobody waiting
                await send(message)

            return await self.app(scope, receive, sending)

    def _asker(self, request: Request) -> bytes:
        held = request.headers.get("authorization") or next(filter(None, map(request.cookies.get, self._cookies)), None)
        return hashlib.sha256((held or f"at {request.client.host if request.client else ''}").encode()).digest()


async def refuse(scope: Scope, send: Send, status: int, title: str, wait: float) -> None:
    """A problem (RFC 9457) with Retry-After in whole seconds."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "instance": scope["path"]}).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"retry-after", str(math.ceil(wait)).encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
