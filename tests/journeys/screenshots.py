"""Pictures of the main pages for README and docs, of the demonstration: `make run`, then `make screenshots`."""

from __future__ import annotations

import math
import re
import socket
import threading
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from api.app import create_app
from api.themes import installed
from enforcement.settings import Settings
from tests.journeys.conftest import ARGUMENTS, CHROMIUM

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, HEIGHT = 1280, 860
HEERLEN = "0917"


def shoot(page: Page, app: FastAPI, address: str, language: str) -> str:
    """Sign in as a senior officer, and take the worklist, its case with the highest place, and what lies around it.
    Gives the number of that case."""
    page.goto(f"{address}/inloggen?lang={language}")
    page.locator("button", has_text="second.heerlen").click()
    page.wait_for_load_state()
    page.screenshot(path=IMAGES / f"worklist-{language}.png")
    app.state.themes[HEERLEN] = (math.inf, installed()["voorbeeldstad"])
    page.reload()
    page.screenshot(path=IMAGES / f"theme-{language}.png")
    del app.state.themes[HEERLEN]
    page.reload()
    rows = page.locator("tbody tr", has=page.locator("svg")).all()
    highest = min(rows, key=lambda row: int(re.findall(r"\d+", row.locator(".list__range").inner_text())[0]))
    place = highest.locator("a[href*='/zaken/']")
    number = place.inner_text()
    place.click()
    page.wait_for_load_state()
    page.screenshot(path=IMAGES / f"case-{language}.png", full_page=True)
    page.locator("a[href$='/relaties']").click()
    page.locator("#stap-2").check()
    page.locator("form.choose button").click()
    page.wait_for_url("**stap=2**")
    page.screenshot(path=IMAGES / f"network-{language}.png", full_page=True)
    for name, path in (("team", "/team"), ("how", "/volgorde"), ("service-list", "/dienstenlijst")):
        page.goto(f"{address}{path}")
        page.screenshot(path=IMAGES / f"{name}-{language}.png")
    for name in ("worklist", "theme", "case", "network", "team", "how", "service-list"):
        lighten(IMAGES / f"{name}-{language}.png")
    return number


def lighten(picture: Path) -> None:
    """In 200 colours a picture of a page is a third of its size and looks the same."""
    Image.open(picture).convert("RGB").quantize(200, dither=Image.Dither.NONE).save(picture, optimize=True)


OTHERS = (
    ("manager", "results", "/resultaten"),
    ("manager", "policy", "/beleid"),
    ("compliance", "oversight", "/toetsing"),
    ("compliance", "log", "/logboek"),
    ("compliance", "catalogue", "/catalogus"),
    ("scientist", "models", "/modellen"),
    ("scientist", "model", "/modellen/1"),
    ("contact", "question", "/vraag"),
)
"""user, name of the picture, page"""
LONG = ("results",)
"""taken to the end; of the others what stands there without scrolling"""


def shoot_others(browser: Browser, address: str, language: str, number: str) -> None:
    """The main pages of each of the others; the contact centre is asked about the case `number`."""
    for user, name, path in OTHERS:
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        page = context.new_page()
        page.goto(f"{address}/inloggen?lang={language}")
        page.locator("button", has_text=f"{user}.heerlen").click()
        page.goto(f"{address}{path}")
        if name == "question":
            page.locator("#nummer").fill(number)
            page.locator("main form button").click()
        picture = IMAGES / f"{name}-{language}.png"
        page.screenshot(path=picture, full_page=name in LONG)
        lighten(picture)
        context.close()


def main() -> None:
    settings = Settings.read()
    if not (settings.home / "weegschaal.db").is_file():
        raise SystemExit(f"there is no demonstration in {settings.home.name}/; make one first with `make run`")
    if CHROMIUM is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for language in ("nl", "en"):
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            number = shoot(context.new_page(), app, address, language)
            shoot_others(browser, address, language, number)
        browser.close()
    server.should_exit = True
    thread.join(10)


if __name__ == "__main__":
    main()
