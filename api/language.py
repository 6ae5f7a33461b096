"""What the pages say, in Dutch and in English, and how dates, numbers and money are written there."""

from __future__ import annotations

import datetime as dt
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

LANGUAGES = ("nl", "en")
HERE = ZoneInfo("Europe/Amsterdam")
_LOCALES = {"nl": Locale("nl", "NL"), "en": Locale("en", "GB")}
KEPT = 20_000
"""ways of writing that are remembered: a list writes the same numbers and dates for everyone"""
_FOLDER = Path(__file__).resolve().parent / "locales"


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language, key 'section.name'."""
    sections = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    return {f"{section}.{name}": text for section, texts in sections.items() for name, text in texts.items()}


@functools.lru_cache(KEPT)
def _number(code: str, value: float) -> str:
    return str(format_decimal(value, locale=_LOCALES[code]))


@functools.lru_cache(KEPT)
def _day(code: str, day: str, form: str) -> str:
    return str(format_date(dt.date.fromisoformat(day), form, locale=_LOCALES[code]))


@dataclass(frozen=True)
class Language:
    """One language with its ways of writing. `code` is nl or en."""

    code: str

    @property
    def other(self) -> str:
        return "en" if self.code == "nl" else "nl"

    def text(self, key: str, **values: object) -> str:
        """The text of `key` with its values filled in. KeyError for a text that does not exist: a page without words
        is a mistake that a test must see."""
        return catalogue(self.code)[key].format(**values) if values else catalogue(self.code)[key]

    def count(self, key: str, count: int, **values: object) -> str:
        """`key`_one or `key`_many, with {count}."""
        return self.text(f"{key}_one" if count == 1 else f"{key}_many", count=self.number(count), **values)

    def named(self, section: str, name: str) -> str:
        """What people call a group or a coding; one that a municipality named itself keeps its name.

        >>> Language("nl").named("coding", "down only"), Language("nl").named("group", "18-26")
        ('alleen minder recht', '18-26')
        """
        return catalogue(self.code).get(f"{section}.{re.sub(r'[^a-z0-9]+', '_', name.lower())}", name)

    def names(self, section: str) -> Mapping[str, str]:
        """Every name of a section with what people call it."""
        start = f"{section}."
        return {key.removeprefix(start): text for key, text in catalogue(self.code).items() if key.startswith(start)}

    def said(self, record: Mapping[str, Any], name: str = "") -> str:
        """The side of a record that holds both languages: `said(reason, 'could')` is its could_nl or could_en."""
        return str(record.get(f"{name}_{self.code}" if name else self.code) or "")

    def number(self, value: float) -> str:
        return _number(self.code, value)

    def euro(self, cents: int) -> str:
        return str(format_currency(cents / 100, "EUR", locale=_LOCALES[self.code]))

    def date(self, day: dt.date | str) -> str:
        """1 november 2026"""
        return _day(self.code, str(day)[:10], "d MMMM y")

    def short_date(self, day: dt.date | str) -> str:
        """1 nov 2026"""
        return _day(self.code, str(day)[:10], "d MMM y")

    def moment(self, moment: dt.datetime) -> str:
        """1 nov 2026, 09:04 in Dutch time; a moment without a zone is UTC."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return str(format_datetime(aware.astimezone(HERE), "d MMM y, HH:mm", locale=_LOCALES[self.code]))

    def period(self, start: str | None, end: str | None) -> str:
        """since ..., ... to ..., until ...; empty when neither is known."""
        if start and end:
            return self.text("relations.between", start=self.short_date(start), end=self.short_date(end))
        if start:
            return self.text("relations.since", start=self.short_date(start))
        return self.text("relations.until", end=self.short_date(end)) if end else ""


def language_of(asked: str | None, remembered: str | None) -> Language:
    """What `?lang=` asks, else what the cookie remembers, else Dutch.

    >>> language_of(None, "fr").code
    'nl'
    """
    return Language(next((code for code in (asked, remembered) if code in LANGUAGES), "nl"))
