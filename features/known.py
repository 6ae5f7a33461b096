"""The version of a record that was known strictly before the as-of date: chosen here and nowhere else.

Of the rows with one business key the latest known one before the date holds. If it takes the record back (`withdrawn`),
or the registry calls it incorrect or under investigation, there is no record: an older version does not come back.
Nor is there one when it begins, by its contract, on or after the date: it is not true yet.
A municipality sees what was delivered for it, and what was delivered for none in particular (0000).

Partial dates have two bounds. `begun` and `lasting` take the reading that favours the client: something that could have
begun later has not begun, something that could have ended has ended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import ibis

from features.records import contract_named
from features.stages import Stages

NO_EVIDENCE = ("incorrect", "under_investigation")
"""Columns that say, in any contract, that the row is no evidence"""
ANY_MUNICIPALITY = "0000"


def columns_needed(contract: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns to read so that the version of the record with these columns can be chosen."""
    declared = contract_named(contract)
    marks = [one.name for one in declared.lake_columns if one.name in NO_EVIDENCE]
    begins = [declared.begins] if declared.begins else []
    return tuple(sorted({*columns, *declared.key, *begins, *marks}))


def known(
    stages: Stages,
    rows: Any,
    contract: str,
    reach: Any,
    on: str | Sequence[str],
    latest: dt.date,
    *,
    alone: bool = False,
) -> Any:
    """The records that count, once per municipality and as-of date for which `reach` asks.

    rows: the contract's rows with `columns_needed`, municipality, known_at and withdrawn. reach: which values of the
    column or columns `on` are asked for (on, municipality, as_of). latest: the last as-of date; `alone` when it is the
    only one, which saves joins. Gives the columns of rows without record time, with `as_of` and the asking
    municipality. Keeps two stages: the versions that reach asks for, and which of them another came after. Few have
    another; to put all of them in order took a fifth of the features of a country (docs/scale.md).
    """
    by = [on] if isinstance(on, str) else list(on)
    asked = reach.select(*by, "municipality", "as_of").drop_null(by).distinct()
    name = stages.apart(contract)
    versions = stages.keep(f"versions_{name}", _versions(rows, contract, asked, by, latest), numbered=True)
    later = stages.keep(f"later_{name}", _later(versions, contract))
    if alone:  # whatever came after a version was known before the date as well
        counted = versions.anti_join(later, "number").mutate(as_of=ibis.literal(latest))
    else:
        dated = versions.left_join(later, "number").drop("number_right").join(asked, [*by, "municipality"])
        midnight = dated.as_of.cast("timestamp")
        counted = dated.filter(
            dated.known_at < midnight, dated.superseded_at.isnull() | (dated.superseded_at >= midnight)
        ).drop("superseded_at")
    holds = ~counted.withdrawn.fill_null(False)
    begins = contract_named(contract).begins
    if begins:
        holds = holds & (counted[begins].isnull() | (counted[begins] < counted.as_of))
    for mark in NO_EVIDENCE:
        if mark in counted.columns:
            holds = holds & ~counted[mark].fill_null(False)
    return counted.filter(holds).drop("number", "known_at", "withdrawn")


def _versions(rows: Any, contract: str, asked: Any, by: list[str], latest: dt.date) -> Any:
    """Every version of the records that are asked for, delivered before the date, with the asking municipality."""
    key = contract_named(contract).key
    lanes = asked.select(*by, "municipality").distinct()
    seen = rows.filter(rows.known_at < ibis.literal(dt.datetime.combine(latest, dt.time()))).rename(
        delivered_for="municipality"
    )
    if not set(by) <= set(key):
        # A record that left the reach by a later version must not come back in its earlier one.
        lanes = _lanes_of_keys(seen, lanes, by, key)
        seen = seen.join(lanes, [seen[one].identical_to(lanes[f"lane_{one}"]) for one in key]).drop(
            *(f"lane_{one}" for one in key)
        )
    else:
        seen = seen.join(lanes, by)
    seen = seen.filter((seen.delivered_for == seen.municipality) | (seen.delivered_for == ANY_MUNICIPALITY))
    return seen.drop("delivered_for")


def _later(versions: Any, contract: str) -> Any:
    """Which versions (`number`) another of the same record came after, and when that was known."""
    key = ["municipality", *contract_named(contract).key]
    # To find them, texts cost twice as much as numbers and dates; without texts some that have one version come along.
    found_by = [one for one in key if not versions[one].type().is_string()] or key
    often = versions.group_by(**{f"of_{one}": versions[one] for one in found_by}).aggregate(times=versions.count())
    often = often.filter(often.times > 1)
    several = versions.semi_join(often, [versions[one].identical_to(often[f"of_{one}"]) for one in found_by])
    order = [one for one in several.columns if one not in (*key, "known_at", "withdrawn", "number")]
    superseded = several.known_at.lead().over(
        group_by=[several[one] for one in key],
        # At one record time a row that counts holds against one taken back or marked as no evidence: the registry
        # gives both in one list. What remains equal is told apart by content, so that the order of parts is nothing.
        order_by=[
            several.known_at,
            ~several.withdrawn.fill_null(False),
            *(~several[mark].fill_null(False) for mark in NO_EVIDENCE if mark in several.columns),
            *(several[one] for one in order),
        ],
    )
    found = several.select("number", superseded_at=superseded)
    return found.filter(found.superseded_at.notnull())


def _lanes_of_keys(seen: Any, lanes: Any, by: list[str], key: Sequence[str]) -> Any:
    touched = seen.join(lanes, by)
    return touched.select(**{f"lane_{one}": touched[one] for one in key}, municipality=touched.municipality).distinct()


def begun(start_latest: Any, as_of: Any) -> Any:
    """Whether it certainly began strictly before the date; without a date it did not."""
    return (start_latest < as_of).fill_null(False)


def lasting(end_earliest: Any, as_of: Any) -> Any:
    """Whether it certainly lasts on the date: no end, or none that could lie before the date."""
    return end_earliest.isnull() | (end_earliest >= as_of)


def days_between(earlier: Any, later: Any) -> Any:
    """Whole days from one date to another."""
    return later.delta(earlier, unit="day").cast("int64")


OF_MEMBER = ["person_id", "municipality", "as_of"]
"""How records of a person join to the members of a case"""
OF_CASE = ["case_id", "municipality", "as_of"]
"""How records of a case join to it"""
