"""Training stops on a feature that a kept audit showed to be a proxy and that no mandate justifies (R9)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from enforcement import audits
from enforcement.database import engine_of, reading
from enforcement.mandate import in_force
from enforcement.settings import Settings
from enforcement.tables import FairnessAudit
from models.proxies import Proxy, refuse


def refuse_proxies(settings: Settings, names: Sequence[str]) -> None:
    """Raises ProxyRefusedError when a feature of `names` told a protected attribute above the limit in the newest audit
    of a municipality, and its mandate does not justify it (R9). Reads kept aggregates only: training may call it."""
    found: list[Proxy] = []
    with reading(engine_of(settings.database)) as session:
        for town in session.scalars(select(FairnessAudit.municipality).distinct().order_by(FairnessAudit.municipality)):
            kept = audits.latest_audit(session, town)
            justified = in_force(session, town)[1].justified
            found += [
                Proxy(**one)
                for one in (kept.document.get("proxies", []) if kept else [])
                if one["feature"] in names and one["feature"] not in justified
            ]
    refuse(found)
