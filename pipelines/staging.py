"""Deliveries as a table that SQL can check: records through Arrow, stock files as the engine reads them.

A staged relation has the contract's delivered columns as they came, and `_at`, `_delivery`, `_municipality`,
`_known_at`, `_withdrawn`, `_flags`, and `_odd`: which of the envelope's own columns cannot be read.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.records import ADDRESS_COLUMNS, CONTRACTS, Contract, PartialDate, contract_named
from pipelines.arrivals import Arrival
from pipelines.sources.reading import Extract, Found, Quarantined, RefusedError

ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "VARCHAR[]": pa.list_(pa.string()),
    "TIMESTAMP": pa.timestamp("us"),
}
WORDS = {
    "VARCHAR": "text",
    "BIGINT": "a whole number",
    "BOOLEAN": "true or false",
    "DATE": "a date (yyyy-mm-dd)",
    "DOUBLE": "a number",
    "VARCHAR[]": "a list",
    "TIMESTAMP": "a moment",
}
STAGED = {
    "_at": "VARCHAR",
    "_delivery": "VARCHAR",
    "_municipality": "VARCHAR",
    "_known_at": "TIMESTAMP",
    "_withdrawn": "BOOLEAN",
    "_flags": "VARCHAR[]",
    "_odd": "VARCHAR",
}
CSV_SAMPLE = 1 << 20
AT_HAND = 64 << 20
"""bytes of a stock file up to which the engine keeps its rows: text is parsed once instead of for every question"""
CONTRACT_OF = {contract.record: contract for contract in CONTRACTS.values()}


@dataclass(frozen=True)
class Staged:
    """A relation in DuckDB, named or as SQL, that holds what came of one contract."""

    contract: Contract
    relation: str
    columns: dict[str, str]
    """delivered columns that are there, and the type they came in"""
    stock: Arrival | None = None
    """a bulk extract has one arrival, numbered rows, an error budget, and identifiers to be looked at closely"""
    header_lines: int = 0
    """lines of a CSV before its first row"""
    at_hand: bool = True
    """small enough for the engine to keep its rows"""
    query: str = ""
    """of a stock file: the SELECT over the file that the relation is"""
    judged: bool = False
    """the relation says itself of each row what is broken (checks_on_spark.py)"""

    @property
    def good(self) -> str:
        """The relation of the rows that keep their contract."""
        return f"good_{self.relation}"


def of_contract(arrivals: Sequence[Arrival]) -> dict[str, list[tuple[Arrival, Found]]]:
    """Found records under the name of their contract, in order of arrival."""
    sorted_out: dict[str, list[tuple[Arrival, Found]]] = defaultdict(list)
    for arrival in arrivals:
        for found in arrival.reading.records:
            sorted_out[CONTRACT_OF[type(found.record)].name].append((arrival, found))
    return dict(sorted_out)


def stage_records(
    connection: Any, name: str, found: Sequence[tuple[Arrival, Found]]
) -> tuple[Staged, list[tuple[Arrival, Quarantined]]]:
    """Stage records of contract `name` as `records_<name>`. What no column can hold is quarantined, not raised."""
    contract = contract_named(name)
    types = {column.name: column.type for column in contract.delivered_columns}
    rows = [_flat(types, arrival, one) for arrival, one in found]
    odd: dict[int, tuple[str, str]] = {}
    arrays = {column: _array(column, kind, rows, odd) for column, kind in {**STAGED, **types}.items()}
    table = pa.table(arrays)
    if odd:
        table = table.filter(pa.array([place not in odd for place in range(len(rows))]))
    relation = f"records_{name}"
    connection.register(relation, table)
    quarantined = [
        (found[place][0], Quarantined(found[place][1].at, column, reason, name, repr(found[place][1].record)))
        for place, (column, reason) in sorted(odd.items())
    ]
    return Staged(contract, relation, types), quarantined


def _flat(types: dict[str, str], arrival: Arrival, found: Found) -> dict[str, Any]:
    record = found.record
    row: dict[str, Any] = {
        "_at": found.at,
        "_delivery": arrival.delivery,
        "_municipality": arrival.municipality,
        "_known_at": arrival.received_at,
        "_withdrawn": record.withdrawn,
        "_flags": list(record.flags),
    }
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if f"{field.name}_earliest" in types:
            row[f"{field.name}_earliest"] = value.earliest if isinstance(value, PartialDate) else value
            row[f"{field.name}_latest"] = value.latest if isinstance(value, PartialDate) else value
        elif f"{field.name}_street" in types:
            for part in ADDRESS_COLUMNS:
                row[f"{field.name}_{part}"] = None if value is None else getattr(value, part)
        elif field.name in types:
            row[field.name] = list(value) if isinstance(value, tuple) else value
    return row


def _array(column: str, kind: str, rows: list[dict[str, Any]], odd: dict[int, tuple[str, str]]) -> Any:
    values = [row.get(column) for row in rows]
    try:
        return pa.array(values, ARROW[kind])
    except (TypeError, ValueError, OverflowError):
        for place, value in enumerate(values):
            try:
                pa.array([value], ARROW[kind])
            except (TypeError, ValueError, OverflowError):
                odd.setdefault(place, (column, f"is not {WORDS[kind]}"))
                values[place] = None
        return pa.array(values, ARROW[kind])


def stage_extract(connection: Any, arrival: Arrival, extract: Extract, relation: str) -> Staged:
    """Stage a stock file as `relation`. Raises RefusedError when its columns are not those of the contract."""
    contract = contract_named(extract.contract)
    if set(str(extract.path.resolve())) & set("*?["):
        raise RefusedError("the file's name or folder holds *, ? or [, which stand for other files; rename it")
    types, source, at, header = (_csv if extract.format == "csv" else _parquet)(connection, extract.path.resolve())
    delivered = {column.name: column for column in contract.delivered_columns}
    missing = [name for name, column in delivered.items() if column.required and name not in types]
    if missing:
        raise RefusedError(f"contract {contract.name} needs column {missing[0]}, which the file does not have")
    extra = [name for name in types if name not in {*delivered, "flags", "withdrawn", "known_at"}]
    if extra:
        raise RefusedError(f"contract {contract.name} has no column {extra[0]!r}")
    known = _moment(arrival.received_at)
    chosen = ", ".join(f'"{name}"' for name in types if name in delivered)
    moment = "TRY_CAST(known_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC'" if "known_at" in types else "NULL"
    taken_back = "TRY_CAST(withdrawn AS BOOLEAN)" if "withdrawn" in types else "NULL"
    listed = as_list("flags", types["flags"]) if "flags" in types else "NULL"
    envelope = {"known_at": moment, "withdrawn": taken_back, "flags": listed}
    odd = " ".join(f"WHEN {n} IS NOT NULL AND {sql} IS NULL THEN '{n}'" for n, sql in envelope.items() if n in types)
    at_hand = arrival.path.stat().st_size <= AT_HAND
    form = "TABLE" if at_hand and extract.format == "csv" else "VIEW"
    query = (
        f"SELECT {chosen}, '{arrival.delivery}' AS _delivery, "
        f"'{arrival.municipality}' AS _municipality, coalesce({moment}, {known}) AS _known_at, "
        f"coalesce({taken_back}, false) AS _withdrawn, {f'CASE {odd} END' if odd else 'NULL::VARCHAR'} AS _odd, "
        f"coalesce({listed}, []::VARCHAR[]) AS _flags, {at} AS _at FROM {source}"
    )
    connection.execute(f"CREATE OR REPLACE TEMP {form} {relation} AS {query}")
    came = {n: t for n, t in types.items() if n in delivered}
    return Staged(contract, relation, came, arrival, header, at_hand, query)


def as_list(column: str, kind: str) -> str:
    """SQL that reads a list: a real one, `[a, b]`, or `a|b`."""
    if kind.endswith("[]"):
        return f'TRY_CAST("{column}" AS VARCHAR[])'
    return (
        f'CASE WHEN "{column}" LIKE \'[%\' THEN TRY_CAST("{column}" AS VARCHAR[]) '
        f"ELSE string_split(\"{column}\", '|') END"
    )


def _moment(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def quoted(path: Path) -> str:
    """A path as an SQL literal."""
    return "'" + str(path).replace("'", "''") + "'"


def _parquet(connection: Any, path: Path) -> tuple[dict[str, str], str, str, int]:
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(path)})").fetchall()
    source = f"read_parquet({quoted(path)}, file_row_number = true)"
    return {name: str(kind) for name, kind, *_ in described}, source, "file_row_number + 1", 0


def _csv(connection: Any, path: Path) -> tuple[dict[str, str], str, str, int]:
    """Everything as text: whether it can be cast is a check like any other. Lines that do not fit the header go to
    DuckDB's reject tables, with their line number."""
    with path.open("r", encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline(CSV_SAMPLE)
        skip = int(first.startswith("#"))
        header = file.readline(CSV_SAMPLE) if skip else first
    delimiter = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip() for name in next(csv.reader([header.strip("\r\n")], delimiter=delimiter), [])]
    if not names or len(set(names)) != len(names):
        raise RefusedError("the header of the CSV is empty or names a column twice")
    columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in names)
    source = (
        f"read_csv({quoted(path)}, columns = {{{columns}}}, auto_detect = false, header = true, skip = {skip}, "
        f"delim = '{delimiter}', quote = '\"', escape = '\"', nullstr = '', strict_mode = true, store_rejects = true)"
    )
    return dict.fromkeys(names, "VARCHAR"), source, "row_number() OVER ()", skip + 1
