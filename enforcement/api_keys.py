"""Keys for machines: each reads what its scope names, for one municipality, until it expires.

The key is shown once; the database holds its SHA-256, which is enough for 256 random bits. A key never claims, finds,
approves or sees who a case is about: those are for people.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Purpose, Role, Viewer, require
from enforcement.clock import shown, stored
from enforcement.errors import NotFoundError, RefusedError
from enforcement.tables import ApiKey
from enforcement.tenants import within

FOR_MACHINES = frozenset(
    {
        Permission.SEE_RESULTS,
        Permission.SEE_MODELS,
        Permission.READ_LOG,
        Permission.READ_POLICY,
        Permission.READ_METRICS,
    }
)
"""what a key's scope may hold"""
LONGEST = dt.timedelta(days=366)
_FORM = re.compile(r"wgs_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class KeyView:
    id: str
    name: str
    scope: tuple[Permission, ...]
    made_by: str
    made_at: dt.datetime
    expires_at: dt.datetime
    withdrawn_at: dt.datetime | None


def make(
    session: Session, viewer: Viewer, name: str, scope: Iterable[Permission], until: dt.datetime, now: dt.datetime
) -> tuple[str, KeyView]:
    """A new key for the viewer's municipality, in clear for the only time, with an entry in the log.

    Raises ForbiddenError, and RefusedError for a scope or a term that is not for machines.
    """
    require(viewer, Permission.MANAGE_USERS)
    wanted = frozenset(scope)
    if not wanted or wanted - FOR_MACHINES:
        names = ", ".join(sorted(FOR_MACHINES))
        raise RefusedError(f"a key's scope is one or more of: {names}")
    if not now < until <= now + LONGEST:
        raise RefusedError(f"a key expires within {LONGEST.days} days")
    if not name.strip():
        raise RefusedError("say in name what the key is for")
    id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    kept = ApiKey(
        id=id,
        municipality=viewer.municipality,
        name=name.strip(),
        secret_sha256=_digest(secret),
        scope=sorted(wanted),
        made_by=viewer.user,
        made_at=stored(now),
        expires_at=stored(until),
    )
    session.add(kept)
    session.flush()
    _note(session, viewer, "key_made", id, now, {"scope": sorted(wanted), "until": until.date().isoformat()})
    return f"wgs_{id}_{secret}", _view(kept)


def keys(session: Session, viewer: Viewer) -> tuple[KeyView, ...]:
    """The keys of the viewer's municipality, newest first."""
    require(viewer, Permission.MANAGE_USERS)
    found = select(ApiKey).where(within(ApiKey, viewer.municipality)).order_by(ApiKey.made_at.desc(), ApiKey.id)
    return tuple(_view(one) for one in session.scalars(found))


def withdraw(session: Session, viewer: Viewer, id: str, now: dt.datetime) -> KeyView:
    """Ends a key at once; one that was withdrawn stays so. Raises NotFoundError, also for another municipality's."""
    require(viewer, Permission.MANAGE_USERS)
    found = session.scalars(select(ApiKey).where(within(ApiKey, viewer.municipality), ApiKey.id == id)).first()
    if found is None:
        raise NotFoundError("no such key here")
    if found.withdrawn_at is None:
        found.withdrawn_at = stored(now)
        session.flush()
        _note(session, viewer, "key_withdrawn", id, now, {})
    return _view(found)


def holder(session: Session, token: str, now: dt.datetime) -> Viewer | None:
    """For whom a key acts; None for one that is unknown, expired or withdrawn."""
    form = _FORM.fullmatch(token)
    found = session.get(ApiKey, form[1]) if form else None
    if form is None or found is None or not hmac.compare_digest(found.secret_sha256, _digest(form[2])):
        return None
    if found.withdrawn_at is not None or found.expires_at <= stored(now):
        return None
    scope = frozenset(Permission(one) for one in found.scope)
    return Viewer(f"key:{found.id}", found.municipality, Role.ADMINISTRATOR, Purpose.SUPERVISION, scope)


def _view(kept: ApiKey) -> KeyView:
    return KeyView(
        id=kept.id,
        name=kept.name,
        scope=tuple(Permission(one) for one in kept.scope),
        made_by=kept.made_by,
        made_at=shown(kept.made_at),
        expires_at=shown(kept.expires_at),
        withdrawn_at=shown(kept.withdrawn_at) if kept.withdrawn_at else None,
    )


def _note(session: Session, viewer: Viewer, action: str, id: str, now: dt.datetime, details: dict[str, object]) -> None:
    audit.append(
        session, viewer.municipality, viewer.user, viewer.role.value, action, f"key:{id}", "keys", details, at=now
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
