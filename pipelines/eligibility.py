"""Gathers what the exemption rules and the arms need to know of every case, from the lake and the sealed store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pyarrow as pa
from sqlalchemy import Engine

from enforcement.cases import last_reviews, open_cases
from enforcement.contest import disputed_cases
from enforcement.database import reading
from enforcement.exemptions import UNKNOWN, CaseFacts
from enforcement.selection import Candidate
from enforcement.tips import Waiting

CLIENTS = ("client", "partner")


@dataclass(frozen=True)
class Known:
    """Of one municipality on one date: facts per case for the exemptions, and the date of the oldest open signal."""

    facts: tuple[CaseFacts, ...]
    signals: Mapping[int, dt.date]


@dataclass(frozen=True)
class InService:
    """What the service itself knows of cases, whatever the lake was told."""

    open: frozenset[int] = frozenset()
    """on a list and not closed"""
    disputed: frozenset[int] = frozenset()
    """with an open contest"""
    reviews: Mapping[int, dt.date] = field(default_factory=dict)
    """case -> day of its last approved findings, which return to the lake later and count there from the day after"""


def in_service(engine: Engine, municipalities: Iterable[str]) -> InService:
    """What the service knows of the cases of these municipalities."""
    towns = list(municipalities)
    with reading(engine) as session:
        return InService(
            frozenset().union(*(open_cases(session, town) for town in towns)),
            frozenset().union(*(disputed_cases(session, town) for town in towns)),
            {case: day for town in towns for case, day in last_reviews(session, town).items()},
        )


def gather(
    circumstances: pa.Table,
    members: pa.Table,
    ages: pa.Table,
    in_care: frozenset[int],
    service: InService,
) -> dict[str, Known]:
    """Per municipality what is known. All tables are of one as-of date.

    circumstances: features.circumstances. members: case_id, person_id, role. ages: person_id, band. in_care: person
    ids, read from the sealed store for this purpose only.
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
            bands.setdefault(case, set()).add(band_of.get(person, UNKNOWN))
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
                last_review=max(filter(None, (row["last_review"], service.reviews.get(case))), default=None),
                without_address=row["without_address"],
                in_care=case in cared,
                open_dispute=case in service.disputed,
                open_case=case in service.open,
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
