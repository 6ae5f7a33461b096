"""Cases on a date become a matrix: one row per case and as-of date, one column per feature of the catalogue.

Same records and ages, same bytes: counts and cents are whole numbers until the end, the rest is rounded before it is
stored, rows are sorted once, and nothing known or valid on or after the as-of date is read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.catalogue import CATALOGUE, usable
from features.declaration import DAYS_A_MONTH, SOURCES, RefusedError, Source
from features.known import columns_needed, days_between, known, lasting
from features.months import month_number
from features.records import CONTRACTS
from features.sight import World
from features.stages import Stages

Parts = Mapping[str, Sequence[Path]]

CASES = pa.schema([("case_id", pa.int64()), ("municipality", pa.string()), ("as_of", pa.date32())])
AGES = pa.schema([("person_id", pa.int64()), ("as_of", pa.date32()), ("band", pa.string())])
MEMBERS = pa.schema(
    [
        ("case_id", pa.int64()),
        ("municipality", pa.string()),
        ("as_of", pa.date32()),
        ("person_id", pa.int64()),
        ("role", pa.string()),
    ]
)
FROM_27 = ("27-63", "64-66", "pension")
"""Bands of people of 27 and older: the age from which a housemate counts (Participatiewet 22a)"""
BLOCKS_A_JOIN = 8
"""blocks joined to the cases in one stage: fewer stages to write, without one plan that holds them all"""
ROLES = {"client": 0, "partner": 1, "child": 2}


@dataclass(frozen=True)
class Matrix:
    """A built matrix. `names` are the feature columns in order; `sha256` is that of the file."""

    path: Path
    sha256: str
    names: tuple[str, ...]
    rows: int


def cases_on(parts: Parts, dates: Sequence[dt.date], folder: Path, ages: pa.Table | None = None) -> pa.Table:
    """The cases with a benefit that runs on each date, as known before it: case_id, municipality, as_of, sorted.

    With `ages`, cases whose client or partner is a minor on the date are left out (R25); `build` always does so.
    """
    with Stages(folder / "stages-cases", parts) as stages:
        latest = max(dates)
        running = _running(stages, _every_case(stages, dates), latest)
        clients = running.filter(running.role == "client")
        if ages is not None:
            clients = _without_minors(running, stages.given("ages", ages.cast(AGES)))
        found = stages.arrow(clients.select("case_id", "municipality", "as_of").distinct())
    return found.cast(CASES).sort_by([("as_of", "ascending"), ("case_id", "ascending")])


def case_members(parts: Parts, cases: pa.Table, folder: Path) -> pa.Table:
    """Who belongs to each case on its date, in MEMBERS; a person once per case."""
    with Stages(folder / "stages-members", parts) as stages:
        found = stages.arrow(_members(stages, stages.given("cases", _checked(cases)), _latest(cases)))
    found = found.cast(MEMBERS)
    return found.sort_by([("as_of", "ascending"), ("case_id", "ascending"), ("person_id", "ascending")])


def build(parts: Parts, cases: pa.Table, ages: pa.Table, folder: Path) -> Matrix:
    """Make folder/matrix.parquet: case_id, as_of, municipality and every feature as DOUBLE, never NULL.

    Sorted by as_of and case_id. Cases whose client or partner is a minor on the date get no row (R25). `ages` gives the
    legal band per person and date; a person without a band counts as younger than 27. Raises RefusedError when a
    feature may not be used any more, ValueError when a value is not finite.
    """
    return stored(computed(parts, cases, ages, folder), folder)


def computed(parts: Parts, cases: pa.Table, ages: pa.Table, folder: Path) -> pa.Table:
    """The rows of a matrix, not sorted and in no file yet; the values of a case and date are those of the date alone,
    whatever else is asked for. Below `folder` are the stages. Raises what `build` raises."""
    usable(dt.datetime.now(dt.UTC).date())
    with Stages(folder / "stages", parts) as stages:
        banded = stages.given("ages", ages.cast(AGES))
        asked = stages.given("asked", _checked(cases))
        everyone = stages.keep("everyone", _members(stages, asked, _latest(cases)))
        clients = _without_minors(everyone, banded)
        scored = stages.keep("cases", clients.select("case_id", "municipality", "as_of").distinct())
        members = stages.keep("members", everyone.semi_join(scored, ["case_id", "as_of"]))
        adults = banded.filter(banded.band.isin(FROM_27))
        adults = stages.keep("adults", adults.select("person_id", "as_of", pension=adults.band == "pension").distinct())
        world = World(stages, scored, members, adults, _latest(cases))
        return stages.arrow(_joined(world))


def _latest(cases: pa.Table) -> dt.date:
    latest = pc.max(cases.column("as_of")).as_py()
    if latest is None:
        raise ValueError("there are no cases to build from; is a benefit running on the as-of date?")
    return dt.date(latest.year, latest.month, latest.day)


def _checked(cases: pa.Table) -> pa.Table:
    table = cases.select(CASES.names).cast(CASES)
    case, day = (table.sort_by([("case_id", "ascending"), ("as_of", "ascending")])[one] for one in ("case_id", "as_of"))
    # not group_by: pyarrow imports pandas for it
    if pc.any(pc.and_(pc.equal(case[1:], case[:-1]), pc.equal(day[1:], day[:-1]))).as_py():
        raise ValueError("a case stands twice on one date in the list of cases")
    return table


def _every_case(stages: Stages, dates: Sequence[dt.date]) -> Any:
    given = stages.given("dates", pa.table({"as_of": pa.array(sorted(set(dates)), pa.date32())}))
    benefits = stages.lake("benefits", ("case_id",))
    return benefits.select("case_id", "municipality").distinct().cross_join(given)


def _running(stages: Stages, cases: Any, latest: dt.date) -> Any:
    columns = columns_needed(
        "benefits", ("case_id", "person_id", "role", "start_earliest", "start_latest", "end_latest")
    )
    records = known(stages, stages.lake("benefits", columns), "benefits", cases, "case_id", latest)
    # The stay on the benefit itself is read so that nobody drops out by an uncertain date.
    runs = (records.start_earliest < records.as_of) & lasting(records.end_latest, records.as_of)
    return records.filter(runs)


def _members(stages: Stages, cases: Any, latest: dt.date) -> Any:
    running = _running(stages, cases, latest)
    rank = running.role.cases(*((role, rank) for role, rank in ROLES.items()), else_=len(ROLES))
    once = running.group_by("case_id", "municipality", "as_of", "person_id").aggregate(rank=rank.min())
    return once.select(
        "case_id",
        "municipality",
        "as_of",
        "person_id",
        role=once["rank"].cases(*((rank, role) for role, rank in ROLES.items()), else_="other"),
    )


def _without_minors(members: Any, ages: Any) -> Any:
    """The clients among the members, without those of a case in which client or partner is a minor (R25)."""
    minors = ages.filter(ages.band == "minor")
    on_benefit = members.filter(members.role.isin(("client", "partner")))
    with_minor = on_benefit.semi_join(minors, ["person_id", "as_of"]).select("case_id", "as_of").distinct()
    return members.filter(members.role == "client").anti_join(with_minor, ["case_id", "as_of"])


def _block(world: World, source: Source) -> Any:
    """The features of one source: one row per case and date that has rows."""
    rows = world.rows(source.name)
    if source.at == "month":
        back = month_number(rows.as_of) - rows.month
    elif source.at == "day":
        back = days_between(rows.day, rows.as_of)
    else:
        back = None
    if back is not None:
        rows = rows.mutate(back=back)
        rows = rows.filter(rows.back >= 1)
    values = {}
    for name, (feature, aggregate) in source.features.items():
        within = ibis.literal(True)
        if feature.window and source.at is None:
            raise RefusedError(f"feature {name} has a window, but source {source.name} has no date")
        if feature.window:
            reach = feature.window if source.at == "month" else round(feature.window * DAYS_A_MONTH)
            within = rows.back <= reach
        values[name] = _rounded(aggregate(rows, within).cast("float64"), feature.decimals)
    return world.stages.keep(f"block_{source.name}", rows.group_by("case_id", "as_of").aggregate(**values))


def _rounded(value: Any, decimals: int) -> Any:
    """Rounded to a whole number of the last decimal, halves away from zero: what an engine does with more decimals is
    its own (1.005 is 1.00 in DuckDB and 1.01 in Spark)."""
    return (value * 10**decimals).round(0) / 10**decimals


def _joined(world: World) -> Any:
    """Cases with all blocks; a case without rows in a source gets the fill of its features."""
    table = world.cases
    blocks = [_block(world, source) for source in SOURCES.values() if source.features]
    for first in range(0, len(blocks), BLOCKS_A_JOIN):
        for block in blocks[first : first + BLOCKS_A_JOIN]:
            table = table.left_join(block, ["case_id", "as_of"]).drop("case_id_right", "as_of_right")
        table = world.stages.keep(f"joined_{first}", table)
    filled = {name: table[name].fill_null(feature.fill).cast("float64") for name, feature in CATALOGUE.items()}
    return table.select("case_id", "as_of", "municipality", **filled)


def stored(table: pa.Table, folder: Path) -> Matrix:
    """Write rows of `computed` as folder/matrix.parquet, sorted: the same rows are the same bytes. Raises ValueError
    when a value is missing or not finite."""
    names = tuple(CATALOGUE)
    for name in names:
        if not all(map(math.isfinite, (pc.min(table[name]).as_py() or 0.0, pc.max(table[name]).as_py() or 0.0))):
            raise ValueError(f"feature {name} has a value that is not a finite number")
        if table[name].null_count:
            raise ValueError(f"feature {name} has no value for some case")
    wanted = pa.schema(
        [
            ("case_id", pa.int64()),
            ("as_of", pa.date32()),
            ("municipality", pa.string()),
            *((n, pa.float64()) for n in names),
        ]
    )
    table = table.select(wanted.names).cast(wanted).sort_by([("as_of", "ascending"), ("case_id", "ascending")])
    path = folder / "matrix.parquet"
    aside = folder / "matrix.parquet.aside"
    pq.write_table(table.combine_chunks(), aside, compression="zstd", row_group_size=1 << 17)
    aside.replace(path)
    return Matrix(path, hashlib.sha256(path.read_bytes()).hexdigest(), names, table.num_rows)


def sources_needed() -> dict[str, int]:
    """The contracts that the catalogue reads and the greatest age in days at which each still counts (R37)."""
    return {
        contract: CONTRACTS[contract].max_age_days
        for contract in sorted({one for source in SOURCES.values() for one in source.reads})
    }
