"""The web service: JSON under /api/v1, pages for people, own static files."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from api import (
    case,
    case_pages,
    findings,
    pages,
    policy,
    problems,
    promotion,
    relations,
    rights,
    session,
    worklist,
)
from api.rendering import STATIC, problem_page
from api.security import SafeHeaders
from enforcement.database import engine_of
from enforcement.settings import Settings

DESCRIPTION = (
    "Ranks social-assistance cases so that people can look at them, and says why. It changes, suspends and stops "
    "nothing. Sign in first; a POST needs the session's token as X-CSRF-Token and an Origin of the service itself."
)


def create_app(settings: Settings) -> FastAPI:
    """The service with these settings. The database is opened when the service starts, not when it is made."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.home.mkdir(parents=True, exist_ok=True)
        app.state.engine = engine_of(settings.database)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: collecting it again took half the time of a worklist
        gc.set_threshold(20_000, 20, 20)
        yield

    app = FastAPI(
        title="Weegschaal", version="0.1.0", description=DESCRIPTION, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )  # fmt: skip
    app.state.settings = settings
    for part in (session, worklist, case, relations, findings, policy, promotion, rights):
        app.include_router(part.router)
    for part in (pages, case_pages):
        app.include_router(part.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.handle(app, problem_page)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SafeHeaders)
    return app
