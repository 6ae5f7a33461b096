"""Reads MLflow's store of models from its tables: for reading alone, importing MLflow costs 4 s and 250 MB.

Writing goes through MLflow (models/registry.py), which keeps the tables; tests/models/test_shelf.py holds what is read
here against what MLflow reads.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Shelved:
    """A registered version as MLflow's tables have it."""

    version: str
    run_id: str
    creation_timestamp: int
    """ms since 1970"""
    tags: dict[str, str]
    aliases: tuple[str, ...]


def versions(store: Path, name: str) -> list[str]:
    """Every version of the model `name`, oldest first; none when there is no store yet."""
    found = _rows(store, "SELECT version FROM model_versions WHERE name = ? ORDER BY version", name)
    return [str(version) for (version,) in found]


def aliases(store: Path, name: str) -> dict[str, str]:
    """Alias -> version."""
    found = _rows(store, "SELECT alias, version FROM registered_model_aliases WHERE name = ?", name)
    return {alias: str(version) for alias, version in found}


def shelved(store: Path, name: str, version: str) -> Shelved | None:
    """One version with its tags and aliases; None when there is none."""
    made = _rows(
        store, "SELECT run_id, creation_time FROM model_versions WHERE name = ? AND version = ?", name, version
    )
    if not made:
        return None
    tags = _rows(store, "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", name, version)
    here = tuple(sorted(alias for alias, one in aliases(store, name).items() if one == version))
    return Shelved(version, made[0][0], made[0][1], dict(tags), here)


def params(store: Path, run_id: str) -> dict[str, str]:
    return dict(_rows(store, "SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key", run_id))


def metrics(store: Path, run_id: str) -> dict[str, float]:
    found = _rows(store, "SELECT key, value, is_nan FROM latest_metrics WHERE run_uuid = ? ORDER BY key", run_id)
    return {key: float("nan") if is_nan else value for key, value, is_nan in found}


def _rows(store: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    if not store.is_file():
        return []
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()
