"""A municipality uses a promoted model only when two of its own people adopted it (R36, AI Act 26)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.clock import stored
from enforcement.errors import ConflictError, ForbiddenError
from enforcement.promotion import promotions, refuse_unless_usable
from enforcement.tables import Adoption
from enforcement.tenants import within

PEOPLE = 2


def adopt(session: Session, viewer: Viewer, version: str, now: dt.datetime) -> Sequence[Adoption]:
    """One person's consent on behalf of the viewer's municipality; gives all that there are.

    Raises ForbiddenError for another role and for the same person again, RefusedError when the version may not be
    used or the municipality's own newest audit of it is missing, old or failed (R11), ConflictError when it is adopted
    already.
    """
    require(viewer, Permission.ADOPT_MODEL)
    asked = promotions(session, version)
    sha256 = asked[0].model_sha256 if asked else ""
    promoted = refuse_unless_usable(session, version, sha256, now.date(), viewer.municipality)
    given = _consents(session, viewer.municipality, promoted.id)
    if viewer.user in {one.user_id for one in given}:
        raise ForbiddenError("the same person does not adopt twice; a second person here is needed (R36)")
    if len(given) >= PEOPLE:
        raise ConflictError(f"version {version} is adopted in this municipality")
    session.add(
        Adoption(
            municipality=viewer.municipality,
            promotion_id=promoted.id,
            user_id=viewer.user,
            role=viewer.role.value,
            at=stored(now),
        )
    )
    session.flush()
    audit.append(
        session,
        viewer.municipality,
        viewer.user,
        viewer.role.value,
        "model_adopted",
        f"promotion:{promoted.id}",
        viewer.purpose.value,
        {"version": version, "people": len(given) + 1},
        at=now,
    )
    return _consents(session, viewer.municipality, promoted.id)


def consents(session: Session, municipality: str, version: str) -> Sequence[Adoption]:
    """Who consented to the newest promotion of a version, in order."""
    asked = promotions(session, version)
    return _consents(session, municipality, asked[0].id) if asked else ()


def adopted(session: Session, municipality: str, version: str) -> bool:
    """Whether two people of the municipality adopted the version."""
    return len({one.user_id for one in consents(session, municipality, version)}) >= PEOPLE


def _consents(session: Session, municipality: str, promotion: str) -> Sequence[Adoption]:
    query = select(Adoption).where(within(Adoption, municipality), Adoption.promotion_id == promotion)
    return session.scalars(query.order_by(Adoption.at, Adoption.user_id)).all()
