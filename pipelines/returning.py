"""Approved outcomes return where all records come from: as a delivery of contract 11, in our own CSV.

So a label reaches the next training only after a second person approved it, and an outcome that an objection overturned
comes as a later version of the same record. Delivered twice, nothing changes.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy import select as sql_select

from enforcement import audit
from enforcement.clock import shown
from enforcement.database import engine_of, reading, writing
from enforcement.findings import approved_outcomes
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Draw, Finding, Step
from enforcement.tenants import within
from pipelines.ingest import ingest
from pipelines.sources.outcomes import FORMAT
from pipelines.steps import Show

OVERLAP = dt.timedelta(hours=1)
"""looked at again each time: what was approved before the last look may have been committed after it"""
PURPOSE = "outcomes return to the lake"


def return_outcomes(settings: Settings, show: Show, now: dt.datetime | None = None) -> dict[str, Any]:
    """Deliver what was approved or overturned since the last time: {"outcomes": N, "files": [one report each]}."""
    engine = engine_of(settings.database)
    moment = now or dt.datetime.now(dt.UTC)
    delivered = 0
    reports: list[dict[str, Any]] = []
    with reading(engine) as session:
        towns = sorted(session.scalars(sql_select(Draw.municipality).distinct()))
    with show("outcomes") as tally:
        for town in towns:
            rows = _since_last(settings, engine, town)
            if rows:
                path = _written(settings.deliveries / "outcomes", town, rows, moment)
                reports += [one.as_json() for one in ingest(settings, [path], source="outcomes", municipality=town)]
                delivered += len(rows)
            _remember(engine, town, moment, len(rows))
        tally.rows = delivered
    return {"outcomes": delivered, "files": reports}


def _since_last(settings: Settings, engine: Engine, town: str) -> list[dict[str, Any]]:
    with reading(engine) as session:
        last = session.get(Step, _step(town))
        since = shown(last.finished_at) - OVERLAP if last else dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
        cases = session.scalars(
            sql_select(Finding.case_id).where(within(Finding, town), Finding.state == "approved").distinct()
        ).all()
        if not approved_outcomes(session, town, since, str):
            return []

    def logged(*, actor: str, purpose: str, ids: Iterable[int]) -> None:
        with writing(engine) as session:
            count = {"cases": len(list(ids))}
            audit.append(session, town, actor, "service", "outcomes_delivered", f"municipality:{town}", purpose, count)

    vault = Vault(engine, Keys.read(settings.keys, create=False), log=logged)
    known = vault.reveal(cases, PURPOSE, "system")
    with reading(engine) as session:
        return approved_outcomes(session, town, since, lambda case: str(known[case]["names"][0]))


def _written(folder: Path, town: str, rows: Sequence[Mapping[str, Any]], moment: dt.datetime) -> Path:
    """The delivery, whole or not at all; readable by its owner only."""
    columns = [name for name in (*FORMAT.needed, *FORMAT.optional) if name in rows[0]]
    text = io.StringIO()
    text.write(f"# weegschaal outcomes version={FORMAT.version} municipality={town}\n")
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_word(row[name]) for name in columns] for row in rows)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{town}-{moment:%Y%m%dT%H%M%S}.csv"
    aside = path.with_suffix(".part")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text.getvalue())
        out.flush()
        os.fsync(out.fileno())
    aside.replace(path)
    return path


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _remember(engine: Engine, town: str, moment: dt.datetime, rows: int) -> None:
    with writing(engine) as session:
        session.merge(
            Step(
                name=_step(town),
                input_sha256="",
                rows=rows,
                seconds=0.0,
                finished_at=moment.replace(tzinfo=None),
                result={},
            )
        )


def _step(town: str) -> str:
    return f"outcomes {town}"
