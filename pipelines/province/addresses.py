"""Where people live: addresses, neighbourhoods, collective addresses, moves and stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province.months import END_DAY, NEVER, Days, Numbers, Reals, first_days, stream
from pipelines.province.people import ADULT_CHILD, EX_PARTNER, HOUSEMATE, People
from pipelines.province.spells import SINGLE, Spells
from pipelines.province.world import MONTHS, World

HOMES_PER_NEIGHBOURHOOD = 900
STREETS_PER_NEIGHBOURHOOD = 14
_BEGINNINGS = (
    "Linden Eiken Beuken Berken Kerk School Molen Maas Geul Roer Kasteel Markt Burg Kloosters Meester Heuvel "
    "Veld Bron Wilgen Kastanje Mergel Steen Abdij Hoeve Akker Korenbloem Zonne Sterren Leeuwerik Merel "
    "Nachtegaal Valk Spoor Mijn Schacht Gilde Smids Bakkers Wevers Pastoor "
)
_FIRST = _BEGINNINGS.split()
_LAST = ("straat", "weg", "laan", "plein", "hof", "pad", "dreef", "singel", "kamp", "steeg", "dal", "park")


@dataclass(frozen=True)
class Addresses:
    """One row per address, the home of each household first, in the order of households."""

    municipality: Numbers
    neighbourhood: Numbers
    street: Numbers
    number: Numbers
    hub: Numbers
    """0 a home, 1 a shelter or other collective address"""

    def __len__(self) -> int:
        return len(self.street)

    def street_names(self) -> list[str]:
        """Per street number its name; a later round of the same words gets a Roman-like suffix."""
        many = int(self.street.max()) + 1
        names = [first + last.replace(" ", "") for first in _FIRST for last in _LAST]
        rounds = ["", "Oost ", "West ", "Nieuwe ", "Oude ", "Kleine ", "Grote ", "Lange ", "Korte ", "Achter "]
        return [rounds[i // len(names) % len(rounds)] + names[i % len(names)] for i in range(many)]


@dataclass(frozen=True)
class Stays:
    """One row per person and address. `end` is exclusive, NEVER while it lasts. `known` is the day the municipality
    heard of the beginning, `end_known` of the end."""

    person: Numbers
    address: Numbers
    start: Days
    end: Days
    known: Days
    end_known: Days
    flag: Numbers
    """0 nothing, 1 letter address, 2 under investigation, 3 marked incorrect, 4 start known in part only"""


def draw_addresses(world: World, spells: Spells, people: People, seed: int, spare: int) -> Addresses:
    """A home for every household, `spare` homes to move to, and collective addresses (one per 250 cases)."""
    rng = stream(seed, "addresses")
    home_municipality = np.zeros(people.households, dtype=np.int64)
    home_municipality[people.household] = people.municipality
    hubs_per = np.maximum(np.bincount(spells.municipality, minlength=len(world.municipalities)) // 250, 1)
    hubs = np.repeat(np.arange(len(world.municipalities)), hubs_per)
    spare_municipality = rng.choice(spells.municipality, spare)
    municipality = np.concatenate([home_municipality, spare_municipality, hubs])
    per_municipality = np.bincount(municipality, minlength=len(world.municipalities))
    many = np.maximum(per_municipality // HOMES_PER_NEIGHBOURHOOD, 3)
    offsets = np.cumsum(many) - many
    neighbourhood = offsets[municipality] + (rng.random(len(municipality)) ** 1.3 * many[municipality]).astype(np.int64)
    origin = np.zeros(people.households, dtype=np.int64)
    origin[people.household] = people.origin
    # people of other origins live together more than chance would have it: the first neighbourhoods of a municipality
    drawn = (rng.random(people.households) < 0.45) & (origin > 0)
    first = offsets[home_municipality] + rng.integers(0, np.maximum(many[home_municipality] // 4, 1))
    neighbourhood[: people.households] = np.where(drawn, first, neighbourhood[: people.households])
    street = neighbourhood * STREETS_PER_NEIGHBOURHOOD + rng.integers(0, STREETS_PER_NEIGHBOURHOOD, len(municipality))
    order = np.argsort(street, kind="stable")
    sorted_street = street[order]
    begins = np.r_[True, sorted_street[1:] != sorted_street[:-1]]
    place = np.arange(len(order)) - np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = place + 1
    hub = np.zeros(len(order), dtype=np.int64)
    hub[-len(hubs) :] = 1
    return Addresses(municipality, neighbourhood, street, number, hub)


def draw_stays(
    world: World,
    spells: Spells,
    people: People,
    addresses: Addresses,
    extra: tuple[Numbers, Days],
    partings: tuple[Numbers, Days],
    seed: int,
) -> Stays:
    """Where everyone lived. `extra` are moves that conduct adds, `partings` the days until which a former partner was
    registered with a case: (cases, days).

    A case household moves as one; some of the adult children and housemates leave on the way."""
    rng = stream(seed, "stays")
    hub_of = _at_hubs(world, rng, spells, addresses)
    home = people.household.copy()
    at_hub = (people.case >= 0) & (people.household < len(spells))
    home = np.where(at_hub & (hub_of[np.maximum(people.case, 0)] >= 0), hub_of[np.maximum(people.case, 0)], home)
    since = np.maximum(END_DAY - rng.exponential(9 * 365, people.households) - 200, END_DAY - 40 * 365).astype(np.int64)
    begun = np.maximum(since[people.household], people.birth)
    late_joiner = np.isin(people.role, (HOUSEMATE, ADULT_CHILD))
    left = np.where(late_joiner & (rng.random(len(people)) < 0.3), END_DAY - rng.integers(10, 1000, len(people)), NEVER)
    joined = np.where(
        (people.role == HOUSEMATE) & (rng.random(len(people)) < 0.6),
        END_DAY - rng.integers(100, 2200, len(people)),
        begun,
    )
    begun = np.where(left == NEVER, joined, np.minimum(begun, left - 60))
    moves = _with_moves(rng, spells, people, addresses, extra, home, begun, left)
    together = _together(rng, spells, people, home, partings)
    person, address, start, end = (np.concatenate(both) for both in zip(moves, together, strict=True))
    delay = np.where(
        rng.random(len(person)) < 0.06, rng.integers(20, 150, len(person)), rng.integers(1, 9, len(person))
    )
    end_delay = rng.integers(1, 12, len(person))
    flag = _flags(world, rng, spells, people, person, end)
    return Stays(person, address, start, end, start + delay, np.where(end == NEVER, NEVER, end + end_delay), flag)


def _at_hubs(world: World, rng: np.random.Generator, spells: Spells, addresses: Addresses) -> Numbers:
    """Per case the collective address it is registered at, -1 for most."""
    hubs = np.flatnonzero(addresses.hub == 1)
    chosen = np.full(len(spells), -1)
    for code in range(int(addresses.municipality.max()) + 1):
        here = hubs[addresses.municipality[hubs] == code]
        cases = np.flatnonzero((spells.municipality == code) & (spells.form == SINGLE))
        some = cases[rng.random(len(cases)) < world.at_hub]
        if len(here):
            chosen[some] = rng.choice(here, len(some))
    return chosen


def _with_moves(
    rng: np.random.Generator,
    spells: Spells,
    people: People,
    addresses: Addresses,
    extra: tuple[Numbers, Days],
    home: Numbers,
    begun: Days,
    left: Days,
) -> tuple[Numbers, Numbers, Days, Days]:
    """Stays of everyone: earlier homes of some people, then the moves of case households."""
    usual = np.flatnonzero(rng.random(len(spells)) < 0.16)
    case = np.concatenate([usual, extra[0]])
    day = np.concatenate([first_days(0) + rng.integers(0, MONTHS * 30, len(usual)), extra[1]])
    spare = np.arange(people.households, len(addresses) - int(addresses.hub.sum()))
    case, day = case[: len(spare)], day[: len(spare)]
    target = rng.permutation(spare)[: len(case)]
    moved = np.full(len(spells), -1)
    moved[case] = np.arange(len(case))  # the last move counts when there are more
    in_case = (people.case >= 0) & (people.household < len(spells))
    index = np.where(in_case, moved[np.maximum(people.case, 0)], -1)
    when = np.where(index >= 0, day[np.maximum(index, 0)], NEVER)
    moves = (index >= 0) & (when < np.minimum(left, END_DAY)) & (when > begun)
    earlier = np.flatnonzero((rng.random(len(people)) < 0.12) & (people.birth < begun - 4000))
    everyone = np.arange(len(people))
    person = np.concatenate([everyone, np.flatnonzero(moves), earlier])
    address = np.concatenate([home, target[index[moves]], rng.integers(0, people.households, len(earlier))])
    start = np.concatenate([begun, when[moves], begun[earlier] - rng.integers(200, 3500, len(earlier))])
    end = np.concatenate([np.where(moves, when, left), left[moves], begun[earlier]])
    alone = people.municipality[person] == addresses.municipality[address]
    return person[alone], address[alone], start[alone], end[alone]


def _together(
    rng: np.random.Generator, spells: Spells, people: People, home: Numbers, partings: tuple[Numbers, Days]
) -> tuple[Numbers, Numbers, Days, Days]:
    """Stays of former partners at the client's address until they parted: some really did, in the last years (a
    look-alike), some on paper only."""
    former = people.lookup(EX_PARTNER, len(spells))
    real = np.flatnonzero((former >= 0) & (rng.random(len(spells)) < 0.12))
    case = np.concatenate([real, partings[0]])
    until = np.concatenate([first_days(0) + rng.integers(0, MONTHS * 30, len(real)), partings[1]])
    _, once = np.unique(case, return_index=True)
    case, until = case[once], until[once]
    some = (former[case] >= 0) & (until < END_DAY - 5)
    case, until = case[some], until[some]
    return former[case], home[case], until - rng.integers(300, 3000, len(case)), until


def _flags(
    world: World, rng: np.random.Generator, spells: Spells, people: People, person: Numbers, end: Days
) -> Numbers:
    draws: Reals = rng.random(len(person))
    client = (people.role[person] == 0) & (end == NEVER)
    flag = np.where(client & (draws < world.letter_address), 1, 0)
    flag = np.where((flag == 0) & (draws > 0.992), 2, flag)
    flag = np.where((flag == 0) & (draws > 0.989) & (end != NEVER), 3, flag)
    return np.where((flag == 0) & (draws > 0.975), 4, flag)
