"""The shape of the database: which migrations ran, bringing them up, taking them back.

A new database is made from the tables as they are and marked as the newest; one that exists is brought up by Alembic,
SQLite by whoever opens it first, PostgreSQL by its owner with `weegschaal migrate`. Before the first release there is
one migration, the baseline, and it changes with the tables (write.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from enforcement.guards import lift, protect
from enforcement.tables import Base

HERE = Path(__file__).parent
VERSIONS = HERE / "versions"
MIGRATE = "run `weegschaal migrate` as the owner of the database"


class SchemaError(RuntimeError):
    """The tables are not those of this version; the message says which and what to do."""


def prepare(engine: Engine) -> None:
    """Makes the tables of a new database, brings an older SQLite up, and refuses what does not fit.

    Raises SchemaError.
    """
    if engine.dialect.name == "sqlite":
        if not _is_current(engine):
            migrate(engine)
    elif not _is_current(engine):
        raise SchemaError(f"the database is at revision {revision(engine) or 'none'}, not {head()}; {MIGRATE}")


def migrate(engine: Engine, to: str = "head", *, versions: Path = VERSIONS) -> str | None:
    """Brings the database to a revision, up or down, in one transaction; gives the revision it has now.

    Raises SchemaError for a database or a revision that this version does not know.
    """
    with _alone(engine) as connection:
        known = {name for name in inspect(connection).get_table_names() if name in Base.metadata.tables}
        at = _revision(connection)
        strange = at is not None and at not in _revisions(versions)
        if to == "head" and (at is None or strange or at == head(versions)) and versions == VERSIONS:
            _made_whole(connection, at, existing=bool(known))
        elif strange:
            raise SchemaError(f"revision {at} of the database is not one of this version; use the version that made it")
        else:
            lift(connection)
            _run(connection, to, at, versions)
        if inspect(connection).has_table("event"):
            protect(connection)
        return _revision(connection)


def revision(engine: Engine) -> str | None:
    """The revision a database has; None before the first migration."""
    with engine.connect() as connection:
        return _revision(connection)


def head(versions: Path = VERSIONS) -> str:
    """The newest revision of this version."""
    return str(_scripts(versions).get_current_head())


def differences(connection: Connection) -> list[Any]:
    """Where the database differs from the tables of this version, as Alembic says it; empty when it does not."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def _made_whole(connection: Connection, at: str | None, *, existing: bool) -> None:
    """All tables from the metadata: for a new database, for one from before there were migrations, and for one that was
    made with an earlier baseline, where nothing but whole tables is missing. Nothing is kept when it does not fit."""
    Base.metadata.create_all(connection)
    if existing and (found := differences(connection)):
        raise SchemaError(
            f"the tables of the database (revision {at or 'none'}) are not those of this version "
            f"({_said(found[0])}); use the version that made it, or move it aside and run the pipeline again"
        )
    _run(connection, "head", None, VERSIONS, stamp=True)


def _said(difference: Any) -> str:
    first = difference[0] if isinstance(difference, list) else difference
    names = (getattr(part, "name", part) for part in first)
    return " ".join(str(name) for name in names if name is not None)


def _run(connection: Connection, to: str, at: str | None, versions: Path, *, stamp: bool = False) -> None:
    from alembic import command
    from alembic.util import CommandError

    config = _config(versions)
    config.attributes["connection"] = connection
    down = at is not None and (to == "base" or to in _older(at, versions))
    try:
        if stamp:
            command.stamp(config, to, purge=True)
        else:
            (command.downgrade if down else command.upgrade)(config, to)
    except CommandError as error:
        raise SchemaError(f"{error}; this version knows {', '.join(sorted(_revisions(versions)))}") from error


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """One transaction that nobody else migrates beside."""
    with engine.connect() as connection:
        connection.info["writes"] = True
        try:
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('weegschaal migrations'))"))
                yield connection
        finally:
            connection.info.pop("writes", None)


def _is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        return _revision(connection) == head() and not set(Base.metadata.tables) - _tables(connection)


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _config(versions: Path) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    return config


def _scripts(versions: Path) -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(versions))


def _revisions(versions: Path) -> set[str]:
    return {script.revision for script in _scripts(versions).walk_revisions()}


def _older(at: str, versions: Path) -> set[str]:
    return {script.revision for script in _scripts(versions).iterate_revisions(at, "base")} - {at}
