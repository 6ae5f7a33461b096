"""Work in stages: every step's rows are cast to their declared types and kept as one Parquet file.

One giant expression repeats shared work (117 kB of SQL, measured); stages do not. The cast at the write is needed
because Ibis drops a cast that its own types call superfluous while the engine disagrees (date minus interval).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import ibis

from features.records import ENVELOPE, contract_named

RECORD_TIME = ("municipality", "known_at", "withdrawn")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


class Stages:
    """A DuckDB through Ibis with a folder of its own for the stages, removed on leaving."""

    def __init__(self, folder: Path, parts: Mapping[str, Sequence[Path]]) -> None:
        self.folder = folder
        self._parts = parts
        self._views = 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._duckdb: Any = duckdb.connect()
        self._duckdb.execute("SET temp_directory = ?", [str(folder / "spill")])
        self._duckdb.execute("SET TimeZone = 'UTC'")
        self._duckdb.execute("SET preserve_insertion_order = false")
        self._ibis: Any = ibis.duckdb.from_connection(self._duckdb)

    def __enter__(self) -> Stages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._duckdb.close()
        shutil.rmtree(self.folder)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def keep(self, name: str, rows: Any) -> Any:
        """Run the expression, write its rows to the stage's file and give the table that reads it."""
        casts = ", ".join(
            f'CAST("{column}" AS {_duckdb_type(kind)}) AS "{column}"' for column, kind in rows.schema().items()
        )
        self._duckdb.execute(
            f"COPY (SELECT {casts} FROM ({ibis.to_sql(rows, dialect='duckdb')}))"
            f" TO {_quoted(self.path(name))} (FORMAT parquet, COMPRESSION lz4)"
        )
        return self.table(name, [self.path(name)])

    def given(self, name: str, rows: Any) -> Any:
        """A pyarrow table as a table of the engine."""
        self._duckdb.register(f"given_{name}", rows)
        self._duckdb.execute(f'CREATE TABLE "{name}" AS SELECT * FROM "given_{name}"')
        self._duckdb.unregister(f"given_{name}")
        return self._ibis.table(name)

    def table(self, name: str, paths: Sequence[Path]) -> Any:
        self._duckdb.execute(f'CREATE OR REPLACE VIEW "{name}" AS SELECT * FROM {_scan(paths)}')
        return self._ibis.table(name)

    def lake(self, contract: str, columns: Sequence[str]) -> Any:
        """The contract's rows in the lake with these columns, record time and municipality.

        A contract without parts is a table without rows; a column that older parts lack is NULL there.
        """
        types = {one.name: one.type for one in (*contract_named(contract).lake_columns, *ENVELOPE)}
        wanted = [*dict.fromkeys((*columns, *RECORD_TIME))]
        paths = list(self._parts.get(contract, ()))
        there: set[str] = set()
        if paths:
            described = self._duckdb.execute(f"DESCRIBE SELECT * FROM {_scan(paths)}").fetchall()
            there = {row[0] for row in described}
        selected = ", ".join(
            f'CAST({f"{chr(34)}{one}{chr(34)}" if one in there else "NULL"} AS {types[one]}) AS "{one}"'
            for one in wanted
        )
        origin = _scan(paths) if paths else "(SELECT 1) WHERE false"
        self._views += 1
        name = f"lake_{contract}_{self._views}"
        self._duckdb.execute(f'CREATE VIEW "{name}" AS SELECT {selected} FROM {origin}')
        return self._ibis.table(name)

    def arrow(self, rows: Any) -> Any:
        """The rows of an expression as a pyarrow table."""
        return self._duckdb.sql(ibis.to_sql(rows, dialect="duckdb")).to_arrow_table()


def _scan(paths: Sequence[Path]) -> str:
    files = ", ".join(_quoted(path) for path in sorted(paths))
    return f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"


def _duckdb_type(kind: Any) -> str:
    from ibis.backends.sql.datatypes import DuckDBType

    return str(DuckDBType.to_string(kind))
