"""How hard the properties are tried: the same few examples in every `make test`, new ones in `make proof`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import databases

settings.register_profile("short", derandomize=True, database=None)
settings.register_profile("proof", settings.get_profile("default"), print_blob=True)
settings.load_profile("proof" if os.environ.get("WEEGSCHAAL_PROOF") == "1" else "short")


@pytest.fixture(scope="session", autouse=True)
def database_server() -> Iterator[None]:
    """Whatever PostgreSQL the tests started ends with them."""
    yield
    databases.stop()
