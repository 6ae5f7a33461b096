"""Signing in: pairs of municipality and role, and tokens that the database does not know."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from enforcement import audit, tables
from enforcement.access import Purpose, Role
from enforcement.database import reading, writing
from enforcement.errors import ForbiddenError, LogUnavailableError
from enforcement.users import (
    DEMO_OF_BOTH,
    SESSION_LASTS,
    csrf_holds,
    demo_users,
    grant,
    grants,
    seed_demo_users,
    sign_in,
    sign_out,
    switch,
    visit,
)
from tests.enforcement.province import HEERLEN, MAASTRICHT, NOW, service


def test_the_demo_has_seven_roles_in_two_municipalities_and_one_user_with_two_pairs(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        seed_demo_users(session)
        assert grants(session, "officer.heerlen") == ((HEERLEN, Role.OFFICER),)
        assert grants(session, "manager.maastricht") == ((MAASTRICHT, Role.MANAGER),)
        assert len(session.scalars(select(tables.User)).all()) == len(demo_users()) == 15
        assert grants(session, DEMO_OF_BOTH) == ((HEERLEN, Role.MANAGER), (MAASTRICHT, Role.MANAGER))


def test_a_session_is_found_by_its_token_until_it_ends(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        signed = sign_in(session, "officer.heerlen", HEERLEN, Role.OFFICER, NOW)
        kept = session.scalars(select(tables.Session)).one()
        assert signed.token.encode() not in kept.token_sha256
    with reading(engine) as session:
        found = visit(session, signed.token, NOW)
        assert found is not None
        assert (found.viewer, found.name) == (signed.viewer, "Medewerker Heerlen")
        assert csrf_holds(found, signed.csrf)
        assert not csrf_holds(found, "é")
        assert visit(session, signed.token, NOW + SESSION_LASTS) is None
        assert visit(session, signed.token + "x", NOW) is None
    with writing(engine) as session:
        sign_out(session, signed.token, NOW)
        sign_out(session, signed.token, NOW)
        assert visit(session, signed.token, NOW) is None
        actions = [event.body for event in audit.chain(session, HEERLEN)]
        assert ["signed_in" in actions[0], "signed_out" in actions[1], len(actions)] == [True, True, 2]


def test_r36_a_pair_that_is_not_held_is_refused(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        for municipality, role in ((MAASTRICHT, Role.OFFICER), (HEERLEN, Role.MANAGER)):
            with pytest.raises(ForbiddenError):
                sign_in(session, "officer.heerlen", municipality, role, NOW)


def test_a_withdrawn_right_ends_the_session(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        signed = sign_in(session, "compliance.heerlen", HEERLEN, Role.COMPLIANCE_REVIEWER, NOW)
        assert signed.viewer.purpose == Purpose.SUPERVISION
        session.execute(delete(tables.Grant).where(tables.Grant.user_id == "compliance.heerlen"))
        assert visit(session, signed.token, NOW) is None


BOTH = ((HEERLEN, Role.OFFICER), (MAASTRICHT, Role.MANAGER))


def test_r36_one_pair_is_active_at_a_time_and_the_switch_is_in_both_logs(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        grant(session, "two", "T. Two", BOTH, NOW)
        first = sign_in(session, "two", *BOTH[0], NOW)
    with writing(engine) as session:
        here = visit(session, first.token, NOW)
        assert here is not None
        assert here.pairs == BOTH
        second = switch(session, here, first.token, *BOTH[1], NOW)
        assert (second.viewer.municipality, second.viewer.role) == BOTH[1]
        assert (second.expires_at, second.csrf == first.csrf) == (first.expires_at, False)
    with writing(engine) as session:
        assert visit(session, first.token, NOW) is None, "what was drawn for the officer can do nothing any more"
        there = visit(session, second.token, NOW)
        assert there is not None
        switch(session, there, second.token, *BOTH[0], NOW)
    with reading(engine) as session:
        left = [
            [json.loads(one.body)["action"] for one in audit.chain(session, town)] for town in (HEERLEN, MAASTRICHT)
        ]
    assert left == [
        ["rights_changed", "signed_in", "role_left", "role_taken_up"],
        ["rights_changed", "role_taken_up", "role_left"],
    ]


@pytest.mark.parametrize("pair", [(HEERLEN, Role.MANAGER), (MAASTRICHT, Role.OFFICER), ("0999", Role.MANAGER)])
def test_r36_nobody_switches_to_a_pair_that_they_do_not_hold(tmp_path: Path, pair: tuple[str, Role]) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        grant(session, "two", "T. Two", BOTH, NOW)
        signed = sign_in(session, "two", *BOTH[0], NOW)
    with writing(engine) as session:
        here = visit(session, signed.token, NOW)
        assert here is not None
        with pytest.raises(ForbiddenError):
            switch(session, here, signed.token, *pair, NOW)
        assert visit(session, signed.token, NOW) == here


def test_r36_a_pair_that_was_taken_away_is_no_longer_offered_nor_taken_up(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        grant(session, "two", "T. Two", BOTH, NOW)
        signed = sign_in(session, "two", *BOTH[0], NOW)
        before = visit(session, signed.token, NOW)
        grant(session, "two", "T. Two", BOTH[:1], NOW)
        here = visit(session, signed.token, NOW)
        assert before is not None
        assert here is not None
        assert here.pairs == BOTH[:1]
        with pytest.raises(ForbiddenError):
            switch(session, before, signed.token, *BOTH[1], NOW)


def test_old_sessions_are_cleared_at_the_next_sign_in(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        sign_in(session, "officer.heerlen", HEERLEN, Role.OFFICER, NOW)
        sign_in(session, "second.heerlen", HEERLEN, Role.SENIOR_OFFICER, NOW + dt.timedelta(days=1))
        assert [one.user_id for one in session.scalars(select(tables.Session))] == ["second.heerlen"]


def test_nobody_signs_in_without_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = service(tmp_path)

    def down(*_: object, **__: object) -> None:
        raise LogUnavailableError("down")

    monkeypatch.setattr(audit, "append", down)
    with pytest.raises(LogUnavailableError), writing(engine) as session:
        sign_in(session, "officer.heerlen", HEERLEN, Role.OFFICER, NOW)
    with reading(engine) as session:
        assert session.scalars(select(tables.Session)).all() == []
