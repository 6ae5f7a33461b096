"""JSON routes of machines' keys: an administrator makes, lists and withdraws them; a key is shown once."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Answer
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.access import Permission
from enforcement.api_keys import KeyView, keys, make, withdraw
from enforcement.database import reading, writing

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])


class KeyIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "monitoring", "scope": ["read_metrics"], "days": 90}]},
    )
    name: str = Field(max_length=200, description="what it is for")
    scope: list[Permission]
    days: int = Field(ge=1, le=366)


class Key(Answer):
    id: str
    name: str
    scope: list[Permission]
    made_by: str
    made_at: dt.datetime
    expires_at: dt.datetime
    withdrawn_at: dt.datetime | None

    @classmethod
    def of(cls, view: KeyView) -> Key:
        return cls(**vars(view) | {"scope": list(view.scope)})


class NewKey(Answer):
    """The key in clear: it is shown this once. Send it as `Authorization: Bearer KEY`."""

    key: str
    about: Key


@router.get("", responses=responses(401, 403))
def read_keys(request: Request, visit: Signed) -> list[Key]:
    """The keys of the municipality, without what makes them work."""
    with reading(engine(request)) as session:
        return [Key.of(one) for one in keys(session, visit.viewer)]


@router.post("", responses=responses(400, 401, 403, 422))
def make_key(request: Request, visit: Meant, given: KeyIn) -> NewKey:
    """Makes a key that reads what its scope names until it expires."""
    now = dt.datetime.now(dt.UTC)
    with writing(engine(request)) as session:
        clear, view = make(session, visit.viewer, given.name, given.scope, now + dt.timedelta(days=given.days), now)
    return NewKey(key=clear, about=Key.of(view))


@router.delete("/{id}", responses=responses(401, 403, 404))
def withdraw_key(request: Request, visit: Meant, id: str) -> Key:
    """Ends a key at once."""
    with writing(engine(request)) as session:
        return Key.of(withdraw(session, visit.viewer, id, dt.datetime.now(dt.UTC)))
