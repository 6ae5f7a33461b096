"""The tables and the migrations say the same, and an existing database is brought up, taken back or refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from enforcement import audit, migrations
from enforcement.database import connected, engine_of, reading, writing
from enforcement.migrations import SchemaError, differences, head, migrate, prepare, revision
from enforcement.tables import Base
from tests.enforcement.province import HEERLEN, NOW


def empty(folder: Path) -> Engine:
    return connected(f"sqlite:///{folder / 'service.db'}")


def later(folder: Path) -> Path:
    """The migrations of a next version, with one more: a column for a user's telephone."""
    versions = folder / "versions"
    shutil.copytree(migrations.VERSIONS, versions)
    (versions / "later_telephone.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f"revision = 'later'\ndown_revision = '{head()}'\nbranch_labels = None\ndepends_on = None\n\n\n"
        "def upgrade() -> None:\n"
        "    with op.batch_alter_table('event') as change:\n"
        "        change.add_column(sa.Column('telephone', sa.String(), nullable=True))\n\n\n"
        "def downgrade() -> None:\n"
        "    with op.batch_alter_table('event') as change:\n"
        "        change.drop_column('telephone')\n"
    )
    return versions


def columns(engine: Engine, table: str) -> set[str]:
    return {one["name"] for one in inspect(engine).get_columns(table)}


def test_tables_and_migrations_agree(tmp_path: Path) -> None:
    """Fails when a table was added without a migration: python -m enforcement.migrations.write baseline."""
    versions = shutil.copytree(migrations.VERSIONS, tmp_path / "versions")
    engine = empty(tmp_path)
    assert migrate(engine, versions=versions) == head()
    with engine.connect() as connection:
        assert differences(connection) == []


def test_a_new_database_is_the_newest(tmp_path: Path) -> None:
    engine = empty(tmp_path)
    prepare(engine)
    assert revision(engine) == head()
    with engine.connect() as connection:
        assert differences(connection) == []


def test_a_database_from_before_the_migrations_is_taken_in_when_it_fits(tmp_path: Path) -> None:
    engine = empty(tmp_path)
    Base.metadata.create_all(engine)
    prepare(engine)
    assert revision(engine) == head()


def test_a_database_from_before_the_migrations_is_refused_when_it_differs(tmp_path: Path) -> None:
    engine = empty(tmp_path)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE run ADD COLUMN mood TEXT"))
        connection.execute(text("DROP TABLE step"))
    with pytest.raises(SchemaError, match=r"mood.*move it aside"):
        prepare(engine)
    assert not inspect(engine).has_table("step"), "nothing is kept of what did not fit"
    assert revision(engine) is None


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    engine = empty(tmp_path)
    assert migrate(engine, versions=later(tmp_path)) == "later"
    with pytest.raises(SchemaError, match="revision later"):
        prepare(engine)


def test_up_and_back_keep_the_log_and_its_guards(tmp_path: Path) -> None:
    engine = engine_of(str(empty(tmp_path).url))
    with writing(engine) as session:
        for n in range(3):
            audit.append(session, HEERLEN, "officer", "officer", "case_read", f"case:{n}", "review", at=NOW)
    versions = later(tmp_path)
    for to, there in (("head", True), (head(), False), ("head", True)):
        migrate(engine, to, versions=versions)
        assert ("telephone" in columns(engine, "event")) == there
        with reading(engine) as session:
            assert session.execute(text("SELECT count(*) FROM event")).scalar() == 3
        with pytest.raises(IntegrityError, match="insert-only"), writing(engine) as session:
            session.execute(text("DELETE FROM event"))
    migrate(engine, head(), versions=versions)
    with reading(engine) as session:
        assert audit.check(audit.chain(session, HEERLEN)) == []


def test_an_unknown_revision_is_named(tmp_path: Path) -> None:
    engine = engine_of(str(empty(tmp_path).url))
    with pytest.raises(SchemaError, match=r"nowhere.*this version knows"):
        migrate(engine, "nowhere")
