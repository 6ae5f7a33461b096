"""The lake: what is known, as Parquet that never changes, visible whole or not at all."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fcntl
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from enforcement.clock import stored
from enforcement.database import engine_of, reading, writing
from enforcement.identity import Vault, locked_before
from enforcement.keys import Keys
from enforcement.sealed import SealedStore
from enforcement.settings import Settings
from enforcement.tables import Delivery, Part, SealedPart
from features.records import CONTRACTS, ENVELOPE, contract_named
from pipelines.arrivals import NOBODY, Arrival, FileReport, delivery_id, sha256_of
from pipelines.engine import connect
from pipelines.faults import reached
from pipelines.publication import Publication, stored_report, unchanged
from pipelines.sources.reading import Reading, RefusedError
from pipelines.staging import quoted

ATTEMPTS = 3


class Lake:
    """Publishes deliveries and shows what is visible. `seed` fixes the numbers: for the simulated province only."""

    def __init__(self, settings: Settings, *, seed: int | None = None, keys: Keys | None = None) -> None:
        settings.home.mkdir(parents=True, exist_ok=True)
        self.folder = settings.lake
        self.aside = settings.lake / ".aside"
        self.engine = engine_of(settings.database)
        self.keys = keys or Keys.read(settings.keys, create=not locked_before(self.engine))
        self.vault = Vault(self.engine, self.keys, seed=seed)
        self.sealed = SealedStore(self.engine, self.keys, settings.home / "sealed")
        unknown = set(settings.error_budgets) - set(CONTRACTS)
        if unknown:
            raise ValueError(f"WEEGSCHAAL_ERROR_BUDGETS names {sorted(unknown)[0]!r}; there is {', '.join(CONTRACTS)}")
        self._budgets = settings.error_budgets
        self._swept = False

    def error_budget(self, contract: str) -> float:
        """Share of broken rows of a contract above which a delivery is held: the setting's, else the contract's own."""
        return self._budgets.get(contract, contract_named(contract).error_budget)

    def publish(
        self,
        read: Reading,
        *,
        path: Path,
        municipality: str | None = None,
        received_at: dt.datetime | None = None,
    ) -> FileReport:
        """Publish what one file held. `received_at` is aware; now by default. The municipality is the one given, else
        the one the file names, else 0000."""
        received = stored(received_at or dt.datetime.now(dt.UTC))
        given = municipality or read.municipality or NOBODY
        return self.publish_all([Arrival(path, sha256_of(path), given, received, read)])[0]

    def publish_all(self, arrivals: Sequence[Arrival]) -> list[FileReport]:
        """Publish several files in one transaction, a report for each in the same order. Raises RefusedError when a
        stock file among them has not its contract's columns; nothing is published then."""
        with self._turn():
            reached("started")
            for attempt in range(1, ATTEMPTS + 1):
                with self._engine(arrivals) as connection:
                    try:
                        return Publication(self, connection, arrivals).publish()
                    except IntegrityError:
                        # someone numbered the same person between our look and our write
                        if attempt == ATTEMPTS:
                            raise
                        self._sweep()
            raise AssertionError

    @contextmanager
    def alone(self) -> Iterator[Any]:
        """The turn of the only publisher, with an engine that reads the lake and nothing else."""
        with self._turn(), self._engine([]) as connection:
            yield connection

    def report_of(self, path: Path, municipality: str, sha256: str) -> FileReport | None:
        """The report of these bytes for this municipality when they were published before, else None."""
        with reading(self.engine) as session:
            delivery = session.get(Delivery, delivery_id(municipality, sha256))
            if delivery is None or delivery.status != "published":
                return None
            return dataclasses.replace(unchanged(session, delivery), path=str(path))

    def refuse(
        self,
        path: Path,
        sha256: str,
        municipality: str,
        received_at: dt.datetime,
        source: str | None,
        refusal: RefusedError,
    ) -> FileReport:
        """Write down that a file was refused, and why; a delivery that is there already stays as it is."""
        report = FileReport(str(path), source or "unknown", "", sha256, "refused", reason=str(refusal))
        delivery = delivery_id(municipality, sha256)
        with reading(self.engine) as session:
            if session.get(Delivery, delivery) is not None:
                return report
        with writing(self.engine) as session:
            session.add(
                Delivery(
                    id=delivery,
                    municipality=municipality,
                    source=report.source,
                    schema_version="",
                    sha256=sha256,
                    file_name=path.name,
                    status="refused",
                    received_at=received_at,
                    published_at=stored(dt.datetime.now(dt.UTC)),
                    report=stored_report(report),
                )
            )
        return report

    def parts(self) -> dict[str, list[Path]]:
        """Visible Parquet files per contract, in order of publication."""
        with reading(self.engine) as session:
            rows = session.execute(
                select(Part.contract, Part.path, func.min(Part.id))
                .group_by(Part.contract, Part.path)
                .order_by(func.min(Part.id))
            )
            found: dict[str, list[Path]] = {}
            for contract, path, _ in rows:
                found.setdefault(contract, []).append(self.folder / path)
        return found

    def freshness(self) -> dict[str, dt.datetime]:
        """Per contract the last moment from which something is known (UTC)."""
        with reading(self.engine) as session:
            rows = session.execute(select(Part.contract, func.max(Part.known_until)).group_by(Part.contract))
            return {row[0]: row[1] for row in rows}

    def connection(self) -> Any:
        """A DuckDB that can read the lake and nothing else: no other folder, no network, settings locked."""
        connection = duckdb.connect()
        connection.execute("SET enable_progress_bar = false")
        self.folder.mkdir(parents=True, exist_ok=True)
        connection.execute("SET TimeZone = 'UTC'")
        lock_down(connection, [self.folder])
        return connection

    def rows(self, contract: str, where: Mapping[str, str] | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Rows of a contract, the latest known first; corrected and correcting ones both. `where` holds lake columns
        and the text they must equal. Dates and moments are ISO text, numbers of identities text (they pass 2^53).

        Raises KeyError for a contract or a column that is not there.
        """
        columns = {column.name: column for column in (*contract_named(contract).lake_columns, *ENVELOPE)}
        for name in where or {}:
            if name not in columns:
                raise KeyError(f"{contract} has no column {name!r}; it has: {', '.join(columns)}")
        paths = self.parts().get(contract, [])
        if not paths:
            return []
        shown = ", ".join(_shown(name, column.type) for name, column in columns.items())
        conditions = " AND ".join([f'"{name}"::VARCHAR = ?' for name in where or {}] or ["true"])
        files = ", ".join(quoted(path) for path in paths)
        with self.connection() as connection:
            found = connection.execute(
                f"SELECT {shown} FROM read_parquet([{files}]) AS held WHERE {conditions} "
                "ORDER BY held.known_at DESC, delivery LIMIT ?",
                [*(where or {}).values(), limit],
            )
            names = [described[0] for described in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One publisher at a time on this machine; the first of a process sweeps what an aborted run left."""
        self.aside.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._swept:
                self.vault.prove()
                self._sweep()
                self._swept = True
            yield

    @contextmanager
    def _engine(self, arrivals: Sequence[Arrival]) -> Iterator[Any]:
        connection = connect(self.aside / "spill")
        deliveries = {one.reading.extract.path.resolve().parent for one in arrivals if one.reading.extract}
        lock_down(connection, [self.folder, *deliveries])
        try:
            yield connection
        finally:
            connection.close()
            for folder in self.aside.glob("judged-*"):
                shutil.rmtree(folder)

    def _sweep(self) -> None:
        """Remove files that no committed row names: they were never visible."""
        with reading(self.engine) as session:
            visible = {self.folder / path for path in session.scalars(select(Part.path).distinct())}
            visible |= {self.sealed.folder / path for path in session.scalars(select(SealedPart.path).distinct())}
        for folder, pattern in ((self.folder, "*/*/*.parquet"), (self.sealed.folder, "*.sealed")):
            for path in folder.glob(pattern):
                if path not in visible:
                    path.unlink()
        for aside in (self.aside, self.sealed.folder / ".aside"):
            for path in sorted(aside.rglob("*"), reverse=True):
                if path.is_dir():
                    path.rmdir()
                else:
                    path.unlink()
        reached("swept")


def newest_date(lake: Lake) -> dt.date:
    """The first day on which everything in the lake counts: the day after the latest record time.

    Raises ValueError when the lake is empty.
    """
    known = [moment for moment in lake.freshness().values() if moment is not None]
    if not known:
        raise ValueError("the lake is empty; bring deliveries in with `weegschaal ingest`")
    return max(known).date() + dt.timedelta(days=1)


def lock_down(connection: Any, folders: Iterable[Path]) -> None:
    """Leave a DuckDB nothing but `folders`: no other files, no network, no extensions, and no way to change that."""
    connection.execute(f"SET allowed_directories = [{', '.join(sorted(quoted(folder) for folder in folders))}]")
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _shown(name: str, kind: str) -> str:
    if kind in ("DATE", "TIMESTAMP"):
        pattern = "%Y-%m-%d" if kind == "DATE" else "%Y-%m-%dT%H:%M:%SZ"
        return f'strftime("{name}", \'{pattern}\') AS "{name}"'
    return f'"{name}"::VARCHAR AS "{name}"' if name.endswith("_id") else f'"{name}"'
