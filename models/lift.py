"""Lift: how many times more often an arm's reviews led to a change than the reference arm's, stratum by stratum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from models.intervals import wilson
from models.own_table import column, count, text


@dataclass(frozen=True)
class Counts:
    """Completed reviews of one arm in one stratum (period and municipality)."""

    stratum: str
    arm: str
    reviewed: int
    changed: int

    def __post_init__(self) -> None:
        """Raises ValueError on counts that cannot be."""
        if not 0 <= self.changed <= self.reviewed:
            raise ValueError(f"stratum {self.stratum}, {self.arm}: {self.changed} changed of {self.reviewed} reviewed")


@dataclass(frozen=True)
class Lift:
    """Mantel-Haenszel risk ratio with the Greenland-Robins interval (Biometrics 1985); pooled only beside it."""

    arm: str
    reference: str
    stratified: float | None
    low: float | None
    high: float | None
    pooled: float | None
    pooled_low: float | None
    pooled_high: float | None
    log_error: float | None
    """standard error of the logarithm of `stratified`"""
    status: str
    """ok, or not_estimable"""
    why: str
    without_reference: tuple[str, ...]
    """strata with reviews in the arm and none in the reference: named, because they tell nothing about the lift"""

    def lower_bound(self, confidence: float) -> float | None:
        """One-sided lower bound, as the stop rule reads it (statistics.md)."""
        if self.stratified is None or self.log_error is None:
            return None
        return self.stratified * math.exp(-NormalDist().inv_cdf(confidence) * self.log_error)


def lift(counts: Sequence[Counts], arm: str, reference: str = "random", confidence: float = 0.95) -> Lift:
    """Lift of `arm` over `reference`. Rows of one stratum and arm are added up.

    >>> rotterdam = [Counts("all", "algorithm", 3620, 1082), Counts("all", "random", 4398, 814)]
    >>> round(lift(rotterdam, "algorithm").pooled, 3)
    1.615
    """
    tables = {}
    for stratum in dict.fromkeys(row.stratum for row in counts):
        sides = [
            (sum(r.changed for r in rows), sum(r.reviewed for r in rows))
            for rows in ([r for r in counts if r.stratum == stratum and r.arm == name] for name in (arm, reference))
        ]
        tables[stratum] = (*sides[0], *sides[1])
    without = tuple(name for name, (_, n1, _, n0) in tables.items() if n1 and not n0)
    used = [table for table in tables.values() if table[1] and table[3]]
    totals = tuple(sum(table[i] for table in tables.values()) for i in range(4))
    pooled = _ratio([totals], confidence)  # type: ignore[list-item]
    stratified = _ratio(used, confidence)
    if not used:
        why = f"no stratum has reviews of both {arm} and {reference}"
    elif stratified is None:
        why = "a ratio needs a change in both arms"
    else:
        why = ""
    nothing = (None, None, None, None)
    value, low, high, error = stratified or nothing
    crude, crude_low, crude_high, _ = pooled or nothing
    status = "ok" if stratified else "not_estimable"
    return Lift(arm, reference, value, low, high, crude, crude_low, crude_high, error, status, why, without)


def _ratio(tables: Sequence[tuple[int, int, int, int]], confidence: float) -> tuple[float, float, float, float] | None:
    """Ratio, interval and standard error of its logarithm; tables of (changed, reviewed) of arm and reference."""
    above = below = spread = 0.0
    for a, n1, c, n0 in tables:
        n = n1 + n0
        if not n:
            continue
        above += a * n0 / n
        below += c * n1 / n
        spread += (n1 * n0 * (a + c) - a * c * n) / n**2
    if above <= 0 or below <= 0:
        return None
    error = math.sqrt(spread / (above * below))
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    ratio = above / below
    return ratio, ratio * math.exp(-reach), ratio * math.exp(reach), error


@dataclass(frozen=True)
class Tallied:
    """Counts per stratum and arm from a table, and what a reader must know about it."""

    counts: tuple[Counts, ...]
    warnings: tuple[str, ...]


def tally(cells: Mapping[str, list[Any]], arm: str, reviewed: str, changed: str, strata: Sequence[str]) -> Tallied:
    """Add up a table of counts, or one of cases with yes or no; one case is a count of one.

    A reviewed case without an outcome is missing, not unchanged: it is left out and counted in the warnings. Raises
    ValueError that names the row for a cell that is no count, and for more changed than reviewed.
    """
    columns = dict(cells)
    arms, seen, found = (
        column(columns, name, f"--{option}")
        for name, option in ((arm, "arm"), (reviewed, "reviewed"), (changed, "changed"))
    )
    groups = [column(columns, name, "--stratum") for name in strata]
    named = _arms(arms)
    counts: list[Counts] = []
    left = {"without an outcome": 0, "without a number reviewed": 0, "with a change but no review": 0}
    for at in range(len(arms)):
        n, x = _number(seen[at], reviewed, at), _number(found[at], changed, at)
        if n is None:
            left["without a number reviewed"] += 1
            continue
        if n == 0:
            left["with a change but no review"] += bool(x)
            x = 0
        elif x is None:
            left["without an outcome"] += n
            continue
        elif x > n:
            raise ValueError(f"row {at + 2}: {x} changed of {n} reviewed; changed may not be more")
        stratum = " / ".join(text(group[at]) for group in groups) if groups else "all"
        counts += [Counts(stratum, one, n, x) for one in named[at]]
    warnings = [f"{n} {what}: left out" for what, n in left.items() if n]
    if several := sum(len(one) > 1 for one in named):
        warnings.append(f"{several} rows name more than one {arm}: counted in each")
    for name, cells_of in ((arm, arms), *zip(strata, groups, strict=True)):
        if empty := sum(cell is None for cell in cells_of):
            warnings.append(f"{empty} rows have no {name}: kept as '(blank)'")
    return Tallied(tuple(counts), tuple(warnings))


def _arms(cells: Sequence[Any]) -> list[tuple[str, ...]]:
    """The arms of every row. A case that was drawn and is on a list too, as in "random,risk", counts in both: without
    it the random arm would be no sample of everybody. A name with a comma in it that lists no other arms is one name.
    """
    said = [text(cell) for cell in cells]
    single = {one for one in said if "," not in one}
    found = []
    for one in said:
        parts = tuple(dict.fromkeys(part.strip() for part in one.split(",")))
        found.append(parts if len(parts) > 1 and single.issuperset(parts) else (one,))
    return found


def _number(cell: Any, name: str, at: int) -> int | None:
    """None for a blank cell; raises ValueError for one that is no count."""
    if cell is None:
        return None
    value = count(cell)
    if value is None:
        raise ValueError(f"row {at + 2}: {name} is {cell!r}; write a whole number, or yes or no")
    return value


def compare_arms(tallied: Tallied, reference: str = "random") -> dict[str, Any]:
    """Yield per arm (Wilson) and the lift of every other arm over the reference: {arms, lifts, warnings}.

    What cannot be estimated is None with its status and why, never 0.
    """
    names = list(dict.fromkeys(row.arm for row in tallied.counts))
    base = next((name for name in names if name.lower() == reference.lower()), reference)
    warnings = list(tallied.warnings)
    if base not in names:
        warnings.append(f"no row has the arm {reference!r}; the arms are {', '.join(names) or 'none'}")
    arms = [_yield(tallied.counts, name) for name in names]
    lifts = []
    for name in names:
        if name == base:
            continue
        one = lift(tallied.counts, name, base)
        if one.without_reference and base in names:
            warnings.append(f"{name}: no {base} reviews in {', '.join(one.without_reference)}")
        lifts.append(
            {
                "arm": name,
                "reference": base,
                "pooled": one.pooled,
                "pooled_low": one.pooled_low,
                "pooled_high": one.pooled_high,
                "stratified": one.stratified,
                "low": one.low,
                "high": one.high,
                "status": one.status,
                "why": one.why,
                "without_reference": list(one.without_reference),
            }
        )
    return {"arms": arms, "lifts": lifts, "warnings": warnings}


def _yield(counts: Sequence[Counts], arm: str) -> dict[str, Any]:
    reviewed = sum(row.reviewed for row in counts if row.arm == arm)
    changed = sum(row.changed for row in counts if row.arm == arm)
    rate = changed / reviewed if reviewed else None
    low, high = wilson(rate, reviewed) if rate is not None else (None, None)
    status = "ok" if reviewed else "not_estimable"
    return {
        "arm": arm,
        "reviewed": reviewed,
        "changed": changed,
        "rate": rate,
        "low": low,
        "high": high,
        "status": status,
    }
