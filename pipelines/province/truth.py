"""The truth of a simulated province, in a folder of its own that only evaluation reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.province.history import History
from pipelines.province.months import Numbers, first_days
from pipelines.province.rows import Register, dates, whole, words
from pipelines.province.spells import Spells
from pipelines.province.underpaid import KINDS as UNDERPAID_KINDS
from pipelines.province.underpaid import Underpayments
from pipelines.province.world import KINDS, MONTHS, World

_WAYS = ("runs", "stopped", "found_in_ordinary_work", "found_in_review", "benefit_ended")


def write_truth(
    folder: Path, world: World, spells: Spells, history: History, underpaid: Underpayments, register: Register
) -> None:
    """`outcomes.parquet`: per municipality, dossier and first day of a month, whether a review on that day would
    change the entitlement downwards or show data that would have, and what is really the matter ("none", a kind, or
    "intent:" and a kind). `conduct.parquet`: every irregularity with its kind, months, intent and monthly cents.
    `underpaid.parquet`: every under-payment with its kind, months and monthly cents."""
    folder.mkdir(parents=True, exist_ok=True)
    conduct = history.conduct
    state = np.zeros((len(spells), MONTHS + 1), dtype=np.int64)
    for month in range(MONTHS + 1):
        here = np.flatnonzero((conduct.start < month) & (month < conduct.end))
        state[conduct.case[here], month] = 1 + conduct.kind[here] + len(KINDS) * conduct.intent[here]
    cases, as_of = _running(world, spells)
    states = ("none", *KINDS, *(f"intent:{kind}" for kind in KINDS))
    table = pa.table(
        {
            "municipality": words(register.codes, spells.municipality[cases]),
            "dossier": register.dossiers(cases),
            "as_of": dates(first_days(as_of)),
            "would_change": pa.array(history.would_change[cases, as_of]),
            "conduct": words(states, state[cases, as_of]),
        }
    )
    pq.write_table(table, folder / "outcomes.parquet", compression="zstd")
    _write_conduct(folder, spells, history, register)
    _write_underpaid(folder, spells, underpaid, register)


def _running(world: World, spells: Spells) -> tuple[Numbers, Numbers]:
    months = np.arange(world.first_review_month, MONTHS + 1)
    runs = (spells.starts[:, None] < months) & (spells.ends[:, None] > months)
    month, case = np.nonzero(runs.T)
    return case, months[month]


def _write_conduct(folder: Path, spells: Spells, history: History, register: Register) -> None:
    conduct = history.conduct
    table = pa.table(
        {
            "municipality": words(register.codes, spells.municipality[conduct.case]),
            "dossier": register.dossiers(conduct.case),
            "kind": words(KINDS, conduct.kind),
            "intent": pa.array(conduct.intent),
            "start": dates(first_days(conduct.start)),
            "end": dates(first_days(np.minimum(conduct.end, MONTHS)), conduct.end > MONTHS),
            "how_it_ended": words(_WAYS, conduct.how),
            "monthly_cents": whole(conduct.monthly),
            "review_misses": pa.array(conduct.missed),
            "shows": pa.array(conduct.shows),
        }
    )
    pq.write_table(table, folder / "conduct.parquet", compression="zstd")


def _write_underpaid(folder: Path, spells: Spells, underpaid: Underpayments, register: Register) -> None:
    table = pa.table(
        {
            "municipality": words(register.codes, spells.municipality[underpaid.case]),
            "dossier": register.dossiers(underpaid.case),
            "kind": words(UNDERPAID_KINDS, underpaid.kind),
            "start": dates(first_days(underpaid.start)),
            "end": dates(first_days(underpaid.end)),
            "monthly_cents": whole(underpaid.monthly),
        }
    )
    pq.write_table(table, folder / "underpaid.parquet", compression="zstd")
