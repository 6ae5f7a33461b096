"""The leakage checker on what a training would learn from: the reviewed cases as of their lists, and their splits."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from enforcement.settings import Settings
from features.catalogue import CATALOGUE
from models.dataset import gather, latest_outcomes, rolling_origin
from models.leakage import find
from pipelines.lake import Lake, newest_date
from pipelines.learning import cluster_cases, matrix_for, reviewed_cases
from pipelines.steps import Show


def leaks(settings: Settings, until: dt.date | None, show: Show) -> dict[str, Any]:
    """{until, rows, features, leaks: [{kind, where, why}]}. Raises ValueError without outcomes to learn from."""
    lake = Lake(settings)
    day = until or newest_date(lake)
    parts = lake.parts()
    outcomes = latest_outcomes(parts.get("outcomes", []), day)
    if not outcomes.num_rows:
        raise ValueError("there are no review outcomes to learn from; ingest them first (contract outcomes)")
    with show("look for leaks") as tally:
        matrix = matrix_for(settings, reviewed_cases(outcomes, day), parts, f"leaks-{day.isoformat()}")
        clusters = cluster_cases(settings, parts, outcomes, day)
        examples = gather(matrix.path, outcomes, until=day, clusters=clusters).examples
        fills = {name: CATALOGUE[name].fill for name in examples.names}
        found = find(examples, rolling_origin(examples), fills=fills)
        tally.rows = len(examples)
    return {
        "until": day.isoformat(),
        "rows": len(examples),
        "features": len(examples.names),
        "leaks": [asdict(one) for one in found],
    }
