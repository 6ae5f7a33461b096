"""A made-up service for the web tests: two municipalities with scores, reasons, relations, lists and demo users."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from api.app import create_app
from enforcement.database import engine_of, reading, take_stock, writing
from enforcement.draws import commit_secret, record
from enforcement.policy import Policy
from enforcement.selection import Candidate, compose
from enforcement.settings import Settings
from enforcement.tables import Case, Network, Run, Score
from enforcement.users import seed_demo_users
from tests.databases import database_url

AS_OF = dt.date(2026, 11, 1)
NOW = dt.datetime.now(dt.UTC)
SECRET = b"a secret of one year, 32 bytes.."
HEERLEN, MAASTRICHT = "0917", "0935"
ORIGIN = "https://weegschaal.test"
REASONING = "De loonstroken van maart tonen een tweede werkgever die niet op het formulier stond."

SENTENCES = (
    (
        "income",
        "De inkomstenopgave van september wijkt € 412 af van de loonaangifte over dezelfde maand.",
        "The income statement of September differs by € 412 from the wage return for the same month.",
        "Nabetaling, vakantiegeld of een late correctie door de werkgever.",
        "Back pay, holiday allowance or a late correction by the employer.",
        "uwv-income",
    ),
    (
        "residence",
        "Op het adres staan 4 huishoudens ingeschreven.",
        "4 households are registered at the address.",
        "Kamerverhuur of een briefadres via de gemeente.",
        "Rented rooms or a correspondence address through the municipality.",
        "brp",
    ),
    (
        "companies",
        "Een eenmanszaak op hetzelfde adres is op 3 mei 2026 ingeschreven.",
        "A sole proprietorship at the same address was registered on 3 May 2026.",
        "De onderneming kan van een medebewoner zijn.",
        "The company may belong to a housemate.",
        "kvk",
    ),
    (
        "history",
        "Bij het heronderzoek van maart 2024 zijn geen bijzonderheden vastgesteld.",
        "The review of March 2024 found nothing irregular.",
        "",
        "",
        "outcomes",
    ),
)


def reason(which: int, share: float) -> dict[str, Any]:
    topic, nl, en, could_nl, could_en, source = SENTENCES[which]
    size = "large" if abs(share) > 0.66 else "medium" if abs(share) > 0.33 else "small"
    return {
        "topic": topic,
        "features": [f"feature_{which}"],
        "nl": nl,
        "en": en,
        "could_nl": could_nl,
        "could_en": could_en,
        "direction": "up" if share > 0 else "down",
        "size": size,
        "share": share,
        "contribution": share * 1.3,
        "source": source,
        "source_date": "2026-10-14",
        "comparison_nl": "",
        "comparison_en": "",
    }


def facts() -> list[dict[str, Any]]:
    return [
        {"topic": topic, "nl": nl, "en": en, "source": source, "source_date": "2026-10-14"}
        for topic, nl, en, _, _, source in SENTENCES
    ]


def node(id_: str, kind: str, nl: str, en: str, depth: int, **more: Any) -> dict[str, Any]:
    plain = {"hub": False, "hub_nl": None, "hub_en": None, "count": None, "person_id": None}
    return {"id": id_, "kind": kind, "nl": nl, "en": en, "depth": depth, **plain, **more}


def edge(start: str, end: str, kind: str, nl: str, en: str, source: str, since: str | None = None) -> dict[str, Any]:
    return {
        "from": start, "to": end, "kind": kind, "nl": nl, "en": en, "source": source,
        "from_date": since, "until_date": None,
    }  # fmt: skip


def graph(person: int | None = None) -> dict[str, Any]:
    """A client with a housemate, an address that others share, an employer and an account."""
    at = ("staat ingeschreven op", "is registered at", "brp")
    return {
        "nodes": [
            node("n0", "person", "Klant", "Client", 0, person_id=str(person) if person else None),
            node("n1", "household", "Huishouden", "Household", 1, count=2),
            node("n2", "address", "Adres", "Address", 1),
            node("n3", "employer", "Werkgever", "Employer", 1),
            node("n4", "account", "Rekening", "Account", 1),
            node("n5", "address", "Vorig adres", "Previous address", 1),
            node("n6", "person", "Medebewoner", "Housemate", 2),
            node("n7", "household", "Ander huishouden", "Other household", 2, count=3),
            node("n8", "household", "Ander huishouden", "Other household", 2, count=1),
            node("n9", "company", "Eenmanszaak", "Sole proprietorship", 2),
            node(
                "n10",
                "employer",
                "Uitzendbureau",
                "Employment agency",
                2,
                hub=True,
                hub_nl="werkgever van meer dan 200 mensen",
                hub_en="employer of more than 200 people",
            ),
        ],
        "edges": [
            edge("n0", "n1", "member", "hoort bij", "belongs to", "brp", "2019-03-01"),
            edge("n0", "n2", "stay", *at, "2021-06-15"),
            edge("n0", "n3", "employer", "ontving loon van", "received wages from", "uwv-income", "2025-01-01"),
            edge("n0", "n4", "account", "ontvangt uitkering op", "receives benefit on", "gws", "2019-03-01"),
            edge("n0", "n5", "stay", "stond ingeschreven op", "was registered at", "brp", "2015-01-01"),
            edge("n6", "n1", "member", "hoort bij", "belongs to", "brp", "2022-02-01"),
            edge("n6", "n2", "stay", *at, "2022-02-01"),
            edge("n7", "n2", "stay", *at, "2020-01-01"),
            edge("n8", "n2", "stay", *at, "2023-08-01"),
            edge("n9", "n2", "director", "is gevestigd op", "has its seat at", "kvk", "2026-05-03"),
            edge("n6", "n10", "employer", "ontving loon van", "received wages from", "uwv-income", "2024-04-01"),
        ],
        "left_out": 0,
    }


def timeline() -> dict[str, Any]:
    """A benefit that runs, wages beside it for a while, and a move with a month at two addresses and one at none."""

    def row(
        lane: str, kind: str, number: int, start: str, end: str | None, source: str, cents: int | None = None
    ) -> Any:
        period = {"from": start, "until": end}
        return {
            "lane": lane,
            "kind": kind,
            "role": "client",
            "number": number,
            "cents": cents,
            "source": source,
        } | period

    return {
        "from": "2024-11-01",
        "until": "2026-10-31",
        "rows": [
            row("benefit", "benefit", 1, "2021-03-01", None, "Bijstandsregelingen"),
            row("income", "wages", 1, "2025-02-01", "2025-09-30", "UWV", 412_000),
            row("income", "wages", 2, "2026-06-01", "2026-08-31", "UWV", 98_000),
            row("residence", "home", 1, "2019-01-01", "2025-03-31", "BRP"),
            row("residence", "home", 2, "2025-03-01", "2026-04-30", "BRP"),
            row("residence", "home", 3, "2026-06-01", None, "BRP"),
        ],
    }


def settings(folder: Path, *, demo: bool = True, database: str = "") -> Settings:
    return Settings(
        home=folder,
        port=8080,
        database=database or database_url(folder / "weegschaal.db"),
        demo=demo,
        mlruns=folder / "mlruns",
    )


def fill(folder: Path, *, cases: int = 120, yearly_capacity: int = 360, database: str = "") -> Settings:
    """A database with a run, scores, relations and a list in each municipality: yearly_capacity / 12 cases in
    Heerlen, and twice as many in Maastricht, so that some numbers exist only there."""
    chosen = settings(folder, database=database)
    folder.mkdir(parents=True, exist_ok=True)
    with writing(engine_of(chosen.database)) as session:
        seed_demo_users(session)
        for code in (HEERLEN, MAASTRICHT):
            commit_secret(session, code, AS_OF.year, SECRET, NOW - dt.timedelta(hours=2))
        session.add(
            Run(
                id="run",
                as_of=AS_OF,
                model_name="scorecard",
                model_version="2026.11",
                model_sha256="0" * 64,
                matrix_sha256="1" * 64,
                data_until=dt.date(2026, 10, 31),
                demo=True,
                scored_at=(NOW - dt.timedelta(hours=1)).replace(tzinfo=None),
                sources={},
            )
        )
        session.flush()
        _town(session, HEERLEN, 1, cases, Policy(yearly_capacity=yearly_capacity))
        _town(session, MAASTRICHT, 1_000_001, cases, Policy(yearly_capacity=2 * yearly_capacity))
    with writing(engine_of(chosen.database)) as session:
        take_stock(session)
    return chosen


def _town(session: Session, code: str, first: int, cases: int, policy: Policy) -> None:
    dice = random.Random(code)
    ids = range(first, first + cases)
    spread = [dice.randint(2, 60) for _ in ids]
    session.execute(
        insert(Score),
        [
            {
                "run_id": "run",
                "case_id": id_,
                "municipality": code,
                "margin": -place / 10,
                "place": place,
                "place_low": max(1, place - spread[place - 1] // 2),
                "place_high": min(cases, place + spread[place - 1]),
                "reasons": [reason(place % 3, 1.0), reason((place + 1) % 3, 0.55), reason(3, -0.4)],
                "facts": facts(),
                "remainder": 0.3,
                "base": -1.5,
                "quality": {"old_sources": ["kvk"] if place % 7 == 0 else []},
            }
            for place, id_ in enumerate(ids, 1)
        ],
    )
    kept = [{"run_id": "run", "case_id": id_, "graph": graph(), "timeline": timeline()} for id_ in list(ids)[:5000]]
    session.execute(insert(Network), kept)
    candidates = [
        Candidate(id_, place, dt.date(2026, 10, 1) if place % 11 == 0 else None, None)
        for place, id_ in enumerate(ids, 1)
    ]
    composition = compose(candidates, policy, code, AS_OF, SECRET)
    record(session, composition, "run", policy, 1, NOW, base_rate={"changed": 31, "reviewed": 190})


def a_case(chosen: Settings, *, blind: bool, municipality: str = HEERLEN) -> str:
    """The number of an open case that is, or is not, a blind review (and is reviewed once)."""
    with reading(engine_of(chosen.database)) as session:
        query = select(Case.number).where(
            Case.municipality == municipality, Case.blind == blind, Case.double.is_(False), Case.state == "open"
        )
        return session.scalars(query.order_by(Case.position)).first() or _none()


def only_in_maastricht(chosen: Settings) -> str:
    """The number of an open, ordinary case that Heerlen has no case of."""
    with reading(engine_of(chosen.database)) as session:
        here = select(Case.number).where(Case.municipality == HEERLEN)
        query = select(Case.number).where(
            Case.municipality == MAASTRICHT, Case.blind.is_(False), ~Case.number.in_(here)
        )
        return session.scalars(query.order_by(Case.number)).first() or _none()


def _none() -> str:
    raise LookupError("the made-up list holds no such case")


class Browser(TestClient):
    """A client that keeps its cookies, names its origin and sends the session's token, as a page of ours does."""

    def become(self, user: str) -> Browser:
        answer = self.post("/api/v1/session", json={"user": user})
        assert answer.status_code == 200, answer.text
        self.headers["x-csrf-token"] = answer.json()["csrf"]
        return self


@contextmanager
def visitors(chosen: Settings, *users: str) -> Iterator[list[Browser]]:
    """One browser per user on one running service."""
    app = create_app(chosen)
    with TestClient(app, base_url=ORIGIN):
        yield [Browser(app, base_url=ORIGIN, headers={"origin": ORIGIN}).become(user) for user in users]
