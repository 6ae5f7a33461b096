"""How old each source is: the day its last delivery came in, whether or not it brought anything new (R37)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Delivery
from features.records import CONTRACTS
from pipelines.arrivals import NOBODY


def delivered(settings: Settings, as_of: dt.date) -> dict[tuple[str, str], dt.date]:
    """(municipality, contract) -> day of the last published delivery before the date. Absent: never delivered."""
    midnight = dt.datetime.combine(as_of, dt.time())
    query = select(Delivery.municipality, Delivery.received_at, Delivery.report).where(
        Delivery.status == "published", Delivery.received_at < midnight
    )
    last: dict[tuple[str, str], dt.date] = {}
    with reading(engine_of(settings.database)) as session:
        for municipality, received, report in session.execute(query):
            for contract in report["records"]:
                key = (municipality, contract)
                last[key] = max(last.get(key, received.date()), received.date())
    return last


def checked(
    last: Mapping[tuple[str, str], dt.date], needed: Mapping[str, int], municipalities: Iterable[str], as_of: dt.date
) -> dict[str, Any]:
    """Per contract {"source", "known"}: of the municipality that is furthest behind.

    last: as `delivered`. needed: contract -> greatest age in days. A delivery for no municipality in particular counts
    for all. Raises ValueError that names every source that is missing or older than it may be.
    """
    towns = sorted(municipalities)
    found: dict[str, Any] = {}
    wrong = []
    for contract, max_age in sorted(needed.items()):
        days = {town: last.get((town, contract), last.get((NOBODY, contract))) for town in towns}
        if absent := [town for town, day in days.items() if day is None]:
            wrong.append(f"{contract} never came for {', '.join(absent)}")
            continue
        town, oldest = min(((town, day) for town, day in days.items() if day), key=lambda one: (one[1], one[0]))
        if (as_of - oldest).days > max_age:
            wrong.append(f"{contract} last came for {town} on {oldest}, more than {max_age} days ago")
        found[contract] = {"source": CONTRACTS[contract].source, "known": oldest.isoformat()}
    if wrong:
        raise ValueError(
            f"a missing or old delivery is never read as nothing there: {'; '.join(wrong)}. Ingest it, then score again"
        )
    return found
