"""The timeline: gaps and overlaps are what days alone give, labels keep to their rows, and the table says the same."""

from __future__ import annotations

import datetime as dt
import itertools
import random

import pytest

from api.language import Language
from api.lettering import width
from api.timeline_svg import DAY, LABEL, ROW, SMALL, draw, gaps, overlaps
from enforcement.settings import Settings
from tests.api.builders import a_case, timeline, visitors

FIRST = dt.date(2026, 1, 1)


def days(periods: list[tuple[dt.date, dt.date]]) -> list[dt.date]:
    return [start + n * DAY for start, end in periods for n in range((end - start).days + 1)]


def test_gaps_and_overlaps_are_those_counted_day_by_day() -> None:
    for seed in range(200):
        dice = random.Random(seed)
        starts = [FIRST + dice.randint(0, 60) * DAY for _ in range(dice.randint(0, 5))]
        periods = [(start, start + dice.randint(0, 20) * DAY) for start in starts]
        window = (FIRST, FIRST + 80 * DAY)
        every = days(periods)
        free = [day for day in days([window]) if day not in every]
        assert days(gaps(periods, window)) == free, seed
        assert days(overlaps(periods)) == sorted({day for day in every if every.count(day) > 1}), seed


def test_every_label_has_a_row_of_its_own_and_fits_it() -> None:
    drawing = draw(timeline(), Language("nl").text)
    assert all(width(track.label, SMALL) <= LABEL for track in drawing.tracks)
    assert all(below.y - above.y >= ROW for above, below in itertools.pairwise(drawing.tracks))


@pytest.mark.parametrize("months", range(24))
def test_the_axis_names_every_year_and_the_months_that_have_room(months: int) -> None:
    """Wherever the two years begin, no label stands in another's way."""
    start = dt.date(2023 + months // 12, months % 12 + 1, 1)
    end = dt.date(start.year + 2, start.month, 1) - DAY
    ticks = draw({"from": str(start), "until": str(end), "rows": []}, Language("nl").text).ticks
    labels = [one for one in ticks if one.label]
    assert all(right.x - left.x > width(left.label, SMALL) for left, right in itertools.pairwise(labels))
    turns = {str(year) for year in range(start.year, end.year + 1) if dt.date(year, 1, 1) >= start}
    assert turns <= {one.label for one in labels if one.turn}
    assert {"apr", "jul", "okt"} <= {one.label for one in labels}


def test_the_table_has_a_row_for_every_bar() -> None:
    drawing = draw(timeline(), Language("en").text)
    assert len(drawing.rows) == sum(len(track.bars) for track in drawing.tracks)
    said = [(row.what, row.start, row.end) for row in drawing.rows]
    assert ("Two home addresses", dt.date(2025, 3, 1), dt.date(2025, 3, 31)) in said
    assert ("No address known", dt.date(2026, 5, 1), dt.date(2026, 5, 31)) in said
    assert ("Income beside benefit", dt.date(2025, 2, 1), dt.date(2025, 9, 30)) in said


def test_r06_a_blind_review_has_no_timeline(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as [officer]:
        assert 'id="tijdlijn"' not in officer.get(f"/zaken/{a_case(made_up, blind=True)}").text
        assert 'id="tijdlijn"' in officer.get(f"/zaken/{a_case(made_up, blind=False)}").text
