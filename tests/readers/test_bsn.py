"""Rules for the burgerservicenummer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.bsn import a_number_of, bsn_of, passes_elfproef
from tests.readers.builders import ANNA


@given(st.integers(1, 999_999_999))
def test_changing_one_digit_of_a_good_number_always_shows(number: int) -> None:
    text = f"{number:09}"
    if not passes_elfproef(text):
        return
    for place in range(9):
        other = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
        assert not passes_elfproef(other)


def test_leading_zeros_that_a_spreadsheet_took_come_back() -> None:
    assert bsn_of("12345672") == ("012345672", ("bsn_padded",))


def test_a_number_that_fails_the_proof_is_kept_and_flagged() -> None:
    wrong = ANNA[:-1] + str((int(ANNA[-1]) + 1) % 10)
    assert bsn_of(wrong) == (wrong, ("bsn_fails_elfproef",))


@pytest.mark.parametrize("text", ["", "12345", "1234567890", "12345678x", "000000000", "٩٩٩٩٩٩٩٩٩"])
def test_what_is_no_number_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="nine digits") as caught:
        bsn_of(text)
    assert not text or text not in str(caught.value)


def test_an_a_number_has_ten_digits() -> None:
    assert a_number_of(" 1234567890 ") == "1234567890"
    with pytest.raises(ValueError, match="ten digits"):
        a_number_of("123")
