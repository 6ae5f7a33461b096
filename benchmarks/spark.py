"""The same steps on DuckDB and on Spark: seconds, processor time and peak memory, same lake and stock file, same run.

    .venv/bin/python -m benchmarks.spark --clients 3000 --rows 1000000

Checks of a stock file of incomes by its contract, edges of the lake, and the matrix of its newest date. Each engine
runs as its own process; values are compared first. Processor time and memory are those of the process and of the Java
it started. `--lake HOME` takes the lake of a home there is, instead of simulating one.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pyarrow.parquet as pq

from benchmarks.checks import make, staged

ENGINES = ("duckdb", "spark")


def run(home: Path, stock: Path, out: Path) -> dict[str, Any]:
    """Each step once on the chosen engine: {steps: [{name, rows, seconds, cpu}], peak_mib}."""
    from enforcement.settings import Settings
    from features.engine import chosen
    from features.matrix import build, cases_on
    from features.relations.edges import edges
    from pipelines.checks import counted, withheld
    from pipelines.checks_on_spark import checked_there
    from pipelines.engine import connect
    from pipelines.lake import Lake, newest_date
    from pipelines.learning import ages_on

    os.environ["WEEGSCHAAL_HOME"] = str(home)
    settings = Settings.read()
    lake = Lake(settings)
    parts, day = lake.parts(), newest_date(lake)
    ages = ages_on(settings, [day])
    out.mkdir(parents=True)
    connection = connect(out / "spill")

    def started() -> int:
        chosen(out / "spill").close()
        return 0

    def checks() -> int:
        one = checked_there(connection, staged(connection, stock), out)
        for name, query in (("counted", counted(one)), ("withheld", f"{withheld(one)} ORDER BY _at")):
            rows = connection.sql(query).to_arrow_table()
            named = [f"{name}_{place}" for place in range(rows.num_columns)]  # two queries, two words for a count
            pq.write_table(rows.rename_columns(named), out / f"{name}.parquet")
        return int(pq.read_table(out / "counted.parquet").column(1)[0].as_py())

    def matrix() -> int:
        return build(parts, cases_on(parts, [day], out), ages, out).rows

    works: dict[str, Callable[[], int]] = {
        "start of the engine": started,
        "checks of a stock file": checks,
        "edges": lambda: pq.read_metadata(edges(parts, day, out)).num_rows,
        "cases and matrix": matrix,
    }
    steps = []
    for name, work in works.items():
        clock, spent = time.monotonic(), _spent()
        rows = work()
        steps.append({"name": name, "rows": rows, "seconds": time.monotonic() - clock, "cpu": _spent() - spent})
    return {"steps": steps, "peak_mib": sum(map(_peak_mib, _everyone()))}


def _everyone() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


def _spent() -> float:
    return float(sum(sum(one.cpu_times()[:2]) for one in _everyone()))


def _peak_mib(process: psutil.Process) -> float:
    """The largest resident set so far, as Linux keeps it; the present one elsewhere."""
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float(process.memory_info().rss) / 2**20


def measured(engine: str, home: Path, stock: Path, out: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.spark", "--lake", str(home), "--stock", str(stock), "--one", str(out)]
    done = subprocess.run(command, env=os.environ | {"WEEGSCHAAL_ENGINE": engine}, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def simulated(home: Path, clients: int) -> None:
    weegschaal = str(Path(sys.executable).with_name("weegschaal"))
    settings = os.environ | {"WEEGSCHAAL_HOME": str(home), "WEEGSCHAAL_ENGINE": "duckdb"}
    for words in (["simulate", "--clients", str(clients)], ["ingest", str(home / "deliveries")]):
        subprocess.run([weegschaal, *words, "--json"], env=settings, check=True, stdout=subprocess.DEVNULL)


def unequal(one: Path, other: Path) -> list[str]:
    """What differs: columns of the matrix of which a value differs by more than a billionth, and answers of checks."""
    first, second = (pq.read_table(path / "matrix.parquet").to_pandas() for path in (one, other))
    near = [name for name in first.columns if name not in ("case_id", "as_of", "municipality")]
    if len(first) != len(second):
        return ["rows of the matrix"]
    far = (first[near] - second[near]).abs() > 1e-9 * first[near].abs()
    answers = ("counted", "withheld")
    told = [pq.read_table(path / f"{name}.parquet").to_pylist() for name in answers for path in (one, other)]
    odd = [name for place, name in enumerate(answers) if told[2 * place] != told[2 * place + 1]]
    return [name for name in near if far[name].any()] + odd


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=3_000)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="of the stock file that is checked")
    arguments.add_argument("--lake", type=Path, metavar="HOME")
    for own in ("--stock", "--one"):
        arguments.add_argument(own, type=Path, help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(run(asked.lake, asked.stock, asked.one)))
        return
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
        home, stock = asked.lake or Path(place) / "home", Path(place) / "incomes.parquet"
        if not asked.lake:
            simulated(home, asked.clients)
        make(duckdb.connect(), stock, asked.rows)
        outs = {engine: Path(place) / engine for engine in ENGINES}
        made = {engine: measured(engine, home, stock, out) for engine, out in outs.items()}
        wrong = unequal(*outs.values())
        load = " ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"{dt.date.today()}  what differs: {', '.join(wrong) or 'nothing'}; load {load}")  # noqa: DTZ011
        print(f"{'step':<24} {'rows':>10} " + " ".join(f"{f'{one} s':>10} {'cpu s':>8}" for one in ENGINES) + "  x cpu")
        for steps in zip(*(made[engine]["steps"] for engine in ENGINES), strict=True):
            times = " ".join(f"{step['seconds']:>10.1f} {step['cpu']:>8.1f}" for step in steps)
            ratio = steps[1]["cpu"] / max(steps[0]["cpu"], 0.01)
            print(f"{steps[0]['name']:<24} {steps[0]['rows']:>10,} {times} {ratio:>6.1f}")
        print("peak MiB: " + ", ".join(f"{engine} {one['peak_mib']:,.0f}" for engine, one in made.items()))
        if wrong:
            sys.exit(1)


if __name__ == "__main__":
    main()
