"""Moments: aware in code, UTC without a zone in the database (SQLite keeps no zone)."""

from __future__ import annotations

import datetime as dt


def stored(moment: dt.datetime) -> dt.datetime:
    """An aware moment as the database keeps it. ValueError for a moment without a zone: it could mean anything.

    >>> stored(dt.datetime(2026, 11, 1, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=1))))
    datetime.datetime(2026, 11, 1, 8, 0)
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def shown(moment: dt.datetime) -> dt.datetime:
    """A stored moment with its zone (UTC) again."""
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
