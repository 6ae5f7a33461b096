"""The contracts' rows of the registers: persons, kinships, stays, vehicles, property, companies and study finance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.province.addresses import Stays
from pipelines.province.months import END_DAY, NEVER, Numbers, first_days, stream
from pipelines.province.people import CHILD, EX_PARTNER, PARENT, PARTNER, People
from pipelines.province.registers import Companies, Functions, Grants, Rights, Vehicles
from pipelines.province.rows import (
    COUNTRIES,
    MAKES,
    MODELS,
    NATIONALITIES,
    Register,
    Rows,
    dates,
    numbered,
    pair,
    seconds,
    whole,
    words,
)
from pipelines.province.spells import Spells

BACKFILL = int(first_days(0)) - 20
"""The day on which the municipality received what was there before the history begins."""


def person_rows(people: People, register: Register, seed: int) -> Rows:
    """One list per person; a few confidential, a few suspended, a few under investigation."""
    rng = stream(seed, "person rows")
    many = len(people)
    everyone = np.arange(many)
    gone = rng.random(many) < 0.004
    suspended = END_DAY - rng.integers(45, 900, many)
    known = np.where(gone, suspended + 6, np.maximum(BACKFILL, people.birth + 8))
    abroad = (people.origin > 0) & ((END_DAY - people.birth) > 24 * 365.25)
    country = np.where(abroad, people.origin, 0)
    confidential = np.where(rng.random(many) < 0.02, rng.integers(1, 8, many), 0)
    return Rows(
        "persons",
        people.municipality,
        seconds(known),
        {
            "list": register.a_number,
            "person": register.bsn,
            "suspension": words((None, "O", "E"), np.where(gone & (people.role > PARTNER), 1 + everyone % 2, 0)),
            **pair("suspended", suspended, ~(gone & (people.role > PARTNER))),
            "confidentiality": whole(confidential),
            "registered_municipality": words(register.codes, people.municipality),
            "under_investigation": pa.array(rng.random(many) < 0.006),
            "name": register.name,
            **pair("birth_date", people.birth),
            "birth_place": words(register.names_of_municipalities, people.municipality),
            "birth_country": words(COUNTRIES, country),
            "sex": words(("M", "V"), people.woman.astype(np.int64)),
            "nationalities": pa.array([[code] for code in NATIONALITIES], pa.list_(pa.string())).take(
                pa.array(np.where(rng.random(many) < 0.5, 0, people.origin))
            ),
        },
    )


def kinship_rows(spells: Spells, people: People, register: Register, seed: int) -> Rows:
    """Partners, parents and children of the members of cases, both ways."""
    rng = stream(seed, "kinships")
    cases = len(spells)
    partner, former, parent = (people.lookup(role, cases) for role in (PARTNER, EX_PARTNER, PARENT))
    one, other, relation, start, end, bond = [], [], [], [], [], []

    def add(a: Numbers, b: Numbers, kind: int, since: Numbers, until: Numbers, how: int) -> None:
        for left, right, word in ((a, b, kind), (b, a, (0, 2, 1)[kind])):
            one.append(left)
            other.append(right)
            relation.append(np.full(len(left), word))
            start.append(since)
            end.append(until)
            bond.append(np.full(len(left), how))

    rows = np.flatnonzero(partner >= 0)
    adult = np.maximum(people.birth[rows], people.birth[partner[rows]]) + 7300
    add(rows, partner[rows], 0, adult + rng.integers(0, 3000, len(rows)), np.full(len(rows), NEVER), 1)
    rows = np.flatnonzero((former >= 0) & (rng.random(cases) < 0.6))
    adult = np.maximum(people.birth[rows], people.birth[former[rows]]) + 7300
    over = np.minimum(adult + rng.integers(400, 5000, len(rows)), END_DAY - 60)
    # one in twelve is apart and not divorced
    until = np.where(rng.random(len(rows)) < 0.08, NEVER, np.maximum(over, adult + 200))
    add(rows, former[rows], 0, adult, until, 1)
    children = people.of_role(CHILD)
    of = people.case[children]
    none = np.full(len(children), NEVER)
    add(children, of, 1, none, none, 0)
    second = np.where(partner[of] >= 0, partner[of], former[of])
    both = np.flatnonzero(second >= 0)
    add(children[both], second[both], 1, none[both], none[both], 0)
    grown = np.flatnonzero(people.role == 3)
    add(grown, people.case[grown], 1, np.full(len(grown), NEVER), np.full(len(grown), NEVER), 0)
    rows = np.flatnonzero(parent >= 0)
    add(rows, parent[rows], 1, np.full(len(rows), NEVER), np.full(len(rows), NEVER), 0)
    person, who = np.concatenate(one), np.concatenate(other)
    begin = np.concatenate(start)
    latest = np.maximum(people.birth[person], people.birth[who])
    known = np.maximum(BACKFILL, np.where(begin == NEVER, latest, begin) + 8)
    return Rows(
        "kinships",
        people.municipality[person],
        seconds(known),
        {
            "person": register.persons(person),
            "relation": words(("partner", "parent", "child"), np.concatenate(relation)),
            "other": register.persons(who),
            **pair("start", begin),
            **pair("end", np.concatenate(end)),
            "bond": words((None, "H"), np.concatenate(bond)),
        },
    )


def stay_rows(people: People, stays: Stays, register: Register) -> Rows:
    """Stays as they were registered, and again when they ended (the same key, known later)."""
    many = len(stays.person)
    ended = np.flatnonzero(stays.end < END_DAY)
    before = np.flatnonzero(stays.end_known <= BACKFILL)
    row = np.concatenate([np.setdiff1d(np.arange(many), before), ended])
    is_end = np.arange(len(row)) >= many - len(before)
    known = np.where(is_end, stays.end_known[row], stays.known[row])
    year = stays.start[row].astype("datetime64[D]").astype("datetime64[Y]")
    first_of_year = year.astype("datetime64[D]").astype(np.int64)
    last_of_year = (year + np.timedelta64(1, "Y")).astype("datetime64[D]").astype(np.int64) - 1
    partly = stays.flag[row] == 4
    return Rows(
        "stays",
        people.municipality[stays.person[row]],
        seconds(np.maximum(known, BACKFILL)),
        {
            "person": register.persons(stays.person[row]),
            **register.address("address", stays.address[row]),
            "start_earliest": dates(np.where(partly, first_of_year, stays.start[row])),
            "start_latest": dates(np.where(partly, np.minimum(last_of_year, END_DAY - 1), stays.start[row])),
            **pair("end", stays.end[row], ~is_end),
            "certainty": words(("resident",), np.zeros(len(row), dtype=np.int64)),
            "function": words(("W", "B"), (stays.flag[row] == 1).astype(np.int64)),
            "incorrect": pa.array(stays.flag[row] == 3),
            "under_investigation": pa.array(stays.flag[row] == 2),
        },
    )


def vehicle_rows(people: People, vehicles: Vehicles, register: Register) -> Rows:
    """Vehicles as they were registered, and again when they left."""
    ended = np.flatnonzero(vehicles.end < END_DAY)
    row = np.concatenate([np.arange(len(vehicles.person)), ended])
    is_end = np.arange(len(row)) >= len(vehicles.person)
    known = np.where(is_end, vehicles.end[row], vehicles.start[row]) + 9
    digits = vehicles.plate[row]
    letters = np.array(list("BDFGHJKLNPRSTVXZ"))
    plate = np.char.add(letters[digits % 16], np.char.zfill((digits // 16 % 1000).astype("U3"), 3))
    plate = np.char.add(plate, np.char.add(letters[digits // 16000 % 16], letters[digits // 256000 % 16]))
    return Rows(
        "vehicles",
        people.municipality[vehicles.person[row]],
        seconds(np.maximum(known, BACKFILL)),
        {
            "person": register.persons(vehicles.person[row]),
            "vehicle": pa.array(plate.tolist()),
            **pair("start", vehicles.start[row]),
            **pair("end", vehicles.end[row], ~is_end),
            "kind": words(("01",), np.zeros(len(row), dtype=np.int64)),
            "make": words(MAKES, vehicles.make[row]),
            "model": words(MODELS, vehicles.make[row]),
            **pair("first_registered", vehicles.first[row]),
            "catalogue_cents": whole(vehicles.price[row]),
            "status": words(("1",), np.zeros(len(row), dtype=np.int64)),
        },
    )


def property_rows(people: People, rights: Rights, register: Register) -> Rows:
    """Rights on real estate, a third of them on the home itself."""
    year = rights.acquired.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    place = people.municipality[rights.person]
    code = np.array([f"{name[:2].upper()}L00" for name in register.names_of_municipalities])[place]
    section = np.array(["-A-", "-B-", "-C-", "-D-", "-E-", "-F-", "-G-", "-H-"])[rights.parcel % 8]
    parcel = np.char.add(np.char.add(code, section), np.char.zfill((rights.parcel // 8).astype("U6"), 5))
    home = people.household[np.where(rights.parcel % 3 == 0, rights.person, rights.parcel % len(people))]
    return Rows(
        "properties",
        place,
        seconds(np.maximum(rights.acquired + 12, BACKFILL)),
        {
            "person": register.persons(rights.person),
            "parcel": pa.array(parcel.tolist()),
            "right": words(("eigendom (recht van)",), np.zeros(len(place), dtype=np.int64)),
            **pair("acquired", rights.acquired),
            "price_cents": whole(rights.price),
            "bought_year": whole(year),
            "object_kind": words(("G", "P"), rights.parcel % 2),
            "shared": pa.array(rights.shared == 1),
            **register.address("address", home),
        },
    )


def grant_rows(people: People, grants: Grants, register: Register) -> Rows:
    """Study finance as it was granted, and again when it ended."""
    ended = np.flatnonzero(grants.end < END_DAY)
    row = np.concatenate([np.arange(len(grants.person)), ended])
    is_end = np.arange(len(row)) >= len(grants.person)
    return Rows(
        "study_grants",
        people.municipality[grants.person[row]],
        seconds(np.maximum(np.where(is_end, grants.end[row], grants.start[row]) + 15, BACKFILL)),
        {
            "person": register.persons(grants.person[row]),
            **pair("start", grants.start[row]),
            **pair("end", grants.end[row], ~is_end),
            "basic": words(("1", "2"), grants.supplementary[row]),
            "supplementary": pa.array(grants.supplementary[row] == 1),
        },
    )


def company_rows(companies: Companies, register: Register) -> Rows:
    """Companies with their main branch; the address of a sole trader is shielded."""
    many = len(companies.start)
    everyone = np.arange(many)
    sbi = [[str(code)] for code in range(1000, 10000)]
    return Rows(
        "companies",
        companies.municipality,
        seconds(np.maximum(companies.start + 7, BACKFILL)),
        {
            "company": numbered(60_000_000 + everyone * 7, 8),
            "branch": numbered(30_000_000 + everyone * 3, 12),
            "trade_name": words(["Bedrijf"], np.zeros(many, dtype=np.int64)),
            "legal_form": words(("Besloten Vennootschap", "Eenmanszaak"), companies.sole),
            **pair("start", companies.start),
            **pair("end", companies.end),
            "activities": pa.array(sbi, pa.list_(pa.string())).take(pa.array(companies.sbi - 1000)),
            "staff": whole(companies.staff),
            "main_branch": pa.array(np.ones(many, dtype=bool)),
            "shielded": pa.array(companies.sole == 1),
            **register.address("address", companies.home),
        },
    )


def functionary_rows(people: People, functions: Functions, register: Register) -> Rows:
    """Owners and directors."""
    return Rows(
        "functionaries",
        people.municipality[functions.person],
        seconds(np.maximum(functions.start + 7, BACKFILL)),
        {
            "company": numbered(60_000_000 + functions.company * 7, 8),
            "person": register.persons(functions.person),
            "role": words(("owner", "director"), functions.director),
            **pair("start", functions.start),
            **pair("end", functions.end),
        },
    )
