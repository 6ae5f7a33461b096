"""What a refusal says to somebody who reads Dutch: the code says it in English, locales/refusals.toml in Dutch."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path

from api.language import Language

_TABLE = Path(__file__).resolve().parent / "locales" / "refusals.toml"


@functools.cache
def table() -> dict[str, str]:
    """English words with {} where something is filled in -> Dutch with {0}, {1}."""
    return tomllib.loads(_TABLE.read_text("utf-8"))


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The most particular first: what has the most words of its own."""
    ordered = sorted(table().items(), key=lambda pair: -len(pair[0].replace("{}", "")))
    return tuple(
        (re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL), dutch) for english, dutch in ordered
    )


def said(message: str, spoken: Language) -> str:
    """A refusal's words in this language; of several at once, all of them. Words that are not known stay English.

    >>> said("the file is empty", Language("nl")), said("2026-1 is not waiting", Language("nl"))
    ('Het bestand is leeg.', '2026-1 is niet opzij gelegd.')
    """
    if spoken.code != "nl":
        return message
    return _dutch(message) or " ".join(_dutch(part) or part for part in message.split("; "))


def _dutch(message: str) -> str | None:
    for pattern, dutch in _patterns():
        if found := pattern.fullmatch(message):
            return dutch.format(*found.groups())
    return None
