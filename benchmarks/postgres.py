"""From tables in PostgreSQL to a trained model: load, features over 17 as-of dates, matrices, training, in one command.

    .venv/bin/python -m benchmarks.postgres --clients 5000

A simulated province of that many clients is put in a PostgreSQL of the benchmark's own (a folder, a socket, removed at
the end); that is not timed. Then one process: `weegschaal train --months 17 --from-database URL --table ...`, which
loads the tables, makes the matrix of every running case on the first of each of 17 months, and trains. Printed are the
rows and seconds of its steps as it tells them, and of the whole the seconds, processor seconds and peak memory; the
server's own work is in the seconds and not in the processor seconds. A second row is the same command once more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from features.records import CONTRACTS
from tests.postgres.server import running

DATES = 17
KINDS = {"VARCHAR": "text", "BIGINT": "bigint", "BOOLEAN": "boolean", "DATE": "date", "DOUBLE": "double precision"}
KINDS |= {"VARCHAR[]": "text[]"}


def fill(url: str, deliveries: Path) -> dict[str, int]:
    """Put the stock files of the simulated deliveries in tables named after their contracts; rows per table.

    A table has the contract's columns, and municipality and known_at as a back office keeps them.
    """
    rows: dict[str, int] = {}
    files: dict[str, list[tuple[Path, dict[str, str]]]] = defaultdict(list)
    for path in sorted(deliveries.glob("*/*/*.parquet")):
        files[path.stem].append((path, json.loads((path.parent / "delivery.json").read_text())))
    with psycopg.connect(url) as connection, duckdb.connect() as engine:
        for contract, found in files.items():
            kinds = {one.name: KINDS[one.type] for one in CONTRACTS[contract].delivered_columns}
            kinds |= {"flags": "text[]", "withdrawn": "boolean", "known_at": "timestamptz", "municipality": "text"}
            columns = sql.SQL(", ").join(sql.SQL("{} " + kind).format(sql.Identifier(n)) for n, kind in kinds.items())
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(contract), columns))
            rows[contract] = sum(_filled(connection, engine, contract, kinds, path, about) for path, about in found)
    return rows


def _filled(connection: Any, engine: Any, contract: str, kinds: dict[str, str], path: Path, about: Any) -> int:
    there = {row[0] for row in engine.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()}
    shown = []
    for name, kind in kinds.items():
        value = f'"{name}"' if name in there else "NULL"
        if name == "municipality":
            value = f"'{about['municipality']}'"
        elif name == "known_at":
            value = f"coalesce(CAST({value} AS VARCHAR), '{about['received_at']}')"
        elif kind == "text[]" and name in there:
            value = f"'{{' || array_to_string(\"{name}\", ',') || '}}'"
        shown.append(f'{value} AS "{name}"')
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / "rows.csv"
        query = f"SELECT {', '.join(shown)} FROM read_parquet('{path}')"
        engine.execute(f"COPY ({query}) TO '{aside}' (FORMAT csv, HEADER)")
        target = sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(sql.Identifier(contract))
        with aside.open("rb") as file, connection.cursor() as cursor:
            with cursor.copy(target) as rows:
                while some := file.read(1 << 20):
                    rows.write(some)
            return int(cursor.rowcount)


def measured(command: list[str], home: Path) -> tuple[list[str], float, float, float]:
    """Run a command: the steps that it told of, seconds, processor seconds, peak MiB. Raises RuntimeError when it
    failed."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as wrong:
        started = time.monotonic()
        process = subprocess.Popen(command, env=os.environ | {"WEEGSCHAAL_HOME": str(home)}, stdout=said, stderr=wrong)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (said, wrong):
            file.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} failed: {wrong.read().decode()[-1500:]}")
        steps = [line for line in wrong.read().decode().splitlines() if " rows " in line]
        return steps, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=5_000)
    asked = parser.parse_args()
    ours = str(Path(sys.executable).with_name("weegschaal"))
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place, running() as server:
        made, home = Path(place) / "made", Path(place) / "home"
        measured([ours, "simulate", "--clients", str(asked.clients), "--json"], made)
        url = server.url("postgres", "admin").replace("postgresql+psycopg", "postgresql")
        tables = fill(url, made / "deliveries")
        given = [word for name in tables for word in ("--table", f"{name}={name}")]
        command = [ours, "train", "--months", str(DATES), "--from-database", url, *given, "--json"]
        print(f"{asked.clients:,} clients, {sum(tables.values()):,} rows in {len(tables)} tables", flush=True)
        for turn in ("first", "again"):
            steps, seconds, processor, peak = measured(command, home)
            print("\n".join(steps))
            print(f"{turn}: {seconds:.1f} s, {processor:.1f} s of processor time, {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
