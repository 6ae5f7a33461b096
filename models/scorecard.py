"""The points scorecard: at most 15 statements, each worth a whole number of points that a person can add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.candidate import Floats, additive, canonical, finite, parsed
from models.dataset import Examples


@dataclass(frozen=True)
class Rule:
    """ "`feature` is at least `threshold`" is worth `points`."""

    feature: str
    threshold: float
    points: int


@dataclass(frozen=True)
class Scorecard:
    """A case's margin is the sum of the points of the statements that are true of it."""

    names: tuple[str, ...]
    rules: tuple[Rule, ...]
    average: tuple[float, ...]
    """share of the training rows of which each rule is true: what the average case gets"""
    kind: str = "scorecard"

    def points(self, X: Floats) -> NDArray[np.int64]:  # noqa: N803
        """(n, rules): the points each statement gives each case."""
        finite(X, "the matrix")
        given = np.zeros((len(X), len(self.rules)), dtype=np.int64)
        for column, rule in enumerate(self.rules):
            given[:, column] = rule.points * (X[:, self.names.index(rule.feature)] >= rule.threshold)
        return given

    def margin(self, X: Floats) -> Floats:  # noqa: N803
        """(n,) whole points."""
        return np.asarray(self.points(X).sum(axis=1), dtype=np.float64)

    def contributions(self, X: Floats) -> Floats:  # noqa: N803
        """(n, p + 1): points above or below those of the average training case; the last column is that average."""
        given = self.points(X)
        out = np.zeros((len(X), len(self.names) + 1))
        for column, rule in enumerate(self.rules):
            usual = rule.points * self.average[column]
            out[:, self.names.index(rule.feature)] += given[:, column] - usual
            out[:, -1] += usual
        return additive(out, given.sum(axis=1).astype(np.float64))

    def dump(self) -> bytes:
        rules = [{"feature": r.feature, "threshold": r.threshold, "points": r.points} for r in self.rules]
        return canonical({"kind": self.kind, "names": self.names, "rules": rules, "average": self.average})


@dataclass(frozen=True)
class ScorecardCandidate:
    """Forward choice of statements by score test, logistic weights, rounded to points.

    Thresholds are quantiles of the training rows. A declared direction fixes the sign of a feature's points, so the
    card is monotone as declared.
    """

    directions: tuple[int, ...]
    """per column, as declared"""
    reasons: int = 15
    per_feature: int = 2
    highest: int = 10
    """points of the heaviest statement"""
    evidence: float = 1.0
    """chi-square a statement must add: more than chance adds on average; signals here are weak, and a card of few
    statements leaves most cases in a tie"""
    ridge: float = 1.0
    name: str = "scorecard"
    complexity: int = 1
    promotable: bool = True

    def fit(self, examples: Examples, weights: Floats) -> Scorecard:
        """Raises ValueError when the rows hold one label only."""
        if len(np.unique(examples.label)) < 2:
            raise ValueError("a scorecard needs rows of both labels")
        columns, thresholds = _statements(examples.X)
        true = np.column_stack(
            [examples.X[:, c] >= t for c, t in zip(columns, thresholds, strict=True)] or [np.zeros(len(examples))]
        ).astype(np.float64)
        chosen, weight = self._choose(true, columns, examples.label, weights)
        heaviest = float(np.abs(weight).max(initial=0.0))
        rules, average = [], []
        for at, value in sorted(zip(chosen, weight, strict=True), key=lambda pair: (-abs(pair[1]), pair[0])):
            points = round(float(value) / heaviest * self.highest)
            if points:
                rules.append(Rule(examples.names[columns[at]], float(thresholds[at]), points))
                average.append(float(np.average(true[:, at], weights=weights)))
        return Scorecard(examples.names, tuple(rules), tuple(average))

    def load(self, data: bytes) -> Scorecard:
        found = parsed(data, self.name)
        rules = tuple(Rule(r["feature"], float(r["threshold"]), int(r["points"])) for r in found["rules"])
        return Scorecard(tuple(found["names"]), rules, tuple(found["average"]))

    def _choose(self, true: Floats, columns: list[int], label: Floats, weights: Floats) -> tuple[list[int], Floats]:
        sign = np.array([self.directions[c] for c in columns])
        chosen: list[int] = []
        barred: set[int] = set()
        weight = np.zeros(0)
        intercept = _logit(float(np.average(label, weights=weights)))
        while len(chosen) < self.reasons:
            gain, slope = _score_test(true, label, weights, intercept + true[:, chosen] @ weight)
            full = {c for c in columns if sum(columns[i] == c for i in chosen) >= self.per_feature}
            shut = [i for i, c in enumerate(columns) if i in barred or i in chosen or c in full]
            gain[shut] = 0.0
            gain[slope * sign < 0] = 0.0
            best = int(np.argmax(gain)) if len(columns) else 0
            if not len(columns) or gain[best] < self.evidence:
                break
            chosen.append(best)
            intercept, weight = _logistic(true[:, chosen], label, weights, self.ridge)
            wrong = [i for i, value in zip(chosen, weight, strict=True) if value * sign[i] < 0]
            if wrong:  # a later statement turned an earlier one against its declared direction
                barred.update(wrong)
                chosen = [i for i in chosen if i not in wrong]
                intercept, weight = _logistic(true[:, chosen], label, weights, self.ridge)
        return chosen, weight


def _statements(X: Floats) -> tuple[list[int], Floats]:  # noqa: N803
    """ "Column is at least threshold" for up to eight thresholds a column that 2-98 % of the rows meet."""
    columns: list[int] = []
    thresholds: list[float] = []
    for column in range(X.shape[1]):
        values = np.sort(X[:, column])
        distinct = np.unique(values)
        if len(distinct) > 8:
            common = distinct[np.argmax(np.unique(values, return_counts=True)[1])]
            rest = values[values != common]
            marks = [np.quantile(v, (0.1, 0.25, 0.5, 0.75, 0.9), method="higher") for v in (values, rest)]
            distinct = np.unique(np.concatenate(([distinct[0]], *marks)))
        for threshold in distinct[1:]:
            share = 1 - np.searchsorted(values, threshold) / len(values)
            if 0.02 <= share <= 0.98:
                columns.append(column)
                thresholds.append(float(threshold))
    return columns, np.array(thresholds)


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _chance(margin: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -30, 30))), dtype=np.float64)


def _score_test(true: Floats, label: Floats, weights: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """Rao's score statistic (chi-square, 1 df) and its sign, for adding each column beside an intercept."""
    chance = _chance(margin)
    spread = weights * chance * (1 - chance)
    # Both sums in one pass over the columns, which are most of what a training reads.
    slope, within = (true.T @ np.column_stack((weights * (label - chance), spread))).T
    information = within - within**2 / spread.sum()
    return np.where(information > 1e-9, slope**2 / np.maximum(information, 1e-9), 0.0), slope


def _logistic(true: Floats, label: Floats, weights: Floats, ridge: float) -> tuple[float, Floats]:
    """Intercept and weights of a ridge-penalised logistic regression, by Newton's method."""
    design = np.column_stack([np.ones(len(label)), true])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    found = np.zeros(design.shape[1])
    found[0] = _logit(float(np.average(label, weights=weights)))
    for _ in range(25):
        chance = _chance(design @ found)
        gradient = design.T @ (weights * (label - chance)) - penalty * found
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        found = found + step
        if np.abs(step).max() < 1e-8:
            break
    return float(found[0]), found[1:]
