"""Who may do what, and which municipality's rows a query may see. Both are decided here and nowhere else.

A role alone gives nothing: a viewer acts for one municipality at a time (R36), and `rows` and `owned` narrow
every query to that municipality (R17).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, select

from enforcement.errors import ForbiddenError
from enforcement.tables import (
    Case,
    CaseNote,
    Draw,
    Event,
    Evidence,
    Finding,
    PolicyVersion,
    ReviewStep,
    Score,
    ServiceItem,
    ServiceRound,
    Tip,
)
from enforcement.tenants import within


class Role(StrEnum):
    OFFICER = "officer"
    SENIOR_OFFICER = "senior_officer"
    DATA_SCIENTIST = "data_scientist"
    COMPLIANCE_REVIEWER = "compliance_reviewer"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    CONTACT_CENTRE = "contact_centre"


class Permission(StrEnum):
    LIST_CASES = "list_cases"
    READ_CASE = "read_case"
    SEE_IDENTITY = "see_identity"
    CLAIM_CASE = "claim_case"
    SAVE_FINDINGS = "save_findings"
    APPROVE_FINDINGS = "approve_findings"
    ASSIGN_CASES = "assign_cases"
    TAKE_IN_TIP = "take_in_tip"
    FIND_CLIENT = "find_client"
    SEE_TEAM = "see_team"
    OVERTURN_FINDINGS = "overturn_findings"
    SEE_RESULTS = "see_results"
    SEE_MODELS = "see_models"
    REQUEST_PROMOTION = "request_promotion"
    APPROVE_PROMOTION = "approve_promotion"
    AUDIT_FAIRNESS = "audit_fairness"
    ADOPT_MODEL = "adopt_model"
    SWITCH_RANKING = "switch_ranking"
    READ_LOG = "read_log"
    READ_POLICY = "read_policy"
    CHANGE_POLICY = "change_policy"
    MANAGE_USERS = "manage_users"
    READ_METRICS = "read_metrics"
    HANDLE_RIGHTS = "handle_rights"
    """contests, restrictions and holds: what a person may ask (GDPR 15-21)"""
    ANSWER_REQUESTS = "answer_requests"
    """ask for a report of everything about a person, or for their erasure, and fetch the report (GDPR 15, 17): it
    holds what case work may not see, such as protected attributes"""
    SERVE_CLIENTS = "serve_clients"
    """the list of clients who may be missing something (R34)"""
    COMPARE_MUNICIPALITIES = "compare_municipalities"
    ANSWER_CLIENT = "answer_client"
    """tell one person who calls what the ranking did with their case, and nothing else"""


_CASEWORK = frozenset({Role.OFFICER, Role.SENIOR_OFFICER})
_EVERYONE = frozenset(Role) - {Role.CONTACT_CENTRE}

MAY: Mapping[Permission, frozenset[Role]] = MappingProxyType(
    {
        Permission.LIST_CASES: _CASEWORK | {Role.COMPLIANCE_REVIEWER},
        Permission.READ_CASE: _CASEWORK | {Role.COMPLIANCE_REVIEWER},
        Permission.SEE_IDENTITY: _CASEWORK,
        Permission.CLAIM_CASE: _CASEWORK,
        Permission.SAVE_FINDINGS: _CASEWORK,
        Permission.APPROVE_FINDINGS: _CASEWORK,
        Permission.TAKE_IN_TIP: _CASEWORK,
        Permission.FIND_CLIENT: _CASEWORK,
        Permission.ASSIGN_CASES: frozenset({Role.SENIOR_OFFICER}),
        Permission.SEE_TEAM: frozenset({Role.SENIOR_OFFICER, Role.MANAGER}),
        Permission.OVERTURN_FINDINGS: frozenset({Role.SENIOR_OFFICER}),
        Permission.SEE_RESULTS: _EVERYONE - {Role.ADMINISTRATOR},
        Permission.SEE_MODELS: frozenset({Role.DATA_SCIENTIST, Role.COMPLIANCE_REVIEWER, Role.MANAGER}),
        Permission.REQUEST_PROMOTION: frozenset({Role.DATA_SCIENTIST}),
        Permission.AUDIT_FAIRNESS: frozenset({Role.COMPLIANCE_REVIEWER}),
        Permission.APPROVE_PROMOTION: frozenset({Role.COMPLIANCE_REVIEWER, Role.MANAGER}),
        Permission.ADOPT_MODEL: frozenset({Role.COMPLIANCE_REVIEWER, Role.MANAGER}),
        Permission.SWITCH_RANKING: frozenset({Role.COMPLIANCE_REVIEWER, Role.MANAGER}),
        Permission.READ_LOG: frozenset({Role.COMPLIANCE_REVIEWER}),
        Permission.READ_POLICY: _EVERYONE,
        Permission.CHANGE_POLICY: frozenset({Role.MANAGER}),
        Permission.MANAGE_USERS: frozenset({Role.ADMINISTRATOR}),
        Permission.READ_METRICS: frozenset({Role.ADMINISTRATOR}),
        Permission.HANDLE_RIGHTS: frozenset({Role.SENIOR_OFFICER, Role.COMPLIANCE_REVIEWER}),
        Permission.ANSWER_REQUESTS: frozenset({Role.COMPLIANCE_REVIEWER}),
        Permission.SERVE_CLIENTS: _CASEWORK,
        Permission.COMPARE_MUNICIPALITIES: frozenset({Role.MANAGER}),
        Permission.ANSWER_CLIENT: frozenset({Role.CONTACT_CENTRE}),
    }
)
"""Permission -> the roles that have it. What is not here is not allowed."""


class Purpose(StrEnum):
    """Why personal data are read (R14); it stands in the log with every read."""

    REVIEW = "review"
    """investigating entitlement, Participatiewet 53a"""
    APPROVAL = "approval"
    """second-person check of findings"""
    SUPERVISION = "supervision"
    """compliance reviewer, GDPR 5(2)"""
    OBJECTION = "objection"
    """objection or appeal of the client, Awb 6 and 7"""
    ACCESS_REQUEST = "access_request"
    """the client asks what is known, GDPR 15"""
    SERVICE = "service"
    """finding out whether the client gets all that is due, Participatiewet 19 and 36"""


@dataclass(frozen=True)
class Viewer:
    """A signed-in person acting in one role for one municipality, for one purpose."""

    user: str
    municipality: str
    role: Role
    purpose: Purpose = Purpose.REVIEW
    scope: frozenset[Permission] | None = None
    """of a machine's key: what it may do, instead of what the role may"""


def allowed(viewer: Viewer, permission: Permission) -> bool:
    return viewer.role in MAY[permission] if viewer.scope is None else permission in viewer.scope


def require(viewer: Viewer, permission: Permission) -> None:
    """Raises ForbiddenError unless the viewer's role has the permission."""
    if not allowed(viewer, permission):
        who = f"the role {viewer.role.value}" if viewer.scope is None else "this key"
        raise ForbiddenError(f"{who} has no permission {permission.value}")


Owned = TypeVar(
    "Owned",
    Case,
    Finding,
    Score,
    Draw,
    Event,
    PolicyVersion,
    CaseNote,
    Evidence,
    ReviewStep,
    ServiceItem,
    ServiceRound,
    Tip,
)


def owned(viewer: Viewer, table: type[Owned]) -> ColumnElement[bool]:
    """The condition that keeps a statement on `table` within the viewer's municipality.

    Raises ValueError for a viewer without municipality: an unset tenant is a mistake, not an empty list.
    """
    return within(table, viewer.municipality)


def rows(viewer: Viewer, table: type[Owned], permission: Permission) -> Select[Owned]:
    """A query for the rows of `table` that the viewer may see. Raises ForbiddenError without the permission."""
    require(viewer, permission)
    return select(table).where(owned(viewer, table))
