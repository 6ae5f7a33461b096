"""People whose last benefit ended longer ago than the archive's years and of whom nothing came since (Archiefwet 3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from enforcement.database import reading
from enforcement.exemptions import months_before
from enforcement.keys import KeyFileError
from enforcement.retention import kept_cases
from enforcement.settings import Settings
from features.records import CONTRACTS
from pipelines.about_person import Whole, columns_of
from pipelines.erasing import taken_out
from pipelines.lake import Lake
from pipelines.resolving import merged
from pipelines.staging import quoted


def ended_benefits(settings: Settings, years: int, now: dt.datetime) -> Whole:
    """Everyone whose last benefit ended longer ago than the archive's years and of whom nothing was delivered since,
    with the dossiers that are nobody else's. Who is held, disputes something or stands on a list is not among them."""
    lake = Lake(settings)
    before = months_before(now.date(), 12 * years)
    files = ", ".join(quoted(path) for path in lake.parts().get("benefits", []))
    nobody = Whole(frozenset(), {}, frozenset(), frozenset())
    if not files:
        return nobody
    with lake.connection() as connection:
        rows = connection.execute(
            "SELECT case_id, municipality, person_id, max(until) FROM (SELECT case_id, municipality, person_id, "
            "CASE WHEN last.withdrawn THEN last.known_at::DATE ELSE coalesce(last.end_latest, DATE '9999-12-31') END "
            "AS until FROM (SELECT case_id, municipality, person_id, arg_max(held, known_at) AS last "
            f"FROM read_parquet([{files}]) AS held "
            "GROUP BY case_id, municipality, person_id, role, start_earliest)) GROUP BY ALL"
        ).fetchall()
        if not any(until < before for *_, until in rows):
            return nobody
        with reading(lake.engine) as session:
            towns = {town for _, town, _, _ in rows}
            kept = {case for town in towns for case in kept_cases(session, town, now)}
        same = merged(settings)
        running = {case for case, _, _, until in rows if until >= before} | kept
        busy = {same.get(person, person) for case, _, person, _ in rows if case in running}
        ended = {person for *_, person, _ in rows if same.get(person, person) not in busy}
        ended -= _spoken_of(lake, connection, ended, before)
        shared = {case for case, _, person, _ in rows if person not in ended}
        cases = {case: town for case, town, person, _ in rows if person in ended and case not in shared}
        lists = _lists_of(lake, connection, ended)
    return Whole(frozenset(ended), cases, lists, frozenset())


def end_of_benefit(settings: Settings, years: int, now: dt.datetime) -> dict[str, Any]:
    """Take out everyone whose archive term ended after their last benefit: counts; nothing when there is nobody."""
    ended = ended_benefits(settings, years, now)
    if not ended.persons:
        return {"persons": 0}
    rule = f"Archiefwet 3: {years} years after the last benefit"
    try:
        gone, _ = taken_out(settings, Lake(settings), ended, ended, "archive_ended", "system", rule, now, {})
    except KeyFileError as error:
        return {"persons": 0, "waits_for": str(error)}
    return {"persons": len(ended.persons)} | gone


def _spoken_of(lake: Lake, connection: Any, persons: set[int], since: dt.date) -> set[int]:
    """Those of whom some contract was delivered since the day."""
    found: set[int] = set()
    for name, paths in lake.parts().items():
        files = ", ".join(quoted(path) for path in paths)
        for column in columns_of(CONTRACTS[name], "person"):
            rows = connection.execute(
                f"SELECT DISTINCT {column} FROM read_parquet([{files}]) "
                f"WHERE known_at >= DATE '{since.isoformat()}' AND {column} IS NOT NULL"
            ).fetchall()
            found |= {person for (person,) in rows} & persons
    return found


def _lists_of(lake: Lake, connection: Any, persons: set[int]) -> frozenset[int]:
    files = ", ".join(quoted(path) for path in lake.parts().get("persons", []))
    if not files or not persons:
        return frozenset()
    numbers = ", ".join(map(str, sorted(persons)))
    rows = connection.execute(
        f"SELECT DISTINCT list_id FROM read_parquet([{files}]) WHERE person_id IN ({numbers}) AND list_id IS NOT NULL"
    ).fetchall()
    return frozenset(number for (number,) in rows)
