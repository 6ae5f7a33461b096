"""Access and erasure asked for on a page: done by the worker, told once, by two people where it cannot be undone."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, update

from enforcement.access import Role, Viewer
from enforcement.database import engine_of, reading, writing
from enforcement.errors import ConflictError, FindingsError, ForbiddenError, NotFoundError
from enforcement.keys import Keys
from enforcement.rights_requests import Asked, Kind, Stage, agree, ask, fetch, requests, withdraw
from enforcement.settings import Settings
from enforcement.tables import Event, RightsRequest
from pipelines import erasing, work
from pipelines.lake import Lake
from pipelines.rights import access_report
from pipelines.steps import unseen
from tests.enforcement.province import COMPLIANCE, ELSEWHERE, HEERLEN, MAASTRICHT, NOW, OFFICER, SECOND, service
from tests.pipelines.deliveries import BSN, ENVIRONMENT, KEYS, OTHER, benefit, day, found, person

TODAY = NOW.date()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two people in Heerlen whose benefit ended long ago; one of them is known in Maastricht too."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    home.mkdir()
    service(home)
    chosen = Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)
    lake = Lake(chosen, seed=1, keys=KEYS)
    old = {"start": day("20050101"), "end": day("20061231")}
    for town, bsn in ((HEERLEN, BSN), (HEERLEN, OTHER), (MAASTRICHT, OTHER)):
        path = tmp_path / f"{town}{bsn}.txt"
        path.write_text(town + bsn)
        lake.publish(
            found(person(bsn, list=f"{bsn}0", birth_place="Heerlen"), benefit(bsn, case=f"D{bsn[-3:]}", **old)),
            path=path,
            municipality=town,
        )
    return chosen


def keys(settings: Settings) -> Keys:
    return Keys.read(settings.keys)


def asked(settings: Settings, kind: Kind, bsn: str = BSN, viewer: Viewer = COMPLIANCE) -> str:
    with writing(engine_of(settings.database)) as session:
        return ask(session, viewer, keys(settings), kind, bsn, "AVG-2026-17", TODAY, NOW)


def one(settings: Settings, which: str) -> Asked:
    with reading(engine_of(settings.database)) as session:
        [found_here] = [each for each in requests(session, COMPLIANCE) if each.id == which]
    return found_here


def worked(settings: Settings, now: dt.datetime = NOW) -> str:
    [done] = work.once(settings, unseen, now, (work.requests,))
    assert done.error == "", done.error
    return done.result


def logged(settings: Settings) -> list[dict[str, Any]]:
    with reading(engine_of(settings.database)) as session:
        return [json.loads(body) for body in session.scalars(select(Event.body).order_by(Event.number))]


def test_r19_a_report_is_asked_for_done_by_the_worker_and_fetched_once(settings: Settings) -> None:
    which = asked(settings, Kind.ACCESS)
    assert one(settings, which).stage == Stage.WAITING
    assert one(settings, which).answer_by > TODAY
    assert worked(settings).startswith("1 requests answered")
    assert one(settings, which).stage == Stage.READY
    with reading(engine_of(settings.database)) as session:
        row = session.get_one(RightsRequest, which)
        assert row.sealed is None, "whom it was about is forgotten once it is answered"
        assert row.result is not None
        assert BSN.encode() not in row.result
    with writing(engine_of(settings.database)) as session:
        file = fetch(session, COMPLIANCE, keys(settings), which, NOW)
    with zipfile.ZipFile(io.BytesIO(file)) as held:
        report = json.loads(held.read("inzage.json"))
        assert held.read("inzage.pdf").startswith(b"%PDF-")
    assert set(report["lake"]) == set(access_report(settings, BSN, "test", municipality=HEERLEN)["lake"])
    with writing(engine_of(settings.database)) as session, pytest.raises(ConflictError):
        fetch(session, COMPLIANCE, keys(settings), which, NOW)
    with reading(engine_of(settings.database)) as session:
        assert session.get_one(RightsRequest, which).result is None
    entries = [each for each in logged(settings) if each["object"] == f"request:{which}"]
    assert [each["action"] for each in entries] == ["access_requested", "access_answered", "access_report_fetched"]
    assert {each["purpose"] for each in entries} == {"access_request"}
    assert BSN not in json.dumps(logged(settings))


def test_r36_a_municipality_is_answered_with_what_it_has_itself(settings: Settings) -> None:
    report = access_report(settings, OTHER, "AVG-2026-17", municipality=HEERLEN)
    assert set(report["municipalities"]) == {HEERLEN}
    assert {row["municipality"] for told in report["lake"].values() for row in told["rows"]} == {HEERLEN}
    whole = access_report(settings, OTHER, "AVG-2026-17")
    assert {row["municipality"] for told in whole["lake"].values() for row in told["rows"]} == {HEERLEN, MAASTRICHT}
    with pytest.raises(LookupError):
        access_report(settings, BSN, "AVG-2026-17", municipality=MAASTRICHT)


def test_r22_an_erasure_needs_a_second_person_and_then_nothing_is_left(settings: Settings) -> None:
    which = asked(settings, Kind.ERASURE)
    assert worked(settings).startswith("0 requests answered"), "nothing happens before somebody else agreed"
    with writing(engine_of(settings.database)) as session:
        with pytest.raises(ForbiddenError, match="second person"):
            agree(session, COMPLIANCE, which, NOW)
        with pytest.raises(NotFoundError):
            agree(session, ELSEWHERE_RIGHTS, which, NOW)
        agree(session, SECOND, which, NOW)
        with pytest.raises(ConflictError):
            withdraw(session, COMPLIANCE, which, NOW)
    assert worked(settings).startswith("1 requests answered")
    assert one(settings, which).stage == Stage.DONE
    with pytest.raises(LookupError):
        access_report(settings, BSN, "AVG-2026-17")
    entries = [each["action"] for each in logged(settings) if each["object"] == f"request:{which}"]
    assert entries == ["erasure_requested", "erasure_agreed", "erasure_answered"]


def test_r22_an_erasure_that_was_stopped_after_it_was_done_is_told_as_done(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = asked(settings, Kind.ERASURE)
    with writing(engine_of(settings.database)) as session:
        agree(session, SECOND, which, NOW)

    def stopped(point: str) -> None:
        if point == "erase_committed":
            raise OSError("stopped here")

    with monkeypatch.context() as before_the_end:
        before_the_end.setattr(erasing, "reached", stopped)
        [done] = work.once(settings, unseen, NOW, (work.requests,))
    assert "stopped here" in done.error
    assert one(settings, which).stage == Stage.WAITING
    assert worked(settings).startswith("1 requests answered, 0 refused")
    assert (one(settings, which).stage, one(settings, which).why) == (Stage.DONE, ())
    assert [each["action"] for each in logged(settings)].count("erased") == 1


ELSEWHERE_RIGHTS = Viewer(ELSEWHERE.user, MAASTRICHT, Role.SENIOR_OFFICER)


def test_r22_what_another_municipality_has_is_not_ours_to_erase_and_the_reason_is_told(settings: Settings) -> None:
    which = asked(settings, Kind.ERASURE, OTHER)
    with writing(engine_of(settings.database)) as session:
        agree(session, SECOND, which, NOW)
    assert "1 refused" in worked(settings)
    assert (one(settings, which).stage, one(settings, which).why) == (Stage.REFUSED, ("elsewhere",))
    assert access_report(settings, OTHER, "test")["lake"], "nothing was erased"
    unknown = asked(settings, Kind.ACCESS, "999993653")
    worked(settings)
    assert one(settings, unknown).why == ("unknown",)


def test_a_request_that_wants_a_key_which_is_kept_elsewhere_waits_and_holds_up_no_other(settings: Settings) -> None:
    stuck = asked(settings, Kind.ERASURE)
    with writing(engine_of(settings.database)) as session:
        agree(session, SECOND, stuck, NOW)
    report = asked(settings, Kind.ACCESS, OTHER)
    (settings.keys / "audit.key").rename(settings.keys / "elsewhere")
    [done] = work.once(settings, unseen, NOW, (work.requests,))
    assert "audit.key is absent" in done.error
    assert (one(settings, stuck).stage, one(settings, report).stage) == (Stage.WAITING, Stage.READY)
    (settings.keys / "elsewhere").rename(settings.keys / "audit.key")
    worked(settings)
    assert one(settings, stuck).stage == Stage.DONE


def test_a_proposed_erasure_can_be_withdrawn_and_a_report_that_nobody_fetched_goes(settings: Settings) -> None:
    which, report = asked(settings, Kind.ERASURE), asked(settings, Kind.ACCESS)
    with writing(engine_of(settings.database)) as session:
        withdraw(session, SECOND, which, NOW)
    assert one(settings, which).stage == Stage.WITHDRAWN
    worked(settings)
    later = NOW + dt.timedelta(days=40)
    assert "1 reports expired" in worked(settings, later)
    assert one(settings, report).stage == Stage.EXPIRED
    with reading(engine_of(settings.database)) as session:
        assert session.get_one(RightsRequest, report).result is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"bsn": "12345"}, "bsn"),
        ({"reference": ""}, "reference"),
        ({"reference": f"klant {BSN}"}, "reference"),
        ({"received": TODAY + dt.timedelta(days=1)}, "received"),
    ],
)
def test_a_request_that_cannot_be_is_not_kept(settings: Settings, wrong: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {"bsn": BSN, "reference": "AVG-2026-17", "received": TODAY} | wrong
    with writing(engine_of(settings.database)) as session, pytest.raises(FindingsError) as refused:
        ask(session, COMPLIANCE, keys(settings), Kind.ACCESS, **given, now=NOW)
    assert refused.value.field == field


@pytest.mark.parametrize("viewer", [OFFICER, SECOND])
def test_who_does_case_work_asks_for_no_report_and_fetches_none(settings: Settings, viewer: Viewer) -> None:
    which = asked(settings, Kind.ACCESS)
    worked(settings)
    with pytest.raises(ForbiddenError):
        asked(settings, Kind.ACCESS, viewer=viewer)
    with writing(engine_of(settings.database)) as session, pytest.raises(ForbiddenError):
        fetch(session, viewer, keys(settings), which, NOW)


def test_a_result_that_was_put_under_another_request_does_not_open(settings: Settings) -> None:
    first, other = asked(settings, Kind.ACCESS), asked(settings, Kind.ACCESS, OTHER)
    worked(settings)
    with writing(engine_of(settings.database)) as session:
        kept = session.get_one(RightsRequest, other).result
        session.execute(update(RightsRequest).where(RightsRequest.id == first).values(result=kept))
    with pytest.raises(InvalidTag), writing(engine_of(settings.database)) as session:
        fetch(session, COMPLIANCE, keys(settings), first, NOW)
    assert one(settings, first).stage == Stage.READY
