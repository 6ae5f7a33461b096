"""The contracts' rows of what the province lived through: benefits, payments, incomes, claims and outcomes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from features.entitlement import table
from pipelines.province.bookings import minutes_of
from pipelines.province.conduct import FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW
from pipelines.province.history import ARMS, MISTAKEN, MUNICIPAL_ERROR, REGISTRY_WRONG, UNDERPAID, History
from pipelines.province.incomes import Statements
from pipelines.province.months import END_DAY, Mask, Months, Numbers, day_of, first_days, months_of, stream
from pipelines.province.payments import Payments, cost_sharers, norms_of
from pipelines.province.people import CHILD, CLIENT, PARTNER, People
from pipelines.province.rows import Register, Rows, dates, numbered, pair, reals, seconds, where, whole, words
from pipelines.province.spells import Spells
from pipelines.province.world import MONTHS
from pipelines.sources.signals import PRODUCTS

_PRODUCT_CHANCE = (0.16, 0.06, 0.06, 0.14, 0.12, 0.12, 0.08, 0.015, 0.005, 0.03, 0.15, 0.06)
_PRODUCTS_OF_KIND = ((0, 11, 0), (10, 3, 10), (10, 2, 9), (4, 5, 6), (1, 7, 9), (0, 0, 0))


def benefit_rows(spells: Spells, people: People, register: Register, seed: int) -> Rows:
    """Members of every case: first as it began, again at every change of the norm and when it ended."""
    rng = stream(seed, "benefit rows")
    member = np.flatnonzero(np.isin(people.role, (CLIENT, PARTNER, CHILD)))
    case, role = people.case[member], people.role[member]
    born = people.birth[member]
    start = np.maximum(spells.start_day[case], born)
    heard = np.maximum(start, first_days(0) - 5) + rng.integers(2, 20, len(member))
    norms = norms_of(spells, cost_sharers(spells, people))
    versions: list[tuple[Numbers, Numbers, Numbers, Mask]] = []
    first = np.arange(len(member))
    norm_month = np.clip(months_of(heard), 0, MONTHS - 1)
    versions.append((first, heard, norm_month, np.zeros(len(member), dtype=bool)))
    for norms_since in table()[1:]:
        day = day_of(norms_since.since)
        since = int(months_of(day))
        rows = np.flatnonzero((heard < day) & (spells.ends[case] > since) & (role != CHILD))
        versions.append((rows, np.full(len(rows), day - 3), np.full(len(rows), since), np.zeros(len(rows), dtype=bool)))
    rows = np.flatnonzero(spells.ends[case] <= MONTHS)
    last = first_days(spells.ends[case[rows]])
    versions.append(
        (rows, last + rng.integers(1, 20, len(rows)), spells.ends[case[rows]] - 1, np.ones(len(rows), bool))
    )
    row, when, month, ended = (np.concatenate(parts) for parts in zip(*versions, strict=True))
    known = np.maximum(when, heard[row] + ended)
    case, role, of = case[row], role[row], member[row]
    sharers = cost_sharers(spells, people)[case]
    label = np.where(sharers > 0, 3, spells.form[case])
    care = rng.random(len(people)) < 0.012
    return Rows(
        "benefits",
        spells.municipality[case],
        seconds(known),
        {
            "case": register.dossiers(case),
            "person": register.persons(of),
            "role": words(("client", "partner", "child"), role),
            "regulation": words(("Participatiewet",), np.zeros(len(case), dtype=np.int64)),
            **pair("start", start[row]),
            **pair("end", first_days(np.minimum(spells.ends[case], MONTHS)) - 1, ~ended),
            "norm": words(("single", "single_parent", "couple", "cost_sharing"), label),
            "norm_cents": whole(norms[case, month], role != CLIENT),
            "cost_sharers": whole(sharers),
            "end_reason": where(ended, words(("01", "05", "20", "34", "42"), rng.integers(0, 5, len(case)))),
            "name": register.name.take(pa.array(of)),
            **pair("birth_date", people.birth[of]),
            "sex": words(("M", "V"), people.woman[of].astype(np.int64)),
            "in_care": pa.array(care[of]),
        },
    )


def payment_rows(spells: Spells, payments: Payments, register: Register) -> Rows:
    """Payments of every benefit month, corrections under their own period."""
    case = payments.case
    booked = np.array([str(one).replace("-", "") for one in _year_months(np.arange(MONTHS + 1))])
    paid = whole(payments.paid)
    return Rows(
        "payments",
        spells.municipality[case],
        seconds(payments.paid_on, 20),
        {
            "case": register.dossiers(case),
            "person": register.persons(case),
            "month": dates(first_days(payments.month)),
            "period": words(booked.tolist(), payments.booked),
            "regulation": words(("Participatiewet",), np.zeros(len(case), dtype=np.int64)),
            "paid_cents": paid,
            "paid_dossier_cents": paid,
            "norm_cents": whole(payments.norm),
            "declared_income_cents": whole(payments.declared),
            "countable_income_cents": whole(payments.countable),
            "exempt_income_cents": whole(payments.exempt),
            "deducted_income_cents": whole(payments.deducted),
            **pair("paid_on", payments.paid_on),
            "account": register.account.take(pa.array(case)),
        },
    )


def _year_months(months: Months) -> Any:
    return first_days(months).astype("datetime64[D]").astype("datetime64[M]").astype(str)


def year_statement_rows(spells: Spells, payments: Payments, register: Register) -> Rows:
    """The statement for the tax office of each full calendar year, sent in February."""
    year = first_days(payments.month).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    full = (year >= 2024) & (year <= 2025)
    key = payments.case[full] * 10_000 + year[full]
    keys, place = np.unique(key, return_inverse=True)
    total = np.bincount(place, payments.paid[full]).astype(np.int64)
    case, of_year = keys // 10_000, keys % 10_000
    begin = (of_year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    finish = (of_year - 1969).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return Rows(
        "year_statements",
        spells.municipality[case],
        seconds(finish + 45),
        {
            "person": register.persons(case),
            "year": whole(of_year),
            "regulation": words(("Participatiewet",), np.zeros(len(case), dtype=np.int64)),
            **pair("start", np.maximum(begin, spells.start_day[case])),
            **pair("end", np.minimum(finish, first_days(np.minimum(spells.ends[case], MONTHS))) - 1),
            "taxable_cents": whole(total * 112 // 100),
            "withheld_tax_cents": whole(total * 12 // 100),
            "repaid_taxable_cents": whole(np.zeros(len(case))),
        },
    )


def income_rows(people: People, statements: Statements, register: Register, seed: int) -> Rows:
    """Statements as they came in, and one in a hundred replaced later, now and then withdrawn."""
    rng = stream(seed, "income rows")
    many = len(statements)
    again = np.flatnonzero((rng.random(many) < 0.01) & (statements.known < END_DAY - 40))
    row = np.concatenate([np.arange(many), again])
    late = np.concatenate([np.zeros(many, dtype=np.int64), rng.integers(25, 260, len(again))])
    change = np.concatenate([np.ones(many), rng.choice([0.5, 0.9, 1.1, 1.3], len(again))])
    withdrawn = (late > 0) & (rng.random(len(row)) < 0.1)
    person, employer = statements.person[row], statements.employer[row]
    names = [f"{7_100_000_00 + 37 * number:09d}L01" for number in range(int(employer.max()) + 1)]
    municipal = [f"8000{code}9L01"[:9].ljust(9, "0") + "L01" for code in register.codes]
    payer = np.where(employer >= 0, employer, len(names) + people.municipality[person])
    gross = (statements.gross[row] * change).astype(np.int64)
    wage = statements.kind[row] == 15
    zeros = np.zeros(len(row), dtype=np.int64)
    return Rows(
        "incomes",
        people.municipality[person],
        seconds(statements.known[row] + late),
        {
            "person": register.persons(person),
            "employer": words([*names, *municipal], payer),
            "relation": words([str(i) for i in range(1, 10)], statements.job[row] % 9),
            **pair("start", statements.start[row]),
            **pair("end", statements.end[row]),
            "kind": words(("15", "43"), (~wage).astype(np.int64)),
            "nature": words(("01", None, "11"), np.where(wage, np.where(statements.job[row] % 6 == 0, 2, 0), 1)),
            **pair("relation_start", statements.job_start[row]),
            "gross_cents": whole(gross),
            "taxable_cents": whole(gross),
            "withheld_tax_cents": whole(gross * np.where(gross > 180000, 24, 9) // 100),
            "hours": whole(statements.hours[row], ~wage),
            "employer_name": words(
                [f"Werkgever {number + 1} B.V." for number in range(len(names))]
                + [f"Gemeente {name}" for name in register.names_of_municipalities],
                payer + zeros,
            ),
        },
        withdrawn,
    )


def claim_rows(spells: Spells, history: History, register: Register, seed: int, no_signal: bool) -> Rows:
    """Claims after what ordinary work and reviews found: the amount of the months it had run."""
    rng = stream(seed, "claims")
    conduct = history.conduct
    if no_signal:  # as many claims, of anyone
        many = int(0.07 * len(spells) * 2)
        case, month = rng.integers(0, len(spells), many), rng.integers(0, MONTHS, many)
        amount = np.clip(60000 * np.exp(rng.normal(0, 1.2, many)), 2000, 6_000_000).astype(np.int64)
    else:
        found = np.flatnonzero(np.isin(conduct.how, (FOUND_IN_ORDINARY_WORK, FOUND_IN_REVIEW)))
        case, month = conduct.case[found], conduct.end[found]
        ran = np.clip(conduct.end[found] - conduct.start[found], 1, 24)
        amount = conduct.monthly[found] * ran
    decided = first_days(month) + rng.integers(5, 70, len(case))
    running = (spells.starts[case] < month) & (decided < END_DAY)
    case, decided, amount = case[running], decided[running], amount[running]
    many = len(case)
    paid_off = np.clip(rng.beta(0.6, 1.2, many), 0, 1)
    return Rows(
        "claims",
        spells.municipality[case],
        seconds(decided + rng.integers(1, 15, many)),
        {
            "person": register.persons(case),
            "claim": numbered(40_000_000 + rng.permutation(many * 3)[:many], 8),
            **pair("decided", decided),
            "reason": words(("01", "02", "09"), rng.choice(3, many, p=[0.66, 0.2, 0.14])),
            "status": words(("1", "2"), (rng.random(many) < 0.2).astype(np.int64)),
            "regulation": words(("Participatiewet",), np.zeros(many, dtype=np.int64)),
            "amount_cents": whole(amount),
            "balance_cents": whole(amount * (1 - paid_off)),
            **pair("final_since", decided + 42, decided + 42 >= END_DAY),
        },
    )


def sanction_rows(spells: Spells, register: Register, seed: int) -> Rows:
    """Measures for the duty to look for work: 3 % of the cases a year, whatever the conduct."""
    rng = stream(seed, "sanctions")
    case = np.flatnonzero(rng.random(len(spells)) < 0.08)
    month = rng.integers(0, MONTHS, len(case))
    inside = (spells.starts[case] < month) & (spells.ends[case] > month)
    case, start = case[inside], first_days(month[inside])
    return Rows(
        "sanctions",
        spells.municipality[case],
        seconds(start + 4),
        {
            "person": register.persons(case),
            **pair("start", start),
            **pair("end", start + 29),
            "reason": words(("01", "02", "07"), rng.integers(0, 3, len(case))),
            "amount_cents": whole(rng.choice([6500, 13000, 39000, 130000], len(case))),
        },
    )


def signal_rows(spells: Spells, history: History, register: Register, seed: int) -> Rows:
    """Signals as issued, and again when the ordinary work closed them."""
    rng = stream(seed, "signal rows")
    signals = history.signals
    many = len(signals.case)
    product = rng.choice(12, many, p=np.array(_PRODUCT_CHANCE) / sum(_PRODUCT_CHANCE))
    product = np.where(signals.job >= 0, 0, product)
    if len(history.traces):
        kind = history.traces.kind[np.maximum(signals.episode, 0)]
        of_kind = np.array(_PRODUCTS_OF_KIND)[kind, rng.integers(0, 3, many)]
        product = np.where(signals.episode >= 0, of_kind, product)
    issued = first_days(signals.month) - rng.integers(1, 27, many)
    closed = first_days(signals.closes) - rng.integers(1, 20, many)
    row = np.concatenate([np.arange(many), np.flatnonzero(closed < END_DAY)])
    is_closed = np.arange(len(row)) >= many
    start = first_days(signals.month - 1)
    money = np.isin(product[row], (5, 6, 11))
    amount = np.clip(250_000 * np.exp(rng.normal(0, 1.0, many)), 1000, 8_000_000).astype(np.int64)
    return Rows(
        "signals",
        spells.municipality[signals.case[row]],
        seconds(np.where(is_closed, closed[row], issued[row]) + 1),
        {
            "person": register.persons(signals.case[row]),
            "product": words(list(PRODUCTS), product[row]),
            **pair("start", start[row]),
            **pair("end", first_days(signals.month[row]) - 1),
            **pair("issued", issued[row]),
            "reference": numbered(np.arange(many)[row] + 1, 9, "IB"),
            "amount_cents": whole(amount[row], ~money),
            "state": words(("open", "closed"), is_closed.astype(np.int64)),
        },
    )


def outcome_rows(spells: Spells, history: History, register: Register, seed: int) -> Rows:
    """Approved outcomes. An overturned one comes twice: as it was found, and as it was revised."""
    rng, minutes = stream(seed, "outcome rows"), minutes_of(history, seed)
    reviews, conduct = history.reviews, history.conduct
    many = len(reviews.case)
    episode = reviews.episode
    cause = np.full(many, 0)
    cause = np.where(reviews.error == MUNICIPAL_ERROR, 2, cause)
    cause = np.where(reviews.error == REGISTRY_WRONG, 1, cause)
    cause = np.where(reviews.error == MISTAKEN, 3, cause)
    cause = np.where(episode >= 0, np.where(conduct.intent[np.maximum(episode, 0)], 4, 3), cause)
    cause = np.where(reviews.changed & (cause == 0), 3, np.where(~reviews.changed, 0, cause))
    under = (reviews.error == UNDERPAID) & ~reviews.changed
    help_needed = ~reviews.changed & ~under & (rng.random(many) < 0.05)
    cause = np.where(under, 2, np.where(help_needed, 5, cause))
    cause = np.where(reviews.inconclusive, 6, cause)
    effect = np.where(reviews.changed, 1, np.where(under, 0, 2))
    effect = np.where(reviews.inconclusive, 3, effect)
    amount = np.where(episode >= 0, conduct.monthly[np.maximum(episode, 0)], rng.integers(2000, 30000, many))
    amount = np.where(under, rng.integers(2000, 15000, many), np.where(effect == 1, amount, 0))
    revised = np.flatnonzero(reviews.overturned & ~reviews.inconclusive)
    row = np.concatenate([np.arange(many), revised])
    again = np.arange(len(row)) >= many
    known = reviews.approved[row] + np.where(again, rng.integers(60, 200, len(row)), 0)
    causes = (
        "nothing_irregular",
        "registry_wrong",
        "municipal_error",
        "client_late_or_mistaken",
        "breach_of_duty",
        "needs_help",
        "inconclusive",
    )
    return Rows(
        "outcomes",
        spells.municipality[reviews.case[row]],
        seconds(known, 18),
        {
            "case": register.dossiers(reviews.case[row]),
            "selected": dates(first_days(reviews.selected[row])),
            "arm": words(ARMS, reviews.arm[row]),
            "probability": reals(reviews.probability[row]),
            "closed": dates(reviews.closed[row]),
            "approved": dates(reviews.approved[row]),
            "cause": words(causes, np.where(again, 0, cause[row])),
            "effect": words(("up", "down", "none", "unknown"), np.where(again, 2, effect[row])),
            "amount_cents": whole(np.where(again, 0, amount[row])),
            "overturned": pa.array(again),
            "minutes": whole(minutes[row]),
        },
    )
