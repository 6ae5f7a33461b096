"""The whole road on a small province: how it is made, for every test that needs one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from enforcement.settings import Settings

CLIENTS = "600"

Province = tuple[Settings, dict[str, Any]]


def start(home: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "weegschaal", *words],
        env=os.environ | {"WEEGSCHAAL_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def demo(home: Path) -> dict[str, Any]:
    process = start(home, "demo", "--clients", CLIENTS, "--seed", "3", "--no-serve", "--json")
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


def settings_of(home: Path) -> Settings:
    return Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", demo=True)
