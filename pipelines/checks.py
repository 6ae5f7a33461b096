"""What a contract demands of a row, as one generated SQL pass: typed columns, and a list of what is broken."""

from __future__ import annotations

from features.records import Column, Fact, Identifier
from pipelines.staging import STAGED, WORDS, Staged, as_list

CAME = ("_known_at", "_withdrawn", "_flags", "_odd")
"""what is kept of a broken row's envelope beside its delivered columns"""
NUMBER_SHAPE = "[0-9]{9}|A[0-9]{10}"
Rule = tuple[str, str, str]
"""(field, condition under which it is broken, reason)"""


def checked(staged: Staged, *, only_broken: bool = False) -> str:
    """SELECT over `staged` with the staged columns, every delivered column in its type, and `_broken`: NULL for a good
    row, else a list of {field, reason}, one for everything that is wrong; and `_came`, a broken row as it came, as JSON
    that `pipelines/replay.py` can stage again.

    Broken is: a required value that is missing, a value that cannot be cast without loss, one end of a date without the
    other or after it, a rule of the contract (`Fact.check`) that is false, and in stock files a number of a person that
    has not the shape of one (a leading zero lost on the way makes someone else of them).
    """
    names = ", ".join([*STAGED, *(f'"{column.name}"' for column in staged.contract.delivered_columns)])
    broken = "true" if only_broken else _any_broken(staged)
    only = f" WHERE {_any_broken(staged)}" if only_broken else ""
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'field': '{field}', 'reason': '{_escaped(reason)}'}} END"
        for field, condition, reason in _all_rules(staged)
    )
    came = ", ".join([*(f'"{name}" := "_raw_{name}"' for name in staged.columns), *(f"{one} := {one}" for one in CAME)])
    return (
        f"SELECT {names}, CASE WHEN {broken} THEN list_filter([{listed}], lambda x: x IS NOT NULL) END AS _broken, "
        f"CASE WHEN {broken} THEN to_json(struct_pack({came})) END AS _came FROM ({_typed_rows(staged)}){only}"
    )


def counted(staged: Staged) -> str:
    """SELECT of (delivery, rows, broken rows): one pass that reads only the columns that a rule is about."""
    broken = f"count(*) FILTER (WHERE {_any_broken(staged)})"
    if staged.stock:
        return f"SELECT '{staged.stock.delivery}', count(*), {broken} FROM ({_typed_rows(staged)})"
    return f"SELECT _delivery, count(*), {broken} FROM ({_typed_rows(staged)}) GROUP BY _delivery"


def withheld(staged: Staged) -> str:
    """SELECT of the broken rows alone, as `checked` gives them. The list of reasons is made of these rows only."""
    return checked(staged, only_broken=True)


def good(staged: Staged) -> str:
    """SELECT of the rows that keep the contract, without `_broken`."""
    names = ", ".join([*STAGED, *(f'"{column.name}"' for column in staged.contract.delivered_columns)])
    return f"SELECT {names} FROM ({_typed_rows(staged)}) WHERE NOT {_any_broken(staged)}"


def _typed_rows(staged: Staged) -> str:
    typed = ", ".join(f'{_typed(staged, column)} AS "{column.name}"' for column in staged.contract.delivered_columns)
    came = ", ".join(f'"{name}" AS "_raw_{name}"' for name in staged.columns)
    return f"SELECT {', '.join(STAGED)}, {typed}, {came} FROM {staged.relation}"


def _any_broken(staged: Staged) -> str:
    """One OR: what is unknown in it breaks nothing, so it is asked once, at the end, and not of every rule."""
    rules = [condition for _, condition, _ in _all_rules(staged)]
    return f"coalesce({' OR '.join(rules)}, false)" if rules else "false"


def _all_rules(staged: Staged) -> list[Rule]:
    rules = [rule for column in staged.contract.delivered_columns for rule in _rules(staged, column)]
    if staged.stock:
        # not "=": DuckDB 2.0 stops while it plans a CASE compared with a text that none of its branches gives
        odd = ((name, f"_odd IS NOT DISTINCT FROM '{name}'") for name in ("known_at", "withdrawn", "flags"))
        rules += [(name, condition, "cannot be read") for name, condition in odd]
    return rules


def _typed(staged: Staged, column: Column) -> str:
    kind = staged.columns.get(column.name)
    if kind is None:
        return f"NULL::{column.type}"
    raw = f'"{column.name}"'
    if kind == column.type:
        return raw
    if column.type == "VARCHAR[]":
        return as_list(column.name, kind)
    cast = f"TRY_CAST({raw} AS {column.type})"
    if kind == "VARCHAR" and column.type == "BIGINT":
        # a cast would round 12.50 and read 1e3
        return f"CASE WHEN contains({raw}, '.') OR contains(lower({raw}), 'e') THEN NULL ELSE {cast} END"
    if kind == "VARCHAR" and column.type == "DATE":
        return f"CASE WHEN length({raw}) = 10 THEN {cast} END"
    if column.type == "BIGINT":
        return f"CASE WHEN {cast} = {raw} THEN {cast} END"
    return cast


def _rules(staged: Staged, column: Column) -> list[Rule]:
    name = column.name
    rules: list[Rule] = []
    if column.name not in staged.columns:
        return rules
    if column.required:
        rules.append((name, f'"_raw_{name}" IS NULL', "is missing"))
    if staged.columns[name] != column.type:
        rules.append((name, f'"_raw_{name}" IS NOT NULL AND "{name}" IS NULL', f"is not {WORDS[column.type]}"))
    if name.endswith("_earliest") and column.type == "DATE":
        other = name.removesuffix("_earliest") + "_latest"
        rules.append((name, f'"{name}" > "{other}"', f"is later than {other}"))
        rules.append((name, f'("{name}" IS NULL) <> ("{other}" IS NULL)', f"and {other} need each other"))
    about = column.about
    if isinstance(about, Fact) and about.check:
        rules.append((name, f"({about.check}) IS FALSE", f"breaks the rule {about.check}"))
    if staged.stock and isinstance(about, Identifier) and about.kind == "person":
        # a cast to a number, a glob and letters compared were measured: none is cheaper and exact
        shape = f"NOT regexp_full_match(\"{name}\", '{NUMBER_SHAPE}')"
        rules.append((name, shape, "is not nine digits, nor A and ten digits"))
    return rules


def _escaped(text: str) -> str:
    return text.replace("'", "''")
