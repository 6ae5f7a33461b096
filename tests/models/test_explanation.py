"""What a reader sees of a value: whole sentences that fit none, one and many, amounts as people write them."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.declaration import Feature
from models.boosting import BoostingCandidate
from models.candidate import NotAdditiveError, NotFiniteError
from models.contenders import contenders
from models.explanation import EACH_WAY, _Said, explain, in_unit, sentence
from tests.models.builders import UNTIL, FakeFeature
from tests.models.catalogue_world import NAMES, cells, reviews

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


SHARES = [name for name, one in CATALOGUE.items() if one.unit == "share"]


@pytest.mark.parametrize(
    ("name", "value", "language", "said"),
    [
        ("undeclared_share_12m", 0.0, "nl", "staat niet meer inkomen geregistreerd dan is opgegeven"),
        ("undeclared_share_12m", 0.004, "nl", "is een klein deel niet in de opgaven terug te vinden"),
        ("undeclared_share_12m", 0.356, "nl", "is ongeveer een derde deel niet in de opgaven terug te vinden"),
        ("undeclared_share_12m", 1.0, "en", "the full amount is not found in the declarations"),
        ("paid_share_3m", 0.999, "nl", "is bijna het volle bedrag van de norm uitbetaald"),
        ("paid_share_3m", 1.0, "nl", "is het volle bedrag van de norm uitbetaald"),
        ("paid_share_3m", 1.04, "nl", "is iets meer dan het volle bedrag van de norm uitbetaald"),
        ("paid_share_3m", 2.0, "en", "2 times the full amount of the norm was paid"),
        ("repaid_share", 0.667, "nl", "Van alle vorderingen is twee derde deel afgelost."),
        ("income_irregularity_12m", 0.5, "en", "differed from the mean by half of that mean."),
    ],
)
def test_r03_a_part_of_an_amount_is_said_in_ordinary_words(name: str, value: float, language: str, said: str) -> None:
    assert said in sentence(CATALOGUE[name], value, language)


@given(st.sampled_from(sorted(CATALOGUE)), st.sampled_from(["nl", "en"]), st.data())
@settings(deadline=None, max_examples=300)
def test_r03_nothing_that_is_said_of_a_case_holds_a_percentage(name: str, language: str, data: st.DataObject) -> None:
    """The sentence and the comparison with others, of every feature and whatever its value."""
    column = np.array(data.draw(st.lists(st.floats(0, 4), min_size=1, max_size=5)))
    value = float(data.draw(st.sampled_from(list(column))))
    said = (sentence(CATALOGUE[name], value, language), *_Said(CATALOGUE[name], column, "", "").comparisons(value))
    assert not any(re.search("%|percent|procent", one) for one in said), said


def test_r03_there_are_parts_of_amounts_to_say_this_of() -> None:
    assert SHARES == ["income_irregularity_12m", "paid_share_3m", "repaid_share", "undeclared_share_12m"]


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


CANDIDATES = [one for one in contenders(CATALOGUE, NAMES, 1) if one.complexity]


@pytest.fixture(scope="module", params=CANDIDATES, ids=lambda one: one.name)
def fitted(request):
    examples = reviews(1_500)
    return request.param.fit(examples, np.ones(len(examples)))


def test_the_reasons_of_every_candidate_add_up_to_its_margin(fitted) -> None:
    found = explain(fitted, cells(400, 3), CATALOGUE, as_of=UNTIL)
    assert len(found.reasons) == len(found.facts) == 400
    for margin, remainder, reasons in zip(found.margin, found.remainder, found.reasons, strict=True):
        total = found.base + sum(one["contribution"] for one in reasons) + remainder
        assert total == pytest.approx(margin, rel=1e-9, abs=1e-12)
        ways = [one["direction"] for one in reasons]
        assert max(ways.count("up"), ways.count("down")) <= EACH_WAY
    assert max(len(reasons) for reasons in found.reasons) > 3


def test_a_reason_is_what_its_features_add_in_one_direction(fitted) -> None:
    """Oracle: the sum over the named features, row by row."""
    values = cells(60, 4)
    parts = fitted.contributions(values)
    at = {name: column for column, name in enumerate(fitted.names)}
    for row, reasons in enumerate(explain(fitted, values, CATALOGUE, as_of=UNTIL).reasons):
        for one in reasons:
            mine = [parts[row, at[name]] for name in one["features"]]
            assert sum(mine) == pytest.approx(one["contribution"], rel=1e-12)
            assert all((part > 0) == (one["direction"] == "up") for part in mine)


def test_a_cell_that_is_no_number_stops_the_run(fitted) -> None:
    values = cells(5, 5)
    values[2, 1] = np.nan
    with pytest.raises(NotFiniteError):
        explain(fitted, values, CATALOGUE, as_of=UNTIL)


def test_reasons_that_are_not_the_models_stop_the_run() -> None:
    class Liar:
        kind, names = "liar", NAMES

        def margin(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
            return np.ones(len(X))

        def contributions(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
            return np.zeros((len(X), len(NAMES) + 1))

        def dump(self) -> bytes:
            return b""

    with pytest.raises(NotAdditiveError):
        explain(Liar(), cells(5, 5), CATALOGUE, as_of=UNTIL)


def test_one_case_alone_is_explained_as_well() -> None:
    examples = reviews(1_500)
    model = dataclasses.replace(BoostingCandidate((0,) * len(NAMES), 1), trees=20).fit(examples, np.ones(len(examples)))
    assert explain(model, cells(1, 6), CATALOGUE, as_of=UNTIL).reasons[0]
