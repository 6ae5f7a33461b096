"""The list of one municipality for one period: three arms, and the chance every eligible case had (statistics.md).

1. C = the signal list and the risk list, fixed without looking at the draw. Unfilled places go to random.
2. A permutation of the eligible from a keyed seed. Its first m cases are the random arm, whether in C or not; the walk
   goes on until m cases outside C are taken (`top_up`).
3. The inclusion probability is 1 in C and m / (N - |C|) outside.

The permutation is the order of HMAC-SHA256(seed, case): uniform, and the same on every machine and version.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from enforcement.policy import Policy

RANDOM, TOP_UP, SIGNAL, RISK = "random", "top_up", "signal", "risk"
ARMS = (RANDOM, TOP_UP, SIGNAL, RISK)


@dataclass(frozen=True)
class Candidate:
    """An eligible case as selection sees it."""

    case_id: int
    place: int
    """place by score among the municipality's cases, 1 first"""
    signal: dt.date | None = None
    """date of its oldest open signal or tip"""
    cluster: str | None = None
    """the group of connected households it belongs to, hubs excluded"""
    anonymous: bool = False
    """only an anonymous tip asks for it: it waits behind every other signal"""


@dataclass(frozen=True)
class Included:
    """An eligible case with the chance it had. On the list exactly when it has an arm."""

    case_id: int
    place: int
    probability: float
    arms: tuple[str, ...] = ()
    position: int | None = None
    """order to work in, 1 first"""
    blind: bool = False
    double: bool = False


@dataclass(frozen=True)
class Composition:
    """A list and everything that is needed to draw it again."""

    municipality: str
    as_of: dt.date
    capacity: int
    eligible_sha256: str
    seed_commitment: str
    """SHA-256 of the yearly secret"""
    outside: int
    """m: the number of cases taken outside C"""
    cases: tuple[Included, ...]
    """every eligible case, in ascending order of id"""

    @property
    def listed(self) -> tuple[Included, ...]:
        """The cases on the list in the order to work in."""
        return tuple(sorted((one for one in self.cases if one.position), key=lambda one: one.position or 0))

    @property
    def counts(self) -> dict[str, int]:
        """Cases per arm (one may be in two), and the sizes of the draw."""
        arms = Counter(arm for one in self.cases for arm in one.arms)
        sizes = {"eligible": len(self.cases), "capacity": self.capacity, "listed": len(self.listed)}
        blind = {"blind": sum(one.blind for one in self.cases), "double": sum(one.double for one in self.cases)}
        return sizes | {arm: arms[arm] for arm in ARMS} | blind


def compose(
    eligible: Iterable[Candidate], policy: Policy, municipality: str, as_of: dt.date, secret: bytes
) -> Composition:
    """Draws the list of `municipality` for the period that starts at `as_of`.

    The result depends on the set of candidates, not on their order. Raises ValueError for a case that comes twice.
    """
    cases = sorted(eligible, key=lambda one: one.case_id)
    if len({one.case_id for one in cases}) < len(cases):
        raise ValueError("a case comes twice among the eligible")
    digest = eligible_digest([one.case_id for one in cases])
    seed = seed_of(secret, municipality, as_of, digest)
    places = policy.places

    signal = _signal_list(cases, places.signal, seed)
    risk = _risk_list(cases, places.risk, policy.max_per_cluster, seed)
    certain = signal | risk
    m = min(policy.capacity - len(certain), len(cases) - len(certain))
    random, top_up = _draw([one.case_id for one in cases], certain, policy.capacity - len(certain), seed)
    chance = m / (len(cases) - len(certain)) if len(cases) > len(certain) else 1.0

    members = {RANDOM: random, TOP_UP: top_up, SIGNAL: signal, RISK: risk}
    arms = {one.case_id: tuple(arm for arm in ARMS if one.case_id in members[arm]) for one in cases}
    listed = [one for one in cases if arms[one.case_id]]
    blind, double = _blind(listed, signal, risk, policy.blind_percent, seed)
    position = _order(listed, certain - blind, seed)
    included = tuple(
        Included(
            one.case_id,
            one.place,
            1.0 if one.case_id in certain else chance,
            arms[one.case_id],
            position.get(one.case_id),
            one.case_id in blind,
            one.case_id in double,
        )
        for one in cases
    )
    return Composition(municipality, as_of, policy.capacity, digest, commitment(secret), m, included)


def further(
    eligible: Iterable[tuple[int, int]], taken: set[int], wanted: int, blind_percent: int, seed: bytes
) -> tuple[Included, ...]:
    """The next `wanted` cases on the walk of a draw that are not taken, for places that came free after it.

    eligible: (case, place). Positions are 1 and on in the order of the walk, to stand behind the list as it is. Their
    probability is the caller's: it changes for everybody outside C.
    """
    place = dict(eligible)
    chosen = [case for case in walk(list(place), seed) if case not in taken][:wanted]
    shuffled = sorted(chosen, key=_key(seed, "blind"))
    blind = _evenly(shuffled, -(-len(chosen) * blind_percent // 100))
    double = set(_evenly(blind, -(-len(blind) // 2)))
    return tuple(
        Included(case, place[case], 1.0, (TOP_UP,), at, case in set(blind), case in double)
        for at, case in enumerate(chosen, start=1)
    )


def walk(cases: Sequence[int], seed: bytes) -> list[int]:
    """The permutation of the eligible that a draw walks along."""
    return sorted(cases, key=_key(seed, "arm"))


def commitment(secret: bytes) -> str:
    """What is made known of a yearly secret at the start of the year."""
    return hashlib.sha256(secret).hexdigest()


def eligible_digest(case_ids: Sequence[int]) -> str:
    """SHA-256 of the eligible ids in ascending order, one a line."""
    return hashlib.sha256("".join(f"{case}\n" for case in sorted(case_ids)).encode()).hexdigest()


def seed_of(secret: bytes, municipality: str, as_of: dt.date, digest: str) -> bytes:
    """HMAC(yearly secret, municipality, date, sha256 of the eligible ids)."""
    return hmac.digest(secret, f"{municipality}\n{as_of.isoformat()}\n{digest}".encode(), "sha256")


def _key(seed: bytes, use: str) -> Callable[[int], bytes]:
    """A sort key that shuffles; every use has its own, so that one order says nothing about another."""
    return lambda case: hmac.digest(seed, f"{use}\n{case}".encode(), "sha256")


def _signal_list(cases: Sequence[Candidate], places: int, seed: bytes) -> set[int]:
    """Cases with an open signal, the longest waiting first: a queue needs no model."""
    tie = _key(seed, "tie")
    waiting = sorted((one.anonymous, one.signal, tie(one.case_id), one.case_id) for one in cases if one.signal)
    return {case for *_, case in waiting[:places]}


def _risk_list(cases: Sequence[Candidate], places: int, per_cluster: int, seed: bytes) -> set[int]:
    """Cases without a signal by place, with at most `per_cluster` of one cluster; ties by keyed hash (R29)."""
    tie = _key(seed, "tie")
    taken: set[int] = set()
    clusters: Counter[str] = Counter()
    for one in sorted(cases, key=lambda one: (one.place, tie(one.case_id))):
        if len(taken) >= places:
            break
        if one.signal is not None or (one.cluster is not None and clusters[one.cluster] >= per_cluster):
            continue
        taken.add(one.case_id)
        if one.cluster is not None:
            clusters[one.cluster] += 1
    return taken


def _draw(cases: Sequence[int], certain: set[int], m: int, seed: bytes) -> tuple[set[int], set[int]]:
    """The random arm (first m of the permutation) and the walk beyond it until m cases outside C are taken."""
    order = walk(cases, seed)
    random = set(order[:m])
    missing = m - len(random - certain)
    beyond = [case for case in order[m:] if case not in certain]
    return random, set(beyond[:missing])


def _blind(
    listed: Sequence[Candidate], signal: set[int], risk: set[int], percent: int, seed: bytes
) -> tuple[set[int], set[int]]:
    """The blind reviews, spread evenly over the arms (R6), and the half of them that is reviewed twice."""
    shuffle = _key(seed, "blind")
    by_arm = sorted(
        (one.case_id for one in listed), key=lambda case: ((case in signal) + 2 * (case in risk), shuffle(case))
    )
    blind = _evenly(by_arm, -(-len(by_arm) * percent // 100))
    return set(blind), set(_evenly(blind, -(-len(blind) // 2)))


def _evenly(cases: Sequence[int], wanted: int) -> list[int]:
    """`wanted` of the cases at even distances, so that every stretch gives its share to within one."""
    n = len(cases)
    return [case for i, case in enumerate(cases) if (i + 1) * wanted // n > i * wanted // n]


def _order(listed: Sequence[Candidate], by_place: set[int], seed: bytes) -> dict[int, int]:
    """Case -> position. Blind and drawn cases stand anywhere, so that they are worked like the rest and a position
    does not tell an arm; the places between them go by score."""
    tie = _key(seed, "tie")
    slots = sorted((one.case_id for one in listed), key=_key(seed, "order"))
    ranked = iter(sorted((one for one in listed if one.case_id in by_place), key=lambda o: (o.place, tie(o.case_id))))
    return {(next(ranked).case_id if case in by_place else case): slot for slot, case in enumerate(slots, start=1)}
