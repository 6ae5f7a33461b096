"""PostgreSQL keeps municipalities apart by itself, whatever the application asks (R17)."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from api.app import create_app
from enforcement import audit
from enforcement.database import acting_for, engine_of, reading, writing
from enforcement.errors import LogUnavailableError
from enforcement.guards import PIPELINE, SERVICE, UnguardedError
from enforcement.tables import Base, Case, Event, Network
from enforcement.tenants import SHARED, owned_tables
from enforcement.users import seed_demo_users
from tests.api.builders import settings
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, candidates, drawn
from tests.postgres.server import Database


@pytest.fixture
def filled(database: Database) -> Database:
    """A list in each of two municipalities, composed by the pipeline."""
    with writing(engine_of(database.pipeline)) as session:
        seed_demo_users(session)
        for first, town in ((1, HEERLEN), (1_000, MAASTRICHT)):
            drawn(session, candidates(80, first=first), town)
    return database


@pytest.fixture
def service(filled: Database) -> Engine:
    return engine_of(filled.service)


def test_r17_no_table_of_a_municipality_is_without_a_policy(database: Database) -> None:
    with engine_of(database.owner).connect() as connection:
        walled = {
            (row.relname, row.rolname)
            for row in connection.execute(
                text(
                    "SELECT c.relname, r.rolname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid "
                    "JOIN pg_roles r ON r.oid = ANY (p.polroles) "
                    "WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polcmd = '*' "
                    "AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL"
                )
            )
        }
        tables = set(
            connection.scalars(
                text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            )
        )
        owners = set(connection.scalars(text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")))
        strong = set(
            connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolsuper OR rolbypassrls OR rolcreaterole"))
        )
    assert tables == {table.name for table in Base.metadata.sorted_tables} | {"alembic_version"}
    without = {table for table in tables - set(SHARED) if {(table, SERVICE), (table, PIPELINE)} - walled}
    assert without == set()
    assert not {SERVICE, PIPELINE, "ww_service", "ww_pipeline"} & (owners | strong)
    assert len(owned_tables(Base.metadata)) >= 12


@pytest.mark.parametrize("table", sorted(owned_tables(Base.metadata)))
def test_r17_an_unset_municipality_is_an_error_and_not_an_empty_list(service: Engine, table: str) -> None:
    """A setting that a pooled connection had before is '' afterwards: that must not look like no rows."""
    pooled = acting_for(service, HEERLEN)
    with pooled.connect() as connection:
        connection.execute(text(f'SELECT count(*) FROM "{table}"'))
    for engine in (service, service):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="names no municipality"):
            connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar()


def test_r17_each_municipality_sees_its_own_rows_only(service: Engine) -> None:
    seen = {}
    for town in (HEERLEN, MAASTRICHT):
        with reading(acting_for(service, town)) as session:
            assert set(session.scalars(select(Case.municipality))) == {town}
            seen[town] = {
                table: session.scalar(text(f'SELECT count(*) FROM "{table}"'))
                for table in ("case", "inclusion", "score", "network", "event", "draw")
            }
    assert all(count for counts in seen.values() for count in counts.values())
    with reading(acting_for(service, "1999")) as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0
    with reading(engine_of(str(service.url.set(username="ww_pipeline")))) as session:
        assert session.scalar(select(func.count()).select_from(Network)) == sum(one["network"] for one in seen.values())


def test_r17_nothing_is_written_into_another_municipality(service: Engine) -> None:
    here = acting_for(service, HEERLEN)
    with pytest.raises(LogUnavailableError), writing(here) as session:
        audit.append(session, MAASTRICHT, "officer", "officer", "case_read", "case:1", "review", at=NOW)
    with pytest.raises(ProgrammingError, match="row-level security"), writing(here) as session:
        session.execute(update(Case).values(municipality=MAASTRICHT))
    with writing(here) as session:
        changed = session.execute(update(Case).where(Case.municipality == MAASTRICHT).values(position=1))
    assert changed.rowcount == 0


def test_r17_the_municipality_of_a_transaction_ends_with_it(service: Engine) -> None:
    one = engine_of(str(service.url))
    with reading(acting_for(one, HEERLEN)) as session:
        assert session.scalar(select(func.count()).select_from(Case))
    for _ in range(5):
        with one.connect() as connection:
            assert not connection.scalar(text("SELECT current_setting('app.municipality', true)"))


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_r17_the_service_does_not_start_as_a_login_that_sees_everything(
    database: Database, tmp_path: Path, role: str
) -> None:
    url = make_url(database.owner).set(username="ww_owner" if role == "owner" else "admin")
    chosen = settings(tmp_path, database=url.render_as_string(hide_password=False))
    with pytest.raises(UnguardedError, match="weegschaal_service"), TestClient(create_app(chosen)):
        pass
    with TestClient(create_app(settings(tmp_path, database=database.service))) as client:
        assert client.get("/ready").status_code == 200


@pytest.mark.parametrize("role", ["service", "pipeline"])
@pytest.mark.parametrize("statement", ["UPDATE event SET body = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_r15_nobody_at_work_changes_the_log(filled: Database, role: str, statement: str) -> None:
    engine = acting_for(engine_of(getattr(filled, role)), HEERLEN)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE event SET body = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_r15_not_even_the_owner_changes_the_log(filled: Database, statement: str) -> None:
    engine = engine_of(filled.owner)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE event NO FORCE ROW LEVEL SECURITY"))
        assert connection.execute(text("SELECT count(*) FROM event")).scalar()
    with engine.connect() as connection, pytest.raises(IntegrityError, match="insert-only"):
        connection.execute(text(statement))


def test_r15_entries_are_added_where_the_transaction_belongs(service: Engine) -> None:
    with writing(acting_for(service, HEERLEN)) as session:
        audit.append(session, HEERLEN, "officer", "officer", "case_read", "case:1", "review", at=NOW)
    with reading(acting_for(service, HEERLEN)) as session:
        assert audit.check(audit.chain(session, HEERLEN)) == []
    with writing(acting_for(service, HEERLEN)) as session, pytest.raises(IntegrityError):
        session.execute(insert(Event).values(municipality=HEERLEN, number=1, previous="", hash="", object="", body=""))
