"""One server for all tests here; a database for each."""

from __future__ import annotations

import pytest

from tests.databases import the_server
from tests.postgres.server import Database, Server


@pytest.fixture(scope="session")
def server() -> Server:
    return the_server()


@pytest.fixture
def database(server: Server) -> Database:
    return server.database()
