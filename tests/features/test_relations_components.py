"""Components by scipy and in SQL are those of networkx, whatever the numbers and the shape."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.relations.components import COMPONENTS, components, components_in_sql
from features.stages import Stages

Ties = list[tuple[int, int]]


def oracle(ties: Ties) -> dict[int, int]:
    graph: nx.Graph[int] = nx.Graph(ties)
    return {node: min(found) for found in nx.connected_components(graph) for node in found}


def table(ties: Ties) -> pa.Table:
    columns = [pa.array([one[end] for one in ties], pa.int64()) for end in (0, 1)]
    return pa.table(columns, names=["left", "right"])


def told(found: pa.Table) -> dict[int, int]:
    assert len(found) == len(set(found["node"].to_pylist())), "a node stands once"
    return dict(zip(found["node"].to_pylist(), found["component"].to_pylist(), strict=True))


def in_sql(ties: Ties, folder: Path) -> dict[int, int]:
    with Stages(folder / "stages", {}) as stages:
        return told(stages.arrow(components_in_sql(stages, stages.given("given", table(ties)))))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60))
def test_scipy_gives_the_components_of_networkx(ties: Ties) -> None:
    found = components(table(ties))
    assert found.schema == COMPONENTS
    assert told(found) == oracle(ties)


@settings(
    max_examples=200 if os.environ.get("WEEGSCHAAL_PROOF") == "1" else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=50))
def test_sql_gives_the_components_of_networkx(tmp_path: Path, ties: Ties) -> None:
    assert in_sql(ties, tmp_path) == oracle(ties)


@pytest.mark.parametrize("shape", ["path", "star", "cycle", "large numbers"])
def test_long_and_wide_graphs_come_to_rest(tmp_path: Path, shape: str) -> None:
    rng = random.Random(3)
    numbers = rng.sample(range(1, 2**62), 600) if shape == "large numbers" else rng.sample(range(600), 600)
    ties = {
        "path": list(pairwise(numbers)),
        "star": [(numbers[0], other) for other in numbers[1:]],
        "cycle": list(zip(numbers, [*numbers[1:], numbers[0]], strict=True)),
        "large numbers": [(rng.choice(numbers), rng.choice(numbers)) for _ in range(500)],
    }[shape]
    assert in_sql(ties, tmp_path) == told(components(table(ties))) == oracle(ties)
