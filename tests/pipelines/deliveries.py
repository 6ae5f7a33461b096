"""Deliveries for tests: small extracts on disk, a lake of its own, and the whole of what a lake knows."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from enforcement import raw
from enforcement.database import reading
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Delivery, Identity, Lookup, Quarantine, SealedPart
from features.records import CONTRACTS, Address, Benefit, Income, Kinship, PartialDate, Person, Record, Stay
from pipelines.lake import Lake
from pipelines.sources.reading import Found, Reading

KEYS = Keys(master=b"m" * 32, lookup=b"l" * 32, sealed=b"s" * 32)
ENVIRONMENT = {
    f"WEEGSCHAAL_{name.upper()}_KEY": base64.b64encode(getattr(KEYS, name)).decode()
    for name in ("master", "lookup", "sealed")
}
MOMENT = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
BSN = "999990019"
OTHER = "999990202"
day = PartialDate.of


def settings_in(home: Path) -> Settings:
    """Settings of a service that lives in `home`."""
    return dataclasses.replace(Settings.read(), home=home, database=f"sqlite:///{home / 'weegschaal.db'}")


def lake_in(home: Path, seed: int | None = 1) -> Lake:
    return Lake(settings_in(home), seed=seed, keys=KEYS)


def found(*records: Record) -> Reading:
    """What a reader of source 'test' gives of a file with these records."""
    return Reading("test", "1", tuple(Found(f"row {n}", record) for n, record in enumerate(records, 1)))


def person(bsn: str | None = BSN, **more: Any) -> Person:
    return Person(**{"list": "1234567890", "person": bsn, "name": "Jansen", "birth_date": day("19800315"), **more})


def stay(bsn: str = BSN, start: PartialDate = day("20240101"), **more: Any) -> Stay:
    address = Address(street="Dorpsstraat", house_number=1, postcode="6001AB", municipality="0988")
    return Stay(**{"person": bsn, "address": address, "start": start, **more})


def income(bsn: str = BSN, cents: int = 100_00, start: str | None = "20260101", **more: Any) -> Income:
    return Income(
        **{"person": bsn, "employer": "012345678L01", "start": start and day(start), "gross_cents": cents, **more}
    )


def benefit(bsn: str = BSN, **more: Any) -> Benefit:
    return Benefit(**{"case": "D1", "person": bsn, "role": "client", "start": day("20240101"), **more})


def child(bsn: str = BSN, name: str = "Piet") -> Kinship:
    return Kinship(person=bsn, relation="child", other_name=name)


def rows_of(contract: str, rows: Iterable[dict[str, Any]]) -> Any:
    """An Arrow table with a contract's delivered columns as far as the rows have them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def income_row(bsn: str = BSN, **more: Any) -> dict[str, Any]:
    """An income as a row of a bulk extract."""
    date = dt.date(2026, 1, 1)
    return {"person": bsn, "start_earliest": date, "start_latest": date, "gross_cents": 100, **more}


def extract(path: Path, contract: str, rows: list[dict[str, Any]]) -> Path:
    """Write a bulk extract: Parquet or CSV by the name of `path`."""
    assert contract in CONTRACTS
    table = rows_of(contract, rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(table.replace_schema_metadata({"weegschaal.contract": contract}), path)
        return path
    with duckdb.connect() as connection:
        connection.register("rows", table)
        connection.execute(f"COPY rows TO '{path}' (HEADER)")
    path.write_text(f"# weegschaal contract={contract} version=1\n" + path.read_text())
    return path


def about(folder: Path, municipality: str = "0917", received_at: str = "2026-03-01T06:00:00Z") -> Path:
    """A delivery folder with its delivery.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "delivery.json").write_text(json.dumps({"municipality": municipality, "received_at": received_at}))
    return folder


def world(lake: Lake) -> dict[str, Any]:
    """Everything a lake knows, decrypted, with the numbers of identities replaced by what they stand for. Two lakes
    with the same knowledge have equal worlds, whatever the order in which it came."""
    with reading(lake.engine) as session:
        ids = list(session.scalars(select(Identity.id)))
        opened = lake.vault._opened(ids)
        stands_for = {str(number): (known.kind, *known.names) for number, known in opened.items()}
        withheld = [
            (
                row.delivery_id,
                row.at,
                row.field,
                row.reason,
                row.sealed and raw.unlock(KEYS, row.delivery_id, row.at, row.sealed),
            )
            for row in session.scalars(select(Quarantine))
        ]
        deliveries = [
            (row.id, row.status, row.received_at, json.dumps(row.report)) for row in session.scalars(select(Delivery))
        ]
        lookups = [(row.hmac, stands_for[str(row.identity_id)]) for row in session.scalars(select(Lookup))]
        sealed = [
            tuple(
                str(stands_for.get(str(value), value)) if name.endswith("_id") else str(value)
                for name, value in row.items()
            )
            for path in sorted(set(session.scalars(select(SealedPart.path))))
            for row in lake.sealed._unsealed(path).to_pylist()
        ]
    return {
        "deliveries": sorted(deliveries),
        "identities": sorted((known.kind, known.names, sorted(known.facts.items())) for known in opened.values()),
        "lookups": sorted(lookups),
        "quarantine": sorted(withheld, key=str),
        "sealed": sorted(sealed),
        "rows": {
            contract: sorted(
                str([stands_for.get(v, v) if n.endswith("_id") else v for n, v in row.items()])
                for row in lake.rows(contract, limit=100_000)
            )
            for contract in sorted(lake.parts())
        },
    }


def files_of(lake: Lake) -> set[str]:
    """Every file below the lake and the sealed store, but for the lock."""
    found = [*lake.folder.rglob("*"), *lake.sealed.folder.rglob("*")]
    return {str(path.relative_to(lake.folder.parent)) for path in found if path.is_file() and path.name != ".lock"}
