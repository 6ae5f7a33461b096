"""How the network page behaves at 300 nodes with the processor slowed four times, in Debian's Chromium.

    .venv/bin/python -m benchmarks.explore

Prints when the page is ready, and how long the longest task of the page was while it zooms, searches and slides.
"""

from __future__ import annotations

import argparse
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import sync_playwright
from sqlalchemy import update

from api.app import create_app
from enforcement.database import engine_of, writing
from enforcement.tables import Network
from tests.api.builders import a_case, edge, fill, node
from tests.journeys.conftest import ARGUMENTS, CHROMIUM

NODES, SLOWED = 300, 4
LONGEST = """() => new Promise((done) => {
  const seen = [];
  new PerformanceObserver((list) => seen.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true });
  setTimeout(() => done(Math.max(0, ...seen)), 1500);
})"""


DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def network() -> dict[str, Any]:
    """As many nodes as asked, half of them one step away, each with a period."""
    dice = random.Random(3)
    nodes = [node("n0", "person", "Klant", "Client", 0)]
    edges = []
    for place in range(1, NODES):
        near = place < NODES // 2
        parent = "n0" if near else f"n{dice.randint(1, NODES // 2 - 1)}"
        kind = dice.choice(("address", "employer", "account", "vehicle")) if near else "person"
        nodes.append(node(f"n{place}", kind, f"Onderdeel {place}", f"Part {place}", 1 if near else 2))
        since = f"{dice.randint(2010, 2025)}-05-01"
        edges.append(edge(parent, f"n{place}", "stay", "staat ingeschreven op", "is registered at", "brp", since))
    return {"nodes": nodes, "edges": edges, "left_out": 0}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.parse_args()
    settings = fill(Path(tempfile.mkdtemp()))
    with writing(engine_of(settings.database)) as session:
        session.execute(update(Network).values(graph=network()))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/inloggen")
            page.locator("button[value='officer.heerlen']").click()
            page.goto(f"{address}/zaken/{a_case(settings, blind=False)}/relaties")
            browser_side = page.context.new_cdp_session(page)
            browser_side.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
            began = time.perf_counter()
            page.get_by_label("Twee stappen").check()
            page.locator("form.choose button").click()
            page.wait_for_url("**stap=2**")
            page.locator(".finder").wait_for()
            print(f"{'ready with ' + str(NODES) + ' nodes':<40}{time.perf_counter() - began:8.2f} s")
            print(f"{'longest task while loading':<40}{page.evaluate(LONGEST):8.0f} ms")
            drawing = page.locator("svg.graph")
            doing: tuple[tuple[str, Callable[[], None]], ...] = (
                ("zoom", lambda: page.locator("[data-zoom='1.25']").click()),
                ("search", lambda: page.locator("#vind").fill("290")),
                ("day on the slider", lambda: page.locator("#maand").fill("60")),
            )
            for name, act in doing:
                before = time.perf_counter()
                act()
                drawing.evaluate(DRAWN)
                print(f"{name:<40}{1000 * (time.perf_counter() - before):8.0f} ms")
            browser.close()
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    main()
