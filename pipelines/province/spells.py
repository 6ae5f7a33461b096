"""Benefit spells: who comes in, who goes out, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province.months import END_DAY, NEVER, Days, Mask, Months, Numbers, first_days, stream
from pipelines.province.world import MONTHS, World

SINGLE, SINGLE_PARENT, COUPLE = range(3)


@dataclass
class Spells:
    """One row per dossier. `ends` is the first month without benefit (NEVER while it runs); reviews may bring it
    forward, which is why this is not frozen."""

    municipality: Numbers
    form: Numbers
    starts: Months
    """month number of the first month on benefit, negative for the first month's stock"""
    start_day: Days
    ends: Months
    birth: Days
    woman: Mask
    long: Mask
    """belongs to the kind of spells that last"""
    numbers: Numbers
    """dossier number within the municipality"""

    def __len__(self) -> int:
        return len(self.form)

    def running(self, month: int) -> Mask:
        """Who has a benefit in the month."""
        return (self.starts <= month) & (self.ends > month)


def draw_spells(world: World, clients: int, seed: int) -> Spells:
    """The stock of the first month, `clients` of them, and everyone who comes in later."""
    rng = stream(seed, "spells")
    arrivals = rng.poisson(world.inflow * clients, MONTHS)
    total = clients + int(arrivals.sum())
    late = np.repeat(np.arange(MONTHS), arrivals)
    stock_short = rng.random(clients) < world.short_share_of_stock
    inflow_short = (
        world.short_share_of_stock
        * world.short_exit
        / (world.short_share_of_stock * world.short_exit + (1 - world.short_share_of_stock) * world.long_exit)
    )
    short = np.concatenate([stock_short, rng.random(len(late)) < inflow_short])
    rate = np.where(short, world.short_exit, world.long_exit)
    elapsed = np.floor(rng.exponential(1 / rate[:clients])).astype(np.int64) + 1
    starts = np.concatenate([-elapsed, late])
    form = rng.choice(3, total, p=world.forms)
    birth = _births(world, rng, form)
    eighteenth = birth + int(18.3 * 365.25)
    first = first_days(starts)
    start_day = np.maximum(first + np.where(starts < 0, rng.integers(0, 28, total), 0), eighteenth)
    starts = np.where(start_day > first, np.minimum(starts, -1), starts)
    ends = np.maximum(starts, 0) + 1 + np.floor(rng.exponential(1 / rate)).astype(np.int64)
    pension = np.floor((birth + int(67 * 365.25) - first_days(0)) / 30.44).astype(np.int64) + 1
    ends = np.maximum(np.minimum(ends, pension), np.maximum(starts, 0) + 1)
    ends = np.where(ends > MONTHS, NEVER, ends)
    weights = np.array([one.weight for one in world.municipalities])
    municipality = rng.choice(len(weights), total, p=weights / weights.sum())
    woman = rng.random(total) < np.where(form == SINGLE_PARENT, 0.88, _women_elsewhere(world))
    return Spells(
        municipality, form, starts, start_day, ends, birth, woman, ~short, _dossier_numbers(rng, municipality)
    )


def _women_elsewhere(world: World) -> float:
    return (world.women - world.forms[1] * 0.88) / (1 - world.forms[1])


def _births(world: World, rng: np.random.Generator, form: Numbers) -> Days:
    """Birth dates such that ages in the last month follow the published bands, single parents being under 56."""
    total = len(form)
    band = rng.choice(3, total, p=world.ages)
    band = np.where((form == SINGLE_PARENT) & (band == 2) & (rng.random(total) < 0.5), 1, band)
    band = np.where((form != SINGLE_PARENT) & (band == 1) & (rng.random(total) < 0.35), 2, band)
    low, high = np.array([19.5, 27.0, 45.0])[band], np.array([27.0, 45.0, 68.5])[band]
    high = np.where((form == SINGLE_PARENT) & (band == 2), 56.0, high)
    age = low + (high - low) * rng.random(total)
    births: Days = (END_DAY - age * 365.25).astype(np.int64)
    return births


def _dossier_numbers(rng: np.random.Generator, municipality: Numbers) -> Numbers:
    """Seven digits, without repeats within a municipality and without order."""
    return 1_000_000 + rng.choice(2_000_000, len(municipality), replace=False)
