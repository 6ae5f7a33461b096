"""The worklist: a page of cases in the order to work in, from stored rows only, without identities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Subquery, and_, bindparam, exists, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from enforcement import blind, switch, working_days
from enforcement.access import Permission, Viewer, owned, require
from enforcement.cases import State
from enforcement.clock import shown, stored
from enforcement.database import ask
from enforcement.errors import RefusedError
from enforcement.tables import Case, Draw, Finding, Run, Score, User
from enforcement.tenants import within

DUE_SOON = 5
"""working days"""
PAGE = 50
"""rows on a page; 500 were slow in a browser"""

# Columns instead of rows of classes: a list of fifty in a third of the time.
_OF_CASE = (
    Case.id,
    Case.draw_id,
    Case.number,
    Case.position,
    Case.state,
    Case.due,
    Case.blind,
    Case.claimed_by,
    Case.lease_until,
    Case.waits_until,
    Case.version,
)
_OF_SCORE = (Score.place, Score.place_low, Score.place_high, Score.lead, Score.quality)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """`after` is the cursor of the next page, None on the last."""

    items: tuple[Item, ...]
    after: str | None


@dataclass(frozen=True)
class Filters:
    """Which cases to list. Without `states`: everything that is not closed."""

    states: frozenset[State] = frozenset({State.OPEN, State.CLAIMED, State.FINDINGS})
    mine: bool = False
    """only cases that the viewer has in hand"""
    waiting: bool = False
    """only cases that are put aside until a day"""
    topic: str = ""
    """only cases whose strongest reason is about this topic; a case that is looked at blind is never among them (R6)"""
    due_soon: bool = False
    """only cases that are due within DUE_SOON working days, or are overdue"""


@dataclass(frozen=True)
class Row:
    """One case on the list. Place, range and reason are None in a blind review."""

    number: str
    position: int
    state: State
    due: dt.date
    blind: bool
    place: int | None
    place_low: int | None
    place_high: int | None
    reason: Mapping[str, Any] | None
    """strongest reason to look (reason dict, see tables.Score)"""
    old_sources: int
    """sources that are missing or older than their contract allows"""
    holder: str | None
    """name of the person who has it in hand"""
    mine: bool
    lease_until: dt.datetime | None
    waits_until: dt.date | None
    """put aside until this day"""
    version: int


def worklist(
    session: Session,
    viewer: Viewer,
    filters: Filters | None = None,
    after: str | None = None,
    limit: int = PAGE,
    *,
    now: dt.datetime | None = None,
) -> Page[Row]:
    """A page of at most `limit` (1 to 200) rows after the cursor, by due date and position.

    A case whose lease ran out is listed as open. Raises ForbiddenError, and RefusedError for a cursor that is none.
    """
    require(viewer, Permission.LIST_CASES)
    moment = stored(now or dt.datetime.now(dt.UTC))
    limit = max(1, min(limit, 200))
    filters = filters or Filters()
    plain = filters == Filters() and after is None
    town = viewer.municipality
    query = _first_page(town, limit) if plain else _page(town, filters, after, limit, moment)
    found = ask(session, query, viewer=viewer.user).all()
    page = found[:limit]
    items = tuple(_row(one, viewer, moment) for one in page)
    return Page(items, cursor_of(page[-1]) if len(found) > limit else None)


@dataclass(frozen=True)
class Newest:
    """On what the newest list of a municipality stands."""

    run: str
    as_of: dt.date
    data_until: dt.date
    model_name: str
    model_version: str
    counts: Mapping[str, Any]
    """see tables.Draw"""


def newest(session: Session, viewer: Viewer) -> Newest | None:
    """The newest list of the viewer's municipality; None before the first."""
    require(viewer, Permission.READ_POLICY)
    found = ask(session, _newest(viewer.municipality)).first()
    return Newest(*found) if found else None


@lru_cache(maxsize=256)
def _newest(municipality: str) -> Select[Any]:
    return (
        select(Run.id, Run.as_of, Run.data_until, Run.model_name, Run.model_version, Draw.counts)
        .join(Draw, Draw.run_id == Run.id)
        .where(within(Draw, municipality))
        .order_by(Draw.as_of.desc())
        .limit(1)
    )


def with_own_findings(session: Session, viewer: Viewer, cases: Iterable[Case]) -> set[tuple[str, int]]:
    """Of these cases, (draw, case) of those for which the viewer saved findings."""
    keys = [(case.draw_id, case.id) for case in cases]
    if not keys:
        return set()
    found = session.execute(
        select(Finding.draw_id, Finding.case_id).where(
            owned(viewer, Finding),
            Finding.reviewer == viewer.user,
            Finding.case_id.in_({case for _, case in keys}),
            Finding.draw_id.in_({draw for draw, _ in keys}),
        )
    )
    return {(draw, case) for draw, case in found}


def sent_back(session: Session, viewer: Viewer) -> set[str]:
    """Numbers of the cases in the viewer's hands whose findings a second person sent back."""
    found = session.scalars(
        select(Case.number)
        .join(Finding, (Finding.draw_id == Case.draw_id) & (Finding.case_id == Case.id))
        .where(
            owned(viewer, Case),
            Case.state == State.CLAIMED,
            Case.claimed_by == viewer.user,
            Finding.reviewer == viewer.user,
            Finding.state == "returned",
        )
    )
    return set(found)


def _unlocked(municipality: str) -> Any:
    """`blind.unlocked` as a condition."""
    return or_(Case.blind.is_(False), Case.state.in_((State.FINDINGS, State.CLOSED)), own_findings(municipality))


def own_findings(municipality: str, case: Any = Case) -> ColumnElement[bool]:
    """The condition that `viewer`, which every question with it has to be told, saved findings of a case. case: Case,
    or columns that name its draw and id."""
    return exists().where(
        within(Finding, municipality),
        Finding.draw_id == case.draw_id,
        Finding.case_id == case.id,
        Finding.reviewer == bindparam("viewer"),
    )


def _page(municipality: str, filters: Filters, after: str | None, limit: int, moment: dt.datetime) -> Select[Any]:
    """What `worklist` asks the database for a `viewer`."""
    query = (
        select(*_OF_CASE)
        .where(within(Case, municipality), _in_states(filters.states, moment))
        .order_by(Case.due, Case.position, Case.number)
        .limit(limit + 1)
    )
    if filters.mine:
        query = query.where(Case.claimed_by == bindparam("viewer"), Case.state == State.CLAIMED)
    if filters.waiting:
        query = query.where(Case.state == State.CLAIMED, Case.waits_until > moment.date())
    if filters.due_soon:
        query = query.where(Case.due <= working_days.after(moment.date(), DUE_SOON))
    if filters.topic:
        # a blind case would tell by its absence or presence what its reasons are
        ranked = and_(Draw.ranked.is_(True), not_(switch.off(municipality)))
        query = query.join(Draw, Draw.id == Case.draw_id)
        query = query.join(Score, and_(Score.run_id == Draw.run_id, Score.case_id == Case.id))
        query = query.where(ranked, _unlocked(municipality), Score.lead["topic"].as_string() == filters.topic)
    if after is not None:
        query = query.where(tuple_(Case.due, Case.position, Case.number) > tuple_(*position_of(after)))
    return _with_scores(query.subquery("page"), municipality)


@lru_cache(maxsize=256)
def _first_page(municipality: str, limit: int) -> Select[Any]:
    """The page that everybody opens, put together once; without a filter no moment is in it."""
    return _page(municipality, Filters(), None, limit, stored(dt.datetime.now(dt.UTC)))


def _with_scores(page: Subquery, municipality: str) -> Select[Any]:
    """The rows of a page with their scores and holders. The page is cut off first: then no plan of the database, not
    even one that knows nothing about its tables yet, reads the scores of the whole list for it."""
    case = page.c
    return (
        select(
            *case,
            *_OF_SCORE,
            User.name,
            own_findings(municipality, case).label("own_findings"),
            or_(switch.off(municipality), Draw.ranked.is_(False)).label("off"),
        )
        .join(Draw, and_(Draw.id == case.draw_id, within(Draw, municipality)))
        .outerjoin(Score, and_(Score.run_id == Draw.run_id, Score.case_id == case.id))
        .outerjoin(User, User.id == case.claimed_by)
        .order_by(case.due, case.position, case.number)
    )


def effective(case: Any, moment: dt.datetime) -> State:
    """The state people see: a claim whose lease ran out is open again. `case`: a Case or a row with its state and
    lease. `moment` as stored."""
    expired = case.state == State.CLAIMED and case.lease_until is not None and case.lease_until < moment
    return State.OPEN if expired else State(case.state)


def _in_states(states: frozenset[State], moment: dt.datetime) -> Any:
    plain = Case.state.in_(sorted(states))
    if State.OPEN in states and State.CLAIMED not in states:
        return or_(plain, and_(Case.state == State.CLAIMED, Case.lease_until < moment))
    if State.CLAIMED in states and State.OPEN not in states:
        return and_(plain, or_(Case.state != State.CLAIMED, Case.lease_until >= moment))
    return plain


def _row(found: Any, viewer: Viewer, moment: dt.datetime) -> Row:
    state = effective(found, moment)
    ranked = found.place is not None and not found.off
    open_review = ranked and blind.unlocked(found.blind, found.state, found.own_findings)
    return Row(
        number=found.number,
        position=found.position,
        state=state,
        due=found.due,
        blind=found.blind,
        place=found.place if open_review else None,
        place_low=found.place_low if open_review else None,
        place_high=found.place_high if open_review else None,
        reason=found.lead if open_review else None,
        old_sources=len((found.quality or {}).get("old_sources") or ()),
        holder=found.name if state == State.CLAIMED else None,
        mine=state == State.CLAIMED and found.claimed_by == viewer.user,
        lease_until=shown(found.lease_until) if found.lease_until and state == State.CLAIMED else None,
        waits_until=found.waits_until if state == State.CLAIMED and found.waits_until else None,
        version=found.version,
    )


def cursor_of(case: Any) -> str:
    """Where a page of a list ends. `case`: a row with due, position and number, by which the list is sorted."""
    return f"{case.due.isoformat()}_{case.position}_{case.number}"


def position_of(cursor: str) -> tuple[dt.date, int, str]:
    """What `cursor_of` said. Raises RefusedError for something else."""
    try:
        due, position, number = cursor.split("_")
        return dt.date.fromisoformat(due), int(position), number
    except ValueError:
        raise RefusedError("the page cursor is not one of ours; start again at the first page") from None
