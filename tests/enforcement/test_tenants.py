"""Whose rows are whose is decided in one place, and every table says how it belongs to a municipality (R17)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from enforcement.tables import Base, Case
from enforcement.tenants import SHARED, THROUGH, owned_tables, within

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    path
    for room in ("enforcement", "api", "pipelines")
    for path in sorted((ROOT / room).rglob("*.py"))
    if "province" not in path.parts and path.name != "tenants.py"
]


def names_a_municipality(node: ast.expr) -> bool:
    """Whether this is the column of a table, such as Case.municipality or tables.Session.municipality."""
    if not isinstance(node, ast.Attribute) or node.attr != "municipality":
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "x")
    return str(owner)[0].isupper()


def own_filters(source: str) -> list[int]:
    """Lines on which code narrows a table to a municipality by itself; a join of two tables is none."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [names_a_municipality(side) for side in (node.left, *node.comparators)]
            if any(sides) and not all(sides):
                found.append(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            column = node.func.attr in ("in_", "is_", "like") and names_a_municipality(node.func.value)
            if column or (node.func.attr == "filter_by" and any(word.arg == "municipality" for word in node.keywords)):
                found.append(node.lineno)
    return found


def test_r17_no_other_code_narrows_rows_to_a_municipality() -> None:
    assert len(CODE) > 40
    assert {path.name: lines for path in CODE if (lines := own_filters(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("select(Case).where(Case.municipality == town)", [1]),
        ("select(Case).where(town == Case.municipality)", [1]),
        ("select(Case).where(Case.municipality == viewer.municipality)", [1]),
        ("select(Case).where(Case.municipality.in_(towns))", [1]),
        ("session.query(Case).filter_by(municipality=town)", [1]),
        ("select(Case).where(Draw.municipality == Case.municipality)", []),
        ("select(Case).where(within(Case, town))", []),
    ],
)
def test_what_counts_as_a_filter(code: str, lines: list[int]) -> None:
    assert own_filters(code) == lines


def test_r17_without_a_municipality_there_is_no_condition() -> None:
    with pytest.raises(ValueError, match="no municipality"):
        within(Case, "")
    assert str(within(Case, "0917")) == '"case".municipality = :municipality_1'


def test_r17_every_table_belongs_to_a_municipality_or_says_why_not() -> None:
    tables = {table.name for table in Base.metadata.sorted_tables}
    owned = owned_tables(Base.metadata)
    assert set(owned) | (set(SHARED) & tables) == tables
    assert not set(owned) & set(SHARED)
    assert all(len(why) > 10 for why in SHARED.values())
    for child, above in owned.items():
        if above is not None:
            assert "municipality" in Base.metadata.tables[above[0]].columns, child
    assert set(THROUGH) <= tables


def test_r17_a_table_that_belongs_nowhere_is_noticed() -> None:
    metadata = MetaData()
    Table("stray", metadata, Column("id", Integer, primary_key=True), Column("text", String))
    with pytest.raises(LookupError, match="stray"):
        owned_tables(metadata)
