"""The made-up country of national_lake.py as its sources deliver it: stock files with numbers, names and addresses.

`history` is what came before, `month` what comes in one night. The registry, the wage registry and the other registers
deliver for the whole country (municipality 0000), each municipality its own benefits, payments and outcomes of reviews.
What a review found follows from what is in the registers, with chance in it, so that there is something to learn.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.national_lake import BENEFITS, EARLIER, INCOMES, LIVING, MEMBERS, MONTHS, MOVED, TOWN, Size
from features.records import CONTRACTS

RECEIVED = dt.datetime(2026, 1, 20, 4, tzinfo=dt.UTC)
"""when the month comes in"""
ROWS_A_FILE = 1_000_000
"""of what was there before; nobody sends eighteen million people in one file"""
REVIEWS = 3_000
LISTS = ("2024-07-01", "2024-10-01", "2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01")
EVERY = ("claims", "sanctions", "signals", "kinships", "study_grants", "year_statements", "vehicles")
MACROS = """
CREATE MACRO eight(i) AS 10000000 + 2 * i;
CREATE MACRO weighed(p) AS (p // 10000000 * 9 + p // 1000000 % 10 * 8 + p // 100000 % 10 * 7 + p // 10000 % 10 * 6
    + p // 1000 % 10 * 5 + p // 100 % 10 * 4 + p // 10 % 10 * 3 + p % 10 * 2) % 11;
CREATE MACRO sound(p) AS p + (weighed(p) = 10)::INTEGER;
CREATE MACRO bsn(i) AS (sound(eight(i)) * 10 + weighed(sound(eight(i))))::VARCHAR;
CREATE MACRO named(i) AS concat('Naam ', i % 9973, ' van ', i);
CREATE MACRO dossier(c) AS concat('D', c);
CREATE MACRO iban(c) AS printf('NL%02dABNA%010d', c % 97, c);
"""
"""bsn: nine digits that pass the 11-proef, one for each number"""
PERSONS = """
SELECT printf('%010d', 1000000000 + i) AS list, bsn(i) AS person, named(i) AS name, 0 AS confidentiality,
       printf('%04d', 100 + i // 2 % {towns}) AS registered_municipality, born AS birth_date_earliest,
       born AS birth_date_latest, CASE WHEN i % 2 = 0 THEN 'V' ELSE 'M' END AS sex, {known} AS known_at
FROM (SELECT i, CASE WHEN i < {cases} THEN DATE '1962-01-01' + (hash(i, 21) % 12700)::INTEGER
                     ELSE DATE '1935-01-01' + (hash(i, 21) % 32800)::INTEGER END AS born
      FROM range({low}, {high}) t(i) WHERE {which})
"""
STAYS = """
SELECT bsn(i) AS person, concat('Straat ', home % 99991) AS address_street, home % 97 + 1 AS address_house_number,
       printf('%d%c%c', 1000 + home // 97 // 676 % 9000, 65 + home // 97 // 26 % 26, 65 + home // 97 % 26)
           AS address_postcode,
       concat('Plaats ', {town}) AS address_city, printf('%s01%010d', {town}, home) AS address_bag_object,
       {town} AS address_municipality, start_earliest, start_earliest AS start_latest,
       ended AS end_earliest, ended AS end_latest, 'resident' AS certainty,
       CASE WHEN home % 200 = 9 THEN 'B' ELSE 'W' END AS function, home % 300 = 11 AS abroad,
       home % 400 = 13 AS "unknown", i % 700 = 5 AS under_investigation, {known} AS known_at
FROM ({rows})
"""
PAYMENTS = """
SELECT dossier(c) AS "case", bsn(c) AS person, day AS month, strftime(day, '%Y%m') AS period,
       130000 - (c % 9) * 1000 AS paid_cents, 130000 AS norm_cents,
       CASE WHEN c % 7 = 0 THEN 20000 + hash(c, m) % 30000 END AS declared_income_cents, iban(c) AS account,
       named(c) AS name, known AS known_at, {town} AS town
FROM range({cases}) t(c), range({first}, {until}) u(m),
     LATERAL (SELECT (DATE '2024-01-01' + to_months(m::INTEGER))::DATE AS day,
                     TIMESTAMP '2024-01-28 04:00:00' + to_months(m::INTEGER) AS known)
WHERE c % 50 <> 0
"""
OUTCOMES = """
SELECT dossier(c) AS "case", selected, 'random' AS arm, {share} AS probability, selected + 40 AS closed,
       selected + 50 AS approved, CASE WHEN found THEN 'breach_of_duty' ELSE 'nothing_irregular' END AS cause,
       CASE WHEN found THEN 'down' ELSE 'none' END AS effect, CASE WHEN found THEN 12000 END AS amount_cents,
       240 AS minutes, (selected + 55)::TIMESTAMP AS known_at, {town} AS town
FROM (SELECT c, d::DATE AS selected,
             hash(c, d, 33) % 100 < CASE WHEN c % 5 = 0 THEN 45 ELSE 8 END + CASE WHEN c % 4 = 0 THEN 15 ELSE 0 END
                 AS found
      FROM range({cases}) t(c), (SELECT unnest({lists}) AS d)
      WHERE c % 50 <> 0 AND hash(c, d, 31) % 1000000 < {share} * 1000000)
"""
VEHICLES = """
SELECT bsn(c) AS person, printf('%02d-ABC-%d', c % 100, c) AS vehicle, DATE '2020-01-01' AS start_earliest,
       DATE '2020-01-01' AS start_latest, 'personenauto' AS kind, 1500000 AS catalogue_cents
FROM range({cases}) t(c) WHERE c % 5 = 0
"""
OTHERS = {
    "vehicles": VEHICLES,
    "claims": "SELECT bsn(c) AS person, concat('V', c) AS claim, DATE '2024-03-01' AS decided_earliest, "
    "DATE '2024-03-01' AS decided_latest, 90000 AS amount_cents, 40000 AS balance_cents FROM range({cases}) t(c) "
    "WHERE c % 10 = 0",
    "sanctions": "SELECT bsn(c) AS person, DATE '2025-05-01' AS start_earliest, DATE '2025-05-01' AS start_latest, "
    "'1' AS reason, 10000 AS amount_cents FROM range({cases}) t(c) WHERE c % 40 = 0",
    "signals": "SELECT bsn(c) AS person, 'assets' AS product, DATE '2025-06-01' AS start_earliest, "
    "DATE '2025-06-01' AS start_latest, DATE '2025-12-01' AS issued_earliest, DATE '2025-12-01' AS issued_latest, "
    "concat('S', c) AS reference, CASE WHEN c % 60 = 0 THEN 'open' ELSE 'closed' END AS state "
    "FROM range({cases}) t(c) WHERE c % 30 = 0",
    "kinships": "SELECT bsn(i) AS person, CASE WHEN role = 'partner' THEN 'partner' ELSE 'parent' END AS relation, "
    "bsn(c) AS other, DATE '2010-01-01' AS start_earliest, DATE '2010-01-01' AS start_latest FROM members "
    "WHERE role <> 'client'",
    "study_grants": "SELECT bsn(c) AS person, DATE '2025-09-01' AS start_earliest, DATE '2025-09-01' AS start_latest "
    "FROM range({cases}) t(c) WHERE c % 25 = 0",
    "year_statements": "SELECT bsn(c) AS person, 2025 AS year, DATE '2025-01-01' AS start_earliest, DATE '2025-01-01' "
    "AS start_latest, 1500000 AS taxable_cents FROM range({cases}) t(c)",
    "companies": "SELECT printf('%08d', c) AS company, DATE '2019-01-01' AS start_earliest, DATE '2019-01-01' AS "
    "start_latest, 1 AS staff, 'Eenmanszaak' AS legal_form FROM range({cases}) t(c) WHERE c % 20 = 0",
    "functionaries": "SELECT printf('%08d', c) AS company, bsn(c) AS person, 'owner' AS role, DATE '2019-01-01' AS "
    "start_earliest, DATE '2019-01-01' AS start_latest FROM range({cases}) t(c) WHERE c % 20 = 0",
    "properties": "SELECT bsn(c) AS person, printf('GNG00 A %d', c) AS parcel, 'eigendom' AS \"right\", "
    "DATE '2015-01-01' AS acquired_earliest, DATE '2015-01-01' AS acquired_latest FROM range({cases}) t(c) "
    "WHERE c % 35 = 0",
}
"""the smaller registers: as of clients, or of their households"""


class NationalDeliveries:
    """Writes stock files below `folder`; what is there already is left alone."""

    def __init__(self, folder: Path, size: Size, memory: str = "2GB") -> None:
        self.folder, self.size = folder, size
        folder.mkdir(parents=True, exist_ok=True)
        self._duckdb: Any = duckdb.connect()
        self._duckdb.execute("SET enable_progress_bar = false")
        self._duckdb.execute(f"SET memory_limit = '{memory}'")
        self._duckdb.execute("SET temp_directory = ?", [str(folder / ".spill")])
        self._duckdb.execute("SET preserve_insertion_order = false")
        self._duckdb.execute("SET threads = 2")
        self._duckdb.execute(MACROS)
        self._duckdb.execute(MEMBERS.format(cases=size.cases))
        self._of: dict[str, int] = {
            "cases": size.cases,
            "persons": size.persons,
            "monthly": size.incomes // MONTHS,
            "towns": size.municipalities,
            "members": size.cases + size.cases // 4 + size.cases // 3 + 2,
        }
        everyone = LIVING.format(low=0, high=size.persons, **self._of)
        self._duckdb.execute(f"CREATE TEMP TABLE living AS SELECT * FROM ({everyone}) WHERE moves <= {MONTHS}")

    def history(self) -> Path:
        """The registry, wages and payments of all months but the last, benefits, outcomes, the other registers."""
        before = self.folder / "history"
        early = "TIMESTAMP '2024-01-02 04:00:00'"
        for low in range(0, self.size.persons, ROWS_A_FILE // 2):
            span = {"low": low, "high": min(low + ROWS_A_FILE // 2, self.size.persons)}
            self._write(before / "1", "persons", PERSONS.format(which="true", known=early, **span, **self._of), low)
        for low in range(0, self.size.persons, ROWS_A_FILE // 2):
            span = {"low": low, "high": min(low + ROWS_A_FILE // 2, self.size.persons)}
            self._write(before / "2", "stays", self._stays(EARLIER, early, **span), low)
        for month in range(MONTHS):
            self._write(before / "2", "stays", self._moved(month), f"moved-{month:02}")
        files = max(1, -(-self.size.incomes // (64 * ROWS_A_FILE)))
        for file in range(files):
            months = [month for month in range(MONTHS - 1) if month * files // (MONTHS - 1) == file]
            if months:
                self._write(before / "3", "incomes", " UNION ALL ".join(map(self._incomes, months)), file)
        self._per_town(before / "4", "benefits", self._benefits("known_at"))
        payments = PAYMENTS.format(first=0, until=MONTHS - 1, town=self._town("c"), **self._of)
        self._per_town(before / "4", "payments", payments)
        share = min(1.0, REVIEWS / len(LISTS) / self.size.cases)
        outcomes = OUTCOMES.format(share=share, lists=list(LISTS), town=self._town("c"), **self._of)
        self._per_town(before / "5", "outcomes", outcomes)
        self._others(before / "6", tuple(OTHERS), early)
        return before

    def month(self) -> Path:
        """What comes in one night: a month's wages and corrections, moves, changes in the registry, benefits and
        payments of every municipality, and the registers that come every month."""
        night = self.folder / "month"
        known = f"TIMESTAMP '{RECEIVED:%Y-%m-%d %H:%M:%S}'"
        changed = PERSONS.format(which="i % 100 = 7", known=known, low=0, high=self.size.persons, **self._of)
        self._write(night / "1", "persons", changed)
        self._write(night / "2", "stays", self._moved(MONTHS))
        self._write(night / "3", "incomes", self._incomes(MONTHS - 1))
        self._per_town(night / "4", "benefits", self._benefits(f"{known} AS known_at"))
        payments = PAYMENTS.format(first=MONTHS - 1, until=MONTHS, town=self._town("c"), **self._of)
        self._per_town(night / "4", "payments", payments)
        self._others(night / "6", EVERY, known)
        return night

    def _town(self, home: str) -> str:
        return TOWN.format(home=home, towns=self.size.municipalities)

    def _stays(self, rows: str, known: str, low: int, high: int) -> str:
        living = f"({LIVING.format(low=low, high=high, **self._of)}) living"
        return STAYS.format(town=self._town("home"), known=known, rows=rows.replace("FROM living", f"FROM {living}"))

    def _moved(self, month: int) -> str:
        known = f"TIMESTAMP '2024-01-20 04:00:00' + to_months({month})"
        return STAYS.format(town=self._town("home"), known=known, rows=MOVED.format(m=month))

    def _incomes(self, month: int) -> str:
        made = INCOMES.format(person="bsn(i)", m=month, late=0, **self._of)
        if month:
            made += " UNION ALL " + INCOMES.format(person="bsn(i)", m=month - 1, late=1, **self._of)
        return f"SELECT person_id AS person, * EXCLUDE (person_id, municipality) FROM ({made})"

    def _benefits(self, known: str) -> str:
        made = BENEFITS.format(case="dossier(c)", person="bsn(i)", town=self._town("c"))
        of_night = "" if known == "known_at" else "QUALIFY row_number() OVER (PARTITION BY case_id, i ORDER BY v) = 1"
        made = made.replace("SELECT dossier(c)", "SELECT i, version AS v, dossier(c)")
        return (
            'SELECT case_id AS "case", person_id AS person, named(i) AS name, '
            f"* EXCLUDE (case_id, person_id, municipality, i, v, known_at), {known}, municipality AS town "
            f"FROM ({made}) {of_night.replace('ORDER BY v', 'ORDER BY v DESC')}"
        )

    def _others(self, folder: Path, names: tuple[str, ...], known: str) -> None:
        for name in names:
            self._write(folder, name, f"SELECT *, {known} AS known_at FROM ({OTHERS[name].format(**self._of)})")

    def _write(self, folder: Path, contract: str, query: str, part: object = "all", town: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        said = {"received_at": RECEIVED.isoformat()} | ({"municipality": town} if town else {})
        (folder / "delivery.json").write_text(json.dumps(said), encoding="utf-8")
        path = folder / f"{contract}-{part}.parquet"
        described = self._duckdb.execute(f"DESCRIBE {query}").fetchall()
        types = {one.name: one.type for one in CONTRACTS[contract].delivered_columns}
        columns = ", ".join(
            f'CAST("{name}" AS {types[name]}) AS "{name}"' if name in types else f'"{name}"' for name, *_ in described
        )
        self._duckdb.execute(f"COPY (SELECT {columns} FROM ({query})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")

    def _per_town(self, folder: Path, contract: str, query: str) -> None:
        self._duckdb.execute(f"CREATE OR REPLACE TEMP TABLE theirs AS {query}")
        for (town,) in self._duckdb.execute("SELECT DISTINCT town FROM theirs ORDER BY 1").fetchall():
            self._write(
                folder / town, contract, f"SELECT * EXCLUDE (town) FROM theirs WHERE town = '{town}'", town=town
            )
        self._duckdb.execute("DROP TABLE theirs")
