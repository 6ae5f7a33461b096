"""How dear are connected components beside scipy alone? 10 million ties, processor time, each in a process of its own.

    .venv/bin/python -m benchmarks.relations

`scipy alone` is csr_matrix and connected_components on ties whose ends are numbered from 0 already. `labels` is ours on
the same ties. With ends of 63 random bits, as in the lake, nodes must first be numbered: `components` does so in
hash tables that fit the cache, `unique + scipy` is the way it is usually written. The same in SQL on DuckDB, at a tenth
of the size.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from features.relations.components import components, components_in_sql, labels
from features.stages import Stages

TIES = 10_000_000


def ties_of(many: int, *, numbered: bool) -> tuple[Any, Any, int]:
    """Households and employers: seven in ten ties are to someone near, the rest to anyone. int32 places, or 63 bits."""
    rng = np.random.default_rng(1)
    nodes = many * 8 // 10
    left = rng.integers(0, nodes, many, dtype=np.int32)
    near = np.minimum(left + rng.integers(1, 4, many, dtype=np.int32), nodes - 1)
    right = np.where(rng.random(many, dtype=np.float32) < 0.7, near, rng.integers(0, nodes, many, dtype=np.int32))
    if numbered:
        return left, right, nodes
    names = rng.integers(1, 2**62, nodes)
    return names[left], names[right], nodes


def scipy_alone(many: int) -> Callable[[], int]:
    left, right, nodes = ties_of(many, numbered=True)

    def run() -> int:
        ties = csr_matrix((np.ones(many, dtype=np.int8), (left, right)), shape=(nodes, nodes))
        return int(connected_components(ties, directed=False)[0])

    return run


def ours(many: int) -> Callable[[], int]:
    left, right, nodes = ties_of(many, numbered=True)
    return lambda: int(labels(left, right, nodes).max()) + 1


def unique_and_scipy(many: int) -> Callable[[], int]:
    left, right, _ = ties_of(many, numbered=False)

    def run() -> int:
        nodes, at = np.unique(np.concatenate([left, right]), return_inverse=True)
        shape = (len(nodes), len(nodes))
        ties = csr_matrix((np.ones(many, dtype=np.int8), (at[:many], at[many:])), shape=shape)
        return int(connected_components(ties, directed=False)[0])

    return run


def ours_named(many: int) -> Callable[[], int]:
    left, right, _ = ties_of(many, numbered=False)
    ties = pa.table({"left": left, "right": right})
    del left, right

    def run() -> int:
        found = components(ties)
        return int(np.count_nonzero(found["node"].to_numpy() == found["component"].to_numpy()))

    return run


def in_sql(many: int) -> Callable[[], int]:
    left, right, _ = ties_of(many // 10, numbered=False)
    ties = pa.table({"left": left, "right": right})

    def run() -> int:
        with tempfile.TemporaryDirectory(prefix="weegschaal-") as folder, Stages(Path(folder) / "s", {}) as stages:
            found = components_in_sql(stages, stages.given("ties_given", ties))
            return len(stages.arrow(found)["component"].unique())

    return run


WAYS: dict[str, Callable[[int], Callable[[], int]]] = {
    "scipy alone, numbered": scipy_alone,
    "labels, numbered": ours,
    "unique + scipy, 63 bits": unique_and_scipy,
    "components, 63 bits": ours_named,
    "components_in_sql, a tenth": in_sql,
}


def _measured(way: str, many: int, send: Any) -> None:
    run = WAYS[way](many)
    started = time.process_time()
    found = run()
    seconds = time.process_time() - started
    send.send((found, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def measured(way: str, many: int) -> tuple[int, float, float]:
    """Components, processor seconds, and the peak memory of the process (MiB, the ties themselves included)."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(way, many, send))
    process.start()
    answer: tuple[int, float, float] = receive.recv()
    process.join()
    return answer


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--ties", type=int, default=TIES)
    arguments.add_argument("--times", type=int, default=3)
    chosen = arguments.parse_args()
    taken: dict[str, list[tuple[int, float, float]]] = {way: [] for way in WAYS}
    for _ in range(chosen.times):
        for way, rows in taken.items():
            rows.append(measured(way, chosen.ties))
    print(f"{'way':<28} {'components':>11} {'processor s':>12} {'peak MiB':>9}  beside")
    peers = {"labels, numbered": "scipy alone, numbered", "components, 63 bits": "unique + scipy, 63 bits"}
    median = {way: statistics.median(row[1] for row in rows) for way, rows in taken.items()}
    for way, rows in taken.items():
        peer = peers.get(way)
        beside = f"{median[way] / median[peer]:.2f} x {peer}" if peer else ""
        peak = max(row[2] for row in rows)
        print(f"{way:<28} {rows[0][0]:>11,} {median[way]:>12.2f} {peak:>9,.0f}  {beside}")
    for way, peer in peers.items():
        assert taken[way][0][0] == taken[peer][0][0], f"{way} and {peer} differ"


if __name__ == "__main__":
    main()
