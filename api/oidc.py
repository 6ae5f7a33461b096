"""Signing in with the organisation's identity provider: OpenID Connect, code flow with PKCE.

Authlib speaks with the provider, joserfc checks the token: algorithm from our list, issuer, audience, time, and the
nonce that we sent. Who comes back must be the browser that went (a cookie), within ten minutes and once. Groups of the
token give the (municipality, role) pairs: weegschaal-0917-officer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import re
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete

from api.security import SECURE_COOKIE, remember
from enforcement.access import Role
from enforcement.clock import stored
from enforcement.database import writing
from enforcement.errors import ForbiddenError
from enforcement.settings import Provider, Settings
from enforcement.tables import SignInAttempt
from enforcement.users import grant, sign_in

router = APIRouter(tags=["session"])
log = logging.getLogger("weegschaal.signin")

ALGORITHMS = ["RS256", "PS256", "ES256"]
START, BACK = "/inloggen/aanbieder", "/inloggen/terug"
BROWSER = f"{SECURE_COOKIE}-aanmelden"
LASTS = dt.timedelta(minutes=10)
PATIENCE = 5.0
"""seconds that the provider has to answer"""
KNOWN_FOR = 3600.0
"""seconds that the provider's description and keys are believed"""
LEEWAY = 60
"""seconds that two clocks may differ"""


@dataclass(frozen=True)
class Described:
    """What the provider says of itself."""

    issuer: str
    authorize: str
    token: str
    keys: KeySet
    at: float


class Directory:
    """The provider's description and keys, asked for when they are needed and kept for an hour."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._found: Described | None = None
        self._turn = threading.Lock()

    def described(self, *, anew: bool = False) -> Described:
        """Raises ForbiddenError when the provider does not answer or is not who it should be."""
        with self._turn:
            if anew or self._found is None or time.monotonic() - self._found.at > KNOWN_FOR:
                self._found = self._asked()
            return self._found

    def _asked(self) -> Described:
        issuer = self.provider.issuer
        try:
            told = self._json(f"{issuer}/.well-known/openid-configuration")
            if told.get("issuer", "").rstrip("/") != issuer:
                raise ForbiddenError("the identity provider calls itself by another name; sign-in is refused")
            keys = KeySet.import_key_set(self._json(told["jwks_uri"]))
            return Described(
                told["issuer"], told["authorization_endpoint"], told["token_endpoint"], keys, time.monotonic()
            )
        except (requests.RequestException, JoseError, KeyError, ValueError) as error:
            log.warning("the identity provider could not be asked: %s", type(error).__name__)
            raise ForbiddenError("the identity provider does not answer; try again later") from error

    def _json(self, url: str) -> Any:
        if urlsplit(url).scheme != urlsplit(self.provider.issuer).scheme:
            raise ValueError("an address of the provider is not like the issuer's")
        answer = requests.get(url, timeout=PATIENCE, allow_redirects=False)
        answer.raise_for_status()
        return answer.json()


def _directory(request: Request) -> Directory:
    settings: Settings = request.app.state.settings
    if settings.oidc is None:
        raise ForbiddenError("no identity provider is set; see docs/operations.md")
    found: Directory | None = getattr(request.app.state, "directory", None)
    if found is None:
        found = request.app.state.directory = Directory(settings.oidc)
    return found


def _client(request: Request, provider: Provider) -> OAuth2Session:
    settings: Settings = request.app.state.settings
    return OAuth2Session(
        provider.client,
        provider.secret,
        scope="openid profile",
        redirect_uri=settings.address + BACK,
        code_challenge_method="S256",
    )


@router.get(START)
def go(request: Request) -> Response:
    """Sends the browser to the provider."""
    directory = _directory(request)
    state, nonce, verifier, browser = (secrets.token_urlsafe(48) for _ in range(4))
    address, _ = _client(request, directory.provider).create_authorization_url(
        directory.described().authorize, state=state, nonce=nonce, code_verifier=verifier
    )
    now = stored(dt.datetime.now(dt.UTC))
    with writing(request.app.state.engine) as session:
        session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < now))
        session.add(
            SignInAttempt(
                state_sha256=_digest(state),
                browser_sha256=_digest(browser),
                nonce=nonce,
                verifier=verifier,
                expires_at=now + LASTS,
            )
        )
    response = RedirectResponse(address, 303)
    seconds = int(LASTS.total_seconds())
    response.set_cookie(BROWSER, browser, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.get(BACK)
def back(request: Request, state: str = "", code: str = "") -> Response:
    """Opens a session for who comes back from the provider. Raises ForbiddenError; the reason is in the log line."""
    directory = _directory(request)
    attempt = _attempt(request, state)
    claims = _claims(request, directory, attempt, code)
    pairs = pairs_of(claims.get(directory.provider.claim), directory.provider.groups)
    if not pairs:
        raise _refused("no group gives a role here")
    user, now = f"{claims['sub']}", dt.datetime.now(dt.UTC)
    name = str(claims.get("name") or claims.get("preferred_username") or user)
    with writing(request.app.state.engine) as session:
        grant(session, user, name, pairs, now)
        opened = sign_in(session, user, *pairs[0], now)
    response = RedirectResponse("/", 303)
    remember(response, request, opened.token)
    response.delete_cookie(BROWSER, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _attempt(request: Request, state: str) -> SignInAttempt:
    """The attempt that this answer belongs to; it is used up."""
    now = stored(dt.datetime.now(dt.UTC))
    with writing(request.app.state.engine) as session:
        found = session.get(SignInAttempt, _digest(state))
        if found is None:
            raise _refused("an answer that nobody asked for")
        session.delete(found)
        session.flush()
        session.expunge(found)
    browser = _digest(request.cookies.get(BROWSER, ""))
    if found.expires_at < now or not hmac.compare_digest(found.browser_sha256, browser):
        raise _refused("another browser, or too late")
    return found


def _claims(request: Request, directory: Directory, attempt: SignInAttempt, code: str) -> dict[str, Any]:
    try:
        token = _client(request, directory.provider).fetch_token(
            directory.described().token, code=code, code_verifier=attempt.verifier, timeout=PATIENCE
        )
    except (AuthlibBaseError, requests.RequestException, ValueError) as error:
        raise _refused("the provider gave no token") from error
    raw = token.get("id_token")
    if not isinstance(raw, str):
        raise _refused("the provider gave no identity token")
    return checked(raw, directory, attempt.nonce)


def checked(raw: str, directory: Directory, nonce: str) -> dict[str, Any]:
    """The claims of an identity token (OpenID Connect Core 3.1.3.7). Raises ForbiddenError."""
    try:
        try:
            token = jwt.decode(raw, directory.described().keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # the provider may have new keys since
            token = jwt.decode(raw, directory.described(anew=True).keys, algorithms=ALGORITHMS)
        known, client = directory.described(), directory.provider.client
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": known.issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
    except (JoseError, ValueError) as error:
        raise _refused(f"the identity token does not hold ({type(error).__name__})") from error
    claims: dict[str, Any] = token.claims
    many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (many or "azp" in claims) and claims.get("azp") != client:
        raise _refused("the identity token was made for another")
    if not isinstance(claims["sub"], str) or not re.fullmatch(r"[!-~]{1,255}", claims["sub"]):
        raise _refused("the identity token names nobody")
    return claims


def pairs_of(groups: Any, prefix: str) -> tuple[tuple[str, Role], ...]:
    """(municipality, role) of every group that is one of ours, in order.

    >>> pairs_of(["weegschaal-0917-officer", "staff", "weegschaal-0917-king"], "weegschaal")
    (('0917', <Role.OFFICER: 'officer'>),)
    """
    form = re.compile(re.escape(prefix) + r"-(\d{4})-([a-z_]+)")
    found = [form.fullmatch(one) for one in groups if isinstance(one, str)] if isinstance(groups, list) else []
    return tuple(sorted({(one[1], Role(one[2])) for one in found if one and one[2] in set(Role)}))


def _refused(why: str) -> ForbiddenError:
    log.warning("sign-in refused: %s", why)
    return ForbiddenError("signing in did not work; start again")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
