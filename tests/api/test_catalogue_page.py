"""The catalogue as a compliance reviewer reads it: every fact with its reason, in the language of the page (R8)."""

from __future__ import annotations

import html

import pytest

from enforcement.settings import Settings
from features.catalogue import CATALOGUE
from tests.api.builders import visitors


@pytest.mark.parametrize("language", ["nl", "en"])
def test_r08_every_reason_is_read_in_the_language_of_the_page(made_up: Settings, language: str) -> None:
    other = {"nl": "en", "en": "nl"}[language]
    with visitors(made_up, "compliance.heerlen") as (reviewer,):
        page = html.unescape(reviewer.get(f"/catalogus?lang={language}").text)
    for one in CATALOGUE.values():
        assert getattr(one, f"reason_{language}") in page, one.name
        assert getattr(one, f"reason_{other}") not in page, one.name
