"""Proxies: how well features tell a protected attribute, alone and together, and what they add to the label (R9).

A feature that tells a protected attribute better than the limit is refused, unless somebody wrote down why it may be
used. Protected attributes come in here as numbers of groups, in the audit's own process, and never as features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

LIMIT = 0.7
"""AUC above which a feature needs a justification"""
FEWEST = 30
"""people in and out of a group below which nothing is said"""
FOLDS = 4


class ProxyRefusedError(ValueError):
    """Features tell a protected attribute and nobody wrote down why they may; the run stops."""


@dataclass(frozen=True)
class Proxy:
    """How well one feature, or all together, tells one group of an attribute from everybody else."""

    feature: str
    """ALL for the whole set"""
    attribute: str
    group: str
    auc: float | None
    """0.5 tells nothing, 1 everything; the direction does not matter for a single feature"""
    low: float | None
    high: float | None
    adds: float | None
    """what it adds to the label given the others: gain in AUC out of sample; None for ALL and without labels"""
    status: str
    """ok, above_limit, justified or insufficient"""
    why: str = ""


ALL = "(all features)"


def examine(
    X: Floats,  # noqa: N803
    names: Sequence[str],
    attributes: Mapping[str, Sequence[str]],
    label: Floats | None = None,
    *,
    limit: float = LIMIT,
    justified: Mapping[str, str] | None = None,
    seed: int = 1,
) -> tuple[Proxy, ...]:
    """Every feature and the whole set against every group of every attribute, strongest first.

    X: (n, p) features. attributes: name -> (n,) groups; "unknown" is not told apart. label: (n,) 1, 0 or NaN. A feature
    is above the limit when the lower bound of its AUC is.
    """
    adds = _adds(X, names, label, seed) if label is not None else {}
    found: list[Proxy] = []
    for attribute, values in attributes.items():
        groups = np.array(values, dtype=object)
        known = groups != "unknown"
        for group in sorted(set(groups[known].tolist())):
            member = groups[known] == group
            few = min(int(member.sum()), int((~member).sum()))
            if few < FEWEST:
                found.append(
                    Proxy(
                        ALL, attribute, group, None, None, None, None, "insufficient", f"{few} people, {FEWEST} needed"
                    )
                )
                continue
            for i, name in enumerate(names):
                one = _turned(*auc(X[known, i], member))
                found.append(_judged(name, attribute, group, one, adds.get(name), limit, (justified or {}).get(name)))
            together = auc(_predicted(X[known], member.astype(np.float64), seed), member)
            found.append(_judged(ALL, attribute, group, together, None, limit, (justified or {}).get(ALL)))
    return tuple(sorted(found, key=lambda one: (-(one.auc or 0.0), one.feature, one.attribute, one.group)))


def refuse(found: Sequence[Proxy]) -> None:
    """Raises ProxyRefusedError that names each feature above the limit with what it tells; the joint figure alone
    refuses nothing, it is shown."""
    above = [one for one in found if one.status == "above_limit" and one.feature != ALL]
    if above:
        told = "; ".join(
            f"{one.feature} tells {one.attribute} = {one.group} (AUC {one.auc:.2f}, {one.low:.2f} to {one.high:.2f})"
            for one in above
        )
        raise ProxyRefusedError(f"{told}; leave it out, or write down in the mandate why it may be used (R9)")


def auc(score: Floats, member: NDArray[np.bool_], confidence: float = 0.95) -> tuple[float, float, float]:
    """Area under the ROC curve with DeLong's interval (Biometrics 1988), on the logit scale. Ties count half.

    >>> value, low, high = auc(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True]))
    >>> value
    1.0
    """
    inside, outside = score[member], score[~member]
    m, n = len(inside), len(outside)
    ranks = rankdata(np.concatenate([inside, outside]))
    value = float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n))
    above = (ranks[:m] - rankdata(inside)) / n
    below = 1 - (ranks[m:] - rankdata(outside)) / m
    variance = float(above.var(ddof=1) / m + below.var(ddof=1) / n) if min(m, n) > 1 else 0.25
    # Perfect separation has no variance of its own; half a pair keeps the bound below one.
    inner = min(max(value, 0.5 / (m * n)), 1 - 0.5 / (m * n))
    reach = norm.ppf(0.5 + confidence / 2) * np.sqrt(max(variance, 1e-12)) / (inner * (1 - inner))
    centre = np.log(inner / (1 - inner))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (centre - min(reach, 30.0), centre + min(reach, 30.0)))
    return value, min(low, value), max(high, value)


def _turned(value: float, low: float, high: float) -> tuple[float, float, float]:
    """The same whichever way the feature points."""
    return (value, low, high) if value >= 0.5 else (1 - value, 1 - high, 1 - low)


def _judged(
    name: str,
    attribute: str,
    group: str,
    told: tuple[float, float, float],
    adds: float | None,
    limit: float,
    why: str | None,
) -> Proxy:
    above = told[1] > limit
    status = "justified" if above and why else "above_limit" if above else "ok"
    return Proxy(name, attribute, group, *told, adds, status, why or "")


def _adds(X: Floats, names: Sequence[str], label: Floats, seed: int) -> dict[str, float]:  # noqa: N803
    """Feature -> AUC for the label with all features minus the AUC without it, both out of sample."""
    known = ~np.isnan(label)
    target = label[known]
    if min(target.sum(), len(target) - target.sum()) < FEWEST:
        return {}
    member = target == 1
    whole = auc(_predicted(X[known], target, seed), member)[0]
    return {
        name: whole - auc(_predicted(np.delete(X[known], i, axis=1), target, seed), member)[0]
        for i, name in enumerate(names)
        if X.shape[1] > 1
    }


def _predicted(X: Floats, target: Floats, seed: int) -> Floats:  # noqa: N803
    """(n,) prediction of `target` for each row by a ridge regression that did not see it; values by rank, so that a few
    large amounts do not carry it, and whether a value is zero apart."""
    ranked = np.column_stack([rankdata(column) / len(column) for column in X.T])
    design = np.column_stack([np.ones(len(X)), ranked, ranked**2, (X == 0).astype(np.float64)])
    fold = np.random.default_rng(seed).permutation(len(X)) % FOLDS
    out = np.empty(len(X))
    for one in range(FOLDS):
        train = fold != one
        gram = design[train].T @ design[train] + 1e-2 * len(X) * 1e-2 * np.eye(design.shape[1])
        out[~train] = design[~train] @ np.linalg.solve(gram, design[train].T @ target[train])
    return out
