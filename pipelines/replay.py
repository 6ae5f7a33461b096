"""After a fix: what was withheld of a delivery is checked again, and what passes now is published.

A row becomes known when it is replayed, not when its delivery came: nobody knew it before, and a matrix of an earlier
date stays as it was. Where something newer of the same key came meanwhile, the row is overtaken and not published.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit, raw
from enforcement.database import reading, writing
from enforcement.settings import Settings
from enforcement.tables import Delivery, Quarantine
from features.records import CONTRACTS, contract_named
from pipelines.arrivals import Arrival, delivery_id, sha256_of
from pipelines.checks import CAME, good
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.numbering import number
from pipelines.publication import Publication, sync
from pipelines.sources import extract, reader_of
from pipelines.sources.isolation import read_isolated
from pipelines.sources.reading import Found, Reading, RefusedError
from pipelines.staging import CONTRACT_OF, STAGED, Staged, quoted, stage_records

LEFT = ("still_broken", "needs_file")


@dataclass(frozen=True)
class _Open:
    """A row that is not resolved yet; `came` is what it said, None where only the file can tell."""

    id: int
    contract: str | None
    at: str
    came: dict[str, Any] | None


def replayed(
    settings: Settings, delivery: str, file: Path | None = None, actor: str = "command line"
) -> dict[str, Any]:
    """Try again what is withheld of a delivery (its id, or how it begins).

    Without a file the rows as they were kept are checked by the contracts of today. With `file`: the same file is read
    again by the reader of today, another one is brought in as a correction. Gives {"delivery", "published",
    "overtaken", "replaced", "still_broken", "needs_file"} in rows. Done twice, the second changes nothing.

    Raises LookupError for a delivery that is not there, RefusedError when it was held or refused whole and no file is
    given, or when the correction itself does not pass.
    """
    lake = Lake(settings)
    about = delivery_named(lake, delivery)
    tally: Counter[str] = Counter(dict.fromkeys(("published", "overtaken", "replaced", *LEFT), 0))
    if file is not None and delivery_id(about.municipality, sha256_of(file)) != about.id:
        tally.update(_replaced(settings, lake, about, file, actor))
    elif about.status != "published":
        if file is None:
            raise RefusedError(
                f"{about.file_name} is {about.status} as a whole, so its good rows are not here either; give the file: "
                f"weegschaal quarantine --replay {about.id[:12]} --file {about.file_name}"
            )
        before = len(open_rows(lake, about))
        _brought_in(settings, about, file)
        left = len(open_rows(lake, about))
        tally.update(published=max(0, before - left), still_broken=left)
    else:
        tally.update(_tried(lake, about, file, actor))
    return {"delivery": about.id, **tally}


def delivery_named(lake: Lake, delivery: str) -> Delivery:
    """The delivery whose id begins so. Raises LookupError when there is none, or more than one."""
    with reading(lake.engine) as session:
        found = session.scalars(select(Delivery).where(Delivery.id.startswith(delivery, autoescape=True))).all()
        session.expunge_all()
    if len(found) != 1 or not delivery:
        many = "no delivery" if not found else "more than one delivery"
        raise LookupError(f"{many} begins with {delivery!r}; `weegschaal quarantine` lists them")
    return found[0]


def open_rows(lake: Lake, delivery: Delivery) -> list[_Open]:
    """What is withheld of a delivery and not resolved, in the order in which it was found."""
    with reading(lake.engine) as session:
        rows = session.scalars(
            select(Quarantine)
            .where(Quarantine.delivery_id == delivery.id, Quarantine.resolved_at.is_(None))
            .order_by(Quarantine.id)
        ).all()
        return [_Open(row.id, row.contract, row.at, _came(lake, row)) for row in rows]


def _came(lake: Lake, row: Quarantine) -> dict[str, Any] | None:
    """The row as kept by the checks; None where a reader kept a piece of its file, or nothing."""
    if row.sealed is None or row.contract not in CONTRACTS:
        return None
    try:
        came = json.loads(raw.unlock(lake.keys, row.delivery_id, row.at, row.sealed))
    except InvalidTag as error:
        raise RefusedError(f"quarantined row {row.id} was sealed with another key; set the keys of its time") from error
    except ValueError:
        return None
    return came if isinstance(came, dict) and set(CAME) <= set(came) and came["_odd"] is None else None


def _replaced(settings: Settings, lake: Lake, about: Delivery, file: Path, actor: str) -> Counter[str]:
    """Bring a correction in; rows of its contracts that it does not withhold at the same place are replaced by it."""
    correction = _brought_in(settings, about, file)
    with reading(lake.engine) as session:
        brought = session.get_one(Delivery, correction)
        again = {
            (row.contract, row.at)
            for row in session.scalars(
                select(Quarantine).where(Quarantine.delivery_id == correction, Quarantine.resolved_at.is_(None))
            )
        }
        contracts = set(brought.report["records"])
    rows = open_rows(lake, about)
    done = [one.id for one in rows if one.contract in contracts and (one.contract, one.at) not in again]
    with writing(lake.engine) as session:
        _resolve(session, about, done, f"replaced by {correction}", actor)
    return Counter(replaced=len(done), still_broken=len(rows) - len(done))


def _brought_in(settings: Settings, about: Delivery, file: Path) -> str:
    """Ingest a file for the municipality of `about`; its delivery id. Raises RefusedError when it does not pass."""
    (report,) = ingest(settings, [file], municipality=about.municipality)
    if report.status in ("held", "refused"):
        raise RefusedError(f"{file.name} is {report.status}, so nothing is resolved: {report.reason}")
    return delivery_id(about.municipality, report.sha256)


def _tried(lake: Lake, about: Delivery, file: Path | None, actor: str) -> Counter[str]:
    """Check the rows as kept, or as the same file is read now; publish what passes, in one transaction."""
    rows = open_rows(lake, about)
    read = Reading(about.source, about.schema_version)
    if file is not None and about.source != extract.SOURCE:
        read = read_isolated(reader_of(file, about.source).__name__, file)  # type: ignore[attr-defined]
    arrival = Arrival(Path(about.file_name), about.sha256, about.municipality, about.received_at, read)
    places = {(CONTRACT_OF[type(one.record)].name, one.at): one for one in read.records}
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    tally: Counter[str] = Counter()
    with lake.alone() as connection:
        publication = Publication(lake, connection, [arrival])
        publication.fresh = {about.id: arrival}
        allocation = lake.vault.allocation()
        kept: dict[str, list[_Open]] = defaultdict(list)
        for one in rows:
            if one.contract is not None and (one.came is not None or (one.contract, one.at) in places):
                kept[one.contract].append(one)
            else:
                tally["needs_file"] += 1
        done: dict[str, list[int]] = {"published": [], "overtaken": []}
        for name, mine in sorted(kept.items()):
            found = [(one.id, places[name, one.at]) for one in mine if (name, one.at) in places]
            as_kept = [one for one in mine if (name, one.at) not in places]
            for staged in (
                *_staged_kept(connection, arrival, name, as_kept),
                *_staged_read(connection, arrival, found),
            ):
                passing = _passing(lake, connection, staged)
                for state, ids in passing.items():
                    done[state] += ids
                if passing["published"]:
                    lake_rows = number(connection, staged, allocation)
                    moment = f"TIMESTAMP '{now.isoformat(sep=' ')}' AS known_at"
                    publication.write(
                        staged, f"SELECT * REPLACE ({moment}, '{about.id}' AS delivery) FROM ({lake_rows})"
                    )
                    publication.seal(staged, known_at=now)
            tally["still_broken"] += len(mine)
        for state, ids in done.items():
            tally[state] += len(ids)
            tally["still_broken"] -= len(ids)
        for folder in sorted(publication.folders):
            sync(folder)
        if any(done.values()):
            with writing(lake.engine) as session:
                publication.show(session)
                allocation.save(session)
                for state, ids in done.items():
                    _resolve(session, about, ids, state, actor)
                held = session.get_one(Delivery, about.id)
                records = Counter(held.report["records"]) + publication.records[about.id]
                held.report = {**held.report, "records": dict(sorted(records.items()))}
    return tally


def _staged_kept(connection: Any, arrival: Arrival, name: str, rows: Sequence[_Open]) -> list[Staged]:
    """The rows as text, so that they are cast again; grouped by the columns they came with."""
    contract = contract_named(name)
    stock = arrival if arrival.reading.source == extract.SOURCE else None
    groups: dict[tuple[str, ...], list[_Open]] = defaultdict(list)
    for one in rows:
        assert one.came is not None
        groups[tuple(column.name for column in contract.delivered_columns if column.name in one.came)].append(one)
    made = []
    for place, (columns, mine) in enumerate(sorted(groups.items())):
        relation = f"kept_{name}_{place}"
        texts = {column: [_text((one.came or {})[column]) for one in mine] for column in columns}
        envelope = {one: [_text((row.came or {})[one]) for row in mine] for one in CAME}
        table = pa.table(
            {column: pa.array(values, pa.string()) for column, values in {**texts, **envelope}.items()}
            | {"_at": [one.at for one in mine], "_delivery": [str(one.id) for one in mine]}
        )
        connection.register(f"{relation}_came", table)
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT * EXCLUDE (_known_at, _withdrawn, _flags), "
            f"'{arrival.municipality}' AS _municipality, _known_at::TIMESTAMP AS _known_at, "
            "_withdrawn::BOOLEAN AS _withdrawn, "
            f"CASE WHEN _flags = '' THEN [] ELSE string_split(_flags, '|') END AS _flags FROM {relation}_came"
        )
        made.append(Staged(contract, relation, dict.fromkeys(columns, "VARCHAR"), stock))
    return made


def _staged_read(connection: Any, arrival: Arrival, found: Sequence[tuple[int, Found]]) -> list[Staged]:
    """Records that today's reader can read, under the ids of their rows in quarantine."""
    if not found:
        return []
    name = CONTRACT_OF[type(found[0][1].record)].name
    staged, odd = stage_records(connection, name, [(arrival, one) for _, one in found])
    of_place = {one.at: number for number, one in found}
    wrong = {row.at for _, row in odd}
    kept = {at: str(number) for at, number in of_place.items() if at not in wrong}
    schema = pa.schema([("place", pa.string()), ("id", pa.string())])
    named = pa.table({"place": list(kept), "id": list(kept.values())}, schema)
    connection.register(f"{staged.relation}_ids", named)
    relation = f"read_{name}"
    others = ", ".join(f'"{one}"' for one in (*STAGED, *staged.columns) if one != "_delivery")
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {relation} AS SELECT {others}, id AS _delivery "
        f"FROM {staged.relation} JOIN {staged.relation}_ids ON place = _at"
    )
    return [dataclasses.replace(staged, relation=relation)]


def _text(value: Any) -> str | None:
    """A kept value as the text that a CSV would have."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return "|".join(str(one) for one in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _passing(lake: Lake, connection: Any, staged: Staged) -> dict[str, list[int]]:
    """Ids of the rows that pass, published or overtaken; `staged.good` becomes the rows to publish."""
    view = f"CREATE OR REPLACE TEMP VIEW {staged.good} AS {good(staged)}"
    connection.execute(view)
    ids = [int(one) for (one,) in connection.execute(f"SELECT _delivery FROM {staged.good} ORDER BY 1").fetchall()]
    late: list[int] = []
    files = lake.parts().get(staged.contract.name, [])
    if ids and files:
        lake_rows = number(connection, staged, lake.vault.allocation())
        held = ", ".join(quoted(path) for path in files)
        same = " AND ".join(f'h."{one}" IS NOT DISTINCT FROM r."{one}"' for one in staged.contract.key)
        late = [
            int(one)
            for (one,) in connection.execute(
                f"SELECT r.delivery FROM ({lake_rows}) r WHERE EXISTS (SELECT 1 FROM read_parquet([{held}]) h WHERE "
                f"{same} AND h.municipality = r.municipality AND h.known_at > r.known_at)"
            ).fetchall()
        ]
    if late:
        connection.execute(f"{view} AND _delivery NOT IN ({', '.join(repr(str(one)) for one in late)})")
    return {"published": [one for one in ids if one not in set(late)], "overtaken": late}


def _resolve(session: Session, about: Delivery, ids: Sequence[int], resolution: str, actor: str) -> None:
    """Mark rows, and write in the municipality's log that it was done."""
    if not ids:
        return
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    for one in ids:
        row = session.get_one(Quarantine, one)
        row.resolved_at, row.resolution = now, resolution
    details = {"rows": len(ids), "resolution": resolution.split()[0]}
    audit.append(
        session, about.municipality, actor, "operator", "quarantine_replayed", f"delivery:{about.id}", "", details
    )
