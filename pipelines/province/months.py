"""The calendar of the simulated history: days since 1970 and month numbers, the first month being 0."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.province.world import AS_OF, FIRST_MONTH, MONTHS

Days = NDArray[np.int64]
Months = NDArray[np.int64]
Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Reals = NDArray[np.float64]
NEVER = 10**6
"""A day or month that does not come."""

_ORIGIN = np.datetime64(FIRST_MONTH, "M").astype(np.int64)


def day_of(date: dt.date) -> int:
    """Days since 1970.

    >>> day_of(dt.date(1970, 1, 2))
    1
    """
    return (date - dt.date(1970, 1, 1)).days


END_DAY = day_of(AS_OF)


def first_days(months: Any) -> Any:
    """First day of month numbers, which may be negative or past the end.

    >>> int(first_days(np.array([1]))[0]) == day_of(dt.date(2023, 12, 1))
    True
    """
    return (
        (np.asarray(months, dtype=np.int64) + _ORIGIN).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    )


def months_of(days: Any) -> Any:
    """Month number of each day."""
    return np.asarray(days, dtype=np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - _ORIGIN


def text_of(month: int) -> str:
    """`yyyymm` of a month number.

    >>> text_of(0)
    '202311'
    """
    return str(np.datetime64(int(month) + int(_ORIGIN), "M")).replace("-", "")


ALL_MONTHS = np.arange(MONTHS)


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one subject: adding a draw to one subject moves no other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
