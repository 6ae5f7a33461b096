"""The contract's checks over a large stock file, beside a plain scan of the same columns.

    python -m benchmarks.checks --rows 20000000

Every row is checked against contract `incomes` by the SQL that the intake runs (pipelines/checks.py): once as it is
for the counts that the error budget needs, once with its list for every row, and once with the broken rows given back.
The scan reads every value of the same columns of the same file and keeps nothing. The rows are made up;
known ones among them are broken in known ways, and the counts are compared with those before anything is timed.
Medians of at least three.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.arrivals import Arrival
from pipelines.checks import checked, counted, withheld
from pipelines.engine import connect
from pipelines.sources import extract
from pipelines.staging import Staged, stage_extract

TIMES = 3.0
"""the issue: at most so many times the scan"""
EVERY = {"short": 1_009, "reversed": 5_003, "missing": 10_007}
"""of so many rows one has a person of eight digits, an end before its beginning, no person"""
MADE = """
SELECT CASE WHEN n % {missing} = 0 THEN NULL WHEN n % {short} = 0 THEN left(number, 8) ELSE number END AS person,
       printf('%09dL01', hash(n, 2) % 90000) AS employer, (1 + n % 3)::VARCHAR AS relation,
       month AS start_earliest, month AS start_latest,
       CASE WHEN n % {reversed} = 0 THEN last_day(month) + 1 ELSE last_day(month) END AS end_earliest,
       last_day(month) AS end_latest, CASE WHEN n % 5 = 0 THEN '43' ELSE '15' END AS kind,
       (hash(n, 3) % 400000)::BIGINT AS gross_cents, (hash(n, 4) % 400000)::BIGINT AS taxable_cents,
       (hash(n, 5) % 90000)::BIGINT AS withheld_tax_cents, (hash(n, 6) % 170)::BIGINT AS hours,
       TIMESTAMP '2026-06-01 04:00:00' AS known_at
FROM (SELECT range + 1 AS n, printf('%09d', 100000000 + hash(range) % {persons}) AS number,
             (DATE '2024-01-01' + to_months((hash(range, 1) % 30)::INTEGER))::DATE AS month FROM range({rows}))
"""


def make(connection: Any, path: Path, rows: int) -> Counter[str]:
    """Write the rows; what is wrong with them, by reason."""
    made = MADE.format(rows=rows, persons=max(1, rows // 28), **EVERY)
    connection.execute(f"COPY ({made}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    wrong: Counter[str] = Counter()
    missing, short = EVERY["missing"], EVERY["short"]
    wrong["person is missing"] = rows // missing
    wrong["person is not nine digits, nor A and ten digits"] = rows // short - rows // (missing * short)
    wrong["end_earliest is later than end_latest"] = rows // EVERY["reversed"]
    return wrong


def staged(connection: Any, path: Path) -> Staged:
    reading = extract.read(path)
    assert reading.extract is not None
    arrival = Arrival(path, "0" * 64, "0917", dt.datetime(2026, 6, 1, 4), reading)  # noqa: DTZ001 - UTC as stored
    return stage_extract(connection, arrival, reading.extract, "stock_0")


def timed(connection: Any, works: dict[str, str], repeats: int) -> dict[str, tuple[float, float]]:
    """Medians of seconds on the clock and of processor seconds, the works taken in turn."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(max(3, repeats)):
        for name, query in works.items():
            clock, spent = time.perf_counter(), time.process_time()
            connection.execute(query).fetchall()
            taken[name].append((time.perf_counter() - clock, time.process_time() - spent))
    return {name: (median(one[0] for one in each), median(one[1] for one in each)) for name, each in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        connection = connect(Path(folder) / "spill")
        connection.execute(f"SET threads = {asked.threads}")
        path = Path(folder) / "incomes.parquet"
        wrong = make(connection, path, asked.rows)
        one = staged(connection, path)
        count = counted(one)
        reasons = "SELECT b.field || ' ' || b.reason, count(*) FROM (SELECT unnest(_broken) AS b FROM ({})) GROUP BY 1"
        every, each = reasons.format(checked(one)), reasons.format(withheld(one))
        for query in (every, each):
            found = Counter(dict(connection.execute(query).fetchall()))
            if found != +wrong:
                raise SystemExit(f"the checks found {found}; {wrong} was put in")
        ((_, total, broken),) = connection.execute(count).fetchall()
        if total != asked.rows or not max(wrong.values()) <= broken <= wrong.total():
            raise SystemExit(f"the checks found {broken} broken rows in {total}")
        print(f"{total:,} rows, {broken:,} broken; reasons as put in: {dict(found)}")
        columns = [*one.columns, "known_at"]
        ruled = [name for name in columns if name == "person" or name.split("_")[0] in ("start", "end")]
        works = {
            f"scan of the {len(columns)} columns": scan(path, one, columns),
            "checks: counts of good and broken rows": count,
            "checks: every row with its list": every,
            "checks: broken rows with all reasons, as they came": each,
            f"scan of the {len(ruled)} columns that a rule is about": scan(path, one, ruled),
        }
        taken = timed(connection, works, asked.repeats)
        plain, spent = (taken[next(iter(works))][place] for place in (0, 1))
        print(f"{'work':<52} {'seconds':>8} {'x scan':>7} {'cpu s':>8} {'x scan':>7}   ({asked.threads} threads)")
        for name, (seconds, cpu) in taken.items():
            print(f"{name:<52} {seconds:>8.2f} {seconds / plain:>7.2f} {cpu:>8.2f} {cpu / spent:>7.2f}")
        if max(cpu for _, cpu in taken.values()) > TIMES * spent:
            raise SystemExit(f"more than {TIMES:g} times the processor time of the scan")


def scan(path: Path, staged: Staged, columns: list[str]) -> str:
    """The cheapest SELECT that has every value of the columns read: what is counted only is not."""
    touched = (
        f'sum(strlen("{name}"))' if staged.columns.get(name) == "VARCHAR" else f'bit_xor(hash("{name}"))'
        for name in columns
    )
    return f"SELECT {', '.join(touched)} FROM read_parquet('{path}')"


if __name__ == "__main__":
    main()
