"""A small lake by hand: records as keyword arguments, written as Parquet parts with the contracts' columns."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.records import ENVELOPE, contract_named

TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR[]": pa.list_(pa.string()),
}
EARLY = dt.datetime(2020, 1, 1)  # noqa: DTZ001 record time is UTC without zone in the lake
HERE = "0917"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def stamp(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


class SmallLake:
    """Collects records; `parts` writes one file per call of `part`, and one for the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._parts: dict[str, list[Path]] = defaultdict(list)

    def add(self, contract: str, **values: Any) -> SmallLake:
        """One record. `start="2024-01-01"` fills both bounds of a partial date; dates and times may be text."""
        columns = {one.name: one.type for one in (*contract_named(contract).lake_columns, *ENVELOPE)}
        row: dict[str, Any] = {
            "municipality": HERE,
            "delivery": "d",
            "known_at": EARLY,
            "withdrawn": False,
            "flags": [],
        }
        for name, value in values.items():
            names = [name] if name in columns else [f"{name}_earliest", f"{name}_latest"]
            for one in names:
                if one not in columns:
                    raise KeyError(f"{contract} has no column {name}")
                if isinstance(value, str) and columns[one] == "DATE":
                    row[one] = day(value)
                elif isinstance(value, str) and columns[one] == "TIMESTAMP":
                    row[one] = stamp(value)
                else:
                    row[one] = value
        self._open[contract].append(row)
        return self

    def part(self) -> SmallLake:
        """Write what was added since the last part."""
        for contract, rows in self._open.items():
            columns = (*contract_named(contract).lake_columns, *ENVELOPE)
            schema = pa.schema([(one.name, TYPES[one.type]) for one in columns])
            path = self.folder / f"{contract}-{len(self._parts[contract])}.parquet"
            self.folder.mkdir(parents=True, exist_ok=True)
            full = [{name: row.get(name) for name in schema.names} for row in rows]
            pq.write_table(pa.Table.from_pylist(full, schema), path)
            self._parts[contract].append(path)
        self._open.clear()
        return self

    def parts(self) -> dict[str, list[Path]]:
        self.part()
        return {contract: list(paths) for contract, paths in self._parts.items()}


def client(lake: SmallLake, case: int, person: int, **values: Any) -> SmallLake:
    """A client on a benefit since 2022 with the norm of a single person."""
    usual = {
        "role": "client",
        "start": "2022-03-01",
        "norm": "single",
        "norm_cents": 136906,
        "cost_sharers": 0,
    }
    return lake.add("benefits", case_id=case, person_id=person, **{**usual, **values})


def cases_table(cases: Sequence[int], *dates: str, municipality: str = HERE) -> pa.Table:
    rows = [{"case_id": case, "municipality": municipality, "as_of": day(date)} for date in dates for case in cases]
    return pa.Table.from_pylist(
        rows, pa.schema([("case_id", pa.int64()), ("municipality", pa.string()), ("as_of", pa.date32())])
    )


def ages_table(bands: dict[int, str], *dates: str) -> pa.Table:
    rows = [{"person_id": person, "as_of": day(date), "band": band} for date in dates for person, band in bands.items()]
    return pa.Table.from_pylist(
        rows, pa.schema([("person_id", pa.int64()), ("as_of", pa.date32()), ("band", pa.string())])
    )


def rows_of(path: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """The matrix by (case, date)."""
    return {(row["case_id"], row["as_of"].isoformat()): row for row in pq.read_table(path).to_pylist()}
