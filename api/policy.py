"""JSON routes of the policy: the one in force with its deviations explained, its versions, and changing it (R18)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import Answer
from api.etag import AsRead, etag
from api.problems import responses
from api.security import Meant, Signed, engine
from enforcement.access import Permission, require
from enforcement.clock import shown
from enforcement.database import reading, writing
from enforcement.policy import Policy, change, deviations, in_force, standard_for, versions

router = APIRouter(prefix="/api/v1", tags=["policy"])


class DeviationOut(Answer):
    """A setting that differs from the standard, and the reason that was given."""

    setting: str = Field(examples=["blind_percent"])
    standard: Any = Field(examples=[20])
    here: Any = Field(examples=[50])
    why: str


class PolicyOut(Answer):
    """The policy in force. `version` 0 is the shared standard."""

    version: int
    settings: dict[str, Any]
    standard: dict[str, Any] = Field(description="the shared standard at this municipality's capacity")
    deviations: list[DeviationOut]


class PolicyIn(BaseModel):
    """A whole policy, with the reason of the change and in `settings.explanation` one for every deviation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "settings": {
                        "yearly_capacity": 480,
                        "blind_percent": 50,
                        "explanation": {"blind_percent": "The council asked for more blind reviews this year."},
                    },
                    "reason": "Council decision of 3 November",
                }
            ]
        },
    )
    settings: dict[str, Any]
    reason: str = Field(min_length=1, max_length=2_000)


class VersionOut(Answer):
    version: int
    valid_from: dt.datetime
    author: str
    settings: dict[str, Any]


def _shown(version: int, policy: Policy) -> PolicyOut:
    return PolicyOut(
        version=version,
        settings=policy.content(),
        standard=standard_for(policy.yearly_capacity).content(),
        deviations=[DeviationOut(**vars(one)) for one in deviations(policy)],
    )


@router.get("/policy", responses=responses(401, 403))
def read_policy(request: Request, response: Response, visit: Signed) -> PolicyOut:
    """The policy of the municipality beside the shared standard: every deviation with its reason."""
    require(visit.viewer, Permission.READ_POLICY)
    with reading(engine(request)) as session:
        version, policy = in_force(session, visit.viewer.municipality)
    response.headers["ETag"] = etag(version)
    return _shown(version, policy)


@router.post("/policy", responses=responses(401, 403, 412, 422, 428))
def change_policy(request: Request, response: Response, visit: Meant, given: PolicyIn, read: AsRead) -> PolicyOut:
    """Adopts a new version: it is checked against the floor of the law, and the log keeps what changed and why. Lists
    that were composed keep the version they were composed with."""
    with writing(engine(request)) as session:
        change(session, visit.viewer, given.settings, given.reason, read, dt.datetime.now(dt.UTC))
        version, policy = in_force(session, visit.viewer.municipality)
    response.headers["ETag"] = etag(version)
    return _shown(version, policy)


@router.get("/policy/versions", responses=responses(401, 403))
def read_versions(request: Request, visit: Signed) -> list[VersionOut]:
    """Every version there was, newest first."""
    with reading(engine(request)) as session:
        return [
            VersionOut(version=one.version, valid_from=shown(one.valid_from), author=one.author, settings=one.content)
            for one in versions(session, visit.viewer)
        ]
