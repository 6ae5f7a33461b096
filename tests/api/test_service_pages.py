"""The service list on pages and in /api/v1: the same steps, plain forms, and whom it is about for its own purpose."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from sqlalchemy import select

from enforcement.access import Purpose
from enforcement.database import engine_of, reading
from enforcement.settings import Settings
from enforcement.tables import Event
from tests.api.builders import HEERLEN, fill, visitors
from tests.api.served import an_item, serve, somebody
from tests.api.test_requirements import BANNED

REASONING = "Het loon stopte in maart; de verrekening liep door tot juli en is nu door de administratie nabetaald."
NAME = "Proefpersoon van Voorbeeld"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    chosen = fill(tmp_path_factory.mktemp("served"))
    serve(chosen, people=(somebody(chosen, NAME),), items=12)
    return chosen


def test_an_item_goes_by_plain_forms_from_the_list_to_what_clients_got(served: Settings) -> None:
    with visitors(served, "officer.heerlen", "second.heerlen") as (officer, second):

        def post(browser: object, address: str, **fields: str) -> str:
            token = re.search(r'name="csrf" value="([^"]*)"', browser.get("/dienstenlijst").text)  # type: ignore[attr-defined]
            answer = browser.post(address, data={"csrf": token[1] if token else "", **fields})  # type: ignore[attr-defined]
            assert answer.status_code in (200, 422), answer.text
            return str(answer.text)

        assert "Nog geen punt is afgerond" in officer.get("/dienstenlijst").text
        page = post(officer, "/dienstenlijst/volgende")
        number = re.findall(r"Punt (D2026-\d{6})", page)[0]
        given = {"version": "2", "found": "paid_too_little", "done": "paid_back", "reasoning": REASONING}
        wrong = post(officer, f"/dienstenlijst/{number}/uitkomst", **given)
        assert "Vul in hoeveel is nabetaald." in wrong
        assert REASONING in wrong, "what was typed stays"
        saved = post(officer, f"/dienstenlijst/{number}/uitkomst", **given, amount="432,50")
        assert "Een ander beoordeelt haar." in saved
        assert "goedkeuren" not in saved
        judged = post(second, f"/dienstenlijst/{number}/goedkeuren", version="3")
        assert "Goedgekeurd door Tweede medewerker Heerlen" in judged
        told = second.get("/dienstenlijst?lang=en").text
        assert "In 1 of 1 closed items the client was missing something." in told
        assert "€432.50" in told
        assert number not in told


def test_the_same_through_the_interface_for_programs(served: Settings) -> None:
    with visitors(served, "officer.heerlen", "second.heerlen", "manager.heerlen") as (officer, second, manager):
        items = officer.get("/api/v1/service-items?limit=3").json()
        assert len(items["items"]) == 3
        following = officer.get(f"/api/v1/service-items?limit=3&after={items['after']}").json()["items"]
        assert not {one["number"] for one in following} & {one["number"] for one in items["items"]}
        number = an_item(served)
        taken = officer.post(f"/api/v1/service-items/{number}/claim").json()
        seen = officer.get(f"/api/v1/service-items/{number}")
        assert seen.headers["etag"] == f'"{taken["version"]}"'
        reason = seen.json()["reasons"][0]
        assert (reason["value"], reason["unit"], reason["source"]) == (412.0, "EUR", "UWV")
        assert reason["legal_basis"]["nl"] == "artikel 32 Participatiewet"
        assert reason["could_also_mean"]["en"]
        outcome = {"found": "nothing_missing", "done": "nothing", "amount_cents": None, "reasoning": REASONING}
        address = f"/api/v1/service-items/{number}/outcome"
        assert officer.post(address, json=outcome).status_code == 428
        assert officer.post(address, json=outcome, headers={"if-match": '"1"'}).status_code == 412
        saved = officer.post(address, json=outcome, headers={"if-match": seen.headers["etag"]}).json()
        as_read = {"if-match": f'"{saved["version"]}"'}
        for browser, status in ((officer, 403), (second, 200)):
            answer = browser.post(f"/api/v1/service-items/{number}/approval", json={}, headers=as_read)
            assert answer.status_code == status, answer.text
        found = manager.get("/api/v1/service-results").json()
        assert found["found"]["nothing_missing"] == 1
        assert manager.get("/api/v1/service-items").status_code == 403


def test_r14_whom_an_item_is_about_is_shown_after_the_log_took_its_own_purpose(served: Settings) -> None:
    number = an_item(served, at=4)
    with visitors(served, "officer.heerlen") as (officer,):
        page = officer.get(f"/dienstenlijst/{number}").text
        assert NAME not in page
        token = re.search(r'name="csrf" value="([^"]*)"', page)
        assert token is not None
        shown = officer.post(f"/dienstenlijst/{number}/gegevens", data={"csrf": token[1]}).text
        assert NAME in shown
    with reading(engine_of(served.database)) as session:
        bodies = session.scalars(select(Event.body).where(Event.municipality == HEERLEN)).all()
    reads = [one for one in map(json.loads, bodies) if one["action"] == "identity_read"]
    assert [(one["object"], one["purpose"]) for one in reads] == [(f"service:{number}", Purpose.SERVICE.value)]
    assert NAME not in "".join(bodies)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_r03_the_pages_say_what_else_it_could_mean_and_accuse_nobody(served: Settings, language: str) -> None:
    with visitors(served, "second.heerlen") as (second,):
        for address in ("/dienstenlijst", f"/dienstenlijst/{an_item(served, at=5)}"):
            html = second.get(f"{address}?lang={language}").text
            text = re.sub(r"<[^>]*>", " ", html)
            assert f'<html lang="{language}"' in html
            assert not BANNED.search(text)
            assert "%" not in text
        assert ("Kan ook betekenen" if language == "nl" else "Could also mean") in text
        assert ("artikel 32" if language == "nl" else "Participatiewet 32") in text


def test_notes_documents_handing_over_and_my_work_are_plain_forms(served: Settings) -> None:
    number = an_item(served, at=3)
    with visitors(served, "officer.heerlen", "second.heerlen") as (officer, second):
        form = {"csrf": officer.headers["x-csrf-token"], "version": "1"}
        officer.post(f"/dienstenlijst/{number}/oppakken", data=form)
        page = officer.post(f"/dienstenlijst/{number}/notities", data=form | {"text": "Morgen bellen."}).text
        assert "Morgen bellen." in page
        empty = officer.post(f"/dienstenlijst/{number}/notities", data=form)
        assert (empty.status_code, "Een notitie heeft 1 tot 5000 tekens." in empty.text) == (422, True)
        file = {"file": ("brief.pdf", b"%PDF-1.7 brief", "application/pdf")}
        page = officer.post(f"/dienstenlijst/{number}/stukken", data=form, files=file).text
        [address] = re.findall(rf'href="(/dienstenlijst/{number}/stukken/\w+)"', page)
        assert second.get(address).content == b"%PDF-1.7 brief"
        api = f"/api/v1/service-items/{number}"
        assert [one["text"] for one in second.get(f"{api}/notes").json()] == ["Morgen bellen."]
        assert [one["name"] for one in second.get(f"{api}/documents").json()] == ["brief.pdf"]
        assert f'href="/dienstenlijst/{number}"' in officer.get("/mijn-zaken").text
        assert f'href="/dienstenlijst/{number}"' not in second.get("/mijn-zaken").text
        load = {one["user"]: one["items"] for one in second.get("/api/v1/team").json()}
        assert (load["officer.heerlen"], load["second.heerlen"]) == (1, 0)
        officer.post(f"/dienstenlijst/{number}/overdragen", data=form | {"version": "2", "to": "second.heerlen"})
        assert f'href="/dienstenlijst/{number}"' in second.get("/mijn-zaken").text


def test_an_item_is_put_aside_until_a_day_and_taken_up_again_as_a_case_is(served: Settings) -> None:
    number = an_item(served, at=6)
    home, day = f"/dienstenlijst/{number}", (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date().isoformat()
    with visitors(served, "officer.heerlen", "second.heerlen") as (officer, second):
        form = {"csrf": officer.headers["x-csrf-token"]}
        officer.post(f"{home}/oppakken", data=form)
        for until, why in (("2099-01-01", "client"), (day, "onzin"), ("morgen", "client")):
            wrong = officer.post(f"{home}/opzij", data=form | {"version": "2", "until": until, "waits_for": why})
            assert (wrong.status_code, 'role="alert" id="fout"' in wrong.text) == (422, True)
        page = officer.post(f"{home}/opzij", data=form | {"version": "2", "until": day, "waits_for": "source"}).text
        assert "antwoord van een andere organisatie" in page
        assert "an answer from another organisation" in officer.get(f"{home}?lang=en").text
        officer.get(f"{home}?lang=nl")
        assert number in officer.get("/dienstenlijst?opzij=1").text
        assert number in officer.get("/mijn-zaken").text.split("Door u opzij gelegd")[-1]
        assert "hervatten" not in second.get(home).text
        load = {one["user"]: one["waiting"] for one in second.get("/api/v1/team").json()}
        assert load["officer.heerlen"] == 1
        page = officer.post(f"{home}/hervatten", data=form | {"version": "3"}).text
        assert "Opzij gelegd tot" not in page
        assert number not in officer.get("/dienstenlijst?opzij=1").text


def test_an_item_is_put_aside_through_the_interface_for_programs(served: Settings) -> None:
    number = an_item(served, at=7)
    api, day = f"/api/v1/service-items/{number}", (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date().isoformat()
    with visitors(served, "officer.heerlen") as (officer,):
        as_read = {"if-match": f'"{officer.post(f"{api}/claim").json()["version"]}"'}
        wait = {"until": day, "waits_for": "client"}
        assert officer.post(f"{api}/wait", json=wait).status_code == 428
        late = officer.post(f"{api}/wait", json=wait | {"until": "2099-01-01"}, headers=as_read)
        assert (late.status_code, "cannot wait longer" in late.json()["detail"]) == (400, True)
        done = officer.post(f"{api}/wait", json=wait, headers=as_read)
        assert done.status_code == 200, done.text
        seen = officer.get(api).json()
        assert (seen["state"], seen["waits_until"], seen["waits_for"]) == ("claimed", day, "client")
        assert "take_up" in seen["steps"]
        listed = officer.get("/api/v1/service-items?waiting=true").json()["items"]
        assert [(one["number"], one["waits_until"]) for one in listed] == [(number, day)]
        assert officer.post(f"{api}/resume", headers=as_read).status_code == 412
        resumed = officer.post(f"{api}/resume", headers={"if-match": f'"{done.json()["version"]}"'})
        assert (resumed.status_code, officer.get(api).json()["waits_until"]) == (200, None)


def test_r02_what_was_sent_back_stands_in_the_form_and_every_round_stays_on_the_page(served: Settings) -> None:
    number = an_item(served, at=2)
    with visitors(served, "officer.heerlen", "second.heerlen") as (officer, second):
        ours, theirs = ({"csrf": one.headers["x-csrf-token"]} for one in (officer, second))
        home = f"/dienstenlijst/{number}"
        officer.post(f"{home}/oppakken", data=ours)
        given = {"found": "paid_too_little", "done": "paid_back", "amount": "432,50", "reasoning": REASONING}
        for version, remark in (("2", "De betaaldatum ontbreekt nog."), ("4", "Noem ook over welke maanden.")):
            officer.post(f"{home}/uitkomst", data=ours | given | {"version": version})
            second.post(f"{home}/terugsturen", data=theirs | {"version": str(int(version) + 1), "remark": remark})
            page = officer.get(home).text
            assert remark in page
            assert 'name="amount"' in page
            assert 'value="432,50"' in page, "nobody types it again"
        assert "De betaaldatum ontbreekt nog." in page, "the first round stays when a second one follows"


def test_the_list_can_be_narrowed_and_an_unknown_word_is_no_choice(served: Settings) -> None:
    with visitors(served, "officer.heerlen") as (officer,):
        every = officer.get("/dienstenlijst?soort=onzin&status=onzin").text
        rights = officer.get("/dienstenlijst?soort=right_unused").text
        pattern = r'href="/dienstenlijst/(D2026-\d{6})"'
        assert set(re.findall(pattern, rights)) < set(re.findall(pattern, every))
        assert officer.get("/dienstenlijst?na=onzin").status_code == 400
