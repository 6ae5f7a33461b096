"""Working days: weekends and recognised holidays do not count (Algemene termijnenwet, articles 1 and 3)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays


@lru_cache(maxsize=16)
def _recognised(year: int) -> frozenset[dt.date]:
    # Liberation Day is recognised every year, whatever employers do with it.
    return frozenset(holidays.country_holidays("NL", years=year)) | {dt.date(year, 5, 5)}


def is_working_day(day: dt.date) -> bool:
    """
    >>> [is_working_day(dt.date(2026, 5, day)) for day in (4, 5, 9, 14)]
    [True, False, False, False]
    """
    return day.weekday() < 5 and day not in _recognised(day.year)


def after(day: dt.date, working_days: int) -> dt.date:
    """The day that lies so many working days later.

    >>> after(dt.date(2026, 4, 2), 1)  # Easter lies between
    datetime.date(2026, 4, 7)
    """
    while working_days > 0:
        day += dt.timedelta(days=1)
        working_days -= is_working_day(day)
    return day


def end_of_term(day: dt.date) -> dt.date:
    """A term that ends on a weekend or holiday runs on to the next working day (article 1).

    >>> end_of_term(dt.date(2026, 12, 25))
    datetime.date(2026, 12, 28)
    """
    return day if is_working_day(day) else after(day, 1)


def between(today: dt.date, due: dt.date) -> int:
    """Working days from tomorrow to the due date, both counted; negative when it has passed.

    >>> between(dt.date(2026, 11, 20), dt.date(2026, 11, 24)), between(dt.date(2026, 11, 24), dt.date(2026, 11, 20))
    (2, -2)
    """
    if due < today:
        return -between(due, today)
    days = (today + dt.timedelta(days=one) for one in range(1, (due - today).days + 1))
    return sum(map(is_working_day, days))
