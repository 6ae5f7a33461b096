"""What the database itself refuses: a change to the log, and on PostgreSQL rows of another municipality (R15, R17).

Put on again after every migration, from the tables as they are, so that no new table can be forgotten. PostgreSQL has
two roles that own nothing. `weegschaal_service` sees one municipality, the one that the transaction names; one that
names none gets an error, because an empty setting is what a pooled connection keeps from its last use and an empty
list would hide the mistake. `weegschaal_pipeline` works for all municipalities. The owner migrates and does no work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from enforcement.tables import Base
from enforcement.tenants import owned_tables

SERVICE, PIPELINE = "weegschaal_service", "weegschaal_pipeline"
SETTING = "app.municipality"
READ_BY_SERVICE = frozenset({"alembic_version", "run", "step", "part", "sealed_part", "seed_commitment"})
"""what the service only reads"""

_TENANT = """
CREATE OR REPLACE FUNCTION weegschaal_municipality() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE named text := current_setting('app.municipality', true);
BEGIN
  IF coalesce(named, '') = '' THEN
    RAISE EXCEPTION 'this transaction names no municipality' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN named;
END $$
"""
_STOCK = """
CREATE OR REPLACE FUNCTION {schema}.weegschaal_take_stock() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp AS $$
BEGIN
  ANALYZE run, score, network, draw, inclusion, "case";
END $$
"""
"""ANALYZE is the owner's right; this lets the pipeline have it done for the tables that it fills, and nothing else"""
_LOG = """
CREATE OR REPLACE FUNCTION weegschaal_log_is_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is insert-only' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def protect(connection: Connection) -> None:
    """Puts every guard on, in the caller's transaction. A second time changes nothing."""
    statements = _sqlite() if connection.dialect.name == "sqlite" else _postgresql(connection)
    for statement in statements:
        connection.exec_driver_sql(statement)


class UnguardedError(RuntimeError):
    """This login would see every municipality, whatever the transaction says."""


def require_guarded(connection: Connection) -> None:
    """Raises UnguardedError for a PostgreSQL login that row-level security does not hold: a superuser, one that may
    bypass it, or the owner of the tables."""
    if connection.dialect.name != "postgresql":
        return
    strong = connection.scalar(
        text(
            "SELECT rolsuper OR rolbypassrls OR EXISTS "
            "(SELECT FROM pg_class WHERE oid = to_regclass('event') AND pg_has_role(current_user, relowner, 'MEMBER')) "
            "FROM pg_roles WHERE rolname = current_user"
        )
    )
    if strong:
        raise UnguardedError(
            f"the service does not run as a login that sees everything; use a member of {SERVICE} (docs/operations.md)"
        )


def lift(connection: Connection) -> None:
    """Takes off, in a migration's transaction, what would keep the owner from changing tables and their rows."""
    if connection.dialect.name != "postgresql":
        return
    ours = text("SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema()")
    for table, policy in connection.execute(ours).all():
        connection.exec_driver_sql(f'DROP POLICY "{policy}" ON "{table}"')
        connection.exec_driver_sql(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')


def _sqlite() -> Iterator[str]:
    for change in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER IF NOT EXISTS event_no_{change.lower()} BEFORE {change} ON event "
            "BEGIN SELECT RAISE(ABORT, 'the log is insert-only'); END"
        )


def _postgresql(connection: Connection) -> Iterator[str]:
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    for role in (SERVICE, PIPELINE):
        if role not in known:
            yield f"CREATE ROLE {role} NOLOGIN NOBYPASSRLS"
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    yield f"GRANT USAGE ON SCHEMA {schema} TO {SERVICE}, {PIPELINE}"
    yield _TENANT
    yield _LOG
    yield _STOCK.format(schema=schema)
    yield f"REVOKE ALL ON FUNCTION weegschaal_take_stock() FROM PUBLIC, {SERVICE}"
    yield f"GRANT EXECUTE ON FUNCTION weegschaal_take_stock() TO {PIPELINE}"
    yield (
        "CREATE OR REPLACE TRIGGER event_insert_only BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION weegschaal_log_is_insert_only()"
    )
    yield (
        "CREATE OR REPLACE TRIGGER event_not_emptied BEFORE TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION weegschaal_log_is_insert_only()"
    )
    for name in [table.name for table in Base.metadata.sorted_tables] + ["alembic_version"]:
        yield from _granted(name)
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {SERVICE}, {PIPELINE}"
    for name, through in owned_tables(Base.metadata).items():
        yield from _walled(name, through)


def _granted(table: str) -> Iterator[str]:
    yield f'REVOKE ALL ON "{table}" FROM PUBLIC, {SERVICE}, {PIPELINE}'
    if table == "event":
        yield f'GRANT SELECT, INSERT ON "{table}" TO {SERVICE}, {PIPELINE}'
    elif table == "alembic_version":
        yield f'GRANT SELECT ON "{table}" TO {SERVICE}, {PIPELINE}'
    else:
        service = "SELECT" if table in READ_BY_SERVICE else "SELECT, INSERT, UPDATE, DELETE"
        yield f'GRANT {service} ON "{table}" TO {SERVICE}'
        yield f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {PIPELINE}'


def _walled(table: str, through: tuple[str, Mapping[str, str]] | None) -> Iterator[str]:
    # compared as it is, not as a subquery: the planner then asks for it too, so that it is missed in an empty table
    if through is None:
        mine = "municipality = weegschaal_municipality()"
    else:
        above, joined = through
        columns = " AND ".join(f'above."{theirs}" = "{table}"."{ours}"' for ours, theirs in joined.items())
        mine = (
            f'EXISTS (SELECT FROM "{above}" AS above WHERE {columns} '
            "AND above.municipality = weegschaal_municipality())"
        )
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    for policy, role, condition in (("own_municipality", SERVICE, mine), ("all_municipalities", PIPELINE, "true")):
        yield f'DROP POLICY IF EXISTS {policy} ON "{table}"'
        yield f'CREATE POLICY {policy} ON "{table}" TO {role} USING ({condition}) WITH CHECK ({condition})'
