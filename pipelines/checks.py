"""What a contract demands of a row, as one generated SQL pass: typed columns, and a list of what is broken."""

from __future__ import annotations

from features.records import Column, Fact, Identifier
from pipelines.staging import STAGED, WORDS, Staged, as_list

CAME = ("_known_at", "_withdrawn", "_flags", "_odd")
"""what is kept of a broken row's envelope beside its delivered columns"""
NUMBER_SHAPE = "[0-9]{9}|A[0-9]{10}"
SHAPES = {
    "BIGINT": " *[+-]?[0-9]+ *",
    "DATE": "([1-9][0-9]{3}|0[0-9]{2}[1-9]|0[0-9][1-9]0|0[1-9]00)-[0-9]{2}-[0-9]{2}",
    "BOOLEAN": "(?i)true|t|yes|y|1|false|f|no|n|0",
    "DOUBLE": " *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? *",
}
"""what a text looks like that is cast to this type: engines differ in what else they take (0x1F, 1_000, 2024 01 01,
NaN) and in what they make of it (12.50 as a whole number). A year 0 is before what Python can tell."""
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
    broken = "true" if only_broken else _any_broken(staged)
    only = f" WHERE {_any_broken(staged)}" if only_broken else ""
    return (
        f"SELECT {_names(staged)}, {_broken(staged, broken)} AS _broken, "
        f"CASE WHEN {broken} THEN {_came(staged)} END AS _came FROM ({_typed_rows(staged)}){only}"
    )


def counted(staged: Staged) -> str:
    """SELECT of (delivery, rows, broken rows): one pass that reads only the columns that a rule is about."""
    if staged.judged:
        return f"SELECT _delivery, count(*), count(_broken) FROM {staged.relation} GROUP BY _delivery"
    broken = f"count(*) FILTER (WHERE {_any_broken(staged)})"
    if staged.stock:
        return f"SELECT '{staged.stock.delivery}', count(*), {broken} FROM ({_typed_rows(staged)})"
    return f"SELECT _delivery, count(*), {broken} FROM ({_typed_rows(staged)}) GROUP BY _delivery"


def withheld(staged: Staged) -> str:
    """SELECT of the broken rows alone, as `checked` gives them. The list of reasons is made of these rows only."""
    if staged.judged:
        said = f"_broken, {_came(staged)} AS _came"
        return f"SELECT {_names(staged)}, {said} FROM {staged.relation} WHERE _broken IS NOT NULL"
    return checked(staged, only_broken=True)


def good(staged: Staged) -> str:
    """SELECT of the rows that keep the contract, without `_broken`."""
    if staged.judged:
        return f"SELECT {_names(staged)} FROM {staged.relation} WHERE _broken IS NULL"
    return f"SELECT {_names(staged)} FROM ({_typed_rows(staged)}) WHERE NOT {_any_broken(staged)}"


def judged(staged: Staged) -> str:
    """SELECT over `staged` that says all at once, for an engine that hands its rows over in files: the staged columns,
    every delivered column in its type, and as it came (`_raw_`) where that is another one, and `_broken` as in
    `checked`."""
    raw = "".join(f', "_raw_{column.name}"' for column in staged.contract.delivered_columns if _retyped(staged, column))
    broken = _broken(staged, _any_broken(staged))
    return f"SELECT {_names(staged)}{raw}, {broken} AS _broken FROM ({_typed_rows(staged)})"


def _names(staged: Staged) -> str:
    return ", ".join([*STAGED, *(f'"{column.name}"' for column in staged.contract.delivered_columns)])


def _broken(staged: Staged, any_broken: str) -> str:
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'field': '{field}', 'reason': '{_escaped(reason)}'}} END"
        for field, condition, reason in _all_rules(staged)
    )
    return f"CASE WHEN {any_broken} THEN list_filter([{listed}], lambda x: x IS NOT NULL) END"


def _came(staged: Staged) -> str:
    typed = {column.name for column in staged.contract.delivered_columns if not _retyped(staged, column)}
    kept = {name: name if staged.judged and name in typed else f"_raw_{name}" for name in staged.columns}
    came = ", ".join([*(f'"{name}" := "{one}"' for name, one in kept.items()), *(f"{one} := {one}" for one in CAME)])
    return f"to_json(struct_pack({came}))"


def _retyped(staged: Staged, column: Column) -> bool:
    """Whether the column came in another type than the contract's."""
    return staged.columns.get(column.name, column.type) != column.type


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
    if kind == "VARCHAR":
        return f"CASE WHEN regexp_full_match({raw}, '{SHAPES[column.type]}') THEN {cast} END"
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
    if _retyped(staged, column):
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
