"""A backup of PostgreSQL, restored in a new database: every row, every chain of the log, and the same walls (R32)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

import weegschaal
from enforcement import audit
from enforcement.database import acting_for, connected, engine_of, reading, writing
from enforcement.migrations import differences
from enforcement.settings import Settings
from enforcement.tables import Base, Case, Event
from pipelines.backup import BackupError, backup, restore
from pipelines.lake import Lake
from tests.api.builders import HEERLEN, MAASTRICHT, NOW, fill
from tests.pipelines.deliveries import ENVIRONMENT, KEYS, benefit, found, person, world
from tests.postgres.server import OWNER, SERVICE, Server

BACKUP = "ww_backup"

pytestmark = pytest.mark.skipif(
    shutil.which("pg_dump") is None or shutil.which("pg_restore") is None,
    reason="no pg_dump and pg_restore on this machine; install them with apt-get install postgresql-client",
)


@pytest.fixture
def logins(server: Server) -> Any:
    """The logins of docs/operations.md: one that backs up, and the owner, who sees every row while restoring."""
    with server._admin.connect() as connection:
        known = connection.scalars(text("SELECT rolname FROM pg_roles")).all()
        if BACKUP not in known:
            roles = "weegschaal_pipeline, pg_read_all_data"
            connection.execute(text(f"CREATE ROLE {BACKUP} LOGIN BYPASSRLS IN ROLE {roles}"))
        connection.execute(text(f"ALTER ROLE {OWNER} BYPASSRLS"))
        yield
        connection.execute(text(f"ALTER ROLE {OWNER} NOBYPASSRLS"))


def at(home: Path, database: str) -> Settings:
    home.mkdir(exist_ok=True)
    return Settings(home, 8080, database, home / "mlruns", demo=True)


def counts(server: Server, url: str) -> dict[str, int]:
    """Rows per table, as who sees everything."""
    engine = connected(server.url(str(make_url(url).database), "admin"))
    with engine.connect() as connection:
        found = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    engine.dispose()
    return found


def as_login(server: Server, url: str, login: str) -> str:
    return server.url(str(make_url(url).database), login)


@pytest.fixture
def filled(server: Server, logins: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two municipalities with lists, a log and a lake; the settings are those of the login that backs up."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = server.database()
    home = tmp_path / "home"
    fill(home, cases=40, database=made.pipeline)
    path = tmp_path / "first.txt"
    path.write_text("first")
    lake = Lake(at(home, made.pipeline), seed=1, keys=KEYS)
    report = lake.publish(found(person(birth_place="0917"), benefit()), path=path, municipality=HEERLEN)
    assert report.status == "published"
    return at(home, as_login(server, made.pipeline, BACKUP))


def test_r32_a_new_database_has_every_row_and_every_chain_holds(
    server: Server, filled: Settings, tmp_path: Path
) -> None:
    before = counts(server, filled.database)
    made = backup(filled, tmp_path / "backups", NOW)
    assert before["event"] > 0
    assert before["score"] == 80
    fresh = at(tmp_path / "fresh", server.empty())
    told = restore(fresh, tmp_path / "backups")
    assert (told["files"], told["entries"]) == (made["files"], before["event"])
    assert counts(server, fresh.database) == before
    engine = engine_of(as_login(server, fresh.database, BACKUP))
    with reading(engine) as session:
        for town in (HEERLEN, MAASTRICHT):
            assert audit.check(audit.chain(session, town)) == []
    assert world(Lake(at(tmp_path / "fresh", str(engine.url)), keys=KEYS)) == world(Lake(filled, keys=KEYS))


def test_r17_r15_the_restored_database_keeps_its_walls_and_its_log(
    server: Server, filled: Settings, tmp_path: Path
) -> None:
    backup(filled, tmp_path / "backups", NOW)
    fresh = at(tmp_path / "fresh", server.empty())
    restore(fresh, tmp_path / "backups")
    with connected(fresh.database).connect() as connection:
        assert differences(connection) == []
    service = connected(as_login(server, fresh.database, SERVICE))
    with pytest.raises(ProgrammingError, match="names no municipality"), service.connect() as connection:
        connection.execute(select(Case.number))
    with reading(acting_for(service, HEERLEN)) as session:
        assert set(session.scalars(select(Case.municipality))) == {HEERLEN}
    owner = connected(fresh.database)
    with pytest.raises(Exception, match="insert-only"), owner.begin() as connection:
        connection.execute(text("UPDATE event SET body = '{}'"))
    with writing(acting_for(service, HEERLEN)) as session:
        audit.append(session, HEERLEN, "x", "service", "after_restore", "municipality:0917", "supervision", at=NOW)
    with reading(engine_of(as_login(server, fresh.database, BACKUP))) as session:
        last = session.scalars(
            select(Event.body).where(Event.municipality == HEERLEN).order_by(Event.number.desc()).limit(1)
        ).one()
        assert json.loads(last)["action"] == "after_restore"
        assert audit.check(audit.chain(session, HEERLEN)) == []


def test_r32_who_does_not_see_every_row_restores_nothing(server: Server, filled: Settings, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backups", NOW)
    with server._admin.connect() as connection:
        connection.execute(text(f"ALTER ROLE {OWNER} NOBYPASSRLS"))
    fresh = at(tmp_path / "fresh", server.empty())
    with pytest.raises(BackupError, match="BYPASSRLS"):
        restore(fresh, tmp_path / "backups")
    assert counts_of_nothing(server, fresh.database)


def counts_of_nothing(server: Server, url: str) -> bool:
    with connected(as_login(server, url, "admin")).connect() as connection:
        return not connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))


def test_the_commands_tell_their_time(
    server: Server, filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(home: Path, database: str, *words: str) -> dict[str, Any]:
        monkeypatch.setenv("WEEGSCHAAL_HOME", str(home))
        monkeypatch.setenv("WEEGSCHAAL_DATABASE", database)
        answer = CliRunner().invoke(weegschaal.app, [*words, "--json"], catch_exceptions=False)  # type: ignore[attr-defined]
        assert answer.exit_code == 0, answer.output
        return dict(json.loads(answer.stdout))

    folder = str(tmp_path / "backups")
    assert told(filled.home, filled.database, "backup", folder)["seconds"] >= 0
    assert told(tmp_path / "fresh", server.empty(), "restore", folder)["seconds"] >= 0
