"""Income statements as the polis has them, and what clients declared to the municipality of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province import conduct as kinds
from pipelines.province.history import History
from pipelines.province.months import END_DAY, Days, Mask, Months, Numbers, first_days, stream
from pipelines.province.people import EX_PARTNER, HOUSEMATE, OTHER, PARENT, PARTNER, People
from pipelines.province.spells import COUPLE, Spells
from pipelines.province.work import Jobs
from pipelines.province.world import MONTHS, World

EMPLOYMENT, OWN_BENEFIT = 15, 43
"""CdSrtIkv: wages, and the client's own Participatiewet benefit"""
MONTHS_OF_OTHERS = 12
"""how far back the incomes go of people who have nothing to do with a case"""


@dataclass(frozen=True)
class Statements:
    """One row per income statement. `employer` -1 is the municipality itself; days are inclusive. `job` groups the
    statements of one income relation."""

    person: Numbers
    employer: Numbers
    job: Numbers
    start: Days
    end: Days
    job_start: Days
    kind: Numbers
    gross: Numbers
    known: Days
    hours: Numbers

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: Numbers | Mask) -> Statements:
        """Some of the statements."""
        return Statements(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _expand(start: Months, last: Months) -> tuple[Numbers, Months]:
    """(row, month) for every month of every interval, both ends inclusive."""
    many = np.maximum(last - start + 1, 0)
    row = np.repeat(np.arange(len(start)), many)
    return row, start[row] + np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)


def _pay(
    rng: np.random.Generator,
    four_weekly: Mask,
    person: Numbers,
    employer: Numbers,
    job: Numbers,
    start: Months,
    last: Months,
    monthly: Numbers,
) -> Statements:
    """Statements of jobs per month, or per four weeks where the employer pays so."""
    by_month = ~four_weekly[employer]
    row, month = _expand(np.where(by_month, start, 0), np.where(by_month, last, -1))
    first, end = first_days(month), first_days(month + 1) - 1
    begin = first_days(start)
    stop = first_days(last + 1) - 1
    origin = first_days(0) - 28 * 200 - 2
    low = np.where(by_month, 1, (begin - origin) // 28)
    high = np.where(by_month, 0, (stop - origin) // 28 - 1)
    row4, period = _expand(low, high)
    row = np.concatenate([row, row4])
    first = np.concatenate([first, origin + 28 * period])
    end = np.concatenate([end, origin + 28 * period + 27])
    part = np.concatenate([np.ones(len(month)), np.full(len(row4), 12 / 13)])
    gross = (monthly[row] * part * np.exp(rng.normal(0, 0.12, len(row)))).astype(np.int64)
    return Statements(
        person[row],
        employer[row],
        job[row],
        first,
        end,
        begin[row],
        np.full(len(row), EMPLOYMENT),
        gross,
        end + rng.integers(12, 34, len(row)),
        np.maximum(gross // 1650, 1),
    )


@dataclass(frozen=True)
class Earnings:
    """Everything the polis has, and per case and month what the client declared and what was settled, in cents."""

    statements: Statements
    declared: Numbers
    work_gross: Numbers
    """cases x months: wages of declared jobs, for the calibration table"""
    four_weekly: Mask
    """per employer"""


def draw_earnings(
    world: World, spells: Spells, people: People, jobs: Jobs, history: History, employers: int, seed: int
) -> Earnings:
    """Jobs of clients, what conduct leaves in the polis, wages of others, and the benefits themselves."""
    rng = stream(seed, "earnings")
    four_weekly = rng.random(employers + 50) < world.four_weekly_employers
    last = np.minimum(jobs.last, np.minimum(spells.ends[jobs.case], MONTHS) - 1)
    number = np.arange(len(jobs.case))
    client_work = _pay(rng, four_weekly, jobs.case, jobs.employer, number, jobs.start, last, jobs.monthly)
    hidden = _hidden(rng, four_weekly, history, spells, employers, len(number))
    after = _after_benefit(rng, four_weekly, spells, employers, 10**6)
    others = _of_others(rng, four_weekly, people, employers, 2 * 10**6)
    own = _own_benefit(rng, spells)
    declared, gross = _declared(world, rng, spells, jobs, last)
    parts = [client_work, hidden, after, others, own]
    names = Statements.__dataclass_fields__
    statements = Statements(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    heard = (statements.end < END_DAY) & (statements.gross > 0)
    return Earnings(statements.take(heard), declared, gross, four_weekly)


def _hidden(
    rng: np.random.Generator, four_weekly: Mask, history: History, spells: Spells, employers: int, first_job: int
) -> Statements:
    """Wages that were not declared (the few that the polis has), and wages of rings, which exist on paper."""
    conduct = history.traces
    shows = np.flatnonzero(conduct.shows & np.isin(conduct.kind, (kinds.INCOME, kinds.RING)))
    case = conduct.case[shows]
    ring = conduct.kind[shows] == kinds.RING
    start = np.maximum(conduct.start[shows], 0)
    last = np.minimum(np.minimum(conduct.end[shows], MONTHS) - 1, start + 17)
    of_ring = employers + (spells.municipality[case] * 3 + start // 12) % 50
    boss = np.where(ring, of_ring, rng.integers(0, employers, len(case)))
    monthly = np.where(ring, 95000, np.clip(conduct.monthly[shows] * 1.6, 6000, 160000)).astype(np.int64)
    return _pay(rng, four_weekly, case, boss, first_job + np.arange(len(case)), start, last, monthly)


def _after_benefit(
    rng: np.random.Generator, four_weekly: Mask, spells: Spells, employers: int, first_job: int
) -> Statements:
    """Four in ten who leave have work; one in five who come in had work before."""
    left = np.flatnonzero((spells.ends < MONTHS) & (rng.random(len(spells)) < 0.4))
    came = np.flatnonzero((spells.starts > 0) & (rng.random(len(spells)) < 0.2))
    case = np.concatenate([left, came])
    start = np.concatenate([spells.ends[left], np.maximum(spells.starts[came] - 24, -12)])
    last = np.concatenate([np.full(len(left), MONTHS - 1), spells.starts[came] - 1])
    monthly = np.clip(210000 * np.exp(rng.normal(0, 0.3, len(case))), 60000, 600000).astype(np.int64)
    boss = (rng.random(len(case)) ** 2 * employers).astype(np.int64)
    return _pay(rng, four_weekly, case, boss, first_job + np.arange(len(case)), start, last, monthly)


def _of_others(
    rng: np.random.Generator, four_weekly: Mask, people: People, employers: int, first_job: int
) -> Statements:
    """Wages of relatives and housemates over the whole history, of everyone else over the last year."""
    share = np.zeros(8)
    share[[PARTNER, EX_PARTNER, HOUSEMATE, PARENT, OTHER]] = (0.10, 0.6, 0.45, 0.35, 0.66)
    age = (END_DAY - people.birth) / 365.25
    works = (age > 19) & (age < 66) & (rng.random(len(people)) < share[people.role])
    who = np.flatnonzero(works)
    start = np.where(people.role[who] == OTHER, MONTHS - MONTHS_OF_OTHERS, 0)
    start = np.where(rng.random(len(who)) < 0.2, start + rng.integers(0, 10, len(who)), start)
    last = np.where(rng.random(len(who)) < 0.12, MONTHS - 1 - rng.integers(0, 10, len(who)), MONTHS - 1)
    monthly = np.clip(290000 * np.exp(rng.normal(0, 0.45, len(who))), 30000, 1500000).astype(np.int64)
    boss = (rng.random(len(who)) ** 2 * employers).astype(np.int64)
    return _pay(rng, four_weekly, who, boss, first_job + np.arange(len(who)), start, last, monthly)


def _own_benefit(rng: np.random.Generator, spells: Spells) -> Statements:
    """The benefit itself stands in the polis as an income relation; of the last year."""
    start = np.maximum(spells.starts, MONTHS - MONTHS_OF_OTHERS)
    row, month = _expand(start, np.minimum(spells.ends, MONTHS) - 1)
    first, end = first_days(month), first_days(month + 1) - 1
    many = len(row)
    gross = np.where(spells.form[row] == COUPLE, 105000, 148000) + rng.integers(-4000, 4000, many)
    return Statements(
        row,
        np.full(many, -1),
        3 * 10**6 + row,
        first,
        end,
        spells.start_day[row],
        np.full(many, OWN_BENEFIT),
        gross,
        end + 14,
        np.zeros(many, dtype=np.int64),
    )


def _declared(
    world: World, rng: np.random.Generator, spells: Spells, jobs: Jobs, last: Months
) -> tuple[Numbers, Numbers]:
    """What stands in the payments as declared. A month may be settled in the next one, or not be processed yet: both
    look like undeclared income and are not. A few declare alimony or odd jobs that no registry has."""
    cases = len(spells)
    row, month = _expand(jobs.start, last)
    gross = (jobs.monthly[row] * np.exp(rng.normal(0, 0.05, len(row)))).astype(np.int64)
    wages = np.zeros((cases, MONTHS), dtype=np.int64)
    np.add.at(wages, (jobs.case[row], month), gross)
    shifted = rng.random(len(row)) < world.wrong_month
    lost = jobs.unprocessed[row] & (month - jobs.start[row] < 5)
    booked = np.minimum(month + shifted, MONTHS - 1)
    declared = np.zeros((cases, MONTHS), dtype=np.int64)
    np.add.at(declared, (jobs.case[row], booked), np.where(lost, 0, gross))
    other = np.flatnonzero(rng.random(cases) < 0.04)
    declared[other] += rng.integers(5000, 25000, (len(other), 1))
    return declared, wages
