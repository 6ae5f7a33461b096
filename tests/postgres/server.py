"""A PostgreSQL of the test run's own: made in a folder, reached through a socket, gone afterwards.

Roles as in docs/operations.md: an owner that migrates, a service that sees one municipality, a pipeline that sees all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from enforcement import migrations
from enforcement.database import connected

SETTINGS = "-c listen_addresses= -c max_connections=300 -c shared_buffers=64MB"
OWNER, SERVICE, PIPELINE = "ww_owner", "ww_service", "ww_pipeline"
_numbers = count(1)


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl, None where there is no PostgreSQL."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


@dataclass(frozen=True)
class Database:
    """One database with all tables, and the three ways in."""

    owner: str
    service: str
    pipeline: str


class Server:
    def __init__(self, socket: Path) -> None:
        self.socket = socket
        admin = create_engine(self.url("postgres", "admin"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE ROLE {OWNER} LOGIN CREATEROLE"))
            connection.execute(text(f"CREATE DATABASE template_ww OWNER {OWNER}"))
        template = connected(self.url("template_ww", OWNER))
        migrations.migrate(template)
        template.dispose()
        with admin.connect() as connection:
            for login, role in ((SERVICE, "weegschaal_service"), (PIPELINE, "weegschaal_pipeline")):
                connection.execute(text(f"CREATE ROLE {login} LOGIN IN ROLE {role}"))
        self._admin = admin

    def url(self, database: str, user: str) -> str:
        place = URL.create("postgresql+psycopg", user, database=database, query={"host": str(self.socket)})
        return place.render_as_string(hide_password=False)

    def empty(self) -> str:
        """A database without tables, as its owner."""
        name = f"ww_{next(_numbers)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} OWNER {OWNER}"))
        return self.url(name, OWNER)

    def database(self) -> Database:
        """A new database, migrated by its owner."""
        name = f"ww_{next(_numbers)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_ww OWNER {OWNER}"))
        return Database(self.url(name, OWNER), self.url(name, SERVICE), self.url(name, PIPELINE))


@contextmanager
def running(more: str = "-c fsync=off") -> Iterator[Server]:
    """A server for as long as the block lasts. Raises LookupError where there is no PostgreSQL."""
    bin_ = binaries()
    if bin_ is None:
        raise LookupError("no PostgreSQL on this machine (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="wwpg"))
    lowered = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if lowered:
        shutil.chown(folder, "postgres")
    data = folder / "data"

    def do(*command: str) -> None:
        subprocess.run([*lowered, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        do(str(bin_ / "initdb"), "-D", str(data), "-U", "admin", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        start = [str(bin_ / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
        do(*start, "-o", f"{SETTINGS} {more} -c unix_socket_directories={folder}", "start")
        try:
            yield Server(folder)
        finally:
            do(*start, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
