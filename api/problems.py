"""What went wrong, as application/problem+json (RFC 9457) for programs and as a page for people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from api.language import Language
from api.refusals import said
from api.security import ForgedError, SignedOutError
from enforcement.errors import (
    ConflictError,
    FindingsError,
    ForbiddenError,
    LogUnavailableError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnkeepableError,
)
from enforcement.identity import RevealRefusedError
from enforcement.policy import PolicyError

log = logging.getLogger("weegschaal.api")
FOR_PROGRAMS = ("/api/", "/metrics", "/health", "/ready")

KINDS: tuple[tuple[type[Exception], int, str], ...] = (
    (NotFoundError, 404, "not_found"),
    (ForbiddenError, 403, "forbidden"),
    (StaleError, 412, "stale"),
    (ConflictError, 409, "conflict"),
    (LogUnavailableError, 503, "log"),
    (RevealRefusedError, 503, "log"),
    (FindingsError, 422, "invalid"),
    (PolicyError, 422, "invalid"),
    (UnkeepableError, 422, "invalid"),
    (RefusedError, 400, "invalid"),
    (ForgedError, 403, "csrf"),
    (SignedOutError, 401, "signed_out"),
    (RequestValidationError, 422, "invalid"),
)
"""exception -> status and the text of the page; the first that fits"""
TITLES: Mapping[int, str] = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The body took too long to arrive",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "The body is too large",
    422: "Not acceptable as it is",
    429: "Too many requests",
    428: "Say which version you read",
    500: "Internal error",
    503: "Temporarily unavailable",
}
EXAMPLE = {
    "type": "about:blank",
    "title": "Changed meanwhile",
    "status": 412,
    "detail": "case 2026-004220 changed since you read it; read it again, nothing was saved",
    "instance": "/api/v1/cases/2026-004220/findings",
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "field": {"type": "string"},
    },
}


SOMETIMES: Mapping[int, str] = {
    422: "Not acceptable as it is: a value is missing or is not what is asked",
    429: "Too many requests: come back after the seconds of Retry-After",
    503: "Too busy, or the log cannot be written: nothing was done; come back later",
}
"""answers that every operation may give, whatever it does"""


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """How a route describes its problems in OpenAPI."""
    content = {"application/problem+json": {"schema": PROBLEM, "example": EXAMPLE}}
    return {status: {"description": TITLES[status], "content": content} for status in statuses}


def classify(error: Exception) -> tuple[int, str]:
    """Status and kind of an exception; anything unknown is an internal error.

    >>> classify(StaleError("changed"))
    (412, 'stale')
    """
    if isinstance(error, HTTPException):
        return error.status_code, "not_found" if error.status_code == 404 else "invalid"
    return next(((status, kind) for known, status, kind in KINDS if isinstance(error, known)), (500, "error"))


def problem(request: Request, error: Exception) -> JSONResponse:
    """The answer to a program, in Dutch when that is what it reads first, else in English."""
    status, kind = classify(error)
    spoken = Language("nl" if request.headers.get("accept-language", "").lower().startswith("nl") else "en")
    body: dict[str, object] = {"type": "about:blank", "title": TITLES.get(status, "Refused"), "status": status}
    if isinstance(error, FindingsError):
        body["detail"] = error.nl if spoken.code == "nl" else error.en
    elif isinstance(error, RefusedError):
        body["detail"] = said(str(error), spoken)
    elif isinstance(error, RequestValidationError):
        body["detail"] = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
    elif isinstance(error, HTTPException) and status in (412, 428):
        body["detail"] = error.detail
    elif kind == "csrf":
        body["detail"] = "send the session's token as X-CSRF-Token and an Origin of this service"
    if isinstance(error, FindingsError):
        body["field"] = error.field
    body["instance"] = request.url.path
    headers = {"content-language": spoken.code}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def describe(app: FastAPI) -> None:
    """Lets OpenAPI tell of the problems that any operation may answer with, as problems and not as FastAPI's own."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            for path, operations in found["paths"].items():
                for operation in operations.values():
                    known = operation["responses"]
                    for status, description in SOMETIMES.items():
                        known[str(status)] = responses(status)[status] | {"description": description}
                    if "{" in path:
                        known.setdefault("404", responses(404)[404])
                    if "requestBody" in operation:
                        for status in (400, 408, 413):
                            known.setdefault(str(status), responses(status)[status])
            for name in ("HTTPValidationError", "ValidationError"):
                found["components"]["schemas"].pop(name, None)
            return found
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


Page = Callable[[Request, int, str, str], Response]


def handle(app: FastAPI, page: Page) -> None:
    """Answers every exception; `page(request, status, kind, refusal)` draws what people see, with the words of the
    refusal when the code gave them."""

    def answer(request: Request, error: Exception) -> Response:
        status, kind = classify(error)
        if status == 500:
            log.error("%s %s failed: %s", request.method, _route(request), type(error).__name__, exc_info=error)
        if request.url.path.startswith(FOR_PROGRAMS):
            return problem(request, error)
        if kind == "signed_out":
            return RedirectResponse("/inloggen", 303)
        return page(request, status, kind, str(error) if isinstance(error, RefusedError) else "")

    for known in (*{one for one, _, _ in KINDS}, HTTPException, Exception):
        app.add_exception_handler(known, answer)


def _route(request: Request) -> str:
    """The route's pattern, not the address: a case number does not belong in an error log."""
    return str(getattr(request.scope.get("route"), "path", "-"))
