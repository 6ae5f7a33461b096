"""From sign-in to approved findings in a real browser, and how the pages behave there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.api.builders import a_case
from tests.journeys.conftest import Running

pytestmark = pytest.mark.journey
HEAVIEST = 100_000
"""bytes of a page with everything it loads, as they travel"""
REASONING = "De werkgever bevestigde dat het loon van september een nabetaling over juni en juli was."


def soon() -> str:
    """Two days from now, as a date field takes it."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).date().isoformat()


@contextmanager
def signed_in(chromium: Browser, service: Running, user: str, **context: Any) -> Iterator[Page]:
    """A page of someone who signed in; what the console complains about fails the test, but for a
    form that was filled in wrongly on purpose."""
    opened = chromium.new_context(base_url=service.address, **context)
    page = opened.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 422" not in message.text:
            complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/inloggen")
    page.locator(f"button[value='{user}']").click()
    yield page
    opened.close()
    assert complaints == []


def second_step(page: Page) -> None:
    page.get_by_label("Twee stappen").check()
    page.locator("form.choose button").click()


def test_an_officer_reviews_the_next_case_and_a_colleague_approves(chromium: Browser, service: Running) -> None:
    with signed_in(chromium, service, "officer.heerlen") as page:
        expect(page.get_by_role("heading", name="Werklijst")).to_be_visible()
        page.get_by_label("Status", exact=True).select_option("open")
        expect(page).to_have_url(re.compile("status=open"))
        number = a_case(service.settings, blind=False)
        while True:
            page.goto("/werklijst")
            page.get_by_role("button", name="Volgende zaak oppakken").click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("Zaak 2026-")
            if page.get_by_role("heading", name="Waarom staat deze zaak hier?").is_visible():
                break
            page.get_by_label("Niet vast te stellen").check()
            page.get_by_label("Onderbouwing").fill(REASONING)
            page.get_by_role("button", name="Vastleggen").click()
        number = page.get_by_role("heading", level=1).inner_text().removeprefix("Zaak ")
        expect(page.get_by_text("Deze plaats zegt niet dat er iets mis is.")).to_be_visible()
        expect(page.get_by_text("Kan ook betekenen:").first).to_be_visible()
        expect(page.get_by_text("brengt omlaag").first).to_be_visible()

        page.get_by_role("link", name="Netwerk verkennen").click()
        second_step(page)
        expect(page.get_by_role("cell", name="Medebewoner").first).to_be_visible()
        page.locator("[data-node='n2']").focus()
        expect(page.locator(".edge--near").first).to_be_visible()
        page.get_by_label("Zoeken in de tekening").fill("uitzend")
        expect(page.locator(".node--found")).to_have_count(1)
        page.get_by_label("Toon wat gold op").fill("0")
        expect(page.locator(".edge:not(.away)")).to_have_count(1)
        page.goto(f"/zaken/{number}")

        page.get_by_text("Even opzij leggen").click()
        page.get_by_label("Tot en met").fill(soon())
        page.get_by_role("button", name="Opzij leggen").click()
        expect(page.get_by_text("Opzij gelegd tot")).to_be_visible()
        page.get_by_role("button", name="Nu verder gaan").click()
        page.locator("summary", has_text="Stappen van het onderzoek").click()
        page.get_by_role("button", name="Stap vastleggen").click()
        page.locator("summary", has_text="Notities").click()
        page.get_by_label("Nieuwe notitie").fill("De werkgever belt morgen terug.")
        page.get_by_role("button", name="Notitie bewaren").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Dossier als pdf").click()
        assert download.value.suggested_filename == f"{number}.pdf"

        expect(page.locator("input[name=cause]").first).to_have_value("nothing_irregular")
        page.get_by_label("Klant was te laat of vergiste zich").check()
        page.get_by_label("Geen gevolg voor het recht").check()
        page.get_by_label("Onderbouwing").fill("Plaats 12")
        page.get_by_role("button", name="Vastleggen").click()
        expect(page.get_by_role("alert")).to_contain_text("eigen woorden")
        expect(page.get_by_role("alert").get_by_role("link")).to_be_focused()
        page.get_by_label("Onderbouwing").fill(REASONING)
        page.get_by_role("button", name="Vastleggen").click()
        expect(page.get_by_text("Een ander beoordeelt haar.")).to_be_visible()
        expect(page.get_by_role("button", name="Goedkeuren")).to_have_count(0)
        expect(page.get_by_role("button", name="Volgende zaak oppakken")).to_be_visible()

    with signed_in(chromium, service, "second.heerlen") as page:
        page.goto(f"/zaken/{number}")
        page.get_by_role("button", name="Terugsturen").click()
        expect(page.get_by_role("alert").get_by_role("link")).to_be_focused()
        page.get_by_label("Toelichting").fill("Welke loonstroken zag u?")
        page.get_by_role("button", name="Terugsturen").click()

    with signed_in(chromium, service, "officer.heerlen") as page:
        page.goto("/mijn-zaken")
        expect(page.get_by_role("listitem").filter(has_text=number)).to_contain_text("teruggestuurd")
        page.get_by_role("link", name=number).click()
        asked = page.locator(".note", has_text="Teruggestuurd door Tweede medewerker Heerlen")
        expect(asked).to_contain_text("Welke loonstroken zag u?")
        page.get_by_role("button", name="Vastleggen").click()
        expect(asked).to_have_count(0)

    with signed_in(chromium, service, "second.heerlen") as page:
        page.get_by_role("link", name="Mijn zaken").click()
        page.get_by_role("link", name=number).click()
        expect(page.get_by_text(REASONING).last).to_be_visible()
        page.get_by_role("button", name="Goedkeuren").click()
        expect(page.get_by_text("Goedgekeurd door Tweede medewerker Heerlen")).to_be_visible()
        expect(page.locator(".head").get_by_text("Afgerond")).to_be_visible()


def test_the_keys_move_and_can_be_turned_off(chromium: Browser, service: Running) -> None:
    with signed_in(chromium, service, "officer.maastricht") as page:
        rows = page.locator("[data-row]")
        listening = page.locator("html[data-keys='on']")
        expect(page.get_by_role("heading", name="Werklijst")).to_be_visible()
        expect(listening).to_be_attached()
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(rows.nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(rows.nth(0)).to_be_focused()
        page.keyboard.press("?")
        page.keyboard.press("j")
        expect(rows.nth(0)).to_be_focused()
        page.keyboard.press("?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Zaak")
        page.goto("/werklijst")
        expect(listening).to_be_attached()
        page.keyboard.press("n")
        expect(page.get_by_role("button", name="Teruggeven aan de lijst")).to_be_visible()
        expect(listening).to_be_attached()
        page.keyboard.press("b")
        expect(page).to_have_url(re.compile("#bevinding$"))


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("wide", [1440, 320])
def test_every_page_fits_and_is_light(chromium: Browser, service: Running, language: str, wide: int) -> None:
    cases = [a_case(service.settings, blind=blind) for blind in (True, False)]
    paths = ["/werklijst", "/mijn-zaken", "/zoeken", "/meldingen", "/volgorde", f"/zaken/{cases[1]}/relaties"]
    paths += [f"/zaken/{number}" for number in cases]
    weights: dict[str, int] = {}
    with signed_in(chromium, service, "officer.heerlen", viewport={"width": wide, "height": 900}) as page:
        arrived: list[Response] = []
        page.on("response", lambda response: arrived.append(response))
        for path in paths:
            arrived.clear()
            page.goto(f"{path}?lang={language}")
            page.wait_for_load_state("networkidle")
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("document.documentElement.scrollWidth") <= wide, path
            for one in arrived:  # what comes from the browser's own store weighs what it weighed the first time
                weights[one.url] = max(weights.get(one.url, 0), one.request.sizes()["responseBodySize"])
            assert sum(weights[one.url] for one in arrived) <= HEAVIEST, path


def test_a_case_on_paper_is_whole(chromium: Browser, service: Running) -> None:
    """On A4 nothing runs off the sheet, what is folded on the screen is there, and what cannot be pressed is not."""
    number = a_case(service.settings, blind=False)
    with signed_in(chromium, service, "officer.heerlen", viewport={"width": 794, "height": 1123}) as page:
        page.emulate_media(media="print")
        page.goto(f"/zaken/{number}")
        expect(page.locator("#relaties table")).to_be_visible()
        expect(page.locator("main button:visible")).to_have_count(0)
        expect(page.locator("header.top")).to_be_hidden()
        rights = page.locator("main svg, main table").evaluate_all(
            "all => all.map(o => o.getBoundingClientRect().right)"
        )
        assert max(rights) <= 794


def test_no_words_in_the_drawing_overlap_as_the_browser_draws_them(chromium: Browser, service: Running) -> None:
    number = a_case(service.settings, blind=False)
    with signed_in(chromium, service, "officer.heerlen") as page:
        page.goto(f"/zaken/{number}/relaties")
        second_step(page)
        page.get_by_role("cell", name="Medebewoner").first.wait_for()
        boxes = page.locator("svg.graph text").evaluate_all(
            "all => all.map(one => one.getBBox()).map(b => [b.x, b.y + 2, b.x + b.width, b.y + b.height - 2])"
        )
    assert len(boxes) > 20
    for at, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[at + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
