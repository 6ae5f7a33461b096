"""A made-up world on the whole catalogue: cells as their units are, and reviews that follow some of the columns."""

from __future__ import annotations

import numpy as np

from features.catalogue import CATALOGUE
from models.dataset import Examples

NAMES = tuple(CATALOGUE)


def cells(rows: int, seed: int) -> np.ndarray:
    """(rows, features): a third of a column is its fill, the rest is spread as its unit is."""
    draw = np.random.default_rng(seed)
    columns = []
    for feature in CATALOGUE.values():
        spread = {
            "EUR": np.round(draw.gamma(2, 300, rows), 2),
            "share": np.round(draw.random(rows), 2),
            "yes/no": (draw.random(rows) < 0.3) * 1.0,
            "months": draw.integers(0, 60, rows) * 1.0,
        }.get(feature.unit, draw.poisson(1.2, rows) * 1.0)
        columns.append(np.where(draw.random(rows) < 0.33, feature.fill, spread))
    return np.column_stack(columns)


def reviews(rows: int) -> Examples:
    """Random reviews whose label follows every fifth declared column in its direction."""
    values = cells(rows, 1)
    draw = np.random.default_rng(2)
    ways = np.array([feature.direction for feature in CATALOGUE.values()])
    scaled = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    heavy = np.flatnonzero(ways)[::5]
    chance = 1 / (1 + np.exp(1.8 - 0.5 * scaled[:, heavy] @ ways[heavy]))
    days = np.full(rows, np.datetime64("2025-06-01"))
    return Examples(
        X=values,
        names=NAMES,
        case_id=np.arange(rows),
        as_of=days,
        municipality=np.full(rows, "0917"),
        label=(draw.random(rows) < chance) * 1.0,
        label_known_at=days.astype("datetime64[s]"),
        arm=np.full(rows, "random"),
        probability=np.full(rows, 0.02),
        cluster=np.arange(rows),
    )
