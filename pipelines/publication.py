"""One publication: check, number, write aside, sync, rename, and one transaction that makes it all visible."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import secrets
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from enforcement import raw
from enforcement.database import reading, writing
from enforcement.tables import Delivery, Part, Quarantine, SealedPart
from features.records import contract_named
from pipelines.arrivals import Arrival, FileReport, Withheld, sha256_of
from pipelines.checks import counted, good, withheld
from pipelines.checks_on_spark import checked_there
from pipelines.faults import reached
from pipelines.numbering import number, sealed_rows
from pipelines.sources.reading import Quarantined
from pipelines.staging import Staged, of_contract, quoted, stage_extract, stage_records

if TYPE_CHECKING:
    from pipelines.lake import Lake

SHOWN_WHEN_HELD = 1_000
"""quarantine rows kept of a file that is held; the file itself stays with its sender"""
ENOUGH_TO_JUDGE = 100
"""records of one contract below which a message is judged record by record: half of two records is no measure"""


class Publication:
    """What happens to `arrivals`; used once."""

    def __init__(self, lake: Lake, connection: Any, arrivals: Sequence[Arrival]) -> None:
        self.lake = lake
        self.connection = connection
        self.arrivals = arrivals
        self.fresh: dict[str, Arrival] = {}
        self.quarantined: dict[str, list[Quarantined]] = defaultdict(list)
        self.records: dict[str, Counter[str]] = defaultdict(Counter)
        self.flags: dict[str, Counter[str]] = defaultdict(Counter)
        self.held: dict[str, str] = {}
        self.parts: list[dict[str, Any]] = []
        self.sealed: list[dict[str, Any]] = []
        self.folders: set[Path] = set()
        """folders that name something new, to be synced before the transaction"""

    def publish(self) -> list[FileReport]:
        """A report per arrival, in their order."""
        known = self._known()
        for arrival in self.arrivals:
            if arrival.delivery not in known:
                self.fresh.setdefault(arrival.delivery, arrival)
        allocation = self.lake.vault.allocation()
        staged = self._admitted(self._staged())
        reached("checked")
        made = [(one, number(self.connection, one, allocation)) for one in staged]
        reached("numbered")
        for one, rows in made:
            self.write(one, rows)
            self.seal(one)
        for folder in sorted(self.folders):
            sync(folder)
        with writing(self.lake.engine) as session:
            reached("transaction_begun")
            self._insert(session)
            allocation.save(session)
            session.flush()
            reached("rows_inserted")
        reached("committed")
        reports = {delivery: self._report(arrival) for delivery, arrival in self.fresh.items()}
        first = set(self.fresh)
        told = []
        for arrival in self.arrivals:
            report = known.get(arrival.delivery) or reports[arrival.delivery]
            if arrival.delivery in first:
                first.discard(arrival.delivery)
            elif report.status == "published":
                report = dataclasses.replace(report, status="unchanged")
            told.append(dataclasses.replace(report, path=str(arrival.path)))
        return told

    def _known(self) -> dict[str, FileReport]:
        """Deliveries that were published before. What was held or refused is tried anew."""
        with reading(self.lake.engine) as session:
            ids = [arrival.delivery for arrival in self.arrivals]
            rows = session.scalars(select(Delivery).where(Delivery.id.in_(ids), Delivery.status == "published")).all()
            return {row.id: unchanged(session, row) for row in rows}

    def _staged(self) -> list[Staged]:
        staged = []
        for place, arrival in enumerate(self.fresh.values()):
            self.quarantined[arrival.delivery].extend(arrival.reading.quarantined)
            self.flags[arrival.delivery].update(arrival.reading.flags)
            if arrival.reading.extract is not None:
                one = stage_extract(self.connection, arrival, arrival.reading.extract, f"stock_{place}")
                staged.append(checked_there(self.connection, one, self.lake.aside))
        for name, found in of_contract(list(self.fresh.values())).items():
            one, odd = stage_records(self.connection, name, found)
            staged.append(one)
            for arrival, quarantined in odd:
                self.quarantined[arrival.delivery].append(quarantined)
        order = {"persons": 0}
        return sorted(staged, key=lambda one: order.get(one.contract.name, 1))

    def _admitted(self, staged: Sequence[Staged]) -> list[Staged]:
        """Judge all first, for a delivery over its budget in one contract is held whole; then make the good rows of
        each a relation, and give those that have any."""
        tally: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        torn: dict[str, list[tuple[int, Quarantined]]] = {}
        for delivery, rows in self.quarantined.items():
            for row in rows:
                if row.contract is not None:
                    tally[delivery, row.contract].update(rows=1, broken=1)
        for one in staged:
            # fetched whole: the engine writes down torn lines when a query ends, not when its first row is there
            for delivery, rows, broken in self.connection.execute(counted(one)).fetchall():
                tally[delivery, one.contract.name].update(rows=rows, broken=broken)
            if one.stock:
                torn[one.relation] = self._torn(one)
                lost = len(torn[one.relation])
                tally[one.stock.delivery, one.contract.name].update(rows=lost, broken=lost)
        for (delivery, contract), found in tally.items():
            self._judge(delivery, contract, found)
        return [one for one in staged if self._admit(one, tally, torn.get(one.relation, []))]

    def _judge(self, delivery: str, contract: str, found: Counter[str]) -> None:
        """Hold a delivery of which too much is broken; what was known before stays in force."""
        stock = self.fresh[delivery].reading.extract is not None
        budget = self.lake.error_budget(contract)
        rows, broken = found["rows"], found["broken"]
        if broken > budget * rows and (stock or rows >= ENOUGH_TO_JUDGE):
            self.held.setdefault(
                delivery,
                f"{broken} of {rows} rows ({100 * broken / rows:.1f} %) break contract {contract}; at most "
                f"{100 * budget:g} % may. Nothing of it is visible and what was known before stays in force; "
                "ask the sender for a corrected file",
            )

    def _admit(
        self, staged: Staged, tally: dict[tuple[str, str], Counter[str]], torn: list[tuple[int, Quarantined]]
    ) -> bool:
        """Quarantine what is broken of one contract and make a relation of the rest; False when nothing is left."""
        mine = {delivery: found for (delivery, name), found in tally.items() if name == staged.contract.name}
        if staged.stock:
            mine = {staged.stock.delivery: mine[staged.stock.delivery]}
        if any(found["broken"] for found in mine.values()):
            self._withhold(staged, [line for line, _ in torn])
        if staged.stock:
            delivery = staged.stock.delivery
            rows = self.quarantined[delivery]
            rows.extend(one for _, one in torn)
            if delivery in self.held:
                del rows[SHOWN_WHEN_HELD:]
                return False
        held = ", ".join(f"'{delivery}'" for delivery in sorted(self.held))
        visible = f" AND _delivery NOT IN ({held})" if held else ""
        kind = "TABLE" if staged.at_hand else "VIEW"
        self.connection.execute(f"CREATE OR REPLACE TEMP {kind} {staged.good} AS {good(staged)}{visible}")
        return any(found["rows"] > found["broken"] for delivery, found in mine.items() if delivery not in self.held)

    def _withhold(self, staged: Staged, torn: list[int]) -> None:
        limit = f"LIMIT {SHOWN_WHEN_HELD}" if staged.stock and staged.stock.delivery in self.held else ""
        rows = self.connection.execute(
            f"SELECT _delivery, _at, _broken, _came FROM ({withheld(staged)}) ORDER BY _delivery, _at {limit}"
        ).fetchall()
        for delivery, at, broken, came in rows:
            where = f"row {in_file(at, torn)}" if staged.stock else at
            reasons = "; ".join(f"{one['field']} {one['reason']}" for one in broken[1:])
            reason = broken[0]["reason"] + (f"; {reasons}" if reasons else "")
            self.quarantined[delivery].append(
                Quarantined(where, broken[0]["field"], reason, staged.contract.name, came)
            )

    def _torn(self, staged: Staged) -> list[tuple[int, Quarantined]]:
        """Lines of a CSV that do not fit its header, by row; DuckDB kept them apart."""
        tables = self.connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'")
        if not tables.fetchone()[0]:
            return []
        rows = self.connection.execute(
            "SELECT DISTINCT line, lower(error_type::VARCHAR), csv_line FROM reject_errors "
            "JOIN reject_scans USING (scan_id, file_id) WHERE file_path = ? ORDER BY line",
            [str(staged.stock.path.resolve())] if staged.stock else [None],
        ).fetchall()
        return [
            (row, Quarantined(f"row {row}", "row", f"cannot be read: {why}", staged.contract.name, text))
            for row, why, text in ((line - staged.header_lines, why, text) for line, why, text in rows)
        ]

    def write(self, staged: Staged, rows: str) -> None:
        """One Parquet file per municipality, under the hash of its content."""
        contract = staged.contract.name
        for municipality in self._municipalities(staged):
            aside = self.lake.aside / f"{secrets.token_hex(8)}.parquet"
            self.connection.execute(
                f"COPY (SELECT * FROM ({rows}) WHERE municipality = '{municipality}') TO {quoted(aside)} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            reached("part_written")
            sync(aside)
            reached("part_synced")
            sha256 = sha256_of(aside)
            path = f"{contract}/{municipality}/{sha256}.parquet"
            self._settle(aside, self.lake.folder / path)
            reached("part_renamed")
            self._count(contract, municipality, path, sha256)

    def _municipalities(self, staged: Staged) -> list[str]:
        if staged.stock:
            return [staged.stock.municipality]
        rows = self.connection.execute(f"SELECT DISTINCT _municipality FROM {staged.good} ORDER BY 1").fetchall()
        return [municipality for (municipality,) in rows]

    def _settle(self, aside: Path, path: Path) -> None:
        """Rename a synced file to where it belongs; the folders that name it are synced once, before the commit."""
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(path)
        home = self.lake.folder.parent
        self.folders.update(folder for folder in path.parents if folder.is_relative_to(home))

    def _count(self, contract: str, municipality: str, path: str, sha256: str) -> None:
        file = f"read_parquet({quoted(self.lake.folder / path)})"
        for delivery, rows, first, last in self.connection.execute(
            f"SELECT delivery, count(*), min(known_at), max(known_at) FROM {file} GROUP BY delivery ORDER BY delivery"
        ).fetchall():
            self.records[delivery][contract] += rows
            self.parts.append(
                {
                    "delivery_id": delivery,
                    "contract": contract,
                    "municipality": municipality,
                    "path": path,
                    "sha256": sha256,
                    "rows": rows,
                    "known_from": first,
                    "known_until": last,
                }
            )
        for delivery, flag, times in self.connection.execute(
            f"SELECT delivery, flag, count(*) FROM (SELECT delivery, unnest(flags) AS flag FROM {file}) GROUP BY ALL"
        ).fetchall():
            self.flags[delivery][flag] += times

    def seal(self, staged: Staged, known_at: dt.datetime | None = None) -> None:
        """The protected attributes of the good rows, encrypted beside the lake; `known_at` when not their own."""
        rows = sealed_rows(self.connection, staged)
        if rows is None or not len(rows):
            return
        if known_at is not None:
            place = rows.schema.get_field_index("known_at")
            moments = pa.array([known_at] * len(rows), rows.schema.field(place).type)
            rows = rows.set_column(place, rows.schema.field(place), moments)
        aside, file = self.lake.sealed.write_aside(rows)
        reached("sealed_written")
        self._settle(aside, self.lake.sealed.folder / file.path)
        reached("sealed_renamed")
        for delivery in [staged.stock.delivery] if staged.stock else self.fresh:
            if self.records[delivery][staged.contract.name]:
                self.sealed.append({"delivery_id": delivery, **dataclasses.asdict(file)})

    def _insert(self, session: Session) -> None:
        before = session.scalars(select(Quarantine).where(Quarantine.delivery_id.in_(list(self.fresh)))).all()
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        for arrival in self.fresh.values():
            report = self._report(arrival)
            purposes = {contract_named(name).purpose for name in report.records}
            session.merge(
                Delivery(
                    id=arrival.delivery,
                    municipality=arrival.municipality,
                    source=report.source,
                    schema_version=report.schema_version,
                    sha256=arrival.sha256,
                    file_name=arrival.path.name,
                    status=report.status,
                    received_at=arrival.received_at,
                    published_at=now,
                    purpose="; ".join(sorted(purposes)),
                    report=stored_report(report),
                )
            )
        session.flush()
        again = self._still_withheld(before, now)
        rows = [
            {
                "delivery_id": delivery,
                "contract": one.contract,
                "at": one.at,
                "field": one.field,
                "reason": one.reason,
                "sealed": None if one.raw is None else raw.lock(self.lake.keys, delivery, one.at, one.raw),
            }
            for delivery in self.fresh
            for one in self.quarantined[delivery]
            if (delivery, one.contract, one.at, one.field, one.reason) not in again
        ]
        self.show(session)
        if rows:
            session.execute(insert(Quarantine), rows)

    def show(self, session: Session) -> None:
        """Make what was written visible, in the caller's transaction."""
        for model, rows in ((Part, self.parts), (SealedPart, self.sealed)):
            if rows:
                session.execute(insert(model), rows)

    def _still_withheld(
        self, before: Sequence[Quarantine], now: dt.datetime
    ) -> set[tuple[str, str | None, str, str, str]]:
        """What was withheld when the same file was held, and is again: it keeps its row. What is no longer is marked as
        resolved once the file is published."""
        found = {
            (delivery, one.contract, one.at, one.field, one.reason)
            for delivery in self.fresh
            for one in self.quarantined[delivery]
        }
        again = set()
        for row in before:
            about = (row.delivery_id, row.contract, row.at, row.field, row.reason)
            if about in found and row.resolved_at is None:
                again.add(about)
            elif row.resolved_at is None and row.delivery_id not in self.held:
                row.resolved_at, row.resolution = now, "published"
        return again

    def _report(self, arrival: Arrival) -> FileReport:
        read, delivery = arrival.reading, arrival.delivery
        reason = self.held.get(delivery)
        return FileReport(
            path=str(arrival.path),
            source=read.source,
            schema_version=read.schema_version,
            sha256=arrival.sha256,
            status="held" if reason else "published",
            records={name: n for name, n in sorted(self.records[delivery].items()) if n},
            flags=dict(sorted(self.flags[delivery].items())),
            answers={"fault": read.faults, "nothing_found": read.nothing_found},
            quarantined=tuple(Withheld(one.at, one.field, one.reason) for one in self.quarantined[delivery]),
            reason=reason,
        )


def stored_report(report: FileReport) -> dict[str, Any]:
    """What table `delivery` keeps of a report; the quarantine has a table of its own."""
    return {
        "records": report.records,
        "flags": report.flags,
        "answers": report.answers,
        **({"reason": report.reason} if report.reason else {}),
    }


def unchanged(session: Session, delivery: Delivery) -> FileReport:
    """The report of a delivery that is there already."""
    rows = session.execute(
        select(Quarantine.at, Quarantine.field, Quarantine.reason)
        .where(Quarantine.delivery_id == delivery.id, Quarantine.resolved_at.is_(None))
        .order_by(Quarantine.id)
    )
    return FileReport(
        path=delivery.file_name,
        source=delivery.source,
        schema_version=delivery.schema_version,
        sha256=delivery.sha256,
        status="unchanged",
        quarantined=tuple(Withheld(*row) for row in rows),
        **delivery.report,
    )


def in_file(row: int, torn: Sequence[int]) -> int:
    """The row's place in the file when the engine counted without the torn ones.

    >>> [in_file(row, [2, 5]) for row in (1, 2, 3, 4)]
    [1, 3, 4, 6]
    """
    for place in torn:
        if place > row:
            break
        row += 1
    return row


def sync(path: Path) -> None:
    """Ask the disk to keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
