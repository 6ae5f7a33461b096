"""The registry: what comes out is what went in, or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
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


def test_a_promoted_model_is_not_displaced_by_a_demonstration(filled: Path, tmp_path: Path) -> None:
    registry = Registry(shutil.copytree(filled, tmp_path / "in-use"))
    registry.promote("1", demo=False, promotion="1-1")
    assert (registry.load().version, registry.load().demo) == ("1", False)
    registry.promote("2", demo=True)
    assert registry.load().version == "1"
    assert registry.described("2")["aliases"] == ["challenger"]
    registry.challenge("1")
    assert registry.described()["aliases"] == ["challenger", "champion"]
    with pytest.raises(LookupError):
        registry.challenge("9")


def test_a_folder_that_was_moved_takes_new_models(report, filled: Path, tmp_path: Path) -> None:
    moved = Registry(shutil.copytree(filled, tmp_path / "moved"))
    assert moved.record(report) == "3"
    assert moved.load("3").sha256 == report.model_sha256


def test_a_first_training_that_was_stopped_while_tables_were_made_is_made_again(
    report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow finds a table of its own that it did not write down as made, and gives up for good."""
    from mlflow.store.db import utils

    def stopped(engine):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE mcp_servers (id INTEGER)")
        raise KeyboardInterrupt

    registry = Registry(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(utils, "_upgrade_db", stopped)
        with pytest.raises(KeyboardInterrupt):
            registry.record(report)
    assert registry.record(report) == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "mlflow.db"]


def test_r31_a_frozen_model_is_no_champion(filled: Path, tmp_path: Path) -> None:
    registry = Registry(shutil.copytree(filled, tmp_path / "frozen"))
    registry.freeze("2", "one group is selected too often")
    assert registry.described("2")["frozen"]
    with pytest.raises(LookupError, match="no champion"):
        registry.load()
    for again in (lambda: registry.promote("2", demo=True), lambda: registry.promote("2", demo=False, promotion="2-1")):
        with pytest.raises(NotPromotedError, match="frozen for good: one group"):
            again()
    with pytest.raises(NotPromotedError, match="frozen for good"):
        registry.challenge("2")


def test_a_demonstration_that_is_displaced_is_none_any_more(filled: Path, tmp_path: Path) -> None:
    registry = Registry(shutil.copytree(filled, tmp_path / "displaced"))
    assert registry.described("2")["demo"]
    registry.promote("1", demo=True)
    assert [registry.described(one)["demo"] for one in ("1", "2")] == [True, False]
    registry.promote("1", demo=True)
    assert registry.described("1")["demo"], "it displaced nobody"
    registry.promote("2", demo=False, promotion="2-1")
    assert not any(registry.described(one)["demo"] for one in ("1", "2"))


def test_r29_the_run_names_the_engine_it_was_made_on(filled: Path) -> None:
    found = Registry(filled).described("1")
    assert found["params"]["version.numpy"] == np.__version__
    assert found["params"]["matrix_sha256"] == "ab" * 32
    assert found["registered_at"][:2] == "20"
    assert Registry(filled).versions() == ["1", "2"]


def test_r27_what_was_in_force_stays_beside_what_is_in_force_now(filled: Path, tmp_path: Path) -> None:
    registry = Registry(shutil.copytree(filled, tmp_path / "documented"))
    with pytest.raises(LookupError, match="card"):
        registry.document("2", "card.html")
    march, june = (dt.datetime(2026, month, 1, 9, tzinfo=dt.UTC) for month in (3, 6))
    registry.keep("2", {"card.html": b"first", "data.html": b"same"}, "a", {"aliases": ["challenger"]}, march)
    registry.keep("2", {"card.html": b"first", "data.html": b"same"}, "a", {}, march + dt.timedelta(days=9))
    registry.keep("2", {"card.html": b"second", "data.html": b"same"}, "b", {"aliases": ["champion"]}, june)
    first, second = registry.editions(None)
    assert (first.number, first.made_at, first.state, first.about) == (1, march, "a", {"aliases": ["challenger"]})
    assert (second.number, list(second.documents)) == (2, ["card.html"]), "what did not change is not kept twice"
    then = [registry.document("2", "card.html", edition) for edition in (None, 1, 2)]
    assert then == [b"second", b"first", b"second"]
    assert registry.document("2", "data.html", 2) == b"same"
    moments = (march - dt.timedelta(seconds=1), march, june - dt.timedelta(days=1), june)
    assert [registry.edition_at("2", moment) for moment in moments] == [None, 1, 1, 2]
    assert registry.editions("1") == []
    known = registry.described()
    assert known["documents"]["card.html"] == hashlib.sha256(b"second").hexdigest()
    assert known["documents_of"] == "b"
    with pytest.raises(LookupError, match="2 editions"):
        registry.document("2", "card.html", 3)
    with pytest.raises(ValueError, match="written once"):
        registry.keep("2", {"model.json": b"{}"})


@pytest.mark.parametrize("edition", [1, 2])
def test_r27_a_document_that_was_changed_is_refused_in_every_edition(
    filled: Path, tmp_path: Path, edition: int
) -> None:
    registry = Registry(shutil.copytree(filled, tmp_path / "documented"))
    registry.keep("2", {"card.html": b"<p>first</p>"})
    registry.keep("2", {"card.html": b"<p>second</p>"})
    sorted(registry.folder.rglob("card.html"))[edition - 1].write_bytes(b"<p>other</p>")
    with pytest.raises(TamperedError, match="card"):
        registry.document("2", "card.html", edition)
    assert registry.document("2", "card.html", 3 - edition)


def test_nothing_is_pickled_and_nothing_is_reported_over_the_network(filled: Path) -> None:
    kept = {path.name for path in filled.rglob("*") if path.is_file()}
    assert kept == {"mlflow.db", *ARTIFACTS}
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
