"""The people of the province, the households they form and their ties of kin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.province.months import END_DAY, Days, Mask, Numbers, Reals, stream
from pipelines.province.spells import COUPLE, SINGLE, SINGLE_PARENT, Spells
from pipelines.province.world import World

CLIENT, PARTNER, CHILD, ADULT_CHILD, HOUSEMATE, EX_PARTNER, PARENT, OTHER = range(8)
YEAR = 365.25


@dataclass(frozen=True)
class People:
    """One row per person; the clients come first, in the order of the spells.

    `case` is -1 for who has nothing to do with a case. `household` numbers households: case households first, with
    the number of their case."""

    role: Numbers
    case: Numbers
    household: Numbers
    municipality: Numbers
    birth: Days
    woman: Mask
    origin: Numbers
    bsn: Numbers
    a_number: Numbers
    households: int

    def __len__(self) -> int:
        return len(self.role)

    def of_role(self, role: int) -> Numbers:
        """Everyone in a role, in order."""
        return np.flatnonzero(self.role == role)

    def lookup(self, role: int, cases: int) -> Numbers:
        """Per case the person in that role, -1 where there is none (the last one where there are more)."""
        found = np.full(cases, -1)
        rows = self.of_role(role)
        found[self.case[rows]] = rows
        return found


def passing_numbers(first: int, many: int) -> Numbers:
    """The first `many` nine-digit numbers from `first` on that pass the 11-proef (weights 9 to 2 and -1).

    >>> passing_numbers(900000000, 2).tolist()
    [900000004, 900000016]
    """
    weights = np.array([9, 8, 7, 6, 5, 4, 3, 2, -1])
    numbers = first + np.arange(many * 11 + 200)
    total = sum(weight * (numbers // 10 ** (8 - place) % 10) for place, weight in enumerate(weights))
    passing: Numbers = numbers[np.asarray(total) % 11 == 0][:many]
    return passing


def draw_people(world: World, spells: Spells, clients: int, seed: int) -> People:
    """Clients with their households, their relatives elsewhere, and enough others to make the province's number."""
    rng = stream(seed, "people")
    blocks = [_clients(spells), *_households(world, rng, spells), *_relatives(rng, spells)]
    taken = sum(len(block[0]) for block in blocks)
    blocks.append(_others(world, rng, max(int(world.people_per_client * clients) - taken, clients), len(spells)))
    role, case, birth, woman, own_home, municipality = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    linked = case >= 0
    municipality = np.where(linked, spells.municipality[np.maximum(case, 0)], municipality)
    household = np.where(own_home >= 0, len(spells) + own_home, case)
    elsewhere = linked & np.isin(role, (EX_PARTNER, PARENT))
    first_free = int(household.max()) + 1
    household[elsewhere] = first_free + np.arange(int(elsewhere.sum()))
    origin_of_household = rng.choice(len(world.origins), int(household.max()) + 1, p=world.origins)
    many = len(role)
    return People(
        role,
        case,
        household,
        municipality,
        birth,
        woman,
        origin_of_household[household],
        rng.permutation(passing_numbers(900_000_000, many)),
        9_000_000_000 + rng.permutation(many * 3)[:many],
        int(household.max()) + 1,
    )


Block = tuple[Numbers, Numbers, Days, Mask, Numbers, Numbers]


def _block(role: int, case: Numbers, birth: Days | Reals, woman: Mask) -> Block:
    none = np.full(len(case), -1)
    return np.full(len(case), role), case, birth.astype(np.int64), woman, none, none


def _clients(spells: Spells) -> Block:
    return _block(CLIENT, np.arange(len(spells)), spells.birth, spells.woman)


def _households(world: World, rng: np.random.Generator, spells: Spells) -> list[Block]:
    """Partners, minor children, adult children still at home, and housemates."""
    couples = np.flatnonzero(spells.form == COUPLE)
    partners = _block(
        PARTNER, couples, spells.birth[couples] + rng.normal(0, 4 * YEAR, len(couples)), ~spells.woman[couples]
    )
    children = np.where(
        spells.form == SINGLE_PARENT,
        1 + rng.poisson(0.7, len(spells)),
        np.where(spells.form == COUPLE, rng.poisson(1.0, len(spells)), 0),
    )
    of = np.repeat(np.arange(len(spells)), np.minimum(children, 5))
    oldest = np.minimum(END_DAY - 400, spells.birth[of] + 40 * YEAR)
    youngest_parent = spells.birth[of] + 18.5 * YEAR
    floor = np.maximum(youngest_parent, END_DAY - 17.5 * YEAR)
    births = floor + np.maximum(oldest - floor, 30) * rng.random(len(of))
    minors = _block(CHILD, of, births, rng.random(len(of)) < 0.49)
    age = (END_DAY - spells.birth) / YEAR
    at_home = np.flatnonzero((age >= 44) & (rng.random(len(spells)) < world.adult_child_at_home))
    grown = END_DAY - (19 + (np.minimum(age[at_home] - 19, 32) - 19) * rng.random(len(at_home))) * YEAR
    adult_children = _block(ADULT_CHILD, at_home, grown, rng.random(len(at_home)) < 0.4)
    sharing = np.flatnonzero((spells.form == SINGLE) & (rng.random(len(spells)) < world.housemates))
    with_whom = np.repeat(sharing, rng.integers(1, 4, len(sharing)))
    mates = _block(
        HOUSEMATE, with_whom, END_DAY - (21 + 40 * rng.random(len(with_whom))) * YEAR, rng.random(len(with_whom)) < 0.4
    )
    return [partners, minors, adult_children, mates]


def _relatives(rng: np.random.Generator, spells: Spells) -> list[Block]:
    """Former partners and parents, who live elsewhere in the municipality."""
    parted = np.flatnonzero(
        (spells.form == SINGLE_PARENT) & (rng.random(len(spells)) < 0.75)
        | (spells.form == SINGLE) & (rng.random(len(spells)) < 0.30)
    )
    former = _block(
        EX_PARTNER, parted, spells.birth[parted] + rng.normal(0, 5 * YEAR, len(parted)), ~spells.woman[parted]
    )
    young = np.flatnonzero((END_DAY - spells.birth < 55 * YEAR) & (rng.random(len(spells)) < 0.5))
    parents = _block(
        PARENT, young, spells.birth[young] - (20 + 15 * rng.random(len(young))) * YEAR, rng.random(len(young)) < 0.55
    )
    return [former, parents]


def _others(world: World, rng: np.random.Generator, many: int, cases: int) -> Block:
    """Households of one to five that have nothing to do with a case."""
    sizes = rng.choice([1, 2, 3, 4, 5], many, p=[0.39, 0.33, 0.12, 0.12, 0.04])
    ends = np.cumsum(sizes)
    homes = int(np.searchsorted(ends, many, side="left")) + 1
    sizes = sizes[:homes]
    sizes[-1] -= int(ends[homes - 1]) - many
    home = np.repeat(np.arange(homes), sizes)
    place = np.arange(many) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    head = 20 + 65 * rng.random(homes)
    adult = place < 2
    age = np.where(adult, head[home] + np.where(place == 1, rng.normal(0, 3, many), 0), rng.random(many) * 18)
    weights = np.array([one.weight for one in world.municipalities])
    place_of_home = rng.choice(len(weights), homes, p=weights / weights.sum())
    return (
        np.full(many, OTHER),
        np.full(many, -1),
        (END_DAY - np.maximum(age, 18.0 * adult + 0.5) * YEAR).astype(np.int64),
        rng.random(many) < 0.5,
        home,
        place_of_home[home],
    )
