"""Gathers what the exemption rules and the arms need to know of every case, from the lake and the sealed store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from enforcement.exemptions import CaseFacts
from enforcement.selection import Candidate
from enforcement.tips import Waiting

CLIENTS = ("client", "partner")


@dataclass(frozen=True)
class Known:
    """Of one municipality on one date: facts per case for the exemptions, and the date of the oldest open signal."""

    facts: tuple[CaseFacts, ...]
    signals: Mapping[int, dt.date]


def gather(
    circumstances: pa.Table,
    members: pa.Table,
    ages: pa.Table,
    in_care: frozenset[int],
    open_cases: frozenset[int],
    disputed: frozenset[int] = frozenset(),
) -> dict[str, Known]:
    """Per municipality what is known. All tables are of one as-of date.

    circumstances: features.circumstances. members: case_id, person_id, role. ages: person_id, band. in_care: person
    ids, read from the sealed store for this purpose only. open_cases: cases on a list and not closed.
    disputed: cases with an open contest.
    """
    band_of = dict(zip(ages["person_id"].to_pylist(), ages["band"].to_pylist(), strict=True))
    bands: dict[int, set[str]] = {}
    cared: set[int] = set()
    rows = zip(
        members["case_id"].to_pylist(),
        members["person_id"].to_pylist(),
        members["role"].to_pylist(),
        strict=True,
    )
    for case, person, role in rows:
        if role in CLIENTS:
            if person in band_of:
                bands.setdefault(case, set()).add(band_of[person])
            if person in in_care:
                cared.add(case)
    found: dict[str, tuple[list[CaseFacts], dict[int, dt.date]]] = {}
    for row in circumstances.to_pylist():
        case = row["case_id"]
        facts, signals = found.setdefault(row["municipality"], ([], {}))
        facts.append(
            CaseFacts(
                case_id=case,
                as_of=row["as_of"],
                bands=frozenset(bands.get(case, ())),
                benefit_since=row["benefit_since"],
                last_review=row["last_review"],
                without_address=row["without_address"],
                in_care=case in cared,
                open_dispute=case in disputed,
                open_case=case in open_cases,
            )
        )
        if row["open_signal"] is not None:
            signals[case] = row["open_signal"]
    return {code: Known(tuple(facts), signals) for code, (facts, signals) in found.items()}


def candidates(
    eligible: tuple[int, ...],
    places: Mapping[int, int],
    signals: Mapping[int, dt.date],
    clusters: Mapping[int, int],
    tips: Mapping[int, Waiting] = MappingProxyType({}),
) -> tuple[Candidate, ...]:
    """The eligible cases as selection sees them; a register's signal counts before a tip about the same case.

    Raises KeyError for a case that was not scored.
    """
    return tuple(
        Candidate(
            case,
            places[case],
            signals.get(case) or (tips[case].since if case in tips else None),
            str(clusters[case]) if case in clusters else None,
            anonymous=case not in signals and case in tips and tips[case].anonymous,
        )
        for case in eligible
    )
