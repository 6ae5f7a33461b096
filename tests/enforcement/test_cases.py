"""Taking cases: never two people on one case, never a step that does not exist, never another municipality's case."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from enforcement import audit
from enforcement.access import Role, Viewer
from enforcement.cases import TRANSITIONS, State, Step, after, claim, claim_next, open_cases, release, tally
from enforcement.database import engine_of, reading, writing
from enforcement.errors import ConflictError, ForbiddenError, NotFoundError, StaleError
from enforcement.taking import LEASE
from enforcement.worklist import worklist
from tests.enforcement.province import (
    COMPLIANCE,
    ELSEWHERE,
    HEERLEN,
    MANAGER,
    NOW,
    OFFICER,
    SECOND,
    candidates,
    drawn,
    policy,
    service,
)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(300, signals=20))
    return engine


def test_next_is_the_first_in_order_and_is_taken_once(engine: Engine) -> None:
    with writing(engine) as session:
        listed = worklist(session, OFFICER, now=NOW).items
        first, second = claim_next(session, OFFICER, NOW), claim_next(session, SECOND, NOW)
    assert first is not None
    assert second is not None
    assert first.number == listed[0].number
    assert second.number != first.number
    assert second.number in {row.number for row in listed[:3]}


def test_next_is_another_one_for_who_has_one_in_hand(engine: Engine) -> None:
    with writing(engine) as session:
        taken = [claim_next(session, OFFICER, NOW) for _ in range(3)]
    assert len({one.number for one in taken if one}) == 3


def test_a_list_that_is_used_up_gives_none(engine: Engine) -> None:
    with writing(engine) as session:
        taken = [claim_next(session, replace(OFFICER, user=f"officer{i}"), NOW) for i in range(41)]
        assert [one is None for one in taken] == [False] * 40 + [True]
        assert len({one.number for one in taken if one}) == 40


def test_a_colleagues_case_is_refused_until_the_lease_ends(engine: Engine) -> None:
    with writing(engine) as session:
        claim(session, OFFICER, "2026-000007", NOW)
        with pytest.raises(ConflictError, match="colleague"):
            claim(session, SECOND, "2026-000007", NOW + LEASE)
        later = NOW + LEASE + dt.timedelta(seconds=1)
        row = next(row for row in worklist(session, SECOND, now=later).items if row.number == "2026-000007")
        assert (row.state, row.holder) == (State.OPEN, None)
        assert claim(session, SECOND, "2026-000007", later).version == 3
        with pytest.raises(ConflictError, match="colleague"):
            release(session, OFFICER, "2026-000007", 3, later)


def test_claiming_again_renews_the_lease(engine: Engine) -> None:
    with writing(engine) as session:
        first = claim(session, OFFICER, "2026-000007", NOW)
        again = claim(session, OFFICER, "2026-000007", NOW + dt.timedelta(days=2))
    assert again.lease_until - first.lease_until == dt.timedelta(days=2)


def test_release_asks_for_the_version_that_was_read(engine: Engine) -> None:
    with writing(engine) as session:
        version = claim(session, OFFICER, "2026-000007", NOW).version
        with pytest.raises(StaleError):
            release(session, OFFICER, "2026-000007", version - 1, NOW)
        release(session, OFFICER, "2026-000007", version, NOW)
        with pytest.raises(ConflictError):
            release(session, OFFICER, "2026-000007", version + 1, NOW)
        assert tally(session, OFFICER)[State.OPEN] == 40


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("step", list(Step))
def test_a_step_outside_the_table_is_a_conflict(state: State, step: Step) -> None:
    if (state, step) in TRANSITIONS:
        assert after(state.value, step) == TRANSITIONS[state, step]
    else:
        with pytest.raises(ConflictError):
            after(state.value, step)


def test_every_state_can_be_reached_and_only_closed_and_withdrawn_are_ends() -> None:
    reached, left = set(TRANSITIONS.values()), {state for state, _ in TRANSITIONS}
    assert reached == set(State)
    assert set(State) - left == {State.CLOSED, State.WITHDRAWN}


def test_r17_another_municipality_sees_and_takes_nothing(engine: Engine) -> None:
    with writing(engine) as session:
        assert worklist(session, ELSEWHERE).items == ()
        assert claim_next(session, ELSEWHERE, NOW) is None
        with pytest.raises(NotFoundError):
            claim(session, ELSEWHERE, "2026-000007", NOW)
        with pytest.raises(ValueError, match="no municipality"):
            worklist(session, replace(ELSEWHERE, municipality=""))


@pytest.mark.parametrize("viewer", [COMPLIANCE, MANAGER])
def test_only_officers_take_cases(engine: Engine, viewer: Viewer) -> None:
    with writing(engine) as session, pytest.raises(ForbiddenError):
        claim_next(session, viewer, NOW)


def test_every_claim_is_in_the_log(engine: Engine) -> None:
    with writing(engine) as session:
        taken = claim_next(session, OFFICER, NOW)
        last = list(audit.chain(session, HEERLEN))[-1]
    assert taken is not None
    assert (last.object, '"action":"case_claimed"' in last.body) == (f"case:{taken.number}", True)


def test_r33_open_cases_are_known_until_they_are_closed(engine: Engine) -> None:
    with reading(engine) as session:
        assert len(open_cases(session, HEERLEN)) == 40


def _take(url: str, worker: int, most: int) -> list[str]:
    engine, viewer, numbers = engine_of(url), Viewer(f"officer{worker}", HEERLEN, Role.OFFICER), []
    while len(numbers) < most:
        with writing(engine) as session:
            taken = claim_next(session, viewer, NOW)
        if taken is None:
            break
        numbers.append(taken.number)
    return numbers


def _take_in_threads(url: str, first: int, threads: int, most: int) -> list[str]:
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda worker: _take(url, worker, most), range(first, first + threads))
        return [number for numbers in found for number in numbers]


@pytest.mark.slow
def test_fifty_workers_on_a_thousand_cases_never_get_the_same_one(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(1500), chosen=policy(yearly_capacity=12_000))
    url = str(engine.url)
    engine.dispose()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        jobs = [pool.apply_async(_take_in_threads, (url, first, 25, 1000)) for first in (0, 25)]
        taken = [number for job in jobs for number in job.get(timeout=180)]
    assert Counter(taken).most_common(1)[0][1] == 1
    assert len(taken) == 1000
    with reading(engine) as session:
        assert audit.check(audit.chain(session, HEERLEN)) == []
