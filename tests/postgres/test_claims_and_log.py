"""Many at once on PostgreSQL: nobody gets a colleague's case, and the log keeps one gapless chain (R14, R15)."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import rfc8785
from sqlalchemy import Engine, select, text, update

import weegschaal_verify
from enforcement import audit
from enforcement.access import Role, Viewer
from enforcement.cases import claim_next
from enforcement.database import acting_for, connected, engine_of, reading, writing
from enforcement.errors import LogUnavailableError
from enforcement.tables import Case, Event
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, candidates, drawn, policy
from tests.postgres.server import Database

WORKERS = 12


def take(engine: Engine, worker: int) -> list[str]:
    viewer = Viewer(f"officer{worker}", HEERLEN, Role.OFFICER)
    numbers: list[str] = []
    while True:
        with writing(engine) as session:
            taken = claim_next(session, viewer, NOW)
        if taken is None:
            return numbers
        numbers.append(taken.number)


def test_workers_at_once_never_get_the_same_case(database: Database) -> None:
    with writing(engine_of(database.pipeline)) as session:
        drawn(session, candidates(400), chosen=policy(yearly_capacity=2_400))
    engine = acting_for(engine_of(database.service), HEERLEN)
    with ThreadPoolExecutor(WORKERS) as pool:
        taken = [number for numbers in pool.map(lambda one: take(engine, one), range(WORKERS)) for number in numbers]
    assert Counter(taken).most_common(1)[0][1] == 1
    assert len(taken) == 200
    with reading(engine) as session:
        assert audit.check(audit.chain(session, HEERLEN)) == []


def test_r15_entries_written_at_once_make_one_chain_in_each_municipality(database: Database) -> None:
    def write(worker: int) -> None:
        town = (HEERLEN, MAASTRICHT)[worker % 2]
        for i in range(20):
            with writing(acting_for(engine_of(database.service), town)) as session:
                audit.append(session, town, f"officer{worker}", "officer", "case_read", f"case:{i}", "review", at=NOW)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(write, range(WORKERS)))
    for town in (HEERLEN, MAASTRICHT):
        with reading(acting_for(engine_of(database.service), town)) as session:
            assert audit.length(session, town) == 20 * WORKERS // 2
            assert audit.check(audit.chain(session, town)) == []


def entry(session: object, action: str = "case_read", **details: object) -> None:
    audit.append(session, HEERLEN, "officer", "officer", action, "case:1", "review", details, at=NOW)  # type: ignore[arg-type]


def test_r15_what_the_database_chains_is_what_the_verifier_reads(database: Database, tmp_path: Path) -> None:
    """PostgreSQL puts number and hash into the body itself; it must be the RFC 8785 that SQLite's rows hold."""
    engine = acting_for(engine_of(database.service), HEERLEN)
    for n in range(3):
        with writing(engine) as session:
            entry(session, "findings_saved", ü='"é\\\n€', z=n, a=[1.5, None])
            entry(session)
    with reading(engine) as session:
        bodies = session.scalars(select(Event.body).order_by(Event.number)).all()
        audit.export(session, HEERLEN, tmp_path / "log.jsonl")
    assert [rfc8785.dumps(json.loads(body)).decode() for body in bodies] == list(bodies)
    assert [json.loads(body)["number"] for body in bodies] == [1, 2, 3, 4, 5, 6]
    assert json.loads(bodies[4])["details"] == {"ü": '"é\\\n€', "z": 2, "a": [1.5, None]}
    assert weegschaal_verify.verify(tmp_path / "log.jsonl", []) == weegschaal_verify.HOLDS


def test_r15_an_entry_and_its_work_are_kept_together_or_not_at_all(database: Database) -> None:
    with writing(engine_of(database.pipeline)) as session:
        drawn(session, candidates(100))
    with engine_of(database.owner).begin() as owner:
        owner.execute(text("ALTER TABLE event ADD CONSTRAINT down CHECK (body NOT LIKE '%case_claimed%')"))
    engine = acting_for(engine_of(database.service), HEERLEN)
    with pytest.raises(LogUnavailableError), writing(engine) as session:
        assert claim_next(session, Viewer("officer", HEERLEN, Role.OFFICER), NOW)
    with reading(engine) as session:
        assert set(session.scalars(select(Case.state))) == {"open"}
        before = audit.length(session, HEERLEN)
    with writing(engine) as session:  # the connection is whole again
        entry(session)
    with reading(engine) as session:
        assert audit.length(session, HEERLEN) == before + 1


def test_logging_before_the_work_and_after_it_does_not_lock_two_people_out(database: Database) -> None:
    """One logs and then changes a case, another has changed that case and then logs: neither waits for the other's
    place in the log while it holds what the other needs."""
    with writing(engine_of(database.pipeline)) as session:
        drawn(session, candidates(100))
    engine = acting_for(engine_of(database.service), HEERLEN)
    logged, changed = threading.Event(), threading.Event()

    def logs_first() -> None:
        with writing(engine) as session:
            entry(session)
            logged.set()
            assert changed.wait(10)
            session.execute(update(Case).values(version=Case.version + 1))

    def changes_first() -> None:
        with writing(engine) as session:
            assert logged.wait(10)
            session.execute(update(Case).values(version=Case.version + 1))
            changed.set()
            entry(session)

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(logs_first), pool.submit(changes_first)]:
            one.result(30)
    with reading(engine) as session:
        assert set(session.scalars(select(Case.version))) == {3}
        assert audit.check(audit.chain(session, HEERLEN)) == []


def test_a_connection_that_postgresql_ended_while_it_rested_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(database.service)
    with engine.connect() as connection:
        first = connection.scalar(text("SELECT pg_backend_pid()"))
    with connected(database.service).connect() as other:
        assert other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    monkeypatch.setattr("enforcement.database.RESTED", 0.0)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != first
