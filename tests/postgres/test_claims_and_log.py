"""Many at once on PostgreSQL: nobody gets a colleague's case, and the log keeps one gapless chain (R14, R15)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from enforcement import audit
from enforcement.access import Role, Viewer
from enforcement.cases import claim_next
from enforcement.database import acting_for, engine_of, reading, writing
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, candidates, drawn, policy
from tests.postgres.server import Database

WORKERS = 12


def take(engine: Engine, worker: int) -> list[str]:
    viewer, numbers = Viewer(f"officer{worker}", HEERLEN, Role.OFFICER), []
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
