"""The sealed store: protected attributes under a key of their own, out of reach of everything that learns (R10).

Four things leave it, each because a law needs it: the legal age band of a person on a date, who lives in care (R33),
birth dates to whoever finds out who is who, and one person's own rows for that person, with the purpose logged. The
other attributes are closed once more, with a key that only the fairness audit has (audit_door.py).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, select

from enforcement.database import reading
from enforcement.keys import KeyFileError, Keys
from enforcement.sealing import close, opened, public_half
from enforcement.tables import SealedPart

NONCE = 12
ABOUT = b"weegschaal sealed store 1"

SCHEMA = pa.schema(
    [
        ("person_id", pa.int64()),
        ("list_id", pa.int64()),
        ("contract", pa.string()),
        ("municipality", pa.string()),
        ("known_at", pa.timestamp("us")),
        ("withdrawn", pa.bool_()),
        ("birth_date_earliest", pa.date32()),
        ("birth_date_latest", pa.date32()),
        ("birth_place", pa.string()),
        ("birth_country", pa.string()),
        ("sex", pa.string()),
        ("nationalities", pa.list_(pa.string())),
        ("residence_title", pa.string()),
        ("in_care", pa.bool_()),
    ]
)

PROTECTED = ("birth_place", "birth_country", "sex", "nationalities", "residence_title")
"""columns that only the fairness audit opens"""
ROWS_AT_ONCE = 4_000_000
"""rows of which ages are told at a time: those of a whole country take more memory together than there may be"""
LENGTH = 8
"""bytes that say how long the first part of a file is"""

PENSION_AGE = (
    (dt.date(1, 1, 1), 65 * 12),
    (dt.date(1948, 1, 1), 65 * 12 + 1),
    (dt.date(1948, 12, 1), 65 * 12 + 2),
    (dt.date(1949, 11, 1), 65 * 12 + 3),
    (dt.date(1950, 10, 1), 65 * 12 + 6),
    (dt.date(1951, 7, 1), 65 * 12 + 9),
    (dt.date(1952, 4, 1), 66 * 12),
    (dt.date(1953, 1, 1), 66 * 12 + 4),
    (dt.date(1955, 9, 1), 66 * 12 + 7),
    (dt.date(1956, 6, 1), 66 * 12 + 10),
    (dt.date(1957, 3, 1), 67 * 12),
    (dt.date(1961, 1, 1), 67 * 12 + 3),
)
"""Born on or after -> pension age in months (Algemene Ouderdomswet 7a; cohorts as published per calendar year)."""

AGES = ("minor", "18-20", "21-26", "27-63", "64-66", "pension")
BANDS = ("minor", "64-66", "pension", "21-26", "27-63", "18-20")
"""Of the bands that a partial birth date leaves possible, the first of these is taken: the reading that favours the
client. A possible minor is never ranked (R25), a possible 64 is exempt (R33), pension age ends the benefit, below 27 a
housemate is no cost sharer, and below 21 the norm is lower (Participatiewet 20-22a)."""


@dataclass(frozen=True)
class SealedFile:
    """One encrypted Parquet file, in place but not visible before its row is committed."""

    path: str
    """below the store's folder"""
    sha256: str
    rows: int


class SealedStore:
    """Encrypted files below `folder`; which of them count stands in table `sealed_part`."""

    def __init__(self, engine: Engine, keys: Keys, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self._cipher = AESGCM(keys.sealed)

    def seal(self, rows: Any) -> bytes:
        """Arrow rows (columns of SCHEMA, those that are there) as encrypted Parquet: what the law needs under the
        sealed key, and after it the protected attributes, closed for the audit."""
        there = set(rows.column_names)
        columns = [
            rows.column(field.name).cast(field.type) if field.name in there else pa.nulls(len(rows), field.type)
            for field in SCHEMA
        ]
        whole = pa.table(columns, schema=SCHEMA)
        nonce = os.urandom(NONCE)
        legal = nonce + self._cipher.encrypt(nonce, _parquet(whole.drop_columns(list(PROTECTED))), ABOUT)
        with_any = whole.filter(_any_said(whole))
        closed = close(self._public(), _parquet(with_any.drop_columns(["in_care"]))) if len(with_any) else b""
        return len(legal).to_bytes(LENGTH, "big") + legal + closed

    def write_aside(self, rows: Any) -> tuple[Path, SealedFile]:
        """Seal `rows` into a synced file aside, and say where it belongs."""
        return self._aside(self.seal(rows), len(rows))

    def write_without(self, path: str, keep: Callable[[Any], Any], private: bytes) -> tuple[Path, SealedFile] | None:
        """A file again with only the rows that `keep` leaves of a table, protected attributes too, for which the
        audit's private key is needed (GDPR 17); None when it leaves all of them."""
        whole = self._unsealed(path)
        kept = keep(whole)
        if len(kept) == len(whole):
            return None
        content = (self.folder / path).read_bytes()
        nonce = os.urandom(NONCE)
        legal = nonce + self._cipher.encrypt(nonce, _parquet(kept), ABOUT)
        closed = content[LENGTH + int.from_bytes(content[:LENGTH], "big") :]
        if closed:
            left = keep(pq.read_table(io.BytesIO(opened(private, closed))))
            closed = close(self._public(), _parquet(left)) if len(left) else b""
        return self._aside(len(legal).to_bytes(LENGTH, "big") + legal + closed, len(kept))

    def _aside(self, content: bytes, rows: int) -> tuple[Path, SealedFile]:
        sha256 = hashlib.sha256(content).hexdigest()
        aside = self.folder / ".aside" / secrets.token_hex(8)
        aside.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return aside, SealedFile(f"{sha256}.sealed", sha256, rows)

    def legal_ages(self, dates: Sequence[dt.date], persons: Any | None = None) -> Any:
        """Table (person_id BIGINT, as_of DATE, band VARCHAR): the band each person is in on each date, from what was
        known before it. Bands: minor, 18-20, 21-26, 27-63, 64-66, pension. Nobody without a birth date is in it.

        `persons`: an Arrow array or column of the person_id to tell of; everyone by default."""
        connection = self._opened()
        if persons is not None:
            connection.register("wanted", pa.table({"person_id": persons}))
        chosen = "" if persons is None else "SEMI JOIN wanted USING (person_id)"
        connection.register("asked", pa.table({"as_of": pa.array(sorted(set(dates)), pa.date32())}))
        ((rows,),) = connection.execute("SELECT count(*) FROM sealed").fetchall()
        lots = 1 + rows // ROWS_AT_ONCE
        told = [
            connection.sql(_LEGAL_AGES.format(chosen=chosen, lots=lots, lot=lot)).to_arrow_table()
            for lot in range(lots)
        ]
        ages = pa.concat_tables(told)
        return ages if lots == 1 else ages.sort_by([("as_of", "ascending"), ("person_id", "ascending")])

    def birth_dates(self, persons: Any) -> Any:
        """Table (person_id BIGINT, born DATE): the exact birth date last told of each of `persons` (an Arrow array), to
        tell people of one name apart before two numbers are taken for one (GDPR 5(1)(d), accuracy). Whoever reads it
        logs the purpose."""
        connection = self._opened()
        connection.register("wanted", pa.table({"person_id": persons}))
        return connection.sql(
            "SELECT person_id, arg_max(birth_date_earliest, (contract = 'persons', known_at)) AS born "
            "FROM sealed SEMI JOIN wanted USING (person_id) WHERE NOT withdrawn "
            "AND birth_date_earliest = birth_date_latest GROUP BY person_id ORDER BY person_id"
        ).to_arrow_table()

    def in_care(self, dates: Sequence[dt.date]) -> Any:
        """Table (person_id BIGINT, as_of DATE): who lives in care on each date, by the latest that each source said
        before it."""
        connection = self._opened()
        connection.register("asked", pa.table({"as_of": pa.array(sorted(set(dates)), pa.date32())}))
        return connection.sql(
            "SELECT person_id, as_of FROM (SELECT person_id, as_of, contract, "
            "arg_max(in_care, (known_at, in_care)) AS in_care FROM sealed JOIN asked ON known_at < as_of "
            "WHERE in_care IS NOT NULL AND person_id IS NOT NULL AND NOT withdrawn GROUP BY ALL) "
            "GROUP BY person_id, as_of HAVING bool_or(in_care) ORDER BY as_of, person_id"
        ).to_arrow_table()

    def tables(self) -> Iterator[Any]:
        """What each file holds under the sealed key, columns of SCHEMA but the protected ones: for a person who asks
        what is known (GDPR 15) or asks to be forgotten (GDPR 17). Whoever reads it logs the purpose."""
        for path in self._paths():
            yield self._unsealed(path)

    def closed(self) -> Iterator[bytes]:
        """The protected attributes of each file, closed: only the audit's key opens them."""
        for path in self._paths():
            content = (self.folder / path).read_bytes()
            if closed := content[LENGTH + int.from_bytes(content[:LENGTH], "big") :]:
                yield closed

    def _public(self) -> bytes:
        return public_half(self.folder, self.folder.parent / "keys")

    def _paths(self) -> Sequence[str]:
        with reading(self.engine) as session:
            return session.scalars(select(SealedPart.path).distinct().order_by(SealedPart.path)).all()

    def _opened(self) -> Any:
        tables = [self._unsealed(path) for path in self._paths()]
        connection = duckdb.connect()
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET enable_external_access = false")
        empty = SCHEMA.empty_table().drop_columns(list(PROTECTED))
        connection.register("sealed", pa.concat_tables(tables) if tables else empty)
        return connection

    def _unsealed(self, path: str) -> Any:
        content = (self.folder / path).read_bytes()
        legal = content[LENGTH : LENGTH + int.from_bytes(content[:LENGTH], "big")]
        try:
            plain = self._cipher.decrypt(legal[:NONCE], legal[NONCE:], ABOUT)
        except (InvalidTag, ValueError) as error:
            raise KeyFileError("the sealed key does not open the sealed store; restore the key it had") from error
        return pq.ParquetFile(io.BytesIO(plain)).read()


def _parquet(table: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _any_said(table: Any) -> Any:
    """Which rows hold a protected attribute, or take one back."""
    said = table.column("withdrawn").fill_null(False)
    for name in PROTECTED:
        said = pc.or_(said, pc.is_valid(table.column(name)))
    return said


def _pension_months(reading: str) -> str:
    """SQL: the pension age in months of someone born on `reading`."""
    whens = " ".join(
        f"WHEN {reading} >= DATE '{born.isoformat()}' THEN {months}" for born, months in reversed(PENSION_AGE)
    )
    return f"CASE {whens} END"


def _place(reading: str) -> str:
    """SQL: the band, counted from the youngest, of someone born on `reading`."""
    return (
        f"CASE WHEN {reading} + INTERVAL 18 YEAR > as_of THEN 0 WHEN {reading} + INTERVAL 21 YEAR > as_of THEN 1 "
        f"WHEN {reading} + INTERVAL 27 YEAR > as_of THEN 2 WHEN {reading} + INTERVAL 64 YEAR > as_of THEN 3 "
        f"WHEN {reading} + to_months({_pension_months(reading)}) > as_of THEN 4 ELSE 5 END"
    )


_FAVOURABLE = " ".join(f"WHEN {AGES.index(band)} BETWEEN lowest AND highest THEN '{band}'" for band in BANDS)

_LEGAL_AGES = f"""
WITH told AS (
    SELECT person_id, contract, list_id, known_at,
           arg_max({{{{'earliest': birth_date_earliest, 'latest': birth_date_latest, 'withdrawn': withdrawn}}}},
                   {{{{'sure': birth_date_earliest}}}}) AS birth
    FROM sealed {{chosen}} WHERE person_id IS NOT NULL AND (birth_date_earliest IS NOT NULL OR withdrawn)
    AND person_id % {{lots}} = {{lot}}
    GROUP BY ALL
), changes AS (
    -- a benefit file says every month what it said before
    SELECT *, birth IS DISTINCT FROM lag(birth) OVER listed AS changed FROM told
    WINDOW listed AS (PARTITION BY person_id, contract, list_id ORDER BY known_at)
), latest AS MATERIALIZED (
    SELECT person_id, contract, birth, known_at AS since, lead(known_at) OVER listed AS until,
           count(*) OVER (PARTITION BY person_id) = 1 AS simple
    FROM changes WHERE changed WINDOW listed AS (PARTITION BY person_id, contract, list_id ORDER BY known_at)
), births AS (
    SELECT as_of, person_id, birth.earliest AS earliest, birth.latest AS latest
    FROM latest JOIN asked ON since < as_of WHERE simple AND NOT birth.withdrawn
    UNION ALL
    -- the registry holds; where a number stands on two lists, either may be right
    SELECT as_of, person_id, min(birth.earliest) AS earliest, max(birth.latest) AS latest
    FROM latest JOIN asked ON since < as_of AND (until IS NULL OR as_of <= until)
    WHERE NOT simple AND NOT birth.withdrawn GROUP BY as_of, person_id, contract
    QUALIFY row_number() OVER (PARTITION BY as_of, person_id ORDER BY contract = 'persons' DESC, contract) = 1
), placed AS (
    SELECT person_id, as_of, {_place("latest")} AS lowest, {_place("earliest")} AS highest FROM births
)
SELECT person_id, as_of, CASE {_FAVOURABLE} END AS band FROM placed ORDER BY as_of, person_id
"""
