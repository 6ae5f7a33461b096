"""Names are shown for a purpose, after the log took it, and not otherwise (R14)."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from sqlalchemy import event, select, update

from enforcement.database import engine_of, reading, writing
from enforcement.errors import LogUnavailableError
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Case, Network
from tests.api.builders import a_case, graph, visitors

NAME = "J. Voorbeeld-Proef"


@pytest.fixture
def number(made_up: Settings) -> str:
    """A case whose client is in the vault."""
    engine = engine_of(made_up.database)
    number = a_case(made_up, blind=False)
    vault = Vault(engine, Keys.read(made_up.keys))
    allocation = vault.allocation()
    [person] = allocation.numbers("person", [["999990019"]])
    allocation.learn(person, {"name": NAME}, authority=1, known_at="2026-01-01")
    with reading(engine) as session:
        case = session.scalars(select(Case.id).where(Case.number == number)).first()
    with writing(engine) as session:
        allocation.save(session)
        session.execute(update(Network).where(Network.case_id == case).values(graph=graph(person)))
    return number


def test_r14_a_name_is_shown_for_a_purpose_and_the_log_knows(made_up: Settings, number: str) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        asked = {"csrf": officer.headers["x-csrf-token"]}
        assert NAME not in officer.get(f"/zaken/{number}").text
        assert officer.post(f"/zaken/{number}/gegevens", data=asked).status_code == 422
        shown = officer.post(f"/zaken/{number}/gegevens", data=asked | {"purpose": "objection"})
        assert NAME in shown.text
        assert "999990019" not in shown.text
        logged = officer.get(f"/api/v1/cases/{number}/history").json()
        assert ("identity_read", "objection") in {(one["action"], one["purpose"]) for one in logged}
        assert NAME not in officer.get(f"/zaken/{number}").text


def test_r14_without_the_log_nothing_is_shown(made_up: Settings, number: str) -> None:
    with visitors(made_up, "officer.heerlen") as (officer,):
        asked = {"csrf": officer.headers["x-csrf-token"], "purpose": "review"}
        with patch("enforcement.audit.append", side_effect=LogUnavailableError("the log could not be written")):
            for answer in (
                officer.post(f"/zaken/{number}/gegevens", data=asked),
                officer.get(f"/zaken/{number}"),
                officer.get(f"/api/v1/cases/{number}"),
                officer.get(f"/api/v1/cases/{number}/relations"),
            ):
                assert answer.status_code == 503
                assert NAME not in answer.text
                assert "inkomstenopgave" not in answer.text


def test_r14_a_role_without_the_right_gets_no_name(made_up: Settings, number: str) -> None:
    with visitors(made_up, "compliance.heerlen") as (reviewer,):
        asked = {"csrf": reviewer.headers["x-csrf-token"], "purpose": "supervision"}
        assert reviewer.post(f"/zaken/{number}/gegevens", data=asked).status_code == 403


def test_the_worklist_reads_stored_rows_in_few_queries(made_up: Settings) -> None:
    counted: list[str] = []
    with visitors(made_up, "officer.heerlen") as (officer,):
        engine = engine_of(made_up.database)
        event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
        assert officer.get("/api/v1/worklist").status_code == 200
    assert len([sql for sql in counted if sql.lstrip().upper().startswith("SELECT")]) <= 8
