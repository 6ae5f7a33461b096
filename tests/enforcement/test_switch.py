"""The switch: with one step a municipality works without the ranking, and a frozen model is never used again."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from enforcement import audit
from enforcement.access import Role, Viewer
from enforcement.cases import State, claim, claim_next, open_cases
from enforcement.database import reading, writing
from enforcement.dossier import case_view
from enforcement.errors import ConflictError, ForbiddenError, RefusedError
from enforcement.findings import save_findings
from enforcement.policy import Policy
from enforcement.promotion import References, promotions, refuse_unless_usable, request
from enforcement.selection import compose
from enforcement.switch import Actor, freeze_model, is_off, switch_off, switch_on, without_risk
from enforcement.tables import Case, Draw, Event, Inclusion
from enforcement.worklist import worklist
from tests.enforcement.province import (
    AS_OF,
    COMPLIANCE,
    HEERLEN,
    MAASTRICHT,
    MANAGER,
    NOW,
    OFFICER,
    SCIENTIST,
    SECRET,
    audited,
    candidates,
    drawn,
    findings,
    policy,
    service,
)

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def lists(tmp_path: Path) -> Engine:
    """400 cases in each municipality, a list of 40: 10 random, 10 signals, 20 risk."""
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(400, signals=30))
        drawn(session, candidates(400, signals=30, first=10_001), MAASTRICHT)
    return engine


def by_state(engine: Engine, municipality: str = HEERLEN) -> Counter[tuple[str, str]]:
    """(arms, state) -> number of cases."""
    with reading(engine) as session:
        rows = session.execute(
            select(Inclusion.arms, Case.state)
            .join(Case, (Case.id == Inclusion.case_id) & (Case.draw_id == Inclusion.draw_id))
            .where(Case.municipality == municipality)
        )
        return Counter((arms, state) for arms, state in rows)


def take(engine: Engine, arms: str) -> str:
    """An open-review case of these arms that the officer has in hand."""
    with writing(engine) as session:
        number = session.scalars(
            select(Case.number)
            .join(Inclusion, (Case.id == Inclusion.case_id) & (Case.draw_id == Inclusion.draw_id))
            .where(Case.municipality == HEERLEN, Inclusion.arms == arms, Case.blind.is_(False), Case.state == "open")
            .order_by(Case.position)
        ).first()
        assert number is not None
        claim(session, OFFICER, number, NOW)
    return number


def turn_off(engine: Engine, viewer: Viewer = COMPLIANCE, secret: bytes | None = SECRET):
    with writing(engine) as session:
        return switch_off(
            session,
            viewer.municipality,
            Actor.of(viewer),
            "places look wrong",
            {AS_OF.year: secret} if secret else {},
            LATER,
        )


def test_r13_unclaimed_risk_cases_are_withdrawn_and_nothing_else(lists: Engine) -> None:
    before = by_state(lists)
    number = take(lists, "risk")
    effect = turn_off(lists)
    after = by_state(lists)
    risk = before["risk", "open"]
    assert risk > 5
    assert after["risk", "withdrawn"] == effect.withdrawn == risk - 1
    assert after["risk", "claimed"] == effect.continuing == 1
    assert after["risk", "open"] == 0
    untouched = [arms for arms, _ in before if arms not in ("risk", "top_up")]
    assert all(after[arms, "open"] == before[arms, "open"] for arms in untouched)
    with reading(lists) as session:
        assert number not in {one.number for one in session.scalars(select(Case).where(Case.state == State.WITHDRAWN))}
        gone = session.scalars(select(Case.id).where(Case.state == State.WITHDRAWN)).all()
        assert not set(gone) & open_cases(session, HEERLEN)


def test_r13_the_capacity_goes_to_random_along_the_walk_that_the_seed_fixed(lists: Engine) -> None:
    before = by_state(lists)
    effect = turn_off(lists)
    after = by_state(lists)
    assert effect.drawn == effect.withdrawn
    assert after["top_up", "open"] == before["top_up", "open"] + effect.drawn
    with reading(lists) as session:
        rows = session.scalars(select(Inclusion).join(Draw).where(Draw.municipality == HEERLEN)).all()
        outside = [one for one in rows if not {"risk", "signal"} & set(one.arms.split(","))]
        chance = sum(bool(one.arms) for one in outside) / len(outside)
        assert {one.probability for one in outside} == {chance}
        assert all(one.probability == 1 for one in rows if {"risk", "signal"} & set(one.arms.split(",")))
        more = compose(candidates(400, signals=30), policy(yearly_capacity=480), HEERLEN, AS_OF, SECRET)
        assert {one.case_id for one in more.listed} <= {one.case_id for one in rows if one.arms}
        positions = session.scalars(select(Case.position).where(Case.municipality == HEERLEN)).all()
        assert len(set(positions)) == len(positions)


def test_r13_without_the_secret_the_switch_still_works(lists: Engine) -> None:
    effect = turn_off(lists, secret=None)
    assert (effect.withdrawn > 0, effect.drawn) == (True, 0)


def test_r13_the_next_request_shows_no_place_and_claimed_cases_continue(lists: Engine) -> None:
    """Well within 60 seconds: there is nothing to wait for."""
    number = take(lists, "risk")
    with writing(lists) as session:
        assert case_view(session, OFFICER, number, now=LATER).shown.ranking is not None
        assert any(row.place for row in worklist(session, OFFICER, now=LATER).items)
    turn_off(lists)
    with writing(lists) as session:
        view = case_view(session, OFFICER, number, now=LATER)
        assert view.shown.ranking is None
        assert view.shown.facts
        assert not any(row.place or row.reason for row in worklist(session, OFFICER, limit=200, now=LATER).items)
        saved = save_findings(session, OFFICER, number, findings(), view.version, LATER)
        assert saved.state == State.FINDINGS
        assert case_view(session, OFFICER, number, now=LATER).shown.ranking is None
        next_one = claim_next(session, OFFICER, LATER)
        assert next_one is not None
        taken = session.scalars(select(Case).where(Case.number == next_one.number, Case.municipality == HEERLEN)).one()
        arms = session.scalar(
            select(Inclusion.arms).where(Inclusion.case_id == taken.id, Inclusion.draw_id == taken.draw_id)
        )
        assert arms != "risk"


def test_r13_one_municipality_does_not_switch_another(lists: Engine) -> None:
    before = by_state(lists, MAASTRICHT)
    turn_off(lists)
    assert by_state(lists, MAASTRICHT) == before
    with reading(lists) as session:
        assert is_off(session, HEERLEN)
        assert not is_off(session, MAASTRICHT)


def test_r13_a_second_person_switches_it_on_and_places_are_back(lists: Engine) -> None:
    turn_off(lists)
    with pytest.raises(ConflictError, match="off already"):
        turn_off(lists, MANAGER)
    with pytest.raises(ForbiddenError, match="second person"), writing(lists) as session:
        switch_on(session, HEERLEN, Actor.of(COMPLIANCE), "solved", LATER)
    with writing(lists) as session:
        switch_on(session, HEERLEN, Actor.of(MANAGER), "solved", LATER)
        assert any(row.place for row in worklist(session, OFFICER, limit=200, now=LATER).items)
    with pytest.raises(RefusedError, match="why"), writing(lists) as session:
        switch_off(session, HEERLEN, Actor.of(MANAGER), "", {}, LATER)


@pytest.mark.parametrize("role", set(Role) - {Role.COMPLIANCE_REVIEWER, Role.MANAGER})
def test_r13_others_may_not_switch(role: Role) -> None:
    with pytest.raises(ForbiddenError):
        Actor.of(Viewer("somebody", HEERLEN, role))


def test_r13_a_list_that_is_composed_meanwhile_has_no_risk_arm() -> None:
    for chosen in (
        Policy(480),
        Policy(480, random_percent=10, signal_percent=0, risk_percent=90),
        Policy(30, "quarter"),
    ):
        changed = without_risk(chosen)
        assert changed.places.risk == 0
        assert changed.random_percent >= chosen.random_percent
        assert changed.capacity == chosen.capacity
        listed = compose(candidates(400, signals=200), changed, HEERLEN, AS_OF, SECRET).counts
        assert listed["risk"] == 0
        assert listed["listed"] == changed.capacity


def test_r13_what_was_switched_is_in_the_log(lists: Engine) -> None:
    effect = turn_off(lists)
    with writing(lists) as session:
        bodies = [json.loads(one.body) for one in audit.chain(session, HEERLEN)]
        found = next(body for body in bodies if body["action"] == "ranking_switched_off")
        assert (found["actor"], found["details"]["withdrawn"]) == (COMPLIANCE.user, effect.withdrawn)
        assert found["details"]["reason"] == "places look wrong"
        assert not audit.check(audit.chain(session, HEERLEN))


def test_r31_drill_the_model_is_frozen_and_the_affected_cases_are_listed(lists: Engine) -> None:
    papers = References("audit-7", NOW.date(), "dpia-3", "fria-2", "iama-1")
    with writing(lists) as session:
        audited(session, COMPLIANCE, version="1", sha256="0" * 64)
        request(session, SCIENTIST, "1", "0" * 64, papers, NOW)
        expected = {
            town: sorted(
                session.scalars(
                    select(Inclusion.case_id)
                    .join(Draw)
                    .where(Draw.municipality == town, Inclusion.arms.contains("risk"))
                )
            )
            for town in (HEERLEN, MAASTRICHT)
        }
        found = freeze_model(session, "1", Actor(), "one group is selected too often", {AS_OF.year: SECRET}, LATER)
        assert {one.municipality: list(one.listed_for_risk) for one in found} == expected
        assert all(one.scored == 400 for one in found)
        assert is_off(session, HEERLEN)
        assert is_off(session, MAASTRICHT)
        assert promotions(session, "1")[0].state == "frozen"
        with pytest.raises(RefusedError, match="frozen"):
            refuse_unless_usable(session, "1", "0" * 64, NOW.date())
        actions = {json.loads(body)["action"] for body in session.scalars(select(Event.body))}
        assert {"model_frozen", "ranking_switched_off"} <= actions


def test_r31_a_model_that_made_no_list_is_said_so(lists: Engine) -> None:
    with pytest.raises(RefusedError, match="no list"), writing(lists) as session:
        freeze_model(session, "9", Actor(), "why", {}, LATER)
