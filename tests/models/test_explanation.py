"""What a reader sees of a value: whole sentences that fit none, one and many, amounts as people write them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.declaration import Feature
from models.explanation import _Said, in_unit, sentence
from tests.models.builders import FakeFeature

COUNTS = [one for one in CATALOGUE.values() if one.unit == "count"]
PLURAL = re.compile(r"\b(kwamen|zijn|staan|waren|begonnen|lopen|leidden|werken)\b.* 1 |\b(are|were) 1\b|\b1 \w{3,}s\b")


@pytest.mark.parametrize("feature", CATALOGUE.values(), ids=lambda one: one.name)
def test_every_feature_speaks_both_languages_plainly(feature: Feature) -> None:
    for language in ("nl", "en"):
        for value in {0.0, 1.0, 3.0, feature.fill}:
            said = sentence(feature, value, language)
            assert said[0].isupper(), said
            assert said.endswith("."), said
            assert "{" not in said
            assert len(said) < 160, said
    assert sentence(feature, 3.0, "nl") != sentence(feature, 3.0, "en")


@pytest.mark.parametrize("feature", COUNTS, ids=lambda one: one.name)
def test_a_count_of_one_is_told_in_the_singular(feature: Feature) -> None:
    assert feature.one_nl != feature.sentence_nl.replace("{value}", "1") or "1 keer" in feature.one_nl
    assert feature.one_en != feature.sentence_en.replace("{value}", "1")
    for said in (sentence(feature, 1.0, "nl"), sentence(feature, 1.0, "en")):
        assert not PLURAL.search(said), said


def test_one_vehicle_came_and_two_vehicles_came() -> None:
    feature = CATALOGUE["vehicles_acquired_12m"]
    assert sentence(feature, 1.0, "nl") == "In de laatste 12 maanden kwam 1 voertuig op naam."
    assert sentence(feature, 2.0, "nl") == "In de laatste 12 maanden kwamen 2 voertuigen op naam."
    assert sentence(CATALOGUE["income_signals"], 1.0, "en") == "There is 1 open signal about income."


def test_one_is_told_as_any_value_where_no_sentence_for_it_is_declared() -> None:
    assert sentence(FakeFeature("x", unit="months"), 1.0, "nl") == "Het bedrag is 1 maand."


@pytest.mark.parametrize(
    ("name", "value", "language", "said"),
    [
        ("months_since_review", 3.0, "nl", "Het laatste heronderzoek is 3 maanden geleden."),
        ("months_since_review", 1.0, "en", "The last review was 1 month ago."),
        ("months_since_review", 0.0, "nl", "Het laatste heronderzoek is minder dan een maand geleden afgerond."),
        (
            "months_since_signal",
            60.0,
            "nl",
            "Het laatste open signaal is 60 maanden of langer geleden, of er was er geen.",
        ),
        ("months_since_signal", 60.0, "en", "The last open signal was 60 months ago or longer, or there was none."),
        ("months_since_move", 120.0, "en", "The last move was 120 months ago or longer, or no move is known."),
    ],
)
def test_a_time_since_what_may_never_have_been_is_not_told_as_a_fact(
    name: str, value: float, language: str, said: str
) -> None:
    assert sentence(CATALOGUE[name], value, language) == said


def test_a_band_is_compared_without_its_number() -> None:
    column = np.array([0.0, 1.0, 2.0, 3.0])
    nl, en = _Said(CATALOGUE["benefit_term"], column, "GWS", "2026-10-01").comparisons(3.0)
    assert (nl, en) == ("Dit is meer dan bij 75 van de 100 zaken.", "This is more than in 75 of 100 cases.")
    nl, _ = _Said(CATALOGUE["employers_12m"], column, "UWV", "2026-10-01").comparisons(3.0)
    assert nl == "Dit is meer dan bij 75 van de 100 zaken; de middelste zaak heeft 1,5."


@pytest.mark.parametrize(
    ("value", "unit", "nl", "en"),
    [
        (1.0, "months", "1 maand", "1 month"),
        (2.5, "hours", "2,5 uur", "2.5 hours"),
        (4.0, "count", "4", "4"),
        (0.25, "share", "25%", "25%"),
    ],
)
def test_numbers_are_written_as_people_do(value: float, unit: str, nl: str, en: str) -> None:
    assert (in_unit(value, unit, "nl"), in_unit(value, unit, "en")) == (nl, en)


@given(st.floats(-1e7, 1e7), st.sampled_from(["nl", "en"]))
@settings(deadline=None)
def test_amounts_and_numbers_are_written_as_babel_writes_them(value: float, language: str) -> None:
    cents = round(value, 2)
    assert in_unit(cents, "EUR", language) == format_currency(cents + 0.0, "EUR", locale=language)
    assert in_unit(round(value), "EUR cents", language) == format_currency(round(value) / 100, "EUR", locale=language)
    assert in_unit(round(value, 1), "count", language) == format_decimal(round(value, 1) + 0.0, locale=language)
