"""One made-up service per test."""

from __future__ import annotations

from pathlib import Path

import pytest

from enforcement.settings import Settings
from tests.api.builders import fill


@pytest.fixture
def made_up(tmp_path: Path) -> Settings:
    return fill(tmp_path)
