"""The nightly run: a month's deliveries come in, every case is scored with reasons, every list is composed.

    .venv/bin/python -m benchmarks.nightly --clients 24000
    .venv/bin/python -m benchmarks.nightly --size province
    .venv/bin/python -m benchmarks.nightly --size national --share 0.0625

`--clients`: a simulated province and what its sources send in all formats, about its clients and who lives with them.
`--size`: the made-up country or province of national_lake.py with everyone's incomes and addresses, as stock files;
with `--share`, a part of it.

First, what was there before: everything but the last month is ingested and a model trained; what that cost is told
apart. Then the night, each step as a process of its own: `ingest` of the month with all checks, `features`, `score`
(places and reasons of every case), `select` (exemptions, relations, lists, the graphs of listed cases). Peak memory is
that of the process. With `--home` the deliveries and the home stay there, and a second run measures on the same base.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.national_deliveries import NationalDeliveries
from benchmarks.national_lake import NATIONAL, PROVINCE, Size
from benchmarks.pipeline import measured, rows_in, rows_of

NEVER_CHANGED = {".parquet", ".sealed"}
HEADING = f"{'step':<10} {'rows':>12} {'seconds':>9} {'processor s':>12} {'peak MiB':>9}  waiting"


def simulated(home: Path, clients: int, seed: int) -> tuple[Path, Path]:
    """The deliveries of a simulated province: (what came before, the month)."""
    measured(["simulate", "--clients", str(clients), "--seed", str(seed)], home)
    before, month = home / "before", home / "month"
    for town in sorted((home / "deliveries").iterdir()):
        folders = sorted(town.iterdir())
        for folder in folders:
            target = (month if folder == folders[-1] else before) / town.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.move(folder, target / folder.name)
    return before, month


def made_up(place: Path, size: Size) -> tuple[Path, Path]:
    """The deliveries of a made-up country: (what came before, the month)."""
    made = NationalDeliveries(place / "deliveries", size)
    return made.history(), made.month()


def part_of(size: Size, share: float) -> Size:
    """A part of the country, with as many fewer municipalities."""
    return replace(size.part(share), municipalities=max(1, round(size.municipalities * share)))


def step(words: list[str], home: Path) -> tuple[float, float, float]:
    """Measure one command and print its line: (seconds, processor seconds, MiB)."""
    waiting = os.getloadavg()[0]
    seconds, processor, peak, answer = measured(words, home)
    rows = rows_in(answer) if words[0] == "ingest" else rows_of(home)[words[0]]
    print(f"{words[0]:<10} {rows:>12,} {seconds:>9.1f} {processor:>12.1f} {peak:>9.0f}  {waiting:.0f}", flush=True)
    return seconds, processor, peak


def linked(base: Path, home: Path) -> None:
    """A home to measure on: files that never change are the same files, the database and the rest are copied."""

    def one(source: str, target: str) -> str:
        if Path(source).suffix in NEVER_CHANGED:
            os.link(source, target)
        else:
            shutil.copy2(source, target)
        return target

    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base, home, copy_function=one)


def measure(place: Path, chosen: argparse.Namespace) -> None:
    base, home = place / "base", place / "night"
    ready = place / "ready"
    if ready.exists():
        before, month = place / "deliveries" / "history", place / "deliveries" / "month"
    else:
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        if chosen.size:
            size = part_of({"national": NATIONAL, "province": PROVINCE}[chosen.size], chosen.share)
            print(f"{size.persons:,} persons, {size.cases:,} cases, {size.incomes:,} income rows, ", end="")
            print(f"{size.municipalities} municipalities", flush=True)
            before, month = made_up(place, size)
        else:
            before, month = simulated(base, chosen.clients, chosen.seed)
        print(f"before the night\n{HEADING}")
        for words in (["ingest", str(before)], ["train"]):
            step(words, base)
        if chosen.size:
            ready.touch()
    print(f"the night\n{HEADING}")
    linked(base, home)
    night = [step(words, home) for words in (["ingest", str(month)], ["features", "--build"], ["score"], ["select"])]
    seconds, processor = (sum(one[at] for one in night) for at in (0, 1))
    print(f"{'together':<10} {'':>12} {seconds:>9.1f} {processor:>12.1f} {max(one[2] for one in night):>9.0f}")
    shutil.rmtree(home)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=24_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--size", choices=("national", "province"))
    arguments.add_argument("--share", type=float, default=1.0, help="part of the country or province")
    arguments.add_argument("--home", type=Path, help="keep deliveries and home here, and measure on them again")
    chosen = arguments.parse_args()
    if chosen.home:
        measure(chosen.home, chosen)
        return
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
        measure(Path(place), chosen)


if __name__ == "__main__":
    main()
