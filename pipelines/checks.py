"""What a contract demands of a row, as one generated SQL pass: typed columns, and a list of what is broken."""

from __future__ import annotations

from features.records import Column, Fact, Identifier
from pipelines.staging import STAGED, WORDS, Staged, as_list

NUMBER_SHAPE = "[0-9]{9}|A[0-9]{10}"


def checked(staged: Staged) -> str:
    """SELECT over `staged` with the staged columns, every delivered column in its type, and `_broken`: NULL for a good
    row, else a list of {field, reason}.

    Broken is: a required value that is missing, a value that cannot be cast without loss, one end of a date without the
    other or after it, a rule of the contract (`Fact.check`) that is false, and in stock files a number of a person that
    has not the shape of one (a leading zero lost on the way makes someone else of them).
    """
    delivered = staged.contract.delivered_columns
    typed = ", ".join(f'{_typed(staged, column)} AS "{column.name}"' for column in delivered)
    came = ", ".join(f'"{name}" AS "_raw_{name}"' for name in staged.columns)
    rules = [rule for column in delivered for rule in _rules(staged, column)]
    if staged.stock:
        rules += [(name, f"_odd = '{name}'", "cannot be read") for name in ("known_at", "withdrawn", "flags")]
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'field': '{field}', 'reason': '{_escaped(reason)}'}} END"
        for field, condition, reason in rules
    )
    any_broken = " OR ".join(f"coalesce({condition}, false)" for _, condition, _ in rules)
    names = ", ".join([*STAGED, *(f'"{column.name}"' for column in delivered)])
    return (
        f"SELECT {names}, CASE WHEN {any_broken} THEN list_filter([{listed}], lambda x: x IS NOT NULL) END AS _broken "
        f"FROM (SELECT {', '.join(STAGED)}, {typed}, {came} FROM {staged.relation})"
    )


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


def _rules(staged: Staged, column: Column) -> list[tuple[str, str, str]]:
    """(field, condition under which it is broken, reason)."""
    name = column.name
    rules: list[tuple[str, str, str]] = []
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
        shape = f"NOT regexp_full_match(\"{name}\", '{NUMBER_SHAPE}')"
        rules.append((name, shape, "is not nine digits, nor A and ten digits"))
    return rules


def _escaped(text: str) -> str:
    return text.replace("'", "''")
