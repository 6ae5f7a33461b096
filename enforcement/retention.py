"""What is deleted when: people who were not selected by the policy's months, reviewed cases by the archive's years.

Archiefwet 3 and GDPR 5(1)(e) (R21). A legal hold or an open contest keeps a case. What remains of a draw is a random
number and a chance per case that took part, so that the lot can still be checked (R5); the log is never touched (R28).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from enforcement.contest import open_contests
from enforcement.exemptions import months_before
from enforcement.holds import held_cases, restriction_on
from enforcement.policy import in_force
from enforcement.tables import (
    Case,
    CaseNote,
    Contest,
    Delivery,
    Draw,
    Evidence,
    Finding,
    Hold,
    Inclusion,
    Network,
    Quarantine,
    Rescoring,
    Restriction,
    ReviewStep,
    Run,
    Score,
    ServiceItem,
    ServiceRound,
    Tip,
)
from enforcement.tenants import within

ARCHIVE_YEARS = 10
"""after the review; a municipality's own selection list (Archiefwet 5) may say another number"""
ENDED = ("closed", "withdrawn")


class Kept(StrEnum):
    """Why a person cannot be erased yet (GDPR 17(3))."""

    ARCHIVE = "archive"
    BENEFIT = "benefit"
    HOLD = "hold"
    RESTRICTION = "restriction"
    CONTEST = "contest"
    ELSEWHERE = "elsewhere"
    """another municipality has data of this person too"""


@dataclass(frozen=True)
class Rule:
    """Why something is deleted now; it stands in the manifest and in the log."""

    name: str
    before: dt.date
    """what is older than this goes"""

    def __str__(self) -> str:
        return f"{self.name}, before {self.before.isoformat()}"


def unselected_rule(session: Session, municipality: str, today: dt.date) -> Rule:
    """The municipality's rule for people who were not selected."""
    months = in_force(session, municipality)[1].retention_months
    return Rule(f"R21: not selected, {months} months", months_before(today, months))


def kept_cases(session: Session, municipality: str, now: dt.datetime) -> frozenset[int]:
    """Case ids that stay whatever their age: on a list that the archive keeps, held, or disputed."""
    listed = frozenset(session.scalars(select(Case.id).where(within(Case, municipality))))
    return listed | waiting_cases(session, municipality, now)


def waiting_cases(session: Session, municipality: str, now: dt.datetime) -> frozenset[int]:
    """Case ids of which nothing may be deleted, whatever its term: held, or disputed."""
    return frozenset(held_cases(session, municipality, now).keys() | open_contests(session, municipality))


def forget_unselected(session: Session, municipality: str, rule: Rule, keep: frozenset[int]) -> dict[str, int]:
    """Deletes scores, reasons and relations of old runs, places in old draws, items of the service list that nobody
    looked into and tips that no list took up, of everyone but `keep`.

    {"scores", "networks", "places", "service_items", "tips"}: rows.
    """
    runs = session.scalars(select(Run.id).where(Run.as_of < rule.before)).all()
    draws = session.scalars(select(Draw.id).where(within(Draw, municipality), Draw.as_of < rule.before)).all()
    gone = {"scores": 0, "networks": 0, "places": 0, "service_items": 0, "tips": 0}
    for run in runs:
        mine = select(Score.case_id).where(within(Score, municipality), Score.run_id == run)
        cases = [case for case in session.scalars(mine) if case not in keep]
        for some in _chunks(cases):
            gone["networks"] += _rows(session, delete(Network).where(Network.run_id == run, Network.case_id.in_(some)))
            gone["scores"] += _rows(
                session,
                delete(Score).where(within(Score, municipality), Score.run_id == run, Score.case_id.in_(some)),
            )
    for draw in draws:
        ranked = select(Inclusion.case_id).where(Inclusion.draw_id == draw, Inclusion.place.is_not(None))
        cases = [case for case in session.scalars(ranked) if case not in keep]
        for some in _chunks(cases):
            gone["places"] += _rows(
                session,
                update(Inclusion).where(Inclusion.draw_id == draw, Inclusion.case_id.in_(some)).values(place=None),
            )
    served = select(ServiceItem.case_id, ServiceItem.as_of).where(
        within(ServiceItem, municipality), ServiceItem.as_of < rule.before, ServiceItem.outcome.is_(None)
    )
    items = [(case, day) for case, day in session.execute(served) if case not in keep]
    for case, day in items:
        forget_item(session, municipality, case, day)
    gone["service_items"] = len(items)
    untaken = (within(Tip, municipality), Tip.placed_in.is_(None), Tip.received < rule.before)
    tips = [tip for tip, case in session.execute(select(Tip.id, Tip.case_id).where(*untaken)) if case not in keep]
    gone["tips"] = _rows(session, delete(Tip).where(within(Tip, municipality), Tip.id.in_(tips)))
    return gone


def forget_withheld_of(session: Session, municipality: str, rule: Rule) -> int:
    """Empties records that were withheld from the lake and delivered before the rule's day; their place and the reason
    stay. Gives how many."""
    old = select(Delivery.id).where(
        within(Delivery, municipality), Delivery.published_at < dt.datetime.combine(rule.before, dt.time())
    )
    return _rows(
        session,
        update(Quarantine).where(Quarantine.delivery_id.in_(old), Quarantine.sealed.is_not(None)).values(sealed=None),
    )


def forget_archived(session: Session, municipality: str, years: int, now: dt.datetime) -> dict[str, int]:
    """Deletes reviewed cases whose archive term ended, with all that was written about them, and what else ended as
    long ago: {"cases", "served", "waits"}: cases, items of the service list, holds and restrictions.

    The term begins when the last findings were approved, or else when the case was due.
    """
    before = months_before(now.date(), 12 * years)
    held = waiting_cases(session, municipality, now)
    newest = (
        select(func.max(Finding.approved_at))
        .where(Finding.draw_id == Case.draw_id, Finding.case_id == Case.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Case.draw_id, Case.id, Case.due, newest.label("approved")).where(
            within(Case, municipality), Case.state.in_(ENDED)
        )
    ).all()
    gone = 0
    for draw, case, due, approved in rows:
        if case not in held and (approved.date() if approved else due) < before:
            forget_case(session, municipality, draw, case)
            gone += 1
    ended = dt.datetime.combine(before, dt.time())
    served = select(ServiceItem.case_id, ServiceItem.as_of).where(
        within(ServiceItem, municipality), ServiceItem.noted_at < ended
    )
    items = [(case, day) for case, day in session.execute(served) if case not in held]
    for case, day in items:
        forget_item(session, municipality, case, day)
    waits = _rows(session, delete(Hold).where(within(Hold, municipality), Hold.lifted_at < ended))
    waits += _rows(session, delete(Restriction).where(within(Restriction, municipality), Restriction.until < before))
    return {"cases": gone, "served": len(items), "waits": waits}


def forget_case(session: Session, municipality: str, draw: str, case: int) -> None:
    """Deletes a case of one list and everything written about it; its chance in the draw stays, without a place.

    What the client contested on another list stays: an objection that was upheld keeps them off later lists (GDPR 21).
    """
    run = session.scalar(select(Draw.run_id).where(within(Draw, municipality), Draw.id == draw))
    number = session.scalar(
        select(Case.number).where(within(Case, municipality), Case.draw_id == draw, Case.id == case)
    )
    for table in (CaseNote, Evidence):
        session.execute(delete(table).where(within(table, municipality), table.about == f"case:{number}"))
    for written in (Finding, ReviewStep):
        session.execute(
            delete(written).where(within(written, municipality), written.draw_id == draw, written.case_id == case)
        )
    session.execute(delete(Tip).where(within(Tip, municipality), Tip.case_id == case, Tip.placed_in == draw))
    contested = (within(Contest, municipality), Contest.case_id == case, Contest.number == number)
    session.execute(delete(Rescoring).where(Rescoring.contest_id.in_(select(Contest.id).where(*contested))))
    session.execute(delete(Contest).where(*contested))
    session.execute(delete(Network).where(Network.run_id == run, Network.case_id == case))
    session.execute(delete(Score).where(within(Score, municipality), Score.run_id == run, Score.case_id == case))
    session.execute(delete(Case).where(within(Case, municipality), Case.draw_id == draw, Case.id == case))
    session.execute(update(Inclusion).where(Inclusion.draw_id == draw, Inclusion.case_id == case).values(place=None))


def forget_item(session: Session, municipality: str, case: int, as_of: dt.date) -> None:
    """Deletes an item of one service list and everything written about it."""
    item = (within(ServiceItem, municipality), ServiceItem.case_id == case, ServiceItem.as_of == as_of)
    number = session.scalar(select(ServiceItem.number).where(*item))
    for table in (CaseNote, Evidence):
        session.execute(delete(table).where(within(table, municipality), table.about == f"service:{number}"))
    rounds = delete(ServiceRound).where(within(ServiceRound, municipality), ServiceRound.case_id == case)
    session.execute(rounds.where(ServiceRound.as_of == as_of))
    session.execute(delete(ServiceItem).where(*item))


def overdue(
    session: Session, municipality: str, rule: Rule, keep: frozenset[int], years: int, now: dt.datetime
) -> dict[str, int]:
    """Table -> rows that should be gone by their rule and are not: the proof is that there are none."""
    archive = months_before(now.date(), 12 * years)
    ended = dt.datetime.combine(archive, dt.time())
    held = waiting_cases(session, municipality, now)

    def left(query: Any, stays: Any) -> int:
        return sum(case not in stays for case in session.scalars(query))

    old_scores = (
        select(Score.case_id)
        .join(Run, Run.id == Score.run_id)
        .where(within(Score, municipality), Run.as_of < rule.before)
    )
    ranked = (
        select(Inclusion.case_id)
        .join(Draw, Draw.id == Inclusion.draw_id)
        .where(within(Draw, municipality), Draw.as_of < rule.before, Inclusion.place.is_not(None))
    )
    networks = (
        select(Network.case_id)
        .join(Score, (Score.run_id == Network.run_id) & (Score.case_id == Network.case_id))
        .join(Run, Run.id == Network.run_id)
        .where(within(Score, municipality), Run.as_of < rule.before)
    )
    untaken = select(Tip.case_id).where(within(Tip, municipality), Tip.placed_in.is_(None), Tip.received < rule.before)
    unserved = select(ServiceItem.case_id).where(
        within(ServiceItem, municipality), ServiceItem.as_of < rule.before, ServiceItem.outcome.is_(None)
    )
    served = select(ServiceItem.case_id).where(within(ServiceItem, municipality), ServiceItem.noted_at < ended)
    withheld = (
        select(func.count())
        .select_from(Quarantine)
        .join(Delivery, Delivery.id == Quarantine.delivery_id)
        .where(within(Delivery, municipality), Quarantine.sealed.is_not(None))
        .where(Delivery.published_at < dt.datetime.combine(rule.before, dt.time()))
    )
    reviewed = [
        (draw, case)
        for draw, case in session.execute(
            select(Case.draw_id, Case.id).where(within(Case, municipality), Case.state.in_(ENDED), Case.due < archive)
        )
        if case not in held
    ]
    late = {
        case
        for draw, case in reviewed
        if not session.scalar(
            select(func.count())
            .select_from(Finding)
            .where(within(Finding, municipality), Finding.draw_id == draw, Finding.case_id == case)
            .where(Finding.approved_at >= ended)
        )
    }
    of_late = {
        table.__tablename__: session.scalar(
            select(func.count()).select_from(table).where(within(table, municipality), table.case_id.in_(late))
        )
        or 0
        for table in (Finding, ReviewStep, Contest, Rescoring)
        if late
    }
    items = select(ServiceItem.number, ServiceItem.case_id).where(within(ServiceItem, municipality))
    old_items = session.execute(items.where(ServiceItem.noted_at < ended))
    gone_items = {f"service:{number}" for number, case in old_items if case not in held}
    numbers = select(Case.number).where(within(Case, municipality), Case.id.in_(late))
    about = gone_items | {f"case:{number}" for number in session.scalars(numbers)}
    for table in (CaseNote, Evidence):
        of_late[table.__tablename__] = sum(
            one in about for one in session.scalars(select(table.about).where(within(table, municipality)))
        )
    rounds = (
        select(ServiceRound.case_id)
        .join(ServiceItem, (ServiceItem.case_id == ServiceRound.case_id) & (ServiceItem.as_of == ServiceRound.as_of))
        .where(within(ServiceRound, municipality), ServiceItem.noted_at < ended)
    )
    return {
        **of_late,
        "service_round": left(rounds, held),
        "score": left(old_scores, keep),
        "network": left(networks, keep),
        "inclusion": left(ranked, keep),
        "tip": left(untaken, keep),
        "service_item": left(unserved, keep) + left(served, held),
        "quarantine": session.scalar(withheld) or 0,
        "case": len(late),
        "hold": session.scalar(
            select(func.count()).select_from(Hold).where(within(Hold, municipality), Hold.lifted_at < ended)
        )
        or 0,
        "restriction": session.scalar(
            select(func.count())
            .select_from(Restriction)
            .where(within(Restriction, municipality), Restriction.until < archive)
        )
        or 0,
    }


def wiped(session: Session) -> None:
    """From here on in this transaction SQLite overwrites what it deletes."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def duties(
    session: Session, municipality: str, cases: Mapping[int, Any], years: int, now: dt.datetime
) -> tuple[tuple[Kept, str], ...]:
    """Why these cases may not be erased yet, in words too; empty when they may (GDPR 17(3)(b) and (e))."""
    before = months_before(now.date(), 12 * years)
    found: list[tuple[Kept, str]] = []
    listed = session.execute(
        select(Case.number, Case.due, func.max(Finding.approved_at))
        .outerjoin(Finding, (Finding.draw_id == Case.draw_id) & (Finding.case_id == Case.id))
        .where(within(Case, municipality), Case.id.in_(cases))
        .group_by(Case.number, Case.due)
        .order_by(Case.number)
    ).all()
    for number, due, approved in listed:
        began = approved.date() if approved else due
        if began >= before:
            said = f"review {number} is kept {years} years from {began.isoformat()} (Archiefwet 3)"
            found.append((Kept.ARCHIVE, said))
    held = held_cases(session, municipality, now)
    found += [(Kept.HOLD, f"legal hold {held[case].id}: {held[case].reason}") for case in sorted(cases) if case in held]
    for case in sorted(cases):
        if (told_later := restriction_on(session, municipality, case, now.date())) is not None:
            said = f"an investigation runs; restriction {told_later.id} holds until {told_later.until.isoformat()}"
            found.append((Kept.RESTRICTION, said))
    if set(cases) & open_contests(session, municipality):
        found.append((Kept.CONTEST, "a contest is open; settle it first"))
    return tuple(found)


def _rows(session: Session, statement: Any) -> int:
    return int(session.execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _chunks(cases: list[int], size: int = 500) -> list[list[int]]:
    return [cases[at : at + size] for at in range(0, len(cases), size)]
