"""A fairness audit: every figure per group with its interval, compared with a reference group (statistics.md).

`audit` answers like fairlearn's MetricFrame: overall, by_group, difference, ratio, group_min, group_max, and intervals.
With an arm column the figures of the whole population come from the random arm, in which nobody was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.confusion import CELLS, METRICS, OF_PEOPLE, share
from models.fairness_checks import check
from models.fairness_publishing import Published, publishable
from models.fairness_rows import Family, Floats, Key, Rows, Table, Told, Whole, families_of
from models.intervals import difference as newcombe
from models.intervals import wilson
from models.resampling import DRAWS, bounds

FEWEST = 30
"""people in a denominator below which a figure is `insufficient`"""
FEW = 10
"""people with, or without, below which an interval is Wilson's and not the bootstrap's"""
NAMED = 5
"""groups that a warning names; of more it tells how many"""
MIN_CELL = 10
"""requirement R10: aggregates of at least 10"""


@dataclass(frozen=True)
class Figure:
    """One metric of one group, or why there is none."""

    value: float | None
    low: float | None
    high: float | None
    denominator: int | None
    """rows with a known answer that it rests on; None when suppressed"""
    status: str
    """ok, insufficient (fewer than 30 in the denominator), suppressed or not_estimable"""
    why_nl: str = ""
    why_en: str = ""
    resampled: bool = False
    """whether the interval is the bootstrap's; else it is Wilson's"""


@dataclass(frozen=True)
class Group:
    key: Mapping[str, str]
    """column -> value"""
    n: int | None
    """rows, None when suppressed"""
    metrics: Mapping[str, Figure]


@dataclass(frozen=True)
class Comparison:
    """A group beside its reference: group minus reference, and group divided by reference."""

    group: Mapping[str, str]
    reference: Mapping[str, str]
    metric: str
    difference: float | None
    ratio: float | None
    low: float | None
    """interval of the difference"""
    high: float | None


@dataclass(frozen=True)
class Audit:
    """An audit of people in groups. Figures of small groups are suppressed in `groups` and `comparisons`."""

    columns: tuple[str, ...]
    rows: int
    families: tuple[Family, ...]
    groups: tuple[Group, ...]
    """first the groups of each column, then those of their intersections"""
    comparisons: tuple[Comparison, ...]
    total: Group
    warnings: tuple[Told, ...]
    unsampled: float
    """part of the population that was not sampled; 1 when the population is not known"""

    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "groups": [
                {
                    "group": dict(group.key),
                    "n": group.n,
                    "metrics": {
                        name: {
                            "value": one.value,
                            "low": one.low,
                            "high": one.high,
                            "denominator": one.denominator,
                            "status": one.status,
                        }
                        for name, one in group.metrics.items()
                    },
                }
                for group in self.groups
            ],
            "comparisons": [
                {
                    "group": dict(one.group),
                    "reference": dict(one.reference),
                    "metric": one.metric,
                    "difference": one.difference,
                    "ratio": one.ratio,
                    "low": one.low,
                    "high": one.high,
                }
                for one in self.comparisons
            ],
            "warnings": [said for _, said in self.warnings],
        }

    @cached_property
    def _finest(self) -> dict[Key, Group]:
        """The groups of all columns together, as MetricFrame has them."""
        return {tuple(one.key.values()): one for one in self.groups if tuple(one.key) == self.columns}

    @property
    def overall(self) -> dict[str, float | None]:
        """Metric -> value over everybody."""
        return {name: one.value for name, one in self.total.metrics.items()}

    @property
    def by_group(self) -> dict[str, dict[Key, float | None]]:
        """Metric -> group (a value per column) -> value; None when there is no value or it is suppressed."""
        return {name: {key: one.metrics[name].value for key, one in self._finest.items()} for name in METRICS}

    @property
    def intervals(self) -> dict[str, dict[Key, tuple[float | None, float | None]]]:
        """Metric -> group -> 95 % interval."""
        return {
            name: {key: (one.metrics[name].low, one.metrics[name].high) for key, one in self._finest.items()}
            for name in METRICS
        }

    def group_min(self) -> dict[str, float | None]:
        """Metric -> lowest value of a group, among those that have one."""
        return {name: min(there) if (there := self._there(name)) else None for name in METRICS}

    def group_max(self) -> dict[str, float | None]:
        """Metric -> highest value of a group, among those that have one."""
        return {name: max(there) if (there := self._there(name)) else None for name in METRICS}

    def difference(self, method: str = "between_groups") -> dict[str, float | None]:
        """Metric -> largest difference: between two groups, or of a group from everybody (`to_overall`)."""
        return {name: self._difference(name, method) for name in METRICS}

    def ratio(self, method: str = "between_groups") -> dict[str, float | None]:
        """Metric -> smallest ratio, at most 1: between two groups, or of a group and everybody (`to_overall`)."""
        return {name: self._ratio(name, method) for name in METRICS}

    def _there(self, metric: str) -> list[float]:
        return [value for value in self.by_group[metric].values() if value is not None]

    def _difference(self, metric: str, method: str) -> float | None:
        there, every = self._there(metric), self.overall[metric]
        if _known(method) and there:
            return max(there) - min(there)
        return max(abs(one - every) for one in there) if there and every is not None else None

    def _ratio(self, metric: str, method: str) -> float | None:
        there, every = self._there(metric), self.overall[metric]
        if _known(method):
            return share(min(there), max(there)) if there else None
        if not there or not every:
            return None
        return min(min(one / every, every / one) if one else 0.0 for one in there)


def _known(method: str) -> bool:
    if method not in ("between_groups", "to_overall"):
        raise ValueError(f"method is {method!r}; it must be between_groups or to_overall")
    return method == "between_groups"


def audit(
    rows: Rows,
    *,
    references: Sequence[str] = (),
    min_cell: int = MIN_CELL,
    draws: int = DRAWS,
    seed: int = 1,
) -> Audit:
    """Every metric per group and intersection. references: a value, or column=value; by default the largest group.

    Raises ValueError for a reference that no group has, an arm column without a random arm, and a population smaller
    than the table; AuditFailedError when the figures contradict each other (fairness_checks.py).
    """
    return _audit(Table.of(rows), references, min_cell, draws, seed)


def audit_counts(
    groups: Mapping[str, Sequence[str]],
    counts: Whole,
    *,
    references: Sequence[str] = (),
    min_cell: int = MIN_CELL,
    draws: int = DRAWS,
    seed: int = 1,
) -> Audit:
    """The same from counts, one row per group: (rows, 4) tp, fp, tn, fn. Rows of one group are added up."""
    table = Table.of_counts(groups, counts)
    return _audit(table, references, min_cell, draws, seed)


def _audit(table: Table, references: Sequence[str], min_cell: int, draws: int, seed: int) -> Audit:
    result = _Figures(table, families_of(table, references), min_cell, draws, seed).audit()
    check(result)
    return result


class _Figures:
    """Figures, intervals and what of them may be published, of all families of one table."""

    def __init__(self, table: Table, families: tuple[Family, ...], min_cell: int, draws: int, seed: int) -> None:
        self.table, self.families, self.min_cell, self.draws = table, families, min_cell, draws
        size = len(table.keys)
        self.label_draws = table.labels.redrawn(size, len(CELLS), draws, seed)
        same = table.people is table.labels
        self.people_draws = self.label_draws if same else table.people.redrawn(size, len(CELLS), draws, seed + 1)
        self.warnings = list(table.warnings)
        self.undefined: dict[str, int] = {}

    def audit(self) -> Audit:
        published = publishable(self.table, self.families, self.min_cell)
        groups: list[Group] = []
        comparisons: list[Comparison] = []
        for family in self.families:
            shown = published[family.columns]
            made = [dict[str, Figure]() for _ in family.keys]
            for metric in METRICS:
                drawn = self._drawn(family, metric)
                for i in range(len(family.keys)):
                    hidden = (metric, i) not in shown.figures
                    made[i][metric] = self._figure(family, metric, i, hidden, drawn)
                comparisons += self._compared(family, metric, [one[metric] for one in made], drawn)
            for i, key in enumerate(family.keys):
                n = int(family.people_rows[i].sum()) if i in shown.sizes else None
                groups.append(Group(dict(zip(family.columns, key, strict=True)), n, made[i]))
        self._say(published, groups)
        return Audit(
            self.table.columns,
            self.table.rows,
            self.families,
            tuple(groups),
            tuple(comparisons),
            self._total(),
            tuple(self.warnings),
            self.table.unsampled,
        )

    def _drawn(self, family: Family, metric: str) -> tuple[Floats, Floats]:
        """(G, draws) numerators and denominators of the redrawn tables."""
        draws = self.people_draws if metric in OF_PEOPLE else self.label_draws
        one, member = METRICS[metric], family.member.astype(np.float64)
        above, below = (
            draws[[CELLS.index(cell) for cell in cells]].sum(0) for cells in (one.numerator, one.denominator)
        )
        if metric == "ppr":
            return member @ above, np.broadcast_to(below.sum(0), (len(family.keys), self.draws))
        return member @ above, member @ below

    def _figure(self, family: Family, metric: str, i: int, hidden: bool, drawn: tuple[Floats, Floats]) -> Figure:
        sums, rows = family.part(metric)
        above, below = (float(one[i]) for one in family.counts(metric, sums))
        rows_above, rows_below = (int(one[i]) for one in family.counts(metric, rows))
        if hidden:
            return Figure(None, None, None, None, "suppressed", *_TOO_FEW)
        value = share(above, below)
        if value is None:
            one = METRICS[metric]
            return Figure(None, None, None, rows_below, "not_estimable", one.none_nl, one.none_en)
        worth = self._worth(family, metric, i, rows_below)
        low, high, undefined = bounds(drawn[0][i], drawn[1][i])
        if undefined:
            self.undefined[metric] = self.undefined.get(metric, 0) + undefined
        resampled = not undefined and worth >= FEWEST and min(rows_above, rows_below - rows_above) >= FEW
        if resampled:
            narrower = max(0.0, self.table.unsampled) ** 0.5
            low, high = (min(1.0, max(0.0, value + (end - value) * narrower)) for end in (low, high))
        else:
            low, high = wilson(value, worth, unsampled=self.table.unsampled)
        few = (f"{rows_below} in de noemer, {FEWEST} zijn nodig", f"{rows_below} in the denominator, {FEWEST} needed")
        if worth < FEWEST:
            return Figure(value, low, high, rows_below, "insufficient", *few, resampled)
        return Figure(value, low, high, rows_below, "ok", resampled=resampled)

    def _worth(self, family: Family, metric: str, i: int, rows: int) -> float:
        """Equally weighted rows that the denominator is worth."""
        everybody = metric in OF_PEOPLE and self.table.people is not self.table.labels
        return float(rows) if everybody or metric == "ppr" else family.worth(metric, i)

    def _compared(
        self, family: Family, metric: str, figures: Sequence[Figure], drawn: tuple[Floats, Floats]
    ) -> list[Comparison]:
        found = []
        base = figures[family.reference]
        narrower = max(0.0, self.table.unsampled) ** 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            of_base = drawn[0][family.reference] / drawn[1][family.reference]
        for i, one in enumerate(figures):
            if i == family.reference:
                continue
            gap = ratio = low = high = None
            if one.value is not None and base.value is not None:
                gap, ratio = one.value - base.value, share(one.value, base.value)
                if one.resampled and base.resampled:
                    ends = np.quantile(drawn[0][i] / drawn[1][i] - of_base, (0.025, 0.975))
                    low, high = (float(gap + (end - gap) * narrower) for end in ends)
                else:
                    low, high = newcombe(_ends(one), _ends(base), shared=metric == "ppr")
            keys = (dict(zip(family.columns, family.keys[at], strict=True)) for at in (i, family.reference))
            found.append(Comparison(next(keys), next(keys), metric, gap, ratio, low, high))
        return found

    def _total(self) -> Group:
        """Everybody together."""
        family = self.families[0]
        metrics = {}
        for name in METRICS:
            sums, rows = family.part(name)
            above, below = (float(one.sum()) for one in family.counts(name, sums))
            count = int(family.counts(name, rows)[1].sum())
            if name == "ppr":
                above, below, count = (float(above > 0),) * 2 + (count // max(1, len(family.keys)),)
            found = share(above, below)
            if found is None:
                one = METRICS[name]
                metrics[name] = Figure(None, None, None, count, "not_estimable", one.none_nl, one.none_en)
                continue
            low, high = wilson(found, count, unsampled=self.table.unsampled)
            metrics[name] = Figure(found, low, high, count, "ok" if count >= FEWEST else "insufficient")
        return Group({}, self.table.rows, metrics)

    def _say(self, published: Mapping[tuple[str, ...], Published], groups: Sequence[Group]) -> None:
        hidden = sum(one.status == "suppressed" for group in groups for one in group.metrics.values())
        if hidden:
            self.warnings.append(
                (
                    f"{hidden} cijfers zijn niet getoond: een aantal is kleiner dan {self.min_cell}, of zou volgen",
                    f"{hidden} figures are suppressed: a count is below {self.min_cell}, or would follow from them",
                )
            )
        reasons: dict[Told, dict[str, list[str]]] = {}
        for group in groups:
            for name, one in group.metrics.items():
                if one.status == "not_estimable":
                    who = " / ".join(group.key.values())
                    reasons.setdefault((one.why_nl, one.why_en), {}).setdefault(name, []).append(who)
        for (nl, en), metrics in reasons.items():
            for name, named in metrics.items():
                some, more = ", ".join(named[:NAMED]), len(named) - NAMED
                self.warnings.append(
                    (
                        f"{name} niet te schatten voor {some}{f' en {more} andere' if more > 0 else ''}: {nl}",
                        f"{name} not estimable for {some}{f' and {more} others' if more > 0 else ''}: {en}",
                    )
                )
        for name, times in self.undefined.items():
            self.warnings.append(
                (
                    f"{name}: {times} trekkingen zonder noemer; die intervallen zijn van Wilson",
                    f"{name}: {times} draws had nothing to divide by; those intervals are Wilson's",
                )
            )
        if self.table.columns and self.families[-1].columns != self.table.columns:
            many = len(self.table.keys)
            self.warnings.append(
                (f"{many} combinaties van groepen: te veel om te tonen", f"{many} combinations of groups: too many")
            )


_TOO_FEW = ("te weinig mensen om te tonen", "too few people to show")


def _ends(figure: Figure) -> tuple[float, float, float]:
    value, low, high = figure.value, figure.low, figure.high
    if value is None or low is None or high is None:
        raise ValueError("a figure without interval cannot be compared")
    return value, low, high
