"""What a client may ask, on pages: plain forms, a purpose, typed confirmation, and the log first."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from enforcement.contest import open_contests
from enforcement.database import engine_of, reading, writing
from enforcement.holds import held_cases, restriction_on
from enforcement.keys import Keys
from enforcement.rights_requests import answered, waiting
from enforcement.settings import Settings
from tests.api.builders import HEERLEN, NOW, Browser, a_case, only_in_maastricht, visitors
from tests.api.test_rights_of_person import REASON, TEXT, case_id, logged

TODAY = dt.datetime.now(dt.UTC).date()
UNTIL = (TODAY + dt.timedelta(days=30)).isoformat()


def post(browser: Browser, address: str, **fields: str) -> tuple[int, str, str]:
    """(status, where it leads, text) of a form as the page sends it."""
    form = {"csrf": browser.headers["x-csrf-token"]} | fields
    answer = browser.post(address, data=form, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_r30_an_officer_makes_the_letter_for_a_purpose_and_has_no_other_form(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "officer.heerlen") as [officer]:
        page = officer.get(f"/zaken/{number}/rechten").text
        assert [f"/rechten/{one}" in page for one in ("brief", "betwisting", "bewaren")] == [True, False, False]
        assert f'href="/zaken/{number}/rechten"' in officer.get(f"/zaken/{number}").text
        status, _, said = post(officer, f"/zaken/{number}/rechten/brief", purpose="")
        assert (status, "Kies een doel." in said) == (422, True)
        assert logged(made_up, "notice_made") == []
        status, _, said = post(officer, f"/zaken/{number}/rechten/brief", purpose="objection")
        assert (status, "Beste mevrouw of meneer" in said, "Dear Sir or Madam" in said) == (200, True, True)
        assert officer.get("/rechten").status_code == 403
    assert [one["purpose"] for one in logged(made_up, "notice_made")] == ["objection"]
    assert len(logged(made_up, "rights_read")) == 3, "every look at the page is in the log"


def test_r20_a_contest_is_confirmed_by_the_cases_number_and_stops_the_case(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "second.heerlen") as [senior]:
        address = f"/zaken/{number}/rechten/betwisting"
        form = {"kind": "data", "topics": "income", "text": TEXT}
        status, _, said = post(senior, address, **form, confirm="ja")
        assert (status, TEXT in said, "Er is niets gedaan." in said) == (422, True, True), "what was typed stays"
        assert logged(made_up, "contest_opened") == []
        status, leads, _ = post(senior, address, **form, confirm=number)
        assert (status, leads) == (303, f"/zaken/{number}/rechten?gedaan=contest#gedaan")
        after = senior.get(leads).text
        assert "De zaak staat stil." in after
        assert 'name="confirm"' in after
        assert address not in after, "one contest at a time"
        with reading(engine_of(made_up.database)) as session:
            assert open_contests(session, HEERLEN) == {case_id(made_up, number)}
        listed = senior.get("/rechten").text
        which = re.findall(r'href="/rechten/betwistingen/(\w+)"', listed)[0]
        assert TEXT not in listed, "what the client says is behind a look of its own"
        assert logged(made_up, "contest_read") == []
        told = senior.get(f"/rechten/betwistingen/{which}").text
        assert TEXT in told
        assert [one["purpose"] for one in logged(made_up, "contest_read")] == ["objection"]
        version = re.findall(r'name="version" value="(\d+)"', told)[0]
        settle = f"/rechten/betwistingen/{which}/afronden"
        for wrong, status in (
            ({"upheld": "no", "confirm": "ja"}, 422),
            ({"upheld": "", "confirm": number}, 422),
            ({"upheld": "yes", "confirm": number}, 409),  # nothing was corrected yet
            ({"upheld": "no", "confirm": number, "version": "7"}, 412),
        ):
            assert post(senior, settle, **({"version": version} | wrong))[0] == status, wrong
        assert post(senior, settle, version=version, upheld="no", confirm=number)[0] == 303
        assert "klant kreeg geen gelijk" in senior.get("/rechten").text
        assert senior.get(f"/rechten/betwistingen/{which}").text.count('name="upheld"') == 0
    assert TEXT not in str(logged(made_up, "contest_opened"))


def test_r30_an_upheld_objection_takes_the_case_off_the_list(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "compliance.heerlen") as [compliance]:
        form = {"kind": "objection", "topics": "income", "text": TEXT, "confirm": number}
        assert post(compliance, f"/zaken/{number}/rechten/betwisting", **form)[0] == 303, "its topics do not count"
        which = re.findall(r'href="/rechten/betwistingen/(\w+)"', compliance.get("/rechten").text)[0]
        page = compliance.get(f"/rechten/betwistingen/{which}").text
        assert "/correctie" not in page, "an objection is about no data"
        settled = post(compliance, f"/rechten/betwistingen/{which}/afronden", version="1", upheld="yes", confirm=number)
        assert settled[0] == 303
        assert "Van de lijst gehaald" in compliance.get(f"/zaken/{number}/rechten").text


def test_gdpr12_the_list_begins_with_who_has_waited_longest_and_says_the_last_day(made_up: Settings) -> None:
    with visitors(made_up, "second.heerlen") as [senior]:
        number = a_case(made_up, blind=False)
        post(senior, f"/zaken/{number}/rechten/betwisting", kind="objection", text=TEXT, confirm=number)
        [told] = senior.get("/api/v1/contests").json()["items"]
        last = dt.date.fromisoformat(told["answer_by"])
        assert dt.timedelta(days=28) <= last - TODAY <= dt.timedelta(days=31 + 4)
        page = senior.get("/rechten").text
        assert "Antwoord uiterlijk" in page
        assert f"{last.day} " in page


def test_r19_what_is_not_told_yet_has_a_reason_an_end_and_a_purpose_and_can_be_ended(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    case = case_id(made_up, number)
    with visitors(made_up, "compliance.heerlen") as [compliance]:
        address = f"/zaken/{number}/rechten/beperking"
        whole = {"reason": REASON, "until": UNTIL, "purpose": "supervision", "confirm": number}
        for wrong in ({"reason": "kort"}, {"until": "2099-01-01"}, {"until": ""}, {"purpose": ""}, {"confirm": ""}):
            status, _, said = post(compliance, address, **(whole | wrong))
            assert (status, "Er is niets gedaan." in said) == (422, True), wrong
        assert post(compliance, address, **whole)[0] == 303
        with reading(engine_of(made_up.database)) as session:
            assert restriction_on(session, HEERLEN, case, TODAY) is not None
        status, _, said = post(compliance, f"/zaken/{number}/rechten/brief", purpose="supervision")
        assert (status, "artikel 41" in said or "UAVG 41" in said) == (409, True)
        end = re.findall(r'action="(/rechten/beperkingen/\w+/einde)"', compliance.get("/rechten").text)[0]
        assert post(compliance, end)[0] == 422
        with reading(engine_of(made_up.database)) as session:
            assert restriction_on(session, HEERLEN, case, TODAY) is not None, "not ticked, so nothing was done"
        assert post(compliance, end, sure="1")[0] == 303
        assert post(compliance, end, sure="1")[0] == 404
    assert [one["purpose"] for one in logged(made_up, "restricted")] == ["supervision"]
    assert len(logged(made_up, "restriction_ended")) == 1


def test_r21_a_hold_keeps_a_case_until_it_is_lifted(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    case = case_id(made_up, number)
    with visitors(made_up, "second.heerlen") as [senior]:
        form = {"reason": REASON, "purpose": "objection", "confirm": number}
        status, leads, _ = post(senior, f"/zaken/{number}/rechten/bewaren", **form)
        assert (status, "Niets van deze zaak wordt gewist" in senior.get(leads).text) == (303, True)
        with reading(engine_of(made_up.database)) as session:
            assert set(held_cases(session, HEERLEN, dt.datetime.now(dt.UTC))) == {case}
        end = re.findall(r'action="(/rechten/bewaren/\w+/einde)"', senior.get("/rechten").text)[0]
        assert post(senior, end, sure="1")[0] == 303
        with reading(engine_of(made_up.database)) as session:
            assert held_cases(session, HEERLEN, dt.datetime.now(dt.UTC)) == {}


@pytest.mark.parametrize("form", ["brief", "betwisting", "beperking", "bewaren"])
def test_r17_another_municipalitys_case_is_not_there_whatever_is_typed(made_up: Settings, form: str) -> None:
    elsewhere = only_in_maastricht(made_up)
    with visitors(made_up, "second.heerlen") as [senior]:
        assert senior.get(f"/zaken/{elsewhere}/rechten").status_code == 404
        for number in (elsewhere, "2026-999999"):
            sent = {"purpose": "objection", "reason": REASON, "until": UNTIL, "text": TEXT, "confirm": number}
            assert post(senior, f"/zaken/{number}/rechten/{form}", kind="objection", **sent)[0] == 404
            assert post(senior, f"/zaken/{number}/rechten/{form}")[0] == 404


def test_the_pages_say_the_same_in_english(made_up: Settings) -> None:
    number = a_case(made_up, blind=False)
    with visitors(made_up, "second.heerlen") as [senior]:
        assert "Rights of clients" in senior.get("/rechten?lang=en").text
        assert f"Rights in case {number}" in senior.get(f"/zaken/{number}/rechten").text


def test_r19_a_request_is_recorded_without_telling_whom_it_is_about_and_fetched_once(made_up: Settings) -> None:
    given = {"bsn": "999990019", "reference": "AVG-2026-17", "received": TODAY.isoformat(), "sure": "1"}
    with visitors(made_up, "compliance.heerlen", "second.heerlen") as [compliance, senior]:
        for wrong in ({"kind": ""}, {"kind": "access", "bsn": "1"}, {"kind": "access", "sure": ""}):
            status, _, said = post(compliance, "/rechten/verzoeken", **(given | wrong))
            assert (status, "Er is niets gedaan." in said, "999990019" in said) == (422, True, False), wrong
        assert post(senior, "/rechten/verzoeken", **given, kind="access")[0] == 403
        assert post(compliance, "/rechten/verzoeken", **given, kind="access")[0] == 303
        page = compliance.get("/rechten?gedaan=access").text
        assert "meestal binnen een minuut" in page
        assert "AVG-2026-17" in page
        assert "999990019" not in page
        keys = Keys.read(made_up.keys)
        with writing(engine_of(made_up.database)) as session:  # as `weegschaal work` does
            [work] = waiting(session, keys)
            answered(session, keys, work, NOW, b"PK a report")
        [fetch] = re.findall(r'action="(/rechten/verzoeken/\w+/ophalen)"', compliance.get("/rechten").text)
        assert "/ophalen" not in senior.get("/rechten").text
        form = {"csrf": compliance.headers["x-csrf-token"]}
        answer = compliance.post(fetch, data=form)
        assert (answer.status_code, answer.content) == (200, b"PK a report")
        assert compliance.post(fetch, data=form).status_code == 409
        assert "opgehaald" in compliance.get("/rechten").text
    assert "999990019" not in str(logged(made_up, "access_requested"))


def test_r22_an_erasure_waits_for_somebody_else_on_the_page_too(made_up: Settings) -> None:
    given = {"bsn": "999990019", "reference": "AVG-2026-18", "received": TODAY.isoformat(), "sure": "1"}
    with visitors(made_up, "compliance.heerlen", "second.heerlen") as [compliance, senior]:
        assert post(compliance, "/rechten/verzoeken", **given, kind="erasure")[0] == 303
        own = compliance.get("/rechten").text
        assert ("/akkoord" in own, "/intrekken" in own) == (False, True)
        [agree] = re.findall(r'action="(/rechten/verzoeken/\w+/akkoord)#', senior.get("/rechten").text)
        assert post(compliance, agree, sure="1")[0] == 403
        assert post(senior, agree)[0] == 422
        assert "wacht op akkoord" in senior.get("/rechten").text
        assert post(senior, agree, sure="1")[0] == 303
        assert "wordt gedaan" in senior.get("/rechten").text
