"""Which numbers are one: a pure function of what was judged, so that taking a judgement back gives what there was.

A person's judgement holds over what a delivery says, and that over a match weight. Numbers that cannot be one (someone
judged so, or each stands for a BSN or BAG object of its own) are never joined, not by a chain of others either: the
weaker tie of the chain is refused and named. Records are never rewritten; readers ask here which
number stands for which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from features.relations.judgement import Judgement

BASES = ("weight", "delivery", "person")
"""what a judgement rests on, the strongest last"""


@dataclass(frozen=True)
class Judged:
    """One row of what was judged. `number` is its place in the table; of equals the larger holds."""

    number: int
    left: int
    right: int
    judgement: Judgement
    basis: str
    weight: float = 0.0
    """match weight in bits, for the basis weight"""

    @property
    def pair(self) -> tuple[int, int]:
        return min(self.left, self.right), max(self.left, self.right)


@dataclass(frozen=True)
class Refused:
    """A tie that would join what cannot be one."""

    judged: Judged
    between: tuple[int, int]
    """two numbers that cannot be one and would have been"""


@dataclass(frozen=True)
class Identities:
    """`same`: number -> the number it is taken for, for every number that is taken for another."""

    same: Mapping[int, int]
    refused: tuple[Refused, ...]

    def of(self, number: int) -> int:
        return self.same.get(number, number)


def held(judged: Iterable[Judged]) -> dict[tuple[int, int], Judged]:
    """Pair -> the judgement that holds: the strongest basis, then the latest."""
    found: dict[tuple[int, int], Judged] = {}
    for one in judged:
        if one.pair not in found or _rank(one) > _rank(found[one.pair]):
            found[one.pair] = one
    return found


def settle(judged: Iterable[Judged], certain: Collection[int] = ()) -> Identities:
    """Join what is the same, the strongest tie first, and never what cannot be.

    certain: numbers that each stand for a BSN or a BAG object: no two of them are one. A component is known by its
    certain number, else by its smallest. The order in which rows come changes nothing.
    """
    holds = held(judged)
    against: dict[int, set[int]] = defaultdict(set)
    for (left, right), one in holds.items():
        if one.judgement is Judgement.NOT_SAME:
            against[left].add(right)
            against[right].add(left)
    joined = _Joined(frozenset(certain), against)
    refused = []
    ties = [one for one in holds.values() if one.judgement is Judgement.SAME]
    for one in sorted(ties, key=lambda tie: (-BASES.index(tie.basis), -tie.weight, tie.pair)):
        between = joined.join(*one.pair)
        if between is not None:
            refused.append(Refused(one, between))
    return Identities(MappingProxyType(joined.named()), tuple(refused))


def _rank(one: Judged) -> tuple[int, int]:
    return BASES.index(one.basis), one.number


class _Joined:
    """Disjoint sets that know what may not meet in one."""

    def __init__(self, certain: frozenset[int], against: Mapping[int, set[int]]) -> None:
        self._certain, self._against = certain, against
        self._set_of: dict[int, set[int]] = {}

    def join(self, left: int, right: int) -> tuple[int, int] | None:
        """Join the sets of both, or give two numbers that forbid it."""
        one, other = self._members(left), self._members(right)
        if one is other:
            return None
        forbidding = self._forbidding(one, other)
        if forbidding is not None:
            return forbidding
        small, large = sorted((one, other), key=len)
        large |= small
        self._set_of.update(dict.fromkeys(small, large))
        return None

    def _forbidding(self, one: set[int], other: set[int]) -> tuple[int, int] | None:
        apart = [(left, right) for left in one for right in self._against.get(left, ()) if right in other]
        apart += [(left, right) for left in one & self._certain for right in other & self._certain]
        return min(((min(pair), max(pair)) for pair in apart), default=None)

    def _members(self, number: int) -> set[int]:
        return self._set_of.setdefault(number, {number})

    def named(self) -> dict[int, int]:
        found = {}
        for number, members in sorted(self._set_of.items()):
            name = min(members & self._certain or members)
            if name != number:
                found[number] = name
        return found
