"""What other registers hold: vehicles, property, study finance, companies and who runs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province import conduct as kinds
from pipelines.province.history import History
from pipelines.province.months import END_DAY, NEVER, Days, Numbers, first_days, stream
from pipelines.province.people import ADULT_CHILD, CLIENT, EX_PARTNER, OTHER, PARTNER, People
from pipelines.province.spells import Spells
from pipelines.province.world import MONTHS, World


@dataclass(frozen=True)
class Vehicles:
    """One row per holder and vehicle; `end` NEVER while it lasts."""

    person: Numbers
    plate: Numbers
    start: Days
    end: Days
    make: Numbers
    first: Days
    price: Numbers


@dataclass(frozen=True)
class Rights:
    """Rights on real estate."""

    person: Numbers
    parcel: Numbers
    acquired: Days
    price: Numbers
    shared: Numbers


@dataclass(frozen=True)
class Grants:
    """Study finance."""

    person: Numbers
    start: Days
    end: Days
    supplementary: Numbers


@dataclass(frozen=True)
class Companies:
    """Companies of the trade register. The first `employers` pay wages; the others are mostly one person."""

    municipality: Numbers
    start: Days
    end: Days
    staff: Numbers
    sbi: Numbers
    sole: Numbers
    home: Numbers
    """household at whose address it is registered"""


@dataclass(frozen=True)
class Functions:
    """Who owns or directs which company."""

    company: Numbers
    person: Numbers
    director: Numbers
    start: Days
    end: Days


def draw_vehicles(spells: Spells, people: People, history: History, seed: int) -> Vehicles:
    """A vehicle for half of the clients and partners, traded now and then; irregular assets add one that is dear."""
    rng = stream(seed, "vehicles")
    adults = np.flatnonzero(np.isin(people.role, (CLIENT, PARTNER, ADULT_CHILD, EX_PARTNER)))
    holders = np.repeat(adults, rng.choice(4, len(adults), p=[0.52, 0.36, 0.09, 0.03]))
    start = END_DAY - rng.exponential(1100, len(holders)).astype(np.int64) - 5
    end = np.where(rng.random(len(holders)) < 0.35, start + rng.integers(40, 1500, len(holders)), NEVER)
    price = np.clip(1_700_000 * np.exp(rng.normal(0, 0.42, len(holders))), 400_000, 14_000_000)
    conduct = history.traces
    dear = np.flatnonzero(conduct.shows & (conduct.kind == kinds.ASSETS))
    dear_start = first_days(conduct.start[dear]) + rng.integers(0, 60, len(dear))
    dear_end = np.where(conduct.end[dear] >= MONTHS, NEVER, first_days(np.minimum(conduct.end[dear], MONTHS)))
    person = np.concatenate([holders, conduct.case[dear]])
    first_day = np.concatenate([start, dear_start])
    end = np.concatenate([end, np.maximum(dear_end, dear_start + 30)])
    price = np.concatenate([price, np.clip(3_000_000 * np.exp(rng.normal(0, 0.4, len(dear))), 900_000, 20_000_000)])
    many = len(person)
    age = np.where(np.arange(many) < len(holders), rng.integers(1500, 5500, many), rng.integers(200, 2800, many))
    return Vehicles(
        person,
        rng.choice(6_000_000, many, replace=False),
        first_day,
        np.where(end >= END_DAY, NEVER, end),
        rng.integers(0, 12, many),
        first_day - age,
        (price // 1000 * 1000).astype(np.int64),
    )


def draw_rights(world: World, spells: Spells, people: People, history: History, seed: int) -> Rights:
    """Property: one client in a hundred, more among others, some of it because of irregular assets."""
    rng = stream(seed, "property")
    share = np.where(people.role == CLIENT, 0.010, np.where(people.role == EX_PARTNER, 0.12, 0.0))
    usual = np.flatnonzero(rng.random(len(people)) < share)
    conduct = history.traces
    hidden = np.flatnonzero((conduct.kind == kinds.ASSETS) & (rng.random(len(conduct)) < world.seen_as_property))
    person = np.concatenate([usual, conduct.case[hidden]])
    acquired = np.concatenate(
        [
            END_DAY - rng.exponential(3000, len(usual)).astype(np.int64) - 5,
            first_days(np.minimum(conduct.start[hidden], MONTHS - 4)),
        ]
    )
    many = len(person)
    price = np.clip(19_000_000 * np.exp(rng.normal(0, 0.5, many)), 300_000, 90_000_000)
    return Rights(
        person,
        rng.choice(900_000, many, replace=False),
        acquired,
        (price // 100_000 * 100_000).astype(np.int64),
        rng.integers(0, 2, many),
    )


def draw_grants(world: World, spells: Spells, people: People, history: History, seed: int) -> Grants:
    """Study finance of young adults at home and of a few clients, some of it beside a benefit."""
    rng = stream(seed, "grants")
    age = (END_DAY - people.birth) / 365.25
    young = (age > 18) & (age < 31)
    share = np.where(people.role == ADULT_CHILD, 0.45, np.where(people.role == CLIENT, 0.06, 0.0))
    usual = np.flatnonzero(young & (rng.random(len(people)) < share))
    start = np.maximum(people.birth[usual] + int(18 * 365.25), END_DAY - rng.integers(200, 2200, len(usual)))
    end = start + rng.integers(150, 1400, len(usual))
    conduct = history.traces
    beside = np.flatnonzero(conduct.shows & (conduct.kind == kinds.DOUBLE))
    beside_start = first_days(conduct.start[beside])
    person = np.concatenate([usual, conduct.case[beside]])
    start = np.concatenate([start, beside_start])
    end = np.concatenate([end, beside_start + rng.integers(200, 800, len(beside))])
    return Grants(person, start, np.where(end >= END_DAY, NEVER, end), rng.integers(0, 2, len(person)))


def draw_companies(
    world: World, spells: Spells, people: People, employers: int, seed: int
) -> tuple[Companies, Functions]:
    """Employers, ring employers and sole traders; 2 % of the clients once had or still have a company."""
    rng = stream(seed, "companies")
    adults = np.flatnonzero((people.role == OTHER) & (END_DAY - people.birth > 25 * 365.25))
    clients = np.flatnonzero((people.role == CLIENT) & (rng.random(len(people)) < 0.02))
    owners = np.concatenate([rng.choice(adults, employers + 50), clients, rng.choice(adults, len(spells) // 12 + 1)])
    many = len(owners)
    start = END_DAY - rng.exponential(2600, many).astype(np.int64) - 60
    end = np.where(rng.random(many) < 0.25, start + rng.integers(100, 2500, many), NEVER)
    pays = np.arange(many) < employers + 50
    end = np.where(pays | (end >= END_DAY), NEVER, end)
    staff = np.where(pays, 2 + rng.geometric(0.04, many), 1)
    sbi = np.array([5610, 4711, 8121, 7820, 4941, 4321, 9602, 4520, 6201, 8622, 4778, 9313])[rng.integers(0, 12, many)]
    companies = Companies(
        people.municipality[owners], start, end, staff, sbi, (~pays).astype(np.int64), people.household[owners]
    )
    functions = Functions(np.arange(many), owners, pays.astype(np.int64), start, end)
    return companies, functions
