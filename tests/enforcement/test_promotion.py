"""A model is used when two people said so, on papers that are named and fresh, and each municipality adopted it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit, audits
from enforcement.access import Role, Viewer
from enforcement.adoption import adopt, adopted, consents
from enforcement.database import writing
from enforcement.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from enforcement.promotion import AUDIT_HOLDS, MODEL_HOLDS, References, approve, refuse_unless_usable, reject, request
from enforcement.tables import Event, FairnessAudit, Promotion
from tests.enforcement.province import COMPLIANCE, HEERLEN, MAASTRICHT, MANAGER, NOW, SCIENTIST, SHA, audited, service

PAPERS = References("audit-7", NOW.date() - dt.timedelta(days=10), "dpia-3", "fria-2", "iama-1")
WHY = "small municipality; audited again in a quarter"
THERE = Viewer("compliance.maastricht", MAASTRICHT, Role.COMPLIANCE_REVIEWER)
THERE_TOO = Viewer("manager.maastricht", MAASTRICHT, Role.MANAGER)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with writing(service(tmp_path)) as open_session:
        for viewer in (COMPLIANCE, THERE):
            for version in ("3", "9"):
                audited(open_session, viewer, version=version)
        yield open_session


def asked(session: Session, **chosen: object) -> Promotion:
    return request(session, SCIENTIST, "3", SHA, PAPERS, NOW, **chosen)  # type: ignore[arg-type]


def promoted(session: Session) -> Promotion:
    approve(session, COMPLIANCE, asked(session).id, NOW)
    return approve(session, MANAGER, "3-1", NOW)


def test_r12_two_people_in_two_roles_promote_a_model(session: Session) -> None:
    first = approve(session, COMPLIANCE, asked(session).id, NOW)
    assert (first.state, first.expires_on) == ("requested", None)
    with pytest.raises(RefusedError, match="was not promoted"):
        refuse_unless_usable(session, "3", SHA, NOW.date())
    second = approve(session, MANAGER, first.id, NOW)
    assert (second.state, second.expires_on) == ("promoted", NOW.date() + MODEL_HOLDS)
    assert refuse_unless_usable(session, "3", SHA, NOW.date()) is second
    with pytest.raises(ConflictError, match="promoted"):
        approve(session, replace(MANAGER, user="somebody.else"), first.id, NOW)


@pytest.mark.parametrize("role", [Role.COMPLIANCE_REVIEWER, Role.MANAGER])
def test_r12_the_same_person_never_approves_twice_whatever_the_role(session: Session, role: Role) -> None:
    asked(session)
    approve(session, COMPLIANCE, "3-1", NOW)
    with pytest.raises(ForbiddenError, match="second person"):
        approve(session, replace(COMPLIANCE, role=role), "3-1", NOW)


@pytest.mark.parametrize("approver", [COMPLIANCE, MANAGER])
def test_r12_neither_the_trainer_nor_the_requester_approves(session: Session, approver: Viewer) -> None:
    asked(session, trainer=approver.user)
    with pytest.raises(ForbiddenError, match="trained"):
        approve(session, approver, "3-1", NOW)
    with pytest.raises(ForbiddenError, match="trained"):
        approve(session, replace(approver, user=SCIENTIST.user), "3-1", NOW)


def test_r12_two_people_of_one_role_are_not_enough(session: Session) -> None:
    asked(session)
    approve(session, COMPLIANCE, "3-1", NOW)
    with pytest.raises(ConflictError, match="other role"):
        approve(session, THERE, "3-1", NOW)


@pytest.mark.parametrize("step", ["request", "approve", "reject", "adopt"])
@pytest.mark.parametrize("role", Role)
def test_r12_who_may_take_which_step(session: Session, step: str, role: Role) -> None:
    viewer = Viewer("a.person", HEERLEN, role)
    may = {
        "request": {Role.DATA_SCIENTIST},
        "approve": {Role.COMPLIANCE_REVIEWER, Role.MANAGER},
        "reject": {Role.COMPLIANCE_REVIEWER, Role.MANAGER},
        "adopt": {Role.COMPLIANCE_REVIEWER, Role.MANAGER},
    }[step]
    if step == "adopt":
        promoted(session)
    elif step != "request":
        asked(session)
    steps = {
        "request": lambda: request(session, viewer, "9", SHA, PAPERS, NOW),
        "approve": lambda: approve(session, viewer, "3-1", NOW),
        "reject": lambda: reject(session, viewer, "3-1", "the audit is not convincing", NOW),
        "adopt": lambda: adopt(session, viewer, "3", NOW),
    }
    if role in may:
        steps[step]()
    else:
        with pytest.raises(ForbiddenError, match="permission"):
            steps[step]()


@pytest.mark.parametrize("name", ["audit", "dpia", "fria", "iama"])
def test_r12_every_reference_is_named(name: str) -> None:
    with pytest.raises(RefusedError, match=name):
        replace(PAPERS, **{name: " "})


def test_r11_an_audit_of_more_than_90_days_blocks_request_approval_and_use(session: Session) -> None:
    old = replace(PAPERS, audited_on=NOW.date() - AUDIT_HOLDS - dt.timedelta(days=1))
    with pytest.raises(RefusedError, match="90 days"):
        request(session, SCIENTIST, "3", SHA, old, NOW)
    with pytest.raises(RefusedError, match="still to come"):
        request(session, SCIENTIST, "3", SHA, replace(PAPERS, audited_on=NOW.date() + dt.timedelta(days=1)), NOW)
    promoted(session)
    last = NOW.date() + AUDIT_HOLDS
    refuse_unless_usable(session, "3", SHA, last)
    with pytest.raises(RefusedError, match="90 days"):
        refuse_unless_usable(session, "3", SHA, last + dt.timedelta(days=1))


def test_r11_the_audit_on_record_decides_not_the_date_that_was_typed(session: Session) -> None:
    found, late = promoted(session), NOW + AUDIT_HOLDS + dt.timedelta(days=1)
    found.audited_on = late.date()
    with pytest.raises(RefusedError, match="90 days"):
        refuse_unless_usable(session, "3", SHA, late.date())
    audited(session, COMPLIANCE, at=late)
    assert refuse_unless_usable(session, "3", SHA, late.date()) is found
    for row in session.scalars(select(FairnessAudit)):
        session.delete(row)
    with pytest.raises(RefusedError, match="no audit of version 3 is kept"):
        refuse_unless_usable(session, "3", SHA, NOW.date())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"sha256": "b" * 64}, "sha256 differs"), ({"dpia": ""}, "without a mandate"), ({"status": "fail"}, "failed")],
)
def test_r11_use_rests_on_an_audit_of_this_very_model_under_a_mandate_that_did_not_fail(
    session: Session, wrong: dict[str, str], why: str
) -> None:
    promoted(session)
    later = NOW + dt.timedelta(hours=1)
    audited(session, COMPLIANCE, at=later, **wrong)
    refuse_unless_usable(session, "3", SHA, NOW.date())
    refuse_unless_usable(session, "3", SHA, NOW.date(), MAASTRICHT)
    with pytest.raises(RefusedError, match=why):
        refuse_unless_usable(session, "3", SHA, NOW.date(), HEERLEN)
    audited(session, THERE, at=later, **wrong)
    with pytest.raises(RefusedError, match=why):
        refuse_unless_usable(session, "3", SHA, NOW.date())


def test_r11_an_audit_that_grows_old_while_the_request_waits_blocks_the_approval(session: Session) -> None:
    asked(session)
    with pytest.raises(RefusedError, match="90 days"):
        approve(session, COMPLIANCE, "3-1", NOW + AUDIT_HOLDS)


def test_r11_a_missing_or_failing_or_stale_audit_blocks_the_request_and_the_approval(session: Session) -> None:
    with pytest.raises(RefusedError, match="no audit of version 4 is kept"):
        request(session, SCIENTIST, "4", SHA, PAPERS, NOW)
    asked(session)
    audited(session, COMPLIANCE, "fail", at=NOW + dt.timedelta(hours=1))
    with pytest.raises(RefusedError, match="failed"):
        approve(session, MANAGER, "3-1", NOW + dt.timedelta(hours=2))
    with pytest.raises(RefusedError, match="failed"):
        request(session, SCIENTIST, "3", SHA, PAPERS, NOW + dt.timedelta(hours=2))
    late = NOW + dt.timedelta(days=audits.FRESH_DAYS + 1)
    with pytest.raises(RefusedError, match="90 days"):
        request(session, SCIENTIST, "9", SHA, replace(PAPERS, audited_on=late.date()), late)


def test_r11_an_insufficient_audit_waits_for_two_people_before_anybody_approves(session: Session) -> None:
    few = audited(session, COMPLIANCE, "insufficient", at=NOW + dt.timedelta(hours=1))
    later = NOW + dt.timedelta(hours=2)
    request(session, SCIENTIST, "3", SHA, PAPERS, later)
    with pytest.raises(RefusedError, match="0 of two people"):
        approve(session, COMPLIANCE, "3-1", later)
    for viewer in (COMPLIANCE, MANAGER):
        audits.accept_insufficient(session, viewer, few, WHY, later, until=later.date() + dt.timedelta(days=30))
    assert approve(session, COMPLIANCE, "3-1", later).state == "requested"
    assert approve(session, MANAGER, "3-1", later).state == "promoted"
    month = dt.timedelta(days=30)
    refuse_unless_usable(session, "3", SHA, later.date() + month, HEERLEN)
    with pytest.raises(RefusedError, match="0 of two people"):
        refuse_unless_usable(session, "3", SHA, later.date() + month + dt.timedelta(days=1), HEERLEN)


def test_r11_an_acceptance_is_a_reason_a_person_and_a_last_day_no_later_than_the_audits(session: Session) -> None:
    few = audited(session, COMPLIANCE, "insufficient", at=NOW + dt.timedelta(hours=1))
    last = NOW.date() + dt.timedelta(days=audits.FRESH_DAYS)
    for day in (NOW.date() - dt.timedelta(days=1), last + dt.timedelta(days=1)):
        with pytest.raises(RefusedError, match="holds from today"):
            audits.accept_insufficient(session, COMPLIANCE, few, WHY, NOW, until=day)
    with pytest.raises(RefusedError, match="40 characters"):
        audits.accept_insufficient(session, COMPLIANCE, few, "too small", NOW)
    with pytest.raises(RefusedError, match="90 days old"):
        audits.accept_insufficient(session, COMPLIANCE, few, WHY, NOW + dt.timedelta(days=92))
    with pytest.raises(NotFoundError):
        audits.accept_insufficient(session, THERE, few, WHY, NOW)
    kept = audits.accept_insufficient(session, COMPLIANCE, few, WHY, NOW)
    assert [(one.user, one.role, one.why, one.until) for one in kept.acceptances] == [
        (COMPLIANCE.user, "compliance_reviewer", WHY, last)
    ]


def test_r11_a_municipality_adopts_only_on_its_own_audit(session: Session) -> None:
    promoted(session)
    audited(session, THERE, "fail", at=NOW + dt.timedelta(hours=1))
    later = NOW + dt.timedelta(hours=2)
    with pytest.raises(RefusedError, match="failed"):
        adopt(session, THERE, "3", later)
    assert len(adopt(session, COMPLIANCE, "3", later)) == 1


def test_r13_a_model_ends(session: Session) -> None:
    promoted(session)
    audited(session, COMPLIANCE, at=NOW + MODEL_HOLDS - dt.timedelta(days=1))
    refuse_unless_usable(session, "3", SHA, NOW.date() + MODEL_HOLDS - dt.timedelta(days=1))
    with pytest.raises(RefusedError, match="ended"):
        refuse_unless_usable(session, "3", SHA, NOW.date() + MODEL_HOLDS)


def test_another_model_under_the_same_number_is_refused(session: Session) -> None:
    promoted(session)
    with pytest.raises(RefusedError, match="sha256"):
        refuse_unless_usable(session, "3", "b" * 64, NOW.date())
    with pytest.raises(RefusedError, match="not promoted"):
        refuse_unless_usable(session, "4", SHA, NOW.date())


def test_a_reviewer_can_say_no_and_then_it_has_to_be_asked_again(session: Session) -> None:
    asked(session)
    with pytest.raises(RefusedError, match="why"):
        reject(session, COMPLIANCE, "3-1", " ", NOW)
    assert reject(session, COMPLIANCE, "3-1", "one group is selected too often", NOW).state == "rejected"
    with pytest.raises(ConflictError):
        approve(session, MANAGER, "3-1", NOW)
    with pytest.raises(NotFoundError):
        approve(session, MANAGER, "3-2", NOW)
    assert asked(session).id == "3-2"
    with pytest.raises(ConflictError, match="requested"):
        asked(session)


def test_r36_two_people_of_the_municipality_itself_adopt(session: Session) -> None:
    promoted(session)
    assert len(adopt(session, COMPLIANCE, "3", NOW)) == 1
    assert not adopted(session, HEERLEN, "3")
    with pytest.raises(ForbiddenError, match="same person"):
        adopt(session, replace(COMPLIANCE, role=Role.MANAGER), "3", NOW)
    adopt(session, THERE, "3", NOW)
    assert not adopted(session, HEERLEN, "3"), "somebody of another municipality does not count"
    adopt(session, MANAGER, "3", NOW)
    assert adopted(session, HEERLEN, "3")
    assert not adopted(session, MAASTRICHT, "3")
    with pytest.raises(ConflictError, match="adopted"):
        adopt(session, replace(MANAGER, user="third.heerlen"), "3", NOW)
    assert [one.user_id for one in consents(session, HEERLEN, "3")] == [COMPLIANCE.user, MANAGER.user]


def test_r36_what_was_not_promoted_is_not_adopted(session: Session) -> None:
    with pytest.raises(RefusedError, match="not promoted"):
        adopt(session, COMPLIANCE, "3", NOW)
    asked(session)
    with pytest.raises(RefusedError, match="not promoted"):
        adopt(session, COMPLIANCE, "3", NOW)


def test_every_step_is_in_the_log_of_whoever_took_it(session: Session) -> None:
    promoted(session)
    adopt(session, THERE_TOO, "3", NOW)
    bodies = [
        json.loads(body) for body in session.scalars(select(Event.body).order_by(Event.municipality, Event.number))
    ]
    steps = [
        (body["municipality"], body["actor"], body["action"]) for body in bodies if body["object"] == "promotion:3-1"
    ]
    assert steps == [
        (HEERLEN, SCIENTIST.user, "promotion_requested"),
        (HEERLEN, COMPLIANCE.user, "promotion_approved"),
        (HEERLEN, MANAGER.user, "promotion_approved"),
        (MAASTRICHT, THERE_TOO.user, "model_adopted"),
    ]
    assert next(body for body in bodies if body["action"] == "promotion_requested")["details"]["dpia"] == "dpia-3"
    for town in (HEERLEN, MAASTRICHT):
        assert not audit.check(audit.chain(session, town))
