"""Counts per arm: missing is not zero, what was found goes both ways, and two reviewers are compared."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enforcement.access import Role, Viewer
from enforcement.cases import claim
from enforcement.database import writing
from enforcement.errors import ForbiddenError
from enforcement.findings import Cause, Effect, Findings, approve, save_findings
from enforcement.results import ArmCount, agreement, per_arm
from enforcement.tables import Case, Inclusion
from tests.enforcement.province import (
    ELSEWHERE,
    HEERLEN,
    MANAGER,
    NOW,
    OFFICER,
    REASONING,
    SECOND,
    candidates,
    drawn,
    findings,
    policy,
    service,
)

NOTHING = Findings(Cause.NOTHING_IRREGULAR, Effect.NONE, None, REASONING)
UNCLEAR = Findings(Cause.INCONCLUSIVE, Effect.UNKNOWN, None, REASONING)
MORE = Findings(Cause.MUNICIPAL_ERROR, Effect.UP, 5_000, REASONING)
LESS = findings(amount_cents=20_000)


def close(session: Session, number: str, found: Findings) -> None:
    version = claim(session, OFFICER, number, NOW).version
    saved = save_findings(session, OFFICER, number, found, version, NOW)
    approve(session, SECOND, number, saved.version, NOW)


def test_counts_per_arm_add_up_and_money_goes_both_ways(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        made, draw = drawn(session, candidates(200, signals=20), chosen=policy(yearly_capacity=240))
        session.execute(update(Case).values(double=False))
        numbers = session.scalars(select(Case.number).order_by(Case.position)).all()
        for number, found in zip(numbers, [LESS, MORE, NOTHING, UNCLEAR, LESS], strict=False):
            close(session, number, found)
        version = claim(session, OFFICER, numbers[5], NOW).version
        save_findings(session, OFFICER, numbers[5], LESS, version, NOW)

        counts = per_arm(session, MANAGER)
        assert counts["all"] == ArmCount(20, 4, 3, 1, 1, 15, 1, 5_000, 40_000)
        assert counts["all"].completion == 0.25
        assert per_arm(session, MANAGER, draw.id) == counts
        assert per_arm(session, MANAGER, "another")["all"] == ArmCount()
        for arm in ("random", "top_up", "signal", "risk"):
            assert counts[arm].listed == made.counts[arm]
            assert counts[arm].listed == counts[arm].reviewed + counts[arm].inconclusive + counts[arm].pending
        reviewed = session.scalars(select(Case.id).where(Case.number.in_(numbers[:5]))).all()
        for arm in ("random", "signal", "risk"):
            arms = session.scalars(select(Inclusion.arms).where(Inclusion.case_id.in_(reviewed))).all()
            assert counts[arm].listed - counts[arm].pending == sum(arm in one.split(",") for one in arms)


def test_two_reviews_of_one_case_are_compared_and_counted_once(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(200), chosen=policy(yearly_capacity=120))
        session.execute(update(Case).values(blind=True, double=True))
        for number, second in (("2026-000001", MORE), ("2026-000002", LESS)):
            for viewer, found, hours in ((OFFICER, LESS, 0), (SECOND, second, 1)):
                version = claim(session, viewer, number, NOW).version
                at = NOW + dt.timedelta(hours=hours)
                saved = save_findings(session, viewer, number, found, version, at)
            half = approve(session, SECOND, number, saved.version, NOW)
            approve(session, OFFICER, number, half.version, NOW)
        compared = agreement(session, MANAGER)
        counts = per_arm(session, MANAGER)["all"]
    assert (compared.pairs, compared.same_effect, compared.same_cause) == (2, 1, 1)
    assert (counts.reviewed, counts.changed, counts.up_cents, counts.down_cents) == (2, 2, 0, 40_000)


def test_r17_results_are_of_ones_own_municipality(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(200))
        close(session, session.scalars(select(Case.number).where(~Case.double)).first() or "", LESS)
        assert per_arm(session, ELSEWHERE)["all"] == ArmCount()
        assert agreement(session, ELSEWHERE).pairs == 0
        with pytest.raises(ForbiddenError):
            per_arm(session, Viewer("administrator", HEERLEN, Role.ADMINISTRATOR))


def test_an_empty_arm_has_no_completion() -> None:
    assert ArmCount().completion is None
