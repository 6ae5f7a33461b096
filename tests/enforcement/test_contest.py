"""A contest stops one case, and nothing it does moves anybody else (R20, R30, R33)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as trying
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Engine, select

from enforcement import audit
from enforcement.cases import State, claim, claim_next, open_cases
from enforcement.contest import Again, Why, contests, disputed_cases, keep_rescoring, open_contest, settle
from enforcement.database import writing
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError
from enforcement.findings import approve, save_findings
from enforcement.keys import Keys
from enforcement.tables import Case, Contest, Inclusion, Score
from tests.enforcement.province import (
    ELSEWHERE,
    HEERLEN,
    NOW,
    OFFICER,
    SECOND,
    candidates,
    drawn,
    findings,
    service,
)

KEYS = Keys(master=b"m" * 32, lookup=b"l" * 32, sealed=b"s" * 32)
TEXT = "Het loon van maart was van mijn zus, niet van mij."
TOPIC = ["income"]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = service(tmp_path)
    with writing(made) as session:
        drawn(session, candidates(120, signals=5))
    return made


def numbers(session: Any, arms: str) -> list[str]:
    query = (
        select(Case.number)
        .join(Inclusion, (Inclusion.draw_id == Case.draw_id) & (Inclusion.case_id == Case.id))
        .where(Inclusion.arms == arms, Case.double.is_(False))
        .order_by(Case.position)
    )
    return list(session.scalars(query))


def state(session: Any, number: str) -> str:
    return str(session.scalars(select(Case.state).where(Case.number == number)).one())


def rescored(session: Any, which: str, place: int) -> None:
    keep_rescoring(session, SECOND, which, Why.CORRECTED, f"run-{HEERLEN}", Again(-float(place), place, []), NOW)


def test_r20_a_contested_case_is_worked_on_by_nobody(engine: Engine) -> None:
    with writing(engine) as session:
        number = numbers(session, "risk")[0]
        version = claim(session, OFFICER, number, NOW).version
        which = open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)
        assert state(session, number) == State.CONTESTED
        with pytest.raises(ConflictError):
            claim(session, OFFICER, number, NOW)
        with pytest.raises(ConflictError):
            save_findings(session, OFFICER, number, findings(), version + 1, NOW)
        with pytest.raises(ConflictError, match="open already"):
            open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)
        assert settle(session, SECOND, which, upheld=False, now=NOW) == State.OPEN
        assert claim(session, OFFICER, number, NOW)


def test_r20_findings_that_wait_for_a_second_person_wait_on(engine: Engine) -> None:
    with writing(engine) as session:
        number = numbers(session, "risk")[0]
        save_findings(session, OFFICER, number, findings(), claim(session, OFFICER, number, NOW).version, NOW)
        which = open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)
        version = session.scalars(select(Case.version).where(Case.number == number)).one()
        with pytest.raises(ConflictError):
            approve(session, SECOND, number, version, NOW)
        assert settle(session, SECOND, which, upheld=False, now=NOW) == State.FINDINGS


@pytest.mark.parametrize(
    ("arms", "place", "goes_on"),
    [("risk", 120, State.WITHDRAWN), ("risk", 1, State.OPEN), ("random", 120, State.OPEN), ("signal", 120, State.OPEN)],
)
def test_r30_the_correction_decides_about_this_case_and_a_draw_stays_drawn(
    engine: Engine, arms: str, place: int, goes_on: State
) -> None:
    with writing(engine) as session:
        number = numbers(session, arms)[0]
        which = open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)
        with pytest.raises(ConflictError, match="corrected data first"):
            settle(session, SECOND, which, upheld=True, now=NOW)
        rescored(session, which, place)
        assert settle(session, SECOND, which, upheld=True, now=NOW) == goes_on
        with pytest.raises(ConflictError, match="settled before"):
            settle(session, SECOND, which, upheld=True, now=NOW)


def test_r33_a_disputed_case_is_left_alone_while_the_dispute_is_open(engine: Engine) -> None:
    with writing(engine) as session:
        number = numbers(session, "risk")[0]
        case = session.scalars(select(Case.id).where(Case.number == number)).one()
        which = open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)
        assert disputed_cases(session, HEERLEN) == {case}
        assert case in open_cases(session, HEERLEN)
        settle(session, SECOND, which, upheld=False, now=NOW)
        assert disputed_cases(session, HEERLEN) == frozenset()


def test_what_the_client_says_is_encrypted_and_not_in_the_log(engine: Engine) -> None:
    with writing(engine) as session:
        open_contest(session, SECOND, KEYS, numbers(session, "risk")[0], TOPIC, TEXT, NOW)
        assert b"zus" not in session.scalars(select(Contest.sealed)).one()
        assert all("zus" not in event.body for event in audit.chain(session, HEERLEN))


def test_r17_who_may_open_one_and_where(engine: Engine) -> None:
    with writing(engine) as session:
        number = numbers(session, "risk")[0]
        with pytest.raises(ForbiddenError):
            open_contest(session, OFFICER, KEYS, number, TOPIC, TEXT, NOW)
        with pytest.raises(ForbiddenError):
            contests(session, ELSEWHERE)
        with pytest.raises(FindingsError):
            open_contest(session, SECOND, KEYS, number, ["nationality"], TEXT, NOW)
        with pytest.raises(FindingsError):
            open_contest(session, SECOND, KEYS, number, TOPIC, "klopt niet", NOW)
        with pytest.raises(NotFoundError):
            settle(session, SECOND, "no-such-contest", upheld=False, now=NOW)


class Contesting(RuleBasedStateMachine):
    """Contests are opened and settled in any order while colleagues work: nobody else's place, score or chance moves,
    the list never gets a new case, and a contested case is taken by nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = service(Path(self.folder.name))
        with writing(self.engine) as session:
            drawn(session, candidates(60, signals=5))
            self.numbers = list(session.scalars(select(Case.number).order_by(Case.position)))
            self.before = self.snapshot(session)
        self.open: dict[str, str] = {}

    def snapshot(self, session: Any) -> tuple[Any, ...]:
        scores = session.execute(select(Score.case_id, Score.margin, Score.place).order_by(Score.case_id)).all()
        chances = session.execute(
            select(Inclusion.case_id, Inclusion.probability, Inclusion.arms, Inclusion.place).order_by(
                Inclusion.case_id
            )
        ).all()
        cases = session.execute(select(Case.id, Case.number, Case.position).order_by(Case.id)).all()
        return tuple(scores), tuple(chances), tuple(cases)

    @rule(at=st.integers(0, 39))
    def dispute(self, at: int) -> None:
        number = self.numbers[at % len(self.numbers)]
        with writing(self.engine) as session:
            if number in self.open:
                with pytest.raises(ConflictError):
                    open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)
            else:
                self.open[number] = open_contest(session, SECOND, KEYS, number, TOPIC, TEXT, NOW)

    @rule(at=st.integers(0, 39), upheld=st.booleans(), place=st.integers(1, 60))
    def end(self, at: int, upheld: bool, place: int) -> None:
        if self.open:
            number = sorted(self.open)[at % len(self.open)]
            with writing(self.engine) as session:
                rescored(session, self.open[number], place)
                settle(session, SECOND, self.open.pop(number), upheld=upheld, now=NOW)

    @rule()
    def work(self) -> None:
        with writing(self.engine) as session:
            taken = claim_next(session, OFFICER, NOW)
        assert taken is None or taken.number not in self.open

    @invariant()
    def nobody_else_moves(self) -> None:
        with writing(self.engine) as session:
            assert self.snapshot(session) == self.before
            stopped = set(session.scalars(select(Case.number).where(Case.state == State.CONTESTED)))
            assert stopped <= set(self.open)
            assert audit.check(audit.chain(session, HEERLEN)) == []

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()


TestContesting = Contesting.TestCase
TestContesting.settings = trying(max_examples=8, stateful_step_count=12, deadline=None)
