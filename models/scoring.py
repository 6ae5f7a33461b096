"""Scores of one as-of date: for every case a place with its range, its reasons, and the facts all cases are shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.candidate import FeatureLike, Fitted, NotFiniteError
from models.counterfactual import would_lower
from models.explanation import Explained, explain
from models.placing import places, tie_keys
from models.uncertainty import Ensemble, place_range, share_that_stays


@dataclass(frozen=True)
class ScoredCases:
    """n cases of one as-of date, in the order of the matrix."""

    as_of: dt.date
    case_id: NDArray[np.int64]
    municipality: NDArray[np.str_]
    place: NDArray[np.int64]
    place_low: NDArray[np.int64]
    place_high: NDArray[np.int64]
    explained: Explained
    corrections: list[list[dict[str, Any]]]
    """what would lower the place (counterfactual.py)"""
    stays: float
    """share of the top tenth of each list that is there in 80 % of the refits"""

    def __len__(self) -> int:
        return len(self.case_id)

    @property
    def margin(self) -> NDArray[np.float64]:
        return self.explained.margin

    def rows(self) -> Iterator[dict[str, Any]]:
        """One dict per case: case_id, municipality, margin, place, place_low, place_high, reasons, facts, remainder,
        corrections, base; plain Python values."""
        columns = (
            self.case_id.tolist(),
            self.municipality.tolist(),
            self.explained.margin.tolist(),
            self.place.tolist(),
            self.place_low.tolist(),
            self.place_high.tolist(),
            self.explained.reasons,
            self.explained.facts,
            self.explained.remainder.tolist(),
            self.corrections,
        )
        names = ("case_id", "municipality", "margin", "place", "place_low", "place_high", "reasons", "facts")
        for values in zip(*columns, strict=True):
            yield dict(zip((*names, "remainder", "corrections"), values, strict=True)) | {"base": self.explained.base}


def score(
    model: Fitted,
    matrix: Path,
    features: Mapping[str, FeatureLike],
    ensemble: Ensemble,
    *,
    seed: int,
    as_of: dt.date | None = None,
    source_dates: Mapping[str, dt.date] | None = None,
    share: float = 0.1,
) -> ScoredCases:
    """Score the cases of matrix.parquet on `as_of` (by default its last date).

    seed: the run's seed, which breaks ties together with the case id (R29). source_dates: per contract or register,
    the date its data reach. Raises ValueError when the matrix lacks a feature of the model or has no case on the date,
    and NotFiniteError when a cell is empty or not a number.
    """
    day, case_id, municipality, values = _read(matrix, model.names, as_of)
    explained = explain(model, values, features, as_of=day, source_dates=source_dates)
    ties = tie_keys(seed, case_id)
    place = places(explained.margin, municipality, ties)
    again = ensemble.margins(values)
    low, high = place_range(again, place, municipality, ties)
    stays = share_that_stays(again, place, municipality, ties, share)
    corrections = would_lower(model, values, features, municipality, ties, margin=explained.margin)
    return ScoredCases(day, case_id, municipality, place, low, high, explained, corrections, stays)


def order(model: Fitted, matrix: Path, *, seed: int, as_of: dt.date | None = None) -> dict[int, int]:
    """Case -> place within its municipality as this model would rank it, and nothing else of a score.

    Ties are broken as `score` breaks them. Raises as `score` does.
    """
    _, case_id, municipality, values = _read(matrix, model.names, as_of)
    place = places(model.margin(values), municipality, tie_keys(seed, case_id))
    return dict(zip(case_id.tolist(), place.tolist(), strict=True))


def _read(
    matrix: Path, names: tuple[str, ...], as_of: dt.date | None
) -> tuple[dt.date, NDArray[np.int64], NDArray[np.str_], NDArray[np.float64]]:
    lacking = sorted(set(names) - set(pq.read_schema(matrix).names))
    if lacking:
        raise ValueError(f"matrix {matrix.name} lacks {', '.join(lacking)}; build it with the model's catalogue")
    day = as_of or pc.max(pq.read_table(matrix, columns=["as_of"])["as_of"]).as_py()
    wanted = ["case_id", "municipality", *names]
    table = pq.read_table(matrix, columns=wanted, filters=[("as_of", "=", day)]).sort_by("case_id")
    if day is None or not table.num_rows:
        raise ValueError(f"matrix {matrix.name} has no case on {day}")
    for name in names:
        if table.column(name).null_count:
            raise NotFiniteError(f"feature {name} is empty for {table.column(name).null_count} cases; state its fill")
    values = np.column_stack([table.column(name).to_numpy().astype(np.float64) for name in names])
    towns = np.array(table.column("municipality").to_pylist(), dtype=np.str_)
    return day, table.column("case_id").to_numpy(), towns, values
