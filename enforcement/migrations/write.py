"""Writes a migration from the difference between the tables and the migrations there are.

    .venv/bin/python -m enforcement.migrations.write baseline     before the first release: the one baseline, anew
    .venv/bin/python -m enforcement.migrations.write "what and why"    after it: one more; read it before you commit it

The baseline's revision follows its content, so a database that was made with another baseline is recognised.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from enforcement import database, migrations

BASELINE = "baseline"


def write(message: str, versions: Path = migrations.VERSIONS) -> Path:
    """The new migration's file; a baseline replaces all there are."""
    from alembic import command

    if message == BASELINE:
        for old in versions.glob("*.py"):
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = database.connected(f"sqlite:///{Path(folder) / 'empty.db'}")
        if message != BASELINE:
            migrations.migrate(engine, versions=versions)
        with engine.begin() as connection:
            config = migrations._config(versions)
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, version_path=str(versions), rev_id="new")
        engine.dispose()
    [made] = versions.glob("new_*.py")
    body = "".join(line for line in made.read_text(encoding="utf-8").splitlines(True) if "# ###" not in line)
    name = hashlib.sha256(body.encode()).hexdigest()[:12]
    final = made.with_name(f"{name}_{message.replace(' ', '_')[:40]}.py")
    final.write_text(body.replace("revision = 'new'", f'revision = "{name}"'), encoding="utf-8")
    made.unlink()
    for step in (["check", "--quiet", "--fix"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(final)], check=True)  # noqa: S603
    return final


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(write(sys.argv[1]))
