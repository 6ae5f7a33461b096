"""Deleting what may no longer be kept, with proof: a matrix becomes a new generation, the old hash and the rule stay.

A file is written anew aside, the database says in one transaction what goes and what the new file's hash is, and then
the file takes its place. Killed in between, the next run ends what was begun (R21, R22).
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.clock import stored
from enforcement.database import engine_of, reading, writing
from enforcement.erasure import KeptError, forget_cases, forget_in_relations, forget_numbers, forget_withheld
from enforcement.errors import RefusedError
from enforcement.exemptions import months_before
from enforcement.retention import (
    ARCHIVE_YEARS,
    Rule,
    duties,
    forget_archived,
    forget_unselected,
    kept_cases,
    left_over,
    unselected_rule,
    wiped,
)
from enforcement.sealing import private_half
from enforcement.settings import Settings
from enforcement.tables import Draw, Generation, Part, Score, SealedPart
from features.records import CONTRACTS
from pipelines.about_person import Whole, only, whole_person
from pipelines.arrivals import NOBODY, sha256_of
from pipelines.faults import reached
from pipelines.lake import Lake
from pipelines.publication import sync
from pipelines.staging import quoted

NEW = ".new"
MANIFEST = "manifest.json"
ACTOR = "command line"
ERASED = "GDPR 17: erased at the person's request"


def retain(settings: Settings, now: dt.datetime | None = None, archive_years: int = ARCHIVE_YEARS) -> dict[str, Any]:
    """Delete what is past its term: {"municipalities": [counts], "files": [one per matrix], "proof": {...}}.

    Done again it changes nothing. Raises RuntimeError when something that should be gone is not.
    """
    moment, engine = now or dt.datetime.now(dt.UTC), engine_of(settings.database)
    finish(settings)
    with reading(engine) as session:
        towns = sorted({*session.scalars(select(Draw.municipality)), *session.scalars(select(Score.municipality))})
        rules = {town: unselected_rule(session, town, moment.date()) for town in towns}
        keep = {town: kept_cases(session, town, moment) for town in towns}
    files = []
    for matrix in _old_matrices(settings, rules):
        day = dt.date.fromisoformat(matrix.parent.name)
        due = {town: rule for town, rule in rules.items() if day < rule.before}
        made = _without_rows(settings, matrix, lambda table, due=due: _stays(table, due, keep))  # type: ignore[misc]
        if made is not None:
            files.append(made | {"rule": "; ".join(sorted({str(rule) for rule in due.values()}))})
    reached("retain_written")
    rows: list[dict[str, Any]] = []
    with writing(engine) as session:
        wiped(session)
        for town in towns:
            gone = forget_unselected(session, town, rules[town], keep[town])
            gone |= forget_archived(session, town, archive_years, moment)
            if any(gone.values()):
                details = gone | {"rule": str(rules[town]), "archive_years": archive_years}
                audit.append(
                    session, town, "system", "service", "retained", f"municipality:{town}", "retention", details,
                    at=moment,
                )  # fmt: skip
            rows.append({"municipality": town, "rule": str(rules[town])} | gone)
        _keep(session, files, moment)
    reached("retain_committed")
    finish(settings)
    _emptied(engine)
    reached("retain_done")
    return {"municipalities": rows, "files": files, "proof": _proof(settings, rules, keep)}


def erase(
    settings: Settings,
    bsn: str,
    purpose: str,
    now: dt.datetime | None = None,
    archive_years: int = ARCHIVE_YEARS,
) -> dict[str, Any]:
    """Erase a person: lake rows, sealed rows, matrices, scores, and the vault's key (R22): counts, and "log".

    Raises LookupError for an unknown number, KeptError with every reason while something must be kept, KeyFileError
    where the key of the protected attributes is not here.
    """
    if not purpose.strip():
        raise RefusedError("say what the erasure is for, such as the reference of the request; it stands in the log")
    finish(settings)
    lake, moment = Lake(settings), now or dt.datetime.now(dt.UTC)
    found = whole_person(settings, lake, bsn)
    if found is None:
        raise LookupError("nobody is known here with that citizen service number")
    _refuse_while_kept(lake, found, archive_years, moment)
    private = private_half(settings.keys)
    alone = _alone(lake, found)
    with lake.alone() as connection:
        opened = lake.vault._opened(sorted(found.persons | alone.lists))
        names = {name for known in opened.values() for name in known.names}
        parts = _lake_without(lake, connection, alone)
        sealed = _sealed_without(lake, alone, private)
        matrices = [
            made | {"rule": ERASED}
            for matrix in sorted((settings.home / "features").glob("*/matrix.parquet"))
            if (made := _without_rows(settings, matrix, lambda table: _others(table, alone))) is not None
        ]
        reached("erase_written")
        gone: dict[str, Any] = {}
        with writing(lake.engine) as session:
            wiped(session)
            gone["lake_rows"] = _swap_parts(session, parts)
            gone["sealed_rows"] = _swap_sealed(session, sealed)
            gone["scores"] = forget_cases(session, alone.cases)
            gone["relations"] = forget_in_relations(session, found.persons)
            gone["withheld"] = forget_withheld(session, lake.keys, names)
            gone["identities"] = forget_numbers(session, {*found.persons, *alone.lists, *alone.cases})
            gone["matrix_rows"] = sum(one["rows"] for one in matrices)
            _keep(session, matrices, moment)
            for town in sorted(parts.towns | set(found.cases.values())):
                details = gone | {"for": purpose.strip(), "rule": ERASED}
                audit.append(
                    session, town, ACTOR, "operator", "erased", f"municipality:{town}", "erasure", details, at=moment
                )
        reached("erase_committed")
        for path in [*parts.old, *(lake.sealed.folder / one for one in sealed)]:
            path.unlink(missing_ok=True)
        finish(settings)
    _emptied(lake.engine)
    reached("erase_done")
    if whole_person(settings, lake, bsn) is not None:
        raise RuntimeError("the person is still known after the erasure; run it again")
    return gone | {"municipalities": sorted(parts.towns)}


def finish(settings: Settings) -> int:
    """End a deletion that was interrupted after its transaction: put the new files in place, drop those that no row
    names, and write the manifests; gives how many files were put in place."""
    with reading(engine_of(settings.database)) as session:
        rows = session.scalars(select(Generation).order_by(Generation.id)).all()
        session.expunge_all()
    newest = {one.path: one for one in rows}
    done = 0
    for path, one in newest.items():
        file = settings.home / path
        aside = file.with_name(file.name + NEW)
        if one.new_sha256 is None:
            if file.exists() and sha256_of(file) == one.old_sha256:
                file.unlink()
                done += 1
        elif aside.exists() and sha256_of(aside) == one.new_sha256:
            os.replace(aside, file)
            done += 1
        (file.parent / "edges.parquet").unlink(missing_ok=True)
        if file.parent.is_dir():
            _manifest(file.parent / MANIFEST, [each for each in rows if each.path == path])
            sync(file.parent)
    for left in (settings.home / "features").glob(f"*/*{NEW}"):
        left.unlink()
    return done


def _manifest(path: Path, rows: Iterable[Generation]) -> None:
    told = [
        {
            "generation": at,
            "old_sha256": one.old_sha256,
            "new_sha256": one.new_sha256,
            "rule": one.rule,
            "rows_taken_out": one.rows,
            "made_at": one.made_at.isoformat(timespec="seconds") + "Z",
        }
        for at, one in enumerate(rows, 1)
    ]
    aside = path.with_name(path.name + ".part")
    aside.write_text(json.dumps({"file": "matrix.parquet", "generations": told}, indent=1) + "\n", encoding="utf-8")
    sync(aside)
    os.replace(aside, path)


def _old_matrices(settings: Settings, rules: Mapping[str, Rule]) -> list[Path]:
    """Matrices of whole dates that some municipality's rule reaches."""
    found = []
    for matrix in sorted((settings.home / "features").glob("????-??-??/matrix.parquet")):
        day = dt.date.fromisoformat(matrix.parent.name)
        if any(day < rule.before for rule in rules.values()):
            found.append(matrix)
    return found


def _stays(table: pa.Table, due: Mapping[str, Rule], keep: Mapping[str, frozenset[int]]) -> pa.Table:
    stays = [
        town not in due or case in keep[town]
        for case, town in zip(table["case_id"].to_pylist(), table["municipality"].to_pylist(), strict=True)
    ]
    return table.filter(pa.array(stays, pa.bool_()))


def _others(table: pa.Table, whole: Whole) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["case_id"], pa.array(sorted(whole.cases), pa.int64()))))


def _without_rows(settings: Settings, matrix: Path, keep: Callable[[pa.Table], pa.Table]) -> dict[str, Any] | None:
    """Write the matrix anew beside itself: {"path", "old_sha256", "new_sha256", "rows"}; None when nothing goes."""
    table = pq.read_table(matrix)
    kept = keep(table)
    if len(kept) == len(table):
        return None
    aside, sha256 = matrix.with_name(matrix.name + NEW), None
    if len(kept):
        pq.write_table(kept, aside, compression="zstd")
        sync(aside)
        sha256 = sha256_of(aside)
    return {
        "path": str(matrix.relative_to(settings.home)),
        "old_sha256": sha256_of(matrix),
        "new_sha256": sha256,
        "rows": len(table) - len(kept),
    }


def _keep(session: Session, files: Iterable[Mapping[str, Any]], now: dt.datetime) -> None:
    session.add_all(Generation(**one, made_at=stored(now)) for one in files)
    session.flush()


def _emptied(engine: Engine) -> None:
    """SQLite's write-ahead log holds deleted rows until it is emptied."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()


def _proof(settings: Settings, rules: Mapping[str, Rule], keep: Mapping[str, frozenset[int]]) -> dict[str, int]:
    """What is left of what should be gone, looked up anew; raises RuntimeError unless it is nothing."""
    with reading(engine_of(settings.database)) as session:
        scores = sum(left_over(session, town, rule, keep[town]) for town, rule in rules.items())
    rows = 0
    for matrix in _old_matrices(settings, rules):
        due = {town: r for town, r in rules.items() if dt.date.fromisoformat(matrix.parent.name) < r.before}
        table = pq.read_table(matrix, columns=["case_id", "municipality"])
        rows += len(table) - len(_stays(table, due, keep))
    tracked = sum(
        "case_id" in pq.read_schema(path).names for path in settings.mlruns.rglob("*.parquet") if path.is_file()
    )
    left = {"scores_left": scores, "matrix_rows_left": rows, "files_with_cases_in_mlruns": tracked}
    if any(left.values()):
        raise RuntimeError(f"something that should be gone is there: {left}")
    return left


def _refuse_while_kept(lake: Lake, whole: Whole, years: int, now: dt.datetime) -> None:
    reasons: list[str] = []
    with reading(lake.engine) as session:
        for town in sorted(set(whole.cases.values())):
            mine = {case: where for case, where in whole.cases.items() if where == town}
            reasons += duties(session, town, mine, years, now)
    if (end := _benefit_until(lake, whole)) is not None and end >= months_before(now.date(), 12 * years):
        said = "a benefit runs" if end == dt.date.max else f"a benefit ended on {end.isoformat()}"
        reasons.append(f"{said}; its file is kept {years} years after the end (Archiefwet 3)")
    if reasons:
        raise KeptError("not erased yet (GDPR 17(3)): " + "; ".join(reasons))


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
        self.gone = 0


def _lake_without(lake: Lake, connection: Any, whole: Whole) -> _Parts:
    made = _Parts()
    for name, paths in lake.parts().items():
        condition = whole.condition(CONTRACTS[name])
        for path in paths:
            source = f"read_parquet({quoted(path)})"
            found = connection.execute(
                f"SELECT municipality, count(*) FROM {source} AS held WHERE {condition} GROUP BY municipality"
            ).fetchall()
            if not found:
                continue
            made.towns |= {town for town, _ in found} - {NOBODY}
            made.gone += sum(rows for _, rows in found)
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
