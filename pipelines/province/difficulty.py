"""How hard the simulated province is: the true lift of a ranking, which only a world with a known truth can tell.

True lift (statistics.md): the share of the top k that a review would change, over the same share among all eligible.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

Dossier = tuple[str, str]
"""municipality and dossier number"""

SEEDS = (11, 12, 13, 14, 15)
"""the declared seeds of the small worlds"""
CLIENTS = 3_000
RISK_SHARE = 0.075
"""yearly risk capacity: half of the reviews of 15 % of the cases a year"""


@dataclass(frozen=True)
class TrueLift:
    """`lift` = `top` / `usual`; both are shares, over `k` and over `eligible` cases."""

    k: int
    eligible: int
    top: float
    usual: float

    @property
    def lift(self) -> float:
        return self.top / self.usual


def outcomes_on(truth: Path, as_of: dt.date) -> dict[Dossier, bool]:
    """What a review of each dossier on the date would find, noise included."""
    table = pq.read_table(truth / "outcomes.parquet", columns=["municipality", "dossier", "as_of", "would_change"])
    table = table.filter(pc.equal(table["as_of"], as_of))
    columns = (table[name].to_pylist() for name in ("municipality", "dossier", "would_change"))
    return {(town, dossier): change for town, dossier, change in zip(*columns, strict=True)}


def true_lift(margins: Mapping[Dossier, float], truth: Mapping[Dossier, bool], share: float = RISK_SHARE) -> TrueLift:
    """Of the eligible cases with their margins; ties are broken by dossier. Cases without a truth are left out.

    >>> found = true_lift({("a", str(n)): -n for n in range(40)}, {("a", str(n)): n < 4 for n in range(40)})
    >>> found.k, found.lift
    (3, 10.0)
    """
    known = sorted((one for one in margins if one in truth), key=lambda one: (-margins[one], one))
    k = max(1, round(share * len(known)))
    changes = [truth[one] for one in known]
    return TrueLift(k, len(known), sum(changes[:k]) / k, sum(changes) / len(known))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((one - mean) ** 2 for one in values) / (len(values) - 1))
    return mean, spread / math.sqrt(len(values))
