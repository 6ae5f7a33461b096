"""Several processes on one port: together they are one service, with one count and one that seals the log."""

from __future__ import annotations

import dataclasses
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.app import create_app
from api.limits import Limits
from enforcement.settings import Settings
from tests.api.builders import fill
from tests.databases import on_sqlite

ASKED = 24


def ask(port: int, path: str) -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", path)
    answer = line.getresponse()
    return answer.status, answer.read().decode()


@on_sqlite
@pytest.mark.slow
def test_two_processes_count_together(tmp_path: Path) -> None:
    fill(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(Path(sys.executable).with_name("weegschaal")), "serve", "--workers", "2", "--port", str(port)]
    service = subprocess.Popen(command, env=os.environ | {"WEEGSCHAAL_HOME": str(tmp_path)}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(240):
            time.sleep(0.25)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0 and ask(port, "/ready")[0] == 200:
                    break
        assert [ask(port, "/api/v1/session")[0] for _ in range(ASKED)] == [401] * ASKED
        told = [ask(port, "/metrics")[1] for _ in range(4)]
    finally:
        service.terminate()
        service.wait(30)
    pattern = r'weegschaal_requests_total\{method="GET",route="/api/v1/session",status="401"\} (\d+)'
    assert [int(float(found[1])) for found in (re.search(pattern, one) for one in told) if found] == [ASKED] * 4


def test_processes_share_what_may_be_worked_on_at_once(made_up: Settings) -> None:
    app = create_app(dataclasses.replace(made_up, at_once=65, workers=2))
    limits = next(one for one in app.user_middleware if getattr(one.cls, "__name__", "") == Limits.__name__)
    assert limits.args[1] == 33
