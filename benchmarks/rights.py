"""Seconds of what a client may ask and of what keeps a term: access report, erasure, retention, backup and restore.

    .venv/bin/python -m benchmarks.rights [HOME]     HOME: a home with lists, as `weegschaal demo` makes; one is made
                                                     otherwise. It is copied first and stays as it is.

The access report is made of ten clients who stand on a list, as JSON and as PDF; the slowest counts (aim: a minute).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.erasure import KeptError
from enforcement.identity import Vault
from enforcement.settings import Settings
from enforcement.tables import Case
from pipelines.backup import backup, restore
from pipelines.demo import demo
from pipelines.erasing import erase
from pipelines.lake import Lake
from pipelines.retaining import retain
from pipelines.rights import access_report, write_pdf
from pipelines.steps import unseen

CLIENTS = 1500
ASKING = 10


def settings_of(home: Path) -> Settings:
    return Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", demo=True)


def clients(settings: Settings, many: int) -> list[str]:
    """Citizen service numbers of clients on a list; simulated ones."""
    lake = Lake(settings)
    with reading(engine_of(settings.database)) as session:
        cases = session.scalars(select(Case.id).order_by(Case.position).limit(many)).all()
    files = [str(path) for path in lake.parts()["benefits"]]
    rows = duckdb.execute(
        "SELECT DISTINCT person_id FROM read_parquet(?) WHERE role = 'client' AND list_contains(?, case_id)",
        [files, list(cases)],
    ).fetchall()
    vault = Vault(lake.engine, lake.keys, log=lambda **_: None)
    known = vault.reveal([person for (person,) in rows], "benchmark", "benchmark")
    numbers = [[name for name in one["names"] if len(name) == 9 and name.isdigit()] for one in known.values()]
    return [names[0] for names in numbers if names][:many]


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def refused(settings: Settings, bsn: str) -> None:
    try:
        erase(settings, bsn, "benchmark")
    except KeptError:
        return
    raise RuntimeError("a client with a running benefit was erased")


def measure(settings: Settings, folder: Path) -> list[tuple[str, float]]:
    asking = clients(settings, ASKING)
    reports: list[dict[str, Any]] = []
    told = [seconds(lambda bsn=bsn: reports.append(access_report(settings, bsn, "benchmark"))) for bsn in asking]  # type: ignore[misc]
    printed = [seconds(lambda one=one: write_pdf(one, folder / "report.pdf")) for one in reports]  # type: ignore[misc]
    fresh = settings_of(folder / "restored")
    fresh.home.mkdir()
    return [
        (f"access report, slowest of {len(asking)}", max(told)),
        ("the same on paper, slowest", max(printed)),
        ("erasure, looked at and refused", seconds(lambda: refused(settings, asking[0]))),
        ("retention with its proof, nothing due", seconds(lambda: retain(settings))),
        ("backup, the first", seconds(lambda: backup(settings, folder / "backups"))),
        ("restore and verify", seconds(lambda: restore(fresh, folder / "backups"))),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="weegschaal-rights-") as place:
        folder = Path(place)
        home = folder / "home"
        if len(sys.argv) > 1:
            shutil.copytree(sys.argv[1], home)
        else:
            demo(settings_of(home), CLIENTS, 1, unseen)
        print("| what | seconds |\n|---|---|")
        for what, took in measure(settings_of(home), folder):
            print(f"| {what} | {took:.1f} |")


if __name__ == "__main__":
    main()
