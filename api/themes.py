"""The look of a municipality: a stylesheet in static/themes that gives the colours of the pages other values.

Which one stands in the policy (`theme`), so a change of it has a version, a reason and a place in the log.
"""

from __future__ import annotations

import time
from pathlib import Path

from fastapi import Request

from api.security import engine
from enforcement.database import reading
from enforcement.policy import in_force

FOLDER = Path(__file__).resolve().parent / "static" / "themes"
REMEMBERED = 60.0
"""seconds until a change of the policy shows on every page"""


def theme_of(request: Request, municipality: str) -> str:
    """Path of the stylesheet below static/, or nothing: the standard look, also when the policy names one that is not
    installed."""
    known: dict[str, tuple[float, str]] = request.app.state.themes
    now = time.monotonic()
    until, path = known.get(municipality, (0.0, ""))
    if now >= until:
        with reading(engine(request)) as session:
            _, policy = in_force(session, municipality)
        path = f"themes/{policy.theme}.css" if (FOLDER / f"{policy.theme}.css").is_file() else ""
        known[municipality] = (now + REMEMBERED, path)
    return path
