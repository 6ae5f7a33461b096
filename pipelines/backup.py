"""Backup and restore: the database, the lake, the sealed store, matrices, models and checkpoints; never the keys (R32).

A backup folder holds each file once under its hash, and per backup a snapshot of the database with a manifest. So the
next backup copies only what is new and can be made every five minutes. The database is read first, under the lake's
lock: every file that it names is there and never changes.

A backup lives for its days and no longer: the next one deletes it whole, with the files that no other names, and writes
down that it did. So what was erased is gone from the backups too on a day that can be told (R21).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url, select, text

from enforcement import audit
from enforcement.clock import stored
from enforcement.database import connected, engine_of, reading, writing
from enforcement.settings import Settings
from enforcement.tables import Event, Part, SealedPart, Step
from pipelines.arrivals import sha256_of
from pipelines.lake import Lake
from pipelines.publication import sync
from pipelines.stores import BACKUP_STEP

FILES, MANIFEST = "files", "manifest.json"
SNAPSHOT, DUMP = "database.sqlite", "database.dump"
CARRIED = ("lake", "sealed", "features", "proofs")
"""folders of the home that are carried; keys/, deliveries/ and truth/ are not"""
KEEP_DAYS = 30
"""a backup lives no longer: it holds the identities of people who may have been erased since"""
EXPIRED = "expired.jsonl"
"""which backups were deleted, when and by which rule: a line each, without personal data"""


class BackupError(RuntimeError):
    """The backup cannot be made, or is not whole; the message says what to do."""


def backup(
    settings: Settings, folder: Path, now: dt.datetime | None = None, keep_days: int = KEEP_DAYS
) -> dict[str, Any]:
    """Make a backup below `folder` and let older ones expire: {"backup", "files", "copied", "bytes", "expired",
    "files_deleted", "oldest", "seconds"}. Raises BackupError."""
    started, moment = time.monotonic(), now or dt.datetime.now(dt.UTC)
    with _turn(folder):
        made = _made(settings, folder, moment)
        gone = _expire(settings, folder, moment, keep_days)
    return made | gone | {"seconds": round(time.monotonic() - started, 1)}


def expire(
    settings: Settings, folder: Path, now: dt.datetime | None = None, keep_days: int = KEEP_DAYS
) -> dict[str, Any]:
    """Delete backups that are past their days, without making one: {"expired", "files_deleted", "oldest"}."""
    with _turn(folder):
        return _expire(settings, folder, now or dt.datetime.now(dt.UTC), keep_days)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One backup at a time: what one is about to name, another does not delete."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(settings: Settings, folder: Path, moment: dt.datetime) -> dict[str, Any]:
    place = folder / moment.strftime("%Y%m%dT%H%M%SZ")
    if place.exists():
        raise BackupError(f"{place} is there already; wait a second")
    aside = folder / f".{place.name}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    (folder / FILES).mkdir(exist_ok=True, mode=0o700)
    lake = Lake(settings)
    files, copied = {}, 0
    with lake.alone():
        database = _snapshot(settings, lake.engine, aside)
        for name, path in _carried(settings):
            sha256 = sha256_of(path)
            kept = folder / FILES / sha256
            if not kept.exists():
                part = folder / FILES / f".{sha256}.{os.getpid()}"
                shutil.copyfile(path, part)
                if sha256_of(part) != sha256:
                    raise BackupError(f"{name} changed while it was copied; make the backup again")
                sync(part)
                part.rename(kept)
                copied += 1
            files[name] = {"sha256": sha256, "bytes": path.stat().st_size}
    manifest = {
        "made_at": moment.isoformat(timespec="seconds"),
        "database": {"file": database, "sha256": sha256_of(aside / database)},
        "files": files,
    }
    (aside / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    for path in (aside / MANIFEST, aside / database, folder / FILES, aside):
        sync(path)
    aside.rename(place)
    sync(folder)
    return {
        "backup": str(place),
        "files": len(files),
        "copied": copied,
        "bytes": sum(one["bytes"] for one in files.values()),
    }


def _expire(settings: Settings, folder: Path, now: dt.datetime, keep_days: int) -> dict[str, Any]:
    """Delete what is past its days; then look again, and tell the service's database what is left and until when."""
    before, rule = now - dt.timedelta(days=keep_days), f"backups live {keep_days} days"
    expired = [(place, made) for place, made in _backups(folder) if made < before]
    for place, made in expired:
        line = {"at": now, "backup": place.name, "made_at": made, "rule": rule, "sha256": sha256_of(place / MANIFEST)}
        with (folder / EXPIRED).open("a", encoding="utf-8") as told:
            told.write(json.dumps(line, default=lambda moment: moment.isoformat(timespec="seconds")) + "\n")
        aside = place.with_name(f".{place.name}")
        place.rename(aside)
    for left in folder.glob(".[0-9]*Z"):
        shutil.rmtree(left)  # also what a backup that was broken off left behind
    there = _backups(folder)
    named = {
        one["sha256"]
        for place, _ in there
        for one in json.loads((place / MANIFEST).read_text(encoding="utf-8"))["files"].values()
    }
    unnamed = [path for path in (folder / FILES).glob("*") if path.name not in named]
    for path in unnamed:
        path.unlink()
    sync(folder)
    dates = [made for _, made in there]
    term = dt.timedelta(days=keep_days + 1)  # the next backup after its last day deletes it
    result = {
        "backups": len(there),
        "keep_days": keep_days,
        "first_expires_on": (min(dates, default=now) + term).date().isoformat(),
        "last_expires_on": (max(dates, default=now) + term).date().isoformat(),
    }
    name = BACKUP_STEP + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    with writing(engine_of(settings.database)) as session:
        if there:
            session.merge(
                Step(name=name, input_sha256="", rows=len(there), seconds=0.0, finished_at=stored(now), result=result)
            )
        elif (gone := session.get(Step, name)) is not None:
            session.delete(gone)
    oldest = min(dates, default=None)
    return {
        "expired": len(expired),
        "files_deleted": len(unnamed),
        "oldest": oldest.isoformat(timespec="seconds") if oldest else None,
    }


def _backups(folder: Path) -> list[tuple[Path, dt.datetime]]:
    """Whole backups below the folder with the moment of which each is, oldest first."""
    return [
        (path.parent, dt.datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["made_at"]))
        for path in sorted(folder.glob(f"[0-9]*/{MANIFEST}"))
    ]


def restore(settings: Settings, folder: Path) -> dict[str, Any]:
    """Put the newest backup below `folder`, or the backup `folder` itself, in an empty home, and verify it:
    {"backup", "files", "entries", "seconds"}.

    Raises BackupError when the home is not empty, a hash differs, or a chain of the log does not hold; what was put in
    place stays for inspection.
    """
    started = time.monotonic()
    _refuse_unless_all_is_seen(settings)
    place = _newest(folder)
    manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    database = place / manifest["database"]["file"]
    if sha256_of(database) != manifest["database"]["sha256"]:
        raise BackupError(f"{database} is not what the manifest says; take another backup")
    there = [name for name in (*CARRIED, "weegschaal.db") if (settings.home / name).exists()]
    if there:
        raise BackupError(f"{settings.home} holds {there[0]} already; restore into an empty WEEGSCHAAL_HOME")
    for name, one in manifest["files"].items():
        kept, to = place.parent / FILES / one["sha256"], _target(settings, name)
        if not kept.is_file():
            raise BackupError(f"{name} is missing in {place.parent / FILES}; take another backup")
        to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(kept, to)
        if sha256_of(to) != one["sha256"]:
            raise BackupError(f"{name} is not what the manifest says; take another backup")
    _put_back(settings, database)
    entries = verified(settings)
    seconds = round(time.monotonic() - started, 1)
    return {"backup": str(place), "files": len(manifest["files"]), "entries": entries, "seconds": seconds}


def verified(settings: Settings) -> int:
    """Entries of the log, after every chain was checked and every visible file compared with its hash.

    Raises BackupError.
    """
    engine, entries = engine_of(settings.database), 0
    with reading(engine) as session:
        if engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL row_security = off"))  # an error, where rows would be hidden from the check
        for town in sorted(session.scalars(select(Event.municipality).distinct())):
            if wrong := audit.check(audit.chain(session, town)):
                raise BackupError(f"the log does not hold: {wrong[0]}")
            entries += audit.length(session, town)
        for folder, table in ((settings.lake, Part), (settings.home / "sealed", SealedPart)):
            for path, sha256 in set(session.execute(select(table.path, table.sha256))):
                if not (folder / path).is_file() or sha256_of(folder / path) != sha256:
                    raise BackupError(f"{folder / path} is missing or is not what the database says")
    return entries


def _refuse_unless_all_is_seen(settings: Settings) -> None:
    """A login that row-level security holds would check an empty log and find it whole."""
    engine = connected(settings.database)
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        sees = connection.scalar(text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"))
    engine.dispose()
    if not sees:
        raise BackupError(
            "this login does not see every row, so nothing could be verified; restore as the owner with BYPASSRLS, as "
            "docs/operations.md says"
        )


def _newest(folder: Path) -> Path:
    if (folder / MANIFEST).is_file():
        return folder
    found = sorted(path.parent for path in folder.glob(f"[0-9]*/{MANIFEST}"))
    if not found:
        raise BackupError(f"there is no backup in {folder}; make one with `weegschaal backup {folder}`")
    return found[-1]


def _carried(settings: Settings) -> Iterator[tuple[str, Path]]:
    roots = [(name, settings.home / name) for name in CARRIED]
    roots += [("mlruns", settings.mlruns), ("checkpoints", settings.checkpoints)]
    for name, root in roots:
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not any(part in (".aside", ".lock") for part in inside.parts):
                yield f"{name}/{inside.as_posix()}", path


def _target(settings: Settings, name: str) -> Path:
    first, _, rest = name.partition("/")
    if first not in (*CARRIED, "mlruns", "checkpoints") or ".." in Path(rest).parts:
        raise BackupError(f"the manifest names {name!r}, which is no part of a backup")
    roots = {"mlruns": settings.mlruns, "checkpoints": settings.checkpoints}
    return roots.get(first, settings.home / first) / rest


def _snapshot(settings: Settings, engine: Engine, folder: Path) -> str:
    """The database as of one moment: SQLite's own backup, or pg_dump."""
    if engine.dialect.name == "sqlite":
        with sqlite3.connect(str(engine.url.database)) as source, sqlite3.connect(folder / SNAPSHOT) as copy:
            source.backup(copy)
        copy.close()
        source.close()
        return SNAPSHOT
    _run("pg_dump", "--format=custom", f"--file={folder / DUMP}", f"--dbname={_address(settings)}")
    return DUMP


def _put_back(settings: Settings, database: Path) -> None:
    if database.name == SNAPSHOT:
        to = Path(str(make_url(settings.database).database))
        to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(database, to)
        sync(to)
    else:
        _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={_address(settings)}", str(database))


def _address(settings: Settings) -> str:
    """Without a password: libpq finds it in ~/.pgpass, and no other process sees it."""
    url = make_url(settings.database).set(drivername="postgresql", password=None)
    return url.render_as_string(hide_password=False)


def _run(*words: str) -> None:
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    except FileNotFoundError as error:
        raise BackupError(f"{words[0]} is not installed; install the PostgreSQL client") from error
    if done.returncode:
        raise BackupError(f"{words[0]}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'failed'}")
