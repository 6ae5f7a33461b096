"""JSON route of the rights: what each role may do, as the service itself decides it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from api.answers import Answer
from api.problems import responses
from api.security import Signed
from api.tables_of_rights import RIGHTS
from enforcement.access import MAY, Permission, Role

router = APIRouter(prefix="/api/v1", tags=["session"])


class Address(Answer):
    method: str = Field(examples=["GET"])
    address: str = Field(examples=["/api/v1/worklist"])
    permission: Permission | None
    open: bool
    """for anybody, also who is not signed in"""


class Rights(Answer):
    role: Role
    mine: list[Permission]
    roles: dict[Permission, list[Role]]
    addresses: list[Address]


@router.get("/rights", responses=responses(401))
def read_rights(visit: Signed) -> Rights:
    """The whole table of who may do what, and which part of it is yours."""
    role = visit.viewer.role
    return Rights(
        role=role,
        mine=[one for one in Permission if role in MAY[one]],
        roles={one: sorted(MAY[one]) for one in Permission},
        addresses=[
            Address(method=method, address=address, permission=rule.permission, open=rule.open)
            for (method, address), rule in RIGHTS.items()
        ],
    )
