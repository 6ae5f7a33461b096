"""From sign-in to the end of the work, for everybody who is no officer: in a real browser, by forms alone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from api.tabular import csv_of
from enforcement import jobs
from enforcement.database import engine_of, reading, writing
from enforcement.policy import in_force
from enforcement.tables import Event, Job, Promotion
from tests.api.builders import HEERLEN, NOW, a_case
from tests.journeys.conftest import Running
from tests.journeys.test_officer import signed_in

pytestmark = pytest.mark.journey
PLAIN = {"java_script_enabled": False}


def actions(service: Running) -> list[str]:
    with reading(engine_of(service.settings.database)) as session:
        bodies = session.scalars(select(Event.body).where(Event.municipality == HEERLEN).order_by(Event.number))
        return [re.search(r'"action":"(\w+)"', body)[1] for body in bodies]  # type: ignore[index]


def test_r07_a_manager_reads_what_is_known_and_keeps_the_numbers(chromium: Browser, service: Running) -> None:
    with signed_in(chromium, service, "manager.heerlen", **PLAIN) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Resultaten")
        row = page.get_by_role("row", name=re.compile("^Willekeurig ")).first
        expect(row).to_contain_text("nog niet bekend")
        expect(page.get_by_role("row", name=re.compile("^Teruggevorderd"))).to_contain_text("niet vastgelegd")
        with page.expect_download() as kept:
            page.get_by_role("link", name="Download als CSV").click()
        content = kept.value.path().read_text("utf-8-sig")
        assert content.startswith("municipality;figure;arm;")
        assert "results_exported" in actions(service)


def test_r18_a_manager_changes_the_policy_and_must_say_why_it_differs(chromium: Browser, service: Running) -> None:
    with signed_in(chromium, service, "manager.heerlen", **PLAIN) as page:
        page.goto("/beleid")
        page.locator("#blind_percent").fill("40")
        page.get_by_label("Waarom deze wijziging?").fill("Raadsbesluit van 3 november")
        page.get_by_role("button", name="Nieuwe versie vaststellen").click()
        expect(page.get_by_role("alert")).to_contain_text("Er is niets gewijzigd")
        assert page.locator("#blind_percent").input_value() == "40"
        page.locator("#why_blind_percent").fill("De raad wil vaker blind laten kijken.")
        page.get_by_role("button", name="Nieuwe versie vaststellen").click()
        expect(page.locator("tr", has_text="eerst alleen feiten")).to_contain_text("De raad wil vaker blind")
    with reading(engine_of(service.settings.database)) as session:
        version, policy = in_force(session, HEERLEN)
    assert (version, policy.blind_percent) == (1, 40)


def test_r12_r13_a_reviewer_rejects_a_model_switches_off_and_verifies_the_log(
    chromium: Browser, service: Running
) -> None:
    with writing(engine_of(service.settings.database)) as session:
        session.add(
            Promotion(
                id="7-1", model_version="7", model_sha256="0" * 64, trainer="a", requested_by="b",
                requested_at=NOW.replace(tzinfo=None), audit="audit", audited_on=dt.date(2026, 11, 1), dpia="D",
                fria="F", iama="I", state="requested",
            )
        )  # fmt: skip
    with signed_in(chromium, service, "compliance.heerlen", **PLAIN) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Toetsing")
        page.get_by_label("Waarom niet?").fill("Eén groep staat te vaak op de lijst.")
        page.get_by_role("button", name="Afwijzen").click()
        expect(page.get_by_text("afgewezen")).to_be_visible()
        page.get_by_label("Zaaknummer").fill(a_case(service.settings, blind=True))
        page.get_by_role("button", name="Bekijk").click()
        expect(page.get_by_text("zonder plaats en redenen")).to_be_visible()
        page.goto("/toetsing")
        page.get_by_label("Waarom?", exact=True).fill("De plaatsen lijken niet te kloppen.")
        page.get_by_role("button", name="Zet de volgorde uit").click()
        expect(page.get_by_text("De volgorde naar plaats staat uit.")).to_be_visible()
        page.goto("/logboek")
        page.get_by_role("button", name="Ga alles na").click()
        expect(page.get_by_text("De keten klopt.")).to_be_visible()
    assert {"promotion_rejected", "explanation_inspected", "ranking_switched_off"} <= set(actions(service))


def test_a_scientist_asks_for_a_training_and_sees_it_move(chromium: Browser, service: Running) -> None:
    with signed_in(chromium, service, "scientist.heerlen") as page:
        page.get_by_role("button", name="Train opnieuw").click()
        expect(page.get_by_role("heading", name="Wacht op zijn beurt")).to_be_visible()
        expect(page.locator("[data-step]")).to_have_text("wachten")
        page.get_by_role("link", name="Modellen").first.click()
        expect(page.get_by_role("button", name="Train opnieuw")).to_have_count(0)
        page.get_by_role("link", name="Er loopt een training").click()
        with writing(engine_of(service.settings.database)) as session:
            job = jobs.take(session, NOW)
            assert job is not None
            jobs.progress(session, job.id, "kandidaten vergelijken", 2, 5)
            number = job.id
        expect(page.get_by_role("heading", name="Bezig")).to_be_visible(timeout=10_000)
        expect(page.get_by_text("kandidaten vergelijken")).to_be_visible()
        expect(page.locator("progress")).to_have_attribute("value", "2")
        with writing(engine_of(service.settings.database)) as session:
            jobs.finish(session, number, NOW, {"version": "3"})
        expect(page.get_by_role("link", name="Modelversie 3")).to_be_visible(timeout=10_000)
    with reading(engine_of(service.settings.database)) as session:
        assert [one.state for one in session.scalars(select(Job))] == ["done"]


def test_r19_the_contact_centre_tells_one_caller_roles_and_days_and_no_names(
    chromium: Browser, service: Running
) -> None:
    number = a_case(service.settings, blind=False)
    with signed_in(chromium, service, "officer.heerlen") as page:
        page.goto(f"/zaken/{number}")
    with signed_in(chromium, service, "contact.heerlen", **PLAIN) as page:
        page.get_by_label("Burgerservicenummer, dossier- of zaaknummer").fill(number)
        page.get_by_role("button", name="Bekijk").click()
        told = page.locator("main").inner_text()
        assert "Ja, op de lijst van" in told
        assert "Medewerker handhaving" in told
        assert "officer.heerlen" not in told
        assert "plaats 1" not in told.lower()
        assert page.request.get("/werklijst").status == 403
    assert actions(service).count("client_answered") == 2


def test_no_cell_of_a_table_runs_as_a_formula() -> None:
    told = csv_of(["=a", "b"], [["@b", -1], [" +c", "-d"], ["\tx", "plain"]]).splitlines()
    assert told == ["\ufeff'=a;b", "'@b;-1", "' +c;'-d", "'\tx;plain"]
