"""The engine that stages run on, by a setting: DuckDB in this process, or Spark. The declarations are the same.

`WEEGSCHAAL_ENGINE` is `duckdb` (default) or `spark`; docs/spark.md says what Spark asks for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

ENGINES = ("duckdb", "spark")


class Engine(Protocol):
    """Runs Ibis expressions over Parquet files and writes their rows as Parquet. Types are SQL types of the contracts
    (`records.py`)."""

    def write(self, rows: Any, path: Path, *, numbered: bool = False) -> Any:
        """Run the expression, cast every column to the type that Ibis declares for it, write the rows below `path`, and
        give the table that reads them. With `numbered` it has a column more: `number`, another for each row."""

    def scan(self, paths: Sequence[Path]) -> Any:
        """The rows of Parquet files with equal columns as a table."""

    def declared(self, paths: Sequence[Path], types: Mapping[str, str]) -> Any:
        """These columns of Parquet files, in these types; one that a file lacks is NULL there. No files, no rows."""

    def arrow(self, rows: Any, path: Path) -> pa.Table:
        """The rows of an expression; `path` is free for an engine that hands rows over in files."""

    def close(self) -> None: ...


def named() -> str:
    """The engine that WEEGSCHAAL_ENGINE names. Raises ValueError for another name."""
    name = os.environ.get("WEEGSCHAAL_ENGINE") or "duckdb"
    if name not in ENGINES:
        raise ValueError(f"WEEGSCHAAL_ENGINE is {name!r}; set it to {' or '.join(ENGINES)}")
    return name


def chosen(spill: Path) -> Engine:
    """The engine of `named`. Raises what it raises and what the engine raises."""
    if named() == "duckdb":
        from features.duck import Duck

        return Duck(spill)
    from features.spark import Spark, session

    return Spark(session())
