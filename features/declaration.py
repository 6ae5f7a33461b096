"""How a fact about a case is declared: a source of rows, and features on it. What is not declared is refused.

A source says which records join to a case and on which date the fact falls; a feature is one aggregate over these rows.
A source sees only the columns it declared, in the version known strictly before the as-of date (known.py), so that the
lineage of a feature is what it says it is. R8: a declaration without legal basis, purpose, owner, reason, window, unit
or expiry is refused. R9: so is one with a barred word or column, and one that has expired.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from features.barred import BARRED_COLUMNS, broken
from features.records import CONTRACTS

Topic = Literal["benefit", "income", "residence", "household", "assets", "companies", "signals", "history"]
TOPICS: tuple[Topic, ...] = (
    "benefit",
    "income",
    "residence",
    "household",
    "assets",
    "companies",
    "signals",
    "history",
)
OPTIONAL = ("one_nl", "one_en", "unknown_nl", "unknown_en")
"""sentences that only some features need"""
UNITS = ("EUR", "months", "count", "yes/no", "share", "hours", "band")
DAYS_A_MONTH = 30.4375
"""365.25 / 12; months and years are counted in days because engines differ in month arithmetic"""


class RefusedError(ValueError):
    """A declaration that may not be used, with every reason."""


class Rows(Protocol):
    """The rows of a source for the household members of the cases."""

    def __call__(self, t: Any, members: Any) -> Any: ...


@dataclass(frozen=True)
class Feature:
    """One fact about a case on a date, as a number, with all that R8 asks of it.

    `direction`: +1 when more of it can only raise the place of a case, -1 lower, 0 either. `fill` is the value of a
    case without rows. `window`: months before the as-of date that count; 0 is the state on that date or all that is
    known. `none_nl` and `none_en` are said when the value is zero, `one_nl` and `one_en` when it is one; a count needs
    them for its grammar. `unknown_nl` and `unknown_en` are said of months that are the fill: so long ago, or never.
    """

    name: str
    topic: str
    title_nl: str
    title_en: str
    sentence_nl: str
    sentence_en: str
    none_nl: str
    none_en: str
    could_nl: str
    could_en: str
    unit: str
    window: int
    contracts: tuple[str, ...]
    columns: tuple[str, ...]
    legal_basis: str
    purpose: str
    owner: str
    reason_nl: str
    reason_en: str
    expires: dt.date
    direction: int
    fill: float
    source: str
    decimals: int = 2
    one_nl: str = ""
    one_en: str = ""
    unknown_nl: str = ""
    unknown_en: str = ""

    @property
    def contract(self) -> str:
        """The contract it mainly rests on."""
        return self.contracts[0]

    @property
    def registers(self) -> tuple[str, ...]:
        """The names of the sources it rests on, such as BRP or UWV."""
        return tuple(dict.fromkeys(CONTRACTS[one].source for one in self.contracts))


@dataclass
class Source:
    """Rows that features are made from. `reads` are the columns it sees, per contract; `after` the sources whose rows
    it reads.

    `at` is "month" (rows have a column `month`, see months.month_number), "day" (a column `day`) or None (a state).
    """

    name: str
    topic: Topic
    rows: Rows
    at: str | None
    reads: Mapping[str, tuple[str, ...]]
    after: tuple[Source, ...]
    legal_basis: str
    purpose: str
    owner: str
    expires: dt.date
    features: dict[str, tuple[Feature, Callable[[Any, Any], Any]]] = dataclasses.field(default_factory=dict)

    def lineage(self) -> dict[str, tuple[str, ...]]:
        """Contracts and columns it rests on, those of the sources before it included."""
        found: dict[str, list[str]] = {contract: list(columns) for contract, columns in self.reads.items()}
        for before in self.after:
            for contract, columns in before.lineage().items():
                found.setdefault(contract, []).extend(columns)
        return {contract: tuple(sorted(set(columns))) for contract, columns in found.items()}

    def feature(
        self,
        title_nl: str,
        title_en: str,
        *,
        unit: str,
        direction: int,
        sentence: tuple[str, str],
        none: tuple[str, str],
        could: tuple[str, str],
        reason: tuple[str, str],
        windows: tuple[int, ...] = (0,),
        fill: float = 0.0,
        decimals: int = 2,
        contracts: tuple[str, ...] = (),
        one: tuple[str, str] = ("", ""),
        unknown: tuple[str, str] = ("", ""),
    ) -> Callable[[Callable[[Any, Any], Any]], Callable[[Any, Any], Any]]:
        """Declare the aggregate below as a feature, once per window; pairs are (Dutch, English), `{w}` is the window.

        Raises RefusedError.
        """

        def declare(aggregate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
            lineage = self.lineage()
            for window in windows:
                name = aggregate.__name__ + (f"_{window}m" if window else "")

                def text(words: str, window: int = window) -> str:
                    return words.replace("{w}", str(window))

                feature = Feature(
                    name=name,
                    topic=self.topic,
                    title_nl=text(title_nl),
                    title_en=text(title_en),
                    sentence_nl=text(sentence[0]),
                    sentence_en=text(sentence[1]),
                    none_nl=text(none[0]),
                    none_en=text(none[1]),
                    could_nl=could[0],
                    could_en=could[1],
                    unit=unit,
                    window=window,
                    contracts=contracts or tuple(lineage),
                    columns=tuple(f"{contract}.{column}" for contract in lineage for column in lineage[contract]),
                    legal_basis=self.legal_basis,
                    purpose=self.purpose,
                    owner=self.owner,
                    reason_nl=reason[0],
                    reason_en=reason[1],
                    expires=self.expires,
                    direction=direction,
                    fill=fill,
                    source=self.name,
                    decimals=decimals,
                    one_nl=text(one[0]),
                    one_en=text(one[1]),
                    unknown_nl=text(unknown[0]),
                    unknown_en=text(unknown[1]),
                )
                admit(feature)
                if any(name in each.features for each in SOURCES.values()):
                    raise RefusedError(f"feature {name} is declared twice")
                self.features[name] = (feature, aggregate)
            return aggregate

        return declare


SOURCES: dict[str, Source] = {}


def source(
    *,
    topic: Topic,
    reads: Mapping[str, tuple[str, ...]],
    legal_basis: str,
    at: str | None = None,
    after: tuple[Source, ...] = (),
    purpose: str = "toezicht Participatiewet",
    owner: str = "Team Analyse",
    expires: dt.date = dt.date(2028, 1, 1),
) -> Callable[[Rows], Source]:
    """Declare the function below as a source of rows. Raises RefusedError for a column no contract has in the lake."""

    def declare(rows: Rows) -> Source:
        name = rows.__name__  # type: ignore[attr-defined]
        reasons = []
        for contract, columns in reads.items():
            there = {column.name for column in CONTRACTS[contract].lake_columns} if contract in CONTRACTS else set()
            reasons += [f"the lake has no column {contract}.{one}" for one in columns if one not in there]
            reasons += [f"column {contract}.{one} is barred (R9)" for one in columns if one in BARRED_COLUMNS]
        if name in SOURCES:
            reasons.append("it is declared twice")
        if at not in (None, "month", "day"):
            reasons.append(f"at is {at!r}; it must be month, day or None")
        if reasons:
            raise RefusedError(f"source {name} is refused: " + "; ".join(reasons))
        declared = Source(name, topic, rows, at, reads, after, legal_basis, purpose, owner, expires)
        SOURCES[name] = declared
        return declared

    return declare


def refusals(feature: Feature, today: dt.date | None = None) -> list[str]:
    """Why a feature may not be used, in words; empty when it may. Expiry is judged on `today`."""
    reasons = [
        f"{field.name} is not declared (R8)"
        for field in dataclasses.fields(feature)
        if getattr(feature, field.name) in (None, "", ()) and field.name not in OPTIONAL
    ]
    if reasons:
        return reasons
    if feature.topic not in TOPICS:
        reasons.append(f"topic {feature.topic!r} is not one of {', '.join(TOPICS)}")
    if feature.unit not in UNITS:
        reasons.append(f"unit {feature.unit!r} is not one of {', '.join(UNITS)}")
    if feature.direction not in (-1, 0, 1):
        reasons.append("direction must be -1, 0 or 1")
    if feature.window < 0:
        reasons.append("window must be a number of months")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", feature.name):
        reasons.append("the name must be lower case with underscores")
    if feature.unit not in ("yes/no", "band"):
        for sentence in (feature.sentence_nl, feature.sentence_en):
            if "{value}" not in sentence:
                reasons.append("a sentence lacks {value}")
    if feature.unit == "count" and not (feature.one_nl and feature.one_en):
        reasons.append("a count lacks its sentences for one")
    if feature.unit == "months" and feature.fill > 0 and not (feature.unknown_nl and feature.unknown_en):
        reasons.append("months since something lack their sentences for unknown")
    reasons += [f"contract {one} does not exist" for one in feature.contracts if one not in CONTRACTS]
    dutch = (feature.title_nl, feature.sentence_nl, feature.none_nl, feature.one_nl, feature.unknown_nl)
    english = (feature.title_en, feature.sentence_en, feature.none_en, feature.one_en, feature.unknown_en)
    reasons += [f"{one} is barred (R9)" for one in broken(feature.name, *dutch, *english)]
    for column in feature.columns:
        if column.rpartition(".")[2] in BARRED_COLUMNS:
            reasons.append(f"column {column} is barred (R9)")
        reasons += [f"column {column}: {one} is barred (R9)" for one in broken(column.rpartition(".")[2])]
    if today is not None and feature.expires <= today:
        reasons.append(f"it expired on {feature.expires}")
    return reasons


def admit(feature: Feature, today: dt.date | None = None) -> Feature:
    """The feature when it may be used. Raises RefusedError with every reason."""
    reasons = refusals(feature, today)
    if reasons:
        raise RefusedError(f"feature {feature.name or '(no name)'} is refused: " + "; ".join(reasons))
    return feature
