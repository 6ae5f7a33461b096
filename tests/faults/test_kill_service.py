"""Killed with -9 in the middle of a claim, findings, an approval or a selection, the service's database holds all of it
or nothing, the log holds, and doing it again gives the undisturbed state.

Every point at which something could be half done is named after what was just written: the test kills the process
after each statement of the transaction, before its commit and after it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.cases import claim, claim_next
from enforcement.database import connected, writing
from enforcement.draws import record
from enforcement.errors import RefusedError
from enforcement.findings import approve, save_findings
from enforcement.selection import compose
from enforcement.tables import Case, Draw, Event, Finding, Inclusion
from tests.databases import on_sqlite
from tests.enforcement.province import (
    AS_OF,
    HEERLEN,
    NOW,
    OFFICER,
    SECOND,
    SECRET,
    candidates,
    drawn,
    findings,
    policy,
    scored,
    service,
)

pytestmark = on_sqlite
PROOF = os.environ.get("WEEGSCHAAL_PROOF") == "1"
NEXT = AS_OF.replace(month=12)


def number_of(session: Session) -> str:
    plain = select(Case.number).where(Case.blind.is_(False), Case.double.is_(False)).order_by(Case.number)
    return session.scalars(plain).first() or ""


def claiming(session: Session) -> None:
    claim_next(session, OFFICER, NOW)


def finding(session: Session) -> None:
    case = session.scalars(select(Case).where(Case.number == number_of(session))).one()
    save_findings(session, OFFICER, case.number, findings(), 2, NOW)


def approving(session: Session) -> None:
    approve(session, SECOND, number_of(session), 3, NOW)


def selecting(session: Session) -> None:
    composition = compose(candidates(60, first=500), policy(), HEERLEN, NEXT, SECRET)
    record(session, composition, "run-next", policy(), 1, NOW)


def prepared(session: Session, name: str) -> None:
    """Everything that goes before."""
    drawn(session, candidates(60))
    scored(session, candidates(60, first=500), HEERLEN, "run-next", NEXT)
    if name in ("finding", "approving"):
        claim(session, OFFICER, number_of(session), NOW)
    if name == "approving":
        finding(session)


WORK: dict[str, Callable[[Session], None]] = {
    "claiming": claiming, "finding": finding, "approving": approving, "selecting": selecting,
}  # fmt: skip


@dataclass
class Watch:
    """Names what was just written; kills the process at the point that is asked for."""

    kill_at: str | None = None
    points: list[str] = field(default_factory=list)

    def reached(self, what: str) -> None:
        self.points.append(f"{what} {sum(one.startswith(what) for one in self.points) + 1}")
        if self.points[-1] == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def written(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        first = statement.split()[:3]
        if first[0] in ("INSERT", "UPDATE", "DELETE"):
            self.reached(f"after {first[0]} {first[2 if first[0] != 'UPDATE' else 1].strip(chr(34))}")


def work(file: Path, name: str, watch: Watch) -> None:
    engine = connected(f"sqlite:///{file}")
    event.listen(engine, "after_cursor_execute", watch.written)
    event.listen(engine, "commit", lambda _: watch.reached("before commit"))
    with writing(engine) as session:
        WORK[name](session)
    watch.reached("after commit")
    engine.dispose()


def killed(file: Path, name: str, point: str) -> int:
    """The signal that ended a process which did the work up to this point."""
    child = os.fork()
    if child == 0:
        try:
            work(file, name, Watch(point))
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def state(file: Path) -> dict[str, Any]:
    """Everything that the work may change, random ids apart; raises when the log does not hold."""
    engine = connected(f"sqlite:///{file}")
    with Session(engine) as session:
        assert audit.check(audit.chain(session, HEERLEN)) == []
        told = {
            "cases": session.execute(
                select(Case.id, Case.number, Case.state, Case.claimed_by, Case.version).order_by(Case.id, Case.number)
            ).all(),
            "findings": session.execute(
                select(Finding.case_id, Finding.cause, Finding.state, Finding.approver).order_by(Finding.case_id)
            ).all(),
            "draws": session.execute(select(Draw.as_of, Draw.run_id).order_by(Draw.as_of)).all(),
            "inclusions": session.execute(select(Inclusion.case_id).order_by(Inclusion.case_id)).all(),
            "log": [
                (one["number"], one["action"], one["object"].split(":")[0])
                for one in map(json.loads, session.scalars(select(Event.body).order_by(Event.number)))
            ],
        }
    engine.dispose()
    return {name: [tuple(row) for row in rows] for name, rows in told.items()}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A database per kind of work, as it is when the work begins."""
    made = {}
    for name in WORK:
        folder = tmp_path_factory.mktemp(name)
        engine = service(folder)
        with writing(engine) as session:
            prepared(session, name)
        engine.dispose()
        made[name] = folder / "service.db"
    return made


@pytest.mark.parametrize("name", WORK)
def test_r14_killed_at_any_point_all_of_it_is_there_or_nothing(
    name: str, before: dict[str, Path], tmp_path: Path
) -> None:
    whole, watch = tmp_path / "whole.db", Watch()
    shutil.copy(before[name], whole)
    work(whole, name, watch)
    nothing, everything = state(before[name]), state(whole)
    assert nothing != everything
    assert {"before commit 1", "after commit 1"} <= set(watch.points)
    assert any("event" in point for point in watch.points), watch.points
    tried = watch.points if PROOF else list(dict.fromkeys([watch.points[0], *watch.points[-3:]]))
    for place, point in enumerate(tried):
        file = tmp_path / f"{place}.db"
        shutil.copy(before[name], file)
        assert killed(file, name, point) == signal.SIGKILL, point
        assert state(file) == (everything if point.startswith("after commit") else nothing), point
        if point.startswith("after commit"):
            if name != "claiming":
                with pytest.raises(RefusedError):
                    work(file, name, Watch())
                assert state(file) == everything
        else:
            work(file, name, Watch())
            assert state(file) == everything, point
