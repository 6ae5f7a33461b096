"""Every page in both languages, on a desk and on a phone: no obstacle, no broken policy, no sideways scrolling, and
nothing lost with forced colours.

The pages come from the table of rights, so that a new page is swept without being named here.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from sqlalchemy import select

from api.tables_of_rights import RIGHTS
from enforcement import jobs
from enforcement.access import Purpose, Role, Viewer
from enforcement.audits import keep
from enforcement.contest import open_contest
from enforcement.database import engine_of, writing
from enforcement.holds import hold
from enforcement.keys import Keys
from enforcement.rights_requests import Kind, ask
from enforcement.settings import Settings
from enforcement.tables import Case, Finding, Promotion
from enforcement.users import DEMO_ROLES
from tests.api.builders import HEERLEN, NOW, REASONING, a_case
from tests.api.served import an_item, serve
from tests.api.test_requirements import BANNED
from tests.journeys.conftest import Running
from tests.journeys.forced import lost

pytestmark = pytest.mark.journey
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (1440, 320)
HEAVIEST = 100_000
"""bytes of a page with everything it loads, as they travel"""
SHORT = {role: short for short, (role, _) in DEMO_ROLES.items()}
LOOK = """async (rules) => {
  const found = await axe.run(document, {
    runOnly: rules,
    resultTypes: ["violations"],
    rules: { "label-content-name-mismatch": { enabled: true } }, // experimental in axe, so it has to be asked for
  });
  const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const headings = [...document.querySelectorAll("main h1, main h2, main h3, main h4")].map((one) => +one.tagName[1]);
  const names = [...document.querySelectorAll("[aria-label], [title], [alt]")].map(
    (one) => ["aria-label", "title", "alt"].map((name) => one.getAttribute(name) || "").join(" "));
  const root = document.documentElement;
  return {
    obstacles: found.violations.map((one) => one.id + ": " + one.nodes[0].target.join(" ")),
    weight: loaded.reduce((sum, one) => sum + one.encodedBodySize, 0),
    wider: root.scrollWidth - root.clientWidth,
    lang: root.lang,
    headings,
    said: document.body.innerText + " " + names.join(" "),
  };
}"""


@pytest.fixture(scope="module")
def world(service: Running) -> dict[str, str]:
    """Something to see on every page: reviews, a request, an audit, a job. Gives what {names} stand for."""
    settings = service.settings
    number = a_case(settings, blind=False)
    fill_in(settings, number)
    serve(settings)
    with writing(engine_of(settings.database)) as session:
        job = jobs.ask(session, Viewer("scientist.heerlen", HEERLEN, Role.DATA_SCIENTIST), jobs.TRAIN, NOW).id
        viewer = Viewer("compliance.heerlen", HEERLEN, Role.COMPLIANCE_REVIEWER, Purpose.OBJECTION)
        keys, other = (
            Keys.read(settings.keys),
            session.scalars(select(Case.number).where(Case.number != number, Case.municipality == HEERLEN)).first(),
        )
        words = "Het loon van maart was van mijn zus, niet van mij."
        contest = open_contest(session, viewer, keys, str(other), ["income"], words, NOW)
        hold(session, viewer, 1, "Beroep bij de rechtbank, zaak 26/123.", NOW)
        for kind in Kind:
            ask(session, viewer, keys, kind, "999990019", "AVG-2026-17", NOW.date(), NOW)
    return {"number": number, "version": "1", "job_id": job, "item": an_item(settings), "contest": contest}


def fill_in(settings: Settings, spared: str) -> None:
    dice = random.Random(1)
    with writing(engine_of(settings.database)) as session:
        for case in session.scalars(select(Case).where(Case.number != spared)):
            if dice.random() < 0.1:
                continue
            cause, effect = dice.choice(
                [("nothing_irregular", "none"), ("client_late_or_mistaken", "down"), ("municipal_error", "up")]
            )
            session.add(
                Finding(
                    id=f"{case.draw_id} {case.id}",
                    draw_id=case.draw_id,
                    case_id=case.id,
                    municipality=case.municipality,
                    cause=cause,
                    effect=effect,
                    amount_cents=None if effect == "none" else dice.randint(1000, 20000),
                    reasoning=REASONING,
                    reviewer="officer.heerlen",
                    saved_at=NOW.replace(tzinfo=None),
                    state="approved",
                    approver="second.heerlen",
                    approved_at=NOW.replace(tzinfo=None),
                )
            )
            case.state = "closed"
        session.add(
            Promotion(
                id="1-1", model_version="1", model_sha256="0" * 64, trainer="scientist.maastricht",
                requested_by="scientist.maastricht", requested_at=NOW.replace(tzinfo=None), audit="audit-1",
                audited_on=dt.date(2026, 11, 1), dpia="DPIA-1", fria="FRIA-1", iama="IAMA-1", state="requested",
            )
        )  # fmt: skip
        viewer = Viewer("compliance.heerlen", HEERLEN, Role.COMPLIANCE_REVIEWER)
        keep(session, viewer, "run", "1", "insufficient", an_audit(), NOW)


def an_audit() -> dict[str, object]:
    figure = {"value": 0.1, "low": 0.06, "high": 0.16, "denominator": 140, "status": "ok"}
    verdict = {"group": {"sex": "V"}, "value": 0.1, "low": 0.05, "high": 0.2, "budget": 0.2, "status": "insufficient"}
    part = {
        "groups": ["sex"],
        "burden": {"groups": [{"group": {"sex": "V"}, "n": 143, "metrics": {"pprev": figure}}]},
        "verdicts": [verdict],
        "double_reviews": [],
        "status": "insufficient",
        "cannot_show_nl": "Uitkomsten kunnen zelf scheef zijn.",
        "cannot_show_en": "Outcomes may themselves be biased.",
    }
    proxy = {"feature": "norm", "attribute": "sex", "group": "V", "auc": 0.6, "low": 0.5, "high": 0.7}
    return {"parts": [part], "proxies": [proxy | {"adds": None, "status": "ok", "why": ""}]}


SWEPT = [role for role in Role if role != Role.ADMINISTRATOR]
"""an administrator has no page of their own"""


def pages_of(role: Role) -> list[str]:
    """Addresses of pages for which this role is the first or the last that may see them: parts of a page differ."""
    found = []
    for (method, path), rule in RIGHTS.items():
        program = path.startswith(("/api/", "/metrics", "/health", "/ready", "/inloggen/"))
        file = path.endswith(("/csv", "/uitvoer", "/register", "/voortgang", "/toetsing/zaken"))
        allowed = [one for one in SWEPT if rule.allows(one)]
        if method == "GET" and path != "/" and not program and not file and role in (*allowed[:1], *allowed[-1:]):
            found.append(path)
    return found


@pytest.mark.parametrize("role", SWEPT)
def test_every_page_is_calm_light_and_reachable(
    chromium: Browser, service: Running, world: dict[str, str], role: Role
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci")
    opened = chromium.new_context(base_url=service.address)
    page = opened.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 404" not in message.text:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", complain)
    page.goto("/inloggen")
    page.locator(f"button[value='{SHORT[role]}.heerlen']").click()
    wrong: list[str] = []
    for path in pages_of(role):
        address = re.sub(r"\{(\w+)\}", lambda name: world.get(name[1], "1"), path)
        kind = opened.request.get(address).headers.get("content-type", "")
        if "text/html" not in kind:
            continue  # a file to keep
        for language in ("nl", "en"):
            wrong += looked_at(page, address, language)
    opened.close()
    assert not wrong, "\n".join(wrong)
    assert complaints == []


def looked_at(page: Page, address: str, language: str) -> list[str]:
    wrong = []
    page.goto(f"{address}?lang={language}", wait_until="load")
    page.evaluate(AXE.read_text("utf-8"))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(LOOK, RULES)
        where = f"{address} {language} {width}"
        wrong += [f"{where}: {one}" for one in found["obstacles"]]
        if found["wider"] > 0:
            wrong.append(f"{where}: scrolls {found['wider']} px sideways")
        if found["weight"] > HEAVIEST:
            wrong.append(f"{where}: weighs {found['weight']} bytes")
        if found["lang"] != language:
            wrong.append(f"{where}: says it is in {found['lang']}")
        if BANNED.search(found["said"]) or "%" in found["said"]:
            wrong.append(f"{where}: says what no page says, {BANNED.search(found['said'])}")
        steps = [b - a for a, b in zip(found["headings"], found["headings"][1:], strict=False)]
        if found["headings"].count(1) != 1 or found["headings"][0] != 1 or max(steps, default=0) > 1:
            wrong.append(f"{where}: headings {found['headings']}")
    if language == "nl":  # colours speak no language
        wrong += [f"{address}: {one}" for one in lost(page)]
    return wrong
