"""Identifiers leave, numbers come in: distinct values from the engine, keyed look-up here, joined back there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from enforcement.identity import Allocation
from features.records import ADDRESS_COLUMNS, Column, Contract, Identifier, Sealed, Vault
from pipelines.staging import Staged

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_WEIGHED = " + ".join(f"(ascii(value[{place}]) - 48) * {weight}" for place, weight in enumerate(_WEIGHTS, 1))
_FAILS = f"(regexp_full_match(value, '[0-9]{{9}}') AND (value = '000000000' OR ({_WEIGHED}) % 11 <> 0))"
"""SQL: a BSN that does not pass the 11-proef (sources/bsn.py). Other shapes than nine digits, or A and ten, do not come
this far."""
AT_ONCE = 100_000
"""things that are numbered together"""
AUTHORITY = {"persons": 2, "stays": 2, "kinships": 0}
"""whose name or address holds when sources differ: the registry's (Wet BRP 1.7), then others', then a relative's"""


def identifiers(contract: Contract) -> Iterator[tuple[str, str]]:
    """(field, kind) of everything in `contract` that a number stands for, the person first."""
    found: dict[str, str] = {}
    for column in contract.lake_columns:
        if isinstance(column.about, Identifier) and column.name.endswith("_id"):
            found[column.name.removesuffix("_id")] = column.about.kind
    yield from sorted(found.items(), key=lambda one: (one[1] != "person", one[0]))


def value_of(contract: Contract, field: str, kind: str) -> str:
    """SQL for the text that identifies `field` of a checked row, NULL where nothing does."""
    if kind == "address":
        parts = ", ".join(f"coalesce(\"{field}_{part}\"::VARCHAR, '')" for part in ADDRESS_COLUMNS)
        telling = ", ".join(
            f'"{field}_{part}"::VARCHAR' for part in ADDRESS_COLUMNS if part not in ("municipality", "country")
        )
        return f"CASE WHEN coalesce({telling}) IS NOT NULL THEN concat_ws(chr(31), {parts}) END"
    if field == "other" and any(column.name == "other_name" for column in contract.delivered_columns):
        # a relative without a number is still someone, and two of them are not one
        return (
            "coalesce(other, CASE WHEN other_name IS NOT NULL THEN "
            "concat_ws(chr(31), 'unnumbered', person, relation, other_name) END)"
        )
    return f'"{field}"'


def number(connection: Any, staged: Staged, allocation: Allocation) -> str:
    """Number every identifier of the good rows, and give the SELECT of their lake rows."""
    contract, good = staged.contract, staged.good
    joins, places = [], {}
    for field, kind in identifiers(contract):
        alias = f"{staged.relation}_{field}"
        value = value_of(contract, field, kind)
        odd = _FAILS if staged.stock and kind == "person" else "false"
        per = "_municipality" if kind == "case" else "''"
        companion = _companion(contract, field)
        also, ats = (f", {companion} AS also", ", list_sort(list(also)) AS also") if companion else ("", "")
        # those with most names first, so that a name they share with another leads there
        found = connection.sql(
            f"SELECT per, value, {odd} AS odd{ats} FROM (SELECT DISTINCT {per} AS per, {value} AS value{also} "
            f"FROM {good} WHERE {value} IS NOT NULL) GROUP BY per, value "
            f"ORDER BY per, {_most_names_first(kind, bool(companion))}value"
        ).to_arrow_table()
        connection.register(alias, _mapping(kind, found, allocation))
        joins.append(f"LEFT JOIN {alias} ON {alias}.value = {value} AND {alias}.per = {per}")
        places[field] = alias
    _learn(connection, staged, allocation, " ".join(joins), places)
    fails = [f"{alias}.odd" for field, alias in places.items() if dict(identifiers(contract))[field] == "person"]
    flags = "_flags"
    if staged.stock and fails:
        flags = f"CASE WHEN {' OR '.join(fails)} THEN list_append(_flags, 'bsn_fails_elfproef') ELSE _flags END"
    columns = ", ".join(f'{_lake_column(column, places)} AS "{column.name}"' for column in contract.lake_columns)
    return (
        f"SELECT {columns}, _municipality AS municipality, _delivery AS delivery, _known_at AS known_at, "
        f"_withdrawn AS withdrawn, {flags} AS flags FROM {good} {' '.join(joins)}"
        f"{'' if staged.stock else ' ORDER BY ALL'}"
    )


def sealed_rows(connection: Any, staged: Staged) -> Any | None:
    """Arrow table of the protected attributes of `staged` under the person's number, None where its contract has none.
    To be called after `number`."""
    contract, good, relation = staged.contract, staged.good, staged.relation
    columns = [column.name for column in contract.delivered_columns if isinstance(column.about, Sealed)]
    if not columns:
        return None
    fields = dict(identifiers(contract))
    joins = " ".join(
        f"LEFT JOIN {relation}_{field} ON {relation}_{field}.value = {value_of(contract, field, kind)}"
        for field, kind in fields.items()
        if kind in ("person", "list")
    )
    record = f"{relation}_list.id" if "list" in fields else "NULL::BIGINT"
    present = ", ".join(f'"{name}"::VARCHAR' for name in columns)
    quoted = ", ".join(f'"{name}"' for name in columns)
    return connection.sql(
        f"SELECT {relation}_person.id AS person_id, {record} AS list_id, '{contract.name}' AS contract, "
        f"_municipality AS municipality, _known_at AS known_at, _withdrawn AS withdrawn, {quoted} FROM {good} {joins} "
        f"WHERE coalesce({present}) IS NOT NULL OR _withdrawn ORDER BY ALL"
    ).to_arrow_table()


def _lake_column(column: Column, places: dict[str, str]) -> str:
    field = column.name.removesuffix("_id")
    if isinstance(column.about, Identifier) and column.name.endswith("_id") and field in places:
        return f"{places[field]}.id"
    return f'"{column.name}"'


def _companion(contract: Contract, field: str) -> str | None:
    """A person list names its person twice: the A-nummer leads to the same person as the BSN."""
    return "list" if contract.name == "persons" and field == "person" else None


def _most_names_first(kind: str, companion: bool) -> str:
    """SQL: order by how many names a distinct value has beside the one that everything has (`names_of`)."""
    if companion:
        return "len(list_filter(list(also), lambda one: regexp_full_match(one, '[0-9]{10}'))) DESC, "
    if kind == "address":
        bag, postcode, door = (
            f"trim(string_split(value, chr(31))[{ADDRESS_COLUMNS.index(part) + 1}]) <> ''"
            for part in ("bag_object", "postcode", "house_number")
        )
        return f"(({bag}) AND ({postcode}) AND ({door})) DESC, "
    return ""


def _mapping(kind: str, found: Any, allocation: Allocation) -> Any:
    """The distinct values of `found` (per, value, odd, and `also` where there is a second name; those with most names
    first) with the number of each, as `id`. Bit by bit: a month of wages names twelve million people, and those are too
    many to hold as objects."""
    numbers = [
        pa.array(_numbers(kind, found.slice(first, AT_ONCE), allocation), pa.int64())
        for first in range(0, len(found), AT_ONCE)
    ]
    told = found.select(["per", "value", "odd"])
    return told.append_column("id", pa.chunked_array(numbers, pa.int64()))


def _numbers(kind: str, found: Any, allocation: Allocation) -> list[int]:
    values = found["value"].to_pylist()
    names = [names_of(kind, value) for value in values]
    for place, also in enumerate(found["also"].to_pylist() if "also" in found.column_names else ()):
        for one in also or ():
            if one is not None and re.fullmatch(r"\d{10}", one) and f"A{one}" not in names[place]:
                names[place] += (f"A{one}",)
    numbers: list[int] = []
    for per, those in groupby(zip(found["per"].to_pylist(), names, strict=True), key=itemgetter(0)):
        numbers += allocation.numbers(kind, [mine for _, mine in those], per)
    if kind == "address":
        for one, value in zip(numbers, values, strict=True):
            _learn_address(allocation, one, value)
    return numbers


def names_of(kind: str, value: str) -> tuple[str, ...]:
    """Every name under which the thing is known, the most authoritative first.

    >>> names_of("account", "nl02 abna 0123456789")
    ('NL02ABNA0123456789',)
    """
    if kind == "address":
        return _address_names(value)
    if kind in ("account", "vehicle"):
        return (re.sub(r"[\s.-]", "", value).upper() or value,)
    return (value.strip(),)


def _address_names(value: str) -> tuple[str, ...]:
    """BAG object, and postcode with number, letter and addition; else what text there is (sources.md)."""
    texts = [" ".join(one.split()) for one in value.upper().split("\x1f")]
    part = dict(zip(ADDRESS_COLUMNS, texts, strict=True))
    door = "|".join(part[name] for name in ("house_number", "house_letter", "house_addition"))
    names = []
    if part["bag_object"]:
        names.append(f"bag:{part['bag_object']}")
    if part["postcode"] and part["house_number"]:
        names.append(f"door:{part['postcode'].replace(' ', '')}|{door}")
    if not names:
        names.append("text:" + "|".join([part[name] for name in ("street", "city", "country", "lines")] + [door]))
    return tuple(names)


def _learn_address(allocation: Allocation, number: int, value: str) -> None:
    facts = {name: text for name, text in zip(ADDRESS_COLUMNS, value.split("\x1f"), strict=True) if text}
    allocation.learn(number, facts, authority=int("bag_object" in facts), known_at="")


def _learn(connection: Any, staged: Staged, allocation: Allocation, joins: str, places: dict[str, str]) -> None:
    """Vault texts go to whom they are about; the last known holds."""
    contract = staged.contract
    for column in contract.delivered_columns:
        if not isinstance(column.about, Vault) or column.about.of not in places:
            continue
        alias = places[column.about.of]
        rows = connection.execute(
            f'SELECT {alias}.id, arg_max("{column.name}", (_known_at, "{column.name}")), max(_known_at) '
            f'FROM {staged.good} {joins} WHERE "{column.name}" IS NOT NULL AND {alias}.id IS NOT NULL GROUP BY 1'
        ).fetchall()
        fact = column.name.removeprefix(f"{column.about.of}_")
        for number, text, known_at in rows:
            allocation.learn(
                number, {fact: text}, authority=AUTHORITY.get(contract.name, 1), known_at=known_at.isoformat()
            )
