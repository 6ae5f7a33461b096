"""Pictures of the main pages for README and docs, of the demonstration: `make run`, then `make screenshots`."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from api.app import create_app
from api.rendering import asset
from enforcement.settings import Settings
from tests.journeys.conftest import ARGUMENTS, CHROMIUM

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, HEIGHT = 1280, 860


def shoot(page: Page, address: str, language: str) -> None:
    """Sign in as a senior officer, and take the worklist, the first case that is not blind, and what lies around it."""
    page.goto(f"{address}/inloggen?lang={language}")
    page.locator("button", has_text="second.heerlen").click()
    page.wait_for_load_state()
    page.screenshot(path=IMAGES / f"worklist-{language}.png")
    page.add_style_tag(url=asset("themes/voorbeeldstad.css"))
    page.screenshot(path=IMAGES / f"theme-{language}.png")
    page.reload()
    place = page.locator("tbody tr", has=page.locator("svg")).locator("a[href*='/zaken/']").first
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
        picture = IMAGES / f"{name}-{language}.png"
        Image.open(picture).convert("RGB").quantize(200, dither=Image.Dither.NONE).save(picture, optimize=True)


OTHERS = (
    ("manager", "results", "/resultaten"),
    ("compliance", "oversight", "/toetsing"),
    ("scientist", "models", "/modellen"),
)
"""user, name of the picture, page"""


def shoot_others(browser: Browser, address: str, language: str) -> None:
    """The page on which each of the others begins."""
    for user, name, path in OTHERS:
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        page = context.new_page()
        page.goto(f"{address}/inloggen?lang={language}")
        page.locator("button", has_text=f"{user}.heerlen").click()
        page.goto(f"{address}{path}")
        picture = IMAGES / f"{name}-{language}.png"
        page.screenshot(path=picture, full_page=True)
        Image.open(picture).convert("RGB").quantize(200, dither=Image.Dither.NONE).save(picture, optimize=True)
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
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for language in ("nl", "en"):
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
            shoot(context.new_page(), f"http://127.0.0.1:{listening.getsockname()[1]}", language)
            shoot_others(browser, f"http://127.0.0.1:{listening.getsockname()[1]}", language)
        browser.close()
    server.should_exit = True
    thread.join(10)


if __name__ == "__main__":
    main()
