"""The candidates that compete for the list, simplest first. A new one is added here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.additive import AdditiveCandidate
from models.baselines import Baseline, CurrentPractice, baselines
from models.boosting import BoostingCandidate
from models.candidate import Candidate, FeatureLike, directions
from models.ceiling import CeilingCandidate
from models.reweighing import CellWeights, Reference, Reweighed
from models.scorecard import ScorecardCandidate
from models.tuning import Tuned
from models.weighting import Weighted

TRIALS = 3
"""settings tried per set of training rows: with a few thousand labels more tries find noise"""


def contenders(
    features: Mapping[str, FeatureLike],
    names: Sequence[str],
    seed: int,
    *,
    trials: int = TRIALS,
    only: Sequence[str] | None = None,
    weighted: bool = False,
    reweighed: Sequence[CellWeights] = (),
) -> tuple[Candidate, ...]:
    """Baselines, scorecard, additive model, boosting and ceiling for columns `names`.

    only: names of candidates to keep beside the baselines. weighted: each candidate also with 1 / pi as training
    weights. reweighed: weights that audits handed over; then the candidates with them may be promoted, and without
    them they are there to measure the cost. Raises KeyError for a column that no feature declares and ValueError for a
    candidate that is not there.
    """
    ways = directions(features, names)
    used = {name: features[name] for name in names}
    runners = models(ways, seed, trials)
    known = [one.name for one in runners]
    for name in only or ():
        if name not in known:
            raise ValueError(f"there is no candidate {name!r}; there are {', '.join(known)}")
    kept = tuple(one for one in runners if only is None or one.name in only)
    beside = tuple(Weighted(one) for one in kept if one.promotable) if weighted else ()
    first: tuple[Candidate, ...] = (*baselines(used), CurrentPractice(seed))
    learning: tuple[Candidate, ...] = (*kept, *beside)
    if not reweighed:
        return (*first, *learning)
    fair: tuple[Candidate, ...] = tuple(Reweighed(one, tuple(reweighed)) for one in learning if one.promotable)
    return (*first, *(Reference(one) for one in learning), *fair)


def models(ways: tuple[int, ...], seed: int, trials: int) -> tuple[Candidate, ...]:
    """Everything that learns from what reviews found, simplest first. Without trials settings are as declared."""
    boosting, ceiling = BoostingCandidate(ways, seed), CeilingCandidate(seed)
    fixed = (ScorecardCandidate(ways), AdditiveCandidate(ways, seed))
    if not trials:
        return (*fixed, boosting, ceiling)
    return (*fixed, Tuned(boosting, trials, seed), Tuned(ceiling, trials, seed))


def reader(kind: str) -> Candidate:
    """The candidate that reads models of `kind` back. Raises ValueError on another kind."""
    for candidate in (*models((), 0, 0), Baseline("random"), Baseline("signals"), CurrentPractice(0)):
        if candidate.name == kind:
            return candidate
    raise ValueError(f"no candidate reads models of kind {kind!r}")
