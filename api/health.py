"""Whether the service lives, and whether it can do its work: for whoever starts it and sends people to it."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.answers import Answer
from enforcement.migrations import head, revision

log = logging.getLogger("weegschaal.health")
router = APIRouter(tags=["operations"])


class Health(Answer):
    status: str


class Ready(Answer):
    """`ready` is true when every check is."""

    ready: bool
    checks: dict[str, bool]


@router.get("/health", include_in_schema=False)
def health() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/ready", include_in_schema=False)
def ready(request: Request, response: Response) -> Ready:
    """The database answers and has this version's tables; 503 when not."""
    engine = request.app.state.engine
    checks = {"database": False, "migrations": False}
    try:
        with engine.connect() as connection:
            checks["database"] = connection.execute(text("SELECT 1")).scalar() == 1
        checks["migrations"] = revision(engine) == head()
    except SQLAlchemyError as error:  # what could not be asked stays false: that is the answer
        log.warning("not ready: %s", type(error).__name__)
    response.status_code = 200 if all(checks.values()) else 503
    return Ready(ready=all(checks.values()), checks=checks)
