"""The service list on PostgreSQL: many at once never get one item, and each municipality has its own (R17, R34)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import ProgrammingError

from enforcement import audit
from enforcement.access import Role, Viewer
from enforcement.database import acting_for, engine_of, reading, writing
from enforcement.service_items import claim_next_item
from enforcement.service_results import service_yield
from enforcement.tables import ServiceItem
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW
from tests.enforcement.test_service_items import close, keep
from tests.postgres.server import Database

WORKERS, ITEMS = 8, 60


@pytest.fixture
def service(database: Database) -> Engine:
    """A list in each of two municipalities, composed by the pipeline."""
    pipeline = engine_of(database.pipeline)
    keep(pipeline, range(1, ITEMS + 1))
    keep(pipeline, range(1001, 1021), town=MAASTRICHT)
    return engine_of(database.service)


def take(engine: Engine, worker: int) -> list[str]:
    viewer = Viewer(f"officer{worker}", HEERLEN, Role.OFFICER)
    numbers: list[str] = []
    while True:
        with writing(engine) as session:
            taken = claim_next_item(session, viewer, NOW)
        if taken is None:
            return numbers
        numbers.append(taken.number)


def test_r34_workers_at_once_never_get_the_same_item(service: Engine) -> None:
    here = acting_for(service, HEERLEN)
    with ThreadPoolExecutor(WORKERS) as pool:
        taken = [number for numbers in pool.map(lambda one: take(here, one), range(WORKERS)) for number in numbers]
    assert Counter(taken).most_common(1)[0][1] == 1
    assert len(taken) == ITEMS
    with reading(here) as session:
        assert audit.check(audit.chain(session, HEERLEN)) == []


def test_r17_the_database_itself_shows_and_changes_own_items_only(service: Engine) -> None:
    for town, many in ((HEERLEN, ITEMS), (MAASTRICHT, 20)):
        with reading(acting_for(service, town)) as session:
            assert session.scalar(select(func.count()).select_from(ServiceItem)) == many
    here = acting_for(service, HEERLEN)
    with writing(here) as session:
        theirs = update(ServiceItem).where(ServiceItem.municipality == MAASTRICHT).values(position=1)
        assert session.execute(theirs.returning(ServiceItem.number)).all() == []
    with pytest.raises(ProgrammingError, match="row-level security"), writing(here) as session:
        session.execute(update(ServiceItem).values(municipality=MAASTRICHT))


def test_r34_an_item_goes_the_whole_way_and_counts(service: Engine) -> None:
    here = acting_for(service, HEERLEN)
    close(here, "D2026-000001")
    with reading(here) as session:
        made = service_yield(session, HEERLEN)
    assert (made.known, made.missing, made.paid_cents, made.listed) == (1, 1, 43_250, ITEMS)
