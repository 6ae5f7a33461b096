"""How a step runs: once for the same input, shown while it runs, and written down when it is done.

What a step made is written down in table `step` with the hash of what it was made from; asked again for the same, it
answers from there. So an interrupted run goes on where it stopped, and a second start has nothing to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select as sql_select

from enforcement.database import engine_of, reading, writing
from enforcement.settings import Settings
from enforcement.tables import Part, Step


@dataclass
class Tally:
    """What a display shows of a step: rows made, and whether it was done before."""

    rows: int = 0
    kept: bool = False


Show = Callable[[str], AbstractContextManager[Tally]]
"""Opens a step on the display and closes it when the block ends."""


@contextmanager
def unseen(_name: str) -> Iterator[Tally]:
    """The display of someone who does not look."""
    yield Tally()


def fingerprint(*parts: Any) -> str:
    """SHA-256 over the JSON of what a step depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def once(
    settings: Settings, name: str, inputs: str, show: Show, work: Callable[[Tally], dict[str, Any]]
) -> dict[str, Any]:
    """The result of `work`: from table `step` when it was made from the same `inputs`, else made and written down."""
    engine = engine_of(settings.database)
    with show(name) as tally:
        with reading(engine) as session:
            done = session.get(Step, name)
            if done is not None and done.input_sha256 == inputs:
                tally.rows, tally.kept = done.rows, True
                return done.result
        started = time.monotonic()
        result = work(tally)
        with writing(engine) as session:
            session.merge(
                Step(
                    name=name,
                    input_sha256=inputs,
                    rows=tally.rows,
                    seconds=time.monotonic() - started,
                    finished_at=dt.datetime.now(dt.UTC).replace(tzinfo=None),
                    result=result,
                )
            )
        return result


def lake_state(settings: Settings) -> str:
    """SHA-256 over the visible parts of the lake: it changes exactly when what is known changes."""
    with reading(engine_of(settings.database)) as session:
        return fingerprint(sorted(session.scalars(sql_select(Part.sha256))))
