"""A municipality's policy: capacity, arms, blind share, exemptions, and the floor below which it cannot go (R18)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement.clock import stored
from enforcement.tables import PolicyVersion
from enforcement.tenants import within

RANDOM_FLOOR_PERCENT = 10
"""requirement R5: the random arm is at least this part of each municipality's capacity"""
BLIND_FLOOR_PERCENT = 1
"""requirement R6: some reviews are blind in every municipality"""
SMALL_YEARLY_CAPACITY = 120
"""below ten reviews a month a tenth of them is less than one case, so the draw is per quarter"""


class PolicyError(ValueError):
    """A policy that the law or the design does not allow; the message lists everything that is wrong."""


@dataclass(frozen=True)
class Policy:
    """What one municipality chose. Shares are whole percents of the capacity, so that nothing rounds twice.

    Raises PolicyError when the shares do not add up or something is below the floor.
    """

    yearly_capacity: int
    """reviews a year"""
    period: Literal["month", "quarter"] = "month"
    random_percent: int = 25
    signal_percent: int = 25
    risk_percent: int = 50
    blind_percent: int = 20
    """part of the list that is reviewed without place and reasons, 1 to 100"""
    max_per_cluster: int = 3
    """at most so many risk cases from one cluster of connected households"""
    reviewed_months: int = 24
    """a case reviewed in this many months is left alone; 24 or more"""
    settling_months: int = 6
    """a case shorter than this on benefit is left alone; 6 or more"""
    also_exempt: tuple[str, ...] = ()
    """further grounds of this municipality, as they appear in CaseFacts.grounds"""
    phone: str = "14 0"
    """the number a person can call, 14 and the area code"""
    explanation: str = field(default="", compare=False)
    """why it deviates from the standard policy"""

    def __post_init__(self) -> None:
        shares = (self.random_percent, self.signal_percent, self.risk_percent)
        wrong = [
            (self.yearly_capacity < 1, "yearly_capacity is at least 1"),
            (self.period not in ("month", "quarter"), "period is month or quarter"),
            (min(shares) < 0 or sum(shares) != 100, "the shares of random, signal and risk add up to 100"),
            (
                self.random_percent < RANDOM_FLOOR_PERCENT,
                f"random_percent is at least {RANDOM_FLOOR_PERCENT} (R5)",
            ),
            (not BLIND_FLOOR_PERCENT <= self.blind_percent <= 100, "blind_percent is 1 to 100 (R6)"),
            (self.max_per_cluster < 1, "max_per_cluster is at least 1"),
            (self.reviewed_months < 24, "reviewed_months is at least 24 (R33)"),
            (self.settling_months < 6, "settling_months is at least 6 (R33)"),
            (not self.phone.strip(), "phone is a number that a person answers (R30)"),
        ]
        if messages := [message for broken, message in wrong if broken]:
            raise PolicyError("; ".join(messages))

    @property
    def periods(self) -> int:
        """Draws a year."""
        return 12 if self.period == "month" else 4

    @property
    def capacity(self) -> int:
        """Reviews in one period, rounded up.

        >>> Policy(yearly_capacity=30, period="quarter").capacity
        8
        """
        return _share_up(self.yearly_capacity, 1, self.periods)

    @property
    def places(self) -> Places:
        """The period's capacity over the arms: random is rounded up, signal down, risk is what remains.

        >>> Policy(yearly_capacity=30, period="quarter").places
        Places(random=2, signal=2, risk=4)
        """
        random = _share_up(self.capacity, self.random_percent, 100)
        signal = min(self.capacity * self.signal_percent // 100, self.capacity - random)
        return Places(random, signal, self.capacity - random - signal)

    def end_of_period(self, as_of: dt.date) -> dt.date:
        """The day the reviews of a draw are due: the same day of the month one period later, or that month's last."""
        months = as_of.year * 12 + as_of.month - 1 + 12 // self.periods
        first = dt.date(months // 12, months % 12 + 1, 1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        return min(last, first + dt.timedelta(days=as_of.day - 1))

    def content(self) -> dict[str, Any]:
        """As it is kept in the database."""
        return asdict(self) | {"also_exempt": list(self.also_exempt)}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Policy:
        """A policy from what is kept. Raises PolicyError for an unknown setting or one below the floor."""
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(content) - known):
            raise PolicyError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        if "yearly_capacity" not in content:
            raise PolicyError("yearly_capacity is missing")
        return cls(**{**content, "also_exempt": tuple(content.get("also_exempt", ()))})


@dataclass(frozen=True)
class Places:
    """Places on one list, before unfilled ones go to random."""

    random: int
    signal: int
    risk: int


def _share_up(whole: int, part: int, of: int) -> int:
    return -(-whole * part // of)


STANDARD = Policy(yearly_capacity=480)
"""the shared standard policy, against which deviations are shown"""


def standard_for(yearly_capacity: int, phone: str = STANDARD.phone) -> Policy:
    """The standard policy at a municipality's own capacity; a small one draws per quarter (statistics.md)."""
    small = yearly_capacity < SMALL_YEARLY_CAPACITY
    return Policy(yearly_capacity=yearly_capacity, period="quarter" if small else "month", phone=phone)


def deviations(policy: Policy) -> dict[str, tuple[Any, Any]]:
    """Setting -> (standard, here), for what differs; capacity and phone are each municipality's own."""
    here, standard = policy.content(), STANDARD.content()
    own = {"yearly_capacity", "phone", "explanation"}
    return {name: (standard[name], here[name]) for name in here if name not in own and here[name] != standard[name]}


def adopt(session: Session, municipality: str, policy: Policy, author: str, now: dt.datetime) -> int:
    """Keeps a new version of a municipality's policy and gives its number; the same content again is no new version."""
    version, current = in_force(session, municipality)
    if version and current.content() == policy.content():
        return version
    session.add(
        PolicyVersion(
            municipality=municipality,
            version=version + 1,
            valid_from=stored(now),
            content=policy.content(),
            author=author,
        )
    )
    session.flush()
    return version + 1


def in_force(session: Session, municipality: str) -> tuple[int, Policy]:
    """The newest version of a municipality's policy; version 0 is the standard policy."""
    newest = session.scalars(
        select(PolicyVersion).where(within(PolicyVersion, municipality)).order_by(PolicyVersion.version.desc()).limit(1)
    ).first()
    return (newest.version, Policy.of(newest.content)) if newest else (0, STANDARD)
