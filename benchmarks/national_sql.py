"""The income and residence features of benchmarks/national.py by hand, for DuckDB: what a good analyst would write.

One date, so the version that counts is the last known one before it, chosen with QUALIFY and, between equals, by
content, so that the order of files changes nothing. Each register is read once; tables stay in the engine. It computes
what the declarations in features/income.py, jobs.py and residence.py say.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

WAGES = "('11','12','13','14','15','17')"
OWN = "('34','42','43','44','45','51')"

STEPS = """
CREATE TEMP TABLE members AS
WITH versions AS (
    SELECT b.case_id, b.person_id, b.role, b.start_earliest, b.end_latest, b.withdrawn, c.municipality
    FROM read_parquet('{lake}/benefits/*/*.parquet', hive_partitioning = false) b
    JOIN cases c ON b.case_id = c.case_id AND b.municipality IN (c.municipality, '0000')
    WHERE b.known_at < TIMESTAMP '{day}'
    QUALIFY row_number() OVER (PARTITION BY c.municipality, b.case_id, b.person_id, b.role, b.start_earliest
                               ORDER BY b.known_at DESC, b.withdrawn DESC, b.end_latest DESC) = 1),
running AS (
    SELECT case_id, municipality, person_id,
           min(CASE role WHEN 'client' THEN 0 WHEN 'partner' THEN 1 WHEN 'child' THEN 2 ELSE 3 END) AS place
    FROM versions
    WHERE NOT withdrawn AND start_earliest < DATE '{day}' AND (end_latest IS NULL OR end_latest >= DATE '{day}')
    GROUP BY ALL),
grown AS (
    SELECT DISTINCT case_id FROM running r WHERE place = 0 AND case_id NOT IN (
        SELECT r.case_id FROM running r JOIN ages a USING (person_id) WHERE r.place < 2 AND a.band = 'minor'))
SELECT *, place = 0 AS client FROM running SEMI JOIN grown USING (case_id);

CREATE TEMP TABLE lanes AS SELECT DISTINCT person_id, municipality FROM members;

CREATE TEMP TABLE stays AS
WITH versions AS (
    SELECT s.person_id, s.address_id, s.address_municipality, s.start_earliest, s.start_latest, s.end_earliest,
           s.function, s.abroad, s."unknown", s.certainty, s.withdrawn, s.incorrect, s.under_investigation,
           l.municipality
    FROM read_parquet('{lake}/stays/*/*.parquet', hive_partitioning = false) s
    JOIN lanes l ON s.person_id = l.person_id AND s.municipality IN (l.municipality, '0000')
    WHERE s.known_at < TIMESTAMP '{day}'
    QUALIFY row_number() OVER (PARTITION BY l.municipality, s.person_id, s.address_id, s.start_earliest, s.certainty
                               ORDER BY s.known_at DESC, s.withdrawn DESC, s.incorrect DESC,
                                        s.under_investigation DESC, s.address_municipality, s.start_latest,
                                        s.end_earliest, s.function, s.abroad, s."unknown") = 1)
SELECT m.case_id, m.client, m.place, v.* FROM versions v JOIN members m USING (person_id, municipality)
WHERE NOT withdrawn AND NOT coalesce(incorrect, false) AND NOT coalesce(under_investigation, false)
  AND certainty = 'resident' AND (start_earliest IS NULL OR start_earliest < DATE '{day}');

CREATE TEMP TABLE homes AS
WITH lasting AS (
    SELECT * FROM stays WHERE end_earliest IS NULL OR end_earliest >= DATE '{day}'
    QUALIFY row_number() OVER (PARTITION BY case_id, person_id
        ORDER BY start_earliest DESC NULLS LAST, address_id, start_latest, function) = 1)
SELECT case_id,
       max(coalesce(client AND function = 'B', false)::INT)::DOUBLE AS letter_address,
       max(coalesce(client AND "unknown", false)::INT)::DOUBLE AS address_unknown,
       max(coalesce(client AND address_municipality <> municipality, false)::INT)::DOUBLE AS other_municipality,
       greatest(count(DISTINCT address_id) FILTER (place < 2) - 1, 0)::DOUBLE AS household_addresses
FROM lasting GROUP BY case_id;

CREATE TEMP TABLE moves AS
WITH moved AS (
    SELECT case_id, client, start_earliest AS day, coalesce(abroad, false) AS abroad,
           DATE '{day}' - start_earliest AS back
    FROM stays WHERE place <> 2 AND start_latest < DATE '{day}')
SELECT case_id,
       count(DISTINCT day) FILTER (client AND back <= 365)::DOUBLE AS client_moves_12m,
       count(DISTINCT day) FILTER (client AND back <= 1096)::DOUBLE AS client_moves_36m,
       round(least(floor(min(back) FILTER (client) / 30.4375), 120), 0) AS months_since_move,
       count(*) FILTER (abroad AND back <= 730)::DOUBLE AS stays_abroad_24m
FROM moved GROUP BY case_id;
DROP TABLE stays;

CREATE TEMP TABLE incomes AS
WITH versions AS (
    SELECT i.person_id, i.employer, i.relation, i.start_earliest, i.start_latest, i.end_latest, i.kind, i.gross_cents,
           i.hours, i.relation_start_earliest, i.relation_start_latest, i.withdrawn, l.municipality
    FROM read_parquet('{lake}/incomes/*/*.parquet', hive_partitioning = false) i
    JOIN lanes l ON i.person_id = l.person_id AND i.municipality IN (l.municipality, '0000')
    WHERE i.known_at < TIMESTAMP '{day}'
    QUALIFY row_number() OVER (
        PARTITION BY l.municipality, i.person_id, i.employer, i.relation, i.start_earliest, i.statement
        ORDER BY i.known_at DESC, i.withdrawn DESC, i.end_latest, i.gross_cents, i.hours, i.kind,
                 i.relation_start_earliest, i.relation_start_latest, i.start_latest) = 1)
SELECT m.case_id, m.place, v.* EXCLUDE (withdrawn) FROM versions v JOIN members m USING (person_id, municipality)
WHERE NOT withdrawn AND start_earliest < DATE '{day}';

CREATE TEMP TABLE earnings AS
WITH periods AS (
    SELECT case_id, place, employer, kind IN {wages} AS wage, start_earliest AS first_day, gross_cents,
           coalesce(hours, 0) * 100 AS hundredths, coalesce(end_latest, start_earliest) AS last_one,
           coalesce(end_latest, start_earliest) - start_earliest + 1 AS days
    FROM incomes WHERE kind NOT IN {own} AND gross_cents IS NOT NULL
      AND coalesce(end_latest, start_earliest) < DATE '{day}'),
months AS (
    SELECT *, unnest(range(year(first_day) * 12 + month(first_day) - 1, year(last_one) * 12 + month(last_one))) AS month
    FROM periods WHERE days BETWEEN 1 AND 370),
shares AS (
    SELECT *, greatest(make_date(month // 12, month % 12 + 1, 1) - first_day, 0) AS before,
           least(make_date((month + 1) // 12, (month + 1) % 12 + 1, 1) - first_day, days) AS upto,
           {asked} - month AS back
    FROM months),
monthly AS (
    SELECT case_id, place, employer, wage, month, back,
           round(gross_cents * upto / days)::BIGINT - round(gross_cents * before / days)::BIGINT AS cents,
           round(hundredths * upto / days)::BIGINT - round(hundredths * before / days)::BIGINT AS hundredths
    FROM shares WHERE back >= 1)
SELECT case_id,
       round((sum(cents) FILTER (wage AND back <= 3) / 100) * 100) / 100 AS wages_3m,
       round((sum(cents) FILTER (wage AND back <= 12) / 100) * 100) / 100 AS wages_12m,
       round((sum(cents) FILTER (wage AND place = 1 AND back <= 12) / 100) * 100) / 100 AS partner_wages_12m,
       count(DISTINCT month) FILTER (wage AND cents > 0 AND back <= 12)::DOUBLE AS wage_months_12m,
       count(DISTINCT employer) FILTER (wage AND back <= 12)::DOUBLE AS employers_12m,
       count(DISTINCT employer) FILTER (wage AND back <= 24)::DOUBLE AS employers_24m,
       round((sum(cents) FILTER (NOT wage AND back <= 12) / 100) * 100) / 100 AS other_income_12m,
       round((sum(hundredths) FILTER (wage AND back <= 3) / 300) * 10) / 10 AS hours_a_month_3m
FROM monthly GROUP BY case_id;

CREATE TEMP TABLE jobs AS
WITH begun AS (
    SELECT case_id, person_id, employer, relation, min(relation_start_earliest) AS day FROM incomes
    WHERE kind IN {wages} AND start_latest < DATE '{day}' AND relation_start_latest < DATE '{day}' GROUP BY ALL)
SELECT case_id, count(*) FILTER (DATE '{day}' - day BETWEEN 1 AND 183)::DOUBLE AS new_jobs_6m FROM begun GROUP BY ALL;

COPY (
    SELECT c.case_id, DATE '{day}' AS as_of, c.municipality, {features}
    FROM (SELECT DISTINCT case_id, municipality FROM members WHERE client) c
    LEFT JOIN homes USING (case_id) LEFT JOIN moves USING (case_id) LEFT JOIN earnings USING (case_id)
    LEFT JOIN jobs USING (case_id) ORDER BY c.case_id
) TO '{out}' (FORMAT parquet, COMPRESSION zstd);
"""


def by_hand(lake: Path, out: Path, as_of: dt.date, fills: dict[str, float], memory: str, threads: int) -> None:
    """Write the matrix of `fills` (feature -> value without rows) to `out`."""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{memory}'")
        connection.execute(f"SET threads = {threads}")
        connection.execute("SET temp_directory = ?", [str(out.parent / "spill")])
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        for name in ("cases", "ages"):
            connection.execute(f"CREATE TEMP TABLE {name} AS FROM read_parquet('{lake}/{name}.parquet')")
        features = ", ".join(f"coalesce({name}, {fill})::DOUBLE AS {name}" for name, fill in fills.items())
        asked = as_of.year * 12 + as_of.month - 1
        connection.execute(
            STEPS.format(lake=lake, out=out, day=as_of, asked=asked, features=features, wages=WAGES, own=OWN)
        )
