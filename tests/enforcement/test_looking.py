"""A look is in the log before anybody sees what was looked at; looks that end together are written together (R14)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement import looking as door
from enforcement.cases import find
from enforcement.database import reading, writing
from enforcement.errors import LogUnavailableError
from enforcement.looking import looking
from enforcement.tables import Event
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, OFFICER, candidates, drawn, service

MANY = 12


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return service(tmp_path)


def look(engine: Engine, n: int, town: str = HEERLEN) -> int:
    with looking(engine) as session:
        audit.append(session, town, "officer", "officer", "case_read", f"case:{n}", "review", at=NOW)
    return n


def objects(engine: Engine, town: str = HEERLEN) -> list[str]:
    with reading(engine) as session:
        assert audit.check(audit.chain(session, town)) == []
        return [json.loads(one.body)["object"] for one in audit.chain(session, town)]


@contextmanager
def all_together(engine: Engine, monkeypatch: pytest.MonkeyPatch, looks: int) -> Iterator[list[Future[int]]]:
    """Looks of which the first is held up in its transaction until all the others wait."""
    began, go_on = threading.Event(), threading.Event()

    @contextmanager
    def slow(engine: Engine) -> Iterator[Session]:
        began.set()
        assert go_on.wait(10)
        with writing(engine) as session:
            yield session

    monkeypatch.setattr(door, "writing", slow)
    queue = door._queue(engine)
    with ThreadPoolExecutor(looks) as pool:
        asked = [pool.submit(look, engine, 0)]
        assert began.wait(10)
        asked += [pool.submit(look, engine, n) for n in range(1, looks)]
        while len(queue._waiting) < looks - 1:
            assert not asked[0].done()
        go_on.set()
        yield asked


def test_r14_looks_at_once_are_all_kept_in_one_chain(engine: Engine) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(lambda n: look(engine, n, (HEERLEN, MAASTRICHT)[n % 2]), range(8 * MANY)))
    for half, town in enumerate((HEERLEN, MAASTRICHT)):
        assert sorted(objects(engine, town)) == sorted(f"case:{n}" for n in range(half, 8 * MANY, 2))


def test_looks_that_wait_for_each_other_are_one_transaction(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[Any] = []
    event.listen(engine, "commit", commits.append)
    with all_together(engine, monkeypatch, MANY) as asked:
        assert [one.result(10) for one in asked] == list(range(MANY))
    assert len(commits) == 2
    assert sorted(objects(engine)) == sorted(f"case:{n}" for n in range(MANY))


def test_r14_when_the_log_is_down_everybody_hears_it_and_nobody_waits_for_ever(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(audit, "settle", down)
        with all_together(engine, broken, MANY) as asked:
            for one in asked:
                with pytest.raises(LogUnavailableError):
                    one.result(10)
    assert objects(engine) == []
    assert look(engine, 7) == 7
    assert objects(engine) == ["case:7"]


def down(*_: Any, **__: Any) -> None:
    raise OperationalError("INSERT", {}, OSError("disk full"))


def test_r14_what_a_look_read_is_not_given_before_the_log_holds_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine) as session:
        drawn(session, candidates(60))
    monkeypatch.setattr(audit, "settle", down)
    shown = []

    def read_and_show() -> None:
        with looking(engine) as session:
            case = find(session, OFFICER, "2026-000004")
            audit.append(session, HEERLEN, "officer", "officer", "case_read", "case:4", "review", at=NOW)
        shown.append(case)

    with pytest.raises(LogUnavailableError):
        read_and_show()
    assert shown == []


def test_a_look_that_fails_leaves_no_entry(engine: Engine) -> None:
    def fail() -> None:
        with looking(engine) as session:
            audit.append(session, HEERLEN, "officer", "officer", "case_read", "case:1", "review", at=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with reading(engine) as session:
        assert session.scalars(select(Event)).all() == []
