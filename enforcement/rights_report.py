"""What the service itself holds about a client: scores, lists, reviews, and who looked when, in which role and why.

Never the name of who looked (CJEU C-579/21). What an investigation found is left out while a restriction holds; the
report then says so with its end (UAVG 41, GDPR 15 and 23).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from enforcement import blind
from enforcement.cases import STATE_WORDS, State
from enforcement.clock import shown
from enforcement.contest import what_is_said
from enforcement.holds import held_cases, restriction_on
from enforcement.keys import Keys
from enforcement.tables import (
    Case,
    CaseNote,
    Contest,
    Draw,
    Event,
    Evidence,
    Finding,
    Inclusion,
    Rescoring,
    ReviewStep,
    Run,
    Score,
    ServiceItem,
    ServiceRound,
    Tip,
)
from enforcement.tenants import within

REASON_FIELDS = ("topic", "nl", "en", "could_nl", "could_en", "direction", "size", "source", "source_date")


def told(session: Session, municipality: str, cases: Sequence[int], now: dt.datetime, keys: Keys) -> dict[str, Any]:
    """{"scores", "lists", "reviews", "service_list", "contests", "holds", "readers", "withheld"}: one municipality's
    rows about these cases of the lake, as plain JSON; all empty for a client who was never scored. `keys` open what the
    client said in a contest; whoever asks logs the purpose first."""
    listed = session.execute(
        select(Case, Draw.as_of)
        .join(Draw, Draw.id == Case.draw_id)
        .where(within(Case, municipality), Case.id.in_(cases))
        .order_by(Draw.as_of, Case.number)
    ).all()
    withheld = []
    for case in cases:
        if (held := restriction_on(session, municipality, case, now.date())) is not None:
            withheld.append({"case": case, "what": "reviews", "law": "UAVG 41", "until": held.until.isoformat()})
    open_to_tell = [case for case in cases if case not in {one["case"] for one in withheld}]
    return {
        "scores": _scores(session, municipality, cases),
        "lists": [_listed(session, case, as_of) for case, as_of in listed],
        "reviews": _reviews(session, municipality, open_to_tell),
        "service_list": _service(session, municipality, cases),
        "contests": _contests(session, municipality, cases, keys),
        "holds": _holds(session, municipality, cases, now),
        "readers": readers(
            session, municipality, [*(case.number for case, _ in listed), *_served(session, municipality, cases)]
        ),
        "withheld": [{name: value for name, value in one.items() if name != "case"} for one in withheld],
    }


def readers(session: Session, municipality: str, numbers: Sequence[str]) -> list[dict[str, str]]:
    """Every entry of the log about these numbers of cases and of items of the service list, oldest first: {"at",
    "role", "purpose", "action"}."""
    if not numbers:
        return []
    named = [Event.body.contains(f'"{number}"', autoescape=True) for number in numbers]
    found = session.scalars(
        select(Event.body)
        .where(within(Event, municipality))
        .where(
            or_(Event.object.in_([f"{kind}:{number}" for kind in ("case", "service") for number in numbers]), *named)
        )
        .order_by(Event.number)
    )
    return [{name: json.loads(body)[name] for name in ("at", "role", "purpose", "action")} for body in found]


def _scores(session: Session, municipality: str, cases: Sequence[int]) -> list[dict[str, Any]]:
    found = session.execute(
        select(Score, Run)
        .join(Run, Run.id == Score.run_id)
        .where(within(Score, municipality), Score.case_id.in_(cases))
        .order_by(Run.as_of, Run.id)
    ).all()
    return [
        {
            "as_of": run.as_of.isoformat(),
            "scored_at": _moment(run.scored_at),
            "data_until": run.data_until.isoformat(),
            "model": f"{run.model_name} {run.model_version}",
            "place": score.place,
            "place_between": [score.place_low, score.place_high],
            "of": session.scalar(
                select(func.count()).select_from(Score).where(within(Score, municipality), Score.run_id == run.id)
            ),
            "reasons": [{name: one.get(name, "") for name in REASON_FIELDS} for one in score.reasons],
            "facts": score.facts,
            "corrections": score.corrections,
        }
        for score, run in found
    ]


def _listed(session: Session, case: Case, as_of: dt.date) -> dict[str, Any]:
    arms = session.scalar(select(Inclusion.arms).where(Inclusion.draw_id == case.draw_id, Inclusion.case_id == case.id))
    state = State(case.state)
    return {
        "number": case.number,
        "as_of": as_of.isoformat(),
        "due": case.due.isoformat(),
        "state": STATE_WORDS[state][1],
        "state_nl": STATE_WORDS[state][0],
        "chosen_by": (arms or "").split(",") if blind.done(case.state) else None,
    }


def _reviews(session: Session, municipality: str, cases: Sequence[int]) -> dict[str, Any]:
    def mine(table: Any, order: Any) -> Any:
        return session.scalars(
            select(table).where(within(table, municipality), table.case_id.in_(cases)).order_by(order)
        )

    return {
        "findings": [
            {
                "saved_at": _moment(one.saved_at),
                "state": one.state,
                "cause": one.cause,
                "effect": one.effect,
                "amount_cents": one.amount_cents,
                "reasoning": one.reasoning,
                "approved_at": _moment(one.approved_at),
                "overturned_at": _moment(one.overturned_at),
            }
            for one in mine(Finding, Finding.saved_at)
        ],
        **_attached(session, municipality, cases, "case"),
        "steps": [
            {"at": _moment(one.at), "means": one.means, "ground": one.ground, "consent": one.consent}
            for one in mine(ReviewStep, ReviewStep.id)
        ],
        "tips": [
            {
                "received": one.received.isoformat(),
                "topic": one.topic,
                "source": one.source,
                "text": "given after it is judged what it tells about somebody else (GDPR 15(4))",
            }
            for one in mine(Tip, Tip.received)
        ],
    }


def _served(session: Session, municipality: str, cases: Sequence[int]) -> list[str]:
    """Numbers of the items of the service list about these cases."""
    query = select(ServiceItem.number).where(within(ServiceItem, municipality), ServiceItem.case_id.in_(cases))
    return list(session.scalars(query.order_by(ServiceItem.number)))


def _service(session: Session, municipality: str, cases: Sequence[int]) -> list[dict[str, Any]]:
    found = session.scalars(
        select(ServiceItem)
        .where(within(ServiceItem, municipality), ServiceItem.case_id.in_(cases))
        .order_by(ServiceItem.as_of)
    ).all()
    rounds = session.scalars(
        select(ServiceRound)
        .where(within(ServiceRound, municipality), ServiceRound.case_id.in_(cases))
        .order_by(ServiceRound.noted_at)
    ).all()
    return [
        {
            "number": one.number,
            "as_of": one.as_of.isoformat(),
            "kind": one.kind,
            "reasons": one.reasons,
            "state": one.state,
            "outcome": one.outcome,
            "done": one.done,
            "amount_cents": one.amount_cents,
            "reasoning": one.reasoning,
            "noted_at": _moment(one.noted_at),
            "approved_at": _moment(one.approved_at),
            "sent_back": [
                {
                    "noted_at": _moment(each.noted_at),
                    "outcome": each.outcome,
                    "done": each.done,
                    "amount_cents": each.amount_cents,
                    "reasoning": each.reasoning,
                    "remark": each.approver_note,
                }
                for each in rounds
                if (each.case_id, each.as_of) == (one.case_id, one.as_of)
            ],
            **_attached(session, municipality, [one.case_id], f"service:{one.number}"),
        }
        for one in found
    ]


def _attached(session: Session, municipality: str, cases: Sequence[int], about: str) -> dict[str, Any]:
    """{"notes", "documents"} with what begins with `about`, as the log names it."""

    def those(table: Any) -> Any:
        mine = (within(table, municipality), table.case_id.in_(cases), table.about.startswith(about, autoescape=True))
        return session.scalars(select(table).where(*mine).order_by(table.at))

    return {
        "notes": [{"at": _moment(one.at), "text": one.text} for one in those(CaseNote)],
        "documents": [{"at": _moment(one.at), "name": one.name, "sha256": one.sha256} for one in those(Evidence)],
    }


def _holds(session: Session, municipality: str, cases: Sequence[int], now: dt.datetime) -> list[dict[str, Any]]:
    """That data are kept for a legal hold, and since when; the reason may be about somebody else (GDPR 15(4))."""
    held = held_cases(session, municipality, now)
    return [{"since": held[case].since.isoformat(), "law": "GDPR 17(3)(e)"} for case in sorted(cases) if case in held]


def _contests(session: Session, municipality: str, cases: Sequence[int], keys: Keys) -> list[dict[str, Any]]:
    found = session.scalars(
        select(Contest).where(within(Contest, municipality), Contest.case_id.in_(cases)).order_by(Contest.opened_at)
    )
    return [
        {
            "opened_at": _moment(one.opened_at),
            "topics": one.topics,
            "text": what_is_said(keys, one),
            "outcome": one.outcome,
            "settled_at": _moment(one.settled_at),
            "scored_again": [
                {"at": _moment(again.at), "why": again.why, "place": again.place, "reasons": again.reasons}
                for again in session.scalars(
                    select(Rescoring).where(Rescoring.contest_id == one.id).order_by(Rescoring.at)
                )
            ],
        }
        for one in found
    ]


def _moment(moment: dt.datetime | None) -> str | None:
    return shown(moment).isoformat(timespec="seconds") if moment else None
