"""Whose rows are whose: the one place where a statement is narrowed to a municipality, and where tables are sorted.

A tenant is a municipality. Application code says `within(Case, municipality)`; no other code compares that column
(tests/enforcement/test_tenants.py). The database holds the same line by itself on PostgreSQL (guards.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Table

SHARED: Mapping[str, str] = MappingProxyType(
    {
        "alembic_version": "which migrations ran",
        "user": "a person may work for several municipalities",
        "grant": "read before it is known for which municipality somebody signs in",
        "session": "found by the token's hash, before it is known whose it is",
        "sign_in_attempt": "nobody is signed in yet",
        "api_key": "found by its hash, before it is known whose it is",
        "identity": "a person may be known to several municipalities; reached through a case, and logged",
        "lookup": "as identity",
        "identity_judgement": "as identity",
        "run": "one scoring of all municipalities, without persons",
        "step": "how far the pipeline got",
        "generation": "a file may hold rows of several municipalities; hashes and counts, without persons",
        "promotion": "one model for all municipalities",
        "promotion_approval": "the back office promotes; the column says for whom the approver acted",
        "job": "what the worker has to do",
    }
)
"""table -> why it belongs to no single municipality"""

THROUGH: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "network": ("score", {"run_id": "run_id", "case_id": "case_id"}),
    }
)
"""table without a municipality and without a foreign key that leads to one -> parent, and how it is joined"""


def within(table: Any, municipality: str) -> ColumnElement[bool]:
    """The condition that keeps a statement on `table` within one municipality.

    Raises ValueError for an empty one: an unset tenant is a mistake, not an empty list.
    """
    if not municipality:
        raise ValueError("no municipality is set, so no row may be seen")
    condition: ColumnElement[bool] = table.municipality == municipality
    return condition


def parent(table: Table) -> tuple[str, Mapping[str, str]] | None:
    """The table through which a row without a municipality belongs to one, with the columns that join them."""
    if table.name in THROUGH:
        return THROUGH[table.name]
    for key in table.foreign_key_constraints:
        if key.referred_table.name not in SHARED:
            joined = {element.parent.name: element.column.name for element in key.elements}
            return key.referred_table.name, joined
    return None


def owned_tables(metadata: MetaData) -> dict[str, tuple[str, Mapping[str, str]] | None]:
    """Every table whose rows belong to a municipality -> None when it names it itself, else its parent.

    Raises LookupError for a table that neither names a municipality nor leads to one nor is SHARED.
    """
    found: dict[str, tuple[str, Mapping[str, str]] | None] = {}
    for table in metadata.sorted_tables:
        if table.name in SHARED:
            continue
        found[table.name] = None if "municipality" in table.columns else parent(table)
        if "municipality" not in table.columns and found[table.name] is None:
            raise LookupError(
                f"table {table.name} has no municipality: give it one, a foreign key to a table that has one, "
                "or name it with its reason in enforcement/tenants.py, SHARED"
            )
    return found
