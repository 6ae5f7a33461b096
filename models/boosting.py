"""Constrained LightGBM: monotone as declared, depth at most 3, at most 30 features, the same bytes every time."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm
import numpy as np

from models.candidate import Floats, additive, canonical, finite, parsed
from models.dataset import Examples
from models.tuning import Trial


@dataclass(frozen=True)
class Boosted:
    """A booster over the `chosen` ones of the columns `names`; its text is all there is of it."""

    names: tuple[str, ...]
    chosen: tuple[int, ...]
    text: str
    """LightGBM's own model text"""
    kind: str = "boosting"

    @cached_property
    def _booster(self) -> Any:
        return lightgbm.Booster(model_str=self.text)

    def margin(self, X: Floats) -> Floats:  # noqa: N803
        """(n,) log-odds, not calibrated."""
        rows = np.ascontiguousarray(finite(X, "the matrix")[:, list(self.chosen)])
        return finite(np.asarray(self._booster.predict(rows, raw_score=True, num_threads=1)), "the margin")

    def contributions(self, X: Floats) -> Floats:  # noqa: N803
        """(n, p + 1) LightGBM's own tree SHAP values; the last column is the mean margin in training."""
        rows = np.ascontiguousarray(finite(X, "the matrix")[:, list(self.chosen)])
        parts = np.asarray(self._booster.predict(rows, pred_contrib=True, num_threads=1))
        out = np.zeros((len(X), len(self.names) + 1))
        out[:, [*self.chosen, len(self.names)]] = finite(parts, "a contribution")
        return additive(out, self.margin(X))

    def dump(self) -> bytes:
        return canonical({"kind": self.kind, "names": self.names, "chosen": self.chosen, "booster": self.text})


@dataclass(frozen=True)
class BoostingCandidate:
    """Trees on all columns choose the columns, on the training rows alone; trees on those are the model."""

    directions: tuple[int, ...]
    seed: int
    trees: int = 200
    features: int = 30
    depth: int = 3
    learning_rate: float = 0.05
    name: str = "boosting"
    complexity: int = 3
    promotable: bool = True

    def fit(self, examples: Examples, weights: Floats) -> Boosted:
        """Raises ValueError when the rows hold one label only."""
        if len(np.unique(examples.label)) < 2:
            raise ValueError("boosting needs rows of both labels")
        everything = tuple(range(len(examples.names)))
        gain = self._train(examples, weights, everything).feature_importance("gain")
        useful = [i for i in np.lexsort((everything, -gain)) if gain[i] > 0]
        chosen = tuple(sorted(int(i) for i in useful[: self.features])) or everything[:1]
        return Boosted(examples.names, chosen, self._train(examples, weights, chosen).model_to_string())

    def load(self, data: bytes) -> Boosted:
        found = parsed(data, self.name)
        return Boosted(tuple(found["names"]), tuple(found["chosen"]), str(found["booster"]))

    def varied(self, trial: Trial) -> BoostingCandidate:
        return dataclasses.replace(
            self,
            trees=trial.suggest_int("trees", 50, 300, step=50),
            depth=trial.suggest_int("depth", 2, 3),
            learning_rate=trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
        )

    def _train(self, examples: Examples, weights: Floats, columns: tuple[int, ...]) -> Any:
        settings = {
            "objective": "binary",
            "max_depth": self.depth,
            "num_leaves": 2**self.depth,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": max(20, len(examples) // 100),
            "lambda_l2": 10.0,
            "max_bin": 63,
            "monotone_constraints": [self.directions[c] for c in columns],
            "monotone_constraints_method": "advanced",
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.seed,
            "num_threads": 1,
            "verbosity": -1,
        }
        rows = np.ascontiguousarray(examples.X[:, list(columns)])
        names = [f"f{column}" for column in columns]
        data = lightgbm.Dataset(rows, examples.label, weight=weights, feature_name=names, params=settings)
        return lightgbm.train(settings, data, self.trees)
