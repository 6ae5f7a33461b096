"""A client disputes data, and a senior officer handles it in a browser that runs no script (R20, R30)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.api.builders import a_case
from tests.journeys.conftest import Running

pytestmark = pytest.mark.journey
TEXT = "Het loon van maart was van mijn zus, niet van mij."


def test_r20_a_contest_is_opened_read_and_settled_without_a_script(chromium: Browser, service: Running) -> None:
    number = a_case(service.settings, blind=False)
    opened = chromium.new_context(base_url=service.address, java_script_enabled=False)
    page = opened.new_page()
    page.goto("/inloggen?lang=nl")
    page.locator("button[value='second.heerlen']").click()
    page.goto(f"/zaken/{number}")
    page.get_by_role("link", name="Rechten van de klant").click()
    form = page.locator("form[action$='/betwisting#betwisting']")
    form.get_by_label("Gegevens kloppen niet").check()
    form.get_by_label("Inkomen").check()
    form.get_by_label("In de woorden van de klant").fill(TEXT)
    form.get_by_label(f"Typ {number} om te bevestigen").fill("ja")
    form.get_by_role("button", name="Zaak stilzetten").click()
    expect(page.locator("#fout")).to_contain_text("er is niets gedaan")
    expect(page.get_by_label("In de woorden van de klant")).to_have_value(TEXT)
    page.get_by_label(f"Typ {number} om te bevestigen").first.fill(number)
    page.get_by_role("button", name="Zaak stilzetten").click()
    expect(page.locator("#gedaan")).to_contain_text("De zaak staat stil")
    page.get_by_role("link", name="Rechten", exact=True).click()
    expect(page.get_by_text("Antwoord uiterlijk")).to_be_visible()
    page.get_by_role("link", name=f"Zaak {number}").click()
    expect(page.get_by_text(TEXT)).to_be_visible()
    page.get_by_label("De gemeente").check()
    page.get_by_label(f"Typ {number} om te bevestigen").fill(number)
    page.get_by_role("button", name="Afhandelen").click()
    expect(page.locator("#gedaan")).to_contain_text("De zaak gaat verder")
    opened.close()
