"""Connected components: what hangs together, by scipy in this process or in SQL on either engine.

Both give every node the smallest node of its component, and a test holds them equal to networkx. In SQL the ties are
rewritten until each node points at the smallest one, by turns from every larger and to every smaller neighbour (large
star and small star; Kiveris et al., Connected Components in MapReduce and Beyond, 2014): a number of passes that grows
with the logarithm of the longest path, not with the path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from features.engine import named
from features.stages import Stages

COMPONENTS = pa.schema([("node", pa.int64()), ("component", pa.int64())])
"""One row per node; `component` is the smallest node that hangs together with it"""
PASSES = 60
"""more than any graph that fits on a disk needs"""

SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""odd, and no pattern of numbers meets it: the highest bits of the product deal nodes evenly (Knuth, 6.4)"""

Numbers = npt.NDArray[np.int32]
Numbers64 = npt.NDArray[np.int64]


def labels(left: Numbers, right: Numbers, nodes: int) -> Numbers:
    """The component of each of the nodes 0 to `nodes` - 1, numbered in the order of their smallest node."""
    ties = csr_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(nodes, nodes))
    found: Numbers = connected_components(ties, directed=False)[1]
    return found


def components(ties: pa.Table) -> pa.Table:
    """COMPONENTS of ties (left, right: BIGINT, any numbers), in no order; one tied to itself alone counts too."""
    if not len(ties):
        return COMPONENTS.empty_table()
    (left, right), nodes = _placed([ties[name].to_numpy() for name in ("left", "right")])
    found = labels(left, right, len(nodes))
    del left, right
    smallest = np.full(int(found.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, found, nodes)
    return pa.table([pa.array(nodes), pa.array(smallest[found])], schema=COMPONENTS)


def _placed(ends: Sequence[Numbers64]) -> tuple[list[Numbers], Numbers64]:
    """Per end its nodes' places among all nodes, and the nodes. In buckets whose hash tables stay in the processor's
    cache: one large table waits for memory at every look-up."""
    orders, starts, dealt = [], [], []
    for end in ends:
        dealt_to = ((end.view(np.uint64) * SPREAD) >> np.uint64(56)).astype(np.uint8)
        order = np.argsort(dealt_to, kind="stable").astype(np.int32)
        orders.append(order)
        starts.append(np.concatenate([[0], np.cumsum(np.bincount(dealt_to, minlength=256))]))
        dealt.append(end[order])
    places = [np.empty(len(end), dtype=np.int32) for end in ends]
    nodes: list[Numbers64] = []
    before = 0
    for bucket in range(256):
        slices = [slice(start[bucket], start[bucket + 1]) for start in starts]
        coded = pa.array(np.concatenate([end[one] for end, one in zip(dealt, slices, strict=True)])).dictionary_encode()
        indices = coded.indices.to_numpy() + np.int32(before)
        taken = 0
        for place, order, one in zip(places, orders, slices, strict=True):
            many = one.stop - one.start
            place[order[one]] = indices[taken : taken + many]
            taken += many
        nodes.append(coded.dictionary.to_numpy())
        before += len(coded.dictionary)
    return places, np.concatenate(nodes)


def hanging_together(stages: Stages, ties: Any) -> pa.Table:
    """COMPONENTS of a table of ties (left, right), in no order: on Spark in SQL, else by scipy in this process."""
    if named() == "spark":
        return stages.arrow(components_in_sql(stages, ties)).cast(COMPONENTS)
    return components(stages.arrow(ties))


def components_in_sql(stages: Stages, ties: Any) -> Any:
    """COMPONENTS of a table of ties (left, right) on the engine of the stages; not sorted.

    Raises RuntimeError when it does not come to rest, which no finite graph should make happen.
    """
    ties = stages.keep("ties", ties.select("left", "right").distinct())
    nodes = ties.select(node=ties.left).union(ties.select(node=ties.right)).distinct()
    apart = ties.filter(ties.left != ties.right)
    stars = stages.keep(
        "stars_0",
        apart.select(
            high=(apart.left > apart.right).ifelse(apart.left, apart.right),
            low=(apart.left > apart.right).ifelse(apart.right, apart.left),
        ).distinct(),
    )
    for turn in range(1, PASSES):
        if _at_rest(stages, stars):
            joined = nodes.left_join(stars, nodes.node == stars.high)
            return joined.select("node", component=joined.low.coalesce(joined.node))
        large = stages.keep(f"large_{turn}", _large_star(stars))
        stars = stages.keep(f"stars_{turn}", _small_star(large))
    raise RuntimeError(f"components did not come to rest in {PASSES} passes; please report this graph")


def _at_rest(stages: Stages, stars: Any) -> bool:
    """Whether every node points at one other, and that one at none: then it points at the smallest it can reach."""
    pointing = stages.arrow(stars.aggregate(rows=stars.count(), nodes=stars.high.nunique())).to_pylist()[0]
    passed = stars.semi_join(stars.select(high=stars.low).distinct(), "high")
    through = stages.arrow(passed.aggregate(rows=passed.count())).to_pylist()[0]
    return bool(pointing["rows"] == pointing["nodes"] and through["rows"] == 0)


def _large_star(stars: Any) -> Any:
    """Every larger neighbour of a node now points at the smallest of the node and its neighbours."""
    both = stars.select(node=stars.high, other=stars.low).union(stars.select(node=stars.low, other=stars.high))
    least = both.group_by("node").aggregate(least=both.other.min())
    least = least.select("node", low=(least.least < least.node).ifelse(least.least, least.node))
    larger = both.filter(both.other > both.node).join(least, "node")
    return larger.select(high=larger.other, low=larger.low).distinct()


def _small_star(stars: Any) -> Any:
    """A node and its smaller neighbours now point at the smallest of them."""
    least = stars.group_by("high").aggregate(least=stars.low.min())
    smaller = stars.join(least, "high")
    smaller = smaller.filter(smaller.low != smaller.least).select(high=smaller.low, low=smaller.least)
    return smaller.union(least.select("high", low=least.least)).distinct()
