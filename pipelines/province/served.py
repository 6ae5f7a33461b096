"""Whether the service list finds those who are really paid too little: its places held against the truth (R34).

Only evaluation reads the truth; nothing that a person works with does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

YEAR = dt.timedelta(days=365)
"""as far as the facts look back"""


@dataclass(frozen=True)
class Served:
    """Counts of cases: `right` of the `listed` are paid too little, as are `among` of the `eligible`. `shown`: of
    those `among`, the ones whose payments show it."""

    listed: int
    right: int
    eligible: int
    among: int
    shown: int

    @property
    def share(self) -> float:
        return self.right / self.listed if self.listed else 0.0

    @property
    def by_lot(self) -> float:
        """The share on a list drawn by lot."""
        return self.among / self.eligible if self.eligible else 0.0

    @property
    def lift(self) -> float:
        """How many times as often as by lot; 1 is no better. NaN when nobody is paid too little."""
        return self.share / self.by_lot if self.by_lot else float("nan")


def underpaid_on(truth: Path, day: dt.date) -> dict[tuple[str, str], str]:
    """(municipality, dossier) -> kind, of everyone who was paid too little in the year before the day."""
    rows = pq.read_table(truth / "underpaid.parquet").to_pylist()
    return {
        (row["municipality"], row["dossier"]): row["kind"]
        for row in rows
        if row["start"] < day and row["end"] > day - YEAR
    }


def held_against(listed: Sequence[int], eligible: Collection[int], truth: Mapping[int, str]) -> Served:
    """Places about payments held against the truth (case -> kind of under-payment)."""
    among = [truth[case] for case in eligible if case in truth]
    return Served(
        listed=len(listed),
        right=sum(case in truth for case in listed),
        eligible=len(eligible),
        among=len(among),
        shown=sum(kind != "unseen" for kind in among),
    )
