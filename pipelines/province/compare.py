"""The simulated province beside the published figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province.conduct import FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW
from pipelines.province.history import ARMS, RANDOM, SIGNAL, THEME, History
from pipelines.province.incomes import Earnings
from pipelines.province.months import END_DAY, Numbers, first_days
from pipelines.province.payments import Payments
from pipelines.province.people import People
from pipelines.province.spells import COUPLE, SINGLE, SINGLE_PARENT, Spells
from pipelines.province.world import KINDS, MONTHS, World

_MIX = (
    "undeclared or late income",
    "cohabitation",
    "residence elsewhere",
    "assets and vehicles",
    "study, detention or double benefit",
    "employment rings",
)


@dataclass(frozen=True)
class Figure:
    """A number of the province beside the published one, which is a value (`low` and `high` equal) or a range.
    `tolerance` is how far from it a province of 24,000 may be, in the unit of the figure."""

    name: str
    unit: str
    simulated: float
    low: float
    high: float
    tolerance: float
    source: str

    @property
    def within(self) -> bool:
        """Whether the province is as the publication says, but for the tolerance."""
        return self.low - self.tolerance <= self.simulated <= self.high + self.tolerance


def table(
    world: World, spells: Spells, people: People, history: History, earnings: Earnings, payments: Payments
) -> list[Figure]:
    """Every figure that the province is calibrated with.

    The EUR 740 million of the original plans is not among them: it is more than the norms of 24,000 clients add up to,
    and the plans do not say what else it holds."""
    clients = max(int(spells.running(MONTHS - 1).sum()), 1)
    return [
        *_stock(spells),
        *_work(spells, earnings),
        *_conduct(spells, history),
        *_signals(spells, history),
        *_reviews(history),
        Figure("people per client", "", round(len(people) / clients, 2), 10, 10, 1, "issue 2"),
    ]


def _share(name: str, part: float, whole: float, low: float, high: float, tolerance: float, source: str) -> Figure:
    return Figure(name, "%", round(100 * float(part) / max(float(whole), 1), 2), low, high, tolerance, source)


def _stock(spells: Spells) -> list[Figure]:
    """Clients of the last month: age, sex, form of household, duration, and what comes and goes."""
    national, weak = "national, end of 2025", "national, weak source"
    now = spells.running(MONTHS - 1)
    many = int(now.sum())
    age = (END_DAY - spells.birth[now]) / 365.25
    months = sum(int(spells.running(month).sum()) for month in range(MONTHS))
    left = ((spells.ends > 0) & (spells.ends < MONTHS)).sum()
    came = (spells.starts >= 0).sum()
    long = (END_DAY - spells.start_day[now]) / 365.25 >= 5
    form = spells.form[now]
    return [
        _share("younger than 27", (age < 27).sum(), many, 10.2, 10.2, 1.5, national),
        _share("27 to 45", ((age >= 27) & (age < 45)).sum(), many, 33.9, 33.9, 3, national),
        _share("45 and older", (age >= 45).sum(), many, 55.9, 55.9, 3, national),
        _share("women", spells.woman[now].sum(), many, 55.9, 55.9, 2, national),
        _share("single", (form == SINGLE).sum(), many, 55, 55, 3, weak),
        _share("single parent", (form == SINGLE_PARENT).sum(), many, 30, 30, 3, weak),
        _share("couple", (form == COUPLE).sum(), many, 15, 15, 2, weak),
        _share("inflow per month", came, months, 1.8, 1.8, 0.2, "national"),
        _share("outflow per month", left, months, 1.8, 1.8, 0.2, "national"),
        _share("five years or more on benefit", long.sum(), many, 45, 50, 2, "national, almost half"),
    ]


def _work(spells: Spells, earnings: Earnings) -> list[Figure]:
    running = np.stack([spells.running(month) for month in range(MONTHS)], axis=1)
    wages = earnings.work_gross[running]
    paid = wages[wages > 0] / 100
    return [
        _share("works beside the benefit in a month", len(paid), len(wages), 8, 8, 1, "national"),
        Figure("median wage of it", "EUR", round(float(np.median(paid)), 2), 489, 489, 40, "national"),
    ]


def claimed(history: History) -> Numbers:
    """Amount of every claim there would be, EUR cents: what it was a month times the months it had run (24 at most)."""
    conduct = history.conduct
    found = np.flatnonzero(np.isin(conduct.how, (FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW)))
    amounts: Numbers = conduct.monthly[found] * np.clip(conduct.end[found] - conduct.start[found], 1, 24)
    return amounts


def _conduct(spells: Spells, history: History) -> list[Figure]:
    """The mix of true conduct, how much of it is found in a year, and what is claimed."""
    conduct = history.conduct
    ran = (conduct.end > 0) & (conduct.start < MONTHS)
    counts = np.bincount(conduct.kind[ran], minlength=len(KINDS))
    published = ((65, 65, 3), (12, 12, 2), (8, 8, 2), (10, 10, 2), (4, 4, 1.5), (0, 1, 0.3))
    mix = [
        _share(f"conduct: {name}", count, counts.sum(), *bounds, "issue 2")
        for name, count, bounds in zip(_MIX, counts, published, strict=True)
    ]
    found = np.isin(conduct.how, (FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW))
    years = sum(int(spells.running(month).sum()) for month in range(MONTHS)) / 12
    amounts = np.sort(claimed(history)) / 100
    small = amounts[: int(0.69 * len(amounts))].sum()
    mean = float(amounts.mean()) if len(amounts) else 0.0
    return [
        *mix,
        _share("breaches found, of benefits a year", found.sum(), years, 7, 8, 0.8, "national"),
        _share("new claims, of clients a quarter", found.sum(), 4 * years, 2, 2, 0.3, "national"),
        Figure("mean claim", "EUR", round(mean, 2), 2000, 2500, 250, "national"),
        _share("money of the smallest 69 % of claims", small, amounts.sum(), 16, 16, 3, "national"),
    ]


def _signals(spells: Spells, history: History) -> list[Figure]:
    months = sum(int(spells.running(month).sum()) for month in range(MONTHS))
    return [_share("signals, of clients a month", len(history.signals.case), months, 2, 4, 0.3, "sources.md, volumes")]


def _reviews(history: History) -> list[Figure]:
    """Yield per arm of the concluded reviews, beside Rotterdam's, and the delay."""
    reviews = history.reviews
    done = ~reviews.inconclusive
    published = {
        RANDOM: (100 * 814 / 4398, 2.0, "Rotterdam 2017-21, random"),
        SIGNAL: (100 * 439 / 1694, 4.0, "Rotterdam 2017-21, signal"),
        THEME: (100 * 2053 / 12467, 3.0, "Rotterdam 2017-21, expert profile"),
    }
    figures = []
    for arm, (share, tolerance, source) in published.items():
        of = done & (reviews.arm == arm)
        found, rounded = reviews.changed[of].sum(), round(share, 1)
        figures.append(_share(f"yield of the {ARMS[arm]} arm", found, of.sum(), rounded, rounded, tolerance, source))
    delay = float(np.median((reviews.approved - first_days(reviews.selected)) / 30.44))
    figures.append(Figure("months from list to approval", "months", round(delay, 2), 1, 6, 0, "issue 2"))
    return figures
