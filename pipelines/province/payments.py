"""Benefit payments month by month: the norm of the household, less the income that was declared."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from features.entitlement import on, sharing_cents
from pipelines.province.months import END_DAY, Days, Months, Numbers, first_days, stream
from pipelines.province.people import ADULT_CHILD, HOUSEMATE, People
from pipelines.province.spells import COUPLE, SINGLE, SINGLE_PARENT, Spells
from pipelines.province.world import MONTHS

_FIRST_ORDINAL = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Payments:
    """One row per case, month and booking. EUR cents."""

    case: Numbers
    month: Months
    booked: Months
    norm: Numbers
    declared: Numbers
    countable: Numbers
    exempt: Numbers
    deducted: Numbers
    paid: Numbers
    paid_on: Days


def norms_of(spells: Spells, sharers: Numbers) -> Numbers:
    """cases x months: the monthly norm of the dated table; `sharers` are the other adults who share the cost."""
    rows = [on(dt.date.fromordinal(_FIRST_ORDINAL + int(day))) for day in first_days(np.arange(MONTHS))]
    shared = np.array([[sharing_cents(others + 1, one.couple_cents) for one in rows] for others in range(6)])
    shared[0] = [one.single_cents for one in rows]
    couple = np.array([one.couple_cents for one in rows])
    norms: Numbers = np.where((spells.form == COUPLE)[:, None], couple, shared[sharers])
    return norms


def cost_sharers(spells: Spells, people: People) -> Numbers:
    """Adults of 27 and older at the address of a single client or parent, as the municipality counts them."""
    old = (END_DAY - people.birth) > 28 * 365.25
    rows = np.flatnonzero(old & np.isin(people.role, (HOUSEMATE, ADULT_CHILD)))
    count = np.bincount(people.case[rows], minlength=len(spells))
    return np.where(np.isin(spells.form, (SINGLE, SINGLE_PARENT)), np.minimum(count, 5), 0)


def draw_payments(spells: Spells, people: People, declared: Numbers, seed: int) -> Payments:
    """Payments of every month on benefit; one in a hundred is corrected a few months later."""
    rng = stream(seed, "payments")
    start, last = np.maximum(spells.starts, 0), np.minimum(spells.ends, MONTHS) - 1
    many = np.maximum(last - start + 1, 0)
    case = np.repeat(np.arange(len(spells)), many)
    month = start[case] + np.arange(len(case)) - np.repeat(np.cumsum(many) - many, many)
    norm = norms_of(spells, cost_sharers(spells, people))[case, month]
    said = declared[case, month]
    may_keep = rng.random(len(spells)) < 0.3
    exempt = np.where(may_keep[case], np.minimum(said // 4, 26900), 0)
    deducted = np.minimum(said - exempt, norm)
    holiday = np.where((month % 12) == 6, 0, norm * 5 // 100)  # the allowance is kept back and paid in May
    paid = np.maximum(norm - deducted - holiday, 0)
    booked = month.copy()
    again = np.flatnonzero(rng.random(len(case)) < 0.01)
    later = np.minimum(month[again] + rng.integers(1, 5, len(again)), MONTHS - 1)
    again, later = again[later > month[again]], later[later > month[again]]
    rows = np.concatenate([np.arange(len(case)), again])
    booked = np.concatenate([booked, later])
    change = np.concatenate([np.zeros(len(case), dtype=np.int64), rng.integers(-9000, 9000, len(again))])
    day = first_days(booked) + 19 + rng.integers(0, 5, len(rows))
    return Payments(
        case[rows],
        month[rows],
        booked,
        norm[rows],
        said[rows],
        said[rows],
        exempt[rows],
        deducted[rows],
        np.maximum(paid[rows] + change, 0),
        day,
    )
