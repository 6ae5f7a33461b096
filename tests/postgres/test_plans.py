"""What PostgreSQL reads for a page of the worklist: the page, also before it knows anything about its tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import ProgrammingError

from enforcement.access import Role, Viewer
from enforcement.database import acting_for, engine_of, reading, take_stock, writing
from enforcement.worklist import worklist
from tests.enforcement.province import HEERLEN, MAASTRICHT, candidates, drawn, policy
from tests.postgres.server import Database

LISTED, PAGE = 300, 20


@pytest.fixture
def filled(database: Database) -> Database:
    """Two long lists that were just written: no statistics are there yet."""
    with writing(engine_of(database.pipeline)) as session:
        for first, town in ((1, HEERLEN), (10_000, MAASTRICHT)):
            drawn(session, candidates(600, first=first), town, chosen=policy(yearly_capacity=12 * LISTED))
    return database


def scans(plan: dict[str, Any], table: str) -> Iterator[dict[str, Any]]:
    """The nodes of a plan that read a table."""
    if plan.get("Relation Name") == table:
        yield plan
    for below in plan.get("Plans", []):
        yield from scans(below, table)


def plan_of_a_page(engine: Engine) -> dict[str, Any]:
    """What reading a page of the worklist did, as PostgreSQL tells it."""
    here, said = acting_for(engine, HEERLEN), []

    def heard(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", heard)
    with reading(here) as session:
        assert len(worklist(session, Viewer("officer", HEERLEN, Role.OFFICER), limit=PAGE).items) == PAGE
    event.remove(engine, "before_cursor_execute", heard)
    (page,) = (one for one in said if "score" in one[0])
    with here.connect() as connection:
        told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {page[0]}", page[1]).scalar_one()
    return dict(told[0]["Plan"])


@pytest.mark.parametrize("known", [False, True], ids=["without statistics", "with statistics"])
def test_a_page_reads_the_scores_of_its_own_cases_only(filled: Database, known: bool) -> None:
    """Joined first and cut off afterwards, a list of 2,000 cases read seven million scores for a page of fifty."""
    if known:
        with writing(engine_of(filled.pipeline)) as session:
            take_stock(session)
    read = list(scans(plan_of_a_page(engine_of(filled.service)), "score"))
    assert read
    assert max(one["Actual Loops"] for one in read) <= PAGE + 1


def test_the_pipeline_tells_how_much_it_loaded_and_the_service_cannot(filled: Database) -> None:
    owner = engine_of(filled.owner)
    known = text("SELECT count(*) FROM pg_class WHERE relname IN ('score', 'case', 'inclusion') AND reltuples > 0")
    with writing(engine_of(filled.pipeline)) as session:
        take_stock(session)
    with owner.connect() as connection:
        assert connection.scalar(known) == 3
    here = acting_for(engine_of(filled.service), HEERLEN)
    with pytest.raises(ProgrammingError, match="permission denied"), writing(here) as session:
        take_stock(session)
