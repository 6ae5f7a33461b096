"""A municipality's policy: what it may choose, and the floor of the law below which it cannot go (R18).

There is one standard. A municipality that departs from it says why, for each setting; both are visible to everyone who
may read the policy. Versions follow each other and none is changed: a draw names the version that it was made with.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require, rows
from enforcement.clock import stored
from enforcement.errors import RefusedError, StaleError
from enforcement.tables import PolicyVersion
from enforcement.tenants import within

RANDOM_FLOOR_PERCENT = 10
"""requirement R5: the random arm is at least this part of each municipality's capacity"""
BLIND_FLOOR_PERCENT = 1
"""requirement R6: some reviews are blind in every municipality"""
RETENTION_FLOOR_MONTHS = 6
"""requirement R28, AI Act 26(6): what the ranking did is kept at least this long"""
RETENTION_CEILING_MONTHS = 24
"""requirement R21: what is known of people who were not selected is not kept for ever"""
LONGEST_TEXT = 4_000
SMALL_YEARLY_CAPACITY = 120
"""below ten reviews a month a tenth of them is less than one case, so the draw is per quarter"""


ACCUSING = re.compile(r"%|fraud|verdacht|dader", re.IGNORECASE)
"""what no letter to a client says"""
HIGHEST_HOUR_CENTS = 100_000
"""EUR cents; more for an hour of review is a mistake in typing"""
OWN = frozenset({"yearly_capacity", "phone", "letters", "explanation", "hour_cents"})
"""what each municipality has its own of; the rest has a standard"""


class PolicyError(RefusedError, ValueError):
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
    retention_months: int = 12
    """how long scores and reasons of people who were not selected are kept, 6 to 24"""
    theme: str = "standard"
    """name of the package of themes that signals and letters are about"""
    letters: Mapping[str, str] = field(default_factory=dict, hash=False)
    """name of a letter -> the municipality's own paragraph in it, plain text"""
    hour_cents: int | None = None
    """what an hour of review costs, EUR cents; None while nobody said"""
    explanation: Mapping[str, str] = field(default_factory=dict, compare=False)
    """setting -> why it deviates from the standard policy; of hour_cents where the amount comes from"""

    def __post_init__(self) -> None:
        numbers = [one.name for one in fields(self) if one.type == "int"]
        numbers += [] if self.hour_cents is None else ["hour_cents"]
        if odd := [name for name in numbers if type(getattr(self, name)) is not int]:
            raise PolicyError(f"{', '.join(odd)}: a whole number")
        texts = [self.phone, self.theme, *self.also_exempt, *self.letters, *self.letters.values(), *self.explanation]
        if odd := [text for text in [*texts, *self.explanation.values()] if not isinstance(text, str)]:
            raise PolicyError(f"{odd[0]!r} is no text")
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
            (not re.fullmatch(r"[0-9+][0-9 -]{2,19}", self.phone), "phone is a number that a person answers (R30)"),
            (
                not RETENTION_FLOOR_MONTHS <= self.retention_months <= RETENTION_CEILING_MONTHS,
                f"retention_months is {RETENTION_FLOOR_MONTHS} (R28) to {RETENTION_CEILING_MONTHS} (R21)",
            ),
            (
                self.hour_cents is not None and not 1 <= self.hour_cents <= HIGHEST_HOUR_CENTS,
                f"hour_cents is 1 to {HIGHEST_HOUR_CENTS}, or nothing",
            ),
            (
                self.hour_cents is not None and not self.explanation.get("hour_cents", "").strip(),
                "say in explanation where hour_cents comes from",
            ),
            (not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", self.theme), "theme is a name in small letters"),
            (
                not all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) for name in (*self.letters, *self.also_exempt)),
                "names of letters and grounds are in small letters",
            ),
            (
                any(len(text) > LONGEST_TEXT or ACCUSING.search(text) for text in self.letters.values()),
                f"a letter's text has at most {LONGEST_TEXT} characters, no percentage and no accusation (R3)",
            ),
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
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        return content | {
            "also_exempt": list(self.also_exempt),
            "letters": dict(self.letters),
            "explanation": dict(self.explanation),
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Policy:
        """A policy from what is kept. Raises PolicyError for an unknown setting or one below the floor."""
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(content) - known):
            raise PolicyError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        if "yearly_capacity" not in content:
            raise PolicyError("yearly_capacity is missing")
        grounds, letters, why = (content.get(name) or () for name in ("also_exempt", "letters", "explanation"))
        if isinstance(grounds, str | Mapping) or not all(isinstance(one, Mapping) for one in (letters, why) if one):
            raise PolicyError("also_exempt is a list; letters and explanation are texts by name")
        return cls(**{**content, "also_exempt": tuple(grounds), "letters": dict(letters), "explanation": dict(why)})


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


@dataclass(frozen=True)
class Deviation:
    """A setting in which a municipality departs from the standard, and why."""

    setting: str
    standard: Any
    here: Any
    why: str


def deviations(policy: Policy) -> tuple[Deviation, ...]:
    """Where the policy departs from the standard at its own capacity; capacity, phone and letters are its own."""
    here, standard = policy.content(), standard_for(policy.yearly_capacity).content()
    return tuple(
        Deviation(name, standard[name], here[name], policy.explanation.get(name, "").strip())
        for name in here
        if name not in OWN and here[name] != standard[name]
    )


def adopt(session: Session, municipality: str, policy: Policy, author: str, now: dt.datetime) -> int:
    """Keeps a new version of a municipality's policy and gives its number; the same content again is no new version.

    Raises PolicyError for a deviation from the standard without a written reason.
    """
    if unexplained := [one.setting for one in deviations(policy) if not one.why]:
        raise PolicyError(f"say in explanation why this deviates from the standard: {', '.join(unexplained)}")
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


def change(
    session: Session, viewer: Viewer, content: Mapping[str, Any], reason: str, read: int, now: dt.datetime
) -> int:
    """Adopts a policy for the viewer's municipality, with an entry in its log; gives the version.

    `read` is the version that the viewer saw. Raises ForbiddenError, StaleError when another version came meanwhile,
    and PolicyError.
    """
    require(viewer, Permission.CHANGE_POLICY)
    if not reason.strip():
        raise PolicyError("reason is missing: say why the policy changes")
    version, before = in_force(session, viewer.municipality)
    if version != read:
        raise StaleError(f"the policy is at version {version} now; read it again, nothing was saved")
    policy = Policy.of(content)
    new = adopt(session, viewer.municipality, policy, viewer.user, now)
    if new != version:
        old, fresh = before.content(), policy.content()
        changed = {name: [old[name], fresh[name]] for name in fresh if fresh[name] != old[name]}
        audit.append(
            session,
            viewer.municipality,
            viewer.user,
            viewer.role.value,
            "policy_changed",
            f"policy:{new}",
            "policy",
            {"version": new, "changed": changed, "reason": reason.strip()},
            at=now,
        )
    return new


@dataclass(frozen=True)
class HourPrice:
    """What an hour of review costs in a municipality, and how that is known."""

    cents: int
    source: str
    """in its own words"""
    version: int
    """of its policy"""


def hour_price(session: Session, municipality: str) -> HourPrice | None:
    """As the policy in force says; None when it does not."""
    version, policy = in_force(session, municipality)
    if policy.hour_cents is None:
        return None
    return HourPrice(policy.hour_cents, policy.explanation["hour_cents"].strip(), version)


def versions(session: Session, viewer: Viewer) -> tuple[PolicyVersion, ...]:
    """All versions of the viewer's municipality, newest first."""
    query = rows(viewer, PolicyVersion, Permission.READ_POLICY).order_by(PolicyVersion.version.desc())
    return tuple(session.scalars(query))


def numbered(session: Session, municipality: str, version: int) -> Policy:
    """A version of a municipality's policy as it was adopted; version 0 is the standard policy."""
    kept = session.get(PolicyVersion, (municipality, version))
    return Policy.of(kept.content) if kept else STANDARD


def in_force(session: Session, municipality: str) -> tuple[int, Policy]:
    """The newest version of a municipality's policy; version 0 is the standard policy."""
    newest = session.scalars(
        select(PolicyVersion).where(within(PolicyVersion, municipality)).order_by(PolicyVersion.version.desc()).limit(1)
    ).first()
    return (newest.version, Policy.of(newest.content)) if newest else (0, STANDARD)
