"""What people, addresses and the rest are called in a graph, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import pyarrow as pa

from features.stages import Stages

MERGED = ("person", "address")
"""kinds of which two numbers may be taken for one (pipelines/resolving.py)"""


def node(kind: str, number: Any) -> Any:
    """The name of a node: `kind:number`."""
    return ibis.literal(f"{kind}:") + number.cast("string")


def taken_for(stages: Stages, same: Mapping[int, int]) -> Any | None:
    """(called, named): the name of a node and the one it is taken for; None when nobody is. same: number -> the number
    it is taken for."""
    if not same:
        return None
    pairs = [(kind, number, other) for kind in MERGED for number, other in same.items()]
    names = {
        "called": [f"{kind}:{number}" for kind, number, _ in pairs],
        "named": [f"{kind}:{other}" for kind, _, other in pairs],
    }
    return stages.given("same", pa.table(names))


def renamed(found: Any, names: Any | None, *columns: str) -> Any:
    """`found` with the nodes in `columns` under the name they are taken for; names: as `taken_for` gives."""
    if names is None:
        return found
    for column in columns:
        joined = found.left_join(names, found[column] == names.called)
        found = joined.mutate(**{column: joined.named.coalesce(joined[column])}).drop("called", "named")
    return found


def union(one: Any, other: Any) -> Any:
    """The rows of both, for a reduce over many."""
    return one.union(other)
