"""The same features on DuckDB and on Spark: seconds, processor time and peak memory of one matrix, same lake, same run.

    .venv/bin/python -m benchmarks.spark --clients 3000

Each engine runs as its own process, start-up included; values are compared first. Processor time and memory are those
of the process and of the Java it started. `--lake HOME` takes the lake of a home there is, instead of simulating one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

ENGINES = ("duckdb", "spark")


def run(home: Path, out: Path) -> dict[str, Any]:
    """Build the matrix of the newest date on the chosen engine: {rows, columns, seconds, cpu, peak_mib}."""
    from enforcement.settings import Settings
    from features.matrix import build, cases_on
    from pipelines.lake import Lake
    from pipelines.learning import ages_on, newest_date

    os.environ["WEEGSCHAAL_HOME"] = str(home)
    settings = Settings.read()
    lake = Lake(settings)
    parts, day = lake.parts(), newest_date(lake)
    ages = ages_on(settings, [day])
    out.mkdir(parents=True)
    made = build(parts, cases_on(parts, [day], out), ages, out)
    me = psutil.Process()
    everyone = [me, *me.children(recursive=True)]
    cpu = sum(sum(one.cpu_times()[:2]) for one in everyone)
    return {"rows": made.rows, "columns": len(made.names), "cpu": cpu, "peak_mib": sum(map(_peak_mib, everyone))}


def _peak_mib(process: psutil.Process) -> float:
    """The largest resident set so far, as Linux keeps it; the present one elsewhere."""
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float(process.memory_info().rss) / 2**20


def measured(engine: str, home: Path, out: Path) -> dict[str, Any]:
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.spark", "--lake", str(home), "--one", str(out)]
    done = subprocess.run(command, env=os.environ | {"WEEGSCHAAL_ENGINE": engine}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1]) | {"seconds": time.monotonic() - started}


def simulated(home: Path, clients: int) -> None:
    weegschaal = str(Path(sys.executable).with_name("weegschaal"))
    settings = os.environ | {"WEEGSCHAAL_HOME": str(home), "WEEGSCHAAL_ENGINE": "duckdb"}
    for words in (["simulate", "--clients", str(clients)], ["ingest", str(home / "deliveries")]):
        subprocess.run([weegschaal, *words, "--json"], env=settings, check=True, stdout=subprocess.DEVNULL)


def unequal(one: Path, other: Path) -> list[str]:
    """Columns of which a value differs by more than a billionth."""
    first, second = (pq.read_table(path / "matrix.parquet").to_pandas() for path in (one, other))
    near = [name for name in first.columns if name not in ("case_id", "as_of", "municipality")]
    far = (first[near] - second[near]).abs() > 1e-9 * first[near].abs()
    return [name for name in near if far[name].any()] if len(first) == len(second) else ["rows"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=3_000)
    arguments.add_argument("--lake", type=Path, metavar="HOME")
    arguments.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(run(asked.lake, asked.one)))
        return
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
        home = asked.lake or Path(place) / "home"
        if not asked.lake:
            simulated(home, asked.clients)
        outs = {engine: Path(place) / engine for engine in ENGINES}
        rows = {engine: measured(engine, home, out) for engine, out in outs.items()}
        wrong = unequal(*outs.values())
        print(f"{dt.date.today()}  columns that differ by more than 1e-9: {', '.join(wrong) or 'none'}")  # noqa: DTZ011
        print(f"{'engine':<8} {'cases':>8} {'features':>9} {'seconds':>9} {'cpu s':>8} {'peak MiB':>9}")
        for engine, row in rows.items():
            shown = f"{row['rows']:>8,} {row['columns']:>9} {row['seconds']:>9.1f} {row['cpu']:>8.1f}"
            print(f"{engine:<8} {shown} {row['peak_mib']:>9.0f}")
        if wrong:
            sys.exit(1)


if __name__ == "__main__":
    main()
