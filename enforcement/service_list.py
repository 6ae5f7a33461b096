"""The order of the service list: a rule that a person can follow, and no model (R34).

First what most independent comparisons point at, then what lasts longest, then what is most money, and equal ones by
lot. A rule, because each point is arithmetic on the municipality's own bookings that an officer can redo in a minute;
there are hardly any confirmed under-payments to learn from; and nothing about a person but these points is needed.
Three of four places are for payments that fell short, one for rights that may not have been used, which are many and
without an amount: neither kind crowds out the other.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

RIGHTS_ONE_IN = 4
"""places for rights that may not have been used"""


@dataclass(frozen=True)
class Missing:
    """A case in which the client may be missing something."""

    case_id: int
    short: bool
    """too little was probably paid; otherwise it is about a right that may not have been used"""
    agreeing: int
    """independent comparisons that point the same way"""
    months: int
    cents: int
    """EUR cents in a year, of the largest point"""


def in_order(found: Iterable[Missing], places: int, seed: bytes) -> tuple[Missing, ...]:
    """The list: at most `places` cases in the order to work in. Places that one kind leaves free go to the other.

    The result depends on the set of cases, not on their order. Raises ValueError for a case that comes twice.

    >>> few = [Missing(1, True, 1, 0, 900), Missing(2, True, 2, 3, 100), Missing(3, False, 1, 0, 0)]
    >>> [one.case_id for one in in_order(few, 2, b"seed")]
    [2, 1]
    >>> [one.case_id for one in in_order(few, 4, b"seed")]
    [2, 1, 3]
    """
    cases = sorted(found, key=lambda one: (-one.agreeing, -one.months, -one.cents, _lot(seed, one.case_id)))
    if len({one.case_id for one in cases}) < len(cases):
        raise ValueError("a case comes twice on the service list")
    short, unused = [one for one in cases if one.short], [one for one in cases if not one.short]
    for_rights = min(len(unused), max(places // RIGHTS_ONE_IN, places - len(short)))
    kept = short[: places - for_rights]
    return _woven(kept, unused[:for_rights])


def _woven(short: list[Missing], unused: list[Missing]) -> tuple[Missing, ...]:
    """After every three payments one right, so that both are worked on whatever part of the list is reached."""
    woven: list[Missing] = []
    rights = iter(unused)
    for number, one in enumerate(short, 1):
        woven.append(one)
        if number % (RIGHTS_ONE_IN - 1) == 0:
            woven += [right for right in [next(rights, None)] if right is not None]
    return (*woven, *rights)


def _lot(seed: bytes, case: int) -> bytes:
    return hmac.digest(seed, f"service\n{case}".encode(), "sha256")
