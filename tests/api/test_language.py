"""Dutch and English say the same things, and every text that a page asks for exists."""

from __future__ import annotations

import datetime as dt
import re
import string
from pathlib import Path

import pytest

from api.language import Language, catalogue
from enforcement.access import Purpose, Role
from enforcement.audit_door import _GROUP, OTHER
from enforcement.cases import State
from enforcement.selection import ARMS
from features.records import CONTRACTS
from models.outcomes import OTHERS, SERVICE_LIST

API = Path(__file__).resolve().parents[2] / "api"


def test_every_source_of_a_fact_has_a_name_for_people() -> None:
    """A page never says GWS or eigen to somebody who reads English."""
    for spoken in (Language("nl"), Language("en")):
        names = spoken.names("source")
        assert {re.sub("[^a-z0-9]+", "_", one.source.lower()) for one in CONTRACTS.values()} <= names.keys()


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_gaps() -> None:
    nl, en = catalogue("nl"), catalogue("en")
    assert nl.keys() == en.keys()
    assert {key: fields(text) for key, text in nl.items()} == {key: fields(text) for key, text in en.items()}
    assert all(text.strip() for text in (*nl.values(), *en.values()))


def test_every_text_that_a_template_or_a_module_names_exists() -> None:
    known = catalogue("nl")
    for path in [*(API / "templates").glob("*.html"), *API.glob("*.py")]:
        source = path.read_text("utf-8")
        for key in re.findall(r"""\b(?:t|text)\(["']([a-z]+\.[a-z_]+)["'][,)]""", source):
            assert key in known, (path.name, key)
        for key in re.findall(r"""\b(?:n|count)\(["']([a-z]+\.[a-z_]+)["'],""", source):
            assert {f"{key}_one", f"{key}_many"} <= known.keys(), (path.name, key)


@pytest.mark.parametrize(
    ("section", "names"),
    [("role", Role), ("purpose", Purpose), ("status", State), ("arm", ARMS)],
)
def test_every_word_of_the_trade_has_a_text(section: str, names: list[str]) -> None:
    for name in names:
        assert f"{section}.{name}" in catalogue("nl")


def test_groups_of_an_audit_and_codings_of_outcomes_have_names_that_people_use() -> None:
    groups = {name for sql in _GROUP.values() for name in re.findall(r"(?:THEN|ELSE|,) '([^'0][^']+)'", sql)}
    assert {"unknown", "Dutch", "born elsewhere", "55 and older"} <= groups
    for code in ("nl", "en"):
        spoken = Language(code)
        said = [spoken.named("group", one) for one in {*groups, OTHER, "V", "M"} if not one[0].isdigit() or " " in one]
        known = {text for key, text in catalogue(code).items() if key.startswith("group.")}
        assert set(said) <= known
        known = {text for key, text in catalogue(code).items() if key.startswith("coding.")}
        assert {spoken.named("coding", one.name) for one in (*OTHERS, SERVICE_LIST)} <= known


def test_dates_and_money_are_written_as_people_write_them_there() -> None:
    nl, en = Language("nl"), Language("en")
    assert (nl.date("2026-11-01"), en.date("2026-11-01")) == ("1 november 2026", "1 November 2026")
    assert (nl.euro(123_456), en.euro(123_456)) == ("€\xa01.234,56", "€1,234.56")
    assert nl.moment(dt.datetime(2026, 7, 1, 9, 0)) == "1 jul 2026, 11:00"  # noqa: DTZ001 as stored: UTC without zone
