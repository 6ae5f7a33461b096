"""Bulk extracts: Parquet or CSV whose columns are a contract's own. Described here, read by the engine.

The file says its contract in the Parquet key `weegschaal.contract`, in a first CSV line
`# weegschaal contract=<name> version=1`, or by its name: `<contract>.parquet`, `<contract>-2024-01.csv`.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.records import CONTRACTS, Contract
from pipelines.sources.reading import Extract, Reading, RefusedError

SOURCE = "extract"
ENVELOPE = ("flags", "withdrawn", "known_at")
"""columns that any extract may carry beside those of its contract"""
_KEY = b"weegschaal.contract"
_FIRST_LINE = re.compile(r"#\s*weegschaal\s+contract=([a-z_]+)\s+version=(\d+)\s*", re.ASCII)
_NAME = re.compile(r"([a-z_]+)(?:-[^/]*)?\.(?:parquet|csv)", re.ASCII)


def recognises(path: Path, head: bytes) -> bool:
    if head[:4] == b"PAR1":
        return True
    lines = _lines(head)
    if _FIRST_LINE.fullmatch(lines[0].strip(" ;,")):
        return True
    named = _by_name(path)
    return named is not None and bool({column.name for column in named.delivered_columns} & set(_names(lines[0])))


def read(path: Path) -> Reading:
    """What the file is, checked by its header. Raises RefusedError when a column is unknown or a needed one absent."""
    with path.open("rb") as file:
        head = file.read(65536)
    parquet = head[:4] == b"PAR1"
    contract, version, names = _parquet(path) if parquet else _csv(path, head)
    if version != "1":
        raise RefusedError(f"{path.name}: version {version} of the extract; this reader knows version 1")
    known = [column.name for column in contract.delivered_columns]
    needed = [column.name for column in contract.delivered_columns if column.required]
    unknown = [name for name in names if name not in known and name not in ENVELOPE]
    absent = [name for name in needed if name not in names]
    if len(set(names)) < len(names):
        raise RefusedError(f"{path.name}: a column stands twice")
    if unknown:
        raise RefusedError(f"{path.name}: unknown columns {', '.join(unknown)}; {contract.name} has {', '.join(known)}")
    if absent:
        raise RefusedError(f"{path.name}: the columns {', '.join(absent)} of {contract.name} are absent")
    extract = Extract(contract=contract.name, path=path, format="parquet" if parquet else "csv")
    return Reading(source=SOURCE, schema_version=version, extract=extract)


def _parquet(path: Path) -> tuple[Contract, str, list[str]]:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError):
        raise RefusedError(f"{path.name}: begins as Parquet but cannot be read as such; deliver it again") from None
    metadata = schema.metadata or {}
    named = metadata.get(_KEY)
    contract = _known(path, named.decode("utf-8", errors="replace")) if named is not None else _by_name(path)
    if contract is None:
        raise RefusedError(
            f"{path.name}: which contract? Set the Parquet key weegschaal.contract or name the file "
            f"<contract>.parquet, with one of {', '.join(sorted(CONTRACTS))}"
        )
    version = metadata.get(b"weegschaal.version", b"1").decode("utf-8", errors="replace")
    return contract, version, list(schema.names)


def _csv(path: Path, head: bytes) -> tuple[Contract, str, list[str]]:
    lines = _lines(head)
    match = _FIRST_LINE.fullmatch(lines[0].strip(" ;,"))
    if match:
        return _known(path, match[1]), match[2], _names(lines[1] if len(lines) > 1 else "")
    contract = _by_name(path)
    if contract is None:
        raise RefusedError(f"{path.name}: the first line must be '# weegschaal contract=<name> version=1'")
    return contract, "1", _names(lines[0])


def _lines(head: bytes) -> list[str]:
    return [line.rstrip("\r") for line in head.decode("utf-8-sig", errors="replace").split("\n", 2)]


def _names(line: str) -> list[str]:
    """Column names of a header line, with ',' or ';' between."""
    delimiter = ";" if line.count(";") > line.count(",") else ","
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _known(path: Path, name: str) -> Contract:
    if name not in CONTRACTS:
        raise RefusedError(f"{path.name}: there is no contract {name!r}; there are {', '.join(sorted(CONTRACTS))}")
    return CONTRACTS[name]


def _by_name(path: Path) -> Contract | None:
    match = _NAME.fullmatch(path.name)
    return CONTRACTS.get(match[1]) if match else None
