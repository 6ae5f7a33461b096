"""One server for all tests here; a database for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres.server import Database, Server, binaries, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if binaries() is None:
        pytest.skip("no PostgreSQL on this machine; install it with apt-get install postgresql")
    with running() as started:
        yield started


@pytest.fixture
def database(server: Server) -> Database:
    return server.database()
