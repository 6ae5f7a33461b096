"""A draw is kept whole or not at all, once per date, with a secret that was fixed before."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from enforcement import audit
from enforcement.database import reading, writing
from enforcement.draws import commit_secret, record, standing, yearly_secret
from enforcement.errors import ConflictError
from enforcement.policy import Policy, adopt
from enforcement.selection import compose, seed_of
from enforcement.tables import Case, Draw, Inclusion
from tests.enforcement.province import (
    AS_OF,
    HEERLEN,
    MAASTRICHT,
    NOW,
    SECRET,
    candidates,
    drawn,
    policy,
    scored,
    service,
)


def test_every_eligible_case_is_kept_with_its_chance(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        made, _draw = drawn(session, candidates(300, signals=20))
    with reading(engine) as session:
        kept = {one.case_id: one for one in session.scalars(select(Inclusion))}
        assert {(one.case_id, one.probability, ",".join(one.arms), one.place) for one in made.cases} == {
            (one.case_id, one.probability, one.arms, one.place) for one in kept.values()
        }
        cases = session.scalars(select(Case).order_by(Case.position)).all()
        assert [one.id for one in cases] == [one.case_id for one in made.listed]
        assert [one.blind for one in cases] == [one.blind for one in made.listed]
        assert {one.due for one in cases} == {dt.date(2026, 12, 1)}
        assert len({one.number for one in cases}) == len(cases)
        assert session.get_one(Draw, f"{HEERLEN}-{AS_OF}").counts["base_rate"] == {"changed": 16, "reviewed": 100}
        assert standing(session, HEERLEN, AS_OF, policy()) is not None
        assert standing(session, MAASTRICHT, AS_OF, policy()) is None


def test_a_second_draw_for_a_date_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    engine = service(tmp_path)
    cases = candidates(300, signals=20)
    with writing(engine) as session:
        drawn(session, cases)
        before = audit.length(session, HEERLEN)
    again = compose(cases, policy(yearly_capacity=960), HEERLEN, AS_OF, SECRET)
    with writing(engine) as session:
        with pytest.raises(ConflictError, match="second"):
            record(session, again, f"run-{HEERLEN}", policy(), 1, NOW)
        assert session.query(Inclusion).count() == 300
        assert session.query(Case).count() == 40
        assert audit.length(session, HEERLEN) == before


@pytest.mark.parametrize(
    ("period", "as_of", "due"),
    [
        ("month", dt.date(2026, 11, 2), False),
        ("month", dt.date(2026, 11, 30), False),
        ("month", dt.date(2026, 12, 1), True),
        ("month", dt.date(2026, 10, 2), False),  # it would last into November
        ("month", dt.date(2026, 10, 1), True),
        ("quarter", dt.date(2026, 12, 1), False),
        ("quarter", dt.date(2027, 1, 31), False),
        ("quarter", dt.date(2027, 2, 1), True),
    ],
)
def test_r05_a_period_has_one_draw_and_its_capacity_once(
    tmp_path: Path, period: str, as_of: dt.date, due: bool
) -> None:
    engine = service(tmp_path)
    chosen = Policy(yearly_capacity=480, period=period)  # type: ignore[arg-type]
    with writing(engine) as session:
        adopt(session, HEERLEN, replace(chosen, explanation={"period": "few reviews"}), "manager", NOW)
        drawn(session, candidates(300), chosen=chosen)
        assert (standing(session, HEERLEN, as_of, policy()) is None) is due
        commit_secret(session, HEERLEN, as_of.year, SECRET, NOW - dt.timedelta(hours=2))
        again = compose(candidates(300), policy(), HEERLEN, as_of, SECRET)
        with nullcontext() if due else pytest.raises(ConflictError, match="second one in its period"):
            record(session, again, f"run-{HEERLEN}", policy(), 1, NOW)


def test_a_policy_that_changes_the_period_leaves_the_period_of_the_draw(tmp_path: Path) -> None:
    engine = service(tmp_path)
    monthly, quarterly = Policy(480), Policy(480, "quarter", explanation={"period": "few reviews"})
    with writing(engine) as session:
        adopt(session, HEERLEN, monthly, "manager", NOW)
        drawn(session, candidates(300), chosen=monthly)
        adopt(session, HEERLEN, quarterly, "manager", NOW)
        assert standing(session, HEERLEN, dt.date(2026, 12, 1), quarterly) is None, "the list was for November"


def test_an_interrupted_draw_leaves_nothing(tmp_path: Path) -> None:
    engine = service(tmp_path)

    def interrupted() -> None:
        with writing(engine) as session:
            drawn(session, candidates(300))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with writing(engine) as session:
        assert session.query(Draw).count() == session.query(Case).count() == session.query(Inclusion).count() == 0
        drawn(session, candidates(300))


def test_r05_the_secret_is_committed_before_the_scores(tmp_path: Path) -> None:
    engine = service(tmp_path)
    cases = candidates(50)
    with writing(engine) as session:
        scored(session, cases)
        other = compose(cases, policy(), HEERLEN, AS_OF, bytes(32))
        with pytest.raises(ConflictError, match="not committed"):
            record(session, other, "run", policy(), 1, NOW)
        with pytest.raises(ConflictError, match="another secret"):
            commit_secret(session, HEERLEN, 2026, bytes(32), NOW)
        late = compose(cases, policy(), MAASTRICHT, AS_OF, SECRET)
        commit_secret(session, MAASTRICHT, 2026, SECRET, NOW)
        with pytest.raises(ConflictError, match="after the scoring"):
            record(session, late, "run", policy(), 1, NOW)
        commitments = [one for one in audit.chain(session, HEERLEN) if one.object == "seed:2026"]
        assert len(commitments) == 1
        assert "sha256" in commitments[0].body


def test_r05_the_committed_secret_replays_the_kept_draw(tmp_path: Path) -> None:
    engine = service(tmp_path)
    cases = candidates(300, signals=20)
    with writing(engine) as session:
        _, draw = drawn(session, cases)
        kept = {one.case_id for one in session.scalars(select(Inclusion)) if "random" in one.arms.split(",")}
        again = compose(cases, policy(), HEERLEN, AS_OF, SECRET)
        assert again.eligible_sha256 == draw.eligible_sha256
        assert again.seed_commitment == draw.seed_commitment
    assert {one.case_id for one in again.cases if "random" in one.arms} == kept
    assert len(seed_of(SECRET, HEERLEN, AS_OF, again.eligible_sha256)) == 32


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    once = yearly_secret(tmp_path / "keys", 2026)
    assert yearly_secret(tmp_path / "keys", 2026) == once
    assert yearly_secret(tmp_path / "keys", 2027) != once
    assert (tmp_path / "keys" / "draw-2026.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "keys" / "draw-2026.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="escrow"):
        yearly_secret(tmp_path / "keys", 2026)


def test_numbers_go_on_and_say_nothing_about_place(tmp_path: Path) -> None:
    engine = service(tmp_path)
    with writing(engine) as session:
        made, _ = drawn(session, candidates(300))
        by_id = sorted(made.listed, key=lambda one: one.case_id)
        numbers = {one.id: one.number for one in session.scalars(select(Case))}
        assert [numbers[one.case_id] for one in by_id] == [f"2026-{n:06d}" for n in range(1, 41)]
        later = dt.date(2026, 12, 1)
        again = compose(candidates(300), policy(), HEERLEN, later, SECRET)
        draw = record(session, again, f"run-{HEERLEN}", policy(), 1, NOW)
        first = session.scalars(select(Case.number).where(Case.draw_id == draw.id).order_by(Case.number)).first()
        assert first == "2026-000041"
