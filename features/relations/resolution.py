"""Who may be one person: match weights for people without a BSN, each with what it is made of (Fellegi and Sunter).

Splink does the comparing, in a DuckDB of its own. Two people who both have a BSN are never compared: the same BSN is
the same number in the lake already, different BSNs are different people. What agrees and what differs is kept per
comparison, so that a person can follow why two numbers were taken for one. The weights are declared, not learnt from
who was found: `m` is how often a field agrees when it is the same person (round estimates of ours), `u` is how often
two people of this population agree by chance, which is counted (Fellegi and Sunter, 1969).
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import splink.comparison_library as compare
from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI

PEOPLE = pa.schema(
    [
        ("id", pa.int64()),
        ("numbered", pa.bool_()),
        ("given_name", pa.string()),
        ("family_name", pa.string()),
        ("birth_date", pa.string()),
        ("street", pa.string()),
        ("house_number", pa.string()),
        ("postcode", pa.string()),
        ("city", pa.string()),
    ]
)
"""One row per number. `numbered`: it stands for a BSN. Texts are lower case without accents, dates ISO; None is
unknown."""

SAME_FROM = 10.0
"""match weight (bits) from which two numbers are taken for one: odds of 1,000 to 1"""
ASK_FROM = 2.0
"""match weight from which a person is asked: odds of 4 to 1"""
COUNTED_FROM = 1_000
"""people from which chance agreement is counted; below, what is declared holds"""
SAMPLED_PAIRS = 1e6


@dataclass(frozen=True)
class Compared:
    """One field of one pair: the texts themselves stay in the vault, only how near they are leaves it."""

    field: str
    level: str
    """equal, close, other, or unknown where one side has no text"""
    weight: float
    """bits: log2(m / u)"""


@dataclass(frozen=True)
class Link:
    """Two numbers that may be one person, the smaller first. `weight` is the prior and all comparisons added up."""

    left: int
    right: int
    weight: float
    prior: float
    compared: tuple[Compared, ...]

    def waterfall(self) -> list[dict[str, Any]]:
        """From the prior to the weight, a step per field: [{"field", "level", "weight", "total"}], bits."""
        total = self.prior
        steps = [{"field": "prior", "level": "", "weight": round(self.prior, 3), "total": round(total, 3)}]
        for one in self.compared:
            total += one.weight
            steps.append(
                {"field": one.field, "level": one.level, "weight": round(one.weight, 3), "total": round(total, 3)}
            )
        return steps


@dataclass(frozen=True)
class _Field:
    """A field, how nearness is measured, and its m and u from equal over close to other."""

    name: str
    near: Any
    m: tuple[float, ...]
    u: tuple[float, ...]

    @property
    def levels(self) -> dict[int, str]:
        """Splink's level -> word; -1 is unknown."""
        highest = len(self.m) - 1
        return {-1: "unknown", 0: "other", highest: "equal"} | dict.fromkeys(range(1, highest), "close")


def _like(least: float) -> Any:
    return lambda name: compare.JaroWinklerAtThresholds(name, [least])


def _one_slip(name: str) -> Any:
    """One character typed wrong, left out, added, or swapped with the next."""
    return compare.DamerauLevenshteinAtThresholds(name, [1])


_FIELDS = (
    _Field("given_name", _like(0.9), (0.85, 0.1, 0.05), (0.01, 0.02, 0.97)),
    _Field("family_name", _like(0.9), (0.85, 0.1, 0.05), (0.002, 0.008, 0.99)),
    _Field("birth_date", _one_slip, (0.9, 0.06, 0.04), (0.00005, 0.001, 0.99895)),
    _Field("street", _like(0.92), (0.65, 0.1, 0.25), (0.002, 0.008, 0.99)),
    _Field("house_number", compare.ExactMatch, (0.7, 0.3), (0.02, 0.98)),
    _Field("postcode", _one_slip, (0.65, 0.1, 0.25), (0.001, 0.009, 0.99)),
    _Field("city", _like(0.92), (0.75, 0.05, 0.2), (0.05, 0.01, 0.94)),
)
_TOGETHER = (
    ("birth_date",),
    ("family_name", "given_name"),
    ("family_name", "postcode"),
    ("given_name", "postcode"),
    ("postcode", "house_number"),
    ("street", "house_number"),
)
"""a pair is compared when it agrees on one of these at least"""


def links(people: pa.Table, *, least: float = ASK_FROM, seed: int = 1) -> list[Link]:
    """Pairs with at least the weight `least`, heaviest first; of two with a BSN never any.

    people: PEOPLE. The same people and seed give the same links.
    """
    people = people.select(PEOPLE.names).cast(PEOPLE).sort_by("id")
    if people.num_rows < 2 or all(people["numbered"].to_pylist()):
        return []
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET threads = 2")
        engine = DuckDBAPI(connection)
        given = engine.register(people, table_name="people")
        linker = Linker(given, _settings(people.num_rows), log_level=logging.ERROR)
        if people.num_rows >= COUNTED_FROM:
            linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=seed)
        name = linker.inference.predict(threshold_match_weight=least).physical_name
        found = connection.sql(f'SELECT * FROM "{name}"').to_arrow_table()
    prior = math.log2(_prior(people.num_rows) / (1 - _prior(people.num_rows)))
    made = (_link(row, prior) for row in found.to_pylist())
    return sorted(made, key=lambda one: (-one.weight, one.left, one.right))


def _prior(people: int) -> float:
    """Chance that two people taken at random are one: as if everyone stood in the population once more."""
    return 1 / people


def _settings(people: int) -> SettingsCreator:
    rules: list[Any] = [
        " AND ".join([*(f"l.{name} = r.{name}" for name in names), "NOT (l.numbered AND r.numbered)"])
        for names in _TOGETHER
    ]
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        probability_two_random_records_match=_prior(people),
        comparisons=[
            one.near(one.name).configure(m_probabilities=list(one.m), u_probabilities=list(one.u)) for one in _FIELDS
        ],
        blocking_rules_to_generate_predictions=rules,
        retain_intermediate_calculation_columns=True,
    )


def _link(row: dict[str, Any], prior: float) -> Link:
    left, right = sorted((row["id_l"], row["id_r"]))
    compared = tuple(
        Compared(one.name, one.levels[row[f"gamma_{one.name}"]], float(row[f"mw_{one.name}"])) for one in _FIELDS
    )
    return Link(left, right, float(row["match_weight"]), prior, compared)
