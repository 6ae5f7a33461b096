"""Estimates from selective labels: what the whole of the eligible looks like when only chosen cases were reviewed.

Definitions: statistics.md, "Arms and inclusion probabilities". C is the set that was certain to be reviewed (signal
and risk lists, fixed without looking at the draw); outside C a simple random sample was drawn, so pi = m / (N - |C|).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.intervals import wilson

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 30
"""reviewed cases outside C below which nothing is estimated"""
COMPLETE = 0.9
"""share of the drawn that must be finished for an estimate not to be provisional"""


@dataclass(frozen=True)
class Reviewed:
    """The eligible of one or more draws, n rows."""

    label: Floats
    """approved outcome: 1, 0, or NaN when there is none"""
    certain: Mask
    """in C"""
    drawn: Mask
    """chosen for review, in any arm; a drawn row without label is unfinished or inconclusive"""
    stands_for: Floats
    """eligible cases a row stands for: 1 when all the eligible are rows; 1 / pi for a drawn row outside C when only the
    reviewed are rows"""
    weight: Floats
    """1 / pi of a drawn row outside C; any constant within one draw"""

    @property
    def known(self) -> Mask:
        return ~np.isnan(self.label)

    @property
    def outcome(self) -> Floats:
        """The label with missing as 0, for sums that are masked by `known`."""
        return np.nan_to_num(self.label, nan=0.0)


@dataclass(frozen=True)
class Estimate:
    """A share with its interval, or why there is none."""

    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    status: str
    """ok, provisional (under 90 % of the drawn finished) or not_estimable"""
    why_nl: str
    why_en: str
    """why it is not ok; empty when it is"""
    reviewed: float
    """reviewed cases outside C that it rests on"""
    bound_low: float
    bound_high: float
    """assumption-free: every case without label counted as 0, and as 1"""


def precision(cases: Reviewed, member: Floats, confidence: float = 0.95) -> Estimate:
    """Share of the set S whose review would give the label: (sum of Y over S and C + |S outside C| x mean Y) / |S|.

    member: (n,) share of the row in S, 0 to 1; fractions are ties at the cut (closed form). The interval is Wilson's
    for the second term with the finite population correction, given the number reviewed in S outside C.
    """
    size = cases.stands_for * member
    total = float(size.sum())
    inside, outside = cases.certain, ~cases.certain
    known = cases.known
    confirmed = float((member * cases.outcome)[known].sum())
    unknown = total - float(member[known].sum())
    bounds = (confirmed / total, min(1.0, (confirmed + unknown) / total)) if total else (0.0, 1.0)

    in_c = float(size[inside].sum())
    known_c = float(size[inside & known].sum())
    out = float(size[outside].sum())
    sampled = outside & known & cases.drawn
    w = (member * cases.weight)[sampled]
    n = effective_sample(w)
    if total <= 0:
        return _none(("de lijst is leeg", "the list is empty"), n, bounds)
    if in_c > 0 and known_c <= 0:
        return _none(UNFINISHED, n, bounds)
    if out > 1e-9 and n < FEWEST:
        return _none(_few(n), n, bounds)

    yes_c = in_c * float((size * cases.outcome)[inside & known].sum()) / known_c if in_c > 0 else 0.0
    status = _completion(cases, member)
    if out <= 1e-9:
        share = yes_c / total
        return Estimate(share, share, share, 0.0, *status, n, *bounds)
    mean = float((w * cases.outcome[sampled]).sum() / w.sum())
    unsampled = max(0.0, 1 - n / out)
    spread = math.sqrt(unsampled * mean * (1 - mean) / max(n - 1, 1))
    low, high = wilson(mean, n, confidence, unsampled)
    low, high = ((yes_c + out * end) / total for end in (low, high))
    return Estimate((yes_c + out * mean) / total, low, high, out / total * spread, *status, n, *bounds)


def prevalence(cases: Reviewed, confidence: float = 0.95) -> Estimate:
    """Share of all the eligible whose review would give the label."""
    return precision(cases, np.ones(len(cases.label)), confidence)


def recall(cases: Reviewed, member: Floats, confidence: float = 0.95) -> Estimate:
    """Share of all positives among the eligible that lie in S; linearised (Horvitz-Thompson ratio).

    The finished of C stand for all of C, as in `precision`: an unfinished review is missing, not without the label.
    """
    known, outcome = cases.known, cases.outcome
    sampled = ~cases.certain & known & cases.drawn
    n = effective_sample(cases.weight[sampled])
    out = float(cases.stands_for[~cases.certain].sum())
    if out > 0 and n < FEWEST:
        return _none(_few(n), n, (0.0, 1.0))
    mine = cases.certain & known
    inside = float(cases.stands_for[cases.certain].sum())
    finished = float(cases.stands_for[mine].sum())
    if inside > 0 and finished <= 0:
        return _none(UNFINISHED, n, (0.0, 1.0))
    whole = inside / finished if inside > 0 else 0.0
    found, positives = whole * float((member * outcome)[mine].sum()), whole * float(outcome[mine].sum())
    if n:
        w = cases.weight[sampled]
        found += out * float(np.average((member * outcome)[sampled], weights=w))
        positives += out * float(np.average(outcome[sampled], weights=w))
    if positives <= 0:
        return _none(NO_POSITIVE, n, (0.0, 1.0))
    share = found / positives
    error = 0.0
    if n > 1:
        residual = outcome[sampled] * (member[sampled] - share)
        error = out * math.sqrt(max(0.0, 1 - n / out) * float(residual.var(ddof=1)) / n) / positives
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    status = _completion(cases, np.ones(len(member)))
    return Estimate(share, max(0.0, share - reach), min(1.0, share + reach), error, *status, n, 0.0, 1.0)


def naive(cases: Reviewed, member: Floats) -> float | None:
    """Mean label of whatever was reviewed in S, whoever chose it. Shown only beside an estimate, and named so."""
    w = member[cases.known]
    return float((w * cases.outcome[cases.known]).sum() / w.sum()) if w.sum() > 0 else None


def doubly_robust(
    cases: Reviewed, member: Floats, expected: Floats, reached: Floats, confidence: float = 0.95
) -> Estimate:
    """(1 / k) sum over S of mu(x) + (O / e) (Y - mu(x)), over all the eligible; right when either mu or e is.

    expected: mu, (n,) cross-fitted chance of the label. reached: e = pi x probability of completion, (n,), above 0.
    Every case that was chosen for review is a row that stands for itself. The eligible that were not chosen are rows as
    well, all of them or a simple random sample that stands for the rest; the error has a term for that sample.
    """
    size, known = cases.stands_for, cases.known
    total = float((size * member).sum())
    miss = np.where(known, cases.outcome - expected, 0.0)
    n = float((known & ~cases.certain & (member > 0)).sum())
    confirmed = float((member * cases.outcome)[known].sum())
    unknown = total - float(member[known].sum())
    bounds = (confirmed / total, min(1.0, (confirmed + unknown) / total)) if total else (0.0, 1.0)
    if total <= 0:
        return _none(("de lijst is leeg", "the list is empty"), n, bounds)
    if float((size * member)[~cases.certain].sum()) > 0 and n < FEWEST:
        return _none(_few(n), n, bounds)
    value = float((member * (size * expected + known * miss / reached)).sum()) / total
    variance = float((member**2 * known * (1 - reached) * (miss / reached) ** 2).sum())
    variance += _sampling((member * (expected - value))[~cases.drawn], size[~cases.drawn])
    error = math.sqrt(variance) / total
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    status = _completion(cases, member)
    low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Estimate(value, low, high, error, *status, n, *bounds)


def _sampling(values: Floats, stands_for: Floats) -> float:
    """Variance of a total that a simple random sample stands for; rows that stand for equally many are one draw."""
    out = 0.0
    for size in np.unique(stands_for[stands_for > 1]):
        drawn = values[stands_for == size]
        if len(drawn) > 1:
            out += len(drawn) * size * (size - 1) * float(drawn.var(ddof=1))
    return out


def effective_sample(weights: Floats) -> float:
    """(sum w)^2 / sum w^2 (Kish): how many equally weighted reviews the weighted ones are worth.

    >>> effective_sample(np.array([1.0, 1.0, 2.0]))
    2.6666666666666665
    """
    return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0


def membership(margin: Floats, stands_for: Floats, share: float) -> Floats:
    """(n,) share of each row in the top `share` of the ranking. Rows that tie at the cut get equal fractions, which
    is the expectation over all ways to break the tie.

    >>> membership(np.array([3.0, 2.0, 2.0, 1.0]), np.ones(4), 0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    levels, place = np.unique(-margin, return_inverse=True)
    sizes = np.bincount(place, weights=stands_for, minlength=len(levels))
    before = np.concatenate(([0.0], np.cumsum(sizes)[:-1]))
    room = share * stands_for.sum() - before
    return np.asarray(np.clip(room / sizes, 0.0, 1.0)[place], dtype=np.float64)


def precision_with_ties(margin: Floats, label: Floats, k: int) -> float:
    """E[precision@k] = (TP_above + m x pos_tie / n_tie) / k, over all orders of the cases that tie at the cut.

    >>> precision_with_ties(np.array([3.0, 2.0, 2.0, 1.0]), np.array([1.0, 1.0, 0.0, 0.0]), 2)
    0.75
    """
    if not 0 < k <= len(margin):
        raise ValueError(f"k is {k}; it must be between 1 and {len(margin)}")
    cut = np.sort(margin)[-k]
    above, tie = margin > cut, margin == cut
    return float((label[above].sum() + (k - above.sum()) * label[tie].mean()) / k)


UNFINISHED = (
    "geen zaak van de signaal- en risicolijst is afgerond",
    "no case of the signal and risk lists is finished",
)
NO_POSITIVE = ("geen heronderzoek met het label", "no review with the label")


def _few(n: float) -> tuple[str, str]:
    return (
        f"{n:.0f} heronderzoeken buiten de signaal- en risicolijst, {FEWEST} zijn nodig",
        f"{n:.0f} reviews outside the signal and risk lists, {FEWEST} are needed",
    )


def _none(why: tuple[str, str], reviewed: float, bounds: tuple[float, float]) -> Estimate:
    return Estimate(None, None, None, None, "not_estimable", *why, reviewed, *bounds)


def _completion(cases: Reviewed, member: Floats) -> tuple[str, str, str]:
    """Status, and why in Dutch and English."""
    names = (("signaal- en risicolijst", "signal and risk lists"), ("willekeurige groep", "random arm"))
    for (nl, en), arm in zip(names, (cases.certain, ~cases.certain), strict=True):
        drawn = arm & cases.drawn & (member > 0)
        done = float(cases.known[drawn].mean()) if drawn.any() else 1.0
        if done < COMPLETE:
            return "provisional", f"{done:.0%} van de {nl} is afgerond", f"{done:.0%} of the {en} is finished"
    return "ok", "", ""
