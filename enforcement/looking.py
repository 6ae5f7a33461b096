"""Reading what stands in the log: the look is written and committed before anybody sees what was read (R14).

A look changes nothing but the log, so looks that end at the same moment are written in one transaction: a chain has
one end, and a commit to disk for every look would let each wait for all before it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Pool
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.audit import Entry
from enforcement.database import reading, writing
from enforcement.errors import LogUnavailableError


@contextmanager
def looking(engine: Engine) -> Iterator[Session]:
    """A transaction that only reads and may append to the log. When the block ends its entries are kept; then, and not
    before, what it read may be shown. Raises LogUnavailableError when they cannot be kept.
    """
    with reading(engine) as session:
        audit.only_looks(session)
        yield session
        entries = audit.unwritten(session)
    if entries:
        _queue(engine).write(engine, entries)


@dataclass
class _Look:
    """Entries of one look. `turn`: it is known whether they are kept, or it is this one's turn to write for all."""

    entries: list[Entry]
    turn: threading.Event = field(default_factory=threading.Event)
    kept: bool | None = None


class _Queue:
    """The looks of one municipality that end at the same moment; the first writes them all while others gather."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Look] = []
        self._writes = False

    def write(self, engine: Engine, entries: list[Entry]) -> None:
        """Comes back when the entries are kept. Raises LogUnavailableError when they are not."""
        mine = _Look(entries)
        with self._lock:
            self._waiting.append(mine)
            first, self._writes = not self._writes, True
        if not first:
            mine.turn.wait()
        if mine.kept is None:
            self._write_all(engine)
        if not mine.kept:
            raise _unavailable()

    def _write_all(self, engine: Engine) -> None:
        with self._lock:
            looks, self._waiting = self._waiting, []
        kept = False
        try:
            with writing(engine) as session:
                audit.add(session, [entry for look in looks for entry in look.entries])
            kept = True
        except SQLAlchemyError as error:
            raise _unavailable() from error
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._writes = following is not None
            for look in looks:
                look.kept = kept
                look.turn.set()
            if following:
                following.turn.set()


def _unavailable() -> LogUnavailableError:
    return LogUnavailableError("the log could not be written; try again")


_queues: WeakKeyDictionary[Pool, dict[str, _Queue]] = WeakKeyDictionary()
_making = threading.Lock()


def _queue(engine: Engine) -> _Queue:
    """The one queue of this process for what this engine may see."""
    with _making:
        of_engine = _queues.setdefault(engine.pool, {})
        return of_engine.setdefault(str(engine.get_execution_options().get("municipality", "")), _Queue())
