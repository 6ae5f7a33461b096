"""The demonstration: a simulated province, all the way from its deliveries to the worklists."""

from __future__ import annotations

import datetime as dt
from typing import Any

from enforcement.settings import Settings
from pipelines.deliveries import simulate
from pipelines.ingest import ingest
from pipelines.learning import train
from pipelines.province.world import AS_OF
from pipelines.ranking import score, select, set_up_demo
from pipelines.steps import Show, Tally, fingerprint, once


def demo(settings: Settings, clients: int, seed: int, show: Show) -> dict[str, Any]:
    """Everything up to the worklists, going on where it stopped: {as_of, draws}."""
    made = simulate(settings, clients, seed, show)

    def work(tally: Tally) -> dict[str, Any]:
        reports = ingest(settings, [settings.deliveries], seed=seed)
        tally.rows = sum(sum(one.records.values()) for one in reports)
        statuses = [one.status for one in reports]
        return {status: statuses.count(status) for status in sorted(set(statuses))}

    once(settings, "ingest", fingerprint(made["rows"], clients, seed), show, work)
    day: dt.date = AS_OF
    train(settings, day, seed, show)
    scored = score(settings, day, show)
    set_up_demo(settings, scored)
    return select(settings, day, show)
