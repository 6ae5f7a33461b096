"""A file with rows of people made anew without some of them: the old hash and the rule stay, and a kill does no harm.

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
import pyarrow.parquet as pq
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from enforcement.clock import stored
from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Generation
from pipelines.arrivals import sha256_of
from pipelines.publication import sync

NEW = ".new"
MANIFEST = "manifest.json"


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


def without_rows(settings: Settings, matrix: Path, keep: Callable[[pa.Table], pa.Table]) -> dict[str, Any] | None:
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


def keep(session: Session, files: Iterable[Mapping[str, Any]], now: dt.datetime) -> None:
    session.add_all(Generation(**one, made_at=stored(now)) for one in files)
    session.flush()


def emptied(engine: Engine) -> None:
    """SQLite's write-ahead log holds deleted rows until it is emptied."""
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()
