"""Names in the funnel plot keep apart and stay inside it."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from api.funnel_svg import DOT, LINE, TALL, WIDE, FunnelDrawing, drawing
from models.funnel import funnel

LIMBURG = ("Heerlen", "Maastricht", "Sittard-Geleen", "Venlo", "Roermond", "Kerkrade")
COUNTS = st.lists(st.tuples(st.integers(10, 60), st.integers(10, 200)), min_size=2, max_size=len(LIMBURG))


def drawn(counts: list[tuple[int, int]]) -> FunnelDrawing:
    reviewed = {name: (changed, changed + not_) for name, (changed, not_) in zip(LIMBURG, counts, strict=False)}
    return drawing(funnel(reviewed), str)


@given(COUNTS)
@settings(deadline=None)
def test_no_name_stands_on_another_or_outside(counts: list[tuple[int, int]]) -> None:
    made = drawn(counts)
    assert {one.name for one in made.placed} == set(LIMBURG[: len(counts)])
    for one in made.placed:
        left, top, right, bottom = one.box
        assert left >= 0
        assert right <= WIDE
        assert top >= 0
        assert bottom <= TALL
    dots = [(one.x - DOT, one.y - DOT, one.x + DOT, one.y + DOT) for one in made.placed]
    for a, b in [*combinations([one.box for one in made.placed], 2), *product([one.box for one in made.placed], dots)]:
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a, b)


def test_a_name_stands_just_above_its_point_when_there_is_room() -> None:
    made = drawn([(20, 60), (60, 180)])
    assert [one.y - one.name_y for one in made.placed] == [9.0, 9.0]
    assert all(one.box[3] - one.box[1] == LINE for one in made.placed)
