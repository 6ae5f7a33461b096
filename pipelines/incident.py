"""A discrimination incident: the model is frozen, what is needed to find out is preserved, who must be told is named.

AI Act 73, and 26(5) for the municipalities (R31). In this order, because every minute a list may be worked on: first
the ranking goes off everywhere, then a legal hold on every case that was chosen because of the model, so that no term
deletes what an inquiry needs, and then the model's papers, which say so. The report holds case numbers, hashes and
dates; no names.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from sqlalchemy import select

from enforcement import holds
from enforcement.access import Purpose
from enforcement.database import engine_of, reading, writing
from enforcement.settings import Settings
from enforcement.tables import Case, Event, Run
from enforcement.tenants import within
from pipelines.documents import build
from pipelines.promotion import freeze
from pipelines.rights import operator

LATEST = dt.timedelta(days=15)
"""after the provider knew, at the latest, the market surveillance authority is told (AI Act 73(2)); at once when a
person died or an infringement is widespread: 73(3) and (4)"""


def handle(settings: Settings, version: str, reason: str, now: dt.datetime | None = None) -> dict[str, Any]:
    """Freeze a version and preserve what an inquiry needs: {"version", "reason", "municipalities", "preserved", "tell",
    "frozen_after", "seconds"}; times are seconds. A second time nothing is held twice.

    Raises LookupError for an unknown version, RefusedError without a reason or when no list was ever made with it.
    """
    started, moment = time.monotonic(), now or dt.datetime.now(dt.UTC)
    frozen = freeze(settings, version, reason)
    frozen_after = round(time.monotonic() - started, 1)
    engine = engine_of(settings.database)
    with reading(engine) as session:
        runs = session.scalars(select(Run).where(Run.model_version == version).order_by(Run.as_of)).all()
        evidence = [
            {
                "run": run.id,
                "as_of": run.as_of.isoformat(),
                "model_sha256": run.model_sha256,
                "matrix_sha256": run.matrix_sha256,
            }
            for run in runs
        ]
    towns = []
    for row in frozen["municipalities"]:
        town = row["municipality"]
        numbers, held = _preserved(
            settings, town, row["listed_for_risk"], f"Incident, model {version}: {reason}", moment
        )
        towns.append(row | {"cases": numbers, "held": held, "log": _head(settings, town)})
    build(settings, version)
    return {
        "version": version,
        "reason": reason,
        "municipalities": towns,
        "preserved": {"runs": evidence, "backup": "make one now, and keep it apart from those that expire"},
        "tell": _tell(moment, [row["municipality"] for row in towns]),
        "frozen_after": frozen_after,
        "seconds": round(time.monotonic() - started, 1),
    }


def _preserved(settings: Settings, town: str, cases: list[int], reason: str, now: dt.datetime) -> tuple[list[str], int]:
    """Numbers of the cases, and how many came under a legal hold now."""
    engine, viewer = engine_of(settings.database), operator(town, Purpose.SUPERVISION)
    with writing(engine) as session:
        there = {case for case, held in holds.held_cases(session, town, now).items() if held.reason == reason.strip()}
        for case in sorted(set(cases) - there):
            holds.hold(session, viewer, case, reason, now)
        query = select(Case.number).where(within(Case, town), Case.id.in_(cases)).order_by(Case.number)
        return list(session.scalars(query)), len(set(cases) - there)


def _head(settings: Settings, town: str) -> dict[str, Any]:
    """The last entry of the municipality's log: what came before cannot be bent without being seen."""
    with reading(engine_of(settings.database)) as session:
        last = session.scalars(select(Event).where(within(Event, town)).order_by(Event.number.desc()).limit(1)).one()
        return {"number": last.number, "hash": last.hash}


def _tell(now: dt.datetime, towns: list[str]) -> list[dict[str, str]]:
    """Who is told what, and by when."""
    day = (now + LATEST).date().isoformat()
    return [
        {"who": "market surveillance authority, by the provider (AI Act 73)", "what": "this report", "by": day},
        {
            "who": f"the municipalities {', '.join(towns)}, each its own deployer (AI Act 26(5))",
            "what": "its part of this report; its ranking is off",
            "by": now.date().isoformat(),
        },
        {
            "who": "the data protection officer of each municipality",
            "what": "its part of this report, to judge GDPR 33 and 34",
            "by": (now + dt.timedelta(hours=72)).date().isoformat(),
        },
        {
            "who": "the clients of the cases that are named",
            "what": "a letter by their municipality; `weegschaal notice CASE` says how they were chosen",
            "by": "when the municipality has judged it",
        },
    ]
