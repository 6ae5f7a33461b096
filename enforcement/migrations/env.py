"""How Alembic runs here: always on a connection that is given, in the caller's transaction."""

from __future__ import annotations

from alembic import context

from enforcement.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,
)
context.run_migrations()
