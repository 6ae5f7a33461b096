"""A part of an amount in ordinary words: what is said about a person's case holds no percentage (R3)."""

from __future__ import annotations

from fractions import Fraction

FRACTIONS: tuple[tuple[Fraction, str, str], ...] = (
    (Fraction(1, 10), "een tiende deel", "a tenth"),
    (Fraction(1, 5), "een vijfde deel", "a fifth"),
    (Fraction(1, 4), "een kwart", "a quarter"),
    (Fraction(1, 3), "een derde deel", "a third"),
    (Fraction(2, 5), "twee vijfde deel", "two fifths"),
    (Fraction(1, 2), "de helft", "half"),
    (Fraction(3, 5), "drie vijfde deel", "three fifths"),
    (Fraction(2, 3), "twee derde deel", "two thirds"),
    (Fraction(3, 4), "driekwart", "three quarters"),
    (Fraction(4, 5), "vier vijfde deel", "four fifths"),
    (Fraction(9, 10), "negen tiende deel", "nine tenths"),
)
"""(part, Dutch, English)"""
TINY = 0.05
"""a smaller part, and a smaller remainder of the whole, is said without a fraction"""
EXACT = 0.0005
"""parts are kept in three decimals; closer than this is the fraction itself"""


def part(value: float, language: str) -> str:
    """A part of a whole, in `nl` or `en`, to stand before "van de norm" or "of the norm". value: 0 or more; above 1 it
    is more than the whole.

    >>> part(0.36, "nl"), part(0.01, "en"), part(0.97, "en"), part(1.5, "nl")
    ('ongeveer een derde deel', 'a small part', 'almost the full amount', '1,5 keer het volle bedrag')
    """
    dutch = language == "nl"
    whole = "het volle bedrag" if dutch else "the full amount"
    if value <= 0:
        return "niets" if dutch else "nothing"
    if value < TINY:
        return "een klein deel" if dutch else "a small part"
    if abs(value - 1) < EXACT:
        return whole
    if value > 1:
        return _more(value, whole, dutch)
    if value >= 1 - TINY:
        return f"{'bijna' if dutch else 'almost'} {whole}"
    near, nl, en = min(FRACTIONS, key=lambda one: abs(value - one[0]))
    return _about(nl if dutch else en, abs(value - near) < EXACT, dutch)


def _more(value: float, whole: str, dutch: bool) -> str:
    """In halves of the whole."""
    halves = round(2 * value)
    if halves <= 2:
        return f"iets meer dan {whole}" if dutch else f"a little more than {whole}"
    number = f"{halves / 2:g}".replace(".", "," if dutch else ".")
    times = f"{number} keer {whole}" if dutch else f"{number} times {whole}"
    return _about(times, abs(value - halves / 2) < EXACT, dutch)


def _about(words: str, exact: bool, dutch: bool) -> str:
    return words if exact else f"{'ongeveer' if dutch else 'about'} {words}"
