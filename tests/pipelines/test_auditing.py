"""The audit in the pipeline: its proxies stop a training, nothing is read without a DPIA, its page stands alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from enforcement.audits import keep
from enforcement.database import engine_of, writing
from enforcement.errors import ForbiddenError
from enforcement.mandate import Mandate, MandateError, give
from enforcement.settings import Settings
from enforcement.tables import Run
from models.fairness import audit
from models.fairness_gate import CANNOT_SHOW, disagreements, gate
from models.fairness_rows import Rows
from models.proxies import Proxy, ProxyRefusedError
from models.reweighing import CellWeights, Cuts
from pipelines.auditing import Audited, Part, audit_run, document, give_mandate, page_of
from pipelines.proxies import refuse_proxies, weights_of_audits
from pipelines.steps import unseen
from tests.enforcement.province import COMPLIANCE, HEERLEN, MANAGER, NOW, candidates, drawn, scored

PROXY = Proxy("rent_area", "origin", "born elsewhere", 0.84, 0.79, 0.88, 0.0, "above_limit")


def settings_in(folder: Path) -> Settings:
    return Settings(folder, 8080, f"sqlite:///{folder / 'weegschaal.db'}", folder / "mlruns", demo=True)


def test_r09_a_proxy_in_the_kept_audit_stops_a_training_until_it_is_justified(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    refuse_proxies(settings, ["rent_area"])
    with writing(engine_of(settings.database)) as session:
        scored(session, candidates(3))
        keep(session, COMPLIANCE, "run", "1", "pass", {"proxies": [dataclasses.asdict(PROXY)]}, NOW)
    refuse_proxies(settings, ["wages"])
    with pytest.raises(ProxyRefusedError, match="rent_area tells origin = born elsewhere"):
        refuse_proxies(settings, ["wages", "rent_area"])
    why = "The rent allowance depends by law on where somebody lives."
    with writing(engine_of(settings.database)) as session:
        give(session, MANAGER, Mandate(dpia="D", justified={"rent_area": why}), NOW)
    refuse_proxies(settings, ["wages", "rent_area"])


def test_r10_training_reads_weights_per_cell_from_a_fresh_audit_while_the_mandate_asks_for_them(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    given = CellWeights(HEERLEN, "sex", (Cuts("wages", (1.0, 2.0)),), {(0, 0): 1.1, (2, 1): 0.9}, 0.58)
    with writing(engine_of(settings.database)) as session:
        scored(session, candidates(3))
        keep(session, COMPLIANCE, "run", "1", "pass", {"reweighing": given.document()}, NOW)
    today = NOW.date()
    with pytest.raises(LookupError, match="--reweigh"):
        weights_of_audits(settings, today)
    with writing(engine_of(settings.database)) as session:
        give(session, MANAGER, Mandate(dpia="D", reweigh="sex"), NOW)
    assert weights_of_audits(settings, today) == (given,)
    with pytest.raises(LookupError, match="90 days"):
        weights_of_audits(settings, today + dt.timedelta(days=91))
    with writing(engine_of(settings.database)) as session:
        give(session, MANAGER, Mandate(dpia="D", reweigh="age"), NOW)
    with pytest.raises(LookupError):
        weights_of_audits(settings, today)
    with pytest.raises(MandateError, match="among the attributes"):
        Mandate(dpia="D", groups=(("age",),), reweigh="sex")


def test_r10_no_municipality_is_audited_without_a_dpia(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(LookupError, match="weegschaal score"):
        audit_run(settings, None, None, unseen)
    with writing(engine_of(settings.database)) as session:
        drawn(session, candidates(60))
    with pytest.raises(LookupError, match="no DPIA reference is given for 0917"):
        audit_run(settings, None, None, unseen)


def test_only_a_manager_of_the_municipality_gives_its_mandate(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError, match="is no manager of 0917"):
        give_mandate(settings_in(tmp_path), HEERLEN, "officer.heerlen", Mandate(dpia="D"))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_and_the_answer_hold_aggregates_the_gate_and_what_cannot_be_shown(
    tmp_path: Path, language: str
) -> None:
    draw = np.random.default_rng(1)
    rows = Rows({"sex": ["M", "V"] * 500}, draw.integers(0, 2, 1000), draw.integers(0, 2, 1000))
    found = audit(rows, draws=100)
    doubles = disagreements([({"sex": "M"}, 60, 20), ({"sex": "V"}, 70, 30)])
    part = Part(("sex",), found, found, found, gate(found, 0.2), doubles)
    town = Audited("a1", HEERLEN, part.gate.status, (part,), (PROXY,))
    engine = engine_of(settings_in(tmp_path).database)
    with writing(engine) as session:
        scored(session, candidates(3))
        run = session.get_one(Run, "run")
        page = page_of(run, [town], language)
        answer = document(run, [town])
    assert CANNOT_SHOW[0 if language == "nl" else 1] in page
    assert "FP / (FP + TN)" in page
    assert not any(word in page for word in ("<script", "http:", "https:", "src="))
    only = answer["municipalities"][0]
    assert only["status"] == "fail"
    assert only["proxies"][0]["feature"] == "rent_area"
    assert only["parts"][0]["double_reviews"][1]["pairs"] == 70
