"""Who signs in, and the sessions: the browser holds a random token, the database only its SHA-256."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, func, select
from sqlalchemy.orm import Session, aliased

from enforcement import audit, tables
from enforcement.access import Purpose, Role, Viewer
from enforcement.clock import shown, stored
from enforcement.database import act_for, ask
from enforcement.errors import ForbiddenError
from enforcement.tables import Grant, User

SESSION_LASTS = dt.timedelta(hours=9)
"""a working day"""

DEMO_MUNICIPALITIES: Mapping[str, str] = MappingProxyType({"0917": "Heerlen", "0935": "Maastricht"})
DEMO_ROLES: Mapping[str, tuple[Role, str]] = MappingProxyType(
    {
        "officer": (Role.OFFICER, "Medewerker"),
        "second": (Role.SENIOR_OFFICER, "Tweede medewerker"),
        "scientist": (Role.DATA_SCIENTIST, "Data scientist"),
        "compliance": (Role.COMPLIANCE_REVIEWER, "Toetser"),
        "manager": (Role.MANAGER, "Leidinggevende"),
        "administrator": (Role.ADMINISTRATOR, "Beheerder"),
        "contact": (Role.CONTACT_CENTRE, "Contactcentrum"),
    }
)
"""first part of the user id -> role and name; ids look like officer.heerlen"""
DEMO_OF_BOTH = "manager.both"
"""a demo user with two pairs: manager in each municipality, one at a time (R36)"""


@dataclass(frozen=True)
class SignedIn:
    """A new session. `token` goes into the cookie and is kept nowhere."""

    token: str
    csrf: str
    expires_at: dt.datetime
    viewer: Viewer


@dataclass(frozen=True)
class Visit:
    """A session that is in force."""

    viewer: Viewer
    name: str
    csrf: str
    expires_at: dt.datetime
    pairs: tuple[tuple[str, Role], ...] = ()
    """every (municipality, role) pair that the user holds, the active one among them (R36)"""


@dataclass(frozen=True)
class DemoUser:
    id: str
    name: str
    municipality: str
    role: Role


def demo_users() -> tuple[DemoUser, ...]:
    """The users of the demonstration: seven roles in two municipalities, and one who holds two pairs."""
    of_one = tuple(
        DemoUser(f"{short}.{place.lower()}", f"{title} {place}", code, role)
        for code, place in DEMO_MUNICIPALITIES.items()
        for short, (role, title) in DEMO_ROLES.items()
    )
    code = next(iter(DEMO_MUNICIPALITIES))
    return (*of_one, DemoUser(DEMO_OF_BOTH, "Leidinggevende van twee gemeenten", code, Role.MANAGER))


def seed_demo_users(session: Session) -> tuple[DemoUser, ...]:
    """Makes sure that the demo users exist; a second time changes nothing."""
    for one in demo_users():
        session.merge(User(id=one.id, name=one.name))
    session.flush()
    for one in demo_users():
        session.merge(Grant(user_id=one.id, municipality=one.municipality, role=one.role.value))
    for code in DEMO_MUNICIPALITIES:
        session.merge(Grant(user_id=DEMO_OF_BOTH, municipality=code, role=Role.MANAGER.value))
    session.flush()
    return demo_users()


def grants(session: Session, user: str) -> tuple[tuple[str, Role], ...]:
    """The (municipality, role) pairs that a user holds."""
    found = session.scalars(select(Grant).where(Grant.user_id == user).order_by(Grant.municipality, Grant.role))
    return tuple((one.municipality, Role(one.role)) for one in found)


def grant(session: Session, user: str, name: str, pairs: Iterable[tuple[str, Role]], now: dt.datetime) -> None:
    """Makes a user's pairs those that the identity provider gives; every change is in the municipality's log."""
    session.merge(User(id=user, name=name))
    session.flush()
    held, wanted = set(grants(session, user)), set(pairs)
    for municipality in sorted({town for town, _ in held ^ wanted}):
        act_for(session, municipality)
        gone = {role for town, role in held - wanted if town == municipality}
        new = {role for town, role in wanted - held if town == municipality}
        for role in gone:
            session.delete(session.get_one(Grant, (user, municipality, role.value)))
        session.add_all(Grant(user_id=user, municipality=municipality, role=role.value) for role in new)
        session.flush()
        details = {"granted": sorted(new), "withdrawn": sorted(gone)}
        audit.append(
            session, municipality, "system", "service", "rights_changed", f"user:{user}", "rights", details, at=now
        )
        audit.settle(session)  # as this municipality: the next one may not write in its log


def sign_in(session: Session, user: str, municipality: str, role: Role, now: dt.datetime) -> SignedIn:
    """Opens a session in one of the user's pairs, with an entry in the log. Who the user is was established before.

    Raises ForbiddenError for a pair that the user does not hold.
    """
    if (municipality, role) not in grants(session, user):
        raise ForbiddenError("this user does not hold this role in this municipality")
    act_for(session, municipality)
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.execute(delete(tables.Session).where(tables.Session.expires_at < stored(now)))
    session.add(
        tables.Session(
            token_sha256=_digest(token),
            user_id=user,
            municipality=municipality,
            role=role.value,
            csrf=csrf,
            expires_at=stored(now + SESSION_LASTS),
        )
    )
    session.flush()
    audit.append(session, municipality, user, role.value, "signed_in", f"user:{user}", "sign_in", at=now)
    return SignedIn(token, csrf, now + SESSION_LASTS, Viewer(user, municipality, role, _purpose(role)))


def switch(session: Session, signed: Visit, token: str, municipality: str, role: Role, now: dt.datetime) -> SignedIn:
    """Goes on in another of the user's pairs, with an entry in the log of where they left and of where they came.

    The old token and its CSRF token end, so that a page that was drawn for the other role can change nothing any more;
    the session lasts no longer than it did. Raises ForbiddenError for a pair that the user does not hold now.
    """
    before = signed.viewer
    if (municipality, role) not in grants(session, before.user):
        raise ForbiddenError("this user does not hold this role in this municipality")
    ended = session.execute(
        delete(tables.Session).where(
            tables.Session.token_sha256 == _digest(token), tables.Session.user_id == before.user
        )
    )
    if not ended.rowcount:  # type: ignore[attr-defined]
        raise ForbiddenError("this session has ended; sign in again")
    new, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.add(
        tables.Session(
            token_sha256=_digest(new),
            user_id=before.user,
            municipality=municipality,
            role=role.value,
            csrf=csrf,
            expires_at=stored(signed.expires_at),
        )
    )
    session.flush()
    left = (before.municipality, before.role, "role_left")
    for town, as_role, action in sorted({left, (municipality, role, "role_taken_up")}):
        act_for(session, town)
        audit.append(session, town, before.user, as_role.value, action, f"user:{before.user}", "sign_in", at=now)
        audit.settle(session)
    act_for(session, municipality)
    return SignedIn(new, csrf, signed.expires_at, Viewer(before.user, municipality, role, _purpose(role)))


def _in_force() -> Select[Any]:
    held = aliased(Grant)
    pairs = (
        select(func.aggregate_strings(held.municipality + ":" + held.role, ","))
        .where(held.user_id == tables.Session.user_id)
        .scalar_subquery()
    )
    return (
        select(
            tables.Session.user_id,
            tables.Session.municipality,
            tables.Session.role,
            tables.Session.csrf,
            tables.Session.expires_at,
            User.name,
            pairs.label("pairs"),
        )
        .join(User, User.id == tables.Session.user_id)
        .join(
            Grant,
            and_(
                Grant.user_id == tables.Session.user_id,
                Grant.municipality == tables.Session.municipality,
                Grant.role == tables.Session.role,
            ),
        )
        .where(tables.Session.token_sha256 == bindparam("token"), tables.Session.expires_at > bindparam("now"))
    )


_IN_FORCE = _in_force()
"""made once: every request asks it, and putting it together took as long as the answer"""


def visit(session: Session, token: str, now: dt.datetime) -> Visit | None:
    """The session that a token belongs to; None when it is unknown, has expired, or its right was withdrawn."""
    found = ask(session, _IN_FORCE, token=_digest(token), now=stored(now)).first()
    if found is None:
        return None
    role = Role(found.role)
    viewer = Viewer(found.user_id, found.municipality, role, _purpose(role))
    held_now = sorted(tuple(one.split(":")) for one in found.pairs.split(","))
    every = tuple((town, Role(name)) for town, name in held_now)
    return Visit(viewer, found.name, found.csrf, shown(found.expires_at), every)


def sign_out(session: Session, token: str, now: dt.datetime) -> None:
    """Ends the session of a token; an unknown token changes nothing."""
    found = session.get(tables.Session, _digest(token))
    if found is None:
        return
    session.delete(found)
    session.flush()
    audit.append(
        session, found.municipality, found.user_id, found.role, "signed_out", f"user:{found.user_id}", "sign_in", at=now
    )


def csrf_holds(visit: Visit, given: str) -> bool:
    """Whether a form came from a page of this session; compared in constant time."""
    return hmac.compare_digest(visit.csrf.encode(), given.encode())


def _purpose(role: Role) -> Purpose:
    return Purpose.SUPERVISION if role == Role.COMPLIANCE_REVIEWER else Purpose.REVIEW


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
