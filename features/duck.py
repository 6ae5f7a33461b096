"""Stages on DuckDB, in this process: the default."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa

WRITTEN = "COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1000"
"""a stage is read at once and thrown away: packing it, or a dictionary of a million values, costs more than it saves"""


class Duck:
    """A DuckDB of its own through Ibis, that spills to `spill` above WEEGSCHAAL_MEMORY (2GB by default)."""

    def __init__(self, spill: Path) -> None:
        self._views = 0
        self._duckdb: Any = duckdb.connect()
        self._duckdb.execute("SET enable_progress_bar = false")  # it would stand between the words of an answer
        self._duckdb.execute("SET memory_limit = ?", [os.environ.get("WEEGSCHAAL_MEMORY", "2GB")])
        self._duckdb.execute("SET temp_directory = ?", [str(spill)])
        self._duckdb.execute("SET TimeZone = 'UTC'")
        self._duckdb.execute("SET preserve_insertion_order = false")
        self._duckdb.execute("SET parquet_metadata_cache = true")  # a part is opened for several questions
        # It hashes the smaller side of a join, but takes incomes after a few conditions for fewer than the members.
        # As it is written, the right side is hashed: the smaller one stands there.
        self._duckdb.execute("SET disabled_optimizers = 'build_side_probe_side'")
        self._ibis: Any = ibis.duckdb.from_connection(self._duckdb)

    def write(self, rows: Any, path: Path, *, numbered: bool = False) -> Any:
        casts = ", ".join(
            f'CAST("{column}" AS {_duckdb_type(kind)}) AS "{column}"' for column, kind in rows.schema().items()
        )
        self._duckdb.execute(
            f"COPY (SELECT {casts} FROM ({self._ibis.compile(rows)})) TO {_quoted(path)} (FORMAT parquet, {WRITTEN})"
        )
        # Told, not asked of the engine, which would open the file once more for it.
        types = {column: kind(nullable=True) for column, kind in rows.schema().items()}
        if numbered:
            origin = f"read_parquet({_quoted(path)}, file_row_number = true)"
            query = f"SELECT * EXCLUDE (file_row_number), file_row_number AS number FROM {origin}"
            return ibis.table({**types, "number": "int64"}, self._view(query))
        return ibis.table(types, self._view(f"SELECT * FROM {_scan([path])}"))

    def scan(self, paths: Sequence[Path]) -> Any:
        return self._ibis.table(self._view(f"SELECT * FROM {_scan(paths)}"))

    def declared(self, paths: Sequence[Path], types: Mapping[str, str]) -> Any:
        there: set[str] = set()
        if paths:
            there = {row[0] for row in self._duckdb.execute(f"DESCRIBE SELECT * FROM {_scan(paths)}").fetchall()}
        selected = ", ".join(
            f'CAST({f"{chr(34)}{one}{chr(34)}" if one in there else "NULL"} AS {kind}) AS "{one}"'
            for one, kind in types.items()
        )
        origin = _scan(paths) if paths else "(SELECT 1) WHERE false"
        told = {one: _ibis_type(kind) for one, kind in types.items()}
        return ibis.table(told, self._view(f"SELECT {selected} FROM {origin}"))

    def arrow(self, rows: Any, path: Path) -> pa.Table:
        return self._duckdb.sql(self._ibis.compile(rows)).to_arrow_table()

    def close(self) -> None:
        self._duckdb.close()

    def _view(self, query: str) -> str:
        self._views += 1
        name = f"view_{self._views}"
        self._duckdb.execute(f'CREATE VIEW "{name}" AS {query}')
        return name


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _scan(paths: Sequence[Path]) -> str:
    files = ", ".join(_quoted(path) for path in sorted(paths))
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def _ibis_type(kind: str) -> Any:
    from ibis.backends.sql.datatypes import DuckDBType

    return DuckDBType.from_string(kind)


def _duckdb_type(kind: Any) -> str:
    from ibis.backends.sql.datatypes import DuckDBType

    return str(DuckDBType.to_string(kind))
