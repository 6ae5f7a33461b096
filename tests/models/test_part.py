"""A part of an amount in ordinary words, at its edges and everywhere between."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.part import FRACTIONS, TINY, part

WORTH = {words: float(value) for value, nl, en in FRACTIONS for words in (nl, en)}


@pytest.mark.parametrize(
    ("value", "nl", "en"),
    [
        (0.0, "niets", "nothing"),
        (0.0004, "een klein deel", "a small part"),
        (0.0499, "een klein deel", "a small part"),
        (0.05, "ongeveer een tiende deel", "about a tenth"),
        (0.333, "een derde deel", "a third"),
        (0.34, "ongeveer een derde deel", "about a third"),
        (0.5, "de helft", "half"),
        (0.9, "negen tiende deel", "nine tenths"),
        (0.95, "bijna het volle bedrag", "almost the full amount"),
        (0.999, "bijna het volle bedrag", "almost the full amount"),
        (1.0, "het volle bedrag", "the full amount"),
        (1.001, "iets meer dan het volle bedrag", "a little more than the full amount"),
        (1.3, "ongeveer 1,5 keer het volle bedrag", "about 1.5 times the full amount"),
        (2.0, "2 keer het volle bedrag", "2 times the full amount"),
        (3.9, "ongeveer 4 keer het volle bedrag", "about 4 times the full amount"),
    ],
)
def test_the_edges(value: float, nl: str, en: str) -> None:
    assert (part(value, "nl"), part(value, "en")) == (nl, en)


@given(st.floats(0, 4), st.sampled_from(["nl", "en"]))
def test_r03_it_is_never_a_percentage_and_never_far_from_the_truth(value: float, language: str) -> None:
    said = part(value, language)
    assert "%" not in said
    plain = re.sub("^(ongeveer|about) ", "", said)
    if plain in WORTH:
        assert abs(WORTH[plain] - value) <= TINY + 1e-9
        assert TINY <= value < 1 - TINY
    elif times := re.match(r"([\d.,]+) (?:keer|times) ", plain):
        assert abs(float(times[1].replace(",", ".")) - value) <= 0.25 + 1e-9


@given(st.floats(0, 4), st.floats(0, 4), st.sampled_from(["nl", "en"]))
def test_more_is_never_said_as_less(one: float, other: float, language: str) -> None:
    def size(value: float) -> float:
        said = re.sub("^(ongeveer|about) ", "", part(value, language))
        if said in WORTH:
            return WORTH[said]
        times = re.match(r"([\d.,]+) (?:keer|times) ", said)
        order = (
            ("niets", "nothing"),
            ("een klein", "a small"),
            ("bijna", "almost"),
            ("het volle", "the full"),
            ("iets", "a lit"),
        )
        return (
            float(times[1].replace(",", "."))
            if times
            else (0, 0.01, 0.95, 1, 1.01)[next(at for at, words in enumerate(order) if said.startswith(words))]
        )

    low, high = sorted((one, other))
    assert size(low) <= size(high)
