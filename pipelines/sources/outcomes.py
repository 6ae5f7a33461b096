"""Outcomes of earlier reviews in our own CSV, version 1: what this system writes, and how history is brought in.

    # weegschaal outcomes version=1
    case;selected;arm;probability;closed;approved;cause;effect;amount_cents;overturned;minutes;withdrawn

case, selected, cause and effect are needed. selected, closed and approved are whole dates (yyyymmdd or ISO); arm is
random, top_up, signal, risk, tip or theme, or more of them with commas, as in random,risk; probability lies above 0 and
at most at 1; amount_cents is the change in euro cents a month, whose direction effect says: a minus sign is read where
effect is down and goes with no other; minutes, 0 or more, is the time the review took; overturned and withdrawn are yes
or no.
"""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

from features.records import Outcome
from pipelines.sources.intake import Dates, Intake, UnreadableError, whole_in
from pipelines.sources.own_csv import OwnFormat, OwnRow
from pipelines.sources.reading import Reading

SOURCE = "outcomes"
FORMAT = OwnFormat(
    kind="outcomes",
    version=1,
    needed=("case", "selected", "cause", "effect"),
    optional=("arm", "probability", "closed", "approved", "amount_cents", "overturned", "minutes", "withdrawn"),
)
ARMS = ("random", "top_up", "signal", "risk", "tip", "theme")
EFFECTS = ("up", "down", "none", "unknown")


def recognises(path: Path, head: bytes) -> bool:
    return FORMAT.recognises(head)


def read(path: Path) -> Reading:
    """Every outcome of the file. Raises RefusedError when the first lines are not those of version 1."""
    intake = Intake()
    municipality, rows = FORMAT.rows(path, "outcomes", intake)
    for row in rows:
        with intake.record(row.at, "outcomes", row.raw):
            intake.keep(row.at, _outcome(row))
    return intake.reading(SOURCE, "1", municipality=municipality)


def _outcome(row: OwnRow) -> Outcome:
    if not row["case"]:
        raise UnreadableError("case", "is empty")
    if row["effect"] not in EFFECTS:
        raise UnreadableError("effect", f"is not one of {', '.join(EFFECTS)}")
    if not row["cause"]:
        raise UnreadableError("cause", "is empty")
    selected, closed, approved = (_day(name, row[name]) for name in ("selected", "closed", "approved"))
    if selected is None:
        raise UnreadableError("selected", "is empty")
    minutes = whole_in("minutes", row["minutes"])
    if minutes is not None and minutes < 0:
        raise UnreadableError("minutes", "is below 0")
    return Outcome(
        case=row["case"],
        selected=selected,
        arm=_arms(row["arm"]),
        probability=_probability(row["probability"]),
        closed=closed,
        approved=approved,
        cause=row["cause"],
        effect=row["effect"],
        amount_cents=_change(row["amount_cents"], row["effect"]),
        overturned=row.yes("overturned"),
        minutes=minutes,
        withdrawn=bool(row.yes("withdrawn")),
        flags=("not_approved",) if approved is None else (),
    )


def _arms(text: str) -> str | None:
    """A drawn case may be on a list as well: it counts in both, and the lift is told by those without a signal."""
    arms = [one.strip() for one in text.split(",")] if text else []
    if len(set(arms)) < len(arms) or not set(arms) <= set(ARMS):
        raise UnreadableError("arm", f"is not one of {', '.join(ARMS)}, or more of them with commas")
    return ",".join(arms) or None


def _change(text: str, effect: str) -> int | None:
    """EUR cents a month, 0 or more, as the service writes it; who writes signed amounts has the sign agree."""
    cents = whole_in("amount_cents", text)
    if cents is not None and cents < 0 and effect != "down":
        raise UnreadableError("amount_cents", "is below 0 where effect is not down")
    return None if cents is None else abs(cents)


def _day(name: str, text: str) -> dt.date | None:
    date = Dates().read(name, text)
    if date is not None and not date.exact:
        raise UnreadableError(name, "is not a whole date")
    return None if date is None else date.earliest


def _probability(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise UnreadableError("probability", "is not a number") from None
    if not math.isfinite(value) or not 0 < value <= 1:
        raise UnreadableError("probability", "is not above 0 and at most 1")
    return value
