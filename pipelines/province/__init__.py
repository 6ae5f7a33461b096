"""The simulated province: a population, three years of benefits, conduct and reviews, and what is delivered of it.

No person, address or company in it exists. The parameters are in `world.py`, fixed before any model was tuned on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.province import extracts, registers, registry_rows
from pipelines.province.addresses import draw_addresses, draw_stays
from pipelines.province.bookings import booking_rows
from pipelines.province.compare import Figure, table
from pipelines.province.conduct import COHABITATION, RESIDENCE
from pipelines.province.history import UNDERPAID, History, live
from pipelines.province.incomes import draw_earnings
from pipelines.province.messages import write_messages
from pipelines.province.months import Days, Numbers, first_days, stream
from pipelines.province.payments import Payments, draw_payments
from pipelines.province.people import People, draw_people
from pipelines.province.rows import Register, Rows
from pipelines.province.spells import Spells, draw_spells
from pipelines.province.truth import write_truth
from pipelines.province.underpaid import underpay
from pipelines.province.work import draw_jobs
from pipelines.province.world import MONTHS, World
from pipelines.province.write import write_all

Progress = Callable[[str, int, float], None]
"""Called after each step with its name, rows and seconds."""


@dataclass(frozen=True)
class Summary:
    """What was simulated: rows per contract in the deliveries, the number of message files, and the figures beside
    the published ones (see `compare.table`)."""

    clients: int
    people: int
    cases: int
    municipalities: tuple[str, ...]
    rows: dict[str, int]
    messages: int
    figures: tuple[Figure, ...]


def simulate(
    folder: Path,
    truth: Path,
    clients: int = 24000,
    seed: int = 1,
    no_signal: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Write the deliveries of a province with `clients` running cases into `folder` and its truth into `truth`.

    The same arguments give the same bytes. With `no_signal` conduct leaves no trace and a review's outcome is a coin.
    Raises FileExistsError when `folder` or `truth` holds something already, ValueError for fewer than 100 clients."""
    for place in (folder, truth):
        if place.exists() and any(place.iterdir()):
            raise FileExistsError(f"{place} is not empty: give an empty folder, or remove what is in it")
    if clients < 100:
        raise ValueError(f"{clients} clients are too few to make a province of; give at least 100")
    clock = _Clock(progress)
    world = World.of(clients)
    spells = draw_spells(world, clients, seed)
    people = draw_people(world, spells, clients, seed)
    employers = max(clients // 8, 30)
    addresses = draw_addresses(world, spells, people, seed, spare=len(spells) // 2 + 200)
    jobs = draw_jobs(world, spells, employers, seed)
    clock.done("people", len(people))
    history = live(world, spells, jobs, addresses.neighbourhood[: len(spells)], seed, no_signal)
    clock.done("history", len(history.reviews.case))
    register = Register(world, spells, people, addresses, stream(seed, "names"))
    earnings = draw_earnings(world, spells, people, jobs, history, employers, seed)
    payments = draw_payments(spells, people, earnings.declared, seed)
    payments, underpaid = underpay(world, payments, spells, history.errors[:, UNDERPAID], seed)
    stays = draw_stays(world, spells, people, addresses, _moves(history, seed), _partings(history, seed), seed)
    companies, functions = registers.draw_companies(world, spells, people, employers, seed)
    clock.done("records", len(earnings.statements) + len(payments.case) + len(stays.person))
    tables = [
        *_benefit_tables(spells, people, payments, history, register, seed, no_signal),
        extracts.income_rows(people, earnings.statements, register, seed),
        registry_rows.stay_rows(people, stays, register),
        *_register_tables(world, spells, people, history, register, seed),
        registry_rows.company_rows(companies, register),
        registry_rows.functionary_rows(people, functions, register),
    ]
    post = write_messages(folder, world, tables, clients, seed)
    clock.done("messages", post.files)
    written = write_all(folder, world, tables, post.sent)
    clock.done("extracts", sum(written.values()))
    write_truth(truth, world, spells, history, underpaid, register)
    clock.done("truth", len(spells))
    figures = table(world, spells, people, history, earnings, payments)
    codes = tuple(one.code for one in world.municipalities)
    now = int(spells.running(MONTHS - 1).sum())
    return Summary(now, len(people), len(spells), codes, written, post.files, tuple(figures))


def _benefit_tables(
    spells: Spells,
    people: People,
    payments: Payments,
    history: History,
    register: Register,
    seed: int,
    no_signal: bool,
) -> list[Rows]:
    """What comes from the municipality itself and from the Inlichtingenbureau."""
    outcomes = extracts.outcome_rows(spells, history, register, seed)
    return [
        extracts.benefit_rows(spells, people, register, seed),
        extracts.payment_rows(spells, payments, register),
        extracts.year_statement_rows(spells, payments, register),
        extracts.claim_rows(spells, history, register, seed, no_signal),
        extracts.sanction_rows(spells, register, seed),
        extracts.signal_rows(spells, history, register, seed),
        outcomes,
        booking_rows(outcomes, history, seed),
    ]


def _register_tables(
    world: World, spells: Spells, people: People, history: History, register: Register, seed: int
) -> list[Rows]:
    """What comes from the other registers."""
    return [
        registry_rows.person_rows(people, register, seed),
        registry_rows.kinship_rows(spells, people, register, seed),
        registry_rows.vehicle_rows(people, registers.draw_vehicles(spells, people, history, seed), register),
        registry_rows.property_rows(people, registers.draw_rights(world, spells, people, history, seed), register),
        registry_rows.grant_rows(people, registers.draw_grants(world, spells, people, history, seed), register),
    ]


class _Clock:
    """Tells how long each step took."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.since = progress, time.perf_counter()

    def done(self, step: str, rows: int) -> None:
        now = time.perf_counter()
        if self.progress is not None:
            self.progress(step, rows, now - self.since)
        self.since = now


def _moves(history: History, seed: int) -> tuple[Numbers, Days]:
    """Moves that come with living elsewhere."""
    conduct, rng = history.traces, stream(seed, "moves")
    some = (conduct.kind == RESIDENCE) & conduct.shows
    return conduct.case[some], first_days(conduct.start[some]) + rng.integers(0, 60, int(some.sum()))


def _partings(history: History, seed: int) -> tuple[Numbers, Days]:
    """Former partners who left the address on paper."""
    conduct, rng = history.traces, stream(seed, "partings")
    some = (conduct.kind == COHABITATION) & conduct.shows
    return conduct.case[some], first_days(conduct.start[some]) + rng.integers(-90, 30, int(some.sum()))


__all__ = ["Figure", "Summary", "simulate", "table"]
