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
from models.candidate import FeatureLike, Fitted, Floats

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
    """Per case: base + contributions of its reasons + remainder = margin, within 1e-9 relative."""

    margin: Floats
    base: float
    remainder: Floats
    reasons: tuple[list[dict[str, Any]], ...]
    """strongest first; keys topic, features, nl, en, could_nl, could_en, direction, size, share, contribution, source,
    source_date, comparison_nl, comparison_en"""
    facts: tuple[list[dict[str, Any]], ...]
    """the same facts for every case in fixed topic order (R6); keys topic, nl, en, source, source_date"""


def in_unit(value: float, unit: str, language: str) -> str:
    """A value as people write it, `nl` or `en`.

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
    return said[language != "nl"].format(value=in_unit(value, feature.unit, language))


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
        middle_nl = in_unit(self._middle, self.feature.unit, "nl")
        middle_en = in_unit(self._middle, self.feature.unit, "en")
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
    margin = model.margin(X)
    parts = model.contributions(X)
    base = float(parts[0, -1]) if len(parts) else 0.0
    said = [_spoken(features[name], X[:, i], as_of, source_dates or {}) for i, name in enumerate(model.names)]
    reasons, shown = _reasons(parts[:, :-1], X, said, model.names, float(margin.std()))
    facts = _facts(parts[:, :-1], X, said)
    return Explained(margin, base, margin - base - shown, reasons, facts)


def _spoken(feature: FeatureLike, column: Floats, as_of: dt.date, dates: Mapping[str, dt.date]) -> _Said:
    known = [dates[one] for one in (*feature.contracts, *feature.registers) if one in dates]
    return _Said(feature, column, ", ".join(feature.registers), min(known, default=as_of).isoformat())


def _reasons(
    parts: Floats,
    X: Floats,  # noqa: N803
    said: Sequence[_Said],
    names: tuple[str, ...],
    spread: float,
) -> tuple[tuple[list[dict[str, Any]], ...], Floats]:
    """Reasons per row, and the sum of what they contribute."""
    topics = [topic for topic in TOPICS if any(one.feature.topic == topic for one in said)]
    columns = {topic: np.array([i for i, one in enumerate(said) if one.feature.topic == topic]) for topic in topics}
    groups = [(topic, way) for topic in topics for way in (1, -1)]
    sums = np.stack([np.clip(way * parts[:, columns[topic]], 0, None).sum(axis=1) for topic, way in groups], axis=1)
    order = np.argsort(-sums, axis=1, kind="stable")
    shown = np.zeros(len(parts))
    out: list[list[dict[str, Any]]] = []
    for row in range(len(parts)):
        room = {1: EACH_WAY, -1: EACH_WAY}
        largest = float(sums[row, order[row, 0]])
        found: list[dict[str, Any]] = []
        for at in order[row]:
            topic, way = groups[at]
            size = float(sums[row, at])
            if size <= LEAST * spread or size <= 0:
                break
            if not room[way]:
                continue
            room[way] -= 1
            mine = columns[topic]
            order_in = mine[np.argsort(-way * parts[row, mine], kind="stable")]
            adding = [int(i) for i in order_in if way * parts[row, i] > 0]
            found.append(_reason(adding, X[row], said, names, topic, way * size, way * size / largest, size / spread))
            shown[row] += way * size
        out.append(found)
    return tuple(out), shown


def _reason(
    adding: list[int],
    row: Floats,
    said: Sequence[_Said],
    names: tuple[str, ...],
    topic: str,
    contribution: float,
    share: float,
    size: float,
) -> dict[str, Any]:
    first = said[adding[0]]
    value = float(row[adding[0]])
    nl, en = first.sentences(value)
    comparison_nl, comparison_en = first.comparisons(value)
    others = len(adding) - 1
    if others:
        words_nl, words_en = TOPIC_WORDS[topic]
        nl += f" Samen met nog {others} {'gegeven' if others == 1 else 'gegevens'} over {words_nl}."
        en += f" Together with {others} more {'fact' if others == 1 else 'facts'} about {words_en}."
    raises = contribution > 0
    return {
        "topic": topic,
        "features": [names[i] for i in adding],
        "nl": nl,
        "en": en,
        "could_nl": first.feature.could_nl if raises else "",
        "could_en": first.feature.could_en if raises else "",
        "direction": "up" if raises else "down",
        "size": "large" if size >= LARGE else "medium" if size >= MEDIUM else "small",
        "share": round(share, 4),
        "contribution": contribution,
        "source": first.source,
        "source_date": first.source_date,
        "comparison_nl": comparison_nl,
        "comparison_en": comparison_en,
    }


def _facts(parts: Floats, X: Floats, said: Sequence[_Said]) -> tuple[list[dict[str, Any]], ...]:  # noqa: N803
    """Per topic the facts that weigh most over all cases: one list for everybody, so it tells nothing of a case."""
    weight = np.abs(parts).mean(axis=0) if len(parts) else np.zeros(len(said))
    chosen: list[int] = []
    for topic in TOPICS:
        mine = [i for i, one in enumerate(said) if one.feature.topic == topic]
        chosen += sorted(sorted(mine, key=lambda i: (-weight[i], i))[:FACTS_A_TOPIC])
    values: NDArray[np.float64] = X[:, chosen]
    return tuple([said[i].fact(value) for i, value in zip(chosen, row, strict=True)] for row in values.tolist())
