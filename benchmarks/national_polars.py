"""The income and residence features of benchmarks/national.py in Polars, lazily and with its streaming engine.

The same definitions as benchmarks/national_sql.py. The rows of the household are narrowed while scanning; the version
that counts is the last one after sorting by record time.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

WAGES = ["11", "12", "13", "14", "15", "17"]
OWN = ["34", "42", "43", "44", "45", "51"]
BOTH = ["person_id", "municipality"]


def by_polars(lake: Path, out: Path, as_of: dt.date, fills: dict[str, float]) -> None:
    """Write the matrix of `fills` (feature -> value without rows) to `out`."""
    cases = pl.scan_parquet(lake / "cases.parquet")
    ages = pl.scan_parquet(lake / "ages.parquet")
    members = _members(lake, cases, ages, as_of)
    stays = _stays(lake, members, as_of)
    incomes = _incomes(lake, members, as_of)
    clients = members.lazy().filter(pl.col("place") == 0).select("case_id", "municipality").unique()
    matrix = clients
    for block in (_homes(stays, as_of), _moves(stays, as_of), _earnings(incomes, as_of), _jobs(incomes, as_of)):
        matrix = matrix.join(block, on="case_id", how="left")
    matrix = matrix.select(
        "case_id",
        pl.lit(as_of).alias("as_of"),
        "municipality",
        *(pl.col(name).cast(pl.Float64).fill_null(fill) for name, fill in fills.items()),
    )
    matrix.sort("case_id").sink_parquet(out, compression="zstd", engine="streaming")


def _known(
    lake: Path, contract: str, columns: list[str], key: list[str], reach: pl.LazyFrame, on: str, day: Any
) -> Any:
    rows = pl.scan_parquet(str(lake / contract / "*" / "*.parquet"), hive_partitioning=False)
    rows = rows.filter(pl.col("known_at") < day)
    rows = rows.select(*columns, "withdrawn", "known_at", delivered_for="municipality")
    rows = rows.join(reach, on=on).filter(pl.col("delivered_for").is_in(["0000"]) | _own())
    rows = rows.sort("known_at", pl.col("withdrawn").not_())
    rows = rows.unique(subset=["municipality", *key], keep="last")
    return rows.filter(~pl.col("withdrawn")).drop("withdrawn", "known_at", "delivered_for")


def _own() -> pl.Expr:
    return pl.col("delivered_for") == pl.col("municipality")


def _members(lake: Path, cases: pl.LazyFrame, ages: pl.LazyFrame, as_of: dt.date) -> pl.DataFrame:
    columns = ["case_id", "person_id", "role", "start_earliest", "end_latest"]
    reach = cases.select("case_id", "municipality")
    benefits = _known(lake, "benefits", columns, columns[:4], reach, "case_id", as_of)
    place = pl.col("role").replace_strict({"client": 0, "partner": 1, "child": 2}, default=3, return_dtype=pl.Int8)
    running = (
        benefits.filter(pl.col("start_earliest") < as_of)
        .filter(pl.col("end_latest").is_null() | (pl.col("end_latest") >= as_of))
        .group_by("case_id", "municipality", "person_id")
        .agg(place=place.min())
    )
    clients = running.filter(pl.col("place") == 0)
    young = ages.filter(pl.col("band") == "minor")
    minors = running.filter(pl.col("place") < 2).join(young, on="person_id", how="semi").select("case_id")
    grown = clients.join(minors, on="case_id", how="anti").select("case_id")
    return running.join(grown, on="case_id", how="semi").collect(engine="streaming")


def _stays(lake: Path, members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    key = ["person_id", "address_id", "start_earliest", "certainty"]
    more = ["address_municipality", "start_latest", "end_earliest", "function", "abroad", "unknown"]
    marks = ["incorrect", "under_investigation"]
    reach = members.lazy().select(BOTH).unique()
    stays = _known(lake, "stays", [*key, *more, *marks], key, reach, "person_id", as_of)
    stays = stays.filter(~pl.col("incorrect").fill_null(False), ~pl.col("under_investigation").fill_null(False))
    stays = stays.filter(pl.col("certainty") == "resident")
    stays = stays.filter(pl.col("start_earliest").is_null() | (pl.col("start_earliest") < as_of))
    return stays.join(members.lazy(), on=BOTH).collect(engine="streaming")


def _homes(stays: pl.DataFrame, as_of: dt.date) -> pl.LazyFrame:
    client = pl.col("place") == 0
    lasting = stays.lazy().filter(pl.col("end_earliest").is_null() | (pl.col("end_earliest") >= as_of))
    lasting = lasting.sort(
        "start_earliest",
        "address_id",
        "start_latest",
        "function",
        descending=[True, False, False, False],
        nulls_last=True,
    )
    homes = lasting.unique(subset=["case_id", "person_id"], keep="first", maintain_order=True)
    elsewhere = pl.col("address_municipality") != pl.col("municipality")
    return homes.group_by("case_id").agg(
        letter_address=(client & (pl.col("function") == "B")).fill_null(False).max(),
        address_unknown=(client & pl.col("unknown")).fill_null(False).max(),
        other_municipality=(client & elsewhere).fill_null(False).max(),
        household_addresses=(
            pl.col("address_id").filter(pl.col("place") < 2).drop_nulls().n_unique().cast(pl.Int64) - 1
        ).clip(lower_bound=0),
    )


def _moves(stays: pl.DataFrame, as_of: dt.date) -> pl.LazyFrame:
    client = pl.col("place") == 0
    moved = stays.lazy().filter(pl.col("place") != 2, pl.col("start_latest") < as_of)
    moved = moved.with_columns(back=(pl.lit(as_of) - pl.col("start_earliest")).dt.total_days())
    last = pl.col("back").filter(client).min()
    return moved.group_by("case_id").agg(
        client_moves_12m=pl.col("start_earliest").filter(client & (pl.col("back") <= 365)).n_unique(),
        client_moves_36m=pl.col("start_earliest").filter(client & (pl.col("back") <= 1096)).n_unique(),
        months_since_move=(last / 30.4375).floor().clip(upper_bound=120),
        stays_abroad_24m=(pl.col("abroad").fill_null(False) & (pl.col("back") <= 730)).sum(),
    )


def _incomes(lake: Path, members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    key = ["person_id", "employer", "relation", "start_earliest", "statement"]
    more = ["start_latest", "end_latest", "kind", "gross_cents", "hours", "relation_start_earliest"]
    reach = members.lazy().select(BOTH).unique()
    incomes = _known(lake, "incomes", [*key, *more, "relation_start_latest"], key, reach, "person_id", as_of)
    incomes = incomes.filter(pl.col("start_earliest") < as_of)
    return incomes.join(members.lazy(), on=BOTH).collect(engine="streaming")


def _earnings(incomes: pl.DataFrame, as_of: dt.date) -> pl.LazyFrame:
    first, last_one = pl.col("start_earliest"), pl.coalesce("end_latest", "start_earliest")
    periods = incomes.lazy().filter(~pl.col("kind").is_in(OWN), pl.col("gross_cents").is_not_null(), last_one < as_of)
    periods = periods.select(
        "case_id",
        "place",
        "employer",
        "gross_cents",
        "start_earliest",
        wage=pl.col("kind").is_in(WAGES),
        hundredths=pl.col("hours").fill_null(0) * 100,
        days=(last_one - first).dt.total_days() + 1,
        month=pl.int_ranges(_month(first), _month(last_one) + 1),
    )
    months = periods.filter(pl.col("days").is_between(1, 370)).explode("month")
    months = months.with_columns(
        before=(_opens(pl.col("month")) - first).dt.total_days().clip(lower_bound=0),
        upto=pl.min_horizontal((_opens(pl.col("month") + 1) - first).dt.total_days(), "days"),
        back=as_of.year * 12 + as_of.month - 1 - pl.col("month"),
    ).filter(pl.col("back") >= 1)

    def share(amount: str) -> pl.Expr:
        upto, before = (pl.col(amount) * pl.col(at) / pl.col("days") for at in ("upto", "before"))
        whole = [one.round(mode="half_away_from_zero").cast(pl.Int64) for one in (upto, before)]
        return whole[0] - whole[1]

    months = months.with_columns(cents=share("gross_cents"), hundredths=share("hundredths"))
    wage, back = pl.col("wage"), pl.col("back")

    def total(amount: str, rows: pl.Expr, parts: int, decimals: int) -> pl.Expr:
        value = pl.col(amount).filter(rows).sum() / parts * 10**decimals
        return value.round(mode="half_away_from_zero") / 10**decimals

    return months.group_by("case_id").agg(
        wages_3m=total("cents", wage & (back <= 3), 100, 2),
        wages_12m=total("cents", wage & (back <= 12), 100, 2),
        partner_wages_12m=total("cents", wage & (back <= 12) & (pl.col("place") == 1), 100, 2),
        wage_months_12m=pl.col("month").filter(wage & (back <= 12) & (pl.col("cents") > 0)).n_unique(),
        employers_12m=pl.col("employer").filter(wage & (back <= 12)).drop_nulls().n_unique(),
        employers_24m=pl.col("employer").filter(wage & (back <= 24)).drop_nulls().n_unique(),
        other_income_12m=total("cents", ~wage & (back <= 12), 100, 2),
        hours_a_month_3m=total("hundredths", wage & (back <= 3), 300, 1),
    )


def _month(day: pl.Expr) -> pl.Expr:
    return day.dt.year().cast(pl.Int64) * 12 + day.dt.month() - 1


def _opens(month: pl.Expr) -> pl.Expr:
    return pl.date(month // 12, month % 12 + 1, 1)


def _jobs(incomes: pl.DataFrame, as_of: dt.date) -> pl.LazyFrame:
    jobs = incomes.lazy().filter(pl.col("kind").is_in(WAGES), pl.col("start_latest") < as_of)
    jobs = jobs.filter(pl.col("relation_start_latest") < as_of)
    jobs = jobs.group_by("case_id", "person_id", "employer", "relation").agg(
        back=(pl.lit(as_of) - pl.col("relation_start_earliest").min()).dt.total_days()
    )
    return jobs.group_by("case_id").agg(new_jobs_6m=pl.col("back").is_between(1, 183).sum())
