"""Relations and periods of 200 cases of a simulated province, drawn: no label touches another or leaves its place."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from api import timeline_svg
from api.case_pages import words
from api.language import Language
from api.lettering import width
from api.relations_svg import SMALL, distinct, draw, fits
from enforcement.settings import Settings
from features.matrix import case_members, cases_on
from features.relations.edges import edges
from features.relations.ego import egos
from features.timeline import timelines
from pipelines import province
from pipelines.ingest import ingest
from pipelines.lake import Lake

AS_OF = dt.date(2026, 11, 1)
CLIENTS, GRAPHS = 220, 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The graphs and the timelines of the same cases."""
    home = tmp_path_factory.mktemp("drawing")
    made = Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", demo=True)
    province.simulate(made.deliveries, made.truth, CLIENTS, 11)
    ingest(made, [made.deliveries], seed=11)
    parts = Lake(made).parts()
    members = case_members(parts, cases_on(parts, [AS_OF], home), home)
    cases = sorted(set(members["case_id"].to_pylist()))
    graphs = [graph for _, graph in egos(edges(parts, AS_OF, home), members, cases)]
    return graphs, list(timelines(parts, members, cases, home).values())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_r24_no_label_overlaps_another_in_200_graphs_of_the_province(world: Any, language: str) -> None:
    graphs, _ = world
    assert len(graphs) >= GRAPHS
    for graph in graphs:
        drawing = draw(distinct(graph), words(Language(language)))
        boxes = [card.box for card in drawing.cards] + [line.label_box for line in drawing.lines]
        assert not any(one.touches(other) for one, other in itertools.combinations(boxes, 2))
        assert all(fits(card) for card in drawing.cards)
        for line in drawing.lines:
            assert max(width(line.label, SMALL), width(line.period, SMALL)) <= line.label_box.wide, line
            assert "…" not in line.label


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_words_of_200_timelines_stay_in_their_rows(world: Any, language: str) -> None:
    _, timelines_ = world
    assert len(timelines_) >= GRAPHS
    for timeline in timelines_:
        drawing = timeline_svg.draw(timeline, Language(language).text)
        assert all(width(track.label, SMALL) <= timeline_svg.LABEL - 8 for track in drawing.tracks)
        assert all(bar.x + bar.wide <= drawing.wide for track in drawing.tracks for bar in track.bars)
        assert len(drawing.rows) == sum(len(track.bars) for track in drawing.tracks)
