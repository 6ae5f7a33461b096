"""Draws the timeline of a case: a row per benefit, income and address, and rows for what is missing or doubled.

Every row has a label and a height of its own, so that no label can touch another. Hatched and dashed tell overlap and
gap apart without colour; neither says that anything is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.lettering import lines

LABEL, WIDE = 190, 560
ROOM = 40
"""from one label of the axis to the next"""
"""px: the labels at the left, the months at the right"""
ROW, BAR, HEAD = 26, 14, 26
"""px: a row, a bar in it, the axis with the years"""
SMALL = 12.0
LANES = ("benefit", "income", "residence")
DAY = dt.timedelta(days=1)

Period = tuple[dt.date, dt.date]
"""first and last day, both included"""


@dataclass(frozen=True)
class Bar:
    x: float
    wide: float
    y: float
    kind: str
    """lane, or gap or overlap"""
    on: bool
    """lasts on the last day told"""


@dataclass(frozen=True)
class Track:
    label: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Tick:
    x: float
    label: str
    """empty where there is no room"""
    turn: bool
    """whether it says a year, not a month"""


@dataclass(frozen=True)
class Told:
    """A row of the table: the same as the bars."""

    lane: str
    what: str
    start: dt.date
    end: dt.date | None
    """None while it lasts"""
    cents: int | None
    source: str | None
    """None for what follows from the rows above"""


@dataclass(frozen=True)
class Drawing:
    wide: float
    high: float
    ticks: tuple[Tick, ...]
    tracks: tuple[Track, ...]
    rows: tuple[Told, ...]


def gaps(covered: Iterable[Period], window: Period) -> list[Period]:
    """The days of the window that no period covers.

    >>> day = dt.date(2026, 1, 1)
    >>> covered = [(day, day + 4 * DAY), (day + 7 * DAY, day + 9 * DAY)]
    >>> [(str(start), str(end)) for start, end in gaps(covered, (day, day + 9 * DAY))]
    [('2026-01-06', '2026-01-07')]
    """
    found, free = [], window[0]
    for start, end in sorted(covered):
        if start > free:
            found.append((free, min(start - DAY, window[1])))
        free = max(free, end + DAY)
    if free <= window[1]:
        found.append((free, window[1]))
    return [(start, end) for start, end in found if start <= end and start <= window[1]]


def overlaps(periods: Sequence[Period], others: Sequence[Period] | None = None) -> list[Period]:
    """The days on which two of the periods hold; with `others`: one of each.

    >>> day = dt.date(2026, 1, 1)
    >>> [(str(a), str(b)) for a, b in overlaps([(day, day + 4 * DAY), (day + 3 * DAY, day + 9 * DAY)])]
    [('2026-01-04', '2026-01-05')]
    """
    pairs = (
        [(one, other) for at, one in enumerate(periods) for other in periods[at + 1 :]]
        if others is None
        else [(one, other) for one in periods for other in others]
    )
    both = sorted((max(one[0], other[0]), min(one[1], other[1])) for one, other in pairs)
    merged: list[Period] = []
    for start, end in both:
        if start > end:
            continue
        if merged and start <= merged[-1][1] + DAY:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def draw(timeline: Mapping[str, Any], text: Any) -> Drawing:
    """Lays out `timeline` (features/timeline.py). `text`: key of the catalogue, with values -> words."""
    window = (dt.date.fromisoformat(timeline["from"]), dt.date.fromisoformat(timeline["until"]))
    told = [_told(row, timeline["rows"], text) for row in timeline["rows"]]
    held = {lane: [_within(row, window) for row in told if row.lane == lane] for lane in LANES}
    places = [row for row in timeline["rows"] if row["lane"] == "residence"]
    known = [period for row, period in zip(places, held["residence"], strict=True) if row["kind"] != "unknown"]
    homes = [period for row, period in zip(places, held["residence"], strict=True) if row["kind"] == "home"]
    marks = (
        ("benefit", "gap", "timeline.no_benefit", gaps(held["benefit"], window)),
        ("income", "overlap", "timeline.income_and_benefit", overlaps(held["income"], held["benefit"])),
        ("residence", "gap", "timeline.no_address", gaps(known, window)),
        ("residence", "overlap", "timeline.two_addresses", overlaps(homes)),
    )
    days = (window[1] - window[0]).days + 1

    def bar(period: Period, y: float, kind: str, on: bool) -> Bar:
        x = LABEL + WIDE * (period[0] - window[0]).days / days
        wide = max(3.0, WIDE * ((period[1] - period[0]).days + 1) / days)
        return Bar(round(x, 1), round(wide, 1), y + (ROW - BAR) / 2, kind, on)

    tracks: list[Track] = []
    rows: list[Told] = []
    y = float(HEAD)
    for lane in LANES:
        own = [(row, period) for row, period in zip([r for r in told if r.lane == lane], held[lane], strict=True)]
        rows += [row for row, _ in own]
        for label in dict.fromkeys(row.what for row, _ in own):
            bars = tuple(bar(period, y, lane, row.end is None) for row, period in own if row.what == label)
            tracks.append(Track(lines(label, LABEL - 12, SMALL, most=1)[0], y, bars))
            y += ROW
        for where, kind, key, periods in marks:
            if where == lane and periods:
                label = text(key)
                bars = tuple(bar(period, y, kind, False) for period in periods)
                tracks.append(Track(lines(label, LABEL - 12, SMALL, most=1)[0], y, bars))
                rows += [Told(lane, label, start, end, None, None) for start, end in periods]
                y += ROW
        y += 6
    return Drawing(LABEL + WIDE + 8, y + 4, _ticks(window, days, text), tuple(tracks), tuple(rows))


def _told(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], text: Any) -> Told:
    several = len({one["number"] for one in rows if (one["lane"], one["kind"]) == (row["lane"], row["kind"])}) > 1
    what = text(f"timeline.{row['kind']}") + (f" {row['number']}" if several else "")
    if row["role"] == "partner":
        what = text("timeline.of_partner", what=what)
    until = dt.date.fromisoformat(row["until"]) if row["until"] else None
    return Told(row["lane"], what, dt.date.fromisoformat(row["from"]), until, row["cents"], row["source"])


def _within(row: Told, window: Period) -> Period:
    return max(row.start, window[0]), min(row.end or window[1], window[1])


def _ticks(window: Period, days: int, text: Any) -> tuple[Tick, ...]:
    """Every quarter a line with its month, at the turn of the year with the year; the beginning has its year too. A
    label without room is left out, a month before a year."""
    ticks: list[Tick] = []
    year, month = window[0].year, window[0].month
    while dt.date(year, month, 1) <= window[1]:
        turn = month == 1 or not ticks
        if turn or month in (4, 7, 10):
            x = round(max(LABEL + WIDE * (dt.date(year, month, 1) - window[0]).days / days, LABEL), 1)
            said = [at for at, one in enumerate(ticks) if one.label]
            close = bool(said) and x - ticks[said[-1]].x < ROOM
            if close and turn:
                ticks[said[-1]] = replace(ticks[said[-1]], label="")
            shown = turn or not close
            ticks.append(Tick(x, (str(year) if turn else text(f"timeline.month_{month}")) if shown else "", turn))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return tuple(ticks)
