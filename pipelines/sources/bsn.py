"""The burgerservicenummer: nine digits kept as text, with the 11-proef that catches a slip of the pen.

>>> passes_elfproef("999990639"), passes_elfproef("999990638")
(True, False)
"""

from __future__ import annotations

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def passes_elfproef(bsn: str) -> bool:
    """Nine digits whose sum with weights 9..2 and -1 divides by eleven; nine zeros are no number (Logisch Ontwerp
    BSN 1.7, element 01.01.20)."""
    if len(bsn) != 9 or not bsn.isascii() or not bsn.isdigit() or bsn == "000000000":
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, bsn, strict=True)) % 11 == 0


def bsn_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The number with its leading zeros back, and flags: `bsn_padded`, `bsn_fails_elfproef`.

    A spreadsheet takes leading zeros away, so seven or eight digits are filled up. A number that fails the 11-proef is
    kept: public test data hold them, and a slip must be seen by a person. Raises ValueError for anything else.

    >>> bsn_of("9921")
    Traceback (most recent call last):
    ...
    ValueError: is not a burgerservicenummer of nine digits
    >>> bsn_of("12345672")
    ('012345672', ('bsn_padded',))
    """
    digits = text.strip().replace(" ", "").replace(".", "")
    if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 9 or not digits.strip("0"):
        raise ValueError("is not a burgerservicenummer of nine digits")
    flags: tuple[str, ...] = ()
    if len(digits) < 9:
        digits = digits.zfill(9)
        flags = ("bsn_padded",)
    if not passes_elfproef(digits):
        flags += ("bsn_fails_elfproef",)
    return digits, flags


def a_number_of(text: str) -> str:
    """The A-nummer, ten digits. Raises ValueError."""
    digits = text.strip()
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit():
        raise ValueError("is not an A-nummer of ten digits")
    return digits
