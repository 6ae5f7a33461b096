"""Settings chosen inside the training rows: a bounded search on the latest quarter of them, the same for one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from sklearn.metrics import average_precision_score

from models.candidate import Candidate, Fitted, Floats
from models.dataset import Examples, Index

FEWEST = 20
"""labels of either kind that both parts must have, as in a window of the comparison"""


class Trial(Protocol):
    """The part of an Optuna trial that a search space is written in."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int: ...


@runtime_checkable
class Tunable(Candidate, Protocol):
    """A candidate with settings to vary."""

    def varied(self, trial: Trial) -> Candidate:
        """Itself with other settings. The name of a setting is that of the field it changes."""


@dataclass(frozen=True)
class Tuned:
    """A candidate whose settings are chosen anew on every set of training rows. Its own settings are the first try."""

    candidate: Tunable
    trials: int
    seed: int

    @property
    def name(self) -> str:
        return self.candidate.name

    @property
    def complexity(self) -> int:
        return self.candidate.complexity

    @property
    def promotable(self) -> bool:
        return self.candidate.promotable

    def fit(self, examples: Examples, weights: Floats) -> Fitted:
        return self.settled(examples, weights).fit(examples, weights)

    def load(self, data: bytes) -> Fitted:
        return self.candidate.load(data)

    def settled(self, examples: Examples, weights: Floats) -> Candidate:
        """The candidate with the settings of the highest average precision on the latest quarter of `examples`.

        Too few labels to hold a quarter apart: as declared.
        """
        early, late = latest_quarter(examples)
        for part in (early, late):
            found = float(examples.label[part].sum())
            if min(found, len(part) - found) < FEWEST:
                return self.candidate
        train, held = examples.rows(early), examples.rows(late)
        own = vars(self.candidate)

        def worth(trial: Any) -> float:
            model = self.candidate.varied(trial).fit(train, weights[early])
            return float(average_precision_score(held.label, model.margin(held.X)))

        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.seed))
        study.enqueue_trial(_asked(self.candidate, own))
        study.optimize(worth, n_trials=self.trials)
        return self.candidate.varied(optuna.trial.FixedTrial(study.best_params))


@runtime_checkable
class Settling(Protocol):
    """A candidate that has settings to choose from rows."""

    def settled(self, examples: Examples, weights: Floats) -> Candidate: ...


def settled(candidate: Candidate, examples: Examples, weights: Floats) -> Candidate:
    """The candidate with its settings fixed on these rows; one that is not tuned is as it is."""
    return candidate.settled(examples, weights) if isinstance(candidate, Settling) else candidate


def latest_quarter(examples: Examples) -> tuple[Index, Index]:
    """Rows before and in the latest quarter by date; a date is never split, a cluster of the late rows never early."""
    days = np.sort(examples.as_of)
    start = days[int(0.75 * len(days))]
    late = examples.as_of >= start
    early = ~late & ~np.isin(examples.cluster, examples.cluster[late])
    return np.flatnonzero(early), np.flatnonzero(late)


def _asked(candidate: Tunable, own: dict[str, Any]) -> dict[str, Any]:
    """The candidate's own settings under the names that its search space asks for."""
    asked: dict[str, Any] = {}

    class Asking:
        def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
            asked[name] = min(max(own[name], low), high)
            return float(asked[name])

        def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
            asked[name] = min(max(own[name], low), high)
            return int(asked[name])

    candidate.varied(Asking())
    return asked
