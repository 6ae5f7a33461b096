"""A made-up service list for the web tests: six items in Heerlen, twelve in Maastricht."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from enforcement.database import engine_of, reading, writing
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.service_keeping import Listed, keep_list
from enforcement.settings import Settings
from enforcement.tables import ServiceItem
from tests.api.builders import AS_OF, HEERLEN, MAASTRICHT, NOW

DUE = dt.date(2027, 1, 31)


def why(**chosen: Any) -> dict[str, Any]:
    """A reason as pipelines/serving.py makes it."""
    plain = {
        "feature": "deducted_above_earned_12m",
        "topic": "income",
        "nl": "In de laatste 12 maanden is € 412,00 meer verrekend dan er aan inkomen staat. Mogelijk is te weinig "
        "betaald.",
        "en": "Over the last 12 months €412.00 more was deducted than income registered. Possibly too little was paid.",
        "could_nl": "De loonaangifte kan later zijn binnengekomen dan de uitbetaling.",
        "could_en": "The wage return may have come in after the payment.",
        "value": 412.0,
        "unit": "EUR",
        "law_nl": "artikel 32 Participatiewet",
        "law_en": "Participatiewet 32",
        "source": "UWV",
        "source_date": "2026-10-31",
    }
    return plain | chosen


def serve(chosen: Settings, *, people: tuple[int, ...] = (), items: int = 6) -> None:
    """Keeps a list in both municipalities; the items of Heerlen are about `people`."""
    with writing(engine_of(chosen.database)) as session:
        for town, first, many in ((HEERLEN, 1, items), (MAASTRICHT, 1_000_001, 2 * items)):
            about = people if town == HEERLEN else ()
            listed = [
                Listed(first + i, "right_unused" if i % 4 == 3 else "paid_short", (why(), why(topic="benefit")), about)
                for i in range(many)
            ]
            keep_list(session, town, AS_OF, listed, DUE, NOW, {"listed": many})


def somebody(chosen: Settings, name: str) -> int:
    """The random number of a made-up person in the vault."""
    allocation = Vault(engine_of(chosen.database), Keys.read(chosen.keys)).allocation()
    [number] = allocation.numbers("person", [["999990019"]])
    allocation.learn(number, {"name": name}, authority=1, known_at="2026-10-01")
    with writing(engine_of(chosen.database)) as session:
        allocation.save(session)
    return number


def an_item(chosen: Settings, *, municipality: str = HEERLEN, at: int = 0) -> str:
    """The number of an open item."""
    with reading(engine_of(chosen.database)) as session:
        query = select(ServiceItem.number).where(ServiceItem.municipality == municipality, ServiceItem.state == "open")
        return list(session.scalars(query.order_by(ServiceItem.position)))[at]


def only_item_in_maastricht(chosen: Settings) -> str:
    """The number of an item that Heerlen has no item of."""
    return an_item(chosen, municipality=MAASTRICHT, at=-1)
