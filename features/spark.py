"""Stages on Spark: the same declarations on a session of this machine, a Connect address or a standalone master.

Every stage is a folder of Parquet files, and what goes in or comes out of a run is one too: the folder of the service
must be a path that the executors see under the same name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

ADDRESSES = re.compile(r"local\[(\d+|\*)\]|sc://\S+|spark://\S+")
LOCAL_PARTITIONS = "8"
"""of a shuffle on one machine; 200, the default, is mostly overhead there"""
SAME_EVERYWHERE = {
    "spark.sql.session.timeZone": "UTC",
    # An overflow or a division by zero is an error, not a NULL.
    "spark.sql.ansi.enabled": "true",
}
TYPES = {
    "VARCHAR": "STRING",
    "BIGINT": "BIGINT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DOUBLE": "DOUBLE",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "VARCHAR[]": "ARRAY<STRING>",
}
"""A contract's type and Spark's"""

_numbers = count()


def session() -> Any:
    """The session at WEEGSCHAAL_SPARK, `local[2]` by default; one per process.

    A session of this machine gets the memory of WEEGSCHAAL_MEMORY. Other settings come from Spark's own
    `spark-defaults.conf` (SPARK_CONF_DIR), or stand at the Connect server. Raises ValueError for an address that is
    none, RuntimeError without the library or when there is no Spark at the address.
    """
    address = os.environ.get("WEEGSCHAAL_SPARK") or "local[2]"
    if not ADDRESSES.fullmatch(address):
        raise ValueError(f"WEEGSCHAAL_SPARK is {address!r}; set it to local[2], sc://host:15002 or spark://host:7077")
    return opened(address, os.environ.get("WEEGSCHAAL_MEMORY", "2GB"))


@cache
def opened(address: str, memory: str) -> Any:
    """The session at this address; asked again, the same one."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise RuntimeError("Spark is not installed; add the extra: uv sync --extra spark") from error
    builder: Any = SparkSession.builder.appName("weegschaal")
    builder = builder.remote(address) if address.startswith("sc://") else builder.master(address)
    if address.startswith("local"):
        settings = {
            "spark.driver.memory": re.sub(r"i?B$", "", memory, flags=re.IGNORECASE),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": LOCAL_PARTITIONS,
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
    try:
        made = builder.getOrCreate()
        for name, value in SAME_EVERYWHERE.items():
            made.conf.set(name, value)
    except PySparkException as error:
        raise RuntimeError(f"there is no Spark at {address}: {error}; see docs/spark.md") from error
    return made


def written(query: str, files: Mapping[str, Path], to: Path) -> None:
    """Run Spark's SQL over Parquet files, each a table under its name with `file_row_number` beside its columns (from
    0), and write the rows as a folder of Parquet files, in the order of a file where nothing shuffles them.

    Raises RuntimeError when Spark cannot read, run or write.
    """
    at = session()
    from pyspark.errors import PySparkException

    try:
        for name, path in files.items():
            rows = at.read.parquet(_read_from(path)).selectExpr("*", "_metadata.row_index AS file_row_number")
            rows.createOrReplaceTempView(name)
        at.sql(query).write.mode("overwrite").parquet(_written_to(to))
    except PySparkException as error:
        said = str(error).strip().splitlines()[0]
        raise RuntimeError(f"Spark could not do it: {said}; see docs/spark.md on storage") from error
    finally:
        for name in files:
            at.catalog.dropTempView(name)


def _written_to(path: Path) -> str:
    """A path as Spark takes it: it reads no percent signs in it."""
    return f"file://{path.absolute()}"


def _read_from(path: Path) -> str:
    """The same for reading, where it takes some characters for patterns."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", _written_to(path))


class Spark:
    """A Spark session through Ibis. Tables are views of the session; `close` drops those made here."""

    def __init__(self, at: Any) -> None:
        self._session = at
        self._ibis: Any = ibis.pyspark.connect(at)
        self._views: list[str] = []

    def write(self, rows: Any, path: Path, *, numbered: bool = False) -> Any:
        types = {name: _spark_type(kind) for name, kind in rows.schema().items()}
        casts = ", ".join(f"CAST(`{name}` AS {kind}) AS `{name}`" for name, kind in types.items())
        if numbered:
            casts += ", monotonically_increasing_id() AS `number`"
            types["number"] = "BIGINT"
        query = f"SELECT {casts} FROM ({self._ibis.compile(rows)})"
        self._session.sql(query).write.mode("overwrite").parquet(_written_to(path))
        return self._read([path], types)

    def scan(self, paths: Sequence[Path]) -> Any:
        return self._view(self._session.read.parquet(*(_read_from(path) for path in paths)))

    def declared(self, paths: Sequence[Path], types: Mapping[str, str]) -> Any:
        return self._read(paths, {name: TYPES[kind] for name, kind in types.items()})

    def arrow(self, rows: Any, path: Path) -> pa.Table:
        self.write(rows, path)
        return pq.read_table(path).replace_schema_metadata()

    def close(self) -> None:
        for name in self._views:
            self._session.catalog.dropTempView(name)

    def _read(self, paths: Sequence[Path], types: Mapping[str, str]) -> Any:
        schema = ", ".join(f"`{name}` {kind}" for name, kind in types.items())
        if not paths:
            return self._view(self._session.createDataFrame([], schema))
        return self._view(self._session.read.schema(schema).parquet(*(_read_from(path) for path in sorted(paths))))

    def _view(self, frame: Any) -> Any:
        name = f"weegschaal_{next(_numbers)}"
        frame.createOrReplaceTempView(name)
        self._views.append(name)
        return self._ibis.table(name)


def _spark_type(kind: Any) -> str:
    from ibis.backends.sql.datatypes import PySparkType

    return str(PySparkType.to_string(kind))
