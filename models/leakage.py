"""Leaks: five ways in which a training learns what it could not have known, each looked for by itself.

1. a record known or valid on or after the as-of date; 2. a column made from the outcome; 3. a column that tells who
decided; 4. gaps filled differently for the two labels; 5. a person, household or address on both sides of a split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from models.dataset import Examples, Split
from models.deciders import deciding
from models.proxies import auc

KINDS = ("future_record", "outcome_derived", "decider", "imputation", "both_sides")
TOO_GOOD = 0.97
"""AUC out of time at which one column alone knows the outcome; the best feature in practice stays far below"""
MOST_VALUES = 60
"""different values above which a column is a quantity and not the name of a person or team"""
ALARM = 1e-6
"""chance of a false alarm for one column; divided over the columns"""
FEWEST = 50
"""rows below which a pattern says nothing"""


@dataclass(frozen=True)
class Leak:
    kind: str
    """future_record, outcome_derived, decider, imputation or both_sides"""
    where: str
    """column, or number of the split"""
    why: str


class LeakError(ValueError):
    """The training would learn what it could not have known; it stops."""


def find(
    examples: Examples,
    splits: Sequence[Split] = (),
    *,
    newest: Mapping[str, NDArray[np.datetime64]] | None = None,
    fills: Mapping[str, float] | None = None,
    deciders: Mapping[str, NDArray[np.int64]] | None = None,
) -> tuple[Leak, ...]:
    """All leaks found; empty for a clean matrix.

    newest: column -> (n,) moment at which the newest record behind each value became known. fills: column -> value that
    stands for "nothing known". deciders: name -> (n,) who decided each row, to see whether a column tells it.
    """
    return (
        *_future(examples, newest or {}),
        *outcome_derived(examples),
        *_decider(examples, deciders or {}),
        *_imputation(examples, fills or {}),
        *_both_sides(examples, splits),
    )


def refuse(found: Sequence[Leak]) -> None:
    """Raises LeakError that names every leak."""
    if found:
        raise LeakError("; ".join(f"{one.where}: {one.why}" for one in found))


def _future(examples: Examples, newest: Mapping[str, NDArray[np.datetime64]]) -> list[Leak]:
    found = []
    for name, moments in newest.items():
        late = int((moments >= examples.as_of.astype(moments.dtype)).sum())
        if late:
            found.append(Leak("future_record", name, f"{late} values rest on a record of the as-of date or after it"))
    early = int((examples.labelled & (examples.label_known_at <= examples.as_of.astype("datetime64[s]"))).sum())
    if early:
        found.append(Leak("future_record", "label", f"{early} outcomes were known before their list was made"))
    return found


def outcome_derived(examples: Examples) -> list[Leak]:
    """A column that alone separates the outcomes: among rows where it says something, or by saying something."""
    known = examples.labelled
    label = examples.label[known] == 1
    found = []
    for i, name in enumerate(examples.names):
        column = examples.X[known, i]
        for values, what in ((column, "its value"), ((column != 0).astype(np.float64), "whether it is zero")):
            if min(label.sum(), (~label).sum()) < FEWEST or len(np.unique(values)) < 2:
                continue
            value, low, high = auc(values, label)
            if max(low, 1 - high) > TOO_GOOD:
                found.append(
                    Leak("outcome_derived", name, f"{what} alone tells the outcome (AUC {max(value, 1 - value):.3f})")
                )
                break
    return found


def _decider(examples: Examples, deciders: Mapping[str, NDArray[np.int64]]) -> list[Leak]:
    found = [Leak("decider", name, "its name says who decides") for name in deciding(examples.names)]
    named = {one.where for one in found}
    for i, name in enumerate(examples.names):
        values, number = np.unique(examples.X[:, i], return_inverse=True)
        if name in named or not 2 < len(values) <= MOST_VALUES:
            continue
        for who, people in deciders.items():
            told = _association(number.reshape(-1), np.unique(people, return_inverse=True)[1].reshape(-1))
            if told > 0.9:
                found.append(Leak("decider", name, f"it tells {who} (Cramer's V {told:.2f})"))
                break
    return found


def _association(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Cramer's V, corrected for chance (Bergsma 2013): 0 nothing, 1 everything."""
    n = len(first)
    table = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    rows, columns = table.shape
    corrected = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    free = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(corrected / free)) if free > 0 else 0.0


def _imputation(examples: Examples, fills: Mapping[str, float]) -> list[Leak]:
    """One value for a gap, whatever the outcome. Filled by group of the outcome, a column has a value that many rows
    share and that only one outcome has, while it is not what was declared to stand for a gap."""
    known = examples.labelled
    label = examples.label[known] == 1
    found = []
    for i, name in enumerate(examples.names):
        column = examples.X[known, i]
        values, at, counts = np.unique(column, return_inverse=True, return_counts=True)
        if len(values) <= MOST_VALUES:
            continue  # a quantity has many values; of a few, some are rare in one outcome by nature
        for place in np.flatnonzero(counts >= max(FEWEST // 2, 0.02 * len(column))):
            if values[place] == fills.get(name, 0.0):
                continue
            mine = at.reshape(-1) == place
            yes, no = int((mine & label).sum()), int((mine & ~label).sum())
            table = [[yes, int(label.sum()) - yes], [no, int((~label).sum()) - no]]
            if min(yes, no) == 0 and fisher_exact(table)[1] < ALARM:
                found.append(
                    Leak(
                        "imputation", name, f"{yes + no} rows share {values[place]:g}, all of one outcome: filled by it"
                    )
                )
                break
    return found


def _both_sides(examples: Examples, splits: Sequence[Split]) -> list[Leak]:
    found = []
    for number, split in enumerate(splits, start=1):
        for what, ids in (("cluster", examples.cluster), ("case", examples.case_id)):
            shared = np.intersect1d(ids[split.train], ids[split.test])
            if len(shared):
                why = f"{len(shared)} of the same {what} in training and in test"
                found.append(Leak("both_sides", f"split {number}", why))
                break
    return found
