"""Work beside the benefit: who works in which months, for whom and for how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province.months import Mask, Months, Numbers, stream
from pipelines.province.spells import Spells
from pipelines.province.world import MONTHS, World


@dataclass(frozen=True)
class Jobs:
    """One row per spell of work of a client; months from `start` up to and including `last`."""

    case: Numbers
    start: Months
    last: Months
    monthly: Numbers
    """gross, EUR cents"""
    employer: Numbers
    unprocessed: Mask
    """declared in time, not yet processed by the municipality: a look-alike of undeclared income"""
    signalled: Mask
    """the Inlichtingenbureau reports the start"""

    def working(self, cases: int) -> Mask:
        """cases x months: has a job in the month."""
        change = np.zeros((cases, MONTHS + 1), dtype=np.int64)
        np.add.at(change, (self.case, self.start), 1)
        np.add.at(change, (self.case, self.last + 1), -1)
        result: Mask = np.cumsum(change, axis=1)[:, :MONTHS] > 0
        return result


def draw_jobs(world: World, spells: Spells, employers: int, seed: int) -> Jobs:
    """A two-state chain per case from a stationary start; some clients go to work more readily than others."""
    rng = stream(seed, "jobs")
    cases = len(spells)
    readiness = np.minimum(rng.gamma(0.8, 1 / 0.8, cases), 6)
    stationary = world.work_entry / (world.work_entry + world.work_exit)
    state = rng.random(cases) < stationary * readiness
    begun = np.where(state, 0, -1)
    found: list[tuple[Numbers, Numbers, Numbers]] = []
    for month in range(1, MONTHS + 1):
        draws = rng.random(cases)
        stops = (begun >= 0) & ((draws < world.work_exit) | (month == MONTHS))
        rows = np.flatnonzero(stops)
        found.append((rows, begun[rows], np.full(len(rows), month - 1)))
        starts = (begun < 0) & (draws < world.work_entry * readiness)
        begun = np.where(stops, -1, np.where(starts, month, begun))
    case, start, last = (np.concatenate(parts) for parts in zip(*found, strict=True))
    begins = np.maximum(start, spells.starts[case])
    ends = np.minimum(last, np.minimum(spells.ends[case], MONTHS) - 1)
    inside = begins <= ends
    case, begins, ends = case[inside], begins[inside], ends[inside]
    many = len(case)
    monthly = world.work_median * np.exp(rng.normal(0, world.work_spread, many))
    return Jobs(
        case,
        begins,
        ends,
        np.clip(monthly, 4000, 190000).astype(np.int64),
        (rng.random(many) ** 3 * employers).astype(np.int64),
        rng.random(many) < world.unprocessed,
        rng.random(many) < world.start_of_work_signal,
    )
