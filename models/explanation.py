"""From contributions to reasons: grouped by topic, in whole sentences, with the value, a comparison and the source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from babel.numbers import format_currency, format_decimal, format_percent
from numpy.typing import NDArray

from features.declaration import TOPICS
from models.candidate import FeatureLike, Fitted, Floats, additive, finite
from models.part import part

TOPIC_WORDS = {
    "benefit": ("de uitkering", "the benefit"),
    "income": ("inkomen", "income"),
    "residence": ("verblijf", "residence"),
    "household": ("het huishouden", "the household"),
    "assets": ("bezit", "assets"),
    "companies": ("bedrijven", "companies"),
    "signals": ("signalen", "signals"),
    "history": ("eerdere heronderzoeken", "earlier reviews"),
}
UNIT_WORDS = {
    "months": ("maand", "maanden", "month", "months"),
    "days": ("dag", "dagen", "day", "days"),
    "hours": ("uur", "uur", "hour", "hours"),
}
MEDIUM, LARGE = 0.25, 0.75
"""in standard deviations of the margin over all scored cases"""
LEAST = 0.02
"""smaller than this it goes to the remainder; same unit"""
EACH_WAY = 5
"""most reasons shown for, and most shown against"""
FACTS_A_TOPIC = 2


@dataclass(frozen=True)
class Explained:
    """Per case: base + contributions of its reasons + remainder = margin, within 1e-9 relative.

    Reasons and facts are put in words when they are asked for: those of a country do not fit in memory at once.
    """

    margin: Floats
    base: float
    remainder: Floats
    reasons: Sequence[list[dict[str, Any]]]
    """strongest first; keys topic, features, nl, en, could_nl, could_en, direction, size, share, contribution, source,
    source_date, comparison_nl, comparison_en"""
    facts: Sequence[list[dict[str, Any]]]
    """the same facts for every case in fixed topic order (R6); keys topic, nl, en, source, source_date"""


def in_unit(value: float, unit: str, language: str) -> str:
    """A value as people write it, `nl` or `en`; a share as a percentage, for what is said about a model, not a case.

    >>> in_unit(1234.5, "EUR", "nl").replace("\\xa0", " "), in_unit(123450, "EUR cents", "en")
    ('€ 1.234,50', '€1,234.50')
    >>> in_unit(1, "months", "nl"), in_unit(2.5, "months", "en"), in_unit(0.256, "share", "en")
    ('1 maand', '2.5 months', '26%')
    """
    dutch = language == "nl"
    if unit in ("EUR", "EUR cents"):
        amount = round(value / 100 if unit == "EUR cents" else value, 2)
        return _AMOUNT[language][amount < 0].replace("{}", _grouped(abs(amount), 2, language))
    if unit == "share":
        return str(format_percent(value, locale=language))
    if unit == "yes/no":
        return ("ja" if dutch else "yes") if value else ("nee" if dutch else "no")
    rounded = round(value, 1)
    number = ("-" if rounded < 0 else "") + _grouped(abs(rounded), 0 if rounded == int(rounded) else 1, language)
    if unit not in UNIT_WORDS:
        return number
    return f"{number} {UNIT_WORDS[unit][(0 if dutch else 2) + (rounded != 1)]}"


# A list of 24,000 cases says half a million amounts; Babel's own formatting of each takes 20 microseconds, so its
# pattern and marks are read once per language. A test compares the two.
_MARKS = {language: str.maketrans(",.", format_decimal(1234.5, locale=language)[1::4]) for language in ("nl", "en")}
_AMOUNT = {
    language: tuple(
        format_currency(sign * 8, "EUR", locale=language, format_type="standard").replace(
            format_decimal(8, format="0.00", locale=language), "{}"
        )
        for sign in (1, -1)
    )
    for language in ("nl", "en")
}


def _grouped(value: float, places: int, language: str) -> str:
    return f"{value:,.{places}f}".translate(_MARKS[language])


def sentence(feature: FeatureLike, value: float, language: str) -> str:
    """The fact in a plain sentence, `nl` or `en`. Zero has its own, and one where grammar asks for it; so has a time
    since something that may never have been, because its fill is no fact."""
    if _unknown(feature, value):
        said = (feature.unknown_nl, feature.unknown_en)
    elif value == 0:
        said = (feature.none_nl, feature.none_en)
    elif value == 1 and feature.one_nl:
        said = (feature.one_nl, feature.one_en)
    else:
        said = (feature.sentence_nl, feature.sentence_en)
    return said[language != "nl"].format(value=of_case(value, feature.unit, language))


def of_case(value: float, unit: str, language: str) -> str:
    """A value as it is said about somebody's case: a share in ordinary words, never as a percentage (R3)."""
    return part(value, language) if unit == "share" else in_unit(value, unit, language)


def _unknown(feature: FeatureLike, value: float) -> bool:
    return feature.unit == "months" and value == feature.fill > 0


def of_hundred(share: float, language: str) -> str:
    """A share in whole cases out of a hundred, never rounded to none or all.

    >>> of_hundred(0.004, "en"), of_hundred(0.256, "nl"), of_hundred(0.999, "nl")
    ('fewer than 1 of 100', '26 van de 100', 'meer dan 99 van de 100')
    """
    dutch = language == "nl"
    of = "van de 100" if dutch else "of 100"
    if 0 < share < 0.005:
        return f"{'minder dan' if dutch else 'fewer than'} 1 {of}"
    if 0.995 <= share < 1:
        return f"{'meer dan' if dutch else 'more than'} 99 {of}"
    return f"{round(share * 100)} {of}"


class _Said:
    """What can be said about one feature over the whole matrix: each distinct value is put in words once."""

    def __init__(self, feature: FeatureLike, column: Floats, source: str, source_date: str) -> None:
        self.feature = feature
        self.source = source
        self.source_date = source_date
        self._ordered = np.sort(column)
        self._middle = float(np.median(column))
        self._sentences: dict[float, tuple[str, str]] = {}
        self._comparisons: dict[float, tuple[str, str]] = {}
        self._facts: dict[float, dict[str, Any]] = {}

    def sentences(self, value: float) -> tuple[str, str]:
        if value not in self._sentences:
            self._sentences[value] = (sentence(self.feature, value, "nl"), sentence(self.feature, value, "en"))
        return self._sentences[value]

    def comparisons(self, value: float) -> tuple[str, str]:
        if value not in self._comparisons:
            self._comparisons[value] = self._compare(value)
        return self._comparisons[value]

    def fact(self, value: float) -> dict[str, Any]:
        if value not in self._facts:
            nl, en = self.sentences(value)
            about = {"topic": self.feature.topic, "source": self.source, "source_date": self.source_date}
            self._facts[value] = {**about, "nl": nl, "en": en}
        return self._facts[value]

    def _compare(self, value: float) -> tuple[str, str]:
        n = len(self._ordered)
        below = float(np.searchsorted(self._ordered, value, "left")) / n
        through = float(np.searchsorted(self._ordered, value, "right")) / n
        if value == 0 or self.feature.unit == "yes/no" or _unknown(self.feature, value):
            same = through - below
            return f"Dit is zo bij {of_hundred(same, 'nl')} zaken.", f"This is so in {of_hundred(same, 'en')} cases."
        nl = f"Dit is meer dan bij {of_hundred(below, 'nl')} zaken"
        en = f"This is more than in {of_hundred(below, 'en')} cases"
        # A band is a class, not an amount: its number means nothing to a reader.
        if self.feature.unit == "band" or _unknown(self.feature, self._middle):
            return f"{nl}.", f"{en}."
        middle_nl = of_case(self._middle, self.feature.unit, "nl")
        middle_en = of_case(self._middle, self.feature.unit, "en")
        return f"{nl}; de middelste zaak heeft {middle_nl}.", f"{en}; the middle case has {middle_en}."


def explain(
    model: Fitted,
    X: Floats,  # noqa: N803
    features: Mapping[str, FeatureLike],
    *,
    as_of: dt.date,
    source_dates: Mapping[str, dt.date] | None = None,
) -> Explained:
    """Reasons and facts for every row of X, (n, p) in the order of the model's names.

    A reason is all that one topic adds in one direction; its sentence tells the feature that adds most. Size is
    measured against the spread of the margin over all rows. source_dates: per contract or register, the date its data
    reach; a feature is as old as its oldest source.
    """
    margin = finite(model.margin(X), "the margin")
    parts = additive(finite(model.contributions(X), "a contribution"), margin)
    base = float(parts[0, -1]) if len(parts) else 0.0
    said = [_spoken(features[name], X[:, i], as_of, source_dates or {}) for i, name in enumerate(model.names)]
    reasons = Reasons(parts[:, :-1], X, said, model.names, float(margin.std()))
    return Explained(margin, base, margin - base - reasons.shown, reasons, Facts(parts[:, :-1], X, said))


def _spoken(feature: FeatureLike, column: Floats, as_of: dt.date, dates: Mapping[str, dt.date]) -> _Said:
    known = [dates[one] for one in (*feature.contracts, *feature.registers) if one in dates]
    return _Said(feature, column, ", ".join(feature.registers), min(known, default=as_of).isoformat())


class Reasons(Sequence[list[dict[str, Any]]]):
    """The reasons of every row, each in words when it is read. `shown`: what the reasons of a row contribute together.

    A group is a topic with a direction; the largest groups are reasons, the rest goes to the remainder.
    """

    def __init__(
        self,
        parts: Floats,
        X: Floats,  # noqa: N803
        said: Sequence[_Said],
        names: tuple[str, ...],
        spread: float,
    ) -> None:
        self._parts, self._X, self._said, self._names = parts, X, said, names
        self._spread = spread
        self._columns: dict[str, list[int]] = {
            topic: mine
            for topic in TOPICS
            if (mine := [i for i, one in enumerate(said) if one.feature.topic == topic and parts[:, i].any()])
        }
        self._groups = [(topic, way) for topic in self._columns for way in (1, -1)]
        self._sums = np.zeros((len(parts), len(self._groups)))
        for at, (topic, way) in enumerate(self._groups):
            self._sums[:, at] = np.clip(way * parts[:, self._columns[topic]], 0, None).sum(axis=1)
        self._sums[(self._sums <= LEAST * spread) | ~self._among_the_largest()] = 0.0
        ways = np.array([way for _, way in self._groups])
        self.shown: Floats = self._sums @ ways if self._groups else np.zeros(len(parts))

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, row: Any) -> Any:
        sums = self._sums[row].tolist()
        order = sorted((at for at, size in enumerate(sums) if size), key=lambda at: (-sums[at], at))
        if not order:
            return []
        parts, values, largest = self._parts[row].tolist(), self._X[row], sums[order[0]]
        return [self._reason(*self._groups[at], sums[at], sums[at] / largest, parts, values) for at in order]

    def _among_the_largest(self) -> NDArray[np.bool_]:
        """(n, groups): whether a group is among the EACH_WAY largest in its direction."""
        inside = np.zeros(self._sums.shape, dtype=bool)
        for way in (0, 1):
            order = np.argsort(-self._sums[:, way::2], axis=1, kind="stable")[:, :EACH_WAY]
            np.put_along_axis(inside[:, way::2], order, True, axis=1)
        return inside

    def _reason(
        self, topic: str, way: int, size: float, share: float, parts: list[float], values: Floats
    ) -> dict[str, Any]:
        adding = sorted((i for i in self._columns[topic] if way * parts[i] > 0), key=lambda i: (-way * parts[i], i))
        first = self._said[adding[0]]
        value = float(values[adding[0]])
        nl, en = first.sentences(value)
        comparison_nl, comparison_en = first.comparisons(value)
        others = len(adding) - 1
        if others:
            words_nl, words_en = TOPIC_WORDS[topic]
            nl += f" Samen met nog {others} {'gegeven' if others == 1 else 'gegevens'} over {words_nl}."
            en += f" Together with {others} more {'fact' if others == 1 else 'facts'} about {words_en}."
        heavy = size / self._spread if self._spread else LARGE
        return {
            "topic": topic,
            "features": [self._names[i] for i in adding],
            "nl": nl,
            "en": en,
            "could_nl": first.feature.could_nl if way > 0 else "",
            "could_en": first.feature.could_en if way > 0 else "",
            "direction": "up" if way > 0 else "down",
            "size": "large" if heavy >= LARGE else "medium" if heavy >= MEDIUM else "small",
            "share": round(way * share, 4),
            "contribution": way * size,
            "source": first.source,
            "source_date": first.source_date,
            "comparison_nl": comparison_nl,
            "comparison_en": comparison_en,
        }


class Facts(Sequence[list[dict[str, Any]]]):
    """Per topic the facts that weigh most over all cases: one list for everybody, so it tells nothing of a case."""

    def __init__(self, parts: Floats, X: Floats, said: Sequence[_Said]) -> None:  # noqa: N803
        self._X, self._said = X, said
        weight = np.abs(parts).mean(axis=0) if len(parts) else np.zeros(len(said))
        self._chosen: list[int] = []
        for topic in TOPICS:
            mine = [i for i, one in enumerate(said) if one.feature.topic == topic]
            self._chosen += sorted(sorted(mine, key=lambda i: (-weight[i], i))[:FACTS_A_TOPIC])

    def __len__(self) -> int:
        return len(self._X)

    def __getitem__(self, row: Any) -> Any:
        values = self._X[row, self._chosen].tolist()
        return [self._said[i].fact(value) for i, value in zip(self._chosen, values, strict=True)]
