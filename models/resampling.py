"""The bootstrap of a table of counts: a multinomial over its cells, drawn anew within each stratum (arm)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 10_000

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """k kinds of rows that differ in group, outcome, selection, arm or weight; never zero of a kind."""

    group: Whole
    """(k,) 0 ... G - 1"""
    code: Whole
    """(k,) place in confusion.CELLS"""
    stratum: Whole
    """(k,) rows are drawn anew within their stratum"""
    weight: Floats
    """(k,) people that one row stands for"""
    count: Whole
    """(k,) rows"""

    @classmethod
    def of(cls, group: Whole, code: Whole, stratum: Whole, weight: Floats) -> Cells:
        """Count rows; every array is (rows,). Many different weights within a stratum are drawn in 16 bins of equal
        size, each with its mean weight: the sums stay the same."""
        binned = _bins(stratum, weight)
        keys = np.stack([stratum, binned, group, code])
        kinds, at, count = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
        at = at.reshape(-1)
        mean = np.bincount(at, weights=weight, minlength=kinds.shape[1]) / count
        return cls(kinds[2], kinds[3], kinds[0], mean, count.astype(np.int64))

    def sums(self, groups: int, codes: int) -> Floats:
        """(groups, codes) people that the rows stand for."""
        flat = np.bincount(self.group * codes + self.code, weights=self.weight * self.count, minlength=groups * codes)
        return np.asarray(flat.reshape(groups, codes), dtype=np.float64)

    def rows(self, groups: int, codes: int) -> Whole:
        """(groups, codes) rows."""
        flat = np.bincount(self.group * codes + self.code, weights=self.count, minlength=groups * codes)
        return np.asarray(np.rint(flat).reshape(groups, codes), dtype=np.int64)

    def redrawn(self, groups: int, codes: int, draws: int, seed: int) -> Floats:
        """(codes, groups, draws) people that redrawn rows stand for."""
        generator = np.random.default_rng(seed)
        made = np.zeros((codes, groups, draws))
        for stratum in np.unique(self.stratum):
            here = np.flatnonzero(self.stratum == stratum)
            total = int(self.count[here].sum())
            drawn = generator.multinomial(total, self.count[here] / total, size=draws)
            for i, cell in enumerate(here):
                made[self.code[cell], self.group[cell]] += drawn[:, i] * self.weight[cell]
        return made


def _bins(stratum: Whole, weight: Floats, most: int = 16) -> Whole:
    """(rows,) number of the weight among its stratum's different weights, or of its bin when there are many."""
    bins = np.zeros(len(weight), dtype=np.int64)
    for one in np.unique(stratum):
        here = stratum == one
        different, place = np.unique(weight[here], return_inverse=True)
        if len(different) > most:
            edges = np.quantile(weight[here], np.linspace(0, 1, most + 1)[1:-1])
            place = np.searchsorted(edges, weight[here], side="right")
        bins[here] = place.reshape(-1)
    return bins


def bounds(numerator: Floats, denominator: Floats, confidence: float = 0.95) -> tuple[float, float, int]:
    """Percentile interval of a share over the draws, and how many draws had nothing to divide by.

    An undefined draw is not dropped: it counts as 0 for the lower end and as 1 for the upper.
    """
    undefined = denominator <= 0
    some = int(undefined.sum())
    value = numerator / np.where(undefined, 1.0, denominator)
    tail = (1 - confidence) / 2
    if not some:
        low, high = np.quantile(value, (tail, 1 - tail))
        return float(low), float(high), 0
    low = np.quantile(np.where(undefined, 0.0, value), tail)
    high = np.quantile(np.where(undefined, 1.0, value), 1 - tail)
    return float(low), float(high), some
