"""Documents with a case or an item of the service list: encrypted, with the SHA-256 of what was added, so that an
altered one is noticed."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Viewer, owned
from enforcement.attached import CASES, Kind
from enforcement.clock import shown, stored
from enforcement.errors import ConflictError, NotFoundError, RefusedError
from enforcement.keys import Keys, cipher_for
from enforcement.tables import Evidence, User

LARGEST = 10 * 2**20
"""bytes"""
KINDS: Mapping[str, bytes] = MappingProxyType(
    {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n", "image/jpeg": b"\xff\xd8\xff"}
)
"""media type -> how such a file begins; nothing that a browser could run"""
NONCE = 12


class AlteredError(ConflictError):
    """The document is no longer what was added: it, or its record, was changed outside this service."""


@dataclass(frozen=True)
class Document:
    id: str
    name: str
    media_type: str
    size: int
    """bytes"""
    sha256: str
    author: str
    at: dt.datetime


def add_document(
    session: Session,
    viewer: Viewer,
    keys: Keys,
    number: str,
    name: str,
    content: bytes,
    now: dt.datetime,
    kind: Kind = CASES,
) -> Document:
    """Adds a document to what the viewer has in hand. Its media type is what it begins with, whatever its name says.

    Raises RefusedError for an empty, too large or unknown kind of file, NotFoundError, ConflictError, ForbiddenError.
    """
    held = kind.held(session, viewer, number)
    if not content:
        raise RefusedError("the file is empty")
    if len(content) > LARGEST:
        raise RefusedError(f"a document has at most {LARGEST // 2**20} MiB")
    media_type = next((media for media, start in KINDS.items() if content.startswith(start)), None)
    if media_type is None:
        raise RefusedError("add a PDF, PNG or JPEG")
    digest, which, nonce = hashlib.sha256(content).hexdigest(), secrets.token_hex(16), os.urandom(NONCE)
    kept = Evidence(
        id=which,
        about=held.about,
        case_id=held.case_id,
        municipality=viewer.municipality,
        name=_plain(name),
        media_type=media_type,
        size=len(content),
        sha256=digest,
        author=viewer.user,
        at=stored(now),
        sealed=nonce + cipher_for(keys, "evidence").encrypt(nonce, content, _bound(which, digest, viewer.municipality)),
    )
    session.add(kept)
    session.flush()
    kind.note(session, viewer, "document_added", number, now, {"document": which, "sha256": digest})
    return _described(session, kept)


def list_documents(
    session: Session, viewer: Viewer, number: str, now: dt.datetime, kind: Kind = CASES
) -> tuple[Document, ...]:
    """The documents with a case or item, oldest first, after the look was logged; a colleague's as notes are shown
    (R6)."""
    read = kind.read(session, viewer, number)
    kind.note(session, viewer, "documents_listed", number, now)
    found = session.scalars(
        select(Evidence).where(owned(viewer, Evidence), Evidence.about == read.about).order_by(Evidence.at, Evidence.id)
    ).all()
    return tuple(_described(session, one) for one in found if read.colleagues or one.author == viewer.user)


def open_document(
    session: Session, viewer: Viewer, keys: Keys, number: str, document: str, now: dt.datetime, kind: Kind = CASES
) -> tuple[Document, bytes]:
    """One document as it was added, after the look was logged. Raises NotFoundError, and AlteredError."""
    read = kind.read(session, viewer, number)
    kept = session.scalars(
        select(Evidence).where(owned(viewer, Evidence), Evidence.id == document, Evidence.about == read.about)
    ).first()
    if kept is None or not (kept.author == viewer.user or read.colleagues):
        raise NotFoundError(f"no such document with {number}")
    kind.note(session, viewer, "document_read", number, now, {"document": document})
    bound = _bound(kept.id, kept.sha256, kept.municipality)
    try:
        content = cipher_for(keys, "evidence").decrypt(kept.sealed[:NONCE], kept.sealed[NONCE:], bound)
    except InvalidTag:
        raise AlteredError(f"document {document} is not what was added; restore it from the backup") from None
    return _described(session, kept), content


def _bound(which: str, digest: str, municipality: str) -> bytes:
    """What a document is sealed to: put under another id, digest or municipality it does not open."""
    return f"{which}:{digest}:{municipality}".encode()


def _plain(name: str) -> str:
    """A file name without folders, signs that mean something to a system, or length."""
    last = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^\w .()-]", "_", last).strip(" .")[:120] or "document"


def _described(session: Session, kept: Evidence) -> Document:
    author = session.get_one(User, kept.author).name
    return Document(kept.id, kept.name, kept.media_type, kept.size, kept.sha256, author, shown(kept.at))
