"""Which sizes and figures of an audit may be shown, so that no small count follows from them (R10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.confusion import CELLS, METRICS, OF_PEOPLE
from models.disclosure import Publication
from models.fairness_rows import Family, Floats, Table

ORDER = ("pprev", "ppr", "precision", "fdr", "fpr", "tnr", "tpr", "fnr", "prevalence", "for", "npv", "accuracy")
"""in this order figures are published while no small count follows from them"""


@dataclass(frozen=True)
class Published:
    sizes: frozenset[int]
    figures: frozenset[tuple[str, int]]


def publishable(table: Table, families: Sequence[Family], min_cell: int) -> dict[tuple[str, ...], Published]:
    """Which sizes and figures may be shown, so that no count below `min_cell` follows from them and the totals.

    A count that is zero for everybody in the table, such as the outcome that nobody has, tells nothing of a group.
    """
    if min_cell <= 0:
        return {
            one.columns: Published(
                frozenset(range(len(one.keys))), frozenset((m, i) for m in METRICS for i in range(len(one.keys)))
            )
            for one in families
        }
    counting = _Counting(table, families)
    book = Publication(counting.counts, counting.secrets(min_cell))
    book.publish_each([(total,) for total in counting.totals(min_cell)])
    largest = {one.columns: np.argsort(-one.people_rows.sum(1), kind="stable").tolist() for one in families}
    every = [(family, i) for family in families for i in largest[family.columns]]
    asked = [(family, i) for family, i in every if family.people_rows[i].sum() >= min_cell]
    sizes = _published(families, asked, book.publish_each([(counting.size(family, i),) for family, i in asked]))
    figures: dict[tuple[str, ...], set[tuple[str, int]]] = {one.columns: set() for one in families}
    for metric in ORDER:
        shown = [(family, i) for family, i in every if counting.shown(family, metric, i, min_cell)]
        done = book.publish_each([counting.figure(family, metric, i) for family, i in shown])
        for columns, places in _published(families, shown, done).items():
            figures[columns] |= {(metric, i) for i in places}
    return {one.columns: Published(frozenset(sizes[one.columns]), frozenset(figures[one.columns])) for one in families}


def _published(
    families: Sequence[Family], asked: Sequence[tuple[Family, int]], done: Sequence[bool]
) -> dict[tuple[str, ...], set[int]]:
    """Columns of a family -> places of its groups of which it was published."""
    found: dict[tuple[str, ...], set[int]] = {one.columns: set() for one in families}
    for (family, i), shown in zip(asked, done, strict=True):
        if shown:
            found[family.columns].add(i)
    return found


class _Counting:
    """Figures as sums of base counts: per smallest group and cell, those whose outcomes count apart from the rest."""

    def __init__(self, table: Table, families: Sequence[Family]) -> None:
        size = len(table.keys)
        self.apart = table.people is not table.labels
        both = np.stack([table.unlabelled, table.labels.rows(size, len(CELLS))])
        self.used = both.sum(1) > 0
        """(2, 9) base counts that are not zero for everybody"""
        self.size_of = size
        self.both, self.families = both, families
        self.counts = np.asarray(self._flat(both.astype(np.float64)))

    def _flat(self, cube: Floats) -> Floats:
        """(2, B, 9) -> (d,)"""
        return np.asarray(cube.transpose(0, 2, 1)[self.used].ravel())

    def _sum(self, member: NDArray[Any], cells: Sequence[str], parts: Sequence[int]) -> Floats:
        cube = np.zeros((2, self.size_of, len(CELLS)))
        for part in parts:
            for cell in cells:
                cube[part, :, CELLS.index(cell)] = member
        return self._flat(cube)

    def _parts(self, metric: str) -> tuple[int, ...]:
        return (0, 1) if metric in OF_PEOPLE and self.apart else (1,)

    def size(self, family: Family, i: int) -> Floats:
        return self._sum(family.member[i], CELLS, (0, 1))

    def figure(self, family: Family, metric: str, i: int) -> tuple[Floats, Floats]:
        one, parts = METRICS[metric], self._parts(metric)
        everybody = np.ones(self.size_of)
        below = everybody if metric == "ppr" else family.member[i]
        return self._sum(family.member[i], one.numerator, parts), self._sum(below, one.denominator, parts)

    def shown(self, family: Family, metric: str, i: int, min_cell: int) -> bool:
        """Whether the figure's own counts are large enough: with, without, and together."""
        if family.people_rows[i].sum() < min_cell:
            return False
        rows = family.part(metric)[1]
        above, below = (one.astype(np.int64) for one in family.counts(metric, rows))
        if below[i] == 0:  # nothing is known of anybody, or there is no such person in the whole table
            known = METRICS["prevalence" if metric not in OF_PEOPLE else "pprev"].denominator
            nothing = not rows[i, [CELLS.index(cell) for cell in known]].any()
            return bool(nothing or not below.any())
        rest = below - above
        if metric == "ppr":
            return bool(above[i] >= min_cell and (rest[i] >= min_cell or len(family.keys) == 1))
        return all(counts[i] >= min_cell or not counts.any() for counts in (above, rest, below))

    def totals(self, min_cell: int) -> list[Floats]:
        """The totals of the table that are no small counts themselves."""
        everybody = np.ones(self.size_of)
        found = [self._sum(everybody, (cell,), (part,)) for part in (0, 1) for cell in CELLS]
        return [one for one in found if one @ self.counts >= min_cell]

    def secrets(self, min_cell: int) -> list[Floats]:
        """Every count of people below `min_cell`, and those of several groups that stay below it together."""
        kinds: list[tuple[tuple[str, ...], tuple[int, ...]]] = [(CELLS, (0, 1))]
        for metric in METRICS:
            one, parts = METRICS[metric], self._parts(metric)
            rest = tuple(cell for cell in one.denominator if cell not in one.numerator)
            kinds += [(cells, parts) for cells in (one.numerator, one.denominator, rest) if cells]
        found: list[Floats] = []
        for family in self.families:
            for cells, parts in dict.fromkeys(kinds):
                vectors = [self._sum(member, cells, parts) for member in family.member]
                counts = [float(one @ self.counts) for one in vectors]
                if not sum(counts):
                    continue
                small = [one for one, count in zip(vectors, counts, strict=True) if count < min_cell]
                together = sum(count for count in counts if count < min_cell)
                found += small
                if len(small) > 1 and together < min_cell:
                    found.append(np.asarray(sum(small)))
        return found
