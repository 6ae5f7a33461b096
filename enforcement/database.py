"""The one door to the database: an engine that is set up safely, and a transaction for one municipality."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, Result, Select, create_engine, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from enforcement import audit, migrations
from enforcement.errors import UnkeepableError
from enforcement.guards import SETTING

POOL = 20
"""connections to PostgreSQL that one process keeps; as many more for a moment"""
BUSY = 30
"""seconds that a write waits for another on SQLite before it is refused"""
RESTED = 10.0
"""seconds without use after which a connection is tried before it is used: PostgreSQL may have been started anew"""


@lru_cache(maxsize=8)
def engine_of(url: str) -> Engine:
    """An engine for `url` with all tables present. Raises migrations.SchemaError when they are another version's."""
    engine = connected(url)
    migrations.prepare(engine)
    return engine


def connected(url: str) -> Engine:
    """An engine for `url`, whatever its tables. SQLite gets WAL, full sync, foreign keys, BUSY seconds to wait and
    64 MiB of cache: random keys land all over their table. Errors never repeat the values of a statement."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        if place.database not in (None, "", ":memory:"):
            Path(place.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_prepared)
        event.listen(engine, "begin", _sqlite_begun)
    else:
        engine = create_engine(url, hide_parameters=True, pool_size=POOL, max_overflow=POOL)
        event.listen(engine, "begin", _postgresql_begun)
        event.listen(engine, "checkin", _postgresql_returned)
        event.listen(engine, "checkout", _postgresql_lent)
        event.listen(engine, "handle_error", _postgresql_refused)
    return engine


def acting_for(engine: Engine, municipality: str) -> Engine:
    """The same engine, with transactions that see one municipality. Raises ValueError when none is given."""
    if not municipality:
        raise ValueError("no municipality is set, so no row may be seen")
    return engine.execution_options(municipality=municipality)


def act_for(session: Session, municipality: str) -> None:
    """Names the municipality of a transaction that began before it was known: at sign-in, and by nobody else."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT set_config(:name, :value, true)"), {"name": SETTING, "value": municipality})


def take_stock(session: Session) -> None:
    """Tells PostgreSQL how much a bulk load put into its tables. It finds that out by itself, but minutes later, and
    plans as for empty tables until then."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT weegschaal_take_stock()"))


def _sqlite_prepared(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY * 1000}",
        "cache_size=-65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begun(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes") else "BEGIN")


def _postgresql_begun(connection: Connection) -> None:
    """For this transaction only (SET LOCAL): the pool's next user starts without a municipality."""
    municipality = connection.get_execution_options().get("municipality")
    if municipality:
        connection.exec_driver_sql(f"SELECT set_config('{SETTING}', %s, true)", (municipality,))


def _postgresql_returned(_driver: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _postgresql_lent(driver: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Tries a connection that rested; the pool takes another, and drops its like, when it is gone. Trying each time
    took two of the ten round trips of a request."""
    if time.monotonic() - record.info.get("used", time.monotonic()) < RESTED:
        return
    try:
        driver.execute("SELECT 1")
        driver.rollback()
    except psycopg.OperationalError as error:
        raise DisconnectionError("PostgreSQL ended this connection") from error


def _postgresql_refused(met: ExceptionContext) -> None:
    """Text of PostgreSQL holds no NUL: that is for who sent it to hear, and no error of the service."""
    if isinstance(met.original_exception, psycopg.DataError) and "NUL" in str(met.original_exception):
        raise UnkeepableError("a text holds the character NUL, which cannot be kept; leave it out")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A transaction that may write: it is committed when the block ends, rolled back when it raises.

    Its entries of the log are written last. Raises LogUnavailableError when they cannot be; then nothing is kept.
    """
    with _turn(engine), engine.connect() as connection:
        connection.info["writes"] = True
        try:
            with (
                connection.begin(),
                audit.Logging(bind=connection, join_transaction_mode="conditional_savepoint") as session,
            ):
                yield session
                session.flush()
                audit.settle(session, ends=True)
        finally:
            connection.info.pop("writes", None)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """SQLite lets one write at a time, and who waits asks again now and then: among many, somebody may wait half a
    minute and be refused. The writers of one process wait in line here instead, and only processes meet in SQLite."""
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        yield
        return
    line = _line(str(engine.url))
    mine = line.acquire(timeout=BUSY)
    try:
        yield
    finally:
        if mine:
            line.release()


@cache
def _line(_url: str) -> threading.Lock:
    return threading.Lock()


def ask(session: Session, query: Select[*tuple[Any, ...]], **values: Any) -> Result[*tuple[Any, ...]]:
    """Rows of a question for columns, in the session's transaction. The session would look for objects to keep among
    them, which takes as long as a short question itself."""
    session.flush()
    return session.connection().execute(query, values)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A transaction that only reads."""
    with Session(engine) as session:
        yield session
