"""Spark gives what DuckDB gives, column by column, from the same declarations on the same lake."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.catalogue import CATALOGUE
from features.engine import chosen
from features.records import CONTRACTS
from models.contenders import contenders
from models.dataset import Examples
from models.scoring import score
from models.uncertainty import bootstrap
from tests.features.randomlake import AS_OF
from tests.features.sparkworld import everything, small_lake, some_of_each
from tests.pipelines.oddrows import some

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
MADE = ("cases", "members", "circumstances", "matrix", "clusters", "edges", "components")


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
def test_the_same_matrix_to_the_bit_gives_the_same_scores_ranks_and_reasons(
    both: dict[str, dict[str, pa.Table]], tmp_path: Path
) -> None:
    """Ties are broken by the hash of the matrix, so within a billionth would not be enough."""
    matrices = {name: made["matrix"] for name, made in both.items()}
    assert matrices["spark"].equals(matrices["duckdb"])
    names = tuple(CATALOGUE)
    cells = np.column_stack([matrices["duckdb"][name].to_numpy() for name in names])
    most = int(np.argmax([len(np.unique(column)) for column in cells.T]))
    n = len(cells)
    taught = Examples(
        X=cells,
        names=names,
        case_id=np.arange(n, dtype=np.int64),
        as_of=np.full(n, np.datetime64("2024-01-01", "D")),
        municipality=np.full(n, "0917", dtype=np.str_),
        label=(cells[:, most] > np.median(cells[:, most])).astype(float),
        label_known_at=np.full(n, np.datetime64("2024-02-01", "s")),
        arm=np.full(n, "random", dtype=np.str_),
        probability=np.ones(n),
        cluster=np.arange(n, dtype=np.int64),
    )
    candidate = next(one for one in contenders(CATALOGUE, names, 1) if one.name == "scorecard")
    model, ensemble = candidate.fit(taught, np.ones(n)), bootstrap(candidate, taught, np.ones(n), 1, 5)
    scored = {}
    for name, matrix in matrices.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(matrix, path)
        seed = int(hashlib.sha256(path.read_bytes()).hexdigest()[:12], 16)
        scored[name] = list(score(model, path, CATALOGUE, ensemble, seed=seed, as_of=AS_OF).rows())
    assert len({row["margin"] for row in scored["duckdb"]}) > 1
    assert any(row["reasons"] for row in scored["duckdb"])
    assert scored["spark"] == scored["duckdb"]


def weegschaal(home: Path, *words: str, **settings: str) -> None:
    command = [str(Path(sys.executable).with_name("weegschaal")), *words]
    done = subprocess.run(
        command,
        env=os.environ | {"WEEGSCHAAL_HOME": str(home)} | settings,
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr


@with_spark
@pytest.mark.slow
@pytest.mark.skipif(not PROOF, reason="the simulated province on both engines takes minutes; make proof runs it")
def test_one_command_scores_and_selects_the_province_alike_on_spark(tmp_path: Path) -> None:
    """A day that the demonstration has not scored: its matrix, every score with its reasons, every list."""
    weegschaal(tmp_path / "duckdb", "demo", "--clients", "1500", "--no-serve")
    with closing(sqlite3.connect(tmp_path / "duckdb" / "weegschaal.db")) as tables, tables:
        tables.execute("UPDATE draw SET as_of = '2026-07-01'")  # a list whose quarter still runs would be kept
    shutil.copytree(tmp_path / "duckdb", tmp_path / "spark", ignore=shutil.ignore_patterns("deliveries"))
    day, made = "2026-11-02", {}
    for name in ("duckdb", "spark"):
        for step in ("score", "select"):
            weegschaal(tmp_path / name, step, "--as-of", day, WEEGSCHAAL_ENGINE=name, WEEGSCHAAL_DEMO="1")
        with sqlite3.connect(tmp_path / name / "weegschaal.db") as tables:
            run = tables.execute("SELECT id FROM run WHERE as_of = ?", [day]).fetchone()
            assert run is not None
            scores, draws, networks = (
                tables.execute(f"SELECT {columns} FROM {table} WHERE run_id = ? ORDER BY {by}", run).fetchall()
                for table, columns, by in (
                    ("score", "*", "case_id"),
                    ("draw", "municipality, as_of, eligible_sha256, counts", "municipality"),
                    ("network", "*", "case_id"),
                )
            )
        made[name] = (
            run,
            scores,
            draws,
            networks,
            pq.read_table(tmp_path / name / "features" / day / "matrix.parquet"),
        )
    *one, first = made["duckdb"]
    *other, second = made["spark"]
    assert first.num_rows > 1000
    assert_equal(first, second)
    for expected, found in zip(one, other, strict=True):
        assert len(expected) > 0
        assert found == expected


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(log: Path, port: int, *command: str) -> Iterator[None]:
    """A process of Spark's own, up when its port answers, and ended afterwards."""
    import pyspark

    script = Path(pyspark.__file__).parent / "bin" / command[0]
    settings = os.environ | {"SPARK_CONF_DIR": str(CONF), "SPARK_LOCAL_IP": "127.0.0.1"}
    with log.open("wb") as output:
        process = subprocess.Popen([str(script), *command[1:]], stdout=output, stderr=output, env=settings)
    try:
        for _ in range(180):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """A Connect server of this machine, as its own process; gives its address."""
    port = free_port()
    start = [
        *("--master", "local[2]", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--conf", f"spark.connect.grpc.binding.port={port}", "--conf", "spark.driver.host=127.0.0.1"),
        *("--conf", "spark.connect.grpc.binding.address=127.0.0.1", "--conf", "spark.ui.enabled=false"),
        *("--conf", "spark.sql.shuffle.partitions=2"),
        "spark-internal",
    ]
    with running(folder / "server.log", port, "spark-submit", *start):
        yield f"sc://127.0.0.1:{port}"


@contextmanager
def standalone_master(folder: Path) -> Iterator[str]:
    """A master of this machine with one worker, each its own process; gives the master's address."""
    port, door = free_port(), free_port()
    master = ("spark-class", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port))
    worker = ("spark-class", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--port", str(door))
    its = ("--cores", "2", "--memory", "2g", "--work-dir", str(folder / "worker"), "--webui-port", "0")
    address = f"spark://127.0.0.1:{port}"
    with (
        running(folder / "master.log", port, *master, "--webui-port", "0"),
        running(folder / "worker.log", door, *worker, *its, address),
    ):
        yield address


@with_spark
@pytest.mark.slow
@pytest.mark.skipif(not PROOF, reason="starting a server takes a while; make proof runs it")
@pytest.mark.parametrize("server", [connect_server, standalone_master])
def test_a_server_makes_what_duckdb_makes(
    tmp_path: Path, server: Callable[[Path], AbstractContextManager[str]]
) -> None:
    parts: Any = small_lake(tmp_path / "lake")
    stock = some(CONTRACTS["outcomes"], tmp_path / "outcomes.parquet", texts=True)
    with engine("duckdb"):
        expected = some_of_each(parts, stock, tmp_path / "duckdb")
    with server(tmp_path) as address:
        settings = {"WEEGSCHAAL_ENGINE": "spark", "WEEGSCHAAL_SPARK": address}
        settings |= {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(CONF)}
        made_there = [sys.executable, "-m", "tests.features.sparkworld", str(tmp_path)]
        subprocess.run(made_there, env=os.environ | settings, check=True, timeout=900)
    for name, rows in expected.items():
        assert rows.num_rows > 0
        assert_equal(rows, pq.read_table(tmp_path / f"made-{name}.parquet"))
