"""Taking in the body of a request before it is worked on, so that who sends slowly keeps nobody else waiting.

A body is kept in memory up to `IN_MEMORY` bytes and beside that on disk, as a form's files are. It is in within
`within` seconds or refused with 408; one that is too large is refused with 413, before it is in where it says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile

from starlette.types import Message, Receive, Scope

from api.problems import TITLES
from enforcement.evidence import LARGEST as LARGEST_DOCUMENT

LARGEST = 4 * LARGEST_DOCUMENT
"""bytes; a document that is too large hears so on its own page, and four times as large is no document"""
WITHIN = 120.0
"""seconds; the largest document at 0.7 Mbit/s"""
AT_ONCE = 200
"""bodies that arrive at one moment, so that memory holds them"""
IN_MEMORY = 256 * 1024
PIECE = 64 * 1024


class UnfitError(Exception):
    """A body that is not taken in. `status` and `title` are those of the answer."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status, self.title = status, title


def has_body(scope: Scope) -> bool:
    """Whether the headers announce a body (RFC 9112, 6.3)."""
    names = dict(scope["headers"])
    return b"transfer-encoding" in names or names.get(b"content-length", b"0") != b"0"


class Arriving:
    """The bodies that are on their way in."""

    def __init__(self, within: float = WITHIN, largest: int = LARGEST, at_once: int = AT_ONCE) -> None:
        self._within, self._largest, self._room = within, largest, at_once

    @asynccontextmanager
    async def whole(self, scope: Scope, receive: Receive) -> AsyncIterator[Receive | None]:
        """Begins when the body is in, and gives what hands it to the one who works on it; None when the asker went
        away. Raises UnfitError."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._largest:
            raise UnfitError(413, TITLES[413])
        with SpooledTemporaryFile(IN_MEMORY) as kept:
            yield _given(kept, receive) if await self._arrived(receive, kept) else None

    async def _arrived(self, receive: Receive, kept: SpooledTemporaryFile[bytes]) -> bool:
        """Whether all of it came, in time."""
        if self._room <= 0:
            raise UnfitError(503, "Busy")
        self._room -= 1
        try:
            async with asyncio.timeout(self._within):
                return await self._take_in(receive, kept)
        except TimeoutError:
            raise UnfitError(408, TITLES[408]) from None
        finally:
            self._room += 1

    async def _take_in(self, receive: Receive, kept: SpooledTemporaryFile[bytes]) -> bool:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            kept.write(message.get("body", b""))
            if kept.tell() > self._largest:
                raise UnfitError(413, TITLES[413])
            more = message.get("more_body", False)
        return True


def _given(kept: SpooledTemporaryFile[bytes], receive: Receive) -> Receive:
    """A piece at a time, and after the last what the asker does next."""
    left = kept.tell()
    kept.seek(0)
    more = True

    async def give() -> Message:
        nonlocal left, more
        if not more:
            return await receive()
        piece = kept.read(PIECE)
        left -= len(piece)
        more = left > 0
        return {"type": "http.request", "body": piece, "more_body": more}

    return give
