"""Rankings beside each other, stratum by stratum: doubly robust precision over the random arm's prevalence.

A stratum is a window of time in one municipality. Mantel-Haenszel weights add the strata up, and whole clusters are
drawn anew to see how sure the figures and their differences are (statistics.md, Champion and Lift).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.candidate import Floats
from models.selective import Reviewed, effective_sample

DRAWS = 400
RARE = 0.01
"""chance of a known outcome below which a row weighs so much that the share of such rows is reported"""


@dataclass(frozen=True)
class Sampled:
    """Cases of several windows, n rows, with what is needed to add them up again: the reviewed, and the eligible that
    were not chosen where they are known."""

    cases: Reviewed
    random: NDArray[np.bool_]
    """in the random arm, which is a simple random sample of the eligible by itself"""
    expected: Floats
    """chance of the label by a model of earlier rows; a row of the test never taught it"""
    reached: Floats
    """chance that a chosen row gets a label (completion of its arm), above 0"""
    stratum: NDArray[np.int64]
    cluster: NDArray[np.int64]

    @property
    def corrected(self) -> Floats:
        """mu(x) + (O / e) (Y - mu(x)): the outcome a review would have, without bias when mu or e is right."""
        miss = np.where(self.cases.known, self.cases.outcome - self.expected, 0.0)
        return np.asarray(self.expected + miss / self.reached, dtype=np.float64)


@dataclass(frozen=True)
class Stratified:
    """One ranking over all strata that have random reviews."""

    precision: float
    low: float
    high: float
    standard_error: float
    lift: float | None
    """precision over the random arm's prevalence, the strata weighted alike; None without a positive random review, in
    the sample or in any draw"""
    lift_low: float | None
    lift_high: float | None
    effective_sample: float
    """(sum w)^2 / sum w^2 of the known rows in the list"""
    rare: float
    """share of the list whose chance of a known outcome is below 0.01"""
    strata: int
    without_random: int
    """strata of the list without a random review: they tell nothing and are counted, not dropped in silence"""


@dataclass(frozen=True)
class Beside:
    """All rankings on the same rows, and what divides each two of them."""

    standing: Mapping[str, Stratified]
    paired: Mapping[tuple[str, str], tuple[float, float]]
    """(first, second) -> difference in precision and its standard error over redrawn clusters"""


def beside(
    sample: Sampled, members: Mapping[str, Floats], seed: int, confidence: float = 0.95, draws: int = DRAWS
) -> Beside:
    """Estimate every ranking. members: name -> (n,) share of each row in its list, the lists of one size per stratum.

    No ranking is estimated where no stratum has both a listed and a random row: `standing` is empty then.
    """
    cases = sample.cases
    size = cases.stands_for
    _, at = np.unique(sample.stratum, return_inverse=True)
    count = int(at.max()) + 1 if len(at) else 0
    any_list = next(iter(members.values()))
    listed = np.bincount(at, weights=any_list * cases.known, minlength=count)
    random = np.bincount(at, weights=(sample.random & cases.known).astype(np.float64), minlength=count)
    used = (listed > 0) & (random > 0)
    if not used.any():
        return Beside({}, {})
    # Weighed by what was chosen, not by what was finished: unfinished reviews must not shift the strata.
    tops = np.bincount(at, weights=any_list * cases.drawn, minlength=count)
    drawn = np.bincount(at, weights=sample.random.astype(np.float64), minlength=count)
    weight = np.where(used, tops * drawn / np.maximum(tops + drawn, 1e-12), 0.0)
    times = _redrawn(sample.cluster, seed, draws)
    corrected = sample.corrected
    # The expected outcome of every eligible case, and of the reviewed what they were found to differ from it.
    found_over = cases.weight * (corrected - sample.expected) * cases.drawn
    every_case = size * sample.expected + found_over

    def by_stratum(values: Floats) -> Floats:
        """(draws + 1, strata): the sum in the sample first, then in each draw."""
        out = np.zeros((len(times), count))
        for stratum in np.flatnonzero(used):
            rows = at == stratum
            out[:, stratum] = times[:, rows] @ values[rows]
        return out

    def combined(numerator: Floats, denominator: Floats) -> Floats:
        """(draws + 1,) the strata's shares under Mantel-Haenszel weights; a stratum that a draw missed has none."""
        there = denominator > 1e-12
        shares = np.where(there, numerator / np.where(there, denominator, 1.0), 0.0)
        total = (weight * there).sum(axis=1)
        return np.asarray((weight * shares).sum(axis=1) / np.maximum(total, 1e-12), dtype=np.float64)

    def moved(numerator: Floats, denominator: Floats) -> Floats:
        """The same, linearised: a draw moves a share by its residuals over the sample's own size. A draw may miss the
        few rows that stand for many; divided by what is left it would tell of the draw, not of the estimate."""
        there = denominator[0] > 1e-12
        size_there = np.where(there, denominator[0], 1.0)
        share = np.where(there, numerator[0] / size_there, 0.0)
        shares = np.where(there, share + (numerator - share * denominator) / size_there, 0.0)
        return np.asarray((weight * shares).sum(axis=1) / max((weight * there).sum(), 1e-12), dtype=np.float64)

    chance = sample.random.astype(np.float64)
    usual = combined(by_stratum(chance * corrected), by_stratum(chance))
    ends = (100 * (1 - confidence) / 2, 100 * (1 + confidence) / 2)
    standing: dict[str, Stratified] = {}
    every: dict[str, Floats] = {}
    for name, member in members.items():
        found = moved(by_stratum(member * every_case), by_stratum(size * member))
        every[name] = found
        error = float(found[1:].std(ddof=1))
        reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
        lift, lift_low, lift_high = None, None, None
        ratios = found[1:][usual[1:] > 0] / usual[1:][usual[1:] > 0]
        if usual[0] > 0 and len(ratios):
            lift = float(found[0] / usual[0])
            lift_low, lift_high = (float(one) for one in np.percentile(ratios, ends))
        known = cases.known & (member > 0)
        rare = (member > 0) & (sample.reached / np.maximum(cases.weight, 1.0) < RARE)
        standing[name] = Stratified(
            float(found[0]),
            max(0.0, float(found[0]) - reach),
            min(1.0, float(found[0]) + reach),
            error,
            lift,
            lift_low,
            lift_high,
            effective_sample((cases.weight * member / sample.reached)[known]),
            float((size * member)[rare].sum() / (size * member).sum()),
            int(used.sum()),
            int(((listed > 0) & (random == 0)).sum()),
        )
    paired = {
        (a, b): (float(every[a][0] - every[b][0]), float((every[a][1:] - every[b][1:]).std(ddof=1)))
        for a in members
        for b in members
        if a != b
    }
    return Beside(standing, paired)


def _redrawn(cluster: NDArray[np.int64], seed: int, draws: int) -> Floats:
    """(draws + 1, n) how often each row counts: once, and then as often as its cluster was drawn."""
    names, at = np.unique(cluster, return_inverse=True)
    draw = np.random.default_rng(seed)
    times = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return np.concatenate((np.ones((1, len(at))), times[:, at].astype(np.float64)))
