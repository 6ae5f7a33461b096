"""What someone, or something, holds about two numbers: the same, not the same, or unsure."""

from __future__ import annotations

from enum import StrEnum


class Judgement(StrEnum):
    """Of two judgements of one pair by equals the later holds; together they say what `+` gives.

    >>> Judgement.SAME + Judgement.NOT_SAME
    <Judgement.NOT_SAME: 'not_same'>
    """

    SAME = "same"
    NOT_SAME = "not_same"
    UNSURE = "unsure"

    def __add__(self, other: object) -> Judgement:
        """Along a chain: same and same is the same, same and not the same is not, anything else stays open."""
        pair = {self, other}
        if pair == {Judgement.SAME}:
            return Judgement.SAME
        if pair == {Judgement.SAME, Judgement.NOT_SAME}:
            return Judgement.NOT_SAME
        return Judgement.UNSURE
