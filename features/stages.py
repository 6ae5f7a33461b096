"""Work in stages: every step's rows are cast to their declared types and kept as Parquet.

One giant expression repeats shared work (117 kB of SQL, measured); stages do not. The cast at the write is needed
because Ibis drops a cast that its own types call superfluous while the engine disagrees (date minus interval).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.engine import chosen
from features.records import ENVELOPE, contract_named

RECORD_TIME = ("municipality", "known_at", "withdrawn")


class Stages:
    """The chosen engine with a folder of its own for the stages, removed on leaving."""

    def __init__(self, folder: Path, parts: Mapping[str, Sequence[Path]]) -> None:
        self.folder = folder
        self._parts = parts
        self._numbers = count()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._engine = chosen(folder / "spill")

    def __enter__(self) -> Stages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()
        shutil.rmtree(self.folder)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def apart(self, name: str) -> str:
        """The name with a number, for a stage of which there are several."""
        return f"{name}_{next(self._numbers)}"

    def keep(self, name: str, rows: Any, *, numbered: bool = False) -> Any:
        """Run the expression, write its rows to the stage and give the table that reads it; with `numbered`, `number`
        tells its rows apart."""
        return self._engine.write(rows, self.path(name), numbered=numbered)

    def given(self, name: str, rows: pa.Table) -> Any:
        """A pyarrow table as a table of the engine."""
        path = self.path(f"given-{name}")
        pq.write_table(rows, path)
        return self._engine.scan([path])

    def lake(self, contract: str, columns: Sequence[str]) -> Any:
        """The contract's rows in the lake with these columns, record time and municipality.

        A contract without parts is a table without rows; a column that older parts lack is NULL there.
        """
        types = {one.name: one.type for one in (*contract_named(contract).lake_columns, *ENVELOPE)}
        wanted = {one: types[one] for one in dict.fromkeys((*columns, *RECORD_TIME))}
        return self._engine.declared(list(self._parts.get(contract, ())), wanted)

    def arrow(self, rows: Any) -> pa.Table:
        """The rows of an expression as a pyarrow table."""
        return self._engine.arrow(rows, self.path("answer"))
