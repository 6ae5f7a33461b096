"""The documents kept with a model follow what is decided about it, each with its hash (R26, R27)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import weegschaal
from enforcement.access import Role
from enforcement.adoption import adopt
from enforcement.database import engine_of, reading, writing
from enforcement.errors import RefusedError
from enforcement.promotion import References, approve, promotions, request
from enforcement.settings import Settings
from models.contenders import contenders
from models.registry import Registry
from models.training import train
from pipelines import work
from pipelines.documents import KINDS, build, edition_of, editions, renew
from pipelines.incident import handle
from pipelines.promotion import ask, listed
from pipelines.steps import unseen
from tests.enforcement.province import COMPLIANCE, MANAGER, NOW, SCIENTIST, a_run, audited, candidates, drawn, service
from tests.models.builders import UNTIL, examples, features

PAPERS = References("audit-7", NOW.date(), "dpia-3", "fria-2", "iama-1")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A service with a list, and a registry with one version."""
    service(tmp_path)
    made = Settings(tmp_path, 8080, f"sqlite:///{tmp_path / 'service.db'}", tmp_path / "mlruns", demo=True)
    runners = [one for one in contenders(features(), examples(10).names, 1, trials=0) if one.name == "scorecard"]
    Registry(made.mlruns).record(train(examples(1_500), features(), 1, UNTIL, runners, refits=2))
    return made


def kept(settings: Settings, name: str) -> Mapping[str, Any]:
    registry = Registry(settings.mlruns)
    data = registry.document("1", f"{name}.json")
    assert hashlib.sha256(data).hexdigest() == registry.described("1")["documents"][f"{name}.json"]
    found: Mapping[str, Any] = json.loads(data)
    return found


def test_r27_every_document_follows_a_promotion_an_adoption_and_a_freeze(settings: Settings) -> None:
    build(settings, "1")
    assert renew(settings) == [], "nobody asked for a promotion"
    assert kept(settings, "register-record")["status"] == "In ontwikkeling"
    with writing(engine_of(settings.database)) as session:
        a_run(session, "run")
        sha256 = Registry(settings.mlruns).described("1")["sha256"]
        audited(session, COMPLIANCE, version="1", sha256=sha256)
        asked = request(session, SCIENTIST, "1", sha256, PAPERS, NOW)
        approve(session, COMPLIANCE, asked.id, NOW)
        approve(session, MANAGER, asked.id, NOW)
    Registry(settings.mlruns).promote("1", demo=False, promotion=asked.id)
    (done,) = work.once(settings, unseen, NOW, [work.papers])
    assert (done.error, done.result) == ("", "documents of version 1 renewed")
    assert set(Registry(settings.mlruns).described("1")["documents"]) == {
        f"{kind}.{form}" for kind in KINDS for form in ("json", "html") if (kind, form) != ("register-record", "html")
    }
    record = kept(settings, "register-record")
    assert record["status"] == "In gebruik"
    assert "DPIA (dpia-3)" in record["impact_assessments"]
    for kind in ("card", "technical-file", "instructions"):
        assert "audit-7" in json.dumps(kept(settings, kind)), kind
    assert renew(settings) == []

    with writing(engine_of(settings.database)) as session:
        adopt(session, COMPLIANCE, "1", NOW)
    assert renew(settings) == [], "one person is no adoption"
    with writing(engine_of(settings.database)) as session:
        adopt(session, replace(MANAGER, role=Role.MANAGER), "1", NOW)
    assert renew(settings) == ["1"]
    assert "0917" in json.dumps(kept(settings, "card")["sections"][0])

    with writing(engine_of(settings.database)) as session:
        drawn(session, candidates(40))
    handle(settings, "1", "one group is selected too often")
    assert kept(settings, "register-record")["status"] == "Buiten gebruik"
    assert renew(settings) == []

    told = editions(settings, "1")["editions"]
    assert [one["edition"] for one in told] == [1, 2, 3, 4]
    last = [one["of"].split(", ")[-1] for one in told]
    assert last == ["trained", f"promotion {asked.id} promoted", "adopted by 0917", "frozen"]
    statuses = [
        json.loads(edition_of(settings, "1", "register-record", number)["register-record.json"])["status"]
        for number in (1, 2, 3, 4)
    ]
    assert statuses == ["In ontwikkeling", "In gebruik", "In gebruik", "Buiten gebruik"]
    (promotion,) = listed(settings)
    assert promotion["state"] == "frozen"
    assert promotion["documents"] == 3, "what was in force when it was settled"


def test_r27_a_demonstration_that_is_displaced_loses_the_word_on_its_card(settings: Settings) -> None:
    registry = Registry(settings.mlruns)
    registry.promote("1", demo=True)
    build(settings, "1")
    assert kept(settings, "card")["model"]["demo"]
    runners = [one for one in contenders(features(), examples(10).names, 1, trials=0) if one.name == "scorecard"]
    registry.record(train(examples(1_500), features(), 2, UNTIL, runners, refits=2))
    registry.promote("2", demo=False, promotion="2-1")
    assert renew(settings) == ["1"]
    assert not kept(settings, "card")["model"]["demo"]
    assert renew(settings) == []


def test_r31_a_frozen_model_that_nobody_asked_to_promote_cannot_be_promoted_later(settings: Settings) -> None:
    registry = Registry(settings.mlruns)
    registry.promote("1", demo=True)
    with writing(engine_of(settings.database)) as session:
        sha256 = registry.described("1")["sha256"]
        audited(session, COMPLIANCE, version="1", sha256=sha256)
        drawn(session, candidates(40))
    handle(settings, "1", "one group is selected too often")
    with pytest.raises(RefusedError, match="frozen: one group"):
        ask(settings, "1", PAPERS, SCIENTIST.user, None)
    with reading(engine_of(settings.database)) as session:
        assert not promotions(session, "1")


def test_r27_documents_of_what_did_not_change_are_kept_once(settings: Settings) -> None:
    build(settings, "1")
    build(settings, "1")
    (only,) = editions(settings, "1")["editions"]
    assert {name.rsplit(".", 1)[0] for name in only["documents"]} == set(KINDS)


def test_r27_the_command_lists_editions_and_shows_an_earlier_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(settings.home))
    monkeypatch.setenv("WEEGSCHAAL_DATABASE", settings.database)
    build(settings, "1")
    Registry(settings.mlruns).freeze("1", "one group is selected too often")
    build(settings, "1")

    def ran(*words: str) -> dict[str, Any]:
        told = CliRunner().invoke(weegschaal.app, ["card", "1", *words, "--json"], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        found: dict[str, Any] = json.loads(told.output)
        return found

    assert [one["of"] for one in ran("--list")["editions"]] == ["trained", "frozen"]
    assert ran("--kind", "register-record", "--edition", "1")["status"] == "In ontwikkeling"
    assert ran("--kind", "register-record", "--edition", "2")["status"] == "Buiten gebruik"
    assert ran("--edition", "1") != ran("--edition", "2")
    assert len(ran("--list")["editions"]) == 2, "looking makes no edition"
