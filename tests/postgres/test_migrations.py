"""The same migrations make the same tables on PostgreSQL; only its owner runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from enforcement import migrations
from enforcement.database import connected, engine_of
from enforcement.migrations import SchemaError, differences, head, migrate, revision
from tests.enforcement.test_migrations import columns, later
from tests.postgres.server import Server


def test_tables_and_migrations_agree(server: Server, tmp_path: Path) -> None:
    engine = connected(server.empty())
    migrate(engine, versions=shutil.copytree(migrations.VERSIONS, tmp_path / "versions"))
    with engine.connect() as connection:
        assert differences(connection) == []


def test_a_new_database_is_like_a_migrated_one(server: Server) -> None:
    with engine_of(server.database().owner).connect() as connection:
        assert differences(connection) == []


def test_the_service_refuses_a_database_that_nobody_migrated(server: Server) -> None:
    url = server.empty()
    with pytest.raises(SchemaError, match="weegschaal migrate"):
        engine_of(url)
    assert not inspect(connected(url)).has_table("case")


def test_up_and_back(server: Server, tmp_path: Path) -> None:
    engine = connected(server.database().owner)
    versions = later(tmp_path)
    for to, there in (("head", True), (head(), False)):
        migrate(engine, to, versions=versions)
        assert ("telephone" in columns(engine, "event")) == there
        with engine.connect() as connection:
            walled = "SELECT count(*) FROM pg_policies WHERE tablename = 'event'"
            assert connection.scalar(text(walled)) == 2
    assert revision(engine) == head()
    migrate(engine, "base", versions=versions)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
