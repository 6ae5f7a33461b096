"""The web service: JSON under /api/v1, pages for people, own static files."""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import gc
import importlib
import logging
import math
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware.gzip import GZipMiddleware

from api import (
    audits,
    beside,
    case,
    case_pages,
    casework,
    casework_pages,
    clients,
    compliance_pages,
    contact_pages,
    explore,
    findings,
    health,
    jobs,
    keys,
    metrics,
    money_together,
    oidc,
    oversight,
    pages,
    pdf,
    policy,
    problems,
    promotion,
    relations,
    results,
    results_pages,
    rights,
    rights_of_person,
    rights_pages,
    science_pages,
    service_items,
    service_pages,
    session,
    team_pages,
    whatif,
    worklist,
)
from api.limits import Limits
from api.logs import set_up
from api.metrics import Metrics, Observed
from api.rendering import STATIC, problem_page
from api.security import API_VERSION, PLAIN_COOKIE, PUBLISHED, SECURE_COOKIE, SafeHeaders
from enforcement.checkpoints import EVERY, LogBrokenError, seal_all, signing_key
from enforcement.database import engine_of
from enforcement.guards import require_guarded
from enforcement.keys import KeyFileError
from enforcement.settings import Settings

log = logging.getLogger("weegschaal.service")
TURN = 0.0005
"""seconds that a thread keeps the interpreter while others want it: with 0.005 the one that takes in and sends off
requests waited behind those that work on them, and 200 requests a second took a third longer"""

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
        with app.state.engine.connect() as connection:
            require_guarded(connection)
        gc.collect()
        gc.freeze()  # what is loaded by now stays: collecting it again took half the time of a worklist
        gc.set_threshold(20_000, 20, 20)
        sys.setswitchinterval(TURN)
        sealing = asyncio.create_task(_seal_every_minute(app))
        warming = asyncio.create_task(asyncio.to_thread(importlib.import_module, "features.catalogue"))
        yield
        sealing.cancel()
        await warming

    app = FastAPI(
        title="Weegschaal", version=API_VERSION, description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=PUBLISHED, redirect_slashes=False,
    )  # fmt: skip
    app.state.settings = settings
    app.state.themes = {}
    app.state.metrics = Metrics()
    for part in (
        session,
        keys,
        worklist,
        case,
        casework,
        clients,
        relations,
        findings,
        policy,
        promotion,
        audits,
        rights,
        rights_of_person,
        oversight,
        service_items,
        health,
        metrics,
        results,
        beside,
        money_together,
        whatif,
        jobs,
    ):
        app.include_router(part.router)
    for part in (
        pages,
        oidc,
        case_pages,
        casework_pages,
        rights_pages,
        service_pages,
        explore,
        pdf,
        team_pages,
        results_pages,
        compliance_pages,
        science_pages,
        contact_pages,
    ):
        app.include_router(part.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problems.handle(app, problem_page)
    problems.describe(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    at_once = math.ceil(settings.at_once / settings.workers)
    app.add_middleware(Limits, settings.rate, at_once, settings.wait, (SECURE_COOKIE, PLAIN_COOKIE))
    app.add_middleware(SafeHeaders)
    app.add_middleware(Observed, app.state.metrics)
    return app


def from_environment() -> FastAPI:
    """The service as each of several processes makes it (`weegschaal serve --workers 2`)."""
    settings = Settings.read()
    set_up(requests=not settings.demo)
    return create_app(settings)


async def _seal_every_minute(app: FastAPI) -> None:
    """A checkpoint of every log each minute; one that could not be made is counted, logged, and tried again.

    Of several processes one seals: the one that holds the lock, which the system takes back when it ends.
    """
    settings: Settings = app.state.settings
    turn = (settings.home / "sealing.lock").open("w")
    while True:
        await asyncio.sleep(EVERY.total_seconds())
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        try:
            made = await to_thread.run_sync(
                lambda: seal_all(
                    app.state.engine, settings.checkpoints, signing_key(settings.keys), dt.datetime.now(dt.UTC)
                )
            )
        except (LogBrokenError, SQLAlchemyError, OSError, KeyFileError):
            app.state.metrics.unsealed.inc()
            log.exception("no checkpoint of the log was made")
        else:
            for one in made:
                app.state.metrics.sealed.labels(one.municipality).set(one.number)
