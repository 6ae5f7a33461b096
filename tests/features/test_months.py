"""Counting months as bits gives what counting them apart gives."""

from __future__ import annotations

import ibis
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.declaration import SOURCES
from features.months import MONTHS_IN_BITS, months_among

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 90), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None)  # the first example also starts the engine
@given(ROWS)
def test_months_are_counted_once_each_within_the_window(rows: list[tuple[int, int, bool]]) -> None:
    table = ibis.memtable(pa.table([list(one) for one in zip(*rows, strict=True)], names=["case", "back", "holds"]))
    where = table.holds & (table.back <= MONTHS_IN_BITS)
    counted = table.group_by("case").aggregate(months=months_among(table.back, where))
    said = {row["case"]: row["months"] for row in ibis.duckdb.connect().to_pyarrow(counted).to_pylist()}
    assert said == {
        case: len({back for one, back, holds in rows if one == case and holds and back <= MONTHS_IN_BITS})
        for case in {case for case, _, _ in rows}
    }


def test_no_window_of_months_is_longer_than_the_bits_hold() -> None:
    of_months = {name for source in SOURCES.values() if source.at == "month" for name in source.features}
    assert of_months
    assert all(CATALOGUE[name].window <= MONTHS_IN_BITS for name in of_months)
