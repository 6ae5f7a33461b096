"""The norms of the Participatiewet as a dated table, and the norm that a registered household would lead to.

The amounts stand in norms.csv: monthly, 21 to pension age, holiday allowance included. Nothing here decides: the
difference with what is paid is a reason for a person to look.

>>> on(dt.date(2024, 7, 15))
Norms(since=datetime.date(2024, 7, 1), single_cents=130845, couple_cents=186921)
>>> [sharing_cents(adults, 186921) for adults in (2, 3, 4, 5, 6)]
[93461, 80999, 74768, 71030, 68538]
"""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, order=True)
class Norms:
    """Monthly norms in euro cents from a date on (Participatiewet 20, 21)."""

    since: dt.date
    single_cents: int
    couple_cents: int


@cache
def table() -> tuple[Norms, ...]:
    """All norms, oldest first."""
    with (Path(__file__).parent / "norms.csv").open(newline="", encoding="utf-8") as file:
        return tuple(
            sorted(
                Norms(dt.date.fromisoformat(row["from"]), int(row["single_cents"]), int(row["couple_cents"]))
                for row in csv.DictReader(file)
            )
        )


def on(day: dt.date) -> Norms:
    """The norms in force on a day; the oldest known ones before that."""
    return max((one for one in table() if one.since <= day), default=table()[0])


def sharing_cents(adults: int, couple_cents: int) -> int:
    """The cost-sharing norm of one person who shares with others: (40 % + A x 30 %) / A of the couple norm, in cents
    (Participatiewet 22a; `adults` is A, the sharers of 27 and older, the person included)."""
    return (couple_cents * (4 + 3 * adults) * 2 + 10 * adults) // (20 * adults)
