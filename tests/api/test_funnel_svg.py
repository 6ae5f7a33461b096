"""Names in the funnel plot keep apart and stay inside it."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from api.funnel_svg import LINE, TALL, WIDE, FunnelDrawing, drawing
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
    for a, b in combinations(made.placed, 2):
        apart = a.box[2] <= b.box[0] or b.box[2] <= a.box[0] or a.box[3] <= b.box[1] or b.box[3] <= a.box[1]
        assert apart, (a.box, b.box)


def test_a_name_stands_just_above_its_point_when_there_is_room() -> None:
    made = drawn([(20, 60), (60, 180)])
    assert [one.y - one.name_y for one in made.placed] == [9.0, 9.0]
    assert all(one.box[3] - one.box[1] == LINE for one in made.placed)
