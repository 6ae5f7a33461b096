"""JSON routes of the session: who am I, in which role, and signing in as a demo user in a demonstration."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Answer
from api.problems import responses
from api.security import Meant, Signed, engine, masked, remember, require_own_origin, token_of
from enforcement.access import Role, Viewer
from enforcement.database import writing
from enforcement.errors import ForbiddenError
from enforcement.settings import Settings
from enforcement.users import DemoUser, SignedIn, Visit, demo_users, sign_in, switch

router = APIRouter(prefix="/api/v1", tags=["session"])


class Who(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"user": "officer.heerlen"}]})
    user: str


class Pair(BaseModel):
    """A role in a municipality."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"municipality": "0935", "role": "manager"}]}
    )
    municipality: str = Field(max_length=4)
    role: Role


class Here(Answer):
    """The session. `csrf` goes back as X-CSRF-Token with every POST."""

    user: str
    municipality: str
    role: Role
    pairs: list[Pair] = Field(description="what the user holds; one is active at a time")
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


def take_up(request: Request, signed: Visit, municipality: str, role: Role) -> SignedIn:
    """Goes on in another pair of the user. ForbiddenError for one that they do not hold."""
    with writing(engine(request)) as session:
        return switch(session, signed, token_of(request) or "", municipality, role, dt.datetime.now(dt.UTC))


def _here(viewer: Viewer, csrf: str, pairs: tuple[tuple[str, Role], ...]) -> Here:
    held = [Pair(municipality=town, role=role) for town, role in pairs]
    return Here(user=viewer.user, municipality=viewer.municipality, role=viewer.role, pairs=held, csrf=masked(csrf))


@router.get("/session", responses=responses(401))
def read_session(visit: Signed) -> Here:
    """Who is signed in, and the token that changes need."""
    return _here(visit.viewer, visit.csrf, visit.pairs)


@router.post("/session", responses=responses(403))
def open_session(request: Request, response: Response, who: Who) -> Here:
    """Signs in as a demo user."""
    require_own_origin(request)
    opened = demo_sign_in(request, who.user)
    remember(response, request, opened.token)
    viewer = opened.viewer
    return _here(viewer, opened.csrf, ((viewer.municipality, viewer.role),))


@router.post("/session/role", responses=responses(401, 403, 422))
def change_role(request: Request, response: Response, visit: Meant, pair: Pair) -> Here:
    """Goes on in another role or municipality that you hold; the token and `csrf` of before end."""
    opened = take_up(request, visit, pair.municipality, pair.role)
    remember(response, request, opened.token)
    return _here(opened.viewer, opened.csrf, visit.pairs)
