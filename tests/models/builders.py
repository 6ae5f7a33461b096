"""One builder per noun: features, examples and matrices of a small made-up world."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.dataset import Examples

TOPICS = ("benefit", "income", "residence", "household", "assets", "companies", "signals", "history")
UNTIL = dt.date(2026, 11, 1)


@dataclass(frozen=True)
class FakeFeature:
    name: str
    topic: str = "income"
    sentence_nl: str = "Het bedrag is {value}."
    sentence_en: str = "The amount is {value}."
    none_nl: str = "Er is geen bedrag."
    none_en: str = "There is no amount."
    one_nl: str = ""
    one_en: str = ""
    unknown_nl: str = ""
    unknown_en: str = ""
    could_nl: str = "Het kan al gemeld zijn."
    could_en: str = "It may have been reported."
    unit: str = "EUR"
    direction: int = 0
    fill: float = 0.0
    contracts: tuple[str, ...] = ("incomes",)
    registers: tuple[str, ...] = ("UWV",)


def features(count: int = 12) -> dict[str, FakeFeature]:
    """The first raises, the second lowers, the third is free; so on in turn."""
    names = [f"feature_{i:02d}" for i in range(count)]
    return {
        name: FakeFeature(
            name, TOPICS[i % len(TOPICS)], unit=("count", "EUR", "months")[i % 3], direction=(1, -1, 0)[i % 3]
        )
        for i, name in enumerate(names)
    }


def values(draw: np.random.Generator, rows: int, count: int) -> np.ndarray:
    """A third counts, a third amounts that are mostly zero, a third spread out."""
    columns = []
    for i in range(count):
        if i % 3 == 0:
            columns.append(draw.poisson(0.8, rows).astype(float))
        elif i % 3 == 1:
            columns.append(np.round(draw.gamma(2, 300, rows), 2) * (draw.random(rows) < 0.3))
        else:
            columns.append(np.round(draw.normal(5, 2, rows), 3))
    return np.column_stack(columns)


def chance(cells: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """More of feature_00 raises, more of feature_01 lowers."""
    return 1 / (1 + np.exp(-(-1.9 + strength * (0.6 * cells[:, 0] - 0.0015 * cells[:, 1]))))


def examples(rows: int = 3000, count: int = 12, seed: int = 1, strength: float = 1.0) -> Examples:
    """Reviews on the first of every month of three years: half random (pi 0.02), the rest by signal."""
    draw = np.random.default_rng(seed)
    cells = values(draw, rows, count)
    label = (draw.random(rows) < chance(cells, strength)).astype(float)
    label[draw.random(rows) < 0.03] = np.nan
    months = np.datetime64("2023-11", "M") + np.sort(draw.integers(0, 34, rows))
    as_of = months.astype("datetime64[D]")
    known = (as_of + draw.integers(20, 60, rows)).astype("datetime64[s]")
    random = draw.random(rows) < 0.5
    return Examples(
        X=cells,
        names=tuple(f"feature_{i:02d}" for i in range(count)),
        case_id=np.arange(rows, dtype=np.int64) + 10_000,
        as_of=as_of,
        municipality=np.where(draw.random(rows) < 0.6, "0917", "0935").astype(np.str_),
        label=label,
        label_known_at=np.where(np.isnan(label), np.datetime64("NaT", "s"), known),
        arm=np.where(random, "random", "signal").astype(np.str_),
        probability=np.where(random, 0.02, 1.0),
        cluster=draw.integers(0, rows * 4, rows).astype(np.int64),
    )


def matrix(folder: Path, rows: int = 500, count: int = 12, seed: int = 2, as_of: dt.date = UNTIL) -> Path:
    """matrix.parquet of one date."""
    draw = np.random.default_rng(seed)
    cells = values(draw, rows, count)
    columns = {
        "case_id": pa.array(np.arange(rows) + 900_000, pa.int64()),
        "as_of": pa.array([as_of] * rows, pa.date32()),
        "municipality": pa.array(np.where(draw.random(rows) < 0.6, "0917", "0935").tolist()),
    }
    columns |= {f"feature_{i:02d}": pa.array(cells[:, i]) for i in range(count)}
    path = folder / "matrix.parquet"
    pq.write_table(pa.table(columns), path)
    return path
