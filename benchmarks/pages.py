"""When the main pages are ready with the processor slowed four times, in Debian's Chromium.

    .venv/bin/python -m benchmarks.pages

Prints for every page when its first words stand there and when it is ready, in ms after the click, and its longest
task.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from tests.api.builders import a_case, fill
from tests.journeys.conftest import ARGUMENTS, CHROMIUM

SLOWED = 4
PAGES = (
    ("officer.heerlen", ("/werklijst", "/zaken/{number}", "/zaken/{number}/relaties", "/mijn-zaken", "/volgorde")),
    ("second.heerlen", ("/team",)),
    ("manager.heerlen", ("/resultaten", "/beleid")),
    ("compliance.heerlen", ("/toetsing", "/logboek", "/catalogus")),
    ("scientist.heerlen", ("/modellen",)),
    ("contact.heerlen", ("/vraag",)),
)
"""user, and the pages of that user's day"""
READY = """() => new Promise((done) => {
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true });
  setTimeout(() => {
    const page = performance.getEntriesByType("navigation")[0];
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    done([paint ? paint.startTime : 0, page.loadEventEnd, Math.max(0, ...tasks)]);
  }, 700);
})"""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.parse_args()
    settings = fill(Path(tempfile.mkdtemp()), cases=600, yearly_capacity=720)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    number = a_case(settings, blind=False)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            print(f"{'page':<40}{'first words':>14}{'ready':>10}{'longest task':>14}")
            for user, paths in PAGES:
                page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
                page.goto(f"{address}/inloggen")
                page.locator(f"button[value='{user}']").click()
                slowing = page.context.new_cdp_session(page)
                slowing.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
                for path in paths:
                    page.goto(address + path.format(number=number), wait_until="load")
                    words, ready, longest = page.evaluate(READY)
                    print(f"{path:<40}{words:>11.0f} ms{ready:>7.0f} ms{longest:>11.0f} ms")
                page.context.close()
            browser.close()
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    main()
