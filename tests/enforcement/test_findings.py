"""Findings: own words, a second person, and nothing counts before both."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from enforcement.access import Purpose, Role, Viewer
from enforcement.cases import State, claim, last_reviews, release
from enforcement.database import writing
from enforcement.dossier import case_view, history
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError, StaleError
from enforcement.findings import (
    CAUSE_WORDS,
    EFFECT_WORDS,
    Cause,
    Effect,
    Findings,
    Saved,
    approve,
    approved_outcomes,
    return_findings,
    save_findings,
)
from enforcement.tables import Case, Inclusion
from tests.enforcement.province import (
    AS_OF,
    COMPLIANCE,
    ELSEWHERE,
    HEERLEN,
    NOW,
    OFFICER,
    REASONING,
    SECOND,
    candidates,
    drawn,
    findings,
    service,
)

NUMBER = "2026-000003"
LATER = NOW + dt.timedelta(hours=3)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(300, signals=20))
        session.execute(update(Case).where(Case.number == NUMBER).values(blind=False, double=False))
    return engine


def reviewed(session: Session, viewer: Viewer = OFFICER, **chosen: Any) -> Saved:
    version = claim(session, viewer, NUMBER, NOW).version
    return save_findings(session, viewer, NUMBER, findings(**chosen), version, NOW)


def test_r02_nothing_counts_before_a_second_person_approved(engine: Engine) -> None:
    with writing(engine) as session:
        saved = reviewed(session)
        assert saved.state == "findings"
        assert approved_outcomes(session, HEERLEN, LONG_AGO, str) == []
        closed = approve(session, SECOND, NUMBER, saved.version, NOW)
        assert closed.state == "closed"
        (outcome,) = approved_outcomes(session, HEERLEN, LONG_AGO, lambda case: f"D{case}")
        assert last_reviews(session, HEERLEN) == {int(outcome["case"][1:]): NOW.date()}
        arms = session.scalars(select(Inclusion.arms).where(Inclusion.case_id == int(outcome["case"][1:]))).one()
    assert outcome["arm"] == arms != ""
    assert 0 < outcome["probability"] <= 1
    assert {name: outcome[name] for name in ("selected", "closed", "approved", "cause", "effect", "amount_cents")} == {
        "selected": AS_OF,
        "closed": NOW.date(),
        "approved": NOW.date(),
        "cause": "client_late_or_mistaken",
        "effect": "down",
        "amount_cents": 12_345,
    }


def test_outcomes_have_the_columns_of_the_contract(engine: Engine) -> None:
    from features.records import CONTRACTS

    with writing(engine) as session:
        approve(session, SECOND, NUMBER, reviewed(session).version, NOW)
        (outcome,) = approved_outcomes(session, HEERLEN, LONG_AGO, str)
        assert approved_outcomes(session, HEERLEN, NOW + dt.timedelta(seconds=1), str) == []
    assert set(outcome) <= {column.name for column in CONTRACTS["outcomes"].delivered_columns}


def test_the_time_of_a_review_goes_with_its_outcome_and_both_reviews_of_a_double_case_count(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(update(Case).where(Case.number == NUMBER).values(blind=True, double=True))
        reviewed(session, minutes=90)
        second = reviewed(session, SECOND, minutes=45)
        half = approve(session, SECOND, NUMBER, second.version, NOW)
        (alone,) = approved_outcomes(session, HEERLEN, LONG_AGO, str)
        approve(session, OFFICER, NUMBER, half.version, LATER)
        (both,) = approved_outcomes(session, HEERLEN, LATER, str)
    assert (alone["minutes"], both["minutes"]) == (90, 135)


@pytest.mark.parametrize("minutes", [-1, 200 * 60 + 1])
def test_a_time_that_cannot_be_is_refused(minutes: int) -> None:
    with pytest.raises(FindingsError) as refused:
        findings(minutes=minutes).check()
    assert refused.value.field == "minutes"


@pytest.mark.parametrize("role", list(Role))
def test_r02_the_same_person_never_approves_whatever_the_role(engine: Engine, role: Role) -> None:
    with writing(engine) as session:
        saved = reviewed(session)
        same = replace(OFFICER, role=role)
        with pytest.raises(ForbiddenError):
            approve(session, same, NUMBER, saved.version, NOW)
        with pytest.raises(ForbiddenError):
            return_findings(session, same, NUMBER, saved.version, "Graag de bron noemen.", NOW)
        assert case_view(session, SECOND, NUMBER, now=NOW).state == State.FINDINGS


def test_a_returned_finding_goes_back_to_its_reviewer_and_stays_in_the_record(engine: Engine) -> None:
    with writing(engine) as session:
        saved = reviewed(session)
        with pytest.raises(FindingsError):
            return_findings(session, SECOND, NUMBER, saved.version, "nee", NOW)
        returned = return_findings(session, SECOND, NUMBER, saved.version, "Graag de bron noemen.", NOW)
        view = case_view(session, OFFICER, NUMBER, now=NOW)
        assert (view.state, view.mine, view.findings[0].state) == (State.CLAIMED, True, "returned")
        later = NOW + dt.timedelta(hours=1)
        again = save_findings(session, OFFICER, NUMBER, findings(effect=Effect.UP), returned.version, later)
        approve(session, SECOND, NUMBER, again.version, later)
        (outcome,) = approved_outcomes(session, HEERLEN, LONG_AGO, str)
        assert outcome["effect"] == "up"
        rounds = case_view(session, SECOND, NUMBER, now=NOW).findings
        assert [(one.state, one.effect, one.remark) for one in rounds] == [
            ("returned", Effect.DOWN, "Graag de bron noemen."),
            ("approved", Effect.UP, None),
        ], "what was sent back stays as it was written, with the words it came back with"


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"reasoning": "Te kort."}, "reasoning"),
        ({"reasoning": "Deze zaak staat hoog op de lijst, op plaats 3 volgens het model en de score."}, "reasoning"),
        ({"reasoning": "This case is at place 3 of the list because the score of the model is high."}, "reasoning"),
        ({"cause": Cause.NOTHING_IRREGULAR}, "effect"),
        ({"cause": Cause.INCONCLUSIVE}, "effect"),
        ({"amount_cents": -1}, "amount_cents"),
        ({"cause": Cause.NOTHING_IRREGULAR, "effect": Effect.NONE}, "amount_cents"),
    ],
)
def test_findings_that_are_not_acceptable_name_the_field(engine: Engine, chosen: dict[str, Any], field: str) -> None:
    with writing(engine) as session:
        version = claim(session, OFFICER, NUMBER, NOW).version
        with pytest.raises(FindingsError) as refused:
            save_findings(session, OFFICER, NUMBER, findings(**chosen), version, NOW)
        assert refused.value.field == field
        assert refused.value.nl
        assert refused.value.nl != refused.value.en
        assert case_view(session, OFFICER, NUMBER, now=NOW).version == version


def test_words_that_do_not_exist_are_refused() -> None:
    with pytest.raises(FindingsError):
        Findings.of("fraud", "down", None, REASONING)
    with pytest.raises(FindingsError):
        Findings.of("nothing_irregular", "stop", None, REASONING)
    assert Findings.of("nothing_irregular", "none", None, REASONING).effect == Effect.NONE


def test_nothing_irregular_is_offered_first_and_all_words_exist() -> None:
    assert next(iter(Cause)) == next(iter(CAUSE_WORDS)) == Cause.NOTHING_IRREGULAR
    assert list(CAUSE_WORDS) == list(Cause)
    assert set(EFFECT_WORDS) == set(Effect)


def test_findings_need_the_case_in_hand_as_it_was_read(engine: Engine) -> None:
    with writing(engine) as session:
        with pytest.raises(ConflictError):
            save_findings(session, OFFICER, NUMBER, findings(), 1, NOW)
        version = claim(session, OFFICER, NUMBER, NOW).version
        with pytest.raises(ConflictError):
            save_findings(session, SECOND, NUMBER, findings(), version, NOW)
        with pytest.raises(StaleError):
            save_findings(session, OFFICER, NUMBER, findings(), version - 1, NOW)
        with pytest.raises(ForbiddenError):
            save_findings(session, COMPLIANCE, NUMBER, findings(), version, NOW)
        with pytest.raises(NotFoundError):
            save_findings(session, ELSEWHERE, NUMBER, findings(), version, NOW)
        saved = save_findings(session, OFFICER, NUMBER, findings(), version, NOW)
        with pytest.raises(ConflictError):
            release(session, OFFICER, NUMBER, saved.version, NOW)
        with pytest.raises(StaleError):
            approve(session, SECOND, NUMBER, version, NOW)
        approve(session, SECOND, NUMBER, saved.version, NOW)
        with pytest.raises(ConflictError):
            approve(session, SECOND, NUMBER, saved.version + 1, NOW)
        with pytest.raises(ConflictError):
            claim(session, OFFICER, NUMBER, NOW)


def test_r06_a_double_case_is_reviewed_by_two_who_do_not_see_each_other(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(update(Case).where(Case.number == NUMBER).values(blind=True, double=True))
        first = reviewed(session)
        assert first.state == "open"
        with pytest.raises(ConflictError, match="twice"):
            claim(session, OFFICER, NUMBER, NOW)
        with pytest.raises(ConflictError):
            approve(session, SECOND, NUMBER, first.version, NOW)

        version = claim(session, SECOND, NUMBER, NOW).version
        seen = case_view(session, SECOND, NUMBER, now=NOW)
        assert (seen.findings, seen.shown.ranking, seen.shown.arms) == ((), None, None)
        assert {entry.actor for entry in history(session, SECOND, NUMBER)} == {"Tweede medewerker Heerlen"}
        second = save_findings(session, SECOND, NUMBER, findings(effect=Effect.UP), version, LATER)
        assert second.state == "findings"
        assert len(case_view(session, SECOND, NUMBER, now=NOW).findings) == 2

        with pytest.raises(ForbiddenError):
            approve(session, SECOND, NUMBER, second.version, NOW, finding=second.finding)
        half = approve(session, SECOND, NUMBER, second.version, NOW)
        assert (half.finding, half.state) == (first.finding, "findings")
        done = approve(session, OFFICER, NUMBER, half.version, NOW)
        assert (done.finding, done.state) == (second.finding, "closed")
        (outcome,) = approved_outcomes(session, HEERLEN, LONG_AGO, str)
        assert outcome["effect"] == "down"


def test_history_tells_who_did_what_and_why_without_what_was_found(engine: Engine) -> None:
    with writing(engine) as session:
        saved = reviewed(session)
        approve(session, replace(SECOND, purpose=Purpose.APPROVAL), NUMBER, saved.version, NOW)
        entries = history(session, OFFICER, NUMBER)
    assert [(one.actor, one.action, one.purpose) for one in entries[:3]] == [
        ("Medewerker Heerlen", "case_claimed", "review"),
        ("Medewerker Heerlen", "findings_saved", "review"),
        ("Tweede medewerker Heerlen", "findings_approved", "approval"),
    ]
    assert {field.name for field in fields(entries[0])} == {"at", "actor", "role", "action", "purpose"}
