"""Tips: a case for the signal arm, behind registers when anonymous, read only when the arm may be seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from enforcement.cases import claim
from enforcement.database import writing
from enforcement.errors import FindingsError
from enforcement.findings import save_findings
from enforcement.keys import Keys
from enforcement.selection import SIGNAL, compose
from enforcement.tables import Case, Event, Tip
from enforcement.tips import LASTS, TipSource, place, read_tips, take_in, waiting_tips
from tests.enforcement.province import (
    AS_OF,
    COMPLIANCE,
    HEERLEN,
    NOW,
    OFFICER,
    SECRET,
    candidates,
    drawn,
    findings,
    policy,
    service,
)  # fmt: skip

KEYS = Keys(b"m" * 32, b"l" * 32, b"s" * 32)
TEXT = "De klant meldde aan de balie een nieuwe baan die nog niet in het dossier staat."


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 30), st.integers(1, 40))
def test_an_anonymous_tip_never_stands_before_a_register_fact(registers: int, anonymous: int) -> None:
    cases = candidates(300, signals=registers + anonymous)
    cases = [replace(one, anonymous=one.signal is not None and one.case_id > registers) for one in cases]
    listed = compose(tuple(cases), policy(), HEERLEN, AS_OF, SECRET)
    chosen = {one.case_id for one in listed.cases if SIGNAL in one.arms}
    left_out = {one.case_id for one in cases if one.signal and not one.anonymous} - chosen
    assert not (left_out and any(one.anonymous for one in cases if one.case_id in chosen))


def test_a_tip_waits_until_a_list_takes_it_up(tmp_path: Path) -> None:
    engine = service(tmp_path)
    day = NOW.date() - dt.timedelta(days=3)
    with writing(engine) as session:
        take_in(session, OFFICER, KEYS, 7, TipSource.ANONYMOUS, "income", day, TEXT, NOW)
        assert waiting_tips(session, HEERLEN, NOW.date())[7].anonymous
        take_in(session, OFFICER, KEYS, 7, TipSource.COLLEAGUE, "income", day, TEXT, NOW)
        assert not waiting_tips(session, HEERLEN, NOW.date())[7].anonymous
        assert waiting_tips(session, "0935", NOW.date()) == {}
        assert waiting_tips(session, HEERLEN, day) == {}
        assert waiting_tips(session, HEERLEN, day + LASTS + dt.timedelta(days=1)) == {}
        place(session, HEERLEN, "draw", [7])
        assert waiting_tips(session, HEERLEN, NOW.date()) == {}


def test_r06_a_tip_is_read_when_the_arm_may_be_seen(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        _, draw = drawn(session, candidates(300, signals=20))
        case = session.scalars(select(Case).where(~Case.double).order_by(Case.position)).first()
        assert case is not None
        take_in(
            session,
            OFFICER,
            KEYS,
            case.id,
            TipSource.NAMED,
            "income",
            NOW.date(),
            TEXT,
            NOW,
        )
        place(session, HEERLEN, draw.id, [case.id])
        version = claim(session, OFFICER, case.number, NOW).version
        assert read_tips(session, OFFICER, KEYS, case.number, NOW) is None
        save_findings(session, OFFICER, case.number, findings(), version, NOW)
        told = read_tips(session, COMPLIANCE, KEYS, case.number, NOW)
        assert told is not None
        assert [one.text for one in told] == [TEXT]
        assert all(b"balie" not in tip.sealed for tip in session.scalars(select(Tip)))
        assert not any("balie" in body for body in session.scalars(select(Event.body)))


@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        ("topic", {"topic": "gossip"}),
        ("text", {"text": "kort"}),
        ("received", {"received": dt.date(2999, 1, 1)}),
    ],
)
def test_a_tip_says_when_about_what_and_which_facts(tmp_path: Path, field: str, chosen: dict[str, object]) -> None:
    plain = {"topic": "income", "received": NOW.date(), "text": TEXT} | chosen
    with writing(service(tmp_path)) as session, pytest.raises(FindingsError) as refused:
        take_in(session, OFFICER, KEYS, 7, TipSource.COLLEAGUE, now=NOW, **plain)  # type: ignore[arg-type]
    assert refused.value.field == field
