"""The ceiling: LightGBM without limits on shape or depth. It shows what the limits cost and is never champion."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import lightgbm
import numpy as np

from models.boosting import Boosted
from models.candidate import Floats, parsed
from models.dataset import Examples
from models.tuning import Trial


@dataclass(frozen=True)
class CeilingCandidate:
    """All features, no declared directions, as many leaves as the search likes."""

    seed: int
    trees: int = 200
    leaves: int = 31
    learning_rate: float = 0.05
    smallest_leaf: int = 20
    column_share: float = 0.8
    ridge: float = 1.0
    name: str = "ceiling"
    complexity: int = 9
    promotable: bool = False

    def fit(self, examples: Examples, weights: Floats) -> Boosted:
        """Raises ValueError when the rows hold one label only."""
        if len(np.unique(examples.label)) < 2:
            raise ValueError("the ceiling needs rows of both labels")
        settings = {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.smallest_leaf,
            "feature_fraction": self.column_share,
            "lambda_l2": self.ridge,
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.seed,
            "num_threads": 1,
            "verbosity": -1,
        }
        names = [f"f{column}" for column in range(len(examples.names))]
        data = lightgbm.Dataset(examples.X, examples.label, weight=weights, feature_name=names, params=settings)
        text = lightgbm.train(settings, data, self.trees).model_to_string()
        return Boosted(examples.names, tuple(range(len(examples.names))), text, self.name)

    def load(self, data: bytes) -> Boosted:
        found = parsed(data, self.name)
        return Boosted(tuple(found["names"]), tuple(found["chosen"]), str(found["booster"]), self.name)

    def varied(self, trial: Trial) -> CeilingCandidate:
        return dataclasses.replace(
            self,
            trees=trial.suggest_int("trees", 50, 300, step=50),
            leaves=trial.suggest_int("leaves", 4, 60),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.15, log=True),
            smallest_leaf=trial.suggest_int("smallest_leaf", 10, 200),
            column_share=trial.suggest_float("column_share", 0.3, 1.0),
            ridge=trial.suggest_float("ridge", 0.01, 30.0, log=True),
        )
