"""Examples to learn from: what was known on a date and what a review found, split in time and by household."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.outcomes import LabelCoding

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

KEYS = ("case_id", "as_of", "municipality")
"""columns of matrix.parquet that are no features"""


@dataclass(frozen=True)
class Examples:
    """n reviewed cases with p features; every array has n rows and the order of all is the same."""

    X: Floats
    """(n, p), finite, known strictly before `as_of`"""
    names: tuple[str, ...]
    """p feature names"""
    case_id: Index
    as_of: NDArray[np.datetime64]
    """datetime64[D]: date of the list the case was chosen from"""
    municipality: NDArray[np.str_]
    label: Floats
    """1, 0, or NaN when missing"""
    label_known_at: NDArray[np.datetime64]
    """datetime64[s], record time of the approved outcome; NaT without a label"""
    arm: NDArray[np.str_]
    """comma-separated arms, as in Inclusion.arms: random, signal, risk; tip and theme in history"""
    probability: Floats
    """inclusion probability when it was chosen; NaN when nobody wrote it down"""
    cluster: Index
    """rows with one number share a person, household or address"""

    def __post_init__(self) -> None:
        """Raises ValueError on ragged arrays, on features that are not finite and on labels other than 0, 1, NaN."""
        n = len(self.case_id)
        if self.X.shape != (n, len(self.names)):
            raise ValueError(f"X is {self.X.shape}; it must be {(n, len(self.names))}")
        for one in fields(self):
            if one.name not in ("X", "names") and len(getattr(self, one.name)) != n:
                raise ValueError(f"{one.name} has {len(getattr(self, one.name))} rows; X has {n}")
        if not np.isfinite(self.X).all():
            column = self.names[int(np.argwhere(~np.isfinite(self.X))[0][1])]
            raise ValueError(f"feature {column} holds NaN or infinity; its declaration must state a fill")
        if not np.isin(self.label[~np.isnan(self.label)], (0.0, 1.0)).all():
            raise ValueError("a label is neither 0 nor 1 nor missing")

    def __len__(self) -> int:
        return len(self.case_id)

    def rows(self, which: NDArray[Any]) -> Examples:
        """The chosen rows, by index or mask."""
        chosen = {f.name: getattr(self, f.name)[which] for f in fields(self) if f.name != "names"}
        return Examples(names=self.names, **chosen)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.label)


@dataclass(frozen=True)
class Gathered:
    """Examples, and what did not become one."""

    examples: Examples
    without_features: int
    """outcomes of cases that had no matrix row in the `reach` days before the list"""
    without_label: int
    """chosen but inconclusive, unfinished, unapproved or known too late; kept as rows with a missing label"""
    other: Mapping[str, Floats] = field(default_factory=dict)
    """the labels of the same rows under other codings, by the coding's name"""


def latest_outcomes(parts: Sequence[Path], until: dt.date) -> pa.Table:
    """The version of each review outcome that was known strictly before `until`; withdrawn ones are left out.

    Columns case_id, municipality, selected, arm, probability, approved, cause, effect, overturned, known_at.
    """
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false")
        table: pa.Table = engine.sql(
            """
            SELECT case_id, municipality, selected, arm, probability, approved, cause, effect, overturned, known_at
            FROM read_parquet(?, union_by_name = true) WHERE known_at < ?::DATE::TIMESTAMP
            QUALIFY row_number() OVER (
                PARTITION BY municipality, case_id, selected ORDER BY known_at DESC, delivery DESC) = 1
                AND NOT coalesce(withdrawn, false)
            ORDER BY selected, case_id
            """,
            params=[[str(part) for part in parts], until],
        ).to_arrow_table()
    return table


def gather(
    matrix: Path,
    outcomes: pa.Table,
    *,
    until: dt.date,
    coding: LabelCoding | None = None,
    others: Sequence[LabelCoding] = (),
    clusters: Mapping[int, int] | None = None,
    reach: int = 45,
) -> Gathered:
    """Join each outcome to the features as of the last matrix date on or before its list, at most `reach` days back.

    matrix: matrix.parquet (case_id, as_of, municipality, features as DOUBLE). outcomes: as `latest_outcomes` gives.
    Labels count only when known strictly before `until`; `others` are codings to compare with.
    clusters: case id -> number of its person, household and address cluster; without it a case is its own cluster.
    """
    coding = coding or LabelCoding()
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false")
        engine.register("outcomes", outcomes)
        joined = engine.sql(
            """
            SELECT m.*, o.selected, o.arm, o.probability, o.approved, o.cause, o.effect, o.overturned, o.known_at
            FROM outcomes o ASOF JOIN read_parquet(?) m ON o.case_id = m.case_id AND o.selected >= m.as_of
            WHERE o.selected - m.as_of <= ? AND o.selected < ?
            ORDER BY o.selected, m.case_id
            """,
            params=[str(matrix), reach, until],
        ).to_arrow_table()
    names = tuple(name for name in joined.column_names[: joined.column_names.index("selected")] if name not in KEYS)
    label, known = _labels(joined, coding, until)
    case_id = joined.column("case_id").to_numpy()
    arms = joined.column("arm").to_pylist()
    examples = Examples(
        X=np.column_stack([joined.column(name).to_numpy().astype(np.float64) for name in names]),
        names=names,
        case_id=case_id,
        as_of=joined.column("selected").to_numpy().astype("datetime64[D]"),
        municipality=np.array(joined.column("municipality").to_pylist(), dtype=np.str_),
        label=label,
        label_known_at=known,
        arm=np.array([arm or "" for arm in arms], dtype=np.str_),
        probability=joined.column("probability").cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64),
        cluster=np.array([(clusters or {}).get(int(case), int(case)) for case in case_id], dtype=np.int64),
    )
    other = {one.name: _labels(joined, one, until)[0] for one in others}
    return Gathered(examples, outcomes.num_rows - len(examples), int(np.isnan(label).sum()), other)


@dataclass(frozen=True)
class Rest:
    """The eligible of past lists that were not chosen for review: all of them, or a random sample for each window."""

    examples: Examples
    """without labels"""
    stands_for: Floats
    """(n,) how many eligible cases a row stands for"""


def rest_of(rows: pa.Table, sampled: pa.Table, names: Sequence[str], clusters: Mapping[int, int] | None = None) -> Rest:
    """The rows of a matrix that are of cases nobody reviewed. sampled: case_id, municipality, as_of, stands_for."""
    joined = rows.join(sampled, list(KEYS), join_type="inner").combine_chunks()
    joined = joined.sort_by([("as_of", "ascending"), ("case_id", "ascending")])
    n, case_id = joined.num_rows, joined.column("case_id").to_numpy()
    made = Examples(
        X=np.column_stack([joined.column(name).to_numpy().astype(np.float64) for name in names]),
        names=tuple(names),
        case_id=case_id,
        as_of=joined.column("as_of").to_numpy().astype("datetime64[D]"),
        municipality=np.array(joined.column("municipality").to_pylist(), dtype=np.str_),
        label=np.full(n, np.nan),
        label_known_at=np.full(n, np.datetime64("NaT"), dtype="datetime64[s]"),
        arm=np.array([""] * n, dtype=np.str_),
        probability=np.full(n, np.nan),
        cluster=np.array([(clusters or {}).get(int(case), int(case)) for case in case_id], dtype=np.int64),
    )
    return Rest(made, joined.column("stands_for").to_numpy().astype(np.float64))


def _labels(joined: pa.Table, coding: LabelCoding, until: dt.date) -> tuple[Floats, NDArray[np.datetime64]]:
    known = joined.column("known_at").to_numpy().astype("datetime64[s]")
    columns = [joined.column(name).to_pylist() for name in ("cause", "effect", "approved", "overturned")]
    label = np.array(
        [
            coding.label(cause=cause, effect=effect, approved=approved, overturned=overturned)
            for cause, effect, approved, overturned in zip(*columns, strict=True)
        ],
        dtype=np.float64,
    )
    label[known >= np.datetime64(until, "s")] = np.nan
    return label, np.where(np.isnan(label), np.datetime64("NaT", "s"), known)


@dataclass(frozen=True)
class Split:
    """One origin: train on what was known before `start`, test on lists in [start, end)."""

    start: dt.date
    end: dt.date
    train: Index
    test: Index
    share_lost: float
    """share of the training rows dropped because their cluster is in the test rows as well"""


def rolling_origin(
    examples: Examples, *, folds: int = 4, gap_days: int = 90, burn_in: float = 0.4
) -> tuple[Split, ...]:
    """Temporal splits (statistics.md, Time): the last 1 - `burn_in` of the labelled rows in `folds` windows of time.

    A training row has its list at least `gap_days` before the window, so that slow outcomes are not missed more often
    than fast ones, and a label known strictly before it. A cluster on both sides is dropped from training.
    Windows whose training rows hold under 20 of either label are left out. Raises ValueError when none remain.
    """
    days = np.unique(examples.as_of[examples.labelled])
    if len(days) < 2:
        raise ValueError("labels of at least two dates are needed to test out of time")
    dates = np.sort(examples.as_of[examples.labelled])
    at = np.linspace(burn_in, 1.0, folds + 1)[:-1] * len(dates)
    edges = np.unique(np.append(dates[at.astype(np.int64)], days[-1] + np.timedelta64(1, "D")))
    splits = []
    for start, end in pairwise(edges):
        test = np.flatnonzero((examples.as_of >= start) & (examples.as_of < end))
        early = (
            examples.labelled
            & (examples.as_of < start - np.timedelta64(gap_days, "D"))
            & (examples.label_known_at < start.astype("datetime64[s]"))
        )
        apart = early & ~np.isin(examples.cluster, examples.cluster[test])
        train = np.flatnonzero(apart)
        positives = examples.label[train].sum()
        if min(positives, len(train) - positives) >= 20:
            lost = 1 - apart.sum() / early.sum()
            splits.append(Split(start.item(), end.item(), train, test, float(lost)))
    if not splits:
        raise ValueError("no window has 20 positive and 20 negative labels before it; add history or shorten the gap")
    return tuple(splits)
