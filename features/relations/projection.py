"""Who shares a place with whom: pairs of people, of places small enough that sharing them can mean something.

Hubs are left out before people are paired, so n links give at most n times half the largest cap: a shelter of a
thousand would otherwise make half a million pairs.
"""

from __future__ import annotations

from typing import Any

SHARED = ("address", "account", "vehicle")
"""kinds of place that a household shares; a job or a company is shared by strangers"""


def pairs(edges: Any) -> Any:
    """(municipality, one, other, place) with one < other, once per place; edges: a table of EDGES.

    Letter addresses, former ties and places elsewhere pair nobody. No place pairs more people than its cap.
    """
    place = edges.to_node.split(":")[0]
    small = edges.filter(
        place.isin(SHARED)
        & edges.from_node.startswith("person:")
        & edges.hub.isnull()
        & edges.until_date.isnull()
        & (edges.verb != "letter")
        & ~edges.elsewhere
    )
    one = small.select("municipality", one="from_node", place="to_node").distinct()
    other = small.select("municipality", other="from_node", place="to_node").distinct()
    both = one.join(other, ["municipality", "place"])
    return both.filter(both.one < both.other).select("municipality", "one", "other", "place")
