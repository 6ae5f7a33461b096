"""How much one asker and all together may ask: 429 and 503 with the time after which to come back.

A bucket per session, key or address fills with `rate` requests a second and holds ten seconds of them. At most
`at_once` requests are worked on together: more would only make all of them slow. What was begun is finished.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

BURST = 10.0
"""seconds of requests that may come at once"""
REMEMBERED = 20_000
"""askers; the one that was quiet longest is forgotten first"""
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


class Limits:
    """Refuses what is too much before anything is done for it."""

    def __init__(self, app: ASGIApp, rate: float, at_once: int, cookies: tuple[str, ...]) -> None:
        self.app, self.at_once, self._cookies = app, at_once, cookies
        self._buckets, self._now = Buckets(rate), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            return await self.app(scope, receive, send)
        if wait := self._buckets.wait(self._asker(Request(scope))):
            return await refuse(scope, send, 429, "Too many requests", wait)
        if self.at_once and self._now >= self.at_once:
            return await refuse(scope, send, 503, "Busy", 1.0)
        self._now += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._now -= 1

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
