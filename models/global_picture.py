"""How a model works over all cases: what weighs most, how each feature works, and the points when it is a scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.candidate import FeatureLike, Fitted, Floats
from models.document import Drawing, Table
from models.drawing import bars, curve, scatter, swarm
from models.explanation import in_unit
from models.scorecard import Scorecard

SHOWN, CURVES, BINS = 20, 8, 12
"""features in the picture, features with a curve, points of a curve"""
SWARM, DEPENDENCE, DOTS, TOGETHER = 15, 4, 80, 10
"""features in the swarm, features with a dependence plot, about how many dots each, fewest cases in a dot"""

Dots = tuple[tuple[float, float], ...]


class Titled(FeatureLike, Protocol):
    @property
    def title_nl(self) -> str: ...


@dataclass(frozen=True)
class Picture:
    """Over n cases, none of which can be told apart."""

    cases: int
    importance: tuple[tuple[str, float], ...]
    """feature -> mean absolute contribution to the margin, largest first, those above 0"""
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    """feature -> (mean value, mean contribution) of groups of cases with near values, in ascending order"""
    points: tuple[tuple[str, float, int], ...]
    """scorecard only: (feature, at least, points)"""
    swarm: Mapping[str, Dots] = field(default_factory=dict)
    """feature -> (mean SHAP value, mean rank of the feature's value from 0 to 1) of groups of at least ten cases with
    near SHAP values, in ascending order; no dot is one case"""
    dependence: Mapping[str, Dots] = field(default_factory=dict)
    """feature -> (mean value, mean SHAP value) of groups of at least ten cases with near values: what lies above each
    other has one value and another effect, because another feature takes part"""

    def data(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "importance": [{"feature": name, "mean_absolute": size} for name, size in self.importance],
            "curves": {name: [list(point) for point in points] for name, points in self.curves.items()},
            "points": [{"feature": name, "at_least": least, "points": given} for name, least, given in self.points],
            "swarm": {name: [list(dot) for dot in dots] for name, dots in self.swarm.items()},
            "dependence": {name: [list(dot) for dot in dots] for name, dots in self.dependence.items()},
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Picture:
        """What `data` gave."""

        def dots(name: str) -> dict[str, Dots]:
            return {one: tuple((float(x), float(y)) for x, y in pairs) for one, pairs in data.get(name, {}).items()}

        return cls(
            data["cases"],
            tuple((one["feature"], one["mean_absolute"]) for one in data["importance"]),
            dots("curves"),
            tuple((one["feature"], one["at_least"], one["points"]) for one in data["points"]),
            dots("swarm"),
            dots("dependence"),
        )


def picture(model: Fitted, X: Floats) -> Picture:  # noqa: N803
    """The picture of a model over the rows of X, (n, p) in the order of its names. Raises NotFiniteError."""
    parts = model.contributions(X)[:, :-1]
    size = np.abs(parts).mean(axis=0) if len(X) else np.zeros(len(model.names))
    order = [int(i) for i in np.lexsort((np.arange(len(size)), -size)) if size[i] > 0]
    curves = {model.names[i]: _curve(X[:, i], parts[:, i]) for i in order[:CURVES]}
    rules = model.rules if isinstance(model, Scorecard) else ()
    points = tuple((rule.feature, rule.threshold, rule.points) for rule in rules)
    swarm, dependence = {}, {}
    for i in order[:SWARM]:
        _, rank, many = np.unique(X[:, i], return_inverse=True, return_counts=True)
        share = ((np.cumsum(many) - many / 2) / len(X))[rank]
        swarm[model.names[i]] = _dots(parts[:, i], share, np.lexsort((share, parts[:, i])))
    for i in order[:DEPENDENCE]:
        dependence[model.names[i]] = _dots(X[:, i], parts[:, i], np.lexsort((parts[:, i], X[:, i])))
    importance = tuple((model.names[i], float(size[i])) for i in order)
    return Picture(len(X), importance, curves, points, swarm, dependence)


def _dots(first: Floats, second: Floats, order: NDArray[np.int64]) -> Dots:
    """Means of groups of neighbours in the order, each of at least TOGETHER cases; fewer cases are no dot at all."""
    groups = min(DOTS, len(order) // TOGETHER)
    if not groups:
        return ()
    return tuple((float(first[one].mean()), float(second[one].mean())) for one in np.array_split(order, groups))


def _curve(values: Floats, parts: Floats) -> tuple[tuple[float, float], ...]:
    """Mean value and mean contribution in groups of equal value, or of equal size where there are many values."""
    distinct, group = np.unique(values, return_inverse=True)
    if len(distinct) > BINS:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        group = np.searchsorted(edges, values, "right")
        _, group = np.unique(group, return_inverse=True)
    count = np.bincount(group)
    means = np.bincount(group, values) / count, np.bincount(group, parts) / count
    return tuple((float(x), float(y)) for x, y in zip(*means, strict=True))


def drawn(found: Picture, features: Mapping[str, Titled]) -> tuple[str | Table | Drawing, ...]:
    """The picture for a reader, Dutch."""
    most = found.importance[:SHOWN]
    whole = sum(size for _, size in found.importance) or 1.0
    rows = [(features[name].title_nl, size, f"{size / whole * 100:.0f} van 100") for name, size in most]
    out: list[str | Table | Drawing] = [
        f"Gemiddeld over {found.cases} zaken. Het zegt hoe het model werkt, niets over een zaak of een mens.",
        Drawing(
            bars("Hoe zwaar elk gegeven gemiddeld weegt", rows),
            "Gemiddelde grootte van de bijdrage per gegeven, als deel van alle bijdragen samen.",
        ),
    ]
    if found.points:
        table = tuple(
            (features[name].title_nl, f"ten minste {in_unit(least, features[name].unit, 'nl')}", f"{given:+d}")
            for name, least, given in found.points
        )
        out += ["De punten die een zaak krijgt; de som bepaalt de plaats.", Table(("gegeven", "als", "punten"), table)]
    for name, points in found.curves.items():
        one = features[name]
        low, high = (in_unit(points[at][0], one.unit, "nl") for at in (0, -1))
        out.append(
            Drawing(
                curve(f"Werking van: {one.title_nl}", points, low, high),
                f"{one.title_nl}: hoe de bijdrage verandert met de waarde. Boven de stippellijn eerder, eronder later.",
            )
        )
    return tuple(out)


def shapley(found: Picture, features: Mapping[str, Titled]) -> tuple[str | Table | Drawing, ...]:
    """SHAP values as a data scientist reads them, Dutch: a swarm over features, and dependence on the heaviest."""
    if not any(found.swarm.values()):
        return (f"Met {found.cases} zaken is geen stip van ten minste {TOGETHER} zaken te maken.",)
    rows = [(features[name].title_nl, dots) for name, dots in found.swarm.items()]
    each = max(TOGETHER, round(found.cases / DOTS))
    out: list[str | Table | Drawing] = [
        "De SHAP-waarde van een gegeven is wat het bij een zaak aan de ruwe score bijdraagt; samen zijn zij die score. "
        f"Elke stip is het gemiddelde van ongeveer {each} zaken, nooit van één.",
        Drawing(
            swarm("SHAP-waarden per gegeven", rows),
            "Rechts van de stippellijn eerder op de lijst, links later. Licht: een lage waarde van het gegeven, "
            "donker: een hoge.",
        ),
    ]
    for name, dots in found.dependence.items():
        one = features[name]
        low, high = (in_unit(dots[at][0], one.unit, "nl") for at in (0, -1))
        out.append(
            Drawing(
                scatter(f"SHAP-waarde tegen: {one.title_nl}", dots, low, high),
                f"{one.title_nl}: SHAP-waarde (omhoog) tegen waarde (naar rechts). Stippen boven elkaar hebben "
                "dezelfde waarde en een ander effect, omdat een ander gegeven meedoet.",
            )
        )
    return tuple(out)
