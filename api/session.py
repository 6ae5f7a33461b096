"""JSON routes of the session: who am I, and signing in as a demo user in a demonstration."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from api.answers import Answer
from api.problems import responses
from api.security import Signed, engine, masked, remember, require_own_origin
from enforcement.access import Role, Viewer
from enforcement.database import writing
from enforcement.errors import ForbiddenError
from enforcement.settings import Settings
from enforcement.users import DemoUser, SignedIn, demo_users, sign_in

router = APIRouter(prefix="/api/v1", tags=["session"])


class Who(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"user": "officer.heerlen"}]})
    user: str


class Here(Answer):
    """The session. `csrf` goes back as X-CSRF-Token with every POST."""

    user: str
    municipality: str
    role: Role
    csrf: str


def demo_sign_in(request: Request, user: str) -> SignedIn:
    """Opens a session for a demo user. ForbiddenError outside a demonstration and for anyone else."""
    settings: Settings = request.app.state.settings
    known: dict[str, DemoUser] = {one.id: one for one in demo_users()} if settings.demo else {}
    if user not in known:
        raise ForbiddenError("only the users of a demonstration sign in this way")
    one = known[user]
    with writing(engine(request)) as session:
        return sign_in(session, one.id, one.municipality, one.role, dt.datetime.now(dt.UTC))


def _here(viewer: Viewer, csrf: str) -> Here:
    return Here(user=viewer.user, municipality=viewer.municipality, role=viewer.role, csrf=masked(csrf))


@router.get("/session", responses=responses(401))
def read_session(visit: Signed) -> Here:
    """Who is signed in, and the token that changes need."""
    return _here(visit.viewer, visit.csrf)


@router.post("/session", responses=responses(403))
def open_session(request: Request, response: Response, who: Who) -> Here:
    """Signs in as a demo user."""
    require_own_origin(request)
    opened = demo_sign_in(request, who.user)
    remember(response, request, opened.token)
    return _here(opened.viewer, opened.csrf)
