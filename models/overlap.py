"""Two rankings of the same cases: how many of the first k are the same, and what the others are on the list for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NOWHERE = "none"
"""of a case that is on no list"""


@dataclass(frozen=True)
class Overlap:
    """A case in two arms counts in both, so that the numbers per arm may add up to more than the cases."""

    k: int
    """or as many as there are"""
    same: int
    only_first: Mapping[str, int]
    """arm -> cases that only the first ranking has among its first k"""
    only_second: Mapping[str, int]


def overlap(first: Mapping[int, int], second: Mapping[int, int], arms: Mapping[int, Sequence[str]], k: int) -> Overlap:
    """first, second: case -> place, of the same cases. arms: case -> the arms that it is on the list for.

    Raises ValueError when the rankings are of different cases.

    >>> found = overlap({1: 1, 2: 2, 3: 3}, {1: 3, 2: 1, 3: 2}, {1: ["risk"], 3: ["random"]}, 2)
    >>> found.same, found.only_first, found.only_second
    (1, {'risk': 1}, {'random': 1})
    """
    if first.keys() != second.keys():
        raise ValueError("two rankings of different cases cannot be compared")
    tops = [set(sorted(places, key=places.__getitem__)[:k]) for places in (first, second)]
    return Overlap(
        min(k, len(first)),
        len(tops[0] & tops[1]),
        _arms(tops[0] - tops[1], arms),
        _arms(tops[1] - tops[0], arms),
    )


def _arms(cases: set[int], arms: Mapping[int, Sequence[str]]) -> Mapping[str, int]:
    return dict(sorted(Counter(arm for case in cases for arm in (arms.get(case) or (NOWHERE,))).items()))
