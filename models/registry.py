"""Where models are kept: MLflow's store in sqlite and files below one folder, read back only when the sha256 fits.

No pickle and none of MLflow's model flavours: an artifact is canonical JSON, and reading it runs no code.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.candidate import Fitted
from models.contenders import reader
from models.training import TrainingReport
from models.uncertainty import Ensemble

NAME = "weegschaal"
CHAMPION = "champion"
ARTIFACTS = ("model.json", "ensemble.json", "report.json")


class TamperedError(ValueError):
    """An artifact is not the one that was registered; nothing is scored with it."""


class NotPromotedError(PermissionError):
    """Promotion needs more than was given (R12)."""


@dataclass(frozen=True)
class Registered:
    """A version as it was registered."""

    name: str
    version: str
    sha256: str
    """of model.json"""
    model: Fitted
    ensemble: Ensemble
    report: dict[str, Any]
    demo: bool
    """promoted for demonstration only"""


class Registry:
    """The store below `folder`: mlflow.db and artifacts/. Moving the folder as a whole keeps it readable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)

    def record(self, report: TrainingReport, matrix_sha256: str = "") -> str:
        """Register a training as a new version and give its number. The matrix itself stays outside, only its hash
        is kept (R21)."""
        client = self._client()
        found = client.get_experiment_by_name(NAME)
        artifacts = (self.folder / "artifacts").as_uri()
        experiment = found.experiment_id if found else client.create_experiment(NAME, artifact_location=artifacts)
        contents = dict(zip(ARTIFACTS, (report.model.dump(), report.ensemble.dump(), report.dump()), strict=True))
        hashes = {f"sha256.{name}": hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        run = client.create_run(experiment, run_name=f"{report.champion} {report.until.isoformat()}", tags=hashes)
        run_id = run.info.run_id
        settings = {"seed": report.seed, "until": report.until, "coding": report.coding, "champion": report.champion}
        for key, value in (settings | {"matrix_sha256": matrix_sha256, "features": len(report.names)}).items():
            client.log_param(run_id, key, value)
        for key, figure in report.metrics().items():
            client.log_metric(run_id, key, figure)
        with tempfile.TemporaryDirectory() as aside:
            for name, data in contents.items():
                (Path(aside) / name).write_bytes(data)
            client.log_artifacts(run_id, aside)
        client.set_terminated(run_id)
        if not client.search_registered_models(f"name='{NAME}'"):
            client.create_registered_model(NAME)
        tags = {**hashes, "kind": report.model.kind, "demo": "false"}
        version = client.create_model_version(NAME, source=run.info.artifact_uri, run_id=run_id, tags=tags)
        return str(version.version)

    def promote(self, version: str, *, demo: bool) -> None:
        """Make `version` champion for demonstration, and mark it so.

        Raises NotPromotedError without `demo`: real use needs two people and the references of R12.
        """
        if not demo:
            raise NotPromotedError("promotion for use needs two people and references to DPIA, FRIA and IAMA (R12)")
        client = self._client()
        client.set_model_version_tag(NAME, version, "demo", "true")
        client.set_registered_model_alias(NAME, CHAMPION, version)

    def load(self, version: str | None = None) -> Registered:
        """The champion, or the version asked for, after checking the sha256 of every artifact.

        Raises LookupError when there is none, TamperedError when an artifact is missing or was changed.
        """
        found = self._find(version)
        place = self.folder / "artifacts" / found.run_id / "artifacts"
        data = {name: _checked(place / name, found.tags[f"sha256.{name}"]) for name in ARTIFACTS}
        candidate = reader(found.tags["kind"])
        return Registered(
            name=NAME,
            version=str(found.version),
            sha256=found.tags["sha256.model.json"],
            model=candidate.load(data["model.json"]),
            ensemble=Ensemble.load(data["ensemble.json"], candidate),
            report=json.loads(data["report.json"]),
            demo=found.tags["demo"] == "true",
        )

    def _find(self, version: str | None) -> Any:
        from mlflow.exceptions import MlflowException

        client = self._client()
        try:
            if version is None:
                return client.get_model_version_by_alias(NAME, CHAMPION)
            return client.get_model_version(NAME, version)
        except MlflowException as error:
            what = "champion" if version is None else f"version {version}"
            raise LookupError(f"the registry has no {what}; train and promote a model first") from error

    def _client(self) -> Any:
        # Importing MLflow takes seconds, and by default it reports its use over the network.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        from mlflow.tracking import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        store = f"sqlite:///{self.folder / 'mlflow.db'}"
        return MlflowClient(tracking_uri=store, registry_uri=store)


def _checked(path: Path, sha256: str) -> bytes:
    if not path.is_file():
        raise TamperedError(f"{path.name} of the registered version is missing")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise TamperedError(f"{path.name} is not the file that was registered: its sha256 differs")
    return data
