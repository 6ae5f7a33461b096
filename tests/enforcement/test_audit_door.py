"""The audit's door: its own key, its own role, a DPIA, only counts, and nobody else gets in (R10, R11)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, select

from enforcement import audits
from enforcement.access import Purpose, Role, Viewer
from enforcement.audit_door import AuditDoor, open_door
from enforcement.database import engine_of, reading, writing
from enforcement.errors import ConflictError, ForbiddenError, LogUnavailableError
from enforcement.keys import KeyFileError, Keys
from enforcement.mandate import Mandate, MandateError, give, in_force
from enforcement.sealed import SealedStore
from enforcement.tables import Event
from tests.enforcement.province import AS_OF, COMPLIANCE, HEERLEN, MANAGER, NOW, SCIENTIST, candidates, scored
from tests.enforcement.test_sealed import keep

KEYS = Keys(master=b"m" * 32, lookup=b"l" * 32, sealed=b"s" * 32)
MANDATE = Mandate(dpia="DPIA-2026-04", groups=(("sex",), ("age",), ("sex", "age")))


def filled(folder: Path) -> SealedStore:
    """30 women and 25 men born in 1980, 3 people of whom no sex is known."""
    store = SealedStore(engine_of(f"sqlite:///{folder / 'sealed.db'}"), KEYS, folder / "sealed")
    born = {"birth_date_earliest": dt.date(1980, 1, 1), "birth_date_latest": dt.date(1980, 1, 1)}
    women = [{"person_id": i, "sex": "V", **born} for i in range(30)]
    men = [{"person_id": i, "sex": "M", **born} for i in range(30, 55)]
    keep(store, *women, *men, *({"person_id": i, "nationalities": ["0001"], **born} for i in range(55, 58)))
    return store


def door(store: SealedStore, viewer: Viewer = COMPLIANCE, mandate: Mandate = MANDATE) -> AuditDoor:
    return open_door(store, store.folder.parent / "keys", viewer, mandate)


def people() -> pa.Table:
    return pa.table({"person_id": pa.array(range(58), pa.int64()), "top": pa.array([i % 2 for i in range(58)])})


def test_r10_counts_leave_and_rows_of_people_do_not(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with writing(store.engine) as session:
        found = door(store).counts(session, people(), ("sex",), AS_OF, "ranking", NOW)
    assert found.column_names == ["top", "sex", "n"]
    counts = {(row["sex"], row["top"]): row["n"] for row in found.to_pylist()}
    assert counts == {("V", 0): 15, ("V", 1): 15, ("M", 0): 13, ("M", 1): 12, ("other", 0): 1, ("other", 1): 2}


def test_r10_what_was_told_later_does_not_count(tmp_path: Path) -> None:
    store = filled(tmp_path)
    keep(store, *({"person_id": i, "sex": "M", "known_at": dt.datetime(2026, 11, 1)} for i in range(30)))  # noqa: DTZ001
    with writing(store.engine) as session:
        found = door(store).counts(session, people(), ("sex",), AS_OF, "ranking", NOW)
    assert sum(row["n"] for row in found.to_pylist() if row["sex"] == "V") == 30


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPLIANCE_REVIEWER])
def test_r10_no_other_role_opens_it(tmp_path: Path, role: Role) -> None:
    store = filled(tmp_path)
    with pytest.raises(ForbiddenError, match="audit_fairness"):
        door(store, dataclasses.replace(COMPLIANCE, role=role))


def test_r10_without_a_dpia_it_stays_closed(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError, match="given no DPIA reference"):
        door(filled(tmp_path), mandate=Mandate())


def test_r10_the_training_process_cannot_open_it(tmp_path: Path) -> None:
    """Training has the store and the keys of the installation, the data scientist's role, and no key of the audit."""
    store = filled(tmp_path)
    training = tmp_path / "training"
    shutil.copytree(store.folder, training / "sealed")
    (training / "keys").mkdir()
    theirs = SealedStore(store.engine, KEYS, training / "sealed")
    assert theirs.legal_ages([AS_OF]).num_rows == 58
    with pytest.raises(ForbiddenError):
        open_door(theirs, training / "keys", SCIENTIST, MANDATE)
    with pytest.raises(KeyFileError, match=r"audit\.key is absent"):
        open_door(theirs, training / "keys", COMPLIANCE, MANDATE)
    (training / "keys" / "audit.key").write_bytes(b"c" * 44)
    (training / "keys" / "audit.key").chmod(0o600)
    with pytest.raises(KeyFileError):
        open_door(theirs, training / "keys", COMPLIANCE, MANDATE)
    for path in theirs.folder.glob("*.sealed"):
        readable = theirs._unsealed(path.name)
        assert not {"sex", "nationalities", "birth_country", "residence_title"} & set(readable.column_names)


def test_r14_a_read_that_cannot_be_logged_does_not_happen(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with reading(store.engine) as session, pytest.raises(LogUnavailableError):
        door(store).counts(session, people(), ("sex",), AS_OF, "ranking", NOW)
    with writing(store.engine) as session:
        door(store).counts(session, people(), ("sex", "age"), AS_OF, "ranking", NOW)
    with reading(store.engine) as session:
        body = json.loads(session.scalars(select(Event.body)).one())
    assert body["action"] == "protected_attributes_counted"
    assert body["details"] == {"dpia": "DPIA-2026-04", "groups": ["sex", "age"], "people": 58}


def test_r10_attributes_outside_the_mandate_are_not_counted(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with writing(store.engine) as session, pytest.raises(ForbiddenError, match="does not name nationality"):
        door(store).counts(session, people(), ("nationality",), AS_OF, "ranking", NOW)


def test_a_judge_inside_the_door_gives_what_it_makes_of_the_groups(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with writing(store.engine) as session:
        made = door(store).judge(
            session, people()["person_id"], AS_OF, "proxies", NOW, lambda told: told["sex"].count("V")
        )
    assert made == 30


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"groups": (("religion",),)}, "no attribute 'religion'"),
        ({"budget": 0.0}, "the budget budget is 0.0"),
        ({"budgets": {"women": 0.1}}, "names no group; write it as sex=V"),
        ({"justified": {"rent": "because"}}, "justification of rent says too little"),
    ],
)
def test_a_mandate_that_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(MandateError, match=said):
        Mandate(dpia="D", **wrong)


def service(folder: Path) -> Engine:
    engine = engine_of(f"sqlite:///{folder / 'service.db'}")
    with writing(engine) as session:
        scored(session, candidates(3))
    return engine


def test_a_manager_gives_a_mandate_and_versions_follow_each_other(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        assert in_force(session, HEERLEN) == (0, Mandate())
        assert give(session, MANAGER, MANDATE, NOW) == 1
        assert give(session, MANAGER, MANDATE, NOW) == 1
        assert in_force(session, HEERLEN) == (1, MANDATE)
        with pytest.raises(ForbiddenError):
            give(session, SCIENTIST, MANDATE, NOW)


def kept(engine: Engine, status: str, at: dt.datetime = NOW) -> audits.KeptAudit:
    with writing(engine) as session:
        viewer = dataclasses.replace(COMPLIANCE, purpose=Purpose.SUPERVISION)
        audits.keep(session, viewer, "run", "1", status, {"parts": [], "dpia": "DPIA-1"}, at)
        found = audits.latest_audit(session, HEERLEN, "1")
    assert found is not None
    return found


def test_r11_an_audit_older_than_90_days_is_stale(tmp_path: Path) -> None:
    found = kept(service(tmp_path), "pass")
    day = NOW.date()
    assert found.refusal(day + dt.timedelta(days=90)) == ""
    assert "more than 90 days ago" in found.refusal(day + dt.timedelta(days=91))


def test_a_failed_audit_blocks_and_an_insufficient_one_until_two_people_accept_it(tmp_path: Path) -> None:
    engine, why = service(tmp_path), "Twelve random reviews a quarter is all a municipality of this size can do."
    assert "failed" in kept(engine, "fail").refusal(NOW.date())
    found = kept(engine, "insufficient", NOW + dt.timedelta(hours=1))
    with writing(engine) as session:
        once = audits.accept_insufficient(session, COMPLIANCE, found.id, why, NOW)
        assert "1 of two people" in once.refusal(NOW.date())
    with writing(engine) as session, pytest.raises(ConflictError, match="accepted it before"):
        audits.accept_insufficient(session, COMPLIANCE, found.id, why, NOW)
    with writing(engine) as session:
        assert audits.accept_insufficient(session, MANAGER, found.id, why, NOW).refusal(NOW.date()) == ""
    with writing(engine) as session, pytest.raises(ForbiddenError):
        audits.accept_insufficient(session, SCIENTIST, found.id, why, NOW)
