"""What selection must know of a case on a date, and no feature says: since when, last reviewed, an address, a signal.

It serves the exemptions (R33) and the signal list. Ages and care are sealed and come from elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.known import begun, columns_needed, known, lasting
from features.matrix import Parts
from features.stages import Stages

NOT_FOR_SELECTION = ("detention", "fugitive")
"""Products about criminal data (GDPR 10): facts for ordinary handling, outside every list"""

CIRCUMSTANCES = pa.schema(
    [
        ("case_id", pa.int64()),
        ("municipality", pa.string()),
        ("as_of", pa.date32()),
        ("benefit_since", pa.date32()),
        ("last_review", pa.date32()),
        ("without_address", pa.bool_()),
        ("open_signal", pa.date32()),
    ]
)


def circumstances(parts: Parts, members: pa.Table, folder: Path) -> pa.Table:
    """One row per case and date of `members` (case_id, municipality, as_of, person_id, role), in CIRCUMSTANCES.

    benefit_since: the client's first day, the last possible one when it is partial. last_review: date of the last
    findings, or else of their approval or of the list. without_address: no client has a known home address in the
    country. open_signal: date of the oldest open signal of the Inlichtingenbureau about a client or partner. Empty
    where there is none.
    """
    latest = pc.max(members["as_of"]).as_py()
    with Stages(folder / "stages-circumstances", parts) as stages:
        people = stages.given("people", members)
        adults = stages.keep("adults", people.filter(people.role.isin(("client", "partner"))))
        cases = stages.keep("cases", people.select("case_id", "municipality", "as_of").distinct())
        made = cases
        for facts in (
            _since(stages, cases, latest),
            _reviewed(stages, cases, latest),
            _housed(stages, adults, latest),
            _signalled(stages, adults, latest),
        ):
            made = made.left_join(facts, ["case_id", "as_of"]).drop("case_id_right", "as_of_right")
        made = made.mutate(without_address=~made.housed.fill_null(False)).select(*CIRCUMSTANCES.names)
        found = stages.arrow(made)
    return found.cast(CIRCUMSTANCES).sort_by([("as_of", "ascending"), ("case_id", "ascending")])


def _records(stages: Stages, contract: str, columns: tuple[str, ...], reach: Any, on: str, latest: Any) -> Any:
    needed = columns_needed(contract, columns)
    return stages.keep(f"known_{contract}", known(stages, stages.lake(contract, needed), contract, reach, on, latest))


def _since(stages: Stages, cases: Any, latest: Any) -> Any:
    rows = _records(stages, "benefits", ("start_latest", "end_latest"), cases, "case_id", latest)
    running = rows.filter((rows.role == "client") & lasting(rows.end_latest, rows.as_of))
    return running.group_by("case_id", "as_of").aggregate(benefit_since=running.start_latest.max())


def _reviewed(stages: Stages, cases: Any, latest: Any) -> Any:
    rows = _records(stages, "outcomes", ("approved", "closed", "selected"), cases, "case_id", latest)
    # Earlier reviews come without the day of the findings now and then; that they were held is what counts (R33, R37).
    day = rows.closed.coalesce(rows.approved, rows.selected)
    return rows.group_by("case_id", "as_of").aggregate(last_review=day.max())


def _housed(stages: Stages, adults: Any, latest: Any) -> Any:
    columns = ("start_latest", "end_earliest", "certainty", "function", "abroad", "unknown")
    rows = _records(stages, "stays", columns, adults, "person_id", latest)
    at_home = (
        begun(rows.start_latest, rows.as_of)
        & (rows.end_earliest.isnull() | (rows.end_earliest > rows.as_of))
        & (rows.certainty == "resident")
        & (rows.function.fill_null("W") != "B")
        & ~rows.abroad.fill_null(False)
        & ~rows.unknown.fill_null(False)
        & rows.address_id.notnull()
    )
    homes = rows.filter(at_home).select("person_id", "as_of").distinct()
    joined = adults.join(homes, ["person_id", "as_of"])
    return joined.select("case_id", "as_of").distinct().mutate(housed=True)


def _signalled(stages: Stages, adults: Any, latest: Any) -> Any:
    rows = _records(stages, "signals", ("issued_earliest", "state"), adults, "person_id", latest)
    open_ones = rows.filter((rows.state.fill_null("open") == "open") & ~rows["product"].isin(NOT_FOR_SELECTION))
    joined = adults.join(open_ones.drop("municipality"), ["person_id", "as_of"])
    return joined.group_by("case_id", "as_of").aggregate(open_signal=joined.issued_earliest.min())
