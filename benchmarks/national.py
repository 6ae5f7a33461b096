"""Features at national scale: the declarations against hand-written SQL, Polars and a plain scan of the same columns.

    .venv/bin/python -m benchmarks.national --size national --share 0.0625 0.25 1 --runs 3

What is compared: every feature that the sources `earnings`, `jobs_held`, `relations_begun`, `homes` and `moves` declare
here (17 of them, over the largest two registers), the membership of each case, and the matrix at the end, from the same
Parquet parts. The values are compared first; a difference ends the benchmark. Each contestant is a fresh process:
processor time and peak memory are those of the process, imports included. The rounds go by turns, so that load falls on
all.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

SOURCES = ("earnings", "jobs", "jobs_held", "relations_begun", "homes", "moves")
FEATURES = (
    "address_unknown",
    "client_moves_12m",
    "client_moves_36m",
    "employers_12m",
    "employers_24m",
    "hours_a_month_3m",
    "household_addresses",
    "letter_address",
    "months_since_move",
    "new_jobs_6m",
    "other_income_12m",
    "other_municipality",
    "partner_wages_12m",
    "stays_abroad_24m",
    "wage_months_12m",
    "wages_12m",
    "wages_3m",
)
NEEDED = {
    "benefits": "case_id person_id role start_earliest end_latest",
    "stays": "person_id address_id address_municipality start_earliest start_latest end_earliest certainty function "
    "abroad unknown incorrect under_investigation",
    "incomes": "person_id employer relation start_earliest start_latest statement end_latest kind gross_cents hours "
    "relation_start_earliest relation_start_latest",
}
"""Columns that the features need, beside municipality, known_at and withdrawn"""
CONTESTANTS = ("scan", "sql", "declared", "polars")
THREADS = 2


def scan(lake: Path, memory: str) -> None:
    """Read every column that is needed, once, and do nearly nothing with it."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"SET memory_limit = '{memory}'")
        for contract, columns in NEEDED.items():
            read = ", ".join(f'max("{one}")' for one in (*columns.split(), "municipality", "known_at", "withdrawn"))
            connection.execute(
                f"SELECT {read} FROM read_parquet('{lake}/{contract}/*/*.parquet', hive_partitioning = false) "
                # a condition that no statistic of a file can answer, so that every value is read
                "WHERE known_at < TIMESTAMP '2026-02-01' AND hash(person_id) <> 0"
            ).fetchall()


def declared(lake: Path, out: Path) -> None:
    """The matrix as the product builds it, with a catalogue of no more than these features."""
    import pyarrow.parquet as pq

    from features import catalogue, declaration
    from features.matrix import build

    for name in [name for name in declaration.SOURCES if name not in SOURCES]:
        del declaration.SOURCES[name]
    for source in declaration.SOURCES.values():
        source.features = {name: one for name, one in source.features.items() if name in FEATURES}
    for name in [name for name in catalogue.CATALOGUE if name not in FEATURES]:
        del catalogue.CATALOGUE[name]
    parts = {one: sorted((lake / one).glob("*/*.parquet")) for one in NEEDED}
    # not read_table: that imports pandas, which the product does not need here
    cases, ages = (pq.ParquetFile(lake / f"{one}.parquet").read() for one in ("cases", "ages"))
    build(parts, cases, ages, out)


def contest(name: str, lake: Path, out: Path, memory: str) -> None:
    """Run one contestant in this process; its matrix is out/matrix.parquet."""
    out.mkdir(parents=True, exist_ok=True)
    fills = {one: 120.0 if one == "months_since_move" else 0.0 for one in FEATURES}
    if name == "scan":
        scan(lake, memory)
    elif name == "declared":
        declared(lake, out)
    else:
        from benchmarks.national_lake import AS_OF

        if name == "sql":
            from benchmarks.national_sql import by_hand

            by_hand(lake, out / "matrix.parquet", AS_OF, fills, memory, THREADS)
        else:
            from benchmarks.national_polars import by_polars

            by_polars(lake, out / "matrix.parquet", AS_OF, fills)


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    processor: float
    """seconds, user and system"""
    seconds: float
    peak: float
    """MiB, largest resident set"""


def run(name: str, lake: Path, out: Path, memory: str) -> Cost:
    """One contestant in a process of its own. Raises RuntimeError with its last words when it fails."""
    command = [sys.executable, "-m", "benchmarks.national", "--contestant", name]
    command += ["--lake", str(lake), "--out", str(out), "--memory", memory]
    environment = os.environ | {"WEEGSCHAAL_MEMORY": memory, "POLARS_MAX_THREADS": str(THREADS)}
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{name} failed ({process.returncode}): {said.read().decode()[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024)


def differences(one: Path, other: Path) -> list[str]:
    """Features whose values differ anywhere by more than 1e-9 relative, with how many cases; rows too."""
    import duckdb

    counted = ", ".join(
        f"count(*) FILTER (a.{name} IS DISTINCT FROM b.{name} AND coalesce(abs(a.{name} - b.{name}) "
        f"> 1e-9 * greatest(abs(a.{name}), 1), true))"
        for name in FEATURES
    )
    with duckdb.connect() as connection:
        counts = connection.execute(
            f"SELECT {counted} FROM read_parquet('{one}') a FULL JOIN read_parquet('{other}') b "
            "USING (case_id, as_of, municipality)"
        ).fetchall()[0]
    return [f"{name}: {count} cases" for name, count in zip(FEATURES, counts, strict=True) if count]


def measured(lake: Path, runs: int, memory: str, names: tuple[str, ...]) -> dict[str, list[Cost]]:
    """Every contestant `runs` times, by turns; after the first turn the values are compared."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    for turn in range(runs):
        for name in names:
            out = lake / "out" / name
            costs[name].append(run(name, lake, out, memory))
            print(f"  {name:<10} {costs[name][-1].processor:8.1f} s processor", file=sys.stderr, flush=True)
            if turn == 0 and name != "scan":
                found = differences(lake / "out" / "sql" / "matrix.parquet", out / "matrix.parquet")
                if found:
                    raise RuntimeError(f"{name} gives other values than the SQL by hand: {'; '.join(found)}")
    return costs


def shown(title: str, costs: dict[str, list[Cost]]) -> dict[str, float]:
    """Print the medians and the ratios to the others; the median processor time of each."""
    medians = {name: statistics.median(one.processor for one in all_of) for name, all_of in costs.items()}
    print(f"\n{title}")
    print(f"{'contestant':<12} {'processor s':>12} {'seconds':>9} {'peak MiB':>9} {'declared is':>12}  runs")
    for name, all_of in costs.items():
        seconds = statistics.median(one.seconds for one in all_of)
        peak = max(one.peak for one in all_of)
        ratio = f"{medians['declared'] / medians[name]:.2f} x" if "declared" in medians else ""
        each = " ".join(f"{one.processor:.1f}" for one in all_of)
        print(f"{name:<12} {medians[name]:>12.1f} {seconds:>9.1f} {peak:>9.0f} {ratio:>12}  {each}", flush=True)
    return medians


def main() -> None:
    from benchmarks.national_lake import NATIONAL, PROVINCE, NationalLake

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("national", "province"), default="province")
    parser.add_argument("--share", type=float, nargs="+", default=[1.0], help="parts of that size, smallest first")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", default="800MB", help="what DuckDB may use")
    parser.add_argument("--tight", default="600MB", help="a last run of the declarations with no more than this")
    parser.add_argument("--folder", type=Path, help="keep the lakes here and use those that are there")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contestant:
        contest(asked.contestant, asked.lake, asked.out, asked.memory)
        return
    place = asked.folder or Path(tempfile.mkdtemp(prefix="weegschaal-national-"))
    by_share: dict[float, dict[str, float]] = {}
    try:
        for share in asked.share:
            size = (NATIONAL if asked.size == "national" else PROVINCE).part(share)
            lake = place / f"{asked.size}-{share:g}"
            if not (lake / "cases.parquet").exists():
                began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
                NationalLake(lake, size).write()
                print(
                    f"made {lake.name} in {resource.getrusage(resource.RUSAGE_SELF).ru_utime - began:.0f} s", flush=True
                )
            costs = measured(lake, asked.runs, asked.memory, CONTESTANTS)
            title = (
                f"{asked.size} x {share:g}: {size.persons:,} persons, {size.cases:,} cases, {size.incomes:,} incomes"
            )
            by_share[share] = shown(f"{title}; DuckDB {asked.memory}", costs)
            shown(f"{title}; DuckDB {asked.tight}", measured(lake, 1, asked.tight, ("sql", "declared")))
        _slopes(by_share)
    finally:
        if asked.folder is None:
            shutil.rmtree(place)
    print(json.dumps({f"{share:g}": costs for share, costs in by_share.items()}))


def _slopes(by_share: dict[float, dict[str, float]]) -> None:
    """Processor time against size; the slope is that of the logarithms, so 1 is proportional."""
    if len(by_share) < 2:
        return
    print(f"\n{'contestant':<12}" + "".join(f"{f'x {share:g}':>12}" for share in by_share) + f"{'slope':>9}")
    for name in CONTESTANTS:
        values = [medians[name] for medians in by_share.values()]
        slope = statistics.linear_regression(
            [math.log(one) for one in by_share], [math.log(one) for one in values]
        ).slope
        print(f"{name:<12}" + "".join(f"{one:>12.1f}" for one in values) + f"{slope:>9.2f}")


if __name__ == "__main__":
    main()
