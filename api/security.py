"""Who is asking, and whether a request that changes something was really meant: sessions, forgery, headers.

The session lives in the database and the browser holds a random token. A POST needs the session's CSRF token and an
Origin of our own; pages allow no script, style, font or frame but our own.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import secrets
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy import Engine
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enforcement.api_keys import holder
from enforcement.database import acting_for, reading
from enforcement.users import SESSION_LASTS, Visit, csrf_holds, visit

SECURE_COOKIE = "__Host-weegschaal"
PLAIN_COOKIE = "weegschaal"
"""only in a demonstration that is reached over plain http from another machine, where browsers drop secure cookies"""
API_VERSION = "1.0.0"
"""of what /api/v1 promises (NL API design rules, API-57)"""
PUBLISHED = "/api/v1/openapi.json"
"""the description: any page may read it (NL API design rules, API-51)"""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class SignedOutError(Exception):
    """There is no session in force."""


class ForgedError(Exception):
    """A request that changes something did not come from a page of this session."""


class SafeHeaders:
    """Adds the headers above to every answer; what is not a static file may be kept by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        static = scope["path"].startswith("/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["cache-control"] = "public, max-age=31536000, immutable" if static else "no-store"
                if scope["path"].startswith("/api/"):
                    headers["api-version"] = API_VERSION
                if scope["path"] == PUBLISHED:
                    headers["access-control-allow-origin"] = "*"
                    headers["cross-origin-resource-policy"] = "cross-origin"
                if scope["scheme"] == "https":
                    headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"
            await send(message)

        return await self.app(scope, receive, with_headers)


def engine(request: Request) -> Engine:
    """The database as this request may see it: one municipality's rows, once it is known who asks."""
    everybody: Engine = request.app.state.engine
    municipality: str | None = getattr(request.state, "municipality", None)
    return acting_for(everybody, municipality) if municipality else everybody


def cookie_name(request: Request) -> str:
    """`__Host-` wherever a browser keeps a secure cookie: over https, and on this machine itself."""
    secure = request.url.scheme == "https" or request.url.hostname in LOOPBACK or not request.app.state.settings.demo
    return SECURE_COOKIE if secure else PLAIN_COOKIE


def remember(response: Response, request: Request, token: str) -> None:
    """Gives the browser its token."""
    name = cookie_name(request)
    response.set_cookie(
        name,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=name == SECURE_COOKIE,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, request: Request) -> None:
    """Takes the token back."""
    name = cookie_name(request)
    response.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax")


def token_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request))


def visit_or_none(request: Request) -> Visit | None:
    """The session of this request, or what a machine's key stands for; None for a stranger."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    token = token_of(request)
    now = dt.datetime.now(dt.UTC)
    with reading(request.app.state.engine) as session:
        if kind.lower() == "bearer":
            viewer = holder(session, key.strip(), now)
            # a key has no token against forgery, so that it can change nothing
            found = Visit(viewer, viewer.user, "", now) if viewer else None
        else:
            found = visit(session, token, now) if token else None
    if found is not None:
        request.state.municipality = found.viewer.municipality
    return found


def signed_in(request: Request) -> Visit:
    """Raises SignedOutError for a stranger."""
    found = visit_or_none(request)
    if found is None:
        raise SignedOutError
    return found


Signed = Annotated[Visit, Depends(signed_in)]


def require_own_origin(request: Request) -> None:
    """Raises ForgedError unless Origin, or else Referer, names the address this request was sent to."""
    said = request.headers.get("origin") or request.headers.get("referer") or ""
    origin = urlsplit(said)
    if not origin.netloc or (origin.scheme, origin.netloc) != (request.url.scheme, request.headers.get("host")):
        raise ForgedError


async def meant(request: Request, found: Signed) -> Visit:
    """The session of a request that changes something. Raises ForgedError for a wrong origin or token."""
    require_own_origin(request)
    given = request.headers.get("x-csrf-token")
    if given is None and "json" not in request.headers.get("content-type", ""):
        field = (await request.form()).get("csrf")
        given = field if isinstance(field, str) else None
    if not given or not csrf_holds(found, unmasked(given)):
        raise ForgedError
    return found


Meant = Annotated[Visit, Depends(meant)]


def masked(csrf: str) -> str:
    """The token as a page carries it: different each time, so that compression tells nothing about it (BREACH).

    >>> unmasked(masked("secret"))
    'secret'
    """
    plain = csrf.encode()
    pad = secrets.token_bytes(len(plain))
    return base64.urlsafe_b64encode(pad + bytes(a ^ b for a, b in zip(pad, plain, strict=True))).decode()


def unmasked(given: str) -> str:
    """What `masked` covered; an empty text for something else.

    >>> unmasked("?")
    ''
    """
    try:
        raw = base64.b64decode(given, altchars=b"-_", validate=True)
        pad, covered = raw[: len(raw) // 2], raw[len(raw) // 2 :]
        return bytes(a ^ b for a, b in zip(pad, covered, strict=True)).decode()
    except (binascii.Error, ValueError):
        return ""
