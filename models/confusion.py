"""The figures of a fairness audit, each a share of counts: one table of formulas for code, page and report.

Source: statistics.md, Fairness; names after Aequitas (Saleiro and others, 2018). Being selected is the burden, so a
false positive is a person who was selected and with whom nothing was the matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CELLS = ("tp", "fp", "ms", "fn", "tn", "mn", "pu", "nu", "mu")
"""Counts of one group: outcome yes, no, missing among the selected (tp, fp, ms), among the others (fn, tn, mn), and
among those of whom it is not known whether they were selected (pu, nu, mu)."""


@dataclass(frozen=True)
class Metric:
    """numerator / denominator, both sums of CELLS. `ppr` alone is divided by the selected of all groups together."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    formula: str
    title_nl: str
    title_en: str
    none_nl: str
    none_en: str
    """why there is no figure when the denominator is 0"""


_NO_SELECTED = ("niemand is geselecteerd met bekende uitkomst", "nobody was selected with a known outcome")
_ALL_SELECTED = ("niemand met bekende uitkomst is niet geselecteerd", "nobody with a known outcome was left out")
_NO_POSITIVE = ("niemand heeft de uitkomst", "nobody has the outcome")
_NO_NEGATIVE = ("iedereen heeft de uitkomst", "everybody has the outcome")
_NO_OUTCOME = ("van niemand is de uitkomst bekend", "nobody's outcome is known")
_NO_SELECTION = ("van niemand is de selectie bekend", "it is known of nobody whether they were selected")
_EMPTY_LIST = ("de lijst is leeg", "the list is empty")

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "prevalence": Metric(
            ("tp", "fn", "pu"),
            ("tp", "fn", "pu", "fp", "tn", "nu"),
            "(TP + FN) / (TP + FP + FN + TN)",
            "Aandeel met de uitkomst",
            "Share with the outcome",
            *_NO_OUTCOME,
        ),
        "pprev": Metric(
            ("tp", "fp", "ms"),
            ("tp", "fp", "ms", "fn", "tn", "mn"),
            "selected_g / n_g",
            "Aandeel geselecteerd",
            "Share selected",
            *_NO_SELECTION,
        ),
        "ppr": Metric(
            ("tp", "fp", "ms"),
            ("tp", "fp", "ms"),
            "selected_g / k",
            "Aandeel van de lijst",
            "Share of the list",
            *_EMPTY_LIST,
        ),
        "precision": Metric(
            ("tp",),
            ("tp", "fp"),
            "TP / (TP + FP)",
            "Uitkomst onder geselecteerden",
            "Outcome among the selected",
            *_NO_SELECTED,
        ),
        "fdr": Metric(
            ("fp",),
            ("tp", "fp"),
            "FP / (TP + FP)",
            "Niets gevonden onder geselecteerden",
            "Nothing found among the selected",
            *_NO_SELECTED,
        ),
        "for": Metric(
            ("fn",),
            ("fn", "tn"),
            "FN / (FN + TN)",
            "Uitkomst onder niet-geselecteerden",
            "Outcome among those left out",
            *_ALL_SELECTED,
        ),
        "npv": Metric(
            ("tn",),
            ("fn", "tn"),
            "TN / (FN + TN)",
            "Niets aan de hand onder niet-geselecteerden",
            "Nothing the matter among those left out",
            *_ALL_SELECTED,
        ),
        "tpr": Metric(
            ("tp",),
            ("tp", "fn"),
            "TP / (TP + FN)",
            "Geselecteerd van wie de uitkomst heeft",
            "Selected of those with the outcome",
            *_NO_POSITIVE,
        ),
        "fpr": Metric(
            ("fp",),
            ("fp", "tn"),
            "FP / (FP + TN)",
            "Geselecteerd van wie niets aan de hand is",
            "Selected of those with nothing the matter",
            *_NO_NEGATIVE,
        ),
        "fnr": Metric(
            ("fn",),
            ("tp", "fn"),
            "FN / (TP + FN)",
            "Niet geselecteerd van wie de uitkomst heeft",
            "Left out of those with the outcome",
            *_NO_POSITIVE,
        ),
        "tnr": Metric(
            ("tn",),
            ("fp", "tn"),
            "TN / (FP + TN)",
            "Niet geselecteerd van wie niets aan de hand is",
            "Left out of those with nothing the matter",
            *_NO_NEGATIVE,
        ),
        "accuracy": Metric(
            ("tp", "tn"),
            ("tp", "fp", "fn", "tn"),
            "(TP + TN) / (TP + FP + FN + TN)",
            "Selectie en uitkomst komen overeen",
            "Selection and outcome agree",
            *_NO_OUTCOME,
        ),
    }
)

OF_PEOPLE = ("pprev", "ppr")
"""figures about everybody in the table; the others need outcomes"""


def share(numerator: float, denominator: float) -> float | None:
    """numerator / denominator, None when there is nothing to divide by.

    >>> share(1.0, 4.0), share(0.0, 0.0)
    (0.25, None)
    """
    return numerator / denominator if denominator > 0 else None
