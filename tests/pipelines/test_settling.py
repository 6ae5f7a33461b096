"""Money and hours per list and arm: what was delivered, each version once, and nothing for what nobody delivered."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from enforcement.access import Role, Viewer
from enforcement.database import engine_of, reading, writing
from enforcement.errors import ForbiddenError
from enforcement.money import Kept, kept
from enforcement.settings import Settings
from enforcement.tables import Draw, Inclusion, ListMoney
from pipelines.ingest import ingest
from pipelines.settling import settle
from pipelines.steps import unseen
from tests.enforcement.province import AS_OF, ELSEWHERE, HEERLEN, MANAGER, a_run, service

OUTCOMES = (
    "# weegschaal outcomes version=1 municipality=0917\n"
    "case;selected;arm;probability;closed;approved;cause;effect;amount_cents;overturned;minutes\n"
)
BOOKINGS = (
    "# weegschaal bookings version=1 municipality=0917\ncase;selected;reference;kind;booked;amount_cents;withdrawn\n"
)
DAY = "2026-03-01"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    service(home)
    return Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)


def deliver(settings: Settings, name: str, header: str, *rows: str, received: str = "2026-10-01") -> None:
    """received: the day on which the delivery came."""
    path = settings.home / f"{name}.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    (settings.home / "delivery.json").write_text(f'{{"received_at": "{received}T04:00:00Z"}}', encoding="utf-8")
    (report,) = ingest(settings, [path], municipality=HEERLEN)
    assert (report.status, report.quarantined) == ("published", ()), report


def outcome(case: str, *, arm: str = "random", effect: str = "down", cents: int = 10_000, **more: Any) -> str:
    cause = {"none": "nothing_irregular", "unknown": "inconclusive"}.get(effect, "client_late_or_mistaken")
    told = {"approved": "2026-05-01", "overturned": "no", "minutes": "120"} | more
    change = "" if effect in ("none", "unknown") else -cents if effect == "down" else cents
    return f"{case};{DAY};{arm};0.02;2026-04-20;{told['approved']};{cause};{effect};{change};" + (
        f"{told['overturned']};{told['minutes']}"
    )


def earlier(settings: Settings) -> Kept:
    settle(settings, unseen)
    with reading(engine_of(settings.database)) as session:
        return kept(session, MANAGER, own=False)


def test_amounts_and_minutes_are_those_of_approved_reviews(settings: Settings) -> None:
    deliver(
        settings,
        "outcomes",
        OUTCOMES,
        outcome("D1"),
        outcome("D2", effect="up", cents=3_000, minutes="60"),
        outcome("D3", effect="none", minutes=""),
        outcome("D4", effect="unknown", minutes="30"),
        outcome("D5", arm="tip"),
        outcome("D6", approved=""),
    )
    found = earlier(settings)
    lot, whole = found.arms["random"], found.arms["all"]
    assert (lot.reviewed, lot.changed, lot.inconclusive, lot.nothing_irregular) == (3, 2, 1, 1)
    assert (lot.timed, lot.minutes, lot.minutes_squares) == (3, 210, 120**2 + 60**2 + 30**2)
    down, up = lot.sums["down"], lot.sums["up"]
    assert (down["n"], down["some"], down["total"], down["squares"]) == (3, 1, 10_000, 10_000**2)
    assert (down["timed"], down["minutes"], down["product"]) == (2, 180, 1_200_000)
    assert (up["n"], up["total"]) == (3, 3_000)
    assert (whole.reviewed, whole.sums["down"]["total"]) == (4, 20_000)
    assert found.arms["tip"].reviewed == 1
    assert (found.lists, found.until) == (1, None)
    assert not {"claimed", "recovered", "paid_out"} & set(lot.sums), "nobody delivered these: absent, never 0"


def test_bookings_count_with_their_review_in_their_latest_version(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"), outcome("D2"), outcome("D3", effect="none"))
    first = (f"D1;{DAY};F1;claimed;2026-06-01;60000;", f"D1;{DAY};F2;recovered;2026-07-01;5000;")
    deliver(settings, "bookings-1", BOOKINGS, *first, f"D2;{DAY};F3;claimed;2026-06-01;90000;", received="2026-08-01")
    lot = earlier(settings).arms["random"]
    assert (lot.sums["claimed"]["total"], lot.sums["claimed"]["n"], lot.sums["claimed"]["some"]) == (150_000, 3, 2)
    assert lot.sums["recovered"]["total"] == 5_000
    assert "paid_out" not in lot.sums, "a kind that never came is not delivered"
    again = (f"D1;{DAY};F1;claimed;2026-06-01;40000;", f"D2;{DAY};F3;claimed;2026-06-01;90000;yes")
    deliver(settings, "bookings-2", BOOKINGS, *again, received="2026-09-01")
    found = earlier(settings)
    assert found.arms["random"].sums["claimed"]["total"] == 40_000
    assert found.until == dt.date(2026, 9, 1)


def test_a_review_approved_after_the_last_bookings_is_missing_and_not_zero(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"), outcome("D2", approved="2026-09-20"))
    deliver(settings, "bookings", BOOKINGS, f"D1;{DAY};F1;claimed;2026-06-01;60000;", received="2026-08-01")
    lot = earlier(settings).arms["random"]
    assert (lot.sums["down"]["n"], lot.sums["claimed"]["n"], lot.sums["claimed"]["total"]) == (2, 1, 60_000)


def test_what_an_objection_overturned_brings_nothing(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"), received="2026-06-01")
    deliver(settings, "outcomes-2", OUTCOMES, outcome("D1", overturned="yes"), received="2026-09-01")
    lot = earlier(settings).arms["random"]
    assert (lot.reviewed, lot.changed, lot.sums["down"]["total"]) == (1, 0, 0)


def test_a_booking_without_a_review_is_told(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"))
    deliver(settings, "bookings", BOOKINGS, f"D9;{DAY};F1;claimed;2026-06-01;60000;")
    assert settle(settings, unseen) == {"lists": 1, "reviews": 1, "without_review": 1}


def test_a_review_of_a_list_of_this_service_counts_in_every_arm_it_was_drawn_for(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"), outcome("D2"), outcome("D3"))
    with writing(engine_of(settings.database)) as session:
        a_run(session, "run", AS_OF)
        session.add(
            Draw(
                id="draw", run_id="run", municipality=HEERLEN, as_of=dt.date.fromisoformat(DAY), policy_version=0,
                eligible=3, eligible_sha256="0" * 64, seed_commitment="0" * 64, counts={},
                composed_at=dt.datetime(2026, 3, 1),  # noqa: DTZ001 - as stored, UTC
            )
        )  # fmt: skip
        session.flush()
        cases = _cases(settings)
        for case, arms in zip(cases, ("random,risk", "random,signal", "risk"), strict=True):
            session.add(Inclusion(draw_id="draw", case_id=case, probability=1.0, arms=arms, place=1))
    settle(settings, unseen)
    with reading(engine_of(settings.database)) as session:
        own, before = (kept(session, MANAGER, own=which) for which in (True, False))
    counts = {name: one.reviewed for name, one in own.arms.items()}
    assert counts == {"random": 2, "risk": 2, "signal": 1, "random_without_signal": 1, "all": 3}
    assert before.arms == {}


def _cases(settings: Settings) -> list[int]:
    import duckdb

    from pipelines.lake import Lake

    paths = [str(path) for path in Lake(settings).parts()["outcomes"]]
    return [row[0] for row in duckdb.execute("SELECT case_id FROM read_parquet(?) ORDER BY 1", [paths]).fetchall()]


def test_r17_sums_are_of_ones_own_municipality_and_hold_no_case(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"))
    assert earlier(settings).arms
    with reading(engine_of(settings.database)) as session:
        assert kept(session, ELSEWHERE, own=False).arms == {}
        with pytest.raises(ForbiddenError):
            kept(session, Viewer("administrator", HEERLEN, Role.ADMINISTRATOR), own=False)
        assert {one.municipality for one in session.scalars(select(ListMoney))} == {HEERLEN}
    assert not {"case_id", "person_id"} & set(ListMoney.__table__.columns.keys())


def test_the_same_lake_is_summed_once(settings: Settings) -> None:
    deliver(settings, "outcomes", OUTCOMES, outcome("D1"))
    first = earlier(settings)
    assert earlier(settings) == first
