"""The registry: what comes out is what went in, or nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.registry import ARTIFACTS, NotPromotedError, Registry, TamperedError
from models.training import train
from tests.models.builders import UNTIL, examples, features


@pytest.fixture(scope="module")
def report():
    return train(examples(), features(), 1, UNTIL, refits=3)


@pytest.fixture(scope="module")
def filled(report, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mlruns")
    registry = Registry(folder)
    with pytest.raises(LookupError, match="train"):
        registry.load()
    assert registry.record(report, "ab" * 32) == "1"
    assert registry.record(report) == "2"
    registry.promote("2", demo=True)
    return folder


def test_the_champion_is_the_promoted_version_and_scores_the_same(report, filled: Path) -> None:
    found = Registry(filled).load()
    assert (found.version, found.demo, found.sha256) == ("2", True, report.model_sha256)
    cells = examples().X
    np.testing.assert_array_equal(found.model.margin(cells), report.model.margin(cells))
    np.testing.assert_array_equal(found.ensemble.margins(cells), report.ensemble.margins(cells))
    assert found.report == json.loads(report.dump())
    assert Registry(filled).load("1").demo is False
    with pytest.raises(LookupError, match="version 9"):
        Registry(filled).load("9")


def test_r12_promotion_for_use_is_refused_here(filled: Path) -> None:
    with pytest.raises(NotPromotedError, match="two people"):
        Registry(filled).promote("1", demo=False)
    assert Registry(filled).load().version == "2"


@pytest.mark.parametrize("name", ARTIFACTS)
def test_a_tampered_artifact_is_refused(filled: Path, tmp_path: Path, name: str) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(filled, moved)
    assert Registry(moved).load().version == "2"
    for path in moved.glob(f"artifacts/*/artifacts/{name}"):
        path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(TamperedError, match=name):
        Registry(moved).load()
    for path in moved.glob(f"artifacts/*/artifacts/{name}"):
        path.unlink()
    with pytest.raises(TamperedError, match="missing"):
        Registry(moved).load()


def test_nothing_is_pickled_and_nothing_is_reported_over_the_network(filled: Path) -> None:
    kept = {path.name for path in filled.rglob("*") if path.is_file()}
    assert kept == {"mlflow.db", *ARTIFACTS}
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
