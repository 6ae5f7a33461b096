"""The drawing of relations: nothing touches anything else, whatever the graph, and the same graph looks the same."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest

from api.case_pages import words
from api.language import Language
from api.lettering import width
from api.relations_svg import SMALL, Drawing, distinct, draw, fits
from tests.api.builders import edge, graph, node

KINDS = ("household", "person", "address", "account", "employer", "company", "vehicle")
LABELS = ("staat ingeschreven op", "is partner van", "werkt bij", "krijgt de uitkering op", "staat in het dossier van")


def any_graph(seed: int) -> dict[str, Any]:
    """Up to 60 nodes within two steps, with edges beyond the tree: between columns, within them and doubled."""
    dice = random.Random(seed)
    count = dice.randint(1, 60)
    nodes = [node("n0", "person", "Klant", "Client", 0)]
    edges = []
    for place in range(1, count):
        parent = dice.choice([one for one in nodes if one["depth"] < 2])
        hub = dice.random() < 0.1
        name = dice.choice(("Adres", "Andere rekeninghouder", "Partner in het dossier", "Werkgever"))
        why = "opvang of instelling waar veel mensen staan ingeschreven" if hub else None
        more = {"hub": hub, "hub_nl": why, "hub_en": why, "count": 243 if hub else None}
        nodes.append(node(f"n{place}", dice.choice(KINDS), name, name, parent["depth"] + 1, **more))
        pair = [parent["id"], f"n{place}"]
        dice.shuffle(pair)
        label = dice.choice(LABELS)
        edges.append(edge(pair[0], pair[1], "stay", label, label, "BRP", "2024-01-01"))
    for _ in range(dice.randint(0, count // 3) if count > 1 else 0):
        one, other = dice.sample([one for one in nodes if one["depth"]] or nodes, 2) if count > 2 else (nodes[0],) * 2
        if one is not other:
            label = dice.choice(LABELS)
            edges.append(edge(one["id"], other["id"], "partner", label, label, "BRP"))
    return {"nodes": nodes, "edges": edges, "left_out": 0}


def drawn(one: dict[str, Any], depth: int = 2) -> Drawing:
    return draw(distinct(one), words(Language("nl")), depth)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_no_label_and_no_card_touches_another(first: int) -> None:
    for seed in range(first, first + 20):
        drawing = drawn(any_graph(seed))
        boxes = [card.box for card in drawing.cards] + [line.label_box for line in drawing.lines]
        for one, other in itertools.combinations(boxes, 2):
            assert not one.touches(other), seed
        assert all(box.x >= 0 and box.y >= 0 for box in boxes)
        assert all(box.x + box.wide <= drawing.wide and box.y + box.high <= drawing.high for box in boxes)


def heads(drawing: Drawing) -> list[tuple[float, float, bool]]:
    """Where each line's arrow ends, and whether it points to the right."""
    found = [re.search(r"M([\d.-]+) ([\d.-]+)l(-?\d+) 4l", line.path) for line in drawing.lines]
    return [(float(x) + int(by), float(y) + 4, int(by) > 0) for x, y, by in (one.groups() for one in found if one)]


def test_who_is_what_to_whom_is_seen_at_the_words_and_not_where_all_lines_are_one() -> None:
    nodes = [node("n0", "person", "Klant", "Client", 0)]
    nodes += [node(f"n{n}", "person", f"Ouder {n}", f"Parent {n}", 1) for n in range(1, 7)]
    edges = [edge(f"n{n}", "n0", "kinship", "is ouder van", "is a parent of", "BRP") for n in range(1, 4)]
    edges += [edge("n0", f"n{n}", "kinship", "is ouder van", "is a parent of", "BRP") for n in range(4, 7)]
    drawing = drawn({"nodes": nodes, "edges": edges, "left_out": 0})
    ends = heads(drawing)
    assert len({(x, y) for x, y, _ in ends}) == len(drawing.lines)
    for line, (x, y, right) in zip(drawing.lines, ends, strict=True):
        assert right == (line.start == "n0")
        assert line.label_box.y <= y <= line.label_box.y + line.label_box.high
        assert x >= line.label_box.x + line.label_box.wide if right else x < line.label_box.x


def test_words_stay_within_their_card_and_their_lane() -> None:
    for seed in range(50):
        drawing = drawn(any_graph(seed))
        assert all(fits(card) for card in drawing.cards)
        assert all(width(line.label, SMALL) <= line.label_box.wide for line in drawing.lines)
        assert all(width(line.period, SMALL) <= line.label_box.wide for line in drawing.lines)


def test_nothing_is_lost_and_nothing_is_drawn_twice() -> None:
    for seed in range(50):
        one = any_graph(seed)
        drawing = drawn(one)
        assert sorted(card.id for card in drawing.cards) == sorted(node["id"] for node in one["nodes"])
        asked = sorted((edge["from"], edge["to"]) for edge in one["edges"])
        assert sorted((line.start, line.end) for line in drawing.lines) == asked


def test_the_same_graph_in_another_order_is_drawn_the_same() -> None:
    one = graph()
    turned = {**one, "edges": one["edges"][::-1]}
    assert drawn(one).cards == drawn(turned).cards


def test_one_step_shows_only_what_touches_the_client() -> None:
    drawing = drawn(graph(), depth=1)
    assert {card.depth for card in drawing.cards} == {0, 1}
    assert len(drawing.lines) == 5


def test_the_usual_words_are_not_cut() -> None:
    drawing = drawn(graph())
    assert all("…" not in line.label for line in drawing.lines)
