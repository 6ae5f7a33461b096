"""Seven million income rows through the whole intake: read, checked, numbered, published.

    python -m benchmarks.ingest_incomes --rows 7000000 --format csv

Prints rows, seconds and peak memory. The rows are made up; persons are numbers that pass no register.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from enforcement.settings import Settings
from pipelines.ingest import ingest

MADE = """
SELECT printf('%09d', 100000000 + (range * 7919) % {persons}) AS person,
       printf('%09dL01', range % 9000) AS employer,
       (1 + range % 3)::VARCHAR AS relation,
       (DATE '2024-01-01' + to_months((range // {persons} % 30)::INTEGER))::DATE AS start_earliest,
       (DATE '2024-01-01' + to_months((range // {persons} % 30)::INTEGER))::DATE AS start_latest,
       last_day(DATE '2024-01-01' + to_months((range // {persons} % 30)::INTEGER)) AS end_earliest,
       last_day(DATE '2024-01-01' + to_months((range // {persons} % 30)::INTEGER)) AS end_latest,
       CASE WHEN range % 5 = 0 THEN '43' ELSE '15' END AS kind,
       (range * 104729) % 400000 AS gross_cents,
       (range * 104723) % 400000 AS taxable_cents,
       (range * 31) % 90000 AS withheld_tax_cents,
       range % 170 AS hours,
       TIMESTAMP '2026-06-01 04:00:00' AS known_at
FROM range({rows})
"""


def make(path: Path, rows: int) -> None:
    """Write `rows` income rows of about a thirtieth as many persons to `path`, CSV or Parquet by its name."""
    query = MADE.format(rows=rows, persons=max(1, rows // 28))
    kind = "FORMAT parquet, COMPRESSION zstd" if path.suffix == ".parquet" else "FORMAT csv, HEADER"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' ({kind})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=7_000_000)
    parser.add_argument("--format", choices=("csv", "parquet"), action="append")
    asked = parser.parse_args()
    print(f"{'format':<8} {'rows':>10} {'megabytes':>10} {'seconds':>8} {'rows/s':>10} {'peak MB':>8}")
    for kind in asked.format or ["parquet", "csv"]:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["WEEGSCHAAL_HOME"] = f"{folder}/home"
            path = Path(folder) / f"incomes.{kind}"
            make(path, asked.rows)
            started = time.monotonic()
            report = ingest(Settings.read(), [path], municipality="0917")[0]
            seconds = time.monotonic() - started
            if report.status != "published" or report.records != {"incomes": asked.rows}:
                raise SystemExit(f"{kind}: {report.status} {report.reason or ''} {report.records}")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            size = path.stat().st_size / 1e6
            print(
                f"{kind:<8} {asked.rows:>10,} {size:>10,.0f} {seconds:>8.1f} {asked.rows / seconds:>10,.0f} {peak:>8,}"
            )


if __name__ == "__main__":
    main()
