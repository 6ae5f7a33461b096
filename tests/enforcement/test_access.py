"""Who may do what, in one table; and every query about a municipality's rows goes through one door."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Mapper

import enforcement
from enforcement.access import MAY, Permission, Role, Viewer, allowed, owned, require, rows
from enforcement.errors import ForbiddenError
from enforcement.tables import Base, Case, Draw, Event, Finding, PolicyVersion, Score
from tests.enforcement.province import HEERLEN, OFFICER

ROOMS = sorted(Path(enforcement.__file__).parent.glob("*.py"))
TENANT = {"Case", "Finding", "Score", "Draw", "Event"}
DOORS = {"owned", "rows", "_of_case", "_takeable"}


def test_every_permission_has_roles_and_every_role_is_in_the_table() -> None:
    assert set(MAY) == set(Permission)
    assert all(MAY.values())
    assert set(itertools.chain.from_iterable(MAY.values())) == set(Role)


@pytest.mark.parametrize(("permission", "role"), list(itertools.product(Permission, Role)))
def test_what_is_not_in_the_table_is_refused(permission: Permission, role: Role) -> None:
    viewer = Viewer("somebody", HEERLEN, role)
    assert allowed(viewer, permission) == (role in MAY[permission])
    if role in MAY[permission]:
        require(viewer, permission)
    else:
        with pytest.raises(ForbiddenError):
            require(viewer, permission)


def test_case_work_is_separate_from_models_and_from_administration() -> None:
    def may(role: Role) -> set[Permission]:
        return {permission for permission, roles in MAY.items() if role in roles}

    case_work = {Permission.LIST_CASES, Permission.READ_CASE, Permission.SEE_IDENTITY, Permission.APPROVE_FINDINGS}
    assert not may(Role.ADMINISTRATOR) & (case_work | {Permission.SEE_RESULTS})
    assert not may(Role.DATA_SCIENTIST) & case_work
    assert not may(Role.MANAGER) & case_work
    assert Permission.SEE_IDENTITY not in may(Role.COMPLIANCE_REVIEWER)


@pytest.mark.parametrize("table", [Case, Finding, Score, Draw, Event, PolicyVersion])
def test_r17_a_query_names_the_viewers_municipality(table: type[Case]) -> None:
    statement = str(rows(OFFICER, table, Permission.READ_POLICY))
    assert f"{table.__table__.name}.municipality = " in statement.replace('"', "")
    with pytest.raises(ValueError, match="no municipality"):
        owned(Viewer("somebody", "", Role.OFFICER), table)


def statements(source: Path) -> list[tuple[str, set[str]]]:
    """Per function with a viewer that selects or updates a tenant's rows: its name, and the names that it uses."""
    found = []
    for function in ast.walk(ast.parse(source.read_text())):
        if not isinstance(function, ast.FunctionDef) or "viewer" not in {arg.arg for arg in function.args.args}:
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("select", "update"):
                about = {node.id for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Name)}
                if about & TENANT:
                    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                    found.append((f"{source.name}: {function.name}", used))
    return found


def test_r17_one_place_decides_which_rows_a_query_may_see() -> None:
    found = [statement for source in ROOMS if source.name != "access.py" for statement in statements(source)]
    assert len(found) >= 8
    assert [name for name, used in found if not used & DOORS] == []


DECIDING = ("decision", "decide", "besluit", "suspend", "terminate", "sanction", "stop", "block", "percentage", "fraud")


def test_r01_no_table_has_a_field_that_decides_or_accuses() -> None:
    columns = [
        f"{mapper.class_.__name__}.{column.key}"
        for mapper in Base.registry.mappers
        if isinstance(mapper, Mapper)
        for column in inspect(mapper.class_).columns
    ]
    assert len(columns) > 100
    assert [name for name in columns if any(word in name.lower() for word in DECIDING)] == []


def test_no_table_holds_a_name_an_address_or_a_bsn_in_the_clear() -> None:
    words = ("bsn", "birth", "address", "surname", "given_name", "nationality", "sex")
    columns = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(word in column.name for word in words)
    ]
    assert columns == []
