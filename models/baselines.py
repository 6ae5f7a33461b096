"""What a model must beat: chance, signals alone, whoever was not looked at for longest, and current practice.

None of them is ever champion.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.boosting import Boosted, BoostingCandidate
from models.candidate import FeatureLike, Fitted, Floats, canonical, finite, parsed
from models.dataset import Examples


@dataclass(frozen=True)
class FixedSum:
    """A margin that is the sum of named columns, as they are or as "differs from its smallest value"."""

    kind: str
    names: tuple[str, ...]
    columns: tuple[int, ...]
    present: tuple[float, ...] | None
    """when given, a column counts 1 where it is above this value"""

    def margin(self, X: Floats) -> Floats:  # noqa: N803
        return np.asarray(self._parts(finite(X, "the matrix")).sum(axis=1), dtype=np.float64)

    def contributions(self, X: Floats) -> Floats:  # noqa: N803
        """(n, p + 1), base 0."""
        out = np.zeros((len(X), len(self.names) + 1))
        out[:, list(self.columns)] = self._parts(finite(X, "the matrix"))
        return out

    def dump(self) -> bytes:
        return canonical({"kind": self.kind, "names": self.names, "columns": self.columns, "present": self.present})

    def _parts(self, X: Floats) -> Floats:  # noqa: N803
        chosen = X[:, list(self.columns)]
        return chosen if self.present is None else (chosen > np.array(self.present)).astype(np.float64)


@dataclass(frozen=True)
class Baseline:
    """Rank by `wanted` columns that the matrix has. Without any, all cases tie, which is drawing by lot."""

    name: str
    wanted: tuple[str, ...] = ()
    count: bool = False
    """count the columns above their smallest training value instead of adding them up"""
    complexity: int = 0
    promotable: bool = False

    def fit(self, examples: Examples, weights: Floats) -> FixedSum:
        columns = tuple(i for i, name in enumerate(examples.names) if name in self.wanted)
        least = tuple(float(value) for value in examples.X[:, list(columns)].min(axis=0)) if columns else ()
        return FixedSum(self.name, examples.names, columns, least if self.count else None)

    def load(self, data: bytes) -> FixedSum:
        found = parsed(data, self.name)
        present = None if found["present"] is None else tuple(found["present"])
        return FixedSum(self.name, tuple(found["names"]), tuple(found["columns"]), present)


@dataclass(frozen=True)
class CurrentPractice:
    """Rank by how much a case looks like those that people, tips and themes chose, instead of like what was found."""

    seed: int
    name: str = "current-practice"
    complexity: int = 0
    promotable: bool = False

    def fit(self, examples: Examples, weights: Floats) -> Fitted:
        """Without 20 rows of either choice all cases tie."""
        chosen = np.array(
            [not set(arm.split(",")) <= {"random", "top_up"} for arm in examples.arm.tolist()], dtype=float
        )
        if min(chosen.sum(), len(chosen) - chosen.sum()) < 20:
            return FixedSum(self.name, examples.names, (), None)
        free = BoostingCandidate((0,) * len(examples.names), self.seed, trees=100)
        like = free.fit(dataclasses.replace(examples, label=chosen), weights)
        return dataclasses.replace(like, kind=self.name)

    def load(self, data: bytes) -> Fitted:
        found = parsed(data, self.name)
        if "columns" in found:
            return FixedSum(self.name, tuple(found["names"]), tuple(found["columns"]), None)
        return Boosted(tuple(found["names"]), tuple(found["chosen"]), str(found["booster"]), self.name)


def baselines(features: Mapping[str, FeatureLike]) -> tuple[Baseline, ...]:
    """Random; signals only (how many kinds of signal there are); longest not reviewed, when a feature says how long."""
    signals = tuple(
        name for name, one in features.items() if one.topic == "signals" and one.unit == "count" and one.direction > 0
    )
    waiting = tuple(
        name
        for name, feature in features.items()
        if feature.topic == "history" and "since" in name and "review" in name and feature.unit in ("months", "days")
    )[:1]
    found = [Baseline("random"), Baseline("signals", signals, count=True)]
    return (*found, Baseline("longest-not-reviewed", waiting)) if waiting else tuple(found)
