"""What there is: formats and contracts, features, records in the lake, steps done, worklists composed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as sql_select

from enforcement import audit
from enforcement.database import engine_of, reading, writing
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Draw, Part, Quarantine, Step
from features.catalogue import listing
from features.records import CONTRACTS, contract_named
from pipelines.freshness import delivered
from pipelines.lake import Lake
from pipelines.sources import READERS


def sources(settings: Settings) -> dict[str, Any]:
    """{"sources": formats that can be read, "contracts": what they give, with columns, legal basis, budget}."""
    budgets = settings.error_budgets
    formats = [{"source": one.SOURCE, "reads": (one.__doc__ or "").strip().split("\n")[0]} for one in READERS.values()]
    contracts = [
        {
            "contract": one.name,
            "number": one.number,
            "about": one.title,
            "source": one.source,
            "key": ", ".join(one.key),
            "legal_basis": one.legal_basis,
            "purpose": one.purpose,
            "max_age_days": one.max_age_days,
            "error_budget": budgets.get(one.name, one.error_budget),
            "columns": [
                {"name": column.name, "type": column.type, "meaning": column.about.meaning}
                for column in one.delivered_columns
            ],
        }
        for one in CONTRACTS.values()
    ]
    return {"sources": formats, "contracts": contracts}


def catalogue(settings: Settings) -> list[dict[str, Any]]:
    """Every feature with its whole declaration; `lineage` says per contract also the day of its newest delivery, None
    where there is none."""
    newest: dict[str, dt.date] = {}
    for (_, contract), day in delivered(settings, dt.date.max).items():
        newest[contract] = max(newest.get(contract, day), day)
    rows = listing()
    for row in rows:
        for one in row["lineage"]:
            last = newest.get(one["contract"])
            one["newest"] = None if last is None else last.isoformat()
    return rows


def records(
    settings: Settings,
    contract: str,
    where: dict[str, str],
    limit: int,
    reveal: str | None,
    actor: str = "command line",
) -> dict[str, Any]:
    """Rows of one contract, newest first: {"contract", "records"}. With `reveal` the purpose is logged in the chain of
    each municipality concerned before an identity is shown. Raises KeyError for an unknown contract or field."""
    contract_named(contract)
    rows = Lake(settings).rows(contract, where, limit)
    if reveal is not None:
        rows = _revealed(settings, contract, rows, reveal, actor)
    return {"contract": contract, "records": rows}


def _revealed(
    settings: Settings, contract: str, rows: list[dict[str, Any]], purpose: str, actor: str
) -> list[dict[str, Any]]:
    engine = engine_of(settings.database)
    towns = sorted({row["municipality"] for row in rows})

    def log(*, actor: str, purpose: str, ids: Sequence[int]) -> None:
        with writing(engine) as session:
            for town in towns:
                details = {"identities": len(ids), "rows": len(rows)}
                audit.append(session, town, actor, "operator", "identity_revealed", contract, purpose, details)

    vault = Vault(engine, Keys.read(settings.keys), log=log)
    names = [name for name in (rows[0] if rows else {}) if name.endswith("_id")]
    # rows hold these numbers as text, for they pass 2^53
    wanted = {int(row[name]) for row in rows for name in names if row[name] is not None}
    known = {str(number): told for number, told in vault.reveal(wanted, purpose.strip(), actor).items()}
    return [row | {name.removesuffix("_id"): known.get(row[name]) for name in names} for row in rows]


def status(settings: Settings) -> dict[str, Any]:
    """{"lake": rows per contract, "steps": what was done when, "draws": lists, "quarantined": rows withheld}."""
    engine = engine_of(settings.database)
    fresh = Lake(settings).freshness()
    with reading(engine) as session:
        per = session.execute(
            sql_select(Part.contract, func.count(), func.sum(Part.rows)).group_by(Part.contract).order_by(Part.contract)
        ).all()
        withheld = (
            session.scalar(sql_select(func.count()).select_from(Quarantine).where(Quarantine.resolved_at.is_(None)))
            or 0
        )
        steps = session.scalars(sql_select(Step).order_by(Step.finished_at)).all()
        draws = session.scalars(sql_select(Draw).order_by(Draw.as_of, Draw.municipality)).all()
    return {
        "lake": [
            {"contract": name, "parts": parts, "rows": int(rows), "known_until": str(fresh.get(name) or "")}
            for name, parts, rows in per
        ],
        "steps": [
            {
                "step": one.name,
                "rows": one.rows,
                "seconds": round(one.seconds, 1),
                "finished": str(one.finished_at)[:19],
            }
            for one in steps
        ],
        "draws": [
            {"municipality": one.municipality, "as_of": str(one.as_of), "eligible": one.eligible, **_sizes(one.counts)}
            for one in draws
        ],
        "quarantined": withheld,
    }


def _sizes(counts: dict[str, Any]) -> dict[str, int]:
    return {name: counts[name] for name in ("listed", "random", "top_up", "signal", "risk", "blind")}
