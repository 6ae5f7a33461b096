"""The worklist and the case: pages that never skip or repeat, and only what the viewer may see."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Purpose, Role
from enforcement.cases import State, Step, claim, claim_next
from enforcement.database import reading, writing
from enforcement.dossier import case_view, history, relations
from enforcement.errors import ForbiddenError, LogUnavailableError, NotFoundError, RefusedError
from enforcement.findings import save_findings
from enforcement.tables import Case, Inclusion
from enforcement.taking import LEASE
from enforcement.worklist import Filters, Row, worklist
from tests.enforcement.province import (
    COMPLIANCE,
    ELSEWHERE,
    HEERLEN,
    MAASTRICHT,
    MANAGER,
    NOW,
    OFFICER,
    SCIENTIST,
    SECOND,
    candidates,
    drawn,
    findings,
    policy,
    service,
)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(600, signals=60), chosen=policy(yearly_capacity=1440))
        drawn(session, candidates(100, first=5000), MAASTRICHT, policy(yearly_capacity=120))
    return engine


def number_of(session: Session, *, blind: bool, double: bool = False) -> str:
    query = select(Case.number).where(Case.municipality == HEERLEN, Case.blind == blind, Case.double == double)
    return session.scalars(query.order_by(Case.position)).first() or ""


def pages(session: Session, limit: int) -> list[Row]:
    rows: list[Row] = []
    after: str | None = None
    while True:
        page = worklist(session, OFFICER, after=after, limit=limit, now=NOW)
        rows += page.items
        after = page.after
        if after is None:
            return rows


@pytest.mark.parametrize("limit", [1, 7, 50, 120, 200])
def test_pages_hold_every_case_once_in_the_order_to_work_in(engine: Engine, limit: int) -> None:
    with reading(engine) as session:
        assert [row.position for row in pages(session, limit)] == list(range(1, 121))


def test_a_page_goes_on_where_it_stopped_while_others_work(engine: Engine) -> None:
    with writing(engine) as session:
        first = worklist(session, OFFICER, limit=50, now=NOW)
        for _ in range(10):
            claim_next(session, SECOND, NOW)
        second = worklist(session, OFFICER, after=first.after, limit=50, now=NOW)
    assert [row.position for row in second.items] == list(range(51, 101))


def test_filters_follow_what_people_see(engine: Engine) -> None:
    with writing(engine) as session:
        taken = claim(session, OFFICER, "2026-000009", NOW)
        only = Filters(states=frozenset({State.CLAIMED}))
        (row,) = worklist(session, SECOND, only, now=NOW).items
        assert (row.number, row.holder, row.mine, row.version) == (
            taken.number, "Medewerker Heerlen", False, taken.version
        )  # fmt: skip
        (own,) = worklist(session, OFFICER, Filters(mine=True), now=NOW).items
        assert own.mine
        assert worklist(session, SECOND, Filters(mine=True), now=NOW).items == ()
        later = NOW + LEASE + dt.timedelta(seconds=1)
        assert worklist(session, SECOND, only, now=later).items == ()
        is_open = Filters(states=frozenset({State.OPEN}))
        assert len(worklist(session, SECOND, is_open, limit=200, now=later).items) == 120
        assert len(worklist(session, SECOND, is_open, limit=200, now=NOW).items) == 119


def test_a_foreign_cursor_is_refused(engine: Engine) -> None:
    with reading(engine) as session, pytest.raises(RefusedError, match="first page"):
        worklist(session, OFFICER, after="1' OR 1=1")


def test_r06_a_blind_row_has_no_place_range_or_reason(engine: Engine) -> None:
    with reading(engine) as session:
        rows = pages(session, 200)
    assert 0 < sum(row.blind for row in rows) < len(rows)
    for row in rows:
        hidden = (row.place, row.place_low, row.place_high, row.reason)
        assert all(value is None for value in hidden) if row.blind else None not in hidden
    assert {row.reason["direction"] for row in rows if row.reason} == {"up"}


def test_r06_a_blind_case_shows_checked_facts_in_fixed_order_and_nothing_else(engine: Engine) -> None:
    with writing(engine) as session:
        number = number_of(session, blind=True)
        view = case_view(session, OFFICER, number, now=NOW)
        assert [fact["topic"] for fact in view.shown.facts] == ["benefit", "household"]
        assert view.shown.old_sources == ("UWV",)
        assert (view.shown.ranking, view.shown.arms) == (None, None)
        assert view.base_rate == {"changed": 16, "reviewed": 100}
        assert relations(session, OFFICER, number, now=NOW) is None
        shown = json.dumps(asdict(view.shown), default=str)
    for word in ("place", "direction", "size", "share", "contribution", 'arm"', "random", "signal", 'risk"'):
        assert word not in shown.replace('"arms"', "").replace('"ranking"', "")


def test_r06_own_findings_unlock_the_whole(engine: Engine) -> None:
    with writing(engine) as session:
        number = number_of(session, blind=True)
        version = claim(session, OFFICER, number, NOW).version
        save_findings(session, OFFICER, number, findings(), version, NOW)
        view = case_view(session, OFFICER, number, now=NOW)
        assert view.shown.ranking is not None
        assert view.shown.arms
        assert relations(session, OFFICER, number, now=NOW) is not None
        only = Filters(states=frozenset({State.FINDINGS}))
        assert worklist(session, OFFICER, only, now=NOW).items[0].place is not None


def test_r06_the_arm_is_hidden_until_findings_in_every_mode(engine: Engine) -> None:
    with writing(engine) as session:
        number = number_of(session, blind=False)
        view = case_view(session, OFFICER, number, now=NOW)
        assert view.shown.ranking is not None
        assert view.shown.arms is None
        version = claim(session, OFFICER, number, NOW).version
        save_findings(session, OFFICER, number, findings(), version, NOW)
        after = case_view(session, OFFICER, number, now=NOW)
        arms = session.scalar(select(Inclusion.arms).where(Inclusion.case_id == view.case_id))
    assert ",".join(after.shown.arms or ()) == arms


def test_steps_are_those_the_viewer_can_take(engine: Engine) -> None:
    with writing(engine) as session:
        number = number_of(session, blind=False)
        assert case_view(session, OFFICER, number, now=NOW).steps == {Step.CLAIM}
        assert case_view(session, COMPLIANCE, number, now=NOW).steps == set()
        version = claim(session, OFFICER, number, NOW).version
        assert case_view(session, OFFICER, number, now=NOW).steps == {Step.RELEASE, Step.SAVE}
        assert case_view(session, SECOND, number, now=NOW).steps == set()
        save_findings(session, OFFICER, number, findings(), version, NOW)
        assert case_view(session, OFFICER, number, now=NOW).steps == set()
        assert case_view(session, SECOND, number, now=NOW).steps == {Step.APPROVE, Step.RETURN}


def test_r14_every_look_is_logged_with_purpose_and_case(engine: Engine) -> None:
    with writing(engine) as session:
        viewer = replace(OFFICER, purpose=Purpose.OBJECTION)
        for look in (case_view, relations, history):
            look(session, viewer, "2026-000004")
        bodies = [json.loads(one.body) for one in audit.chain(session, HEERLEN)][-3:]
    assert [body["action"] for body in bodies] == ["case_read", "relations_read", "history_read"]
    assert {(body["object"], body["purpose"], body["actor"]) for body in bodies} == {
        ("case:2026-000004", "objection", "officer.heerlen")
    }


@pytest.mark.parametrize("look", [case_view, relations, history])
def test_r14_without_the_log_nothing_is_shown(engine: Engine, look: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(look)
    with reading(engine) as session, pytest.raises(LogUnavailableError):
        look(session, OFFICER, "2026-000004")

    def down(*_: object, **__: object) -> None:
        raise LogUnavailableError("down")

    monkeypatch.setattr(audit, "append", down)
    with writing(engine) as session, pytest.raises(LogUnavailableError):
        look(session, OFFICER, "2026-000004")


@pytest.mark.parametrize("look", [case_view, relations, history])
def test_r17_another_municipality_and_other_roles_see_nothing(engine: Engine, look: object) -> None:
    assert callable(look)
    with writing(engine) as session:
        with pytest.raises(NotFoundError):
            look(session, ELSEWHERE, "2026-000110")
        for viewer in (MANAGER, SCIENTIST, replace(OFFICER, role=Role.ADMINISTRATOR)):
            with pytest.raises(ForbiddenError):
                look(session, viewer, "2026-000004")
        assert {row.number for row in worklist(session, ELSEWHERE).items} == {f"2026-{n:06d}" for n in range(1, 11)}


def test_a_closed_case_leaves_the_list(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(update(Case).where(Case.number == "2026-000005").values(state="closed"))
        assert "2026-000005" not in {row.number for row in pages(session, 200)}
