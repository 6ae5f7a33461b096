"""Holds, restrictions and contests at the command line, and what the worker does for those of the service."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

import weegschaal
from enforcement.cases import State
from enforcement.contest import Again, Why, disputed_cases, keep_rescoring, open_contest, settle
from enforcement.database import engine_of, reading, writing
from enforcement.errors import FindingsError, NotFoundError, RefusedError
from enforcement.holds import held_cases
from enforcement.settings import Settings
from enforcement.tables import Case, Event
from pipelines import contesting, work
from pipelines.lake import Lake
from pipelines.steps import unseen
from tests.enforcement.province import HEERLEN, NOW, SECOND, candidates, drawn, service
from tests.pipelines.deliveries import BSN, ENVIRONMENT, KEYS, benefit, found, person

REASON = "Beroep bij de rechtbank, zaak 26/123."
TEXT = "Het loon van maart was van mijn zus, niet van mij."


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A list, and a dossier D1 that is on none."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    home.mkdir()
    service(home)
    chosen = Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)
    with writing(engine_of(chosen.database)) as session:
        drawn(session, candidates(40))
    path = tmp_path / "d1.txt"
    path.write_text(BSN)
    Lake(chosen, seed=1, keys=KEYS).publish(found(person(), benefit(BSN, case="D1")), path=path, municipality=HEERLEN)
    monkeypatch.setenv("WEEGSCHAAL_HOME", str(home))
    monkeypatch.setenv("WEEGSCHAAL_DATABASE", chosen.database)
    return chosen


def told(*words: str) -> dict[str, Any]:
    answer = CliRunner().invoke(weegschaal.app, [*words, "--json"], catch_exceptions=False)  # type: ignore[attr-defined]
    assert answer.exit_code == 0, answer.output
    return dict(json.loads(answer.stdout))


def a_number(settings: Settings) -> str:
    with reading(engine_of(settings.database)) as session:
        return session.scalars(select(Case.number).where(Case.state == "open").order_by(Case.position)).first() or ""


def actions(settings: Settings) -> list[str]:
    with reading(engine_of(settings.database)) as session:
        return [json.loads(body)["action"] for body in session.scalars(select(Event.body).order_by(Event.number))]


def test_r21_a_hold_is_placed_listed_and_lifted_also_for_a_dossier_on_no_list(settings: Settings) -> None:
    number = a_number(settings)
    listed = told("hold", number, "--reason", REASON)["hold"]
    other = told("hold", "--dossier", "D1", "--municipality", HEERLEN, "--reason", REASON)["hold"]
    rows = told("hold")["holds"]
    assert {(one["hold"], one["case"]) for one in rows} == {(listed, number), (other, None)}
    case = Lake(settings, keys=KEYS).vault.find("case", "D1", HEERLEN)
    with reading(engine_of(settings.database)) as session:
        assert case in held_cases(session, HEERLEN, NOW)
    told("hold", "--lift", other)
    assert [one["hold"] for one in told("hold")["holds"]] == [listed]
    assert [one for one in actions(settings) if "hold" in one][:2] == ["hold_made", "hold_made"]
    for words, error in (
        (["--lift", "none"], NotFoundError),
        (["--dossier", "D1", "--reason", REASON], RefusedError),
        (["--dossier", "D9", "--municipality", HEERLEN, "--reason", REASON], NotFoundError),
        ([number, "--reason", "kort"], FindingsError),
    ):
        with pytest.raises(error):
            told("hold", *words)


def test_r19_a_restriction_is_placed_listed_and_ended(settings: Settings) -> None:
    number, end = a_number(settings), (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=20)).isoformat()
    which = told("restrict", number, "--until", end, "--reason", REASON)["restriction"]
    [row] = told("restrict")["restrictions"]
    assert (row["restriction"], row["case"], row["until"]) == (which, number, end)
    told("restrict", "--lift", which)
    assert told("restrict")["restrictions"] == []
    assert CliRunner().invoke(weegschaal.app, ["restrict", number]).exit_code == 2  # type: ignore[attr-defined]
    assert [one for one in actions(settings) if one.startswith("restriction") or one == "restricted"] == [
        "restricted", "restrictions_listed", "restriction_ended",
    ]  # fmt: skip


def test_r30_an_objection_stops_the_case_and_needs_no_data_to_be_upheld(settings: Settings) -> None:
    number = a_number(settings)
    opened = told("contest", number, "--objection", "--text", TEXT)
    assert (opened["was"], opened["place"]) == (None, None)
    assert told("contest")["contests"][0]["topics"] == "objection to the ranking"
    ended = told("contest", "--settle", opened["contest"], "--upheld")
    assert (ended["outcome"], ended["state"]) == ("upheld", State.WITHDRAWN)
    with reading(engine_of(settings.database)) as session:
        case = session.scalars(select(Case.id).where(Case.number == number)).one()
        assert disputed_cases(session, HEERLEN) == {case}


def test_r20_the_worker_scores_what_the_service_opened_once_and_says_what_cannot_be(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(engine_of(settings.database)) as session:
        numbers = list(session.scalars(select(Case.number).where(Case.state == "open").order_by(Case.position)))[:3]
        first, second, _ = (
            open_contest(session, SECOND, KEYS, number, [] if at == 2 else ["income"], TEXT, NOW, objection=at == 2)
            for at, number in enumerate(numbers)
        )
        run_id = f"run-{HEERLEN}"
    asked: list[tuple[str, str]] = []

    def rescore(chosen: Settings, town: str, which: str, why: Why, delivery: str | None = None) -> tuple[int, int]:
        asked.append((which, why.value))
        if which == second:
            raise ValueError("the matrix of run 1 was deleted under its rule; the case cannot be scored again")
        with writing(engine_of(chosen.database)) as session:
            keep_rescoring(session, SECOND, which, why, run_id, Again(-1.0, 1, []), NOW)
        return 1, 1

    monkeypatch.setattr(contesting, "rescore", rescore)
    made = contesting.go_on(settings)
    assert (made["scored"], list(made["impossible"])) == (1, [second])
    [done] = work.once(settings, unseen, NOW, [work.contests])
    assert (done.result, done.error) == ("0 contested cases scored again; 1 cannot be", "")
    assert sorted(asked) == sorted([(first, "without_disputed"), *[(second, "without_disputed")] * 2])
    with writing(engine_of(settings.database)) as session:
        settle(session, SECOND, second, upheld=False, now=NOW)
    assert contesting.go_on(settings) == {"scored": 0, "impossible": {}}
