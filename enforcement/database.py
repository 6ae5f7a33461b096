"""The one door to the database: an engine that is set up safely, and a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

from enforcement.tables import Base


@lru_cache(maxsize=8)
def engine_of(url: str) -> Engine:
    """An engine for `url` with all tables present. SQLite gets WAL, full sync, foreign keys, a 30 s busy time and
    64 MiB of cache: random keys land all over their table."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite" and place.database not in (None, "", ":memory:"):
        Path(place.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, future=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "busy_timeout=30000",
                "cache_size=-65536",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes") else "BEGIN")

    Base.metadata.create_all(engine)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A transaction that may write: it is committed when the block ends, rolled back when it raises."""
    with engine.connect() as connection:
        connection.info["writes"] = True
        try:
            with connection.begin(), Session(bind=connection, join_transaction_mode="conditional_savepoint") as session:
                yield session
                session.flush()
        finally:
            connection.info.pop("writes", None)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A transaction that only reads."""
    with Session(engine) as session:
        yield session
