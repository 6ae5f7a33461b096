"""Taking a person out of every place, at their request or when the archive's term after their last benefit ended.

Which places there are says pipelines/stores.py (R22, GDPR 17). What is somebody else's too stays, without the person in
it where that can be.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.database import engine_of, reading, writing
from enforcement.erasure import (
    KeptError,
    forget_cases,
    forget_in_relations,
    forget_in_timelines,
    forget_numbers,
    forget_withheld,
)
from enforcement.errors import RefusedError
from enforcement.exemptions import months_before
from enforcement.retention import ARCHIVE_YEARS, Kept, duties, wiped
from enforcement.sealing import private_half
from enforcement.settings import Settings
from enforcement.tables import Delivery, Event, Part, SealedPart, Step
from enforcement.tenants import within
from features.records import CONTRACTS
from pipelines.about_person import Whole, lake_rows, only, whole_person
from pipelines.arrivals import NOBODY, sha256_of
from pipelines.faults import reached
from pipelines.generations import NEW, emptied, finish, keep, without_rows
from pipelines.lake import Lake
from pipelines.publication import sync
from pipelines.staging import quoted
from pipelines.stores import BACKUP_STEP

ACTOR = "command line"
ERASED = "GDPR 17: erased at the person's request"


def erase(
    settings: Settings,
    bsn: str,
    purpose: str,
    now: dt.datetime | None = None,
    archive_years: int = ARCHIVE_YEARS,
    municipality: str | None = None,
) -> dict[str, Any]:
    """Erase a person from every place that pipelines/stores.py names (R22): counts, "municipalities", and
    "in_backups_until", the day on which the last backup that may hold them expires, None where none was made.

    municipality: which alone asks for it; what another has of the person is not its to erase (R36). Raises LookupError
    for an unknown number, KeptError with every reason while something must be kept, KeyFileError where the key of the
    protected attributes is not here.
    """
    if not purpose.strip():
        raise RefusedError("say what the erasure is for, such as the reference of the request; it stands in the log")
    finish(settings)
    lake, moment = Lake(settings), now or dt.datetime.now(dt.UTC)
    found = whole_person(settings, lake, bsn)
    if found is None:
        raise LookupError("nobody is known here with that citizen service number")
    if municipality is not None:
        _require_only(lake, found, municipality)
    _refuse_while_kept(lake, found, archive_years, moment)
    alone = _alone(lake, found)
    gone, towns = taken_out(settings, lake, found, alone, "erased", ACTOR, ERASED, moment, {"for": purpose.strip()})
    if whole_person(settings, lake, bsn) is not None:
        raise RuntimeError("the person is still known after the erasure; run it again")
    with reading(lake.engine) as session:
        steps = session.scalars(select(Step).where(Step.name.startswith(BACKUP_STEP)))
        until = max((one.result["last_expires_on"] for one in steps), default=None)
    return gone | {"municipalities": sorted(towns), "in_backups_until": until}


def was_erased(settings: Settings, municipality: str, purpose: str) -> bool:
    """Whether the log of the municipality says that somebody was erased for this purpose: who was stopped after that
    finds nobody to erase any more. The purpose names one request."""
    about = select(Event.body).where(within(Event, municipality), Event.object == f"municipality:{municipality}")
    with reading(engine_of(settings.database)) as session:
        bodies = session.scalars(about.where(Event.body.contains(json.dumps(purpose, ensure_ascii=False)))).all()
    entries = [json.loads(body) for body in bodies]
    return any(one["action"] == "erased" and one["details"]["for"] == purpose for one in entries)


def taken_out(
    settings: Settings,
    lake: Lake,
    found: Whole,
    alone: Whole,
    action: str,
    actor: str,
    rule: str,
    moment: dt.datetime,
    details: Mapping[str, Any],
) -> tuple[dict[str, Any], set[str]]:
    """Take people out of every place: `alone` is what is theirs only, `found` all that leads to them. Counts, and the
    municipalities whose log says so. Raises KeyFileError where the key of the protected attributes is not here."""
    private = private_half(settings.keys)
    with lake.alone() as connection:
        opened = lake.vault._opened(sorted(found.persons | alone.lists))
        names = {name for known in opened.values() for name in known.names}
        parts = _lake_without(lake, connection, alone)
        sealed = _sealed_without(lake, alone, private)
        roles = _roles_elsewhere(lake, connection, found, alone)
        matrices = [
            made | {"rule": rule}
            for matrix in sorted((settings.home / "features").glob("*/matrix.parquet"))
            if (made := without_rows(settings, matrix, lambda table: _others(table, alone))) is not None
        ]
        reached("erase_written")
        gone: dict[str, Any] = {}
        with writing(lake.engine) as session:
            wiped(session)
            gone["lake_rows"] = _swap_parts(session, parts)
            gone["sealed_rows"] = _swap_sealed(session, sealed)
            gone["scores"] = forget_cases(session, alone.cases)
            gone["relations"] = forget_in_relations(session, found.persons)
            gone["timelines"] = forget_in_timelines(session, roles)
            withheld = forget_withheld(session, lake.keys, names)
            gone["withheld"] = len(withheld)
            gone["identities"] = forget_numbers(session, {*found.persons, *alone.lists, *alone.cases})
            gone["matrix_rows"] = sum(one["rows"] for one in matrices)
            came_in = session.execute(
                select(Delivery.file_name, Delivery.sha256).where(Delivery.id.in_(parts.deliveries | set(withheld)))
            ).all()
            raw = delivered_files([settings.deliveries], came_in)
            for path in raw:  # before the log says that all is gone; what they brought is in the lake till then
                path.unlink()
            gone["delivered_files"] = len(raw)
            keep(session, matrices, moment)
            towns = parts.towns | set(found.cases.values())
            for town in sorted(towns):
                audit.append(
                    session, town, actor, "operator" if actor == ACTOR else "service", action,
                    f"municipality:{town}", "erasure" if action == "erased" else "retention",
                    gone | {"rule": rule, **details}, at=moment,
                )  # fmt: skip
        reached("erase_committed")
        for path in [*parts.old, *(lake.sealed.folder / one for one in sealed)]:
            path.unlink(missing_ok=True)
        clear_files(settings)
    emptied(lake.engine)
    reached("erase_done")
    return gone, towns


def clear_files(settings: Settings) -> None:
    """What is left to do after the transaction, and again by who finds that it was stopped there: no file is left that
    knows who is gone."""
    finish(settings)
    for path in (settings.home / "features").glob("*/edges.parquet"):
        path.unlink(missing_ok=True)


def _others(table: pa.Table, whole: Whole) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["case_id"], pa.array(sorted(whole.cases), pa.int64()))))


def _roles_elsewhere(lake: Lake, connection: Any, found: Whole, alone: Whole) -> dict[int, frozenset[str]]:
    """Case that stays because it is somebody else's too -> the roles that the person has in it."""
    shared = sorted(set(found.cases) - set(alone.cases))
    files = ", ".join(quoted(path) for path in lake.parts().get("benefits", []))
    if not shared or not files:
        return {}
    cases, persons = (", ".join(map(str, some)) for some in (shared, sorted(found.persons)))
    rows = connection.execute(
        f"SELECT case_id, list(DISTINCT role) FROM read_parquet([{files}]) "
        f"WHERE case_id IN ({cases}) AND person_id IN ({persons}) GROUP BY case_id"
    ).fetchall()
    return {case: frozenset(some) for case, some in rows}


def delivered_files(folders: Iterable[Path], wanted: Iterable[Any]) -> list[Path]:
    """The files below the folders that are one of (name, SHA-256)."""
    hashes: dict[str, set[str]] = {}
    for name, sha256 in wanted:
        hashes.setdefault(name, set()).add(sha256)
    return [
        path
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.name in hashes and path.is_file() and sha256_of(path) in hashes[path.name]
    ]


def _require_only(lake: Lake, whole: Whole, municipality: str) -> None:
    towns = {row["municipality"] for mine in lake_rows(lake, whole).values() for row in mine} - {NOBODY}
    if municipality not in towns:
        raise LookupError("nobody is known here with that citizen service number")
    if towns - {municipality}:
        raise KeptError([(Kept.ELSEWHERE, "another municipality has data of this person; erase when each asked")])


def _refuse_while_kept(lake: Lake, whole: Whole, years: int, now: dt.datetime) -> None:
    reasons: list[tuple[Kept, str]] = []
    with reading(lake.engine) as session:
        for town in sorted(set(whole.cases.values())):
            mine = {case: where for case, where in whole.cases.items() if where == town}
            reasons += duties(session, town, mine, years, now)
    if (end := _benefit_until(lake, whole)) is not None and end >= months_before(now.date(), 12 * years):
        said = "a benefit runs" if end == dt.date.max else f"a benefit ended on {end.isoformat()}"
        reasons.append((Kept.BENEFIT, f"{said}; its file is kept {years} years after the end (Archiefwet 3)"))
    if reasons:
        raise KeptError(reasons)


def _benefit_until(lake: Lake, whole: Whole) -> dt.date | None:
    """The last day on which the person was on a benefit, the last of all days when it runs; None when never."""
    files = ", ".join(quoted(path) for path in lake.parts().get("benefits", []))
    if not files or not whole.cases:
        return None
    persons = ", ".join(map(str, sorted(whole.persons)))
    with lake.connection() as connection:
        found = connection.execute(
            f"SELECT max(coalesce(last.end_latest, DATE '9999-12-31')) FROM (SELECT arg_max(held, known_at) AS last "
            f"FROM read_parquet([{files}]) AS held WHERE person_id IN ({persons}) "
            "GROUP BY case_id, person_id, role, start_earliest) WHERE NOT last.withdrawn"
        ).fetchone()
    return None if found is None or found[0] is None else found[0]


def _alone(lake: Lake, whole: Whole) -> Whole:
    """The person without what belongs to others too: dossiers with another client or partner, and companies."""
    files = ", ".join(quoted(path) for path in lake.parts().get("benefits", []))
    shared: set[int] = set()
    if files and whole.cases:
        cases, persons = (", ".join(map(str, sorted(some))) for some in (whole.cases, whole.persons))
        with lake.connection() as connection:
            rows = connection.execute(
                f"SELECT DISTINCT case_id FROM read_parquet([{files}]) WHERE case_id IN ({cases}) "
                f"AND role IN ('client', 'partner') AND person_id NOT IN ({persons})"
            ).fetchall()
        shared = {case for (case,) in rows}
    mine = {case: town for case, town in whole.cases.items() if case not in shared}
    return Whole(whole.persons, mine, whole.lists, frozenset())


class _Parts:
    """Lake files made anew: old path -> rows per delivery in the new file, and what that is."""

    def __init__(self) -> None:
        self.changed: dict[str, tuple[str, str, dict[str, tuple[int, Any, Any]]]] = {}
        self.old: list[Path] = []
        self.towns: set[str] = set()
        self.deliveries: set[str] = set()
        self.gone = 0


def _lake_without(lake: Lake, connection: Any, whole: Whole) -> _Parts:
    made = _Parts()
    for name, paths in lake.parts().items():
        condition = whole.condition(CONTRACTS[name])
        for path in paths:
            source = f"read_parquet({quoted(path)})"
            found = connection.execute(
                f"SELECT municipality, delivery, count(*) FROM {source} AS held WHERE {condition} GROUP BY ALL"
            ).fetchall()
            if not found:
                continue
            made.towns |= {town for town, _, _ in found} - {NOBODY}
            made.deliveries |= {delivery for _, delivery, _ in found}
            made.gone += sum(rows for *_, rows in found)
            aside = lake.aside / f"{path.name}{NEW}"
            lake.aside.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"COPY (SELECT * FROM {source} AS held WHERE NOT coalesce({condition}, false)) TO {quoted(aside)} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            sync(aside)
            sha256 = sha256_of(aside)
            final = path.with_name(f"{sha256}.parquet")
            aside.rename(final)
            sync(final.parent)
            left = {
                delivery: (rows, first, last)
                for delivery, rows, first, last in connection.execute(
                    f"SELECT delivery, count(*), min(known_at), max(known_at) FROM read_parquet({quoted(final)}) "
                    "GROUP BY delivery"
                ).fetchall()
            }
            made.changed[str(path.relative_to(lake.folder))] = (str(final.relative_to(lake.folder)), sha256, left)
            made.old.append(path)
    return made


def _swap_parts(session: Session, made: _Parts) -> int:
    for old, (new, sha256, left) in made.changed.items():
        for part in session.scalars(select(Part).where(Part.path == old)).all():
            if part.delivery_id not in left:
                session.delete(part)
                continue
            part.rows, part.known_from, part.known_until = left[part.delivery_id]
            part.path, part.sha256 = new, sha256
    session.flush()
    return made.gone


def _sealed_without(lake: Lake, whole: Whole, private: bytes) -> dict[str, Any]:
    """Old path -> the sealed file without the person's rows, put in place under its own hash."""
    made = {}
    with reading(lake.engine) as session:
        paths = session.scalars(select(SealedPart.path).distinct().order_by(SealedPart.path)).all()
    for path in paths:
        again = lake.sealed.write_without(path, lambda table: only(table, whole, others=True), private)
        if again is not None:
            aside, file = again
            aside.rename(lake.sealed.folder / file.path)
            made[path] = file
    sync(lake.sealed.folder)
    return made


def _swap_sealed(session: Session, made: Mapping[str, Any]) -> int:
    gone = 0
    for old, file in made.items():
        before = session.scalar(select(func.max(SealedPart.rows)).where(SealedPart.path == old)) or 0
        gone += before - file.rows
        if file.rows:
            values = {"path": file.path, "sha256": file.sha256, "rows": file.rows}
            session.execute(update(SealedPart).where(SealedPart.path == old).values(**values))
        else:
            session.execute(delete(SealedPart).where(SealedPart.path == old))
    return gone
