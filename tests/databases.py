"""On which database the service's tests run: SQLite, or PostgreSQL with WEEGSCHAAL_TEST_DATABASE=postgresql.

On PostgreSQL the tests of the rooms use the role that sees all municipalities, because they fill and look everywhere;
what the service's own role may see is tested in tests/postgres.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgres.server import Server

ON_POSTGRESQL = os.environ.get("WEEGSCHAAL_TEST_DATABASE") == "postgresql"
on_sqlite = pytest.mark.skipif(ON_POSTGRESQL, reason="about SQLite's file")
_made: dict[Path, str] = {}
_open = ExitStack()


@cache
def the_server() -> Server:
    """The one PostgreSQL of this test run. Skips where there is none; stopped by tests/conftest.py."""
    from tests.postgres.server import binaries, running

    if binaries() is None:
        pytest.skip("no PostgreSQL on this machine; install it with apt-get install postgresql")
    return _open.enter_context(running())


def stop() -> None:
    _open.close()


def database_url(file: Path) -> str:
    """SQLite in this file, or the PostgreSQL database that stands for it in this test run."""
    if not ON_POSTGRESQL:
        return f"sqlite:///{file}"
    if file not in _made:
        _made[file] = the_server().database().pipeline
    return _made[file]
