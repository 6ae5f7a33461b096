"""Training rows weighed so that the label goes less with a protected group, without telling who is in which group.

Reweighing gives a row the weight P(g) P(y) / P(g, y) (Kamiran and Calders 2012), which needs the group of every row.
The audit knows the groups and training must not (R10). So the audit hands over one weight per cell and label, the mean
over the people in it: cells are thirds of two features that training has anyway, and none has fewer than thirty people.
A row's weight then says nothing of its group that its own features and label do not say. What the weights tell at most
is measured, as the AUC for each group of the best guess from weight and label; above the mandate's limit for a proxy
they are not handed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.candidate import Candidate, Fitted, Floats
from models.dataset import Examples
from models.proxies import ALL, Proxy
from models.tuning import settled

FEWEST = 30
"""people in a cell with a label below which its weight is 1"""
FEATURES = 2
NOBODYS = ("unknown", "other")
"""groups that are no group: their people weigh 1"""


@dataclass(frozen=True)
class Cuts:
    """A feature in thirds: below the first cut, between, from the last on. Equal cuts leave a third empty."""

    feature: str
    at: tuple[float, ...]


@dataclass(frozen=True)
class CellWeights:
    """What the audit of one municipality hands over; aggregates only."""

    municipality: str
    attribute: str
    cuts: tuple[Cuts, ...]
    weights: Mapping[tuple[int, int], float]
    """(cell, label) -> weight; a cell that is not in it weighs 1"""
    tells: float
    """largest AUC with which weight and label tell a group from the others; 0.5 is nothing"""

    def document(self) -> dict[str, Any]:
        return {
            "municipality": self.municipality,
            "attribute": self.attribute,
            "cuts": [{"feature": one.feature, "at": list(one.at)} for one in self.cuts],
            "weights": [{"cell": cell, "label": y, "weight": w} for (cell, y), w in sorted(self.weights.items())],
            "tells": self.tells,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> CellWeights:
        return cls(
            document["municipality"],
            document["attribute"],
            tuple(Cuts(one["feature"], tuple(one["at"])) for one in document["cuts"]),
            {(one["cell"], one["label"]): one["weight"] for one in document["weights"]},
            document["tells"],
        )


class TellsTooMuchError(ValueError):
    """The weights would tell a protected group better than the mandate allows; nothing is handed over."""


def cuts_by(proxies: Sequence[Proxy], attribute: str, examples: Examples) -> tuple[Cuts, ...]:
    """Thirds of the features that tell the attribute best, of those that may be used."""
    able = [one for one in proxies if one.attribute == attribute and one.feature != ALL and one.auc is not None]
    able = [one for one in able if one.status in ("ok", "justified") and one.feature in examples.names]
    best = dict.fromkeys(one.feature for one in sorted(able, key=lambda one: (-(one.auc or 0.0), one.feature)))
    found = []
    for feature in list(best)[:FEATURES]:
        low, high = np.quantile(examples.X[:, examples.names.index(feature)], (1 / 3, 2 / 3), method="higher")
        found.append(Cuts(feature, (float(low), float(high))))
    return tuple(found)


def cells(examples: Examples, cuts: Sequence[Cuts]) -> NDArray[np.int64]:
    """(n,) number of each row's cell. Raises ValueError for a feature that the rows do not have."""
    out = np.zeros(len(examples), dtype=np.int64)
    for one in cuts:
        if one.feature not in examples.names:
            raise ValueError(f"the audit's weights are by {one.feature}, which is no feature any more; audit again")
        column = examples.X[:, examples.names.index(one.feature)]
        out = out * (len(one.at) + 1) + np.searchsorted(one.at, column, "right")
    return out


def weigh(
    counts: Sequence[tuple[int, int, str, int]],
    municipality: str,
    attribute: str,
    cuts: Sequence[Cuts],
    limit: float,
) -> CellWeights:
    """The weights of cells from counts (cell, label, group, people). Raises TellsTooMuchError above the limit."""
    named = [one for one in counts if one[2] not in NOBODYS]
    of_group, of_label, of_both, people = _sums(named)
    weight: dict[tuple[int, int], float] = {}
    for key in sorted({(cell, label) for cell, label, _, _ in counts}):
        mine = [one for one in counts if one[:2] == key]
        n = sum(one[3] for one in mine)
        if n < FEWEST:
            continue
        worth = 0.0
        for _, label, group, m in mine:
            both = of_both.get((group, label), 0)
            worth += m * (of_group[group] * of_label[label] / (people * both) if group not in NOBODYS else 1.0)
        weight[key] = worth / n
    rows = [((weight.get((cell, label), 1.0), label), group, n) for cell, label, group, n in named]
    tells = max((_auc(rows, group) for group in of_group), default=0.5)
    if tells > limit:
        raise TellsTooMuchError(
            f"weights per cell would tell {attribute} with an AUC of {tells:.2f}, above the mandate's {limit:.2f}"
        )
    return CellWeights(municipality, attribute, tuple(cuts), weight, tells)


def _sums(counts: Sequence[tuple[int, int, str, int]]) -> tuple[dict[str, int], dict[int, int], dict[Any, int], int]:
    """People per group, per label, per both, and in all."""
    of_group: dict[str, int] = {}
    of_label: dict[int, int] = {}
    of_both: dict[Any, int] = {}
    for _, label, group, n in counts:
        of_group[group] = of_group.get(group, 0) + n
        of_label[label] = of_label.get(label, 0) + n
        of_both[group, label] = of_both.get((group, label), 0) + n
    return of_group, of_label, of_both, sum(of_group.values())


def _auc(rows: Sequence[tuple[tuple[float, int], str, int]], group: str) -> float:
    """AUC of the best guess of the group from weight and label: the share that the group has of each; ties are half."""
    mine, every = ({key: 0.0 for key, _, _ in rows} for _ in range(2))
    for key, own, n in rows:
        every[key] += n
        mine[key] += n if own == group else 0
    order = sorted(every, key=lambda key: mine[key] / every[key])
    inside, there = (np.array([one[key] for key in order]) for one in (mine, every))
    share = inside / there
    _, level = np.unique(share, return_inverse=True)
    a, b = np.bincount(level, inside), np.bincount(level, there - inside)
    if not a.sum() or not b.sum():
        return 0.5
    return float((a * (np.cumsum(b) - b / 2)).sum() / (a.sum() * b.sum()))


@dataclass(frozen=True)
class Reweighed:
    """A candidate trained with the weights that the audits handed over. What it costs in precision is the difference
    with the candidate itself; what it does for the groups is seen in the audit of its lists."""

    candidate: Candidate
    given: tuple[CellWeights, ...]
    """one per municipality; rows of another one weigh 1"""

    @property
    def name(self) -> str:
        return f"{self.candidate.name}-reweighed"

    @property
    def complexity(self) -> int:
        return self.candidate.complexity

    @property
    def promotable(self) -> bool:
        return self.candidate.promotable

    def fit(self, examples: Examples, weights: Floats) -> Fitted:
        return self.candidate.fit(examples, weights * of_rows(examples, self.given))

    def settled(self, examples: Examples, weights: Floats) -> Candidate:
        """The same with the settings of what it weighs fixed on these rows."""
        return Reweighed(settled(self.candidate, examples, weights * of_rows(examples, self.given)), self.given)

    def load(self, data: bytes) -> Fitted:
        return self.candidate.load(data)


@dataclass(frozen=True)
class Reference:
    """A candidate as it would be without the weights: to measure what they cost, not to be promoted."""

    candidate: Candidate

    @property
    def name(self) -> str:
        return self.candidate.name

    @property
    def complexity(self) -> int:
        return self.candidate.complexity

    @property
    def promotable(self) -> bool:
        return False

    def fit(self, examples: Examples, weights: Floats) -> Fitted:
        return self.candidate.fit(examples, weights)

    def load(self, data: bytes) -> Fitted:
        return self.candidate.load(data)


def of_rows(examples: Examples, given: Sequence[CellWeights]) -> Floats:
    """(n,) the weight of each labelled row, 1 on average; rows of a municipality without weights have 1."""
    out = np.ones(len(examples))
    for one in given:
        mine = np.flatnonzero(examples.municipality == one.municipality)
        part = examples.rows(mine)
        keys = zip(cells(part, one.cuts).tolist(), part.label.astype(np.int64).tolist(), strict=True)
        out[mine] = [one.weights.get(key, 1.0) for key in keys]
    return np.asarray(out / out.mean(), dtype=np.float64)
