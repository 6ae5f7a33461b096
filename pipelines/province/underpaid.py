"""What clients are paid too little: whose, since when and of which kind, and how it shows in the payments (R34).

The history says who is under-paid and when it is put right; this says what of it can be seen. Beside it stand cases
that look the same and are right, so that no single fact tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.province.months import NEVER, Months, Numbers, stream
from pipelines.province.payments import Payments
from pipelines.province.spells import Spells
from pipelines.province.world import World

KINDS = ("income_stopped", "paid_short", "unseen")
"""income that has stopped is still deducted; less than the norm is paid without a ground; nothing shows"""
STOPPED, SHORT, UNSEEN = range(3)


@dataclass(frozen=True)
class Underpayments:
    """One row per under-payment, from month `start` up to `end` (exclusive)."""

    case: Numbers
    kind: Numbers
    start: Months
    end: Months
    monthly: Numbers
    """EUR cents too little a month"""


def underpay(
    world: World, payments: Payments, spells: Spells, intervals: Numbers, seed: int
) -> tuple[Payments, Underpayments]:
    """The payments as they were made, and what was too little in them.

    intervals: cases x (first, last + 1) month, NEVER where there is none (history.errors)."""
    rng = stream(seed, "underpaid")
    cases = len(spells)
    kind = rng.choice(len(KINDS), cases, p=np.array(world.underpaid_kinds))
    monthly = np.clip(world.underpaid_median * np.exp(rng.normal(0, 0.7, cases)), 1500, 45000).astype(np.int64)
    share = rng.integers(8, 36, cases)  # percent of the norm
    repeated = rng.random(cases) < world.underpaid_as_declared
    alike = rng.random(cases)
    first, last = intervals[:, 0], intervals[:, 1]
    fine = first == NEVER
    elsewhere = fine & (alike < world.income_from_elsewhere)
    withheld = fine & (alike > 1 - world.withheld)

    case, month, norm = payments.case, payments.month, payments.norm
    inside = (first[case] <= month) & (month < last[case])
    stopped = (inside & (kind[case] == STOPPED)) | elsewhere[case]
    short = (inside & (kind[case] == SHORT)) | withheld[case]
    extra = np.where(stopped, np.minimum(monthly[case], payments.paid), 0)
    said = np.where(repeated[case] & ~elsewhere[case], extra, 0)
    less = np.where(short, norm * share[case] // 100, 0)
    made = replace(
        payments,
        declared=payments.declared + said,
        countable=payments.countable + said,
        deducted=payments.deducted + extra,
        paid=np.maximum(payments.paid - extra - less, 0),
    )
    some = np.flatnonzero(~fine & (spells.starts < last) & (spells.ends > first))
    middle = np.array([np.median(norm)]) if len(norm) else np.zeros(1)
    amount = np.where(kind[some] == SHORT, middle.astype(np.int64) * share[some] // 100, monthly[some])
    start = np.maximum(first[some], np.maximum(spells.starts[some], 0))
    end = np.minimum(last[some], spells.ends[some])
    lasts = end > start
    return made, Underpayments(some[lasts], kind[some][lasts], start[lasts], end[lasts], amount[lasts])
