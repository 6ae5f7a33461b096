"""A client was paid too little: from the service list to an approved outcome, with and without JavaScript."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.served import serve, somebody
from tests.journeys.conftest import Running
from tests.journeys.test_officer import signed_in

pytestmark = pytest.mark.journey
NAME = "Proefpersoon van Voorbeeld"
REASONING = "Het loon stopte in maart; de verrekening liep door tot juli en is nu door de administratie nabetaald."


@pytest.fixture(scope="module")
def served(service: Running) -> Running:
    serve(service.settings, people=(somebody(service.settings, NAME),))
    return service


def record(page: Page) -> str:
    """An officer takes the next item, sees whom it is about, lets it wait, writes down what was done: its number."""
    page.get_by_role("link", name="Dienstenlijst").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dienstenlijst")
    page.get_by_role("button", name="Volgende punt oppakken").click()
    number = page.get_by_role("heading", level=1).inner_text().removeprefix("Punt ")
    expect(page.get_by_text("Kan ook betekenen:").first).to_be_visible()
    expect(page.get_by_text("artikel 32 Participatiewet").first).to_be_visible()
    expect(page.get_by_text(NAME)).to_have_count(0)
    page.get_by_role("button", name="Gegevens tonen").click()
    expect(page.get_by_text(NAME)).to_be_visible()
    page.get_by_text("Even opzij leggen").click()
    page.get_by_label("Tot en met").fill((dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date().isoformat())
    page.get_by_role("button", name="Opzij leggen").click()
    expect(page.get_by_text("Opzij gelegd tot")).to_be_visible()
    page.get_by_role("button", name="Nu verder gaan").click()
    expect(page.get_by_text("Opzij gelegd tot")).to_have_count(0)
    page.get_by_label("Er is te weinig betaald").check()
    page.get_by_label("Nabetaald").check()
    page.get_by_label("Bedrag dat de klant kreeg").fill("432,50")
    page.get_by_label("Onderbouwing").fill(REASONING)
    page.get_by_role("button", name="Vastleggen").click()
    expect(page.get_by_text("Een ander beoordeelt haar.")).to_be_visible()
    return number


@pytest.mark.parametrize("script", [True, False])
def test_r34_an_officer_helps_a_client_and_a_colleague_looks_along(
    chromium: Browser, served: Running, script: bool
) -> None:
    with signed_in(chromium, served, "officer.heerlen", java_script_enabled=script) as page:
        number = record(page)
    with signed_in(chromium, served, "second.heerlen", java_script_enabled=script) as page:
        page.goto("/dienstenlijst?status=findings")
        page.get_by_role("link", name=number).click()
        page.get_by_role("button", name="Goedkeuren").click()
        expect(page.get_by_text("Goedgekeurd door Tweede medewerker Heerlen")).to_be_visible()
        page.get_by_role("link", name="Dienstenlijst").first.click()
        expect(page.get_by_text("kwam de klant iets tekort")).to_be_visible()
        expect(page.get_by_role("link", name=number)).to_have_count(0)


def test_the_list_is_worked_with_the_keyboard(chromium: Browser, served: Running) -> None:
    with signed_in(chromium, served, "officer.heerlen") as page:
        page.goto("/dienstenlijst")
        page.keyboard.press("j")
        expect(page.locator("a[data-row]").first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Punt D2026-")


def test_a_senior_officer_gives_items_to_a_colleague(chromium: Browser, served: Running) -> None:
    with signed_in(chromium, served, "second.heerlen") as page:
        page.goto("/dienstenlijst?status=open")
        page.locator("input.pick").first.check()
        page.get_by_label("Gekozen punten geven aan").select_option("officer.heerlen")
        page.get_by_role("button", name="Toewijzen").click()
        expect(page.get_by_text("1 punt toegewezen.")).to_be_visible()
