"""Rows by chance for any contract, good ones and odd ones, as a stock file; and what the checks say of them."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.records import Contract
from pipelines.arrivals import Arrival
from pipelines.checks import good, withheld
from pipelines.checks_on_spark import checked_there
from pipelines.engine import connect
from pipelines.sources import extract
from pipelines.staging import ARROW, Staged, stage_extract

ROWS, ODD = 600, 0.1
MOMENT = dt.datetime(2026, 3, 1, 6)  # noqa: DTZ001 - UTC as stored
TEXTS = {
    "VARCHAR": "999990019|99999001|A1234567890|A123456789|999990019\n| 999990019|client|owner|é|'|\\|[a]|none|up|",
    "BIGINT": "7|0|-7|+7| 12 |007|12.50|12.|1e3|1_000|0x1F|12L||9999999999999999999|1 2|9223372036854775807|--7|"
    "9223372036854775808|-9223372036854775808|\t7|7\n|\u0661|NaN|1,000",
    "DATE": "2024-02-29|2023-02-29|2024/02/29|2024 02 29|24-02-0029|-024-02-29|0000-01-01|today|0001-01-01|9999-12-31|"
    "2024-2-29| 2024-2-29|2024-02-29 |2024-13-01|2024-02-29T00:00|epoch",
    "BOOLEAN": "true|FALSE|t|Y|no|1|0|2|on| true|yes |ja|true\n",
    "DOUBLE": "0.1|-1|1e5|1e-400|1e400|.5|5.|.|1.5d|1f|NaN|inf|-Infinity|0x1p3|1,5| 1.5 |1_0.5|1e|+2|"
    "0.30000000000000004",
}
NATIVE: dict[str, list[Any]] = {
    "VARCHAR": TEXTS["VARCHAR"].split("|"),
    "BIGINT": [7, 0, -7, 2**63 - 1, -(2**63)],
    "DATE": [dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1582, 10, 10)],
    "BOOLEAN": [True, False],
    "DOUBLE": [0.1, -0.0, 1e300, float("nan"), float("inf")],
    "VARCHAR[]": [[], ["a", None], ["a|b"]],
}


def some(contract: Contract, path: Path, texts: bool) -> Path:
    """Rows by chance, most values good and every column sometimes odd; as in the contract, or all as text."""
    chance = random.Random(contract.number)
    arrays = {}
    for column in contract.delivered_columns:
        as_text = texts and column.type in TEXTS
        pool: list[Any] = TEXTS[column.type].split("|") if as_text else NATIVE[column.type]
        named = re.findall("'(.*?)'", getattr(column.about, "check", None) or "")
        good = named[0] if named else pool[0]
        values = [chance.choice([None, *pool]) if chance.random() < ODD else good for _ in range(ROWS)]
        arrays[column.name] = pa.array(values, pa.string() if as_text else ARROW[column.type])
    moments = [chance.choice([None, dt.datetime(2026, 2, 1, 12, 0, 0, 123456, dt.UTC)]) for _ in range(ROWS)]
    arrays["known_at"] = pa.array(moments, pa.timestamp("us", "UTC"))
    arrays["withdrawn"] = pa.array([chance.choice([None, True, False]) for _ in range(ROWS)], pa.bool_())
    arrays["flags"] = pa.array([chance.choice([None, [], ["late"]]) for _ in range(ROWS)], pa.list_(pa.string()))
    pq.write_table(pa.table(arrays).replace_schema_metadata({"weegschaal.contract": contract.name}), path)
    return path


def staged_in(connection: Any, path: Path) -> Staged:
    """The file as the intake stages it."""
    read = extract.read(path)
    assert read.extract is not None
    return stage_extract(connection, Arrival(path, "0" * 64, "0917", MOMENT, read), read.extract, "stock_0")


def said_of(path: Path, folder: Path) -> dict[str, pa.Table]:
    """What the checks say of the file on the chosen engine: its good rows, and the withheld ones with every reason."""
    connection = connect(folder / "spill")
    staged = checked_there(connection, staged_in(connection, path), folder)
    kept, broken = good(staged), f"SELECT _at, _broken, _came::VARCHAR AS came FROM ({withheld(staged)})"
    return {
        name: connection.sql(f"SELECT * FROM ({query}) ORDER BY _at").to_arrow_table()
        for name, query in {"kept": kept, "broken": broken}.items()
    }
