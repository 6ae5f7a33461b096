"""The candidates on a labelled table of a person's own: later rows ranked by what earlier rows taught."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from models.baselines import Baseline
from models.candidate import Candidate, Floats
from models.contenders import models
from models.dataset import Examples, Split, rolling_origin
from models.deciders import deciding
from models.encoding import Column, dates, encode, number, numbers, read_column
from models.evaluation import propose, standing
from models.leakage import outcome_derived
from models.own_table import NO, YES, called, column, text
from models.selective import Reviewed, membership, precision_with_ties, prevalence
from models.strata import Sampled, beside

FOLDS = 5
TRIALS = 12
"""settings tried per fold: an own table has more labels than a group of municipalities"""
MANY = 1e6
"""cases that one row stands for: the rows are a sample of what such tables hold, not all there is"""
POSITIVE = frozenset({"yes", "positive", "positief", "fail", "failed", "bad", "found", "violation"})
"""what a label of two words calls the kind that is looked for, in lower case"""


@dataclass(frozen=True)
class OwnTable:
    """Rows with a label and a time, in the order of time."""

    columns: tuple[Column, ...]
    label: Floats
    order: np.ndarray
    """datetime64[D] that stands for the place of a row's time among the times; equal times are equal"""
    moment: Floats
    """days since 1970, NaN when the times are no dates"""
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]


def understand(
    cells: Mapping[str, list[Any]], label: str, time: str, exclude: Sequence[str] = (), positive: str | None = None
) -> OwnTable:
    """Find the label, the time and the columns to learn from; say what was left out and why.

    Raises ValueError for a column that is not there, a label of other than two values, and times that cannot be read.
    """
    every = dict(cells)
    label, time, *exclude = (called(every, name) or name for name in (label, time, *exclude))
    labels, said = _label(column(every, label, "--label"), label, positive)
    place, moment, note = _time(column(every, time, "--time"), time)
    for name in exclude:
        column(every, name, "--exclude")
    warnings = [*said, *note]
    lacking = {
        "without a label": np.isnan(labels),
        f"without a {time} that can be read": np.isnan(place) & ~np.isnan(labels),
    }
    warnings += [f"{int(rows.sum())} rows {what}: left out" for what, rows in lacking.items() if rows.any()]
    kept = np.flatnonzero(~np.isnan(labels) & ~np.isnan(place))
    if not len(kept):
        raise ValueError(f"no row has both a {label} and a {time} that can be read")
    kept = kept[np.argsort(place[kept], kind="stable")]
    left_out = dict.fromkeys(exclude, "asked with --exclude")
    names = [name for name in every if name not in (label, time, *exclude)]
    left_out |= dict.fromkeys(deciding(names), "says who decides; nothing is learned from the decider or the team")
    columns = tuple(read_column(name, [every[name][i] for i in kept]) for name in names if name not in left_out)
    _, rank = np.unique(place[kept], return_inverse=True)
    order = np.datetime64("1970-01-01", "D") + rank.astype("timedelta64[D]")
    return OwnTable(columns, labels[kept], order, moment[kept], left_out, tuple(warnings))


def compare(
    own: OwnTable, share: float = 0.1, seed: int = 1, trials: int = TRIALS, folds: int = FOLDS
) -> dict[str, Any]:
    """Average precision and precision in the top `share` per candidate over forward-chained folds.

    {candidates: [{name, average_precision: {mean, sd}, precision_at_k: {mean, sd}, folds, promotable}], proposed, why,
    why_nl, ...}. Raises ValueError when the share is not between 0 and 1 or there is too little to learn from.
    """
    if not 0 < share <= 1:
        raise ValueError(f"--k is {share}; it is a share of the list, above 0 and at most 1")
    bare = _examples(np.zeros((len(own.label), 0)), (), own, np.arange(len(own.label)))
    splits = [split for split in rolling_origin(bare, folds=folds, gap_days=0) if own.label[split.test].any()]
    if not splits:
        raise ValueError("no later window holds a positive label; add history")
    tops: dict[str, list[Floats]] = {}
    figures: dict[str, list[tuple[float, float]]] = {}
    left: list[dict[str, str]] = []
    telling: dict[str, str] = {}
    runners: tuple[Candidate, ...] = ()
    for split in splits:
        made = encode(own.columns, own.moment, own.label, split.train, split.test, seed)
        left.append(made.left_out)
        if not made.names:
            raise ValueError("no column is left to learn from: " + "; ".join(f"{k}: {v}" for k, v in left[0].items()))
        train = _examples(made.train, made.names, own, split.train)
        telling |= {one.where.split(": ")[0]: one.why for one in outcome_derived(train)}
        runners = (Baseline("random"), *models((0,) * len(made.names), seed, trials))
        truth = own.label[split.test]
        for one in runners:
            margin = one.fit(train, np.ones(len(train))).margin(made.test)
            k = max(1, round(share * len(truth)))
            best = float(average_precision_score(truth, margin)), precision_with_ties(margin, truth, k)
            figures.setdefault(one.name, []).append(best)
            tops.setdefault(one.name, []).append(membership(margin, np.ones(len(margin)), k / len(margin)))
    alarms = tuple(f"{name}: {why}; if it is known only afterwards, --exclude it" for name, why in telling.items())
    own = replace(own, warnings=(*own.warnings, *alarms))
    return _result(own, runners, splits, tops, figures, left, share, seed)


def _result(
    own: OwnTable,
    runners: Sequence[Candidate],
    splits: Sequence[Split],
    tops: Mapping[str, list[Floats]],
    figures: Mapping[str, list[tuple[float, float]]],
    left: Sequence[Mapping[str, str]],
    share: float,
    seed: int,
) -> dict[str, Any]:
    tested = np.concatenate([split.test for split in splits])
    ones = np.ones(len(tested))
    cases = Reviewed(own.label[tested], ones < 0, ones > 0, MANY * ones, MANY * ones)
    members = {name: np.concatenate(parts) for name, parts in tops.items()}
    fold = np.repeat(np.arange(len(splits)), [len(split.test) for split in splits])
    usual = np.full(len(tested), own.label[tested].mean())
    found = beside(Sampled(cases, ones > 0, usual, ones, fold, np.arange(len(tested))), members, seed)
    standings = [standing(one, cases, members[one.name], found) for one in runners]
    choice = propose(standings, found.paired, prevalence(cases))
    always = {name: why for name, why in left[0].items() if all(name in one for one in left)}
    return {
        "candidates": [
            {
                "name": one.name,
                "average_precision": _spread([ap for ap, _ in figures[one.name]]),
                "precision_at_k": _spread([top for _, top in figures[one.name]]),
                "folds": len(splits),
                "promotable": one.promotable,
            }
            for one in runners
        ],
        "proposed": choice.name,
        "why": choice.why_en,
        "why_nl": choice.why_nl,
        "k": share,
        "rows": len(own.label),
        "positives": int(own.label.sum()),
        "windows": [{"train": len(split.train), "test": len(split.test)} for split in splits],
        "left_out": {**own.left_out, **always},
        "warnings": list(own.warnings),
    }


def _spread(values: list[float]) -> dict[str, float | None]:
    """Mean and standard deviation over the folds; one fold has no spread."""
    mean = math.fsum(values) / len(values)
    return {"mean": mean, "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None}


def _examples(X: Floats, names: tuple[str, ...], own: OwnTable, rows: np.ndarray) -> Examples:  # noqa: N803
    n = len(rows)
    return Examples(
        X=X,
        names=names,
        case_id=rows.astype(np.int64),
        as_of=own.order[rows],
        municipality=np.array([""] * n, dtype=np.str_),
        label=own.label[rows],
        label_known_at=own.order[rows].astype("datetime64[s]"),
        arm=np.array(["random"] * n, dtype=np.str_),
        probability=np.ones(n),
        cluster=rows.astype(np.int64),
    )


def _label(cells: list[Any], name: str, positive: str | None) -> tuple[Floats, list[str]]:
    """1, 0 and NaN, and what was assumed. The rarer of two unknown words is taken for the positive one."""
    words = [None if cell is None else text(cell) for cell in cells]
    if positive is None and all(word is None or word.lower() in YES | NO for word in words):
        words = [None if word is None else "yes" if word.lower() in YES else "no" for word in words]
    values = sorted({word for word in words if word is not None})
    warnings: list[str] = []
    if positive is not None:
        if positive not in values:
            raise ValueError(f"no row has {positive!r} as its {name}; there are {', '.join(values[:8])}")
        chosen = positive
    elif len(values) < 2:
        raise ValueError(f"{name} is {', '.join(values) or 'blank'} in every row; there is nothing to tell apart")
    elif len(values) > 2:
        some = ", ".join(values[:8]) or "none"
        raise ValueError(f"{name} must have two values, it has {len(values)} ({some}); say which one with --positive")
    else:
        amounts = [number(value) for value in values]
        marks = [value for value in values if value.lower() in POSITIVE]
        rarer = min(values, key=lambda value: (words.count(value), value))
        if len(marks) == 1:
            chosen = marks[0]
        else:
            chosen = rarer if np.isnan(amounts).any() else values[int(np.argmax(amounts))]
            warnings.append(f"{name}: {chosen!r} is taken for the positive one; say otherwise with --positive")
    return np.array([np.nan if word is None else float(word == chosen) for word in words]), warnings


def _time(cells: list[Any], name: str) -> tuple[Floats, Floats, list[str]]:
    """What rows are ordered by (NaN: no time), days since 1970 when the times are dates, and what was assumed."""
    filled = [cell for cell in cells if cell is not None]
    days = dates(cells)
    plain = numbers(cells)
    compact = np.array([_compact(value) for value in plain])
    for found in (days, compact):
        if filled and np.isfinite(found).sum() >= 0.5 * len(filled):
            return found, found, []
    if filled and np.isfinite(plain).sum() >= 0.5 * len(filled):
        return plain, np.full(len(cells), np.nan), [f"{name} is ordered as a number; it is no date"]
    raise ValueError(f"{name} holds no times that can be read, such as {filled[:1]}; write them as 2026-11-01")


def _compact(value: float) -> float:
    """20261101 as days since 1970; NaN for another number."""
    if not 19000101 <= value <= 21001231 or value % 1:
        return float("nan")
    said = str(int(value))
    return float(dates([f"{said[:4]}-{said[4:6]}-{said[6:]}"])[0])
