"""Random records of a few households, for properties and for the brute-force oracle."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

AS_OF = dt.date(2025, 10, 1)
Record = tuple[str, dict[str, Any]]
CASES = tuple(range(1, 9))
PEOPLE = tuple(range(100, 140))
ADDRESSES = tuple(range(500, 506))
BANDS = ("minor", "21-26", "27-63", "27-63", "27-63", "pension")


def client_of(case: int) -> int:
    return 100 + case


def around(rng: random.Random, before: int = 900, after: int = 120) -> dt.date:
    return AS_OF + dt.timedelta(days=rng.randint(-before, after))


def moment(rng: random.Random, before: int = 900, after: int = 60) -> dt.datetime:
    """Unique enough: to the microsecond."""
    midnight = dt.datetime.combine(AS_OF, dt.time())
    return midnight + dt.timedelta(days=rng.randint(-before, after), microseconds=rng.randint(1, 80_000_000_000))


def _period(rng: random.Random, name: str = "start", until: str = "end") -> dict[str, Any]:
    begin = around(rng)
    slack = rng.choice((0, 0, 0, 40))
    made = {f"{name}_earliest": begin, f"{name}_latest": begin + dt.timedelta(days=slack)}
    if rng.random() < 0.4:
        end = begin + dt.timedelta(days=rng.randint(1, 700))
        made |= {f"{until}_earliest": end, f"{until}_latest": end + dt.timedelta(days=slack)}
    return made


def record(rng: random.Random) -> Record:
    """One record of a random contract about one of PEOPLE."""
    person = rng.choice(PEOPLE)
    case = rng.choice(CASES)
    kind = rng.choice(_KINDS)
    values: dict[str, Any] = {"known_at": moment(rng), "withdrawn": rng.random() < 0.05}
    return kind, values | _OF[kind](rng, person, case)


def _income(rng: random.Random, person: int, case: int) -> dict[str, Any]:
    start = AS_OF - dt.timedelta(days=rng.choice((28, 31, 56, 84, 120, 200, 300, 371, -5)) + rng.randint(0, 3))
    return {
        "person_id": rng.choice((client_of(case), person)),
        "employer": rng.choice("ABC"),
        "relation": rng.choice("12"),
        "start": start,
        "end": start + dt.timedelta(days=rng.choice((27, 30, 13))),
        "relation_start": start - dt.timedelta(days=rng.randint(0, 200)),
        "kind": rng.choice(("11", "15", "43", "33", "45")),
        "gross_cents": rng.randint(-1000, 300000),
        "hours": rng.randint(0, 160),
    }


def _payment(rng: random.Random, person: int, case: int) -> dict[str, Any]:
    back = rng.randint(-1, 14)
    number = AS_OF.year * 12 + AS_OF.month - 1 - back
    month = dt.date(number // 12, number % 12 + 1, 1)
    return {
        "case_id": case,
        "person_id": client_of(case),
        "month": month,
        "period": f"{number // 12}{number % 12 + 1:02d}",
        "declared_income_cents": rng.choice((0, 0, 50000, 120000)),
        "deducted_income_cents": rng.choice((0, 30000)),
        "exempt_income_cents": rng.choice((0, 0, 20000)),
        "paid_cents": rng.choice((0, rng.randint(0, 140000))),
        "norm_cents": 136906,
        "account_id": rng.choice((900, 901)),
    }


_OF: dict[str, Any] = {
    "incomes": _income,
    "payments": _payment,
    "stays": lambda rng, person, case: {
        "person_id": person,
        "address_id": rng.choice(ADDRESSES),
        "address_municipality": rng.choice(("0917", "0917", "0935")),
        "certainty": rng.choice(("resident", "resident", "resident", "possible")),
        "function": rng.choice(("W", "W", "W", "B", None)),
        "incorrect": rng.random() < 0.1,
        "under_investigation": rng.random() < 0.1,
        "abroad": rng.random() < 0.1,
        **_period(rng),
    },
    "kinships": lambda rng, person, case: {
        "person_id": rng.choice((client_of(case), person)),
        "relation": rng.choice(("partner", "child", "parent")),
        "other_id": rng.choice(PEOPLE),
        "incorrect": rng.random() < 0.1,
        **_period(rng),
    },
    "vehicles": lambda rng, person, case: {
        "person_id": client_of(case),
        "vehicle_id": rng.randint(700, 710),
        "catalogue_cents": rng.randint(100000, 5000000),
        "first_registered": AS_OF - dt.timedelta(days=rng.randint(100, 6000)),
        **_period(rng),
    },
    "properties": lambda rng, person, case: {
        "person_id": client_of(case),
        "parcel_id": rng.randint(800, 805),
        "right": rng.choice("EG"),
        "price_cents": rng.randint(100000, 50000000),
        "address_id": rng.choice(ADDRESSES),
        **_period(rng, "acquired", "ended"),
    },
    "functionaries": lambda rng, person, case: {
        "person_id": client_of(case),
        "company": f"0000000{rng.randint(1, 5)}",
        "role": rng.choice(("owner", "director")),
        **_period(rng),
    },
    "companies": lambda rng, person, case: {
        "company": f"0000000{rng.randint(1, 5)}",
        "branch": rng.choice(("1", None)),
        "staff": rng.randint(1, 9),
        "address_id": rng.choice(ADDRESSES),
        **_period(rng),
    },
    "signals": lambda rng, person, case: {
        "person_id": client_of(case),
        "product": rng.choice(
            ("income_start", "box13", "assets", "cost_sharers", "detention", "fugitive", "enrolment")
        ),
        "issued": around(rng),
        "reference": rng.choice("XYZ"),
        "state": rng.choice(("open", "open", "closed", None)),
        "amount_cents": rng.choice((None, rng.randint(0, 900000))),
        **_period(rng),
    },
    "outcomes": lambda rng, person, case: {
        "case_id": case,
        "selected": (day := around(rng, 1500)),
        "approved": rng.choice((None, day + dt.timedelta(days=rng.randint(10, 90)))),
        "effect": rng.choice(("none", "down", "up", "unknown")),
        "overturned": rng.random() < 0.1,
    },
    "claims": lambda rng, person, case: {
        "person_id": client_of(case),
        "claim": rng.choice("12345"),
        "decided": around(rng, 1400),
        "amount_cents": rng.randint(100, 100000),
        "balance_cents": rng.choice((0, rng.randint(0, 100000))),
    },
    "sanctions": lambda rng, person, case: {
        "person_id": client_of(case),
        "reason": rng.choice("AB"),
        "amount_cents": rng.randint(100, 40000),
        **_period(rng),
    },
    "study_grants": lambda rng, person, case: {"person_id": rng.choice((client_of(case), person)), **_period(rng)},
    "year_statements": lambda rng, person, case: {
        "person_id": client_of(case),
        "year": (year := rng.choice((2023, 2024, 2024))),
        "regulation": rng.choice("AB"),
        "start": dt.date(year, 1, 1),
        "taxable_cents": rng.choice((None, rng.randint(0, 900000))),
    },
    "persons": lambda rng, person, case: {
        "list_id": rng.randint(5000, 5060),
        "person_id": person,
        "suspension": rng.choice(("E", "R", "O")),
        "suspended": around(rng),
        "under_investigation": rng.random() < 0.1,
    },
    "benefits": lambda rng, person, case: {
        "case_id": case,
        "person_id": person,
        "role": rng.choice(("partner", "child")),
        **_period(rng),
    },
}
_KINDS = (*_OF, "incomes", "incomes", "incomes", "payments", "payments", "payments", "stays", "stays", "stays", "stays")


def households(rng: random.Random, records: int = 1200) -> list[Record]:
    """Clients with a home, and random records around them; a key stands more than once, so that versions matter."""
    made: list[Record] = []
    early = dt.datetime(2022, 1, 1)  # noqa: DTZ001
    for case in CASES:
        benefit = {
            "case_id": case,
            "person_id": client_of(case),
            "role": "client",
            "start": "2021-05-01",
            "norm": rng.choice(("single", "couple")),
            "norm_cents": rng.choice((136906, 97790, 195580)),
            "cost_sharers": rng.choice((0, 1, 2)),
            "known_at": early,
        }
        home = {
            "person_id": client_of(case),
            "address_id": rng.choice(ADDRESSES),
            "certainty": "resident",
            "start": "2021-05-01",
            "known_at": early,
        }
        made += [("benefits", benefit), ("stays", home)]
    return made + [record(rng) for _ in range(records)]
