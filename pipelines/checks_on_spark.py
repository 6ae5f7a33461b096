"""A stock file's checks on Spark: the contract's own SQL put in Spark's words, every row handed back as it was judged.

The service still reads CSV (quotes and torn lines are one reader's work) and gives out the numbers (one vault, one
transaction); Spark casts, applies every rule and says per row what is broken.
"""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from features.engine import named
from pipelines.checks import judged
from pipelines.staging import Staged, quoted

WHOLE = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT")
ALIKE = {
    *(("VARCHAR", kind) for kind in ("BIGINT", "DATE", "BOOLEAN", "DOUBLE")),
    *((kind, other) for kind in WHOLE for other in ("BIGINT", "DOUBLE", "VARCHAR")),
    ("DOUBLE", "BIGINT"),
    ("DATE", "VARCHAR"),
    ("TIMESTAMP", "DATE"),
}
"""(type as it came, type of the contract) that both engines cast alike, beside a type that is the contract's already"""
THERE = "came"


def checked_there(connection: Any, staged: Staged, aside: Path) -> Staged:
    """`staged` as Spark judged it, when WEEGSCHAAL_ENGINE is spark; what it wrote is below `aside`.

    A file with a column that the two engines would not cast alike (a list as text, a number where text is asked) is
    given back as it came: DuckDB checks it. Raises RuntimeError when Spark is not there or cannot do it.
    """
    if named() != "spark" or not _alike(staged):
        return staged
    from features.spark import written

    assert staged.stock is not None
    folder = aside / f"judged-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    rows, query = staged.stock.path.resolve(), f"({staged.query})"
    if not _readable(rows):
        rows, query = folder / "came.parquet", THERE
        connection.execute(f"COPY (SELECT * FROM {staged.relation}) TO {quoted(rows)} (FORMAT parquet)")
    asked = judged(dataclasses.replace(staged, relation=query))
    written(in_spark(asked), {THERE: rows}, folder / "judged")
    files = ", ".join(quoted(path) for path in sorted((folder / "judged").glob("*.parquet")))
    relation = f"{staged.relation}_judged"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT * FROM read_parquet([{files}])")
    return dataclasses.replace(staged, relation=relation, judged=True)


def in_spark(query: str) -> str:
    """DuckDB's SQL of the checks as Spark's; the file that it reads is the table `came`."""
    return str(sqlglot.parse_one(query, read="duckdb").transform(_put).sql(dialect="spark"))


def _put(node: exp.Expression) -> exp.Expression:
    """What sqlglot leaves as it is, or puts in words that mean something else."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.ReadParquet):
        return exp.to_table(THERE)
    if isinstance(node, exp.AtTimeZone):  # a moment of the session's zone, which is UTC, without its zone
        return exp.TryCast(this=node.this.this, to=exp.DataType.build("TIMESTAMPNTZ"), safe=True)
    if isinstance(node, exp.RegexpFullMatch):
        whole = exp.Literal.string(f"\\A(?:{node.expression.name})\\z")
        return exp.RegexpLike(this=node.this, expression=whole)
    return node


def _alike(staged: Staged) -> bool:
    types = {column.name: column.type for column in staged.contract.delivered_columns}
    return all(kind == types[name] or (kind, types[name]) in ALIKE for name, kind in staged.columns.items())


def _readable(path: Path) -> bool:
    """Whether Spark can read the file itself: Parquet whose moments, withdrawals and flags are just that."""
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return False
    schema = pq.read_schema(path)
    kinds = {name: schema.field(name).type for name in ("known_at", "withdrawn", "flags") if name in schema.names}
    return all(
        (pa.types.is_timestamp(kind) and kind.unit != "ns")
        if name == "known_at"
        else pa.types.is_boolean(kind)
        if name == "withdrawn"
        else pa.types.is_list(kind) and pa.types.is_string(kind.value_type)
        for name, kind in kinds.items()
    )
