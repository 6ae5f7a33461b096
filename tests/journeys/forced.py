"""What a page owes to people who choose the colours of their screen themselves: no mark, focus or state is lost."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Page

WAYS: tuple[tuple[Literal["none", "active"], Literal["light", "dark"]], ...] = (
    ("none", "light"),
    ("active", "dark"),
    ("active", "light"),
)
"""as most people see the page, and the two palettes that a browser can be made to force"""
LEAST = 3.0
"""contrast of a mark with what lies behind it (WCAG 2.2, 1.4.11)"""
LOOK = """([least, forced]) => {
  const wrong = [];
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("defs, pattern, clipPath");
  const light = (ink) => {
    const parts = ink.match(/[\\d.]+/g).map(Number).slice(0, 3).map((one) => one / 255);
    const linear = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "Canvas";
  const canvas = getComputedStyle(probe).color;
  probe.remove();
  const name = (one) => `${one.tagName} .${one.getAttribute("class") || one.parentElement.getAttribute("class")}`;

  for (const mark of forced ? document.querySelectorAll("svg :is(path, rect, circle, line, polygon, polyline)") : []) {
    if (!seen(mark)) continue;
    const { fill, stroke } = getComputedStyle(mark);
    const inks = [fill, stroke].filter((ink) => ink.startsWith("rgb"));
    if (inks.length && !inks.some((ink) => contrast(ink, canvas) >= least)) wrong.push(`${name(mark)} cannot be seen`);
  }
  for (const chip of document.querySelectorAll(".chip")) {
    if (seen(chip) && !chip.textContent.trim()) wrong.push(`${name(chip)} is told by its colour alone`);
  }
  for (const here of document.querySelectorAll("[aria-current]")) {
    if (seen(here) && getComputedStyle(here).fontWeight < 600) wrong.push(`${name(here)} does not show where one is`);
  }
  const looks = (one) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
    const edge = one.querySelector("rect") && getComputedStyle(one.querySelector("rect"));
    const line = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 ? outlineColor : "";
    return `${line} ${edge ? edge.stroke + edge.strokeWidth : ""}`;
  };
  document.activeElement.blur();
  const stops = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  for (const stop of [...document.querySelectorAll(stops)].filter((one) => seen(one) && !one.disabled)) {
    const before = looks(stop);
    stop.focus({ preventScroll: true });
    if (document.activeElement === stop && looks(stop) === before) wrong.push(`${name(stop)} does not show its focus`);
  }
  return [...new Set(wrong)];
}"""


def lost(page: Page) -> list[str]:
    """What of the page cannot be seen or told apart, in words. Leaves the media as they were."""
    found = []
    for forced, scheme in WAYS:
        page.emulate_media(forced_colors=forced, color_scheme=scheme)
        page.keyboard.press("Tab")  # from here on focus is what a keyboard gives, and shows as such
        found += [f"{one} (forced {forced}, {scheme})" for one in page.evaluate(LOOK, [LEAST, forced == "active"])]
    page.emulate_media(forced_colors="none", color_scheme="light")
    return found
