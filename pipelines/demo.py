"""The demonstration: a simulated province, all the way from its deliveries to the worklists."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

from enforcement.settings import Settings
from pipelines import province
from pipelines.ingest import ingest
from pipelines.learning import train
from pipelines.province.world import AS_OF
from pipelines.ranking import score, select, set_up_demo
from pipelines.steps import Show, Tally, fingerprint, once


def simulate(settings: Settings, clients: int, seed: int, show: Show, *, no_signal: bool = False) -> dict[str, Any]:
    """Write the province below settings.deliveries, its truth below settings.truth: {folder, files, rows, comparison}.

    An interrupted simulation is begun anew: what was half written is removed first.
    """

    def work(tally: Tally) -> dict[str, Any]:
        for folder in (settings.deliveries, settings.truth):
            shutil.rmtree(folder, ignore_errors=True)
        summary = province.simulate(settings.deliveries, settings.truth, clients, seed, no_signal=no_signal)
        tally.rows = summary.rows
        return {
            "folder": str(settings.deliveries),
            "files": summary.files,
            "rows": summary.rows,
            "comparison": province.table(summary),
        }

    return once(settings, "simulate", fingerprint(clients, seed, no_signal), show, work)


def bring_in(
    settings: Settings,
    paths: list[Path],
    source: str | None,
    municipality: str | None,
    show: Show,
    seed: int | None = None,
) -> dict[str, Any]:
    """Ingest files and folders: {"files": [one report each]}."""
    with show("ingest") as tally:
        reports = ingest(settings, paths, source=source, municipality=municipality, seed=seed)
        tally.rows = sum(sum(one.records.values()) for one in reports)
    return {"files": [one.as_json() for one in reports]}


def demo(settings: Settings, clients: int, seed: int, show: Show) -> dict[str, Any]:
    """Everything up to the worklists, going on where it stopped: {as_of, draws}."""
    made = simulate(settings, clients, seed, show)

    def work(tally: Tally) -> dict[str, Any]:
        reports = ingest(settings, [settings.deliveries], seed=seed)
        tally.rows = sum(sum(one.records.values()) for one in reports)
        statuses = [one.status for one in reports]
        return {status: statuses.count(status) for status in sorted(set(statuses))}

    once(settings, "ingest", fingerprint(made["folder"], made["rows"], clients, seed), show, work)
    day: dt.date = AS_OF
    train(settings, day, seed, show)
    scored = score(settings, day, show)
    set_up_demo(settings, scored)
    return select(settings, day, show)
