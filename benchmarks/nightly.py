"""The nightly run: a month's deliveries come in, every case is scored with reasons, every list is composed.

    .venv/bin/python -m benchmarks.nightly --clients 24000

First, not timed: a simulated province, everything but its last month ingested, a model trained. Then, timed, each as a
process of its own: `ingest` of the month in all its formats with all checks, `score` (features, matrix, explanations),
`select` (exemptions, relations, lists, the graphs of listed cases). Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.pipeline import measured, rows_in, rows_of


def apart(home: Path) -> tuple[Path, Path]:
    """Move the newest folder of every municipality aside: (what came before, the month)."""
    before, month = home / "before", home / "month"
    for town in sorted((home / "deliveries").iterdir()):
        folders = sorted(town.iterdir())
        for folder in folders:
            target = (month if folder == folders[-1] else before) / town.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, target / folder.name)
    return before, month


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=24_000)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
        home = Path(place)
        measured(["simulate", "--clients", str(chosen.clients), "--seed", str(chosen.seed)], home)
        before, month = apart(home)
        for words in (["ingest", str(before)], ["train"]):
            seconds, *_ = measured(words, home)
            print(f"made ready: {words[0]} in {seconds:.0f} s", file=sys.stderr, flush=True)
        print(f"{'step':<10} {'rows':>12} {'seconds':>9} {'processor s':>12} {'peak MiB':>9}")
        total = work = 0.0
        for words in (["ingest", str(month)], ["score"], ["select"]):
            seconds, processor, peak, answer = measured(words, home)
            total, work = total + seconds, work + processor
            rows = rows_in(answer) if words[0] == "ingest" else rows_of(home)[words[0]]
            print(f"{words[0]:<10} {rows:>12,} {seconds:>9.1f} {processor:>12.1f} {peak:>9.0f}", flush=True)
        print(f"{'together':<10} {'':>12} {total:>9.1f} {work:>12.1f}")


if __name__ == "__main__":
    main()
