"""Money that follows from the province's reviews, and the time they took; all of it assumed, none of it published."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.province.history import History
from pipelines.province.months import Days, Mask, Numbers, stream
from pipelines.province.rows import Rows, dates, numbered, seconds, whole, words

KINDS = ("claimed", "recovered", "paid_out")
CLAIMED, RECOVERED, PAID_OUT = range(3)
REPAYS = 0.7
"""of claims: something of it is received (assumed)"""
AT_ONCE = 0.12
"""of those: the whole within two months (assumed)"""
A_QUARTER = 19_500
"""EUR cents set off a quarter: 65 euro a month (assumed: about 5 % of a single person's norm)"""
QUARTERS = 12
MEDIAN_MINUTES = (210, 420)
"""of a review that changed nothing, and of one that did (assumed)"""


def minutes_of(history: History, seed: int) -> Numbers:
    """Minutes that each review took."""
    rng = stream(seed, "minutes of a review")
    median = np.array(MEDIAN_MINUTES)[history.reviews.changed.astype(np.int64)]
    return np.round(median * np.exp(rng.normal(0, 0.5, len(median))) / 15).astype(np.int64) * 15


def booking_rows(outcomes: Rows, history: History, seed: int) -> Rows:
    """Claims after what the client owed, what came in of them by the quarter, and what clients got after a change
    upwards. What an objection overturned is withdrawn when that is known."""
    rng = stream(seed, "bookings")
    reviews, many = history.reviews, len(history.reviews.case)
    amount = outcomes.columns["amount_cents"].to_numpy()[:many]
    effect = np.array(outcomes.columns["effect"].to_pylist()[:many])
    began = history.conduct.start[np.maximum(reviews.episode, 0)]
    ran = np.clip(reviews.selected - began, 1, 24)
    decided = reviews.approved + rng.integers(7, 45, many)
    fallen = np.full(many, -1)
    revised = np.flatnonzero(reviews.overturned & ~reviews.inconclusive)
    fallen[revised] = outcomes.known[many:] // 86_400 + 14

    owed = np.flatnonzero((effect == "down") & (reviews.episode >= 0))
    more = np.flatnonzero(effect == "up")
    claims = (amount * ran)[owed]
    parts = [
        (owed, np.full(len(owed), CLAIMED), decided[owed], claims),
        (more, np.full(len(more), PAID_OUT), decided[more], amount[more] * rng.integers(1, 25, len(more))),
        *_received(owed, decided[owed], claims, rng),
    ]
    review, kind, booked, cents = (np.concatenate(column) for column in zip(*parts, strict=True))
    # a claim that fell is no longer collected
    stands = (fallen[review] < 0) | (booked < fallen[review])
    review, kind, booked, cents = review[stands], kind[stands], booked[stands], cents[stands]
    number = np.arange(len(review))
    row = np.concatenate([number, np.flatnonzero(fallen[review] >= 0)])
    withdrawn = np.arange(len(row)) >= len(review)
    known = (booked + rng.integers(1, 6, len(review)))[row]
    of = review[row]
    # never in one monthly file with what it withdraws
    known = np.where(withdrawn, np.maximum(fallen[of], known + 32), known)
    return Rows(
        "bookings",
        outcomes.municipality[of],
        seconds(known, 19),
        {
            "case": outcomes.columns["case"].take(pa.array(of)),
            "selected": outcomes.columns["selected"].take(pa.array(of)),
            "reference": numbered(number[row] + 1, 8, "F"),
            "kind": words(KINDS, kind[row]),
            "booked": dates(booked[row]),
            "amount_cents": whole(cents[row]),
        },
        withdrawn,
    )


def _received(
    owed: Numbers, decided: Days, claims: Numbers, rng: np.random.Generator
) -> list[tuple[Numbers, Numbers, Days, Numbers]]:
    """(review, kind, booked, cents) of what comes in: at once, or by the quarter until it is paid."""
    repays = rng.random(len(owed)) < REPAYS
    at_once = repays & (rng.random(len(owed)) < AT_ONCE)
    left: Numbers = np.where(repays, claims, 0)
    parts = []
    for quarter in range(QUARTERS):
        part = np.where(at_once, left, np.minimum(left, A_QUARTER))
        some: Mask = part > 0
        when = decided + 45 + 91 * quarter
        parts.append((owed[some], np.full(int(some.sum()), RECOVERED), when[some], part[some]))
        left = left - part
    return parts
