"""What training reads of kept audits: proxies nobody justified, on which it stops (R9), and weights handed over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from enforcement import audits
from enforcement.database import engine_of, reading
from enforcement.mandate import in_force
from enforcement.settings import Settings
from enforcement.tables import FairnessAudit
from models.proxies import Proxy, refuse
from models.reweighing import CellWeights


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


def weights_of_audits(settings: Settings, today: dt.date) -> tuple[CellWeights, ...]:
    """The weights that the newest audit of each municipality hands over under the mandate in force. Raises LookupError
    when none does."""
    found = []
    with reading(engine_of(settings.database)) as session:
        for town in session.scalars(select(FairnessAudit.municipality).distinct().order_by(FairnessAudit.municipality)):
            kept = audits.latest_audit(session, town)
            given = kept.document.get("reweighing", {}) if kept and kept.fresh(today) else {}
            if "weights" in given and in_force(session, town)[1].reweigh == given["attribute"]:
                found.append(CellWeights.of(given))
    if not found:
        raise LookupError(
            "no audit of the last 90 days hands over weights; a manager asks for them with `weegschaal mandate ... "
            "--reweigh ATTRIBUTE`, and `weegschaal audit` makes them"
        )
    return tuple(found)
