"""Where models are kept: MLflow's store in sqlite and files below one folder, read back only when the sha256 fits.

No pickle and none of MLflow's model flavours: an artifact is canonical JSON, and reading it runs no code.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models import shelf
from models.shelf import Shelved

if TYPE_CHECKING:
    from models.candidate import Fitted
    from models.training import TrainingReport
    from models.uncertainty import Ensemble

NAME = "weegschaal"
CHAMPION, CHALLENGER = "champion", "challenger"
ARTIFACTS = ("model.json", "ensemble.json", "report.json")
ENGINE = ("numpy", "lightgbm", "interpret-core", "scikit-learn", "duckdb", "ibis-framework", "pyarrow")
"""packages on whose version a score may depend (R29)"""


DOCUMENTS = "documents"
EDITION = "documents."
"""tag of one edition; behind the point stands when it was made"""
STANDS_FOR = "documents_of"
"""tag: hash of the state that the newest documents tell of"""


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


@dataclass(frozen=True)
class Edition:
    """Documents that were made together. A later edition stands beside it and takes nothing away (R27)."""

    number: int
    """from 1, in the order in which they were made"""
    made_at: dt.datetime
    state: str
    """hash of what the documents tell of"""
    about: Mapping[str, Any]
    """the same in words: role, promotion, adoption, freezing"""
    documents: Mapping[str, str]
    """name -> sha256 of what is new or changed in it; the others are those of the editions before"""
    folder: str
    """below the documents of the version"""


class Registry:
    """The store below `folder`: mlflow.db and artifacts/. Moving the folder as a whole keeps it readable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)

    def record(self, report: TrainingReport, matrix_sha256: str = "", trainer: str = "") -> str:
        """Register a training as a new version and give its number. The matrix itself stays outside, only its hash
        is kept (R21). trainer: user id of who ran it, who may not approve its promotion (R12)."""
        client = self._client()
        found = client.get_experiment_by_name(NAME)
        artifacts = (self.folder / "artifacts").as_uri()
        experiment = found.experiment_id if found else client.create_experiment(NAME, artifact_location=artifacts)
        contents = dict(zip(ARTIFACTS, (report.model.dump(), report.ensemble.dump(), report.dump()), strict=True))
        hashes = {f"sha256.{name}": hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        run = client.create_run(experiment, run_name=f"{report.champion} {report.until.isoformat()}", tags=hashes)
        run_id = run.info.run_id
        settings = {"seed": report.seed, "until": report.until, "coding": report.coding, "champion": report.champion}
        settings |= {"matrix_sha256": matrix_sha256, "features": len(report.names)}
        for key, value in (settings | {f"version.{name}": one for name, one in engine_versions().items()}).items():
            client.log_param(run_id, key, value)
        for key, figure in report.metrics().items():
            client.log_metric(run_id, key, figure)
        _write(self._artifacts(run_id), contents)
        client.set_terminated(run_id)
        if not client.search_registered_models(f"name='{NAME}'"):
            client.create_registered_model(NAME)
        tags = {**hashes, "kind": report.model.kind, "demo": "false", "trainer": trainer}
        version = client.create_model_version(NAME, source=run.info.artifact_uri, run_id=run_id, tags=tags)
        return str(version.version)

    def promote(self, version: str, *, demo: bool, promotion: str = "") -> None:
        """Make `version` champion: for use with the number of its settled promotion, or for demonstration, marked so.

        A demonstration never takes the place of a model that is in use: then it becomes the challenger. A champion of a
        demonstration whose place is taken is not for demonstration any more. Raises NotPromotedError with neither,
        because real use needs two people and the references of R12 (enforcement/promotion.py), and for a version that
        was frozen.
        """
        if not demo and not promotion:
            raise NotPromotedError("promotion for use needs two people and references to DPIA, FRIA and IAMA (R12)")
        self._refuse_frozen(version)
        client, before = self._client(), self.alias(CHAMPION)
        if promotion:
            client.set_model_version_tag(NAME, version, "demo", "false")
            client.set_model_version_tag(NAME, version, "promotion", promotion)
        elif self._in_use(client):
            client.set_registered_model_alias(NAME, CHALLENGER, version)
            return
        else:
            client.set_model_version_tag(NAME, version, "demo", "true")
        client.set_registered_model_alias(NAME, CHAMPION, version)
        if before not in (None, version):
            client.set_model_version_tag(NAME, before, "demo", "false")

    def challenge(self, version: str) -> None:
        """Name `version` the challenger: somebody asked for its promotion. Raises LookupError, and NotPromotedError for
        a version that was frozen."""
        self._refuse_frozen(version)
        self._client().set_registered_model_alias(NAME, CHALLENGER, version)

    def freeze(self, version: str, reason: str) -> None:
        """Take a version out of use for good (R31): it is nobody's champion any more. Raises LookupError."""
        client, found = self._client(), self._find(version)
        client.set_model_version_tag(NAME, version, "frozen", reason)
        for alias in found.aliases:
            client.delete_registered_model_alias(NAME, alias)

    def _refuse_frozen(self, version: str) -> None:
        if why := self._find(version).tags.get("frozen", ""):
            raise NotPromotedError(f"version {version} is frozen for good: {why} (R31)")

    def described(self, version: str | None = None) -> dict[str, Any]:
        """What the registry knows of the champion, or of a version: {version, kind, sha256, registered_at, aliases,
        demo, trainer, promotion, frozen, params, metrics, documents, documents_of}; `documents` is name -> sha256 of
        the newest, `documents_of` the hash of the state that they tell of. Raises LookupError."""
        found = self._find(version)
        moment = dt.datetime.fromtimestamp(found.creation_timestamp / 1000, dt.UTC)
        documents = {name: sha256 for one in _editions(found) for name, sha256 in one.documents.items()}
        return {
            "version": str(found.version),
            "kind": found.tags["kind"],
            "sha256": found.tags["sha256.model.json"],
            "registered_at": moment.isoformat(timespec="seconds"),
            "aliases": sorted(found.aliases),
            "demo": found.tags["demo"] == "true",
            "trainer": found.tags.get("trainer", ""),
            "promotion": found.tags.get("promotion", ""),
            "frozen": found.tags.get("frozen", ""),
            "params": shelf.params(self._store, found.run_id),
            "metrics": shelf.metrics(self._store, found.run_id),
            "documents": dict(sorted(documents.items())),
            "documents_of": found.tags.get(STANDS_FOR, ""),
        }

    def alias(self, name: str) -> str | None:
        """The version that is called `name`, such as champion or challenger; None where none is."""
        return shelf.aliases(self._store, NAME).get(name)

    def versions(self) -> list[str]:
        """Every registered version, oldest first."""
        return shelf.versions(self._store, NAME)

    def keep(
        self,
        version: str,
        documents: Mapping[str, bytes],
        state: str = "",
        about: Mapping[str, Any] | None = None,
        now: dt.datetime | None = None,
    ) -> None:
        """Keep documents with a version (R27), each with its sha256. What differs from the newest of its name becomes a
        new edition beside those before, which are what was in force then; nothing is replaced.

        state: hash of what they tell of, so that it is seen when they are behind; about: the same in words.

        Raises LookupError for a version that does not exist, ValueError for the name of an artifact.
        """
        if taken := sorted(set(documents) & set(ARTIFACTS)):
            raise ValueError(f"{', '.join(taken)} is an artifact of the model; it is written once")
        client, found = self._client(), self._find(version)
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in documents.items()}
        newest = {name: sha256 for one in _editions(found) for name, sha256 in one.documents.items()}
        if new := {name: sha256 for name, sha256 in hashes.items() if newest.get(name) != sha256}:
            moment = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
            folder = moment.strftime(FOLDER)
            _write(self._artifacts(found.run_id) / DOCUMENTS / folder, {name: documents[name] for name in new})
            told = {"made_at": moment.isoformat(), "state": state, "about": dict(about or {}), "sha256": new}
            client.set_model_version_tag(NAME, found.version, f"{EDITION}{folder}", json.dumps(told, sort_keys=True))
        client.set_model_version_tag(NAME, found.version, STANDS_FOR, state)

    def editions(self, version: str | None) -> list[Edition]:
        """Every edition of a version's documents, oldest first. Raises LookupError for an unknown version."""
        return _editions(self._find(version))

    def edition_at(self, version: str | None, moment: dt.datetime) -> int | None:
        """Number of the edition that was in force at an aware moment; None when there was none yet."""
        made = [one.number for one in self.editions(version) if one.made_at <= moment]
        return made[-1] if made else None

    def document(self, version: str | None, name: str, edition: int | None = None) -> bytes:
        """A document as it is now, or as it was in force when an edition was the newest.

        Raises LookupError when there is none, TamperedError when it was changed.
        """
        found = self._find(version)
        there = _editions(found)
        if edition is not None and not 1 <= edition <= len(there):
            raise LookupError(f"version {found.version} has {len(there)} editions of its documents, and no {edition}")
        having = [one for one in there[:edition] if name in one.documents]
        if not having:
            raise LookupError(f"version {found.version} has no document {name}; make it with `weegschaal card`")
        place = self._artifacts(found.run_id) / DOCUMENTS / having[-1].folder / name
        return _checked(place, having[-1].documents[name])

    def _in_use(self, client: Any) -> bool:
        """Whether there is a champion that was promoted for use."""
        aliases = client.get_registered_model(NAME).aliases
        return CHAMPION in aliases and "promotion" in client.get_model_version(NAME, aliases[CHAMPION]).tags

    def load(self, version: str | None = None) -> Registered:
        """The champion, or the version asked for, after checking the sha256 of every artifact.

        Raises LookupError when there is none, TamperedError when an artifact is missing or was changed.
        """
        from models.contenders import reader  # not for a page that only tells of models
        from models.uncertainty import Ensemble

        found = self._find(version)
        data = self._data(found)
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

    def report(self, version: str | None = None) -> dict[str, Any]:
        """The report of the champion's training, or of a version's. Raises what `load` raises."""
        report: dict[str, Any] = json.loads(self._data(self._find(version))["report.json"])
        return report

    def _data(self, found: Shelved) -> dict[str, bytes]:
        """Every artifact, each with its sha256 checked."""
        place = self._artifacts(found.run_id)
        return {name: _checked(place / name, found.tags[f"sha256.{name}"]) for name in ARTIFACTS}

    def _artifacts(self, run_id: Any) -> Path:
        """Where MLflow keeps a run's files. It would write itself, but to where the folder was when it was made."""
        return self.folder / "artifacts" / str(run_id) / "artifacts"

    @property
    def _store(self) -> Path:
        return self.folder / "mlflow.db"

    def _find(self, version: str | None) -> Shelved:
        which = self.alias(CHAMPION) if version is None else version
        found = None if which is None else shelf.shelved(self._store, NAME, which)
        if found is None:
            what = "champion" if version is None else f"version {version}"
            raise LookupError(f"the registry has no {what}; train and promote a model first")
        return found

    def _client(self) -> Any:
        # Importing MLflow takes seconds, and by default it reports its use over the network.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        from mlflow.tracking import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        if not self._store.exists():
            self._lay_out(MlflowClient)
        return MlflowClient(_url(self._store), _url(self._store))

    def _lay_out(self, client: Any) -> None:
        """The tables of MLflow in an empty database, which is there when all of them are: MLflow makes them in many
        steps, and one that was stopped between two it neither goes on with nor opens."""
        for left in self.folder.glob(".aside-*"):
            shutil.rmtree(left)
        aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=self.folder))
        made = aside / self._store.name
        client(_url(made), _url(made)).search_registered_models(max_results=1)
        with suppress(FileExistsError):  # somebody else was first
            os.link(made, self._store)
        shutil.rmtree(aside)


def _url(database: Path) -> str:
    return f"sqlite:///{database}"


def engine_versions() -> dict[str, str]:
    """Python and the packages on which a score may depend, with their versions; an absent one is left out."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ENGINE:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


FOLDER = "%Y%m%dT%H%M%S.%fZ"
"""name of an edition's folder, so that names sort in the order of time"""


def _editions(found: Shelved) -> list[Edition]:
    made = []
    for number, key in enumerate(sorted(key for key in found.tags if key.startswith(EDITION)), start=1):
        told = json.loads(found.tags[key])
        moment = dt.datetime.fromisoformat(told["made_at"])
        folder = key.removeprefix(EDITION)
        made.append(Edition(number, moment, told["state"], told["about"], told["sha256"], folder))
    return made


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        aside = folder / f"{name}.part"
        aside.write_bytes(data)
        aside.replace(folder / name)


def _checked(path: Path, sha256: str) -> bytes:
    if not path.is_file():
        raise TamperedError(f"{path.name} of the registered version is missing")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise TamperedError(f"{path.name} is not the file that was registered: its sha256 differs")
    return data
