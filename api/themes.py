"""The look of a municipality: a stylesheet in static/themes that gives the colours of the pages other values, and a
word mark that stands beside the name of the service.

Which one stands in the policy (`theme`), so a change of it has a version, a reason and a place in the log.
"""

from __future__ import annotations

import functools
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request

from api.security import engine
from enforcement.database import reading
from enforcement.policy import in_force

FOLDER = Path(__file__).resolve().parent / "static" / "themes"
REMEMBERED = 60.0
"""seconds until a change of the policy shows on every page"""


@dataclass(frozen=True)
class Theme:
    """`sheet`: path of the stylesheet below static/; `word_mark`: the municipality as it calls itself, or nothing."""

    sheet: str
    word_mark: str


STANDARD = Theme("", "")


@functools.cache
def installed() -> dict[str, Theme]:
    """Every theme by name: NAME.css in static/themes, with NAME.toml beside it for the word mark."""
    return {sheet.stem: Theme(f"themes/{sheet.name}", _word_mark(sheet)) for sheet in sorted(FOLDER.glob("*.css"))}


def _word_mark(sheet: Path) -> str:
    about = sheet.with_suffix(".toml")
    return str(tomllib.loads(about.read_text("utf-8"))["word_mark"]) if about.is_file() else ""


def theme_of(request: Request, municipality: str) -> Theme:
    """The theme that the policy names; the standard look when it is not installed."""
    known: dict[str, tuple[float, Theme]] = request.app.state.themes
    now = time.monotonic()
    until, theme = known.get(municipality, (0.0, STANDARD))
    if now >= until:
        with reading(engine(request)) as session:
            _, policy = in_force(session, municipality)
        theme = installed().get(policy.theme, STANDARD)
        known[municipality] = (now + REMEMBERED, theme)
    return theme
