"""Which candidate ranks best out of time, how sure that is, and which one the champion rule proposes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from babel.numbers import format_percent

from models.candidate import Candidate, Floats
from models.dataset import Examples, Split
from models.selective import (
    Estimate,
    Reviewed,
    effective_sample,
    membership,
    naive,
    precision,
    prevalence,
    recall,
)


@dataclass(frozen=True)
class Standing:
    """One candidate out of time, on the top share of the ranking in every window."""

    name: str
    complexity: int
    promotable: bool
    precision: Estimate
    recall: Estimate
    naive: float | None
    """mean label of whatever was reviewed in the top, whoever chose it; never to be shown alone"""

    @property
    def value(self) -> float | None:
        return self.precision.value


@dataclass(frozen=True)
class Contest:
    """All candidates on the same rows."""

    share: float
    rows: int
    random_reviews: int
    effective: float
    """effective sample size of the random reviews"""
    prevalence: Estimate
    standings: tuple[Standing, ...]
    paired: Mapping[tuple[str, str], tuple[float, float]]
    """(first, second) -> difference in precision and its standard error, clusters kept together"""


@dataclass(frozen=True)
class Choice:
    """What the champion rule proposes, and why in words."""

    name: str
    why_nl: str
    why_en: str


def reviewed(examples: Examples) -> tuple[Reviewed, np.ndarray]:
    """Examples as a sample of the eligible, and which rows of `examples` it uses.

    A row of any arm but random is certain (pi = 1, in C). When a random row has no inclusion probability on record,
    only the random arm is used: a simple random sample of the eligible by itself.
    """
    parts = [set(arm.split(",")) for arm in examples.arm.tolist()]
    certain = np.array([not part <= {"random", "top_up"} for part in parts], dtype=bool)
    lacking = ~certain & ~(np.nan_to_num(examples.probability) > 0)
    if lacking.any():
        certain_random = np.array(["random" in part for part in parts], dtype=bool)
        rows = np.flatnonzero(certain_random)
        ones = np.ones(len(rows))
        label = examples.label[rows]
        return Reviewed(label, np.zeros(len(rows), bool), np.ones(len(rows), bool), ones, ones), rows
    rows = np.arange(len(examples))
    weight = np.where(certain, 1.0, 1 / np.where(certain, 1.0, examples.probability))
    return Reviewed(examples.label, certain, np.ones(len(rows), bool), weight, weight), rows


def contest(candidates: Sequence[Candidate], examples: Examples, splits: Sequence[Split], share: float) -> Contest:
    """Fit every candidate before each window, rank the window, and estimate on the top `share` of all windows."""
    cases, rows = reviewed(examples)
    kept = [split.test[np.isin(split.test, rows)] for split in splits]
    at = np.concatenate(kept)
    sample = _subset(cases, np.searchsorted(rows, at))
    members: dict[str, Floats] = {}
    for candidate in candidates:
        tops = []
        for split, test in zip(splits, kept, strict=True):
            train = examples.rows(split.train)
            margin = candidate.fit(train, np.ones(len(train))).margin(examples.X[test])
            tops.append(membership(margin, cases.stands_for[np.searchsorted(rows, test)], share))
        members[candidate.name] = np.concatenate(tops)
    standings = tuple(
        Standing(
            one.name,
            one.complexity,
            one.promotable,
            precision(sample, members[one.name]),
            recall(sample, members[one.name]),
            naive(sample, members[one.name]),
        )
        for one in candidates
    )
    cluster = examples.cluster[at]
    paired = {
        (a.name, b.name): paired_difference(sample, members[a.name], members[b.name], cluster)
        for a in candidates
        for b in candidates
        if a.name != b.name
    }
    random = ~sample.certain & sample.known
    weights = sample.weight[random]
    return Contest(share, len(at), int(random.sum()), effective_sample(weights), prevalence(sample), standings, paired)


def paired_difference(cases: Reviewed, first: Floats, second: Floats, cluster: np.ndarray) -> tuple[float, float]:
    """Difference in precision of two sets on the same reviews, and its standard error.

    The error is that of the linearised difference, summed within clusters: what the sets share cancels.
    """
    sampled = ~cases.certain & cases.known & cases.drawn
    values, parts = [], []
    for member in (first, second):
        size = cases.stands_for * member
        w = (member * cases.weight)[sampled]
        outside = float(size[~cases.certain].sum()) / float(size.sum())
        mean = float((w * cases.outcome[sampled]).sum() / w.sum()) if w.sum() else 0.0
        mine = cases.certain & cases.known
        inside = float((size * cases.outcome)[mine].sum() / size[mine].sum()) if size[mine].sum() else 0.0
        values.append((1 - outside) * inside + outside * mean)
        parts.append(outside * w * (cases.outcome[sampled] - mean) / w.sum() if w.sum() else np.zeros(len(w)))
    _, group = np.unique(cluster[sampled], return_inverse=True)
    sums = np.bincount(group, weights=parts[0] - parts[1]) if len(group) else np.zeros(0)
    return values[0] - values[1], math.sqrt(float((sums**2).sum()))


def propose(
    standings: Sequence[Standing], paired: Mapping[tuple[str, str], tuple[float, float]], prevalence: Estimate
) -> Choice:
    """The simplest promotable candidate within one paired standard error of the best; not estimable: the simplest,
    which is the scorecard (statistics.md, Champion). Raises ValueError when none may be promoted."""
    able = sorted((one for one in standings if one.promotable), key=lambda one: (one.complexity, one.name))
    if not able:
        raise ValueError("no candidate may be promoted; add the scorecard")
    simplest = able[0]
    if any(one.value is None for one in able):
        unknown = next(one.precision for one in able if one.value is None)
        nl = f"Niet te schatten welke kandidaat beter is ({unknown.why_nl}); dan wordt het de eenvoudigste: "
        en = f"Which candidate is better cannot be estimated ({unknown.why_en}); then it is the simplest: "
        return Choice(simplest.name, f"{nl}{simplest.name}.", f"{en}{simplest.name}.")
    best = max(able, key=lambda one: (one.value or 0.0, -one.complexity))
    for one in able:
        difference, error = (0.0, 0.0) if one is best else paired[best.name, one.name]
        if difference <= error:
            return _because(one, best, difference, error, prevalence)
    raise AssertionError("the best is within zero of itself")


def _because(one: Standing, best: Standing, difference: float, error: float, prevalence: Estimate) -> Choice:
    mine = one.value or 0.0
    if one is best:
        nl = f"{one.name} heeft buiten de leerperiode de hoogste precisie ({_dutch(mine)}) en geen eenvoudiger "
        nl += "kandidaat ligt daar binnen één gepaarde standaardfout van."
        en = f"{one.name} has the highest precision out of time ({mine:.1%}) and no simpler candidate is within one "
        en += "paired standard error of it."
    else:
        nl = f"{one.name} is de eenvoudigste kandidaat binnen één gepaarde standaardfout van de beste: {best.name} "
        nl += f"ligt {_dutch(difference)} hoger, met een standaardfout van {_dutch(error)}."
        en = f"{one.name} is the simplest candidate within one paired standard error of the best: {best.name} is "
        en += f"{difference:.1%} higher, with a standard error of {error:.1%}."
    usual = prevalence.value
    if usual is not None and one.precision.low is not None and one.precision.low <= usual:
        nl += f" Het interval bevat de basiskans van {_dutch(usual)}: beter dan loten is niet aangetoond."
        en += f" The interval holds the base rate of {usual:.1%}: better than drawing by lot is not shown."
    return Choice(one.name, nl, en)


def _dutch(share: float) -> str:
    return str(format_percent(share, format="#,##0.0%", locale="nl"))


def _subset(cases: Reviewed, at: np.ndarray) -> Reviewed:
    return Reviewed(cases.label[at], cases.certain[at], cases.drawn[at], cases.stands_for[at], cases.weight[at])
