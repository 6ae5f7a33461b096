"""A small world for parity, made by one engine or the other; run as a program it makes some of each kind of it.

`python -m tests.features.sparkworld FOLDER` reads FOLDER/lake and FOLDER/outcomes.parquet, and writes FOLDER/made-*:
circumstances of the cases, clusters, components, and what the contract's checks say, on the chosen engine.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.circumstances import circumstances
from features.matrix import build, case_members, cases_on
from features.relations.clusters import clusters
from features.relations.components import components_in_sql
from features.relations.edges import edges
from features.stages import Stages
from tests.features.builders import SmallLake, ages_table, cases_table, client
from tests.features.randomlake import AS_OF, BANDS, CASES, PEOPLE, client_of, households
from tests.pipelines.oddrows import said_of

DATES = [(AS_OF - dt.timedelta(days=back)).isoformat() for back in (-100, 0, 150, 300, 450, 600, 700, 800)]
FAMILY_CASE, MOTHER, FATHER, SON = 9, 150, 151, 152
AGES = ages_table(
    {person: BANDS[person % len(BANDS)] for person in PEOPLE}
    | {client_of(case): "27-63" for case in CASES}
    | dict.fromkeys((MOTHER, FATHER, SON), "27-63"),
    *DATES,
)
CASES_ASKED = cases_table([*CASES, FAMILY_CASE], *DATES)


def small_lake(folder: Path) -> dict[str, list[Path]]:
    """Random households in three parts each, and by hand what chance does not make."""
    lake = SmallLake(folder)
    records = households(random.Random(2), 1200)
    for place, (contract, values) in enumerate(records):
        lake.add(contract, **values)
        if place % (len(records) // 3) == 0:
            lake.part()
    client(lake, FAMILY_CASE, MOTHER, start="2023-05-01", norm="couple")
    for person in (MOTHER, FATHER, SON):
        lake.add("stays", person_id=person, address_id=600, certainty="resident", start="2023-06-01")
    bond = {"relation": "partner", "other_id": FATHER, "start": "2010-01-01", "end": "2024-06-01"}
    lake.add("kinships", person_id=MOTHER, **bond)
    lake.add("kinships", person_id=MOTHER, relation="child", other_id=SON, start="2012-01-01")
    lake.add("kinships", person_id=SON, relation="parent", other_id=FATHER, start="2012-01-01")
    unknown = {"person_id": client_of(1), "certainty": "resident", "unknown": True, "start": "2025-06-01"}
    lake.add("stays", **unknown)
    for period, norm in (("202501", 97790), ("202503", 136906)):
        paid = {"case_id": FAMILY_CASE, "person_id": MOTHER, "month": "2025-01-01", "period": period}
        lake.add("payments", **paid, norm_cents=norm, paid_cents=norm, exempt_income_cents=5000)
    lake.add("payments", case_id=FAMILY_CASE, person_id=MOTHER, month="2025-02-01", period="202502", norm_cents=90000)
    return lake.parts()


def everything(parts: dict[str, list[Path]], folder: Path) -> dict[str, pa.Table]:
    """Each table that the stages make, by name."""
    folder.mkdir(parents=True)
    days = [dt.date.fromisoformat(date) for date in DATES]
    members = case_members(parts, CASES_ASKED, folder)
    on_day = members.filter(pc.equal(members["as_of"], pa.scalar(AS_OF)))
    found: Any = clusters(parts, on_day, AS_OF, folder)
    return {
        "cases": cases_on(parts, days, folder, AGES),
        "members": members,
        "circumstances": circumstances(parts, members, folder),
        "matrix": pq.read_table(build(parts, CASES_ASKED, AGES, folder).path),
        "clusters": pa.table({"case_id": list(found), "cluster": list(found.values())}),
        "edges": pq.read_table(edges(parts, AS_OF, folder)),
        "components": tied(folder),
    }


def some_of_each(parts: dict[str, list[Path]], stock: Path, folder: Path) -> dict[str, pa.Table]:
    """Few stages of each kind: they read the lake, join, take the known version, go round until they rest, and check a
    stock file by its contract."""
    folder.mkdir(parents=True, exist_ok=True)
    members = case_members(parts, CASES_ASKED, folder)
    return {
        "circumstances": circumstances(parts, members, folder),
        "components": tied(folder),
        **said_of(stock, folder),
    }


def tied(folder: Path) -> pa.Table:
    """Components of a path, a star and a loop, by SQL."""
    ties = pa.table({"left": [5, 4, 3, 2, 60, 60, 60, 7], "right": [4, 3, 2, 1, 61, 62, 63, 7]})
    with Stages(folder / "stages-tied", {}) as stages:
        return stages.arrow(components_in_sql(stages, stages.given("given", ties))).sort_by("node")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    lake: dict[str, list[Path]] = {}
    for path in sorted((folder / "lake").glob("*.parquet")):
        lake.setdefault(path.name.rpartition("-")[0], []).append(path)
    for name, rows in some_of_each(lake, folder / "outcomes.parquet", folder / "there").items():
        pq.write_table(rows, folder / f"made-{name}.parquet")
