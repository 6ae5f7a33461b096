"""Which facts say that a client may be missing something, beside what each holds the payments, and by which article.

The service list is made of these and of nothing else (R34). Every one of them is declared to lower a place on the
review list or to leave it: what is found for a client is never turned against them, and `signs` refuses a fact for
which that is not so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from features.catalogue import CATALOGUE
from features.declaration import Feature, RefusedError


class Kind(StrEnum):
    PAID_SHORT = "paid_short"
    """probably too little was paid"""
    RIGHT_UNUSED = "right_unused"
    """an entitlement that may not have been used"""


class Against(StrEnum):
    """What the payments are held against. Two facts that hold them against the same say one thing twice."""

    REGISTRY = "registry"
    STATEMENT = "statement"
    NORM = "norm"
    ADDRESS = "address"
    LAW = "law"


@dataclass(frozen=True)
class Sign:
    """A fact that counts from `least` on, in the unit of its feature. `law`: what the client would be entitled by."""

    feature: str
    kind: Kind
    against: Against
    least: float
    law_nl: str
    law_en: str


_INCOME = ("artikel 32 Participatiewet", "Participatiewet 32")
_NORM = ("artikel 19 lid 2 Participatiewet", "Participatiewet 19(2)")
_SHARING = ("artikel 22a Participatiewet", "Participatiewet 22a")
_EXEMPT = ("artikel 31 lid 2 Participatiewet", "Participatiewet 31(2)")
_ALLOWANCE = ("artikel 36 Participatiewet", "Participatiewet 36")

SIGNS: tuple[Sign, ...] = (
    Sign("deducted_above_declared_12m", Kind.PAID_SHORT, Against.STATEMENT, 50, *_INCOME),
    Sign("deducted_above_earned_12m", Kind.PAID_SHORT, Against.REGISTRY, 100, *_INCOME),
    Sign("deducted_months_without_income_12m", Kind.PAID_SHORT, Against.REGISTRY, 2, *_INCOME),
    Sign("short_months_12m", Kind.PAID_SHORT, Against.NORM, 1, *_NORM),
    Sign("norm_below_registered", Kind.PAID_SHORT, Against.ADDRESS, 25, *_SHARING),
    Sign("sharers_gone", Kind.PAID_SHORT, Against.ADDRESS, 1, *_SHARING),
    Sign("missed_exemption_12m", Kind.RIGHT_UNUSED, Against.LAW, 1, *_EXEMPT),
    Sign("income_allowance_possible", Kind.RIGHT_UNUSED, Against.LAW, 1, *_ALLOWANCE),
)
"""in the order in which they are told. EUR over a year and EUR a month have a floor below which a rounding, a late wage
return or four-weekly pay explains them; one month without income as well"""


def signs() -> tuple[tuple[Sign, Feature], ...]:
    """Every sign with its feature. Raises RefusedError for one that is not in the catalogue, or that could raise a
    place on the review list."""
    wrong = [one.feature for one in SIGNS if one.feature not in CATALOGUE or CATALOGUE[one.feature].direction != -1]
    if wrong:
        raise RefusedError(f"{', '.join(wrong)}: only a fact that can lower a place is used for the client (R34)")
    return tuple((one, CATALOGUE[one.feature]) for one in SIGNS)


def in_a_year(feature: Feature, value: float) -> int:
    """EUR cents in a year that a fact in euros stands for; 0 for a fact in another unit.

    >>> in_a_year(CATALOGUE["norm_below_registered"], 66.5), in_a_year(CATALOGUE["deducted_above_earned_12m"], 120.0)
    (79800, 12000)
    """
    if feature.unit != "EUR":
        return 0
    return round(value * 100) * (1 if feature.window else 12)


def months_of(feature: Feature, value: float) -> int:
    """Months that a fact in months stands for; 0 for a fact in another unit."""
    return int(value) if feature.unit == "months" else 0
