"""Draws the relations around a case: one column per step from the client, one lane of labels between two columns.

Every edge arrives at its farther node in a slot of its own, and its label stands above that slot. So no label can
touch another, whatever the graph; and the same graph is always drawn the same way. Shapes tell kinds apart; no colour
says anything about a person (R24).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.lettering import lines, width

CARD, LANE, FAN, GAP = 156, 164, 34, 12
"""widths in px: a node's card, the labels of a lane, the room in which edges part, the room between cards"""
STEP = CARD + FAN + LANE
SLOT, LINE, PAD = 40, 17, 10
"""heights in px: one arriving edge, one line of text, room above and below it in a card"""
MARGIN = 8
REACH = 260
"""px: how far below the top of what hangs on it a card may stand, so that a long drawing opens at the client"""
TITLE, SMALL = 14.0, 12.0
"""letter sizes in px"""
ORDER = ("household", "person", "address", "account", "employer", "company", "vehicle", "parcel")


@dataclass(frozen=True)
class Box:
    """A rectangle in px from the drawing's top left corner."""

    x: float
    y: float
    wide: float
    high: float

    def touches(self, other: Box) -> bool:
        """Whether the insides overlap."""
        return (
            self.x < other.x + other.wide
            and other.x < self.x + self.wide
            and self.y < other.y + other.high
            and other.y < self.y + self.high
        )


@dataclass(frozen=True)
class Card:
    """One node as it is drawn."""

    id: str
    kind: str
    title: tuple[str, ...]
    detail: tuple[str, ...]
    box: Box
    """as high as the edges that arrive at it need, so that each of them ends at the card"""
    words_at: float
    """baseline of the first line of text"""
    depth: int
    relations: str
    """how many lines touch it, for people who do not see them"""


@dataclass(frozen=True)
class Line:
    """One edge as it is drawn: a curve, then a straight piece below its label, and the head of an arrow at one end."""

    start: str
    end: str
    path: str
    label: str
    label_box: Box
    period: str
    since: str
    until: str
    """first and last day as ISO dates, empty when not known"""

    def holds(self, day: str) -> bool:
        """Whether the relation holds on the ISO day; a date that is not known is no limit."""
        return self.since <= day and (not self.until or self.until >= day)


@dataclass(frozen=True)
class Drawing:
    wide: float
    high: float
    cards: tuple[Card, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Words:
    """What the drawing says besides the graph's own labels, in one language."""

    language: str
    """nl or en"""
    period: Any
    """(from, until) as ISO dates or None -> text"""
    relations: Any
    """count -> '3 relations'"""
    hub: str


def distinct(graph: Mapping[str, Any]) -> dict[str, Any]:
    """The graph with a number behind names that occur more than once, so that drawing and table speak of the same.

    >>> twice = {"nodes": [{"id": i, "nl": "Adres", "en": "Address"} for i in ("n0", "n1")]}
    >>> [node["nl"] for node in distinct(twice)["nodes"]]
    ['Adres 1', 'Adres 2']
    """
    names = Counter(node["nl"] for node in graph["nodes"])
    seen: Counter[str] = Counter()
    nodes = []
    for node in graph["nodes"]:
        name = node["nl"]
        seen[name] += 1
        several = names[name] > 1
        nodes.append(node | {code: f"{node[code]} {seen[name]}" for code in ("nl", "en") if several})
    return {**graph, "nodes": nodes}


def draw(graph: Mapping[str, Any], words: Words, depth: int = 2) -> Drawing:
    """Lays out the nodes of `graph` (features/relations/ego.py) at most `depth` steps from the client."""
    nodes = {node["id"]: node for node in graph["nodes"] if node["depth"] <= depth}
    edges = [edge for edge in graph["edges"] if edge["from"] in nodes and edge["to"] in nodes]
    arriving = _arriving(nodes, edges)
    columns = _columns(nodes, arriving)
    cards = _placed(nodes, Counter(end for e in edges for end in {e["from"], e["to"]}), columns, arriving, words)
    trunks = {id_: (2 + place % 4) / 7 for column in columns for place, id_ in enumerate(column)}
    drawn = tuple(line for id_ in cards for line in _lines(cards, id_, arriving.get(id_, ()), trunks, words))
    bottom = max([c.box.y + c.box.high for c in cards.values()] + [e.label_box.y + e.label_box.high for e in drawn])
    steps = max(c.depth for c in cards.values())
    wide = 2 * MARGIN + CARD + steps * STEP
    return Drawing(wide, bottom + MARGIN, tuple(cards.values()), drawn)


def _arriving(nodes: Mapping[str, Any], edges: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, Any]]]:
    """Per node the edges that are drawn as arriving there, each with its nearer end; the tree edge comes first."""
    rank = {id_: (node["depth"], _key(node)) for id_, node in nodes.items()}
    found: dict[str, list[tuple[str, Any]]] = {}
    for edge in edges:
        near, far = sorted((edge["from"], edge["to"]), key=rank.__getitem__)
        if near != far:
            found.setdefault(far, []).append((near, edge))
    for arrivals in found.values():
        arrivals.sort(key=lambda arrival: (rank[arrival[0]], arrival[1]["kind"], arrival[1]["from_date"] or ""))
    return found


def _key(node: Mapping[str, Any]) -> tuple[int, int, str]:
    kind = ORDER.index(node["kind"]) if node["kind"] in ORDER else len(ORDER)
    return kind, len(node["id"]), node["id"]


def _columns(nodes: Mapping[str, Any], arriving: Mapping[str, Sequence[tuple[str, Any]]]) -> list[list[str]]:
    """Ids per depth; below one another in the order of what they hang on, then of kind."""
    columns: list[list[str]] = []
    row: dict[str, int] = {}
    for depth in sorted({node["depth"] for node in nodes.values()}):
        ids = [id_ for id_, node in nodes.items() if node["depth"] == depth]
        hangs = {id_: min([row[near] for near, _ in arriving.get(id_, ()) if near in row], default=0) for id_ in ids}
        ids.sort(key=lambda id_: (hangs[id_], _key(nodes[id_])))
        row.update({id_: place for place, id_ in enumerate(ids)})
        columns.append(ids)
    return columns


def _placed(
    nodes: Mapping[str, Any],
    counts: Mapping[str, int],
    columns: Sequence[Sequence[str]],
    arriving: Mapping[str, Sequence[tuple[str, Any]]],
    words: Words,
) -> dict[str, Card]:
    """Cards from the last column to the first: a card stands at the middle of what hangs on it, or near the top of it
    when that is much, and never on another."""
    cards: dict[str, Card] = {}
    hanging_on: dict[str, list[str]] = {}
    for far, ends in arriving.items():
        hanging_on.setdefault(ends[0][0], []).append(far)
    for depth in range(len(columns) - 1, -1, -1):
        x = MARGIN + depth * STEP
        floor = float(MARGIN)
        for id_ in columns[depth]:
            card = _card(nodes[id_], counts.get(id_, 0), words)
            slots = SLOT * max(1, len(arriving.get(id_, ())))
            high = max(card.box.high, slots)
            hanging = [cards[far] for far in hanging_on.get(id_, ()) if nodes[far]["depth"] > depth]
            middles = [far.box.y + far.box.high / 2 for far in hanging]
            middle = min(sum(middles) / len(middles), min(middles) + REACH) if middles else 0.0
            top = max(floor, middle - high / 2)
            words_at = top + (high - card.box.high) / 2 + PAD + TITLE - 2
            cards[id_] = replace(card, box=Box(x, top, CARD, high), words_at=words_at, depth=depth)
            floor = top + high + GAP
    return {id_: cards[id_] for column in columns for id_ in column}


def _card(node: Mapping[str, Any], count: int, words: Words) -> Card:
    title = lines(node[words.language], CARD - 48, TITLE, bold=True)
    why = (node[f"hub_{words.language}"] or words.hub) if node["hub"] else ""
    if node["count"]:
        why = f"{why} ({words.relations(node['count'])})" if why else f"{node['count']}×"
    detail = lines(why, CARD - 48, SMALL) if why else ()
    high = 2 * PAD + LINE * (len(title) + len(detail))
    box = Box(0, 0, CARD, high)
    return Card(node["id"], node["kind"], title, detail, box, 0.0, node["depth"], words.relations(count))


def _lines(
    cards: Mapping[str, Card],
    far: str,
    arrivals: Sequence[tuple[str, Mapping[str, Any]]],
    trunks: Mapping[str, float],
    words: Words,
) -> list[Line]:
    drawn = []
    end = cards[far]
    first = end.box.y + end.box.high / 2 - SLOT * (len(arrivals) - 1) / 2
    for slot, (near, edge) in enumerate(arrivals):
        y, x = first + slot * SLOT, end.box.x
        start = cards[near]
        turn = x - LANE
        label = lines(edge[words.language], LANE - 14, SMALL, most=1)[0]
        period = words.period(edge["from_date"], edge["until_date"])
        if start.depth == end.depth:
            path = f"M{start.box.x:g} {_middle(start):g}H{turn + 2:g}V{y:g}H{x:g}"
        else:
            path = _bent(start.box.x + CARD, _middle(start), turn, y, trunks[near]) + f"H{x:g}"
        box = Box(turn + 8, y - LINE, LANE - 10, 2 * LINE)
        if edge["from"] == near:
            path += _head(x, y, -7)
        elif start.depth == end.depth:
            path += _head(start.box.x, _middle(start), -7)
        else:
            path += _head(turn, y, 7)  # beside its own words: at the nearer card all lines are one
        since, until = (edge["from_date"] or "")[:10], (edge["until_date"] or "")[:10]
        drawn.append(Line(edge["from"], edge["to"], path, label, box, period, since, until))
    return drawn


def _bent(x: float, y: float, to_x: float, to_y: float, trunk: float) -> str:
    """From (x, y) to (to_x, to_y). Far up or down it goes along a trunk, a share of the room across: many lines from
    one card are then one line until each leaves it, and not a grey block."""
    if abs(to_y - y) < 3 * FAN:
        half = (x + to_x) / 2
        return f"M{x:g} {y:g}C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}"
    at, turn = x + (to_x - x) * trunk, math.copysign(FAN / 2, to_y - y)
    return f"M{x:g} {y:g}Q{at:g} {y:g} {at:g} {y + turn:g}V{to_y - turn:g}Q{at:g} {to_y:g} {to_x:g} {to_y:g}"


def _head(x: float, y: float, back: int) -> str:
    """The head of an arrow that ends at (x, y), as part of its line: one shape for each edge is enough to draw."""
    return f"M{x + back:g} {y - 4:g}l{-back} 4l{back} 4"


def _middle(card: Card) -> float:
    return card.box.y + card.box.high / 2


def fits(card: Card) -> bool:
    """Whether a card's words stay within it."""
    return all(width(text, TITLE, bold=True) <= CARD - 48 for text in card.title) and all(
        width(text, SMALL) <= CARD - 48 for text in card.detail
    )
