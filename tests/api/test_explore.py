"""Exploring the network: counts first, the second step only with a purpose, and what held on a day."""

from __future__ import annotations

import datetime as dt
import re

from api.explore import explored
from api.language import Language
from enforcement.settings import Settings
from tests.api.builders import AS_OF, a_case, graph, visitors


def test_the_first_step_needs_no_purpose_and_the_second_does(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        near = officer.get(f"/zaken/{number}/relaties").text
        assert "Medebewoner" not in near
        form = {"csrf": officer.headers["x-csrf-token"]}
        assert officer.post(f"/zaken/{number}/relaties", data=form).status_code == 422
        far = officer.post(f"/zaken/{number}/relaties", data=form | {"purpose": "objection"}).text
        assert "Medebewoner" in far
        assert "werkgever van meer dan 200 mensen" in far, "a hub is named with its reason"
        assert far.index("Wat is er?") < far.index('<svg class="graph"'), "counts come first"
        log = officer.get(f"/api/v1/cases/{number}/history").json()
        assert [one["purpose"] for one in log if one["action"] == "relations_read"][-1] == "objection"


def test_r06_a_blind_review_has_no_network(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{a_case(made_up, blind=True)}/relaties").text
    assert "verschijnen zij na uw bevinding" in page
    assert "<table" not in page


def test_a_day_on_the_slider_shows_what_held_then_and_moves_nothing(made_up: Settings) -> None:
    spoken = Language("nl")
    whole = explored(graph(), spoken, 2, None, AS_OF)
    early = explored(graph(), spoken, 2, 0, AS_OF)
    assert early["day"] == dt.date(2015, 1, 31)
    assert [edge.text.nl for edge in early["edges"]] == ["stond ingeschreven op"]
    assert early["linked"] == {"n0", "n5"}
    assert early["drawing"] == whole["drawing"], "what people found stays where it was"
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{number}/relaties?maand=0").text
    assert len(re.findall(r'class="edge away"', page)) == 4
    assert "31 januari 2015" in page
