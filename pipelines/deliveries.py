"""Deliveries come about: simulated ones are written, and any are brought in, each as a step that is shown."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from enforcement.settings import Settings
from pipelines import province
from pipelines.ingest import ingest
from pipelines.sources.postgres import unload
from pipelines.steps import Show, Tally, fingerprint, once


def simulate(settings: Settings, clients: int, seed: int, show: Show, *, no_signal: bool = False) -> dict[str, Any]:
    """Write the province below settings.deliveries, its truth below settings.truth: {folder, clients, people, rows,
    messages, comparison}.

    An interrupted simulation is begun anew: what was half written is removed first.
    """

    def work(tally: Tally) -> dict[str, Any]:
        for folder in (settings.deliveries, settings.truth):
            shutil.rmtree(folder, ignore_errors=True)
        summary = province.simulate(settings.deliveries, settings.truth, clients, seed, no_signal=no_signal)
        tally.rows = sum(summary.rows.values())
        return {
            "folder": str(settings.deliveries),
            "clients": summary.clients,
            "people": summary.people,
            "rows": summary.rows,
            "messages": summary.messages,
            "comparison": [_beside(one) for one in summary.figures],
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


def bring_from_database(
    settings: Settings, url: str, tables: Mapping[str, str], municipality: str | None, show: Show
) -> dict[str, Any]:
    """Ingest tables of a PostgreSQL ({contract: table}): {"files": [one report each]}. What was unloaded is removed.

    Raises RefusedError when the database or a table is not as it should be; nothing is published then.
    """
    folder = settings.home / "unloaded"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with show("unload"):
            unload(url, tables, folder)
        return bring_in(settings, [folder], None, municipality, show)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(figure: province.Figure) -> dict[str, Any]:
    return {
        "figure": figure.name,
        "unit": figure.unit,
        "simulated": round(figure.simulated, 2),
        "published": f"{figure.low:g}" if figure.low == figure.high else f"{figure.low:g} to {figure.high:g}",
        "source": figure.source,
    }
