"""A small province to test the service with: one builder per noun."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from enforcement import audits
from enforcement.access import Role, Viewer
from enforcement.database import engine_of, writing
from enforcement.draws import commit_secret, record
from enforcement.exemptions import CaseFacts
from enforcement.findings import Cause, Effect, Findings
from enforcement.policy import Policy
from enforcement.selection import Candidate, Composition, compose
from enforcement.tables import Draw, Network, Run, Score
from enforcement.users import seed_demo_users
from tests.databases import database_url

AS_OF = dt.date(2026, 11, 1)
NOW = dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)
SECRET = b"a secret of one year, 32 bytes.."
HEERLEN, MAASTRICHT = "0917", "0935"

OFFICER = Viewer("officer.heerlen", HEERLEN, Role.OFFICER)
SECOND = Viewer("second.heerlen", HEERLEN, Role.SENIOR_OFFICER)
COMPLIANCE = Viewer("compliance.heerlen", HEERLEN, Role.COMPLIANCE_REVIEWER)
MANAGER = Viewer("manager.heerlen", HEERLEN, Role.MANAGER)
SCIENTIST = Viewer("scientist.heerlen", HEERLEN, Role.DATA_SCIENTIST)
ELSEWHERE = Viewer("officer.maastricht", MAASTRICHT, Role.OFFICER)

REASONING = "De loonstroken van maart tonen een tweede werkgever die niet op het formulier stond."


def policy(**chosen: Any) -> Policy:
    return Policy(**({"yearly_capacity": 480} | chosen))


def candidates(n: int, signals: int = 0, clusters: int = 0, first: int = 1) -> list[Candidate]:
    """n cases; place = order of id; every so many has a signal, so that there are `signals` of them."""
    return [
        Candidate(
            case_id=first + i,
            place=i + 1,
            signal=dt.date(2026, 10, 1) - dt.timedelta(days=i) if i < signals else None,
            cluster=f"c{i % clusters}" if clusters else None,
        )
        for i in range(n)
    ]


def facts(**chosen: Any) -> CaseFacts:
    """A case to which no exemption applies."""
    plain = {"case_id": 1, "as_of": AS_OF, "bands": frozenset({"27-63"}), "benefit_since": dt.date(2020, 1, 1)}
    return CaseFacts(**(plain | chosen))


def findings(**chosen: Any) -> Findings:
    plain = {"cause": Cause.CLIENT_LATE_OR_MISTAKEN, "effect": Effect.DOWN, "amount_cents": 12_345}
    return Findings(**(plain | {"reasoning": REASONING} | chosen))


def fact(topic: str) -> dict[str, Any]:
    return {"topic": topic, "nl": f"{topic} nl", "en": f"{topic} en", "source": "BRP", "source_date": "2026-10-01"}


def reason(direction: str = "up") -> dict[str, Any]:
    return fact("income") | {"direction": direction, "size": "large", "share": 0.9, "contribution": 1.25}


def service(folder: Path) -> Engine:
    """An empty service with the demo users."""
    engine = engine_of(database_url(folder / "service.db"))
    with writing(engine) as session:
        seed_demo_users(session)
    return engine


def scored(
    session: Session, cases: list[Candidate], municipality: str = HEERLEN, run_id: str = "run", as_of: dt.date = AS_OF
) -> None:
    """A run with a score and relations for every case. The secret of the year is committed first."""
    commit_secret(session, municipality, as_of.year, SECRET, NOW - dt.timedelta(hours=2))
    a_run(session, run_id, as_of)
    scores = [
        {
            "run_id": run_id,
            "case_id": one.case_id,
            "municipality": municipality,
            "margin": -float(one.place),
            "place": one.place,
            "place_low": max(1, one.place - 5),
            "place_high": one.place + 5,
            "reasons": [reason("down"), reason("up")],
            "facts": [fact("household"), fact("benefit")],
            "remainder": 0.0,
            "base": 0.0,
            "quality": {"old_sources": ["UWV"]},
        }
        for one in cases
    ]
    session.execute(insert(Score), scores)
    graphs = [{"run_id": run_id, "case_id": one.case_id, "graph": {"nodes": [], "edges": []}} for one in cases]
    session.execute(insert(Network), graphs)


def drawn(
    session: Session, cases: list[Candidate], municipality: str = HEERLEN, chosen: Policy | None = None
) -> tuple[Composition, Draw]:
    """Scores the cases and keeps a list of them."""
    run_id = f"run-{municipality}"
    scored(session, cases, municipality, run_id)
    chosen = chosen or policy()
    composition = compose(cases, chosen, municipality, AS_OF, SECRET)
    base_rate = {"changed": 16, "reviewed": 100}
    return composition, record(session, composition, run_id, chosen, 1, NOW, base_rate=base_rate)


def a_run(session: Session, run_id: str, as_of: dt.date = AS_OF, sha256: str = "0" * 64) -> None:
    """A run, unless it is there. sha256: of its model."""
    if session.get(Run, run_id) is None:
        session.add(
            Run(
                id=run_id,
                as_of=as_of,
                model_name="scorecard",
                model_version="1",
                model_sha256=sha256,
                matrix_sha256="1" * 64,
                data_until=as_of,
                demo=True,
                scored_at=(NOW - dt.timedelta(hours=1)).replace(tzinfo=None),
                sources={},
            )
        )
        session.flush()


SHA = "a" * 64
"""of the model whose lists are audited"""


def audited(
    session: Session,
    viewer: Viewer,
    status: str = "pass",
    version: str = "3",
    at: dt.datetime = NOW,
    sha256: str = SHA,
    dpia: str = "DPIA-1",
) -> str:
    """A fairness audit of the viewer's municipality, as it is kept; gives its id."""
    a_run(session, f"run-{sha256[:4]}", sha256=sha256)
    return audits.keep(session, viewer, f"run-{sha256[:4]}", version, status, {"dpia": dpia}, at)
