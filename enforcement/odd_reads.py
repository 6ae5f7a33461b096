"""Reads that a compliance reviewer should look at: without work on the case, in great number, or about oneself (R16).

A pointer, not a judgement: an odd read may have a good reason. Found in the log, so that nothing is kept beside it.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.access import Permission, Viewer, owned, require
from enforcement.tables import Event

READS = frozenset({"case_read", "relations_read", "history_read", "identity_read", "service_item_read"})
WORK = frozenset(
    {
        "case_claimed", "case_released", "case_put_aside", "case_taken_up", "case_handed_over", "step_taken",
        "note_written", "document_added", "findings_saved", "findings_approved", "findings_returned",
        "findings_overturned", "contest_opened", "contest_settled", "correction_named", "service_item_claimed",
        "service_item_released", "service_item_handed_over", "service_item_put_aside", "service_item_taken_up",
        "service_outcome_saved", "service_outcome_approved", "service_outcome_returned",
    }
)  # fmt: skip
"""work on a case or item. Every other entry is none: to look at a case's notes is not to work on it"""
ABOUT_A_PERSON = frozenset({"case", "service"})
"""what entries are about: cases, and items of the service list"""
PERSONAL = frozenset({"identity_read"})
"""reads of who a case is about"""
FEWEST = 20
"""cases a day that are never too many"""
TIMES = 3
"""so many times the usual number of a colleague's day is too many"""


class Why(StrEnum):
    NO_CASE = "no_case"
    """saw who a case is about and never worked on that case"""
    VOLUME = "volume"
    """read many more cases in a day than colleagues do"""
    OWN = "own"
    """read a case at the reader's own address or of a relation, as the personnel department names them"""


@dataclass(frozen=True)
class OddReads:
    """What one person read oddly; `cases` are numbers, `days` the days it happened."""

    user: str
    why: Why
    cases: tuple[str, ...]
    days: tuple[dt.date, ...]
    usual: float | None = None
    """of volume: cases that a colleague usually reads in a day"""


@dataclass
class _Person:
    read: dict[dt.date, set[str]] = field(default_factory=lambda: defaultdict(set))
    personal: dict[str, dt.date] = field(default_factory=dict)
    worked: set[str] = field(default_factory=set)


def odd_reads(
    session: Session, viewer: Viewer, since: dt.datetime, own: Mapping[str, Iterable[str]] | None = None
) -> tuple[OddReads, ...]:
    """Odd reads in the viewer's municipality since a moment. `own`: user -> numbers of cases that are their own affair.

    Raises ForbiddenError.
    """
    require(viewer, Permission.READ_LOG)
    return found_in(_since(session, viewer, since), own or {})


def found_in(entries: Iterable[Mapping[str, Any]], own: Mapping[str, Iterable[str]]) -> tuple[OddReads, ...]:
    """Odd reads among bodies of log entries, in any order."""
    people: dict[str, _Person] = defaultdict(_Person)
    for entry in entries:
        kind, _, number = str(entry["object"]).partition(":")
        if kind not in ABOUT_A_PERSON:
            continue
        person, day = people[entry["actor"]], dt.date.fromisoformat(entry["at"][:10])
        if entry["action"] in READS:
            person.read[day].add(number)
            if entry["action"] in PERSONAL:
                person.personal.setdefault(number, day)
        elif entry["action"] in WORK:
            person.worked.add(number)
        if to := (entry.get("details") or {}).get("to"):
            people[to].worked.add(number)  # who was given it
    found = [*_without_work(people), *_too_many(people), *_their_own(people, own)]
    return tuple(sorted(found, key=lambda one: (one.user, one.why)))


def _without_work(people: Mapping[str, _Person]) -> Iterable[OddReads]:
    for user, person in people.items():
        idle = {number: day for number, day in person.personal.items() if number not in person.worked}
        if idle:
            yield OddReads(user, Why.NO_CASE, tuple(sorted(idle)), tuple(sorted(set(idle.values()))))


def _too_many(people: Mapping[str, _Person]) -> Iterable[OddReads]:
    for user, person in people.items():
        others = [len(read) for other, one in people.items() if other != user for read in one.read.values()]
        usual = float(statistics.median(others)) if others else 0.0
        days = {day: read for day, read in person.read.items() if len(read) > max(FEWEST, TIMES * usual)}
        if days:
            numbers = {number for read in days.values() for number in read}
            yield OddReads(user, Why.VOLUME, tuple(sorted(numbers)), tuple(sorted(days)), usual)


def _their_own(people: Mapping[str, _Person], own: Mapping[str, Iterable[str]]) -> Iterable[OddReads]:
    for user, numbers in own.items():
        days = {day: read & set(numbers) for day, read in people[user].read.items() if read & set(numbers)}
        if days:
            read = {number for some in days.values() for number in some}
            yield OddReads(user, Why.OWN, tuple(sorted(read)), tuple(sorted(days)))


def _since(session: Session, viewer: Viewer, since: dt.datetime) -> Iterable[Mapping[str, Any]]:
    """Bodies from the newest back to `since`."""
    first = since.astimezone(dt.UTC).isoformat()[:19]
    query = select(Event.body).where(owned(viewer, Event)).order_by(Event.number.desc())
    for body in session.scalars(query.execution_options(yield_per=1000)):
        entry = json.loads(body)
        if entry["at"] < first:
            return
        yield entry
