"""How fast the worklist answers: /api/v1/worklist and the page, at eight connections on the demonstration's cases.

    .venv/bin/python -m benchmarks.worklist

Starts the service on a free port of this machine with the data of WEEGSCHAAL_HOME (`make run` first), sends a bounded
number of requests over loopback and stops it. Three rounds; the median round is printed with its own percentiles.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

CONNECTIONS, REQUESTS, ROUNDS = 8, 100, 3


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def signed_in(port: int) -> str:
    """The cookie of a demo officer."""
    line = connect(port)
    headers = {"content-type": "application/json", "origin": f"http://127.0.0.1:{port}"}
    line.request("POST", "/api/v1/session", json.dumps({"user": "officer.heerlen"}), headers)
    answer = line.getresponse()
    answer.read()
    return str(answer.getheader("set-cookie")).split(";")[0]


def one_round(port: int, path: str, cookie: str) -> list[float]:
    """Milliseconds of every request, sorted."""
    taken: list[float] = []

    def ask() -> None:
        line = connect(port)
        for _ in range(REQUESTS):
            started = time.perf_counter()
            line.request("GET", path, headers={"cookie": cookie, "accept-encoding": "gzip"})
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
            taken.append((time.perf_counter() - started) * 1000)

    asking = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    return sorted(taken)


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(Path(sys.executable).with_name("weegschaal")), "serve", "--port", str(port)]
    # one session asks far more than the service lets a person ask
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"WEEGSCHAAL_RATE": "0"})
    try:
        for _ in range(120):
            time.sleep(0.5)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        cookie = signed_in(port)
        print(f"{'address':<20} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7}  {CONNECTIONS} connections")
        for path in ("/api/v1/worklist", "/werklijst"):
            one_round(port, path, cookie)  # the first one warms up
            rounds = sorted((one_round(port, path, cookie) for _ in range(ROUNDS)), key=statistics.median)
            middle = rounds[ROUNDS // 2]
            cuts = [middle[int(len(middle) * share)] for share in (0.5, 0.95, 0.99)]
            print(f"{path:<20} {cuts[0]:>7.1f} {cuts[1]:>7.1f} {cuts[2]:>7.1f}")
    finally:
        service.terminate()
        service.wait(20)


if __name__ == "__main__":
    main()
