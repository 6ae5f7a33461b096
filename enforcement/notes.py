"""Notes with a case, in the words of who works on it. The log says that a note was written, never what it says."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import blind
from enforcement.access import Permission, Viewer, owned, require
from enforcement.cases import find, mine, note
from enforcement.clock import shown, stored
from enforcement.errors import RefusedError
from enforcement.tables import Case, CaseNote, User
from enforcement.worklist import with_own_findings

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


def write_note(session: Session, viewer: Viewer, number: str, text: str, now: dt.datetime) -> str:
    """Adds a note to the viewer's own case; gives its id. Notes are added, never changed.

    Raises RefusedError for an empty or too long one, NotFoundError, ConflictError, ForbiddenError.
    """
    require(viewer, Permission.CLAIM_CASE)
    words = text.strip()
    if not 1 <= len(words) <= LONGEST:
        raise RefusedError(f"a note has 1 to {LONGEST} characters")
    case = mine(session, viewer, number)
    written = CaseNote(
        id=secrets.token_hex(16),
        draw_id=case.draw_id,
        case_id=case.id,
        municipality=case.municipality,
        author=viewer.user,
        at=stored(now),
        text=words,
    )
    session.add(written)
    session.flush()
    note(session, viewer, "note_written", number, now, {"note": written.id})
    return written.id


def read_notes(session: Session, viewer: Viewer, number: str, now: dt.datetime) -> tuple[Note, ...]:
    """The notes of a case, oldest first, after the look was logged.

    While a case is reviewed blind or twice, a colleague's notes are hidden until the viewer's own findings are saved:
    they could tell what the first review found (R6).
    """
    case = find(session, viewer, number)
    note(session, viewer, "notes_read", number, now)
    found = session.execute(
        select(CaseNote, User.name)
        .join(User, User.id == CaseNote.author)
        .where(owned(viewer, CaseNote), CaseNote.draw_id == case.draw_id, CaseNote.case_id == case.id)
        .order_by(CaseNote.at, CaseNote.id)
    ).all()
    everything = sees_colleagues(session, viewer, case)
    return tuple(
        Note(one.id, name, one.author == viewer.user, shown(one.at), one.text)
        for one, name in found
        if everything or one.author == viewer.user
    )


def sees_colleagues(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may see what colleagues wrote and added to a case."""
    own = bool(with_own_findings(session, viewer, [case]))
    return blind.unlocked(case.blind or case.double, case.state, own)
