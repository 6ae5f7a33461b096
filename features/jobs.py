"""Jobs: the income relations with wages of the household, how many employers there were and which jobs are new."""

from __future__ import annotations

from typing import Any

import ibis

from features.declaration import source
from features.income import LAW, WAGES, dated, earned
from features.known import OF_MEMBER, begun
from features.months import month_number


@source(
    topic="income",
    at=None,
    reads={
        "incomes": (
            "employer",
            "start_earliest",
            "start_latest",
            "end_latest",
            "kind",
            "relation",
            "relation_start_earliest",
            "relation_start_latest",
            "gross_cents",
        )
    },
    legal_basis=LAW,
)
def jobs(t: Any, members: Any) -> Any:
    """Income relations with wages, once each: `day` they certainly had begun, `last` day of wages from before the month
    of the as-of date; NULL where there is none."""
    i = dated(t.incomes)
    rows = i.filter(i.kind.isin(WAGES)).join(members, OF_MEMBER)
    had_begun = begun(rows.start_latest, rows.as_of) & begun(rows.relation_start_latest, rows.as_of)
    this_month = ibis.date(rows.as_of.year(), rows.as_of.month(), 1)
    return rows.group_by("case_id", "as_of", "person_id", "employer", "relation").aggregate(
        # The earliest reading makes a start as old as it can be, which favours the client.
        day=rows.relation_start_earliest.min(where=had_begun),
        last=rows.last.max(where=earned(rows) & (rows.start_earliest < this_month)),
    )


@source(topic="income", at="month", after=(jobs,), reads={}, legal_basis=LAW)
def jobs_held(t: Any, members: Any) -> Any:
    """Jobs by their last month with wages, which tells of a window that reaches up to now whether any falls in it."""
    j = t.jobs
    month = ibis.least(month_number(j["last"]), month_number(j.as_of) - 1)
    return j.filter(j["last"].notnull()).select("case_id", "as_of", "employer", month=month)


@jobs_held.feature(
    "Werkgevers in de laatste {w} maanden",
    "Employers in the last {w} months",
    unit="count",
    windows=(12, 24),
    direction=1,
    sentence=(
        "In de laatste {w} maanden waren er {value} verschillende werkgevers.",
        "There were {value} different employers in the last {w} months.",
    ),
    one=("In de laatste {w} maanden was er 1 werkgever.", "There was 1 employer in the last {w} months."),
    none=("In de laatste {w} maanden was er geen werkgever.", "There was no employer in the last {w} months."),
    could=(
        "Uitzendwerk geeft al snel meer werkgevers; ook een overname telt dubbel.",
        "Agency work soon gives several employers; a take-over counts twice as well.",
    ),
    reason=(
        "Bij elke nieuwe werkgever moet het inkomen opnieuw worden opgegeven en verwerkt.",
        "With each new employer income has to be declared and processed anew.",
    ),
)
def employers(rows: Any, within: Any) -> Any:
    return rows.employer.nunique(where=within)


@source(topic="income", at="day", after=(jobs,), reads={}, legal_basis=LAW)
def relations_begun(t: Any, members: Any) -> Any:
    """Jobs by the day they certainly had begun."""
    return t.jobs.select("case_id", "as_of", "day")


@relations_begun.feature(
    "Nieuwe banen in de laatste {w} maanden",
    "New jobs in the last {w} months",
    unit="count",
    windows=(6,),
    direction=1,
    sentence=(
        "In de laatste {w} maanden begonnen {value} nieuwe dienstverbanden.",
        "In the last {w} months {value} new jobs began.",
    ),
    one=("In de laatste {w} maanden begon 1 nieuw dienstverband.", "In the last {w} months 1 new job began."),
    none=("In de laatste {w} maanden begon geen nieuw dienstverband.", "No new job began in the last {w} months."),
    could=(
        "De klant kan het nieuwe werk al hebben gemeld.",
        "The client may have reported the new work already.",
    ),
    reason=(
        "Nieuw werk verandert het inkomen dat met de uitkering wordt verrekend.",
        "New work changes the income that is deducted from the benefit.",
    ),
)
def new_jobs(rows: Any, within: Any) -> Any:
    return rows.count(where=within)
