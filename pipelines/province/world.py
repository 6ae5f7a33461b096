"""The parameters of the simulated province, each with the figure it is taken from.

They were set with the published figures and, for how much of conduct can be seen, with throwaway models; they were
fixed before any model of ours was tuned on the province, and a model is never a reason to change them. "Published" is
a figure of shared/design/sources.md, "assumed" has no publication behind it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

FIRST_MONTH = dt.date(2023, 11, 1)
MONTHS = 36
AS_OF = dt.date(2026, 11, 1)
"""The day after the last simulated month: nothing in the deliveries was known on or after it."""


@dataclass(frozen=True)
class Municipality:
    """A participant. `weight` is its share of the clients before normalising (inhabitants in thousands times how much
    benefit is used there; assumed)."""

    code: str
    name: str
    weight: float


MUNICIPALITIES = (
    Municipality("0917", "Heerlen", 140.0),
    Municipality("0935", "Maastricht", 150.0),
    Municipality("1883", "Sittard-Geleen", 95.0),
    Municipality("0957", "Roermond", 68.0),
    Municipality("0988", "Weert", 40.0),
    Municipality("1507", "Horst aan de Maas", 22.0),
    Municipality("1903", "Eijsden-Margraten", 13.0),
    Municipality("0938", "Meerssen", 10.0),
    Municipality("0994", "Valkenburg aan de Geul", 10.0),
    Municipality("0981", "Vaals", 9.0),
    Municipality("1729", "Gulpen-Wittem", 8.0),
    Municipality("0986", "Voerendaal", 7.0),
)

KINDS = ("income", "cohabitation", "residence", "assets", "double", "ring")
"""True conduct. `double` is study finance, detention or a second benefit; `ring` is employment on paper only."""


@dataclass(frozen=True)
class World:
    """A province. Shares and probabilities are 0 to 1, amounts euro cents, durations months."""

    municipalities: tuple[Municipality, ...] = MUNICIPALITIES

    # the people
    people_per_client: float = 10.0
    """issue 2: about ten times the clients"""
    ages: tuple[float, float, float] = (42 / 410, 139 / 410, 229 / 410)
    """published, end of 2025: below 27, 27 to 45, 45 and older, of 410,000"""
    women: float = 229 / 410
    """published"""
    forms: tuple[float, float, float] = (0.55, 0.30, 0.15)
    """published (weak): single, single parent, couple"""
    origins: tuple[float, ...] = (0.62, 0.10, 0.09, 0.08, 0.06, 0.05)
    """assumed; origin has no influence on conduct, only on where people live"""
    adult_child_at_home: float = 0.10
    """look-alike, of clients of 42 and older (assumed)"""
    housemates: float = 0.12
    """of single clients: others share the address as cost sharers (assumed)"""
    at_hub: float = 0.03
    """of single clients: registered at a shelter or another collective address (assumed)"""
    letter_address: float = 0.015

    # the benefit
    short_share_of_stock: float = 0.36
    short_exit: float = 0.040
    long_exit: float = 0.006
    """two kinds of spell, exits per month; together 1.8 % a month out and almost half on benefit for five years or
    more (published)"""
    inflow: float = 0.0182
    """of the stock per month (published: about 1.8 %)"""
    end_after_finding: float = 0.30
    """of confirmed breaches: the benefit ends (assumed)"""

    # work beside the benefit
    work_entry: float = 0.0125
    work_exit: float = 0.14
    """per month; together 8 % of clients work in a month (published)"""
    work_median: int = 48900
    """published: median per month"""
    work_spread: float = 0.62
    four_weekly_employers: float = 0.2
    wrong_month: float = 0.05
    """look-alike: of working months, settled in the month after (assumed)"""
    unprocessed: float = 0.06
    """look-alike: of working spells, declared in time but not processed (assumed)"""
    start_of_work_signal: float = 0.5
    """of working spells: the Inlichtingenbureau reports the start, declared or not (assumed)"""

    # conduct
    kinds: tuple[float, ...] = (0.651, 0.12, 0.08, 0.10, 0.04, 0.009)
    """issue 2, in the order of KINDS"""
    starting_prevalence: float = 0.09
    """of new benefits: something is not as it was stated from the first day (assumed)"""
    prevalence: float = 0.155
    """of the first month's stock (set so that random reviews yield what Rotterdam's did)"""
    incidence: float = 0.0150
    """new irregularities per regular case and month, before susceptibility and work (same)"""
    stops: float = 0.040
    """of irregularities per month, by themselves (assumed)"""
    ordinary_work_finds: float = 0.035
    """of irregularities per month, outside reviews: the monthly settlement of income and concurrence (set so that
    7 to 8 % of benefits a year have a breach, published)"""
    susceptibility: float = 0.75
    """standard deviation of the log of how likely a case is, fixed per case (assumed)"""
    work_multiplies: float = 2.2
    """incidence while working beside the benefit (assumed)"""
    again: float = 1.5
    """incidence after an earlier finding (assumed)"""
    intent: tuple[float, ...] = (0.42, 0.62, 0.66, 0.60, 0.50, 1.0)
    """of irregularities, in the order of KINDS: against the duty to inform; the rest is an honest or late mistake.
    About half of the breaches are fined (published)"""
    municipal_error: float = 0.018
    registry_wrong: float = 0.012
    underpaid: float = 0.035
    """of cases at any time (assumed)"""
    underpaid_kinds: tuple[float, float, float] = (0.45, 0.30, 0.25)
    """in the order of underpaid.KINDS; the last leaves no trace (assumed)"""
    underpaid_median: int = 9000
    """monthly amount of what is deducted too much (assumed)"""
    underpaid_as_declared: float = 0.5
    """of those with income that stopped: the old statement is booked again every month (assumed)"""
    income_from_elsewhere: float = 0.012
    """look-alike, of other cases: the municipality knows income that neither client nor polis names (assumed)"""
    withheld: float = 0.012
    """look-alike, of other cases: part of the payment goes to a creditor (assumed)"""
    amount_median: int = 8200
    amount_spread: float = 1.45
    """monthly amount of an irregularity. Published: claims have a mean of EUR 2,000 to 2,500, and 69 % of the cases
    carry 16 % of the money"""

    # what of it can be seen (assumed; together they make the true lift at the yearly risk capacity of an ordinary
    # model, trained on past outcomes only, about 1.4, over five worlds of 3,000 clients; without signal 1.0)
    seen_in_polis: float = 0.07
    """of income irregularities: in the polis and not declared. The rest is paid in cash, abroad or by platforms, or is
    settled by the ordinary work before anyone reviews"""
    seen_by_signal: float = 0.38
    """of irregularities: an Inlichtingenbureau signal follows within a year"""
    seen_at_address: float = 0.22
    """of cohabitation: the partner was registered at the address until recently"""
    seen_by_moves: float = 0.35
    """of residence elsewhere: more moves, or an address under investigation"""
    seen_as_vehicle: float = 0.40
    seen_as_property: float = 0.06
    seen_as_grant: float = 0.30
    signals_per_month: float = 0.024
    """of cases, whatever the conduct (published: 2,000 to 4,000 per 100,000 a month)"""

    # reviews
    first_review_month: int = 6
    capacity: float = 0.15
    """of cases a year"""
    arms: tuple[float, float, float, float] = (0.22, 0.33, 0.25, 0.20)
    """random, signal, theme, tip (assumed; Rotterdam 2017-21 had 4398, 1694, 12467 and 3620 of an algorithm)"""
    theme_bias: float = 4.0
    """how much more often a theme takes the neighbourhoods it is about"""
    tip_bias: float = 2.5
    """how much more often a tip is about a single parent"""
    tip_knows: float = 1.6
    """how much more often a tip is about a case where something is the matter"""
    missed: float = 0.12
    """of irregularities: a review does not find it (fixed per irregularity)"""
    mistaken: float = 0.015
    """of cases: a review would find a change that is none (fixed per spell)"""
    inconclusive: float = 0.05
    overturned: float = 0.02

    @classmethod
    def of(cls, clients: int) -> World:
        """The province for a number of clients; a small one has fewer municipalities, the largest first."""
        many = len(MUNICIPALITIES) if clients >= 6000 else max(2, min(6, clients // 500))
        return cls(municipalities=MUNICIPALITIES[:many])
