"""The additive model: one curve per feature, added up; no feature changes what another one does (EBM, no interactions).

Nori, Jenkins, Koch, Caruana: InterpretML (2019). What is kept is the steps of each curve, as JSON.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.candidate import Floats, additive, canonical, finite, parsed
from models.dataset import Examples
from models.tuning import Trial


@dataclass(frozen=True)
class Curve:
    """What one feature adds: `scores[i]` between cut i - 1 (inclusive) and cut i."""

    column: int
    cuts: tuple[float, ...]
    scores: tuple[float, ...]
    """one more than cuts; on average 0 over the training rows"""


@dataclass(frozen=True)
class AdditiveModel:
    """The margin is the intercept and one step of each curve."""

    names: tuple[str, ...]
    curves: tuple[Curve, ...]
    intercept: float
    """margin of the average training case, log-odds"""
    kind: str = "additive"

    def margin(self, X: Floats) -> Floats:  # noqa: N803
        """(n,) log-odds, not calibrated."""
        return np.asarray(self._parts(X).sum(axis=1), dtype=np.float64)

    def contributions(self, X: Floats) -> Floats:  # noqa: N803
        """(n, p + 1): the step of each feature's curve; the last column is the intercept."""
        parts = self._parts(X)
        return additive(parts, np.asarray(parts.sum(axis=1), dtype=np.float64))

    def dump(self) -> bytes:
        curves = [{"column": one.column, "cuts": one.cuts, "scores": one.scores} for one in self.curves]
        return canonical({"kind": self.kind, "names": self.names, "curves": curves, "intercept": self.intercept})

    def _parts(self, X: Floats) -> Floats:  # noqa: N803
        finite(X, "the matrix")
        out = np.zeros((len(X), len(self.names) + 1))
        out[:, -1] = self.intercept
        for one in self.curves:
            out[:, one.column] = np.array(one.scores)[np.searchsorted(one.cuts, X[:, one.column], side="right")]
        return out


@dataclass(frozen=True)
class AdditiveCandidate:
    """An explainable boosting machine without interactions, monotone as declared."""

    directions: tuple[int, ...]
    seed: int
    bins: int = 32
    """steps of a curve at most; more follow noise at a few thousand labels"""
    bags: int = 2
    """machines that are averaged; more cost time thirty-fold, in every refit"""
    learning_rate: float = 0.05
    rounds: int = 2000
    patience: int = 15
    """rounds without gain after which a machine stops; 0 when `rounds` is settled: then every row teaches"""
    name: str = "additive"
    complexity: int = 2
    promotable: bool = True

    def fit(self, examples: Examples, weights: Floats) -> AdditiveModel:
        """Raises ValueError when the rows hold one label only."""
        if len(np.unique(examples.label)) < 2:
            raise ValueError("an additive model needs rows of both labels")
        used = [c for c in range(len(examples.names)) if len(np.unique(examples.X[:, c])) > 1]
        if not used:
            return AdditiveModel(examples.names, (), _log_odds(examples.label, weights))
        machine = self._machine(examples, weights, used)
        curves = [_curve(machine, term, used) for term in range(len(machine.term_features_))]
        kept = tuple(sorted((one for one in curves if any(one.scores)), key=lambda one: one.column))
        return AdditiveModel(examples.names, kept, round(float(machine.intercept_[0]), 6))

    def settled(self, examples: Examples, weights: Floats) -> AdditiveCandidate:
        """The number of rounds fixed to what held-out parts of these rows ask for. A refit keeps it: its copied rows
        would stand on both sides of a part held out, and then more rounds always seem better."""
        used = [c for c in range(len(examples.names)) if len(np.unique(examples.X[:, c])) > 1]
        if not used or not self.patience:
            return self
        # The machine counts steps, one per feature and round, up to where it lost patience.
        steps = float(np.mean(self._machine(examples, weights, used).best_iteration_))
        return dataclasses.replace(self, rounds=max(1, round(steps / len(used)) - self.patience), patience=0, bags=1)

    def _machine(self, examples: Examples, weights: Floats, used: list[int]) -> Any:
        from interpret.glassbox import ExplainableBoostingClassifier

        machine = ExplainableBoostingClassifier(
            feature_types=["continuous"] * len(used),
            interactions=0,
            max_bins=self.bins,
            outer_bags=self.bags,
            validation_size=0.15 if self.patience else 0,
            learning_rate=self.learning_rate,
            max_rounds=self.rounds,
            early_stopping_rounds=self.patience,
            monotone_constraints=[self.directions[c] for c in used],
            n_jobs=1,
            random_state=self.seed,
        )
        return machine.fit(examples.X[:, used], examples.label.astype(np.int64), sample_weight=weights)

    def load(self, data: bytes) -> AdditiveModel:
        found = parsed(data, self.name)
        curves = tuple(Curve(int(c["column"]), tuple(c["cuts"]), tuple(c["scores"])) for c in found["curves"])
        return AdditiveModel(tuple(found["names"]), curves, float(found["intercept"]))

    def varied(self, trial: Trial) -> AdditiveCandidate:
        return dataclasses.replace(
            self,
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.06, log=True),
            bins=trial.suggest_int("bins", 16, 64, step=16),
        )


def _curve(machine: Any, term: int, used: list[int]) -> Curve:
    """Steps of one term, rounded to six decimals: the model is what the file says. Steps that are equal become one."""
    (at,) = machine.term_features_[term]
    cuts = [float(cut) for cut in machine.bins_[at][0]]
    scores = [round(float(score), 6) + 0.0 for score in machine.term_scores_[term][1 : len(cuts) + 2]]
    kept = [i for i in range(len(cuts)) if scores[i] != scores[i + 1]]
    return Curve(used[at], tuple(cuts[i] for i in kept), (scores[0], *(scores[i + 1] for i in kept)))


def _log_odds(label: Floats, weights: Floats) -> float:
    share = float(np.average(label, weights=weights))
    return round(float(np.log(share / (1 - share))), 6)
