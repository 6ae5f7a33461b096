"""Minutes from a fresh clone to the first page, and the memory of the service once it answers.

    .venv/bin/python -m benchmarks.first_page

Clones this checkout's last commit into a temporary folder with an empty HOME and does what the README says there:
`make setup`, then `make run`. It stops what it started.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

LIMIT = 1200.0
"""seconds after which it gives up"""
SETTLE = 20.0
"""seconds of rest before memory is read"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def memory_of(pid: int) -> float:
    """Resident memory of a process and all below it, in MiB."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_info().rss for one in family) / 2**20


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> tuple[float, float]:
    """Seconds until the first page answers, and the largest memory seen on the way. Raises RuntimeError."""
    started, peak = time.monotonic(), 0.0
    while not answers(port):
        if process.poll() is not None or time.monotonic() - started > LIMIT:
            raise RuntimeError(f"the service did not come: {log.read_text(errors='replace')[-800:]}")
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.5)
    return time.monotonic() - started, peak


def main() -> None:
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
        clone, home, port = Path(place) / "clone", Path(place) / "home", free_port()
        subprocess.run(["git", "clone", "-q", str(here), str(clone)], check=True)
        home.mkdir()
        kept = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or k.lower().endswith("_proxy")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "WEEGSCHAAL_PORT": str(port)}
        log = Path(place) / "log"
        for way in ("first", "second"):
            started = time.monotonic()
            with log.open("ab") as said:
                subprocess.run(
                    ["make", "setup"], cwd=clone, env=environment | kept, stdout=said, stderr=said, check=True
                )
                set_up = time.monotonic() - started
                process = subprocess.Popen(
                    ["make", "run"], cwd=clone, env=environment | kept, stdout=said, stderr=said, start_new_session=True
                )
            try:
                seconds, peak = wait_for(port, process, log)
                time.sleep(SETTLE)
                print(
                    f"{way} start: set-up {set_up:.0f} s, from there to the first page {seconds:.0f} s, "
                    f"peak {peak:.0f} MiB, serving {memory_of(process.pid):.0f} MiB",
                    flush=True,
                )
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)


if __name__ == "__main__":
    main()
