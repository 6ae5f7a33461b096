"""Who is left alone: pure rules over the facts of a case, applied before any arm is filled (R25, R33).

Source of the grounds: AA:2023:02 (Algorithm audit on re-examination of social assistance). A rule that cannot be
judged, because a fact is unknown, exempts as well: missing is never read as "nothing there" (R37).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from enforcement.policy import Policy

UNKNOWN = "unknown"
"""the band of a client whose birth date nobody told"""


@dataclass(frozen=True)
class CaseFacts:
    """What the exemption rules need to know of one case on one date, and nothing else."""

    case_id: int
    as_of: dt.date
    bands: frozenset[str]
    """legal age bands of the clients on the benefit (sealed store): minor, 18-20, 21-26, 27-63, 64-66, pension,
    or unknown"""
    benefit_since: dt.date | None
    """first day of the running benefit; the last possible day when it is partial"""
    last_review: dt.date | None = None
    """date of the last findings, None when never reviewed"""
    without_address: bool = False
    in_care: bool = False
    """a sealed boolean that only these rules see"""
    open_dispute: bool = False
    """an objection, an appeal or a contested fact is open"""
    open_case: bool = False
    """already on a worklist and not closed"""
    grounds: frozenset[str] = frozenset()
    """further grounds that the municipality's policy may name"""


@dataclass(frozen=True)
class Rule:
    """One ground. `applies(facts, policy)` says whether the case is left alone for it."""

    name: str
    nl: str
    en: str
    applies: Callable[[CaseFacts, Policy], bool]


def months_before(date: dt.date, months: int) -> dt.date:
    """The same day so many months earlier, or that month's last day.

    >>> months_before(dt.date(2026, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    month = date.year * 12 + date.month - 1 - months
    first = dt.date(month // 12, month % 12 + 1, 1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return min(last, first + dt.timedelta(days=date.day - 1))


def _reviewed(facts: CaseFacts, policy: Policy) -> bool:
    return facts.last_review is not None and facts.last_review > months_before(facts.as_of, policy.reviewed_months)


def _new(facts: CaseFacts, policy: Policy) -> bool:
    since = facts.benefit_since
    return since is not None and since > months_before(facts.as_of, policy.settling_months)


RULES: tuple[Rule, ...] = (
    Rule(
        "minor",
        "een klant is minderjarig",
        "a client is under age",
        lambda facts, _: "minor" in facts.bands,
    ),
    Rule(
        "age_unknown",
        "de leeftijdsgroep van een klant is onbekend",
        "the age band of a client is unknown",
        lambda facts, _: not facts.bands or UNKNOWN in facts.bands,
    ),
    Rule(
        "64_or_older",
        "een klant is 64 jaar of ouder",
        "a client is 64 or older",
        lambda facts, _: bool(facts.bands & {"64-66", "pension"}),
    ),
    Rule("reviewed", "kort geleden onderzocht", "reviewed not long ago", _reviewed),
    Rule("new", "nog maar kort een uitkering", "on benefit for a short time only", _new),
    Rule(
        "start_unknown",
        "de begindatum van de uitkering is onbekend",
        "the first day of the benefit is unknown",
        lambda facts, _: facts.benefit_since is None,
    ),
    Rule("no_address", "geen vast adres", "no fixed address", lambda facts, _: facts.without_address),
    Rule("in_care", "verblijft in een instelling", "stays in a care institution", lambda facts, _: facts.in_care),
    Rule(
        "open_dispute",
        "er loopt een bezwaar, beroep of betwisting",
        "an objection, appeal or contest is open",
        lambda facts, _: facts.open_dispute,
    ),
    Rule("open_case", "er loopt al een onderzoek", "a review is already open", lambda facts, _: facts.open_case),
    Rule(
        "municipal_ground",
        "een extra grond van de gemeente",
        "a further ground of the municipality",
        lambda facts, policy: not facts.grounds.isdisjoint(policy.also_exempt),
    ),
)


def exempting(facts: CaseFacts, policy: Policy) -> tuple[Rule, ...]:
    """The rules for which a case is left alone; empty when it is eligible."""
    return tuple(rule for rule in RULES if rule.applies(facts, policy))


@dataclass(frozen=True)
class Sifted:
    """`eligible` case ids in ascending order, and for every other case the rules that applied."""

    eligible: tuple[int, ...]
    exempt: Mapping[int, tuple[Rule, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """Cases per rule; a case with two rules counts in both."""
        return dict(sorted(Counter(rule.name for rules in self.exempt.values() for rule in rules).items()))


def sift(cases: Iterable[CaseFacts], policy: Policy) -> Sifted:
    """Parts the cases in eligible and exempt."""
    found = {facts.case_id: exempting(facts, policy) for facts in cases}
    eligible = tuple(sorted(case for case, rules in found.items() if not rules))
    return Sifted(eligible, MappingProxyType({case: rules for case, rules in found.items() if rules}))
