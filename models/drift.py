"""Drift since training: do cases look as they did, and do the same margins still mean the same? Per feature and group.

Population stability index (Siddiqi 2006): the sum over tenths of training of (now - then) ln(now / then). Below 0.1 is
stable, above 0.25 has moved. What it gives by chance alone is taken into account: for small groups that is not nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models.intervals import wilson

Floats = NDArray[np.float64]

STABLE, MOVED = 0.1, 0.25
TENTHS = 10
FEWEST = 100
"""cases in a group below which its stability is not judged"""
FEWEST_LABELS = 30
EVERYBODY = "all"


@dataclass(frozen=True)
class Stability:
    """One feature (or the margin) in one group, now against training."""

    feature: str
    group: str
    index: float | None
    by_chance: float | None
    """95th percentile of the index when nothing moved"""
    then: int
    now: int
    status: str
    """stable, watch, moved or insufficient"""


@dataclass(frozen=True)
class Calibration:
    """One group: what reviews found against what the margins of training promised."""

    group: str
    reviewed: int
    found: float | None
    low: float | None
    high: float | None
    promised: float | None
    status: str
    """ok (promised lies within), off, or insufficient"""


def stability(
    then: Floats,
    now: Floats,
    names: Sequence[str],
    then_groups: Mapping[str, NDArray[np.bool_]] | None = None,
    now_groups: Mapping[str, NDArray[np.bool_]] | None = None,
) -> tuple[Stability, ...]:
    """then (n, p) in training, now (m, p); groups: name -> mask. The most moved first."""
    befores = {EVERYBODY: np.ones(len(then), bool), **(then_groups or {})}
    afters = {EVERYBODY: np.ones(len(now), bool), **(now_groups or {})}
    found = []
    for group in befores:
        if group not in afters:
            found.append(Stability("", group, None, None, int(befores[group].sum()), 0, "insufficient"))
            continue
        for i, name in enumerate(names):
            found.append(_stability(name, group, then[befores[group], i], now[afters[group], i]))
    return tuple(sorted(found, key=lambda one: (-(one.index or 0.0), one.feature, one.group)))


def _stability(name: str, group: str, then: Floats, now: Floats) -> Stability:
    if min(len(then), len(now)) < FEWEST:
        return Stability(name, group, None, None, len(then), len(now), "insufficient")
    edges = bins(then)
    first, second = (
        np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1) for x in (then, now)
    )
    index = psi(first, second)
    free = int(((first + second) > 0).sum()) - 1
    by_chance = float(chi2.ppf(0.95, free) * (1 / len(then) + 1 / len(now))) if free else 0.0
    moved = "moved" if index > MOVED else "watch" if index > STABLE else "stable"
    status = moved if index > by_chance else "stable"
    return Stability(name, group, index, by_chance, len(then), len(now), status)


def bins(then: Floats) -> Floats:
    """Inner edges of at most ten bins of equal size; a value that many cases share has a bin of its own."""
    inner = np.quantile(then, np.linspace(0, 1, TENTHS + 1)[1:-1])
    values, counts = np.unique(then, return_counts=True)
    common = values[counts > len(then) / TENTHS]
    after = [np.nextafter(value, math.inf) for value in common]
    return np.unique(np.concatenate([inner, common, after]))


def psi(then: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """The index from counts per bin; an empty bin counts half a case, so that it stays finite.

    >>> round(psi(np.array([100, 100]), np.array([50, 150])), 4)
    0.2747
    """
    used = (then + now) > 0
    p, q = (np.where(x[used] > 0, x[used], 0.5) / x.sum() for x in (then, now))
    return float(((q - p) * np.log(q / p)).sum())


def calibration(
    promised: Floats, label: Floats, groups: Mapping[str, NDArray[np.bool_]] | None = None
) -> tuple[Calibration, ...]:
    """promised: (n,) frequency that training promised for a case's margin, of groups of cases only; label: 1, 0 or NaN,
    of the random arm since. Per group and for everybody, and per fifth of what was promised."""
    masks = {EVERYBODY: np.ones(len(label), bool), **(groups or {})}
    fifths = np.quantile(promised, np.linspace(0, 1, 6)[1:-1]) if len(promised) else np.array([])
    place = np.searchsorted(fifths, promised, side="right")
    masks |= {f"fifth {i + 1}": place == i for i in range(5)}
    found = []
    for group, mask in masks.items():
        known = mask & ~np.isnan(label)
        n = int(known.sum())
        if n < FEWEST_LABELS:
            found.append(Calibration(group, n, None, None, None, None, "insufficient"))
            continue
        share, said = float(label[known].mean()), float(promised[known].mean())
        low, high = wilson(share, n)
        found.append(Calibration(group, n, share, low, high, said, "ok" if low <= said <= high else "off"))
    return tuple(found)


def platt(margin: Floats, label: Floats) -> tuple[float, float]:
    """Slope and intercept of the logit of the label on the margin (Platt 1999), by Newton's method, lightly held.

    >>> slope, intercept = platt(np.array([-1.0, -1.0, 1.0, 1.0] * 50), np.array([0.0, 0.0, 1.0, 0.0] * 50))
    >>> slope > 0
    True
    """
    known = ~np.isnan(label)
    y = label[known]
    target = np.where(y == 1, (y.sum() + 1) / (y.sum() + 2), 1 / ((1 - y).sum() + 2))
    design = np.column_stack([margin[known], np.ones(len(y))])
    weights = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - target) + 1e-6 * weights
        curve = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(curve, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return float(weights[0]), float(weights[1])
