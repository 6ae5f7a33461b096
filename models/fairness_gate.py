"""The gate: may a list be used, given how often it selects people of each group with whom nothing is the matter?

The intervals hold for all groups at once (Bonferroni), so that many groups do not make a false alarm likely. A group
fails when even the lower bound of its false-positive rate is above its budget, passes when the upper bound is within
it, and is insufficient otherwise; insufficient blocks until two people accept it in writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.confusion import share
from models.fairness import Audit
from models.intervals import wilson

CONFIDENCE = 0.95
METRIC = "fpr"

CANNOT_SHOW = (
    "Uitkomsten kunnen niet laten zien dat zij zelf scheef zijn vastgesteld: dan ziet elk onderzoek er schoon uit. "
    "Alleen zaken die twee mensen los van elkaar onderzochten laten dat zien; hun verschil staat hieronder per groep.",
    "Outcomes cannot show that they were themselves established with a bias: then every audit looks clean. Only cases "
    "that two people reviewed apart from each other show it; how often those differ stands below, per group.",
)


@dataclass(frozen=True)
class Verdict:
    """One group at the gate."""

    group: Mapping[str, str]
    value: float | None
    """false-positive rate; None when it cannot be estimated or shown"""
    low: float | None
    """bounds that hold for all groups together"""
    high: float | None
    budget: float
    status: str
    """pass, fail or insufficient"""


@dataclass(frozen=True)
class Gate:
    verdicts: tuple[Verdict, ...]

    @property
    def status(self) -> str:
        """fail when any group fails, else insufficient when any is, or when there is none."""
        found = {one.status for one in self.verdicts} or {"insufficient"}
        return next(one for one in ("fail", "insufficient", "pass") if one in found)


def gate(audit: Audit, budget: float, budgets: Mapping[str, float] | None = None, groups: int | None = None) -> Gate:
    """budget: largest false-positive rate of any group. budgets: of one group, by "column=value". groups: how many are
    judged together, those of this audit when not given."""
    shown = {tuple(one.key.items()): one.metrics[METRIC] for one in audit.groups}
    together = groups or len(shown)
    found = []
    for family in audit.families:
        above, below = family.counts(METRIC, family.labels)
        for i, key in enumerate(family.keys):
            named = dict(zip(family.columns, key, strict=True))
            own = [(budgets or {}).get(f"{column}={value}", budget) for column, value in named.items()]
            allowed = min(own)
            rate, worth = share(float(above[i]), float(below[i])), family.worth(METRIC, i)
            if rate is None:
                found.append(Verdict(named, None, None, None, allowed, "insufficient"))
                continue
            low, high = wilson(rate, worth, 1 - (1 - CONFIDENCE) / together, audit.unsampled)
            status = "fail" if low > allowed else "pass" if high <= allowed else "insufficient"
            if shown[tuple(named.items())].value is None:
                found.append(Verdict(named, None, None, None, allowed, status))
            else:
                found.append(Verdict(named, rate, low, high, allowed, status))
    return Gate(tuple(found))


@dataclass(frozen=True)
class Disagreement:
    """How often two people who reviewed the same case apart from each other found another effect."""

    group: Mapping[str, str]
    pairs: int | None
    share: float | None
    low: float | None
    high: float | None
    status: str
    """ok, insufficient (fewer than 30 pairs), or suppressed"""


def disagreements(counts: Sequence[tuple[Mapping[str, str], int, int]], min_cell: int = 10) -> tuple[Disagreement, ...]:
    """counts: group, pairs, and how many of them differ. Fewer than `min_cell` pairs, or differing, or agreeing pairs
    are suppressed; then another group's figures are as well, so that they do not follow from the total."""
    small = [bool(min_cell) and min(pairs, differ, pairs - differ) < min_cell for _, pairs, differ in counts]
    if sum(small) == 1 and len(counts) > 1:
        others = [i for i, hidden in enumerate(small) if not hidden]
        small[min(others, key=lambda i: counts[i][1])] = True
    found = []
    for (group, pairs, differ), hidden in zip(counts, small, strict=True):
        if hidden or not pairs:
            status = "suppressed" if hidden else "insufficient"
            found.append(Disagreement(group, None, None, None, None, status))
            continue
        low, high = wilson(differ / pairs, pairs)
        found.append(Disagreement(group, pairs, differ / pairs, low, high, "ok" if pairs >= 30 else "insufficient"))
    return tuple(found)


def told(found: Gate, doubles: Sequence[Disagreement]) -> dict[str, Any]:
    """As it is kept and printed: verdicts, disagreement, and what outcomes cannot show."""
    return {
        "status": found.status,
        "verdicts": [vars(one) for one in found.verdicts],
        "double_reviews": [vars(one) for one in doubles],
        "cannot_show_nl": CANNOT_SHOW[0],
        "cannot_show_en": CANNOT_SHOW[1],
    }
