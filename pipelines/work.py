"""The work of every minute and of every night: each step alone, so that one that fails does not stop the others.

Every minute the logs are sealed, contested cases are scored again, access reports, erasures and a training that were
asked for are done, and the documents of a model are renewed when it was promoted, adopted or frozen. Once a night
colleagues who are away are relieved, approved outcomes return to the lake, money and hours of reviews are summed for
the results, and when new data came the matrix, the scores, the lists and the service lists of the new month are made;
then the challenger is held beside the lists, drift is looked at and what may no longer be kept is deleted. A step that
was done before for the same input does nothing.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select as sql_select

from enforcement import jobs
from enforcement.checkpoints import seal_all, signing_key
from enforcement.database import engine_of, reading, writing
from enforcement.handover import relieve
from enforcement.settings import Settings
from enforcement.tables import Draw, Run
from pipelines import (
    asked,
    challenging,
    contesting,
    documents,
    drifting,
    learning,
    ranking,
    retaining,
    returning,
    serving,
    settling,
)
from pipelines.lake import Lake, newest_date
from pipelines.steps import Show, Tally

MINUTE = 60.0
LONGEST = dt.timedelta(hours=6)
"""a training that has run longer was interrupted"""
TRAINING_STEPS = 1
NIGHT = 3
"""hour of the day, local time, from which the night's work is done"""

Job = Callable[[Settings, Show, dt.datetime], Any]


@dataclass(frozen=True)
class Done:
    """One step of a pass. `error` is empty when it ended well."""

    step: str
    seconds: float
    result: str
    error: str


def checkpoints(settings: Settings, _show: Show, now: dt.datetime) -> str:
    made = seal_all(engine_of(settings.database), settings.checkpoints, signing_key(settings.keys), now)
    return f"{len(made)} logs sealed"


def absences(settings: Settings, _show: Show, now: dt.datetime) -> str:
    moved, engine = 0, engine_of(settings.database)
    with reading(engine) as session:
        towns = sorted(session.scalars(sql_select(Draw.municipality).distinct()))
    for town in towns:
        with writing(engine) as session:
            moved += relieve(session, town, now)
    return f"{moved} cases and items taken over"


def outcomes(settings: Settings, show: Show, now: dt.datetime) -> str:
    return f"{returning.return_outcomes(settings, show, now)['outcomes']} outcomes returned"


def money(settings: Settings, show: Show, now: dt.datetime) -> str:
    """Sums for the results, of what the financial administration and the reviewers delivered."""
    made = settling.settle(settings, show)
    lost = f"; bookings of {made['without_review']} reviews that are not there" if made["without_review"] else ""
    return f"{made['reviews']} reviews of {made['lists']} lists{lost}"


def lists(settings: Settings, show: Show, now: dt.datetime) -> str:
    """Features and scores when the lake reaches into a month that no run was made for, and the lists of the newest run:
    a night that was stopped between the two is made good by the next."""
    day = newest_date(Lake(settings)).replace(day=1)
    with reading(engine_of(settings.database)) as session:
        last = session.scalars(sql_select(Run.as_of).order_by(Run.as_of.desc()).limit(1)).first()
    if last is None or day > last:
        ranking.score(settings, day, show)
    made = ranking.select(settings, None, show)
    return f"lists of {made['as_of']} for {len(made['draws'])} municipalities"


def services(settings: Settings, show: Show, now: dt.datetime) -> str:
    """The service lists, when the lake reaches into a month that has none. No score is needed for them."""
    day = newest_date(Lake(settings)).replace(day=1)
    last = serving.last_composed(settings)
    if last is not None and day <= last:
        return f"no new month since {last.isoformat()}"
    made = serving.service_lists(settings, day, show)
    return f"{sum(row['listed'] for row in made['lists'])} items on the service lists of {day.isoformat()}"


def challenger(settings: Settings, show: Show, now: dt.datetime) -> str:
    """What would be on the lists if the challenger ranked."""
    made = challenging.challenge(settings, show)
    if made["challenger"] is None:
        return "no challenger"
    return f"version {made['challenger']} beside {made['champion']} on {len(made['lists'])} lists"


def drift(settings: Settings, show: Show, now: dt.datetime) -> str:
    found = drifting.drift(settings, None, show)
    return f"looked at {found['run']}"


def retention(settings: Settings, _show: Show, now: dt.datetime) -> str:
    made = retaining.retain(settings, now)
    return f"{sum(row['scores'] for row in made['municipalities'])} scores deleted"


def contests(settings: Settings, _show: Show, now: dt.datetime) -> str:
    """Contested cases that were opened or corrected in the service are scored again alone."""
    made = contesting.go_on(settings)
    cannot = f"; {len(made['impossible'])} cannot be" if made["impossible"] else ""
    return f"{made['scored']} contested cases scored again{cannot}"


def requests(settings: Settings, _show: Show, now: dt.datetime) -> str:
    """Access reports and erasures that were asked for on a page."""
    made = asked.answer(settings, now)
    return f"{made['answered']} requests answered, {made['refused']} refused, {made['expired']} reports expired"


def papers(settings: Settings, _show: Show, now: dt.datetime) -> str:
    """The documents of a model tell of its promotion and adoption within a minute."""
    behind = documents.renew(settings)
    return f"documents of version {', '.join(behind)} renewed" if behind else "documents are as they should be"


def trainings(settings: Settings, _show: Show, now: dt.datetime) -> str:
    """The training that somebody asked for on a page; how far it is stands in its row."""
    engine = engine_of(settings.database)
    with writing(engine) as session:
        jobs.give_up(session, now - LONGEST, now)
        asked = jobs.take(session, now)
        job = (asked.id, asked.asked_by) if asked else None
    if job is None:
        return "none asked for"
    which, by = job
    done = 0

    @contextmanager
    def show(name: str) -> Iterator[Tally]:
        nonlocal done
        with writing(engine) as session:
            jobs.progress(session, which, name, done, TRAINING_STEPS)
        yield Tally()
        done += 1

    try:
        made = learning.train(settings, None, 1, show, by=by)
    except Exception as error:
        with writing(engine) as session:
            jobs.finish(session, which, dt.datetime.now(dt.UTC), {}, f"{type(error).__name__}: {error}")
        raise
    with writing(engine) as session:
        jobs.finish(session, which, dt.datetime.now(dt.UTC), {"version": made["version"], "why": made["why"]})
    return f"version {made['version']} trained"


EVERY_MINUTE: tuple[Job, ...] = (checkpoints, contests, requests, trainings, papers)
EVERY_NIGHT: tuple[Job, ...] = (absences, outcomes, money, lists, services, challenger, drift, retention)


def once(
    settings: Settings, show: Show, now: dt.datetime | None = None, steps: Sequence[Job] | None = None
) -> list[Done]:
    """Do each of `steps` (all by default) once; a failure is told in its `Done` and the next step goes on."""
    done = []
    for job in steps or (*EVERY_MINUTE, *EVERY_NIGHT):
        started = time.monotonic()
        result, error = "", ""
        try:
            with show(job.__name__):
                result = str(job(settings, show, now or dt.datetime.now(dt.UTC)))
        except Exception as failed:  # noqa: BLE001 - told by name, counted in the exit code, and the others go on
            error = f"{type(failed).__name__}: {failed}"
        done.append(Done(job.__name__, round(time.monotonic() - started, 1), result, error))
    return done


def for_ever(
    settings: Settings,
    show: Show,
    tell: Callable[[list[Done]], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now().astimezone(),
) -> None:
    """Every minute the checkpoints, and once a night the rest; `tell` hears of each pass. It ends with the process."""
    last_night: dt.date | None = None
    while True:
        now = clock()
        steps = EVERY_MINUTE
        if now.hour >= NIGHT and last_night != now.date():
            steps, last_night = (*EVERY_MINUTE, *EVERY_NIGHT), now.date()
        tell(once(settings, show, now, steps))
        sleep(MINUTE)
