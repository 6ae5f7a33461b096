"""How firm a place is: the champion fitted again on bootstrap samples, and where each case would stand then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.candidate import Candidate, Fitted, Floats, canonical, parsed
from models.dataset import Examples
from models.placing import places


@dataclass(frozen=True)
class Ensemble:
    """Refits of one candidate; they say how far places move, never what the place is."""

    members: tuple[Fitted, ...]

    def dump(self) -> bytes:
        return canonical({"kind": "ensemble", "members": [json.loads(member.dump()) for member in self.members]})

    @classmethod
    def load(cls, data: bytes, candidate: Candidate) -> Ensemble:
        """Read refits of `candidate`. Raises ValueError when they are of another kind."""
        return cls(tuple(candidate.load(canonical(one)) for one in parsed(data, "ensemble")["members"]))

    def margins(self, X: Floats) -> Floats:  # noqa: N803
        """(members, n)."""
        return np.stack([member.margin(X) for member in self.members])


def bootstrap(candidate: Candidate, examples: Examples, weights: Floats, seed: int, size: int = 30) -> Ensemble:
    """`size` refits, each with every cluster drawn anew with replacement: a household is in or out as a whole.

    Everything the candidate does in training, choosing features among it, is done again in every refit.
    """
    draw = np.random.default_rng(seed)
    clusters, at = np.unique(examples.cluster, return_inverse=True)
    members: list[Fitted] = []
    while len(members) < size:
        times = np.bincount(draw.integers(0, len(clusters), len(clusters)), minlength=len(clusters))[at]
        chosen = np.repeat(np.arange(len(examples)), times)
        if len(np.unique(examples.label[chosen])) == 2:
            members.append(candidate.fit(examples.rows(chosen), weights[chosen]))
    return Ensemble(tuple(members))


def place_range(
    margins: Floats, place: NDArray[np.int64], municipality: NDArray[Any], ties: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """5th and 95th percentile of each case's place over the refits, rounded outwards (statistics.md, Explanations).

    margins: (members, n). A range that does not hold the case's own place is widened to it: the place is shown.
    """
    again = np.stack([places(margin, municipality, ties) for margin in margins])
    low = np.percentile(again, 5, axis=0, method="lower").astype(np.int64)
    high = np.percentile(again, 95, axis=0, method="higher").astype(np.int64)
    return np.minimum(low, place), np.maximum(high, place)


def share_that_stays(
    margins: Floats,
    place: NDArray[np.int64],
    municipality: NDArray[Any],
    ties: NDArray[np.uint64],
    share: float,
    refits: float = 0.8,
) -> float:
    """Share of the top `share` per municipality that is in the top in at least `refits` of the refits."""
    _, group, sizes = np.unique(municipality, return_inverse=True, return_counts=True)
    cut = np.maximum(1, np.ceil(share * sizes))[group]
    inside = np.stack([places(margin, municipality, ties) <= cut for margin in margins]).mean(axis=0)
    return float((inside[place <= cut] >= refits).mean())
