"""What a municipality lets the fairness audit do: on which DPIA, for which groups, within which budgets (R10).

Without a mandate, or with one that names no DPIA, the protected attributes of a municipality are not read. A mandate is
never changed; a new version follows it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.clock import stored
from enforcement.errors import RefusedError
from enforcement.tables import FairnessMandate
from enforcement.tenants import within

ATTRIBUTES = ("sex", "age", "nationality", "origin")
"""what the audit can tell people apart by: sex as registered, age in bands, Dutch or other nationality, born in the
Netherlands or elsewhere"""


class MandateError(RefusedError, ValueError):
    """The mandate asks for something that cannot be; the message says what."""


@dataclass(frozen=True)
class Mandate:
    """Raises MandateError when a group is unknown or a budget is no share."""

    dpia: str = ""
    """reference of the data protection impact assessment; empty: the audit does not read"""
    groups: tuple[tuple[str, ...], ...] = (("sex",), ("age",), ("nationality",), ("origin",))
    """attributes, and the intersections of attributes, that are audited"""
    budget: float = 0.2
    """largest share of people with whom nothing is the matter that may be selected, in any group"""
    budgets: Mapping[str, float] = field(default_factory=dict)
    """the same for one group, named "sex=V" or "age=18-26"; a stricter or a wider one than `budget`"""
    proxy_limit: float = 0.7
    """AUC for a protected attribute above which a feature needs a justification (R9)"""
    justified: Mapping[str, str] = field(default_factory=dict)
    """feature -> why it may be used although it tells a protected attribute"""
    reweigh: str = ""
    """attribute for which the audit hands training weights per cell; empty: none"""

    def __post_init__(self) -> None:
        named = [name for group in self.groups for name in group]
        if unknown := sorted(set(named) - set(ATTRIBUTES)):
            raise MandateError(f"there is no attribute {unknown[0]!r} to audit; there are {', '.join(ATTRIBUTES)}")
        wrong = {name: one for name, one in {"budget": self.budget, **self.budgets}.items() if not 0 < one <= 1}
        if wrong:
            name, one = next(iter(wrong.items()))
            raise MandateError(f"the budget {name} is {one}; it must be a share above 0 and at most 1")
        odd = [name for name in self.budgets if name.partition("=")[0] not in ATTRIBUTES or "=" not in name]
        if odd:
            raise MandateError(f"the budget {odd[0]!r} names no group; write it as sex=V")
        if not 0.5 < self.proxy_limit <= 1:
            raise MandateError(f"proxy_limit is {self.proxy_limit}; it must be an AUC above 0.5 and at most 1")
        if self.reweigh and (self.reweigh,) not in self.groups:
            raise MandateError(f"weights for {self.reweigh} need it among the attributes that are audited")
        if short := [name for name, why in self.justified.items() if len(why.split()) < 5]:
            raise MandateError(f"the justification of {short[0]} says too little; write why it is needed and fair")

    def content(self) -> dict[str, Any]:
        """As it is kept in the database."""
        return asdict(self) | {"groups": [list(group) for group in self.groups]}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Mandate:
        """Raises MandateError for an unknown setting."""
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(content) - known):
            raise MandateError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        groups = {"groups": tuple(tuple(group) for group in content["groups"])} if "groups" in content else {}
        return cls(**{**content, **groups})


def give(session: Session, viewer: Viewer, mandate: Mandate, now: dt.datetime) -> int:
    """Keeps a new version for the viewer's municipality, with an entry in its log. Who may change policy may."""
    require(viewer, Permission.CHANGE_POLICY)
    version, current = in_force(session, viewer.municipality)
    if version and current.content() == mandate.content():
        return version
    session.add(
        FairnessMandate(
            municipality=viewer.municipality,
            version=version + 1,
            valid_from=stored(now),
            content=mandate.content(),
            author=viewer.user,
        )
    )
    session.flush()
    details = {"version": version + 1, "dpia": mandate.dpia}
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        "audit_mandate_given",
        f"mandate:{version + 1}",
        "supervision",
        details,
        at=now,
    )
    return version + 1


def in_force(session: Session, municipality: str) -> tuple[int, Mandate]:
    """The newest mandate of a municipality; version 0 names no DPIA, so nothing is read on it."""
    newest = session.scalars(
        select(FairnessMandate)
        .where(within(FairnessMandate, municipality))
        .order_by(FairnessMandate.version.desc())
        .limit(1)
    ).first()
    return (newest.version, Mandate.of(newest.content)) if newest else (0, Mandate())
