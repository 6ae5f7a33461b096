"""A lake of made-up people, as large as asked, written by DuckDB straight in the form of pipelines/lake.py.

Every registry delivers once a month for the whole country (municipality 0000), each municipality its own benefits. Rows
of a month stand in the order of the sender, which is no order in the lake: the numbers of people are random there.
3 of 100 income rows are corrected a month later, 3 of 100 of those taken back; a fifth of the people move within two
years. The last corrections come after the as-of date and must not be seen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from features.records import CONTRACTS, ENVELOPE
from pipelines.arrivals import sha256_of

AS_OF = dt.date(2026, 2, 1)
MONTHS = 24


@dataclass(frozen=True)
class Size:
    """How many of what. `incomes` are the rows of 24 months, corrections apart."""

    persons: int
    cases: int
    incomes: int
    municipalities: int

    def part(self, share: float) -> Size:
        """The same country, smaller."""
        return replace(
            self,
            persons=round(self.persons * share),
            cases=round(self.cases * share),
            incomes=round(self.incomes * share),
        )


NATIONAL = Size(18_000_000, 400_000, 300_000_000, 342)
PROVINCE = Size(1_100_000, 24_000, 20_000_000, 31)

PERSON = "(hash({i}) >> 1)::BIGINT"
ADDRESS = "(hash({home}, 7) >> 1)::BIGINT"
TOWN = "printf('%04d', 100 + ({home} % {towns}))"
CASE = "(hash({c}, 3) >> 1)::BIGINT"

MEMBERS = """
CREATE TABLE members AS
SELECT c, c AS i, 'client' AS role FROM range({cases}) t(c)
UNION ALL SELECT c, {cases} + c // 4, 'partner' FROM range({cases}) t(c) WHERE c % 4 = 0
UNION ALL SELECT c, {cases} + {cases} // 4 + 1 + c // 3, 'child' FROM range({cases}) t(c) WHERE c % 3 = 0
"""

BENEFITS = """
SELECT {case} AS case_id, {person} AS person_id, role, 'PW' AS regulation,
       start_earliest, start_earliest AS start_latest, ended AS end_earliest, ended AS end_latest,
       CASE WHEN c % 4 = 0 THEN 'couple' WHEN c % 3 = 0 THEN 'single_parent' ELSE 'single' END AS norm,
       130000 + version * 1000 AS norm_cents, {town} AS municipality,
       TIMESTAMP '2024-01-13 04:00:00' + to_months(version * 9) AS known_at
FROM (SELECT *, DATE '2012-01-01' + (hash(c, 5) % 4000)::INTEGER AS start_earliest FROM members),
     (VALUES (0), (1)) v(version),
     LATERAL (SELECT CASE WHEN version = 1 AND c % 50 = 0 THEN DATE '2024-10-01' END AS ended)
WHERE version = 0 OR c % 10 = 0
"""

INCOMES = """
SELECT {person} AS person_id, printf('%09dL01', hash(k, spell) % 900000) AS employer, '1' AS relation,
       first_day AS start_earliest, first_day AS start_latest, NULL::BIGINT AS statement,
       last_one AS end_earliest, last_one AS end_latest,
       CASE WHEN i < {cases} AND k % 2 = 0 THEN '43' WHEN k % 17 = 0 THEN '22' ELSE '15' END AS kind,
       relation_start AS relation_start_earliest, relation_start AS relation_start_latest,
       (20000 + hash(k) % 300000 + hash(k, {m}) % 20000)::BIGINT + late * 1000 AS gross_cents,
       (20000 + hash(k) % 300000)::BIGINT AS taxable_cents, (hash(k) % 90000)::BIGINT AS withheld_tax_cents,
       (hash(k, {m}) % 170)::BIGINT AS hours, (hash(k) % 22)::BIGINT AS days, '0000' AS municipality,
       TIMESTAMP '2024-02-13 04:00:00' + to_months({m} + late) AS known_at, late = 1 AND k % 990 = 7 AS withdrawn
FROM (SELECT k, late, CASE WHEN k % 20 = 1 THEN ((k - 1) * {persons}) // {monthly} ELSE (k * {persons}) // {monthly} END
             AS i, ({m} + k % 11) // 11 AS spell
      FROM range({monthly}) t(k), (VALUES ({late})) v(late) WHERE {late} = 0 OR k % 33 = 7),
     LATERAL (SELECT CASE WHEN k % 10 = 3 THEN DATE '2024-01-01' + 28 * {m}
                          ELSE (DATE '2024-01-01' + INTERVAL ({m}) MONTH)::DATE END AS first_day,
              (DATE '2024-01-01' + to_months((spell * 11 - k % 11)::INTEGER))::DATE AS relation_start),
     LATERAL (SELECT CASE WHEN k % 10 = 3 THEN first_day + 27 ELSE last_day(first_day) END AS last_one)
"""

LIVING = """
SELECT i, CASE WHEN i < {members} THEN coalesce(m.c, i) ELSE {cases} + i // 2 END AS home,
       DATE '2008-01-01' + (hash(i, 11) % 5500)::INTEGER AS since, (hash(i, 13) % 125)::INTEGER AS moves
FROM range({low}, {high}) t(i) LEFT JOIN members m USING (i)
"""
STAY = """
SELECT {person} AS person_id, {address} AS address_id, {town} AS address_municipality,
       start_earliest, start_earliest AS start_latest, ended AS end_earliest, ended AS end_latest,
       'resident' AS certainty, CASE WHEN home % 200 = 9 THEN 'B' ELSE 'W' END AS function,
       home % 300 = 11 AS abroad, home % 400 = 13 AS "unknown", false AS incorrect,
       i % 700 = 5 AS under_investigation, '0000' AS municipality, {known} AS known_at
FROM ({rows})
"""
EARLIER = (
    "SELECT i, home + 1000003 AS home, since - 900 AS start_earliest, since AS ended FROM living WHERE i % 5 < 3 "
    "UNION ALL SELECT i, home, since, NULL::DATE FROM living"
)
MOVED = (
    "SELECT i, home, since AS start_earliest, DATE '2024-01-05' + INTERVAL ({m}) MONTH AS ended FROM living "
    "WHERE moves = {m} UNION ALL "
    "SELECT i, home + 2000003, (DATE '2024-01-05' + INTERVAL ({m}) MONTH)::DATE, NULL::DATE FROM living "
    "WHERE moves = {m}"
)


class NationalLake:
    """Writes the parts of a lake below `folder` and remembers them: {contract: [paths]}."""

    def __init__(self, folder: Path, size: Size, memory: str = "2GB") -> None:
        self.folder, self.size = folder, size
        self.parts: dict[str, list[Path]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._duckdb: Any = duckdb.connect()
        self._duckdb.execute(f"SET memory_limit = '{memory}'")
        self._duckdb.execute("SET temp_directory = ?", [str(folder / ".spill")])
        self._duckdb.execute("SET preserve_insertion_order = false")
        self._duckdb.execute("SET threads = 2")
        self._duckdb.execute(MEMBERS.format(cases=size.cases))

    def write(self) -> None:
        """Benefits, incomes, stays, and what is asked of them. The engine is closed afterwards."""
        self.benefits()
        self.stays()
        for month in range(MONTHS):
            self.incomes(month)
        self.questions()
        self._duckdb.close()

    def benefits(self) -> None:
        """One part for each municipality."""
        towns = self.size.municipalities
        town = TOWN.format(home="c", towns=towns)
        query = BENEFITS.format(case=CASE.format(c="c"), person=PERSON.format(i="i"), town=town)
        self._duckdb.execute(f"CREATE TEMP TABLE benefits AS {query}")
        for home in range(towns):
            code = f"{100 + home:04d}"
            self._part("benefits", code, f"SELECT * FROM benefits WHERE municipality = '{code}'")
        self._duckdb.execute("DROP TABLE benefits")

    def incomes(self, month: int) -> None:
        """What the wage registry delivers about one month, and what it corrects about the month before."""
        of = {"cases": self.size.cases, "persons": self.size.persons, "monthly": self.size.incomes // MONTHS}
        said = INCOMES.format(person=PERSON.format(i="i"), m=month, late=0, **of)
        if month:
            said += " UNION ALL " + INCOMES.format(person=PERSON.format(i="i"), m=month - 1, late=1, **of)
        self._part("incomes", "0000", said)
        if month == MONTHS - 1:
            self._part("incomes", "0000", INCOMES.format(person=PERSON.format(i="i"), m=month, late=1, **of))

    def stays(self) -> None:
        """The registry's stock in parts of four million people, and the moves of each month."""
        of = {"cases": self.size.cases, "members": self.size.cases + self.size.cases // 4 + self.size.cases // 3 + 2}
        step = 4_000_000
        for low in range(0, self.size.persons, step):
            high = min(low + step, self.size.persons)
            self._duckdb.execute("CREATE OR REPLACE TEMP TABLE living AS " + LIVING.format(low=low, high=high, **of))
            self._stays(EARLIER, "TIMESTAMP '2024-01-02 04:00:00'")
        of |= {"low": 0, "high": self.size.persons}
        living = LIVING.format(**of)
        for month in range(MONTHS):
            known = f"TIMESTAMP '2024-01-20 04:00:00' + to_months({month})"
            self._stays(MOVED.format(m=month).replace("living", f"({living}) living"), known)

    def _stays(self, rows: str, known: str) -> None:
        town = TOWN.format(home="home", towns=self.size.municipalities)
        address = ADDRESS.format(home="home")
        self._part(
            "stays",
            "0000",
            STAY.format(person=PERSON.format(i="i"), address=address, town=town, known=known, rows=rows),
        )

    def _part(self, contract: str, municipality: str, query: str) -> None:
        aside = self.folder / "aside.parquet"
        described = self._duckdb.execute(f"DESCRIBE {query}").fetchall()
        there = {row[0] for row in described}
        columns = []
        for one in (*CONTRACTS[contract].lake_columns, *ENVELOPE):
            nothing = {"withdrawn": "false", "flags": "[]", "delivery": "'made'"}.get(one.name, "NULL")
            value = f'"{one.name}"' if one.name in there else nothing
            columns.append(f'CAST({value} AS {one.type}) AS "{one.name}"')
        self._duckdb.execute(
            f"COPY (SELECT {', '.join(columns)} FROM ({query})) TO '{aside}' (FORMAT parquet, COMPRESSION zstd)"
        )
        path = self.folder / contract / municipality / f"{sha256_of(aside)}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(path)
        self.parts.setdefault(contract, []).append(path)

    def questions(self) -> tuple[Path, Path]:
        """What the features are asked for: the running cases and the age bands of their members, as Parquet files."""
        cases, ages = self.folder / "cases.parquet", self.folder / "ages.parquet"
        town = TOWN.format(home="c", towns=self.size.municipalities)
        self._duckdb.execute(
            f"COPY (SELECT {CASE.format(c='c')} AS case_id, {town} AS municipality, DATE '{AS_OF}' AS as_of "
            f"FROM range({self.size.cases}) t(c) WHERE c % 50 <> 0) TO '{cases}' (FORMAT parquet)"
        )
        self._duckdb.execute(
            f"COPY (SELECT {PERSON.format(i='i')} AS person_id, DATE '{AS_OF}' AS as_of, "
            "CASE WHEN role = 'child' THEN 'minor' WHEN i % 2000 = 3 THEN 'minor' WHEN i % 5 = 0 THEN '21-26' "
            f"ELSE '27-63' END AS band FROM members) TO '{ages}' (FORMAT parquet)"
        )
        return cases, ages
