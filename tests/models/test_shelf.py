"""What is read from MLflow's tables is what MLflow itself reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import shelf
from models.registry import CHALLENGER, CHAMPION, NAME


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions as MLflow writes them: with tags, aliases, parameters and metrics, one of which is not a number."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow.tracking import MlflowClient

    path = Path(tmp_path_factory.mktemp("mlruns")) / "mlflow.db"
    client = MlflowClient(f"sqlite:///{path}", f"sqlite:///{path}")
    experiment = client.create_experiment(NAME, artifact_location=(path.parent / "artifacts").as_uri())
    client.create_registered_model(NAME)
    for kind in ("scorecard", "boosting"):
        run = client.create_run(experiment)
        client.log_param(run.info.run_id, "kind", kind)
        for step, value in enumerate((0.25, 0.5)):
            client.log_metric(run.info.run_id, "precision", value, step=step)
        client.log_metric(run.info.run_id, "lift", float("nan"))
        made = client.create_model_version(NAME, run.info.artifact_uri, run.info.run_id, tags={"kind": kind, "a": "b"})
    client.set_registered_model_alias(NAME, CHAMPION, "1")
    client.set_registered_model_alias(NAME, CHALLENGER, str(made.version))
    return path


def test_a_version_is_read_as_mlflow_reads_it(store: Path) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{store}", f"sqlite:///{store}")
    assert shelf.versions(store, NAME) == ["1", "2"]
    assert shelf.aliases(store, NAME) == {CHAMPION: "1", CHALLENGER: "2"}
    for version in ("1", "2"):
        theirs, ours = client.get_model_version(NAME, version), shelf.shelved(store, NAME, version)
        assert ours is not None
        assert (ours.version, ours.run_id) == (str(theirs.version), theirs.run_id)
        assert ours.creation_timestamp == theirs.creation_timestamp
        assert (ours.tags, list(ours.aliases)) == (theirs.tags, sorted(theirs.aliases))
        run = client.get_run(theirs.run_id)
        assert shelf.params(store, ours.run_id) == run.data.params
        assert repr(shelf.metrics(store, ours.run_id)) == repr(dict(sorted(run.data.metrics.items())))


def test_what_is_not_there_is_told_as_nothing(store: Path, tmp_path: Path) -> None:
    assert shelf.shelved(store, NAME, "3") is None
    assert shelf.versions(tmp_path / "mlflow.db", NAME) == []
    assert not (tmp_path / "mlflow.db").exists()


def test_reading_a_model_for_a_page_does_not_import_mlflow(store: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"""
import sys
from pathlib import Path
from models.registry import Registry
registry = Registry(Path({str(store.parent)!r}))
assert registry.versions() == ["1", "2"] and registry.alias("champion") == "1"
print(sorted(set(sys.modules) & {{"mlflow", "sklearn", "scipy"}}))
"""],
        capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert told.stdout.strip() == "[]"
