"""Deliveries on disk: a folder per municipality and month of receipt, stock as Parquet extracts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.province.months import END_DAY, day_of
from pipelines.province.rows import Rows
from pipelines.province.world import AS_OF, World

LAST_MONTH = day_of(AS_OF.replace(month=AS_OF.month - 1)) * 86400
END = END_DAY * 86400
BACKFILL_FOLDER, FLOW_FOLDER = "2026-09", "2026-10"
RECEIVED = {BACKFILL_FOLDER: "2026-10-01T04:00:00Z", FLOW_FOLDER: "2026-10-31T22:00:00Z"}
FLOWING = frozenset({"benefits", "payments", "incomes", "signals", "stays", "claims", "outcomes", "bookings"})
"""Contracts that the municipality gets every month; of the others the last month is not delivered yet."""


def open_folder(folder: Path, world: World, municipality: int, name: str) -> Path:
    """The delivery folder of a municipality and month, with its `delivery.json`."""
    code = world.municipalities[municipality].code
    place = folder / code / name
    if not place.is_dir():
        place.mkdir(parents=True)
        about = {"municipality": code, "received_at": RECEIVED[name]}
        (place / "delivery.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
    return place


def write_extracts(folder: Path, world: World, rows: Rows, sent_apart: np.ndarray[Any, Any]) -> int:
    """Write one contract's rows, split by municipality and by whether they came in the last month. Rows known on or
    after the last day are nobody's yet. `sent_apart` marks rows that go as messages. Gives the number written."""
    wanted = rows.known < END
    recent = rows.known >= LAST_MONTH
    if rows.contract not in FLOWING:
        wanted &= ~recent
    wanted &= ~sent_apart
    part = rows.municipality * 2 + recent
    keep = np.flatnonzero(wanted)
    keep = keep[np.lexsort((rows.known[keep], part[keep]))]
    table = _table(rows.take(keep))
    bounds = np.searchsorted(part[keep], np.arange(2 * len(world.municipalities) + 1))
    for number in range(2 * len(world.municipalities)):
        low, high = int(bounds[number]), int(bounds[number + 1])
        if low == high:
            continue
        name = FLOW_FOLDER if number % 2 else BACKFILL_FOLDER
        place = open_folder(folder, world, number // 2, name)
        pq.write_table(
            table.slice(low, high - low), place / f"{rows.contract}.parquet", compression="zstd", compression_level=1
        )
    return len(keep)


def _table(rows: Rows) -> Any:
    columns = dict(rows.columns)
    if rows.withdrawn is not None:
        columns["withdrawn"] = pa.array(rows.withdrawn)
    columns["known_at"] = pa.array(rows.known.astype("datetime64[s]").astype("datetime64[us]"))
    table = pa.table(columns)
    return table.replace_schema_metadata({"weegschaal.contract": rows.contract})


def write_all(
    folder: Path, world: World, tables: Iterable[Rows], sent_apart: Mapping[str, np.ndarray[Any, Any]]
) -> dict[str, int]:
    """Write every contract, but for the rows sent as messages; gives rows per contract."""
    return {rows.contract: write_extracts(folder, world, rows, sent_apart[rows.contract]) for rows in tables}
