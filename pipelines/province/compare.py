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
    """A number of the province beside a published one. `published` is a range, both ends included, in the unit of
    `unit`; `source` says where it was published."""

    name: str
    unit: str
    simulated: float
    low: float
    high: float
    source: str

    @property
    def within(self) -> bool:
        return self.low <= self.simulated <= self.high


def table(
    world: World, spells: Spells, people: People, history: History, earnings: Earnings, payments: Payments
) -> list[Figure]:
    """Every figure that the province is calibrated with."""
    return [
        *_stock(spells),
        *_work(spells, earnings),
        *_conduct(spells, history),
        *_reviews(history),
        _figure("people per client", "", len(people) / max(int(spells.running(MONTHS - 1).sum()), 1), 9, 11, "issue 2"),
    ]


def _figure(name: str, unit: str, simulated: float, low: float, high: float, source: str) -> Figure:
    return Figure(name, unit, round(float(simulated), 2), low, high, source)


def _percent(part: float, whole: float) -> float:
    return 100 * part / max(whole, 1)


def _stock(spells: Spells) -> list[Figure]:
    """Clients of the last month: age, sex, form of household, duration, and what comes and goes."""
    national = "national, end of 2025"
    now = spells.running(MONTHS - 1)
    many = int(now.sum())
    age = (END_DAY - spells.birth[now]) / 365.25
    months = [int(spells.running(month).sum()) for month in range(MONTHS)]
    left = int(((spells.ends > 0) & (spells.ends < MONTHS)).sum())
    came = int((spells.starts >= 0).sum())
    long = (END_DAY - spells.start_day[now]) / 365.25 >= 5
    return [
        _figure("younger than 27", "%", _percent((age < 27).sum(), many), 8, 13, national),
        _figure("27 to 45", "%", _percent(((age >= 27) & (age < 45)).sum(), many), 30, 38, national),
        _figure("45 and older", "%", _percent((age >= 45).sum(), many), 51, 60, national),
        _figure("women", "%", _percent(spells.woman[now].sum(), many), 53, 59, national),
        _figure("single", "%", _percent((spells.form[now] == SINGLE).sum(), many), 50, 60, "weak source"),
        _figure("single parent", "%", _percent((spells.form[now] == SINGLE_PARENT).sum(), many), 26, 34, "weak source"),
        _figure("couple", "%", _percent((spells.form[now] == COUPLE).sum(), many), 12, 18, "weak source"),
        _figure("inflow per month", "%", 100 * came / sum(months), 1.6, 2.0, "national"),
        _figure("outflow per month", "%", 100 * left / sum(months), 1.6, 2.1, "national"),
        _figure("five years or more on benefit", "%", _percent(long.sum(), many), 43, 50, "national"),
    ]


def _work(spells: Spells, earnings: Earnings) -> list[Figure]:
    running = np.stack([spells.running(month) for month in range(MONTHS)], axis=1)
    wages = earnings.work_gross[running]
    paid = wages[wages > 0] / 100
    share = _percent(len(paid), len(wages))
    return [
        _figure("works beside the benefit in a month", "%", share, 7, 9, "national"),
        _figure("median of it", "EUR", float(np.median(paid)), 440, 540, "national"),
    ]


def claimed(history: History) -> Numbers:
    """Amount of every claim there would be, EUR cents: what it was a month times the months it had run (24 at most)."""
    conduct = history.conduct
    found = np.flatnonzero(np.isin(conduct.how, (FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW)))
    amounts: Numbers = conduct.monthly[found] * np.clip(conduct.end[found] - conduct.start[found], 1, 24)
    return amounts


def _conduct(spells: Spells, history: History) -> list[Figure]:
    conduct = history.conduct
    ran = (conduct.end > 0) & (conduct.start < MONTHS)
    shares = np.bincount(conduct.kind[ran], minlength=len(KINDS)) / max(int(ran.sum()), 1)
    bounds = ((60, 70), (10, 14.5), (6, 10), (8, 12), (3, 5.5), (0.2, 1.5))
    mix = [
        _figure(f"conduct: {name}", "%", 100 * share, *bound, "issue 2")
        for name, share, bound in zip(_MIX, shares, bounds, strict=True)
    ]
    found = np.isin(conduct.how, (FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW))
    years = sum(int(spells.running(month).sum()) for month in range(MONTHS)) / 12
    amounts = np.sort(claimed(history))
    small = amounts[: int(0.69 * len(amounts))].sum() / max(amounts.sum(), 1)
    return [
        *mix,
        _figure("breaches found, of benefits a year", "%", 100 * found.sum() / years, 6, 9, "national"),
        _figure("mean claim", "EUR", amounts.mean() / 100 if len(amounts) else 0, 1700, 2900, "national"),
        _figure("share of money of the smallest 69 % of claims", "%", 100 * small, 11, 22, "national"),
    ]


def _reviews(history: History) -> list[Figure]:
    reviews = history.reviews
    done = ~reviews.inconclusive
    rotterdam = "Rotterdam 2017-21"
    bounds = {RANDOM: (15.0, 20.5), SIGNAL: (20.0, 30.0), THEME: (13.0, 21.0)}
    figures = []
    for arm, (low, high) in bounds.items():
        of = done & (reviews.arm == arm)
        share = _percent(reviews.changed[of].sum(), of.sum())
        figures.append(_figure(f"yield of the {ARMS[arm]} arm", "%", share, low, high, rotterdam))
    delay = (reviews.approved - first_days(reviews.selected)) / 30.44
    figures.append(_figure("months from list to approval", "months", float(np.median(delay)), 1, 6, "issue 2"))
    return figures
