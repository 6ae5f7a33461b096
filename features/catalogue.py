"""The catalogue: every declared feature, in one fixed order, with its lineage."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from features import assets, benefit, changes, companies, history, household, income, jobs, missed, residence, signals
from features.declaration import SOURCES, TOPICS, Feature, RefusedError, Source, admit, refusals, source
from features.records import CONTRACTS

__all__ = [
    "CATALOGUE",
    "SOURCES",
    "TOPICS",
    "Feature",
    "RefusedError",
    "Source",
    "admit",
    "listing",
    "refusals",
    "source",
    "usable",
]

_MODULES = (benefit, income, jobs, residence, household, assets, companies, signals, history, missed, changes)

CATALOGUE: dict[str, Feature] = dict(
    sorted((name, feature) for one in SOURCES.values() for name, (feature, _aggregate) in one.features.items())
)
"""All features by name, sorted by name: the order of the matrix's columns."""


def usable(today: dt.date) -> dict[str, Feature]:
    """The catalogue as it may be used on `today`. Raises RefusedError that names every feature that may not."""
    refused = {name: reasons for name, feature in CATALOGUE.items() if (reasons := refusals(feature, today))}
    if refused:
        raise RefusedError("; ".join(f"feature {name}: {', '.join(why)}" for name, why in refused.items()))
    return CATALOGUE


def listing() -> list[dict[str, Any]]:
    """The catalogue for `weegschaal features`: every field of every declaration, and `lineage`: per contract
    its source, the columns read, its own legal basis, and the age in days at which it counts as missing (R37)."""
    rows = []
    for feature in sorted(CATALOGUE.values(), key=lambda one: (TOPICS.index(one.topic), one.name)):
        row = dataclasses.asdict(feature)
        row["expires"] = feature.expires.isoformat()
        row["registers"] = list(feature.registers)
        row["contracts"], row["columns"] = list(feature.contracts), list(feature.columns)
        row["lineage"] = [
            {
                "contract": name,
                "source": CONTRACTS[name].source,
                "columns": [column for column in columns if f"{name}.{column}" in feature.columns],
                "legal_basis": CONTRACTS[name].legal_basis,
                "max_age_days": CONTRACTS[name].max_age_days,
            }
            for name, columns in SOURCES[feature.source].lineage().items()
        ]
        rows.append(row)
    return rows
