"""Months as whole numbers, which engines agree on: intervals of months they do not count alike."""

from __future__ import annotations

from typing import Any

import ibis

MONTHS_IN_BITS = 30
"""the furthest month back that `months_among` tells apart: the bits of Spark's INT, to which it takes a literal"""


def month_number(date: Any) -> Any:
    """Months since the year 0."""
    return (date.year() * 12 + date.month() - 1).cast("int64")


def _either(bits: Any) -> Any: ...


def _ones(bits: Any) -> Any: ...


_WHOLE = (("int64",), "int64")
_bit_or: Any = ibis.udf.agg.builtin(_either, name="bit_or", signature=_WHOLE)
_bit_count: Any = ibis.udf.scalar.builtin(_ones, name="bit_count", signature=_WHOLE)


def months_among(back: Any, where: Any) -> Any:
    """How many different months there are among the rows where `where` holds.

    back: months before the as-of month. `where` must not hold beyond MONTHS_IN_BITS, which no window of the
    catalogue reaches. A month is a bit: a distinct count would group all rows by month once more, on both engines.
    """
    one = ibis.literal(1, "int64")
    return _bit_count(_bit_or(one << ibis.least(back, MONTHS_IN_BITS), where=where)).fill_null(0)
