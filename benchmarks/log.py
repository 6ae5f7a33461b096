"""How fast the log takes entries and how fast it is verified.

    .venv/bin/python -m benchmarks.log

Appends from eight threads, on SQLite and on a temporary PostgreSQL in the service's role: in a transaction of its own
for every entry, to one chain and to one chain per thread, and as looks, which share a transaction when they end at the
same moment; then verifies a million entries with weegschaal_verify.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

import weegschaal_verify
from enforcement import audit
from enforcement.database import acting_for, engine_of, reading, writing
from enforcement.looking import looking
from tests.postgres.server import binaries, running

THREADS, EACH = 8, 150
AIM_APPENDS, AIM_SECONDS, MILLION = 200, 30, 1_000_000


def appends_a_second(url: str, towns: list[str], door: Callable[[Engine], AbstractContextManager[Session]]) -> float:
    """Entries a second; a thread writes to `towns` in turn, through writing() or looking()."""
    engine = engine_of(url)

    def write(thread: int) -> None:
        town = towns[thread % len(towns)]
        here = acting_for(engine, town)
        for i in range(EACH):
            with door(here) as session:
                audit.append(session, town, "officer", "officer", "case_read", f"case:2026-{i:06d}", "review")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))  # the first round warms up
        began = time.perf_counter()
        list(pool.map(write, range(THREADS)))
        taken = time.perf_counter() - began
    with reading(acting_for(engine, towns[0])) as session:
        if audit.check(audit.chain(session, towns[0])):
            raise RuntimeError("the chain does not hold")
    engine.dispose()
    return THREADS * EACH / taken


def chain_of(entries: int, path: Path) -> None:
    """A chain of the service's own shape, as an export."""
    previous = weegschaal_verify.GENESIS
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, entries + 1):
            body = (
                '{"action":"case_read","actor":"officer.heerlen","at":"2026-11-02T09:00:00.000Z","details":{},'
                f'"municipality":"0917","number":{number},"object":"case:2026-{number % 10_000:06d}",'
                f'"previous":"{previous}","purpose":"review","role":"officer"}}'
            )
            entry = {"municipality": "0917", "number": number, "previous": previous}
            previous = hashlib.sha256(body.encode()).hexdigest()
            entry |= {"hash": previous, "object": f"case:2026-{number % 10_000:06d}", "body": body}
            file.write(json.dumps(entry) + "\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "entries", nargs="?", type=int, default=MILLION, help="entries to verify; a million by default"
    )
    entries = arguments.parse_args().entries
    one, many = ["0917"], [f"{code:04d}" for code in range(900, 900 + THREADS)]
    print(f"appends a second, {THREADS} threads      one chain  chain each  looks, one chain   aim {AIM_APPENDS}")

    def row(name: str, url: str) -> None:
        told = (appends_a_second(url, one, writing), appends_a_second(url, many, writing))
        print(f"{name:<32} {told[0]:>10.0f} {told[1]:>11.0f} {appends_a_second(url, one, looking):>17.0f}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        row("SQLite, full sync", f"sqlite:///{Path(folder) / 'log.db'}")
        if binaries() is None:
            print("PostgreSQL: not on this machine (apt-get install postgresql)")
        else:
            with running("-c fsync=on -c synchronous_commit=on") as server:
                row("PostgreSQL, service's role", server.database().service)
        path = Path(folder) / "log.jsonl"
        chain_of(entries, path)
        began = time.perf_counter()
        subprocess.run([sys.executable, weegschaal_verify.__file__, str(path)], check=True, stdout=subprocess.DEVNULL)
        print(f"{entries:,} entries verified in {time.perf_counter() - began:.1f} s   aim {AIM_SECONDS} s a million")


if __name__ == "__main__":
    main()
