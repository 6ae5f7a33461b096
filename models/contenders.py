"""The candidates that compete for the list, simplest first. A new one is added here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.baselines import baselines
from models.boosting import BoostingCandidate
from models.candidate import Candidate, FeatureLike, directions
from models.scorecard import ScorecardCandidate


def contenders(features: Mapping[str, FeatureLike], names: Sequence[str], seed: int) -> tuple[Candidate, ...]:
    """Baselines, scorecard and boosting for columns `names`. Raises KeyError for a column that no feature declares."""
    ways = directions(features, names)
    used = {name: features[name] for name in names}
    return (*baselines(used), ScorecardCandidate(ways), BoostingCandidate(ways, seed))


def reader(kind: str) -> Candidate:
    """The candidate that reads models of `kind` back. Raises ValueError on another kind."""
    for candidate in (ScorecardCandidate(()), BoostingCandidate((), 0)):
        if candidate.name == kind:
            return candidate
    raise ValueError(f"no candidate reads models of kind {kind!r}")
