"""Training rows weighed by how rarely they are chosen: an option that is compared and must show its gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.candidate import Candidate, Fitted, Floats
from models.dataset import Examples
from models.tuning import settled

CAP = 20.0
"""a row weighs at most so many times the lightest; beyond that a few rows would be the model"""


@dataclass(frozen=True)
class Weighted:
    """A candidate trained with 1 / pi as weights: as if the eligible had been reviewed, not the chosen.

    It counts as less simple than any candidate without weights, so the champion rule takes it only when it is more
    than one paired standard error better.
    """

    candidate: Candidate

    @property
    def name(self) -> str:
        return f"{self.candidate.name}-weighted"

    @property
    def complexity(self) -> int:
        return self.candidate.complexity + 10

    @property
    def promotable(self) -> bool:
        return self.candidate.promotable

    def fit(self, examples: Examples, weights: Floats) -> Fitted:
        """Raises ValueError when a random row has no inclusion probability on record."""
        return self.candidate.fit(examples, weights * inverse(examples))

    def settled(self, examples: Examples, weights: Floats) -> Candidate:
        """The same with the settings of what it weighs fixed on these rows."""
        return Weighted(settled(self.candidate, examples, weights * inverse(examples)))

    def load(self, data: bytes) -> Fitted:
        return self.candidate.load(data)


def inverse(examples: Examples) -> Floats:
    """(n,) 1 / pi over their mean, capped; a row that was certain to be chosen has pi 1."""
    certain = np.array([not set(arm.split(",")) <= {"random", "top_up"} for arm in examples.arm.tolist()], dtype=bool)
    pi = np.where(certain, 1.0, np.nan_to_num(examples.probability))
    if (pi <= 0).any():
        raise ValueError(
            f"{int((pi <= 0).sum())} random reviews have no inclusion probability on record; train without weights"
        )
    found = np.minimum(1 / pi, CAP * float((1 / pi).min()))
    return np.asarray(found / found.mean(), dtype=np.float64)
