"""The people of an audit, counted: by group, outcome, selection and weight, and the groups of every set of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.confusion import CELLS, METRICS, OF_PEOPLE, share
from models.fairness_table import UNKNOWN_GROUP
from models.resampling import Cells

COMBINATIONS = 400
"""combinations of groups above which only the single columns are audited"""
RANDOM = frozenset(("random", "willekeurig", "aselect"))
TOP_UP = "top_up"

Key = tuple[str, ...]
Told = tuple[str, str]
"""the same in Dutch and in English"""
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """What is audited; every sequence has n rows."""

    groups: Mapping[str, Sequence[str]]
    """column -> group of each person"""
    selected: NDArray[Any]
    """1, 0, or -1 when not known"""
    outcome: NDArray[Any]
    """1, 0, or -1 when missing"""
    arms: Sequence[frozenset[str]] | None = None
    """the arms each person was in, none for who was not reviewed; None: outcomes are of everybody"""
    chance: Floats | None = None
    """inclusion probability, NaN where nobody was drawn"""
    population: int | None = None
    """people that the rows are a sample of"""

    def __len__(self) -> int:
        return len(self.selected)


@dataclass(frozen=True)
class Family:
    """The groups of one set of columns, G of them, before anything is suppressed."""

    columns: tuple[str, ...]
    keys: tuple[Key, ...]
    reference: int
    member: NDArray[np.bool_]
    """(G, B) which of the smallest groups are in each"""
    people: Floats
    """(G, 9) of everybody, in the order of CELLS; people_rows the same in rows"""
    people_rows: Whole
    labels: Floats
    """(G, 9) of those whose outcomes count; label_rows the same in rows"""
    label_rows: Whole
    effective: Floats
    """(G, 9) rows divided by what unequal weights cost (Kish)"""

    def part(self, metric: str) -> tuple[Floats, Whole]:
        """The counts a metric is taken from, weighted and in rows."""
        return (self.people, self.people_rows) if metric in OF_PEOPLE else (self.labels, self.label_rows)

    def counts(self, metric: str, sums: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """(G,) numerators and denominators of a metric from (G, 9) sums."""
        one = METRICS[metric]
        above, below = (sums[:, [CELLS.index(c) for c in names]].sum(1) for names in (one.numerator, one.denominator))
        return above, np.full_like(below, below.sum()) if metric == "ppr" else below

    def worth(self, metric: str, i: int) -> float:
        """Equally weighted rows that the denominator of a figure from outcomes is worth (Kish)."""
        codes = [CELLS.index(cell) for cell in METRICS[metric].denominator]
        weights = self.labels[i, codes]
        squares = np.divide(weights**2, self.effective[i, codes], where=weights > 0, out=np.zeros(len(codes)))
        return float(weights.sum() ** 2 / squares.sum()) if squares.sum() > 0 else 0.0

    def values(self, metric: str) -> list[float | None]:
        above, below = self.counts(metric, self.part(metric)[0])
        return [share(float(a), float(b)) for a, b in zip(above, below, strict=True)]


@dataclass(frozen=True)
class Table:
    """Rows as counts of the smallest groups, B of them."""

    columns: tuple[str, ...]
    keys: tuple[Key, ...]
    rows: int
    people: Cells
    labels: Cells
    unlabelled: Whole
    """(B, 9) rows that are not in `labels`"""
    unsampled: float
    warnings: tuple[Told, ...]

    @classmethod
    def of(cls, rows: Rows) -> Table:
        if not rows.groups:
            raise ValueError("name at least one column of groups")
        columns = tuple(rows.groups)
        keys, group = _numbered(list(zip(*rows.groups.values(), strict=True)))
        code = _codes(np.asarray(rows.selected), np.asarray(rows.outcome))
        ones, same = np.ones(len(rows)), np.zeros(len(rows), dtype=np.int64)
        if rows.population is not None and rows.population < len(rows):
            raise ValueError(f"the population is {rows.population}; the table has {len(rows)} rows, which is more")
        warnings = list(_missing(code))
        if rows.arms is None:
            people = Cells.of(group, code, same, ones)
            unsampled = 1 - len(rows) / rows.population if rows.population else 1.0
            none = np.zeros((len(keys), len(CELLS)), dtype=np.int64)
            return cls(columns, keys, len(rows), people, people, none, unsampled, tuple(warnings))
        whole = rows.population == len(rows) or any(not arms for arms in rows.arms)
        weight, stratum, notes = _random_arm(rows)
        warnings += notes
        used = weight > 0
        labels = Cells.of(group[used], code[used], stratum[used], weight[used])
        population = rows.population or (len(rows) if whole else None)
        unsampled = 1 - int(used.sum()) / population if population else 1.0
        rest = np.zeros((len(keys), len(CELLS)), dtype=np.int64)
        np.add.at(rest, (group[~used], code[~used]), 1)
        people = Cells.of(group, code, same, ones) if whole else labels
        return cls(columns, keys, len(rows), people, labels, rest, unsampled, tuple(warnings))

    @classmethod
    def of_counts(cls, groups: Mapping[str, Sequence[str]], counts: NDArray[Any]) -> Table:
        """From (rows, 4) tp, fp, tn, fn; rows of one group are added up. Raises ValueError when nobody is counted."""
        if not counts.sum():
            raise ValueError("the counts are all 0")
        columns = tuple(groups)
        keys, group = _numbered(list(zip(*groups.values(), strict=True)))
        code = np.array([CELLS.index(cell) for cell in ("tp", "fp", "tn", "fn")])
        sums = np.zeros((len(keys), len(CELLS)), dtype=np.int64)
        np.add.at(sums, (group[:, None], code[None, :]), counts)
        at, cell = np.nonzero(sums)
        people = Cells(at, cell, np.zeros(len(at), dtype=np.int64), np.ones(len(at)), sums[at, cell])
        return cls(columns, keys, int(counts.sum()), people, people, np.zeros_like(sums), 1.0, ())


def _numbered(tuples: Sequence[Key]) -> tuple[tuple[Key, ...], Whole]:
    keys = tuple(sorted(set(tuples)))
    at = {key: i for i, key in enumerate(keys)}
    return keys, np.array([at[one] for one in tuples], dtype=np.int64)


def _codes(selected: NDArray[Any], outcome: NDArray[Any]) -> Whole:
    """(n,) place in CELLS."""
    first = np.select([selected == 1, selected == 0], [0, 3], 6)
    return np.asarray(first + np.select([outcome == 1, outcome == 0], [0, 1], 2), dtype=np.int64)


def _missing(code: Whole) -> list[Told]:
    unknown, blank = int(np.isin(code, (2, 5, 8)).sum()), int((code >= 6).sum())
    told = []
    if unknown:
        told.append(
            (
                f"van {unknown} van de {len(code)} rijen ontbreekt de uitkomst; zij tellen nergens als nee",
                f"{unknown} of {len(code)} rows have no outcome; they count nowhere as no",
            )
        )
    if blank:
        told.append(
            (
                f"van {blank} van de {len(code)} rijen is niet bekend of zij geselecteerd zijn",
                f"{blank} of {len(code)} rows do not say whether they were selected",
            )
        )
    return told


def _random_arm(rows: Rows) -> tuple[Floats, Whole, list[Told]]:
    """(n,) people of the population that a row's outcome stands for, 0 for a row that is not used; its stratum.

    The random arm is a simple random sample of the eligible. With inclusion probabilities, rows drawn outside the lists
    (random and top_up, below 1) stand for 1 / chance, and random rows that were certain to be reviewed (chance 1) stand
    for all that were; only outcomes of the draw are used, never those of a list that somebody or a model chose.
    """
    arms = rows.arms or ()
    random = np.array([bool(RANDOM & one) for one in arms], dtype=bool)
    if not random.any():
        there = sorted({name for one in arms for name in one})
        raise ValueError(f"the arm column has no 'random'; it has {', '.join(map(repr, there[:10])) or 'nothing'}")
    notes: list[Told] = []
    reviewed = np.array([bool(one) for one in arms], dtype=bool)
    chosen = np.asarray(rows.selected) == 1
    apart = not (random & chosen).any() and bool((reviewed & chosen & (np.asarray(rows.outcome) >= 0)).any())
    if apart:
        notes.append(
            (
                "de willekeurige groep is buiten de selectie getrokken; van de selectie tellen de eigen uitkomsten",
                "the random arm was drawn outside the selected; of those their own outcomes are used",
            )
        )
    used = random | (reviewed & chosen if apart else False)
    weight = used.astype(np.float64)
    if rows.chance is not None:
        used |= np.array([TOP_UP in one for one in arms], dtype=bool)
        lacking = used & np.isnan(rows.chance)
        if lacking.any():
            at = int(np.flatnonzero(lacking)[0]) + 2
            raise ValueError(f"{int(lacking.sum())} rows of the random arm have no probability, the first is row {at}")
        weight = np.where(used, 1 / np.where(used, rows.chance, 1.0), 0.0)
        certain = reviewed & (np.nan_to_num(rows.chance, nan=0.0) >= 1)
        if not apart and (random & certain).any() and (random & ~certain).any():
            weight[random & certain] = certain.sum() / (random & certain).sum()
    elif apart:
        weight = _outside(rows, random, chosen)
    stratum = np.where(random, 0, 1).astype(np.int64)
    return weight, stratum, notes


def _outside(rows: Rows, random: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Floats:
    """Weights where the random arm was drawn among those who were not selected: each arm stands for its own part."""
    total = rows.population or len(rows)
    reviewed = chosen & (np.asarray(rows.outcome) >= 0)
    weight = np.zeros(len(rows))
    weight[reviewed] = chosen.sum() / reviewed.sum()
    weight[random] = max(1.0, (total - chosen.sum()) / random.sum())
    return weight


def families_of(table: Table, references: Sequence[str]) -> tuple[Family, ...]:
    """Each column, then every intersection of columns."""
    wanted = _references(table, references)
    size, codes = len(table.keys), len(CELLS)
    people, labels = table.people.sums(size, codes), table.labels.sums(size, codes)
    people_rows = table.labels.rows(size, codes) + table.unlabelled
    label_rows = table.labels.rows(size, codes)
    squares = np.zeros((size, codes))
    np.add.at(squares, (table.labels.group, table.labels.code), table.labels.count * table.labels.weight**2)
    found = []
    for many in range(1, len(table.columns) + 1):
        for places in combinations(range(len(table.columns)), many):
            keys, at = _numbered([tuple(key[i] for i in places) for key in table.keys])
            if many > 1 and len(keys) > COMBINATIONS:
                continue
            member = np.arange(len(keys))[:, None] == at[None, :]
            names = tuple(table.columns[i] for i in places)
            n = member @ people_rows.sum(1)
            sums, second = member @ labels, member @ squares
            effective = np.divide(sums**2, second, out=np.zeros_like(sums), where=second > 0)
            found.append(
                Family(
                    names,
                    keys,
                    _reference(names, keys, n, wanted),
                    member,
                    member @ people,
                    member @ people_rows,
                    sums,
                    member @ label_rows,
                    effective,
                )
            )
    return tuple(found)


def _references(table: Table, references: Sequence[str]) -> dict[str, str]:
    """Column -> value that was asked for. Raises ValueError that lists the values there are."""
    values = {name: sorted({key[i] for key in table.keys}) for i, name in enumerate(table.columns)}
    wanted: dict[str, str] = {}
    for one in references:
        column, sign, value = one.partition("=")
        if sign and column in values and value in values[column]:
            wanted[column] = value
            continue
        having = [name for name, there in values.items() if one.strip() in there]
        if not having:
            there = "; ".join(f"{name}: {', '.join(some[:20])}" for name, some in values.items())
            raise ValueError(f"no group is called {one!r}; there are {there}")
        wanted |= dict.fromkeys(having, one.strip())
    return wanted


def _reference(names: tuple[str, ...], keys: Sequence[Key], n: NDArray[Any], wanted: Mapping[str, str]) -> int:
    """The group asked for, else the largest that is known."""
    if wanted:
        fit = [sum(wanted.get(name) == value for name, value in zip(names, key, strict=True)) for key in keys]
    else:
        fit = [0] * len(keys)
    known = [UNKNOWN_GROUP not in key for key in keys]
    return max(range(len(keys)), key=lambda i: (fit[i], known[i], n[i]))
