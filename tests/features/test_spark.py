"""Spark gives what DuckDB gives, column by column, from the same declarations on the same lake."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.engine import chosen
from features.matrix import build, cases_on
from tests.features.sparkworld import around, everything, small_lake

PROOF = os.environ.get("WEEGSCHAAL_PROOF") == "1"
CONF = Path(__file__).parent / "spark"
MISSING = (
    "no Java here (java on the PATH or JAVA_HOME)"
    if not (shutil.which("java") or os.environ.get("JAVA_HOME"))
    else "pyspark is not installed (uv sync --extra spark)"
    if importlib.util.find_spec("pyspark") is None
    else ""
)
with_spark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "Spark is here")
RELATIVE = 1e-9
MADE = ("cases", "members", "circumstances", "matrix", "clusters", "edges")


@contextmanager
def engine(name: str, **settings: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEEGSCHAAL_ENGINE", name)
        for setting, value in settings.items():
            patch.setenv(setting, value)
        yield


@contextmanager
def local_spark() -> Iterator[None]:
    """Spark on two threads of this machine, set up for small tables, and stopped afterwards."""
    from features import spark

    with engine("spark", WEEGSCHAAL_SPARK="local[2]", SPARK_CONF_DIR=str(CONF)):
        spark.session().conf.set("spark.sql.shuffle.partitions", "2")
        yield
        spark.session().stop()
        spark.opened.cache_clear()


def assert_equal(one: pa.Table, other: pa.Table) -> None:
    """Column by column: numbers within a billionth of the first, everything else equal."""
    assert other.column_names == one.column_names
    assert other.num_rows == one.num_rows
    for name in one.column_names:
        if pa.types.is_floating(one.schema.field(name).type):
            expected, found = one[name].to_numpy(), other[name].to_numpy()
            np.testing.assert_allclose(found, expected, rtol=RELATIVE, atol=0, err_msg=name)
        else:
            assert other[name].to_pylist() == one[name].to_pylist(), name


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, pa.Table]]:
    folder = tmp_path_factory.mktemp("parity")
    parts = small_lake(folder / "lake")
    with engine("duckdb"):
        made = {"duckdb": everything(parts, folder / "duckdb")}
    with local_spark():
        made["spark"] = everything(parts, folder / "spark")
    return made


@with_spark
@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_spark_makes_what_duckdb_makes(both: dict[str, dict[str, pa.Table]], name: str) -> None:
    assert both["duckdb"][name].num_rows > 0
    assert_equal(both["duckdb"][name], both["spark"][name])


@with_spark
def test_the_small_world_says_something_about_nearly_every_feature(both: dict[str, dict[str, pa.Table]]) -> None:
    matrix = both["duckdb"]["matrix"]
    alike = [name for name in matrix.column_names if len(matrix[name].unique()) == 1]
    assert len(alike) < 0.1 * len(matrix.column_names), alike


def test_a_parity_that_fails_is_seen() -> None:
    table = pa.table({"a": [1.0, 2.0]})
    assert_equal(table, pa.table({"a": [1.0, 2.0 + 1e-12]}))
    for other in (pa.table({"a": [1.0, 2.00001]}), pa.table({"a": [1.0]}), pa.table({"b": [1.0, 2.0]})):
        with pytest.raises(AssertionError):
            assert_equal(table, other)


@pytest.mark.parametrize(
    ("setting", "value"), [("WEEGSCHAAL_ENGINE", "polars"), ("WEEGSCHAAL_SPARK", "http://spark.example")]
)
def test_a_setting_that_names_no_engine_says_what_to_set(tmp_path: Path, setting: str, value: str) -> None:
    with engine("spark", **{setting: value}), pytest.raises(ValueError, match=f"{setting} is '{value}'; set it to"):
        chosen(tmp_path)


@with_spark
@pytest.mark.slow
@pytest.mark.skipif(not PROOF, reason="the simulated province on both engines takes minutes; make proof runs it")
def test_spark_makes_the_matrix_of_the_province(tmp_path: Path) -> None:
    from enforcement.settings import Settings
    from pipelines.deliveries import bring_in, simulate
    from pipelines.lake import Lake
    from pipelines.learning import ages_on, newest_date
    from pipelines.steps import unseen

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEEGSCHAAL_HOME", str(tmp_path))
        settings = Settings.read()
        simulate(settings, 1500, 1, unseen)
        bring_in(settings, [settings.deliveries], None, None, unseen)
        lake = Lake(settings)
        parts, day = lake.parts(), newest_date(lake)
        ages = ages_on(settings, [day])
        with engine("duckdb"):
            cases = cases_on(parts, [day], tmp_path)
            one = pq.read_table(build(parts, cases, ages, tmp_path).path)
        with local_spark():
            other = pq.read_table(build(parts, cases, ages, tmp_path).path)
    assert one.num_rows > 1000
    assert_equal(one, other)


@contextmanager
def connect_server(log: Path) -> Iterator[str]:
    """A Connect server of this machine, as its own process; gives its address."""
    import pyspark

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [
        str(Path(pyspark.__file__).parent / "bin" / "spark-submit"),
        *("--master", "local[2]", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--conf", f"spark.connect.grpc.binding.port={port}", "--conf", "spark.driver.host=127.0.0.1"),
        *("--conf", "spark.connect.grpc.binding.address=127.0.0.1", "--conf", "spark.ui.enabled=false"),
        *("--conf", "spark.sql.shuffle.partitions=2"),
        "spark-internal",
    ]
    with log.open("wb") as output:
        settings = os.environ | {"SPARK_CONF_DIR": str(CONF)}
        server = subprocess.Popen(start, stdout=output, stderr=output, env=settings)
    try:
        for _ in range(180):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(1)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


@with_spark
@pytest.mark.slow
@pytest.mark.skipif(not PROOF, reason="starting a Connect server takes a while; make proof runs it")
def test_a_connect_server_makes_what_duckdb_makes(tmp_path: Path) -> None:
    parts: Any = small_lake(tmp_path / "lake")
    with engine("duckdb"):
        expected = around(parts, tmp_path / "duckdb")
    with connect_server(tmp_path / "server.log") as address:
        settings = os.environ | {"WEEGSCHAAL_ENGINE": "spark", "WEEGSCHAAL_SPARK": address}
        made_there = [sys.executable, "-m", "tests.features.sparkworld", str(tmp_path)]
        subprocess.run(made_there, env=settings, check=True, timeout=600)
    assert expected.num_rows > 0
    assert_equal(expected, pq.read_table(tmp_path / "found.parquet"))
