"""Exploring the network: counts first, the second step only with a purpose, and what held on a day."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from api.explore import Choice, explored
from api.language import Language
from api.relations_svg import REACH, SLOT
from enforcement.access import Purpose
from enforcement.settings import Settings
from tests.api.builders import AS_OF, a_case, graph, visitors
from tests.api.test_relations_svg import any_graph

OWN = {"sec-fetch-site": "same-origin"}


def test_r24_the_first_step_needs_no_purpose_and_the_second_does(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        near = officer.get(f"/zaken/{number}/relaties", headers=OWN).text
        assert "Medebewoner" not in near
        unstated = officer.get(f"/zaken/{number}/relaties?stap=2", headers=OWN).text
        assert "Medebewoner" not in unstated
        assert "zodra u een doel kiest" in unstated
        far = officer.get(f"/zaken/{number}/relaties?stap=2&doel=objection", headers=OWN).text
        assert "Medebewoner" in far
        assert "werkgever van meer dan 200 mensen" in far, "a hub is named with its reason"
        assert far.index("Wat is er rond de klant?") < far.index('<svg class="graph"'), "counts come first"
        log = officer.get(f"/api/v1/cases/{number}/history").json()
        assert [one["purpose"] for one in log if one["action"] == "relations_read"][-1] == "objection"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_r24_a_purpose_in_an_address_from_elsewhere_is_not_stated(made_up: Settings, site: str) -> None:
    """Otherwise a link could put a purpose in the log that nobody had in mind."""
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{number}/relaties?stap=2&doel=objection", headers={"sec-fetch-site": site}).text
        assert "Medebewoner" not in page
        assert '<option value="objection" selected>' in page, "one press away"
        log = officer.get(f"/api/v1/cases/{number}/history").json()
    assert {one["purpose"] for one in log if one["action"] == "relations_read"} == {Purpose.REVIEW.value}


@pytest.mark.parametrize("query", ["stap=3", "stap=0", "stap=2&doel=curiosity", "stap=x"])
def test_r24_no_third_step_and_no_purpose_of_ones_own_making(made_up: Settings, query: str) -> None:
    with visitors(made_up, "officer.heerlen") as [officer]:
        assert officer.get(f"/zaken/{a_case(made_up, blind=False)}/relaties?{query}", headers=OWN).status_code == 422


def test_what_is_left_out_takes_with_it_what_was_reached_through_it_alone() -> None:
    whole = explored(graph(), Language("nl"), Choice(2), AS_OF)
    fewer = explored(graph(), Language("nl"), Choice(2, frozenset({"address"})), AS_OF)
    gone = {node.text.nl for node in whole["nodes"].values()} - {node.text.nl for node in fewer["nodes"].values()}
    assert gone == {"Adres", "Vorig adres", "Ander huishouden 1", "Ander huishouden 2", "Eenmanszaak"}
    assert fewer["counts"] == whole["counts"], "what there is does not depend on what is drawn"
    for seed in range(40):
        one = any_graph(seed)
        fewer = explored(one, Language("nl"), Choice(2, frozenset({"address", "account"})), AS_OF)
        assert {node.kind for node in fewer["nodes"].values() if node.depth} & {"address", "account"} == set()
        reached, around = {"n0"}, [(edge.start, edge.end) for edge in fewer["edges"]]
        for _ in fewer["nodes"]:
            reached |= {end for pair in around if set(pair) & reached for end in pair}
        assert reached == set(fewer["nodes"]), seed
        assert len(fewer["drawing"].cards) == len(fewer["nodes"])


def test_the_language_link_keeps_what_was_chosen(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{number}/relaties?zonder=address&zonder=account&maand=3", headers=OWN).text
    assert f"/zaken/{number}/relaties?zonder=address&amp;zonder=account&amp;maand=3&amp;lang=en" in page


def test_a_long_drawing_opens_at_the_client() -> None:
    for seed in range(40):
        drawing = explored(any_graph(seed), Language("nl"), Choice(2), AS_OF)["drawing"]
        client, hanging = drawing.cards[0], [card for card in drawing.cards if card.depth == 1]
        if hanging:
            top = min(card.box.y + card.box.high / 2 for card in hanging)
            assert client.box.y + client.box.high / 2 <= max(top + REACH, client.box.high / 2 + SLOT)


def test_r06_a_blind_review_has_no_network(made_up: Settings) -> None:
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{a_case(made_up, blind=True)}/relaties").text
    assert "verschijnen zij na uw bevinding" in page
    assert "<table" not in page


def test_a_day_on_the_slider_shows_what_held_then_and_moves_nothing(made_up: Settings) -> None:
    spoken = Language("nl")
    whole = explored(graph(), spoken, Choice(2), AS_OF)
    early = explored(graph(), spoken, Choice(2, month=0), AS_OF)
    assert early["day"] == dt.date(2015, 1, 31)
    assert [edge.text.nl for edge in early["edges"]] == ["stond ingeschreven op"]
    assert early["linked"] == {"n0", "n5"}
    assert early["drawing"] == whole["drawing"], "what people found stays where it was"
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{number}/relaties?maand=0").text
    assert len(re.findall(r'class="edge away"', page)) == 4
    assert "31 januari 2015" in page
