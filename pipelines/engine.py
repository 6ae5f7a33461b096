"""DuckDB as the pipeline uses it: one place sets threads, memory and where it may spill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb


def connect(spill: Path, memory: str | None = None) -> Any:
    """An in-memory DuckDB that spills to `spill`. `memory` such as '2GB'; WEEGSCHAAL_MEMORY by default, else 2GB."""
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET memory_limit = '{memory or os.environ.get('WEEGSCHAAL_MEMORY', '2GB')}'")
    connection.execute("SET temp_directory = ?", [str(spill)])
    connection.execute("SET TimeZone = 'UTC'")
    return connection
