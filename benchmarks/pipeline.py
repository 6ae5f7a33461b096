"""Rows, seconds, processor seconds and peak memory of every step from simulated deliveries to worklists.

    .venv/bin/python -m benchmarks.pipeline --clients 24000

Each step runs as its own process, as it would at night. Peak memory is the largest resident set of that process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measured(words: list[str], home: Path) -> tuple[float, float, float, bytes]:
    """Run one command of weegschaal; its seconds, processor seconds, peak memory in MiB, and what it printed. Raises
    RuntimeError when it failed."""
    command = [str(Path(sys.executable).with_name("weegschaal")), *words, "--json"]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as printed:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=os.environ | {"WEEGSCHAAL_HOME": str(home)}, stdout=printed, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(words)} failed: {said.read().decode()[-1000:]}")
        printed.seek(0)
        answer = printed.read()
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, answer


def rows_in(answer: bytes) -> int:
    """Records that an intake by command reports: it is no step of the service's own."""
    return sum(sum(file["records"].values()) for file in json.loads(answer)["files"])


def rows_of(home: Path) -> dict[str, int]:
    """Rows per step as the service wrote them down."""
    command = [str(Path(sys.executable).with_name("weegschaal")), "status", "--json"]
    said = subprocess.run(command, env=os.environ | {"WEEGSCHAAL_HOME": str(home)}, capture_output=True, check=True)
    return {step["step"]: step["rows"] for step in json.loads(said.stdout)["steps"]}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=24_000)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
        home = Path(place)
        steps = {
            "simulate": ["simulate", "--clients", str(chosen.clients), "--seed", str(chosen.seed)],
            "ingest": ["ingest", str(home / "deliveries")],
            "features": ["features", "--build"],
            "train": ["train"],
            "score": ["score"],
            "select": ["select"],
        }
        print(f"{'step':<10} {'rows':>12} {'seconds':>9} {'processor s':>12} {'peak MiB':>9}")
        for name, words in steps.items():
            seconds, processor, peak, answer = measured(words, home)
            rows = rows_in(answer) if name == "ingest" else rows_of(home)[name]
            print(f"{name:<10} {rows:>12,} {seconds:>9.1f} {processor:>12.1f} {peak:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
