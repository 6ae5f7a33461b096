"""Notes with a case or an item of the service list, in the words of who works on it. The log says that a note was
written, never what it says."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Viewer, owned
from enforcement.attached import CASES, Kind
from enforcement.clock import shown, stored
from enforcement.errors import RefusedError
from enforcement.tables import CaseNote, User

LONGEST = 5_000
"""characters"""


@dataclass(frozen=True)
class Note:
    id: str
    author: str
    """name of the person"""
    own: bool
    at: dt.datetime
    text: str


def write_note(session: Session, viewer: Viewer, number: str, text: str, now: dt.datetime, kind: Kind = CASES) -> str:
    """Adds a note to what the viewer has in hand; gives its id. Notes are added, never changed.

    Raises RefusedError for an empty or too long one, NotFoundError, ConflictError, ForbiddenError.
    """
    held = kind.held(session, viewer, number)
    words = text.strip()
    if not 1 <= len(words) <= LONGEST:
        raise RefusedError(f"a note has 1 to {LONGEST} characters")
    written = CaseNote(
        id=secrets.token_hex(16),
        about=held.about,
        case_id=held.case_id,
        municipality=viewer.municipality,
        author=viewer.user,
        at=stored(now),
        text=words,
    )
    session.add(written)
    session.flush()
    kind.note(session, viewer, "note_written", number, now, {"note": written.id})
    return written.id


def read_notes(session: Session, viewer: Viewer, number: str, now: dt.datetime, kind: Kind = CASES) -> tuple[Note, ...]:
    """The notes with a case or item, oldest first, after the look was logged; a colleague's only where they may be seen
    (attached.py, R6)."""
    read = kind.read(session, viewer, number)
    kind.note(session, viewer, "notes_read", number, now)
    found = session.execute(
        select(CaseNote, User.name)
        .join(User, User.id == CaseNote.author)
        .where(owned(viewer, CaseNote), CaseNote.about == read.about)
        .order_by(CaseNote.at, CaseNote.id)
    ).all()
    return tuple(
        Note(one.id, name, one.author == viewer.user, shown(one.at), one.text)
        for one, name in found
        if read.colleagues or one.author == viewer.user
    )
