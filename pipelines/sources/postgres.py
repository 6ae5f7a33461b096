"""Extracts that live in PostgreSQL: tables with a contract's columns, unloaded as stock files in bounded memory.

All tables are read in one read-only transaction, so they fit together. A table becomes a CSV that says its contract,
and from there goes the way of every stock file: checks, quarantine, vault, publication. Rows are sorted, so that the
same rows are the same delivery.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from features.records import CONTRACTS, Contract
from pipelines.arrivals import is_municipality
from pipelines.sources.extract import ENVELOPE
from pipelines.sources.reading import RefusedError

TOWN = "municipality"
"""a column that says for which municipality a row is; without it the delivery is for one municipality, or for none"""


def unload(url: str, tables: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the tables ({contract: table or schema.table}) below `folder`, one file per contract, or per contract and
    municipality where the table has that column; the files in order.

    Only columns of the contract are asked for. Raises RefusedError for a contract that does not exist, a table that
    lacks a required column, a code that is no municipality, and whatever the database refuses.
    """
    unknown = sorted(set(tables) - set(CONTRACTS))
    if unknown:
        raise RefusedError(f"there is no contract {unknown[0]!r}; there are {', '.join(sorted(CONTRACTS))}")
    folder.mkdir(parents=True, mode=0o700)
    try:
        with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET DateStyle = 'ISO'")
            return [
                path
                for contract, table in tables.items()
                for path in _unloaded(connection, CONTRACTS[contract], table, folder)
            ]
    except psycopg.Error as error:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise RefusedError(f"the database refused: {said}") from None


def _unloaded(connection: Any, contract: Contract, table: str, folder: Path) -> list[Path]:
    place = sql.SQL(".").join(map(sql.Identifier, table.split(".")))
    there = _columns(connection, place)
    wanted = [column.name for column in contract.delivered_columns] + list(ENVELOPE)
    missing = [column.name for column in contract.delivered_columns if column.required and column.name not in there]
    if missing:
        raise RefusedError(f"table {table} lacks {', '.join(missing)}, which contract {contract.name} needs")
    chosen = [name for name in wanted if name in there]
    if TOWN not in there:
        return [_copied(connection, contract, place, {name: there[name] for name in chosen}, folder, None)]
    query = sql.SQL("SELECT DISTINCT {} FROM {} ORDER BY 1").format(sql.Identifier(TOWN), place)
    towns = [code for (code,) in connection.execute(query).fetchall()]
    odd = [code for code in towns if not (isinstance(code, str) and is_municipality(code))]
    if odd:
        raise RefusedError(f"table {table}: {odd[0]!r} in column {TOWN} is not four digits of table 33, such as 0917")
    columns = {name: there[name] for name in chosen}
    return [_copied(connection, contract, place, columns, folder / town, town) for town in towns]


def _columns(connection: Any, place: sql.Composed) -> dict[str, str]:
    """Column -> text, list or other."""
    described = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(place)).description
    texts = [psycopg.adapters.types[name] for name in ("text", "varchar")]
    kinds = {one.oid: "text" for one in texts} | {one.array_oid: "list" for one in texts}
    return {column.name: kinds.get(column.type_code, "other") for column in described}


def _copied(
    connection: Any, contract: Contract, place: sql.Composed, columns: dict[str, str], folder: Path, town: str | None
) -> Path:
    folder.mkdir(exist_ok=True, mode=0o700)
    if town is not None:
        (folder / "delivery.json").write_text(json.dumps({"municipality": town}), encoding="utf-8")
    shown = [
        sql.SQL("array_to_string({0}, '|') AS {0}").format(sql.Identifier(name))
        if kind == "list"
        else sql.Identifier(name)
        for name, kind in columns.items()
    ]
    # Texts by their bytes: faster than in the order of a language, and the same on every server.
    order = sql.SQL(", ").join(
        sql.SQL('{}.{} COLLATE "C"' if kind == "text" else "{}.{}").format(sql.Identifier("t"), sql.Identifier(name))
        for name, kind in columns.items()
    )
    where = sql.SQL("") if town is None else sql.SQL(" WHERE {} = {}").format(sql.Identifier(TOWN), sql.Literal(town))
    query = sql.SQL("COPY (SELECT {} FROM {} t{} ORDER BY {}) TO STDOUT (FORMAT csv, HEADER)").format(
        sql.SQL(", ").join(shown), place, where, order
    )
    path = folder / f"{contract.name}.csv"
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(query) as rows:
        file.write(f"# weegschaal contract={contract.name} version=1\n".encode())
        for some in rows:
            file.write(some)
    return path
