"""Columns of a person's own table as numbers a candidate can learn from; what is learned is learned on training rows.

Numbers, dates, categories and gaps are told apart, filled, and counted by the training rows alone. The rows to be
ranked add nothing: a category that training never saw is an unknown one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.candidate import Floats
from models.own_table import NO, YES, text

Index = NDArray[np.int64]

MOSTLY = 0.95
"""share of the filled training cells that must read as a number, or a date, for the column to be one"""
FEW_LEVELS = 12
"""levels up to which a category is written as one yes-or-no column per level"""
WEIGHT = 20.0
"""labels that the overall share weighs in the share of one level"""
PARTS = 5

_DATE = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AP]M)?.*)?$"
)
_NAMED = re.compile(
    r"(?:(\d{1,2})[ .-]+([a-z]{3,9})|([a-z]{3,9})[ .-]+(\d{1,2})(?:st|nd|rd|th)?),?[ .-]+(\d{4})", re.IGNORECASE
)
_PERIOD = re.compile(r"(\d{4})[-/ ]?(?:q([1-4])|[-/](\d{1,2}))$", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DUTCH = {"maa": "mar", "mrt": "mar", "mei": "may", "okt": "oct"}
_IDENTIFIES = re.compile(r"(^|[^a-z])(id|ids|nr|no|num|number|nummer|license|licence|zip|code|kenmerk|key)([^a-z]|$)")


@dataclass(frozen=True)
class Column:
    """One column read three ways, n cells each."""

    name: str
    filled: NDArray[np.bool_]
    numbers: Floats
    """NaN where the cell is no number"""
    days: Floats
    """days since 1970, NaN where the cell is no date"""
    words: NDArray[np.object_]
    """the cell as a value of a group; "(blank)" for a gap"""


def read_column(name: str, cells: Sequence[Any]) -> Column:
    """Read every cell as a number, a date and a word."""
    filled = np.array([cell is not None for cell in cells], dtype=bool)
    return Column(
        name,
        filled,
        numbers(cells),
        dates(cells),
        np.array([text(cell) for cell in cells], dtype=object),
    )


def numbers(cells: Sequence[Any]) -> Floats:
    """(n,) the cells of one column as numbers. Whether a comma begins the decimals or groups the thousands is the
    column's own habit: 0,125 or 12,5 or 1.250,5 anywhere says decimals, 1,250.5 says thousands.

    >>> numbers(["1,250", "12,5"]), numbers(["1,250", "12.5"]), numbers(["1.250,5", "1.250"])
    (array([ 1.25, 12.5 ]), array([1250. ,   12.5]), array([1250.5, 1250. ]))
    """
    said = [_bare(cell) for cell in cells if isinstance(cell, str) and "," in cell]
    decimals = any(_WITH_COMMA.fullmatch(one) and not _GROUPED.fullmatch(one) for one in said)
    comma = decimals and not any(_WITH_POINT.fullmatch(one) for one in said)
    return np.array([number(cell, comma) for cell in cells], dtype=np.float64)


_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_WITH_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+")
_WITH_POINT = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")


def number(cell: Any, comma: bool = False) -> float:
    """A cell as a number, yes as 1 and no as 0; NaN when it is neither. comma: it begins the decimals.

    >>> number("3,5"), number("1,234.5"), number("yes"), number("$ 12"), number("abc"), number("0,125", comma=True)
    (3.5, 1234.5, 1.0, 12.0, nan, 0.125)
    """
    if cell is None or isinstance(cell, dt.date | dt.time):
        return float("nan")
    if isinstance(cell, bool | int | float):
        value = float(cell)
        return value if np.isfinite(value) else float("nan")
    said = _bare(str(cell))
    if said in YES or said in NO:
        return float(said in YES)
    if comma and _POINTS.fullmatch(said):
        said = said.replace(".", "")
    if comma or re.fullmatch(r"[+-]?\d+,\d{1,2}", said):
        said = said.replace(",", ".")
    try:
        value = float(said.replace(",", ""))
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _bare(said: str) -> str:
    return said.strip().lower().strip("$€% ")


def dates(cells: Sequence[Any]) -> Floats:
    """(n,) days since 1970, with the time of the day as a fraction; NaN for a cell that is no date.

    Of 03/04/2024 the column decides: a first number above 12 anywhere means day first, a second one month first.
    When nothing tells, slashes are month first and other marks day first.
    """
    parsed = [_DATE.match(cell.strip()) if isinstance(cell, str) else None for cell in cells]
    short = [one for one in parsed if one and len(one[1]) <= 2]
    first = any(int(one[1]) > 12 for one in short)
    second = any(int(one[2]) > 12 for one in short)
    out = np.full(len(cells), np.nan)
    for at, cell in enumerate(cells):
        if isinstance(cell, dt.datetime):
            moment = cell.replace(tzinfo=None)
            out[at] = (moment - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1)  # noqa: DTZ001
        elif isinstance(cell, dt.date):
            out[at] = (cell - dt.date(1970, 1, 1)).days
        elif isinstance(cell, str) and parsed[at] is None:
            out[at] = _in_words(cell.strip())
        elif one := parsed[at]:
            slash = "/" in str(cell).split(" ")[0]
            out[at] = _day(one, month_first=(second and not first) or (first == second and slash))
    return out


def _in_words(said: str) -> float:
    """5 Jan 2024, January 5, 2024, 2024-05 and 2024Q2 as the (first) day; NaN for anything else.

    >>> _in_words("2 jan 1970"), _in_words("Jan 2, 1970"), _in_words("1970-02"), _in_words("1970Q2"), _in_words("x")
    (1.0, 1.0, 31.0, 90.0, nan)
    """
    if found := _NAMED.match(said):
        name = (found[2] or found[3])[:3].lower()
        month = _DUTCH.get(name, name)
        if month in _MONTHS:
            return _ordinal(int(found[5]), _MONTHS.index(month) + 1, int(found[1] or found[4]))
    if found := _PERIOD.match(said):
        return _ordinal(int(found[1]), int(found[3]) if found[3] else 3 * int(found[2]) - 2, 1)
    return float("nan")


def _ordinal(year: int, month: int, day: int) -> float:
    try:
        return float((dt.date(year, month, day) - dt.date(1970, 1, 1)).days)
    except ValueError:
        return float("nan")


def _day(found: re.Match[str], *, month_first: bool) -> float:
    a, b, c = (int(found[i]) for i in (1, 2, 3))
    if len(found[1]) == 4:
        year, month, day = a, b, c
    else:
        year, month, day = (c, a, b) if month_first else (c, b, a)
        year += (2000 if year < 70 else 1900) if len(found[3]) <= 2 else 0
        if month > 12 >= day:  # a cell that can only be the other way round
            month, day = day, month
    hour = int(found[4] or 0) % 24
    if found[7]:
        hour = hour % 12 + 12 * (found[7].upper() == "PM")
    return _ordinal(year, month, day) + (hour * 3600 + int(found[5] or 0) * 60 + int(found[6] or 0)) / 86400


@dataclass(frozen=True)
class Encoded:
    """Training and test rows as finite numbers under the same names."""

    names: tuple[str, ...]
    train: Floats
    test: Floats
    left_out: dict[str, str]
    """column -> why nothing can be learned from it"""


def encode(columns: Sequence[Column], moment: Floats, label: Floats, train: Index, test: Index, seed: int) -> Encoded:
    """Write the columns as numbers, with everything learned on the `train` rows.

    moment: (n,) days of each row's own time, NaN when the table's times are no dates; dates become the days up to it.
    A category of more than two levels is also written as the share of positive labels of its level, shrunk to the
    overall share; training rows get it from the other parts of the training rows, never from their own label.
    """
    names: list[str] = []
    early: list[Floats] = []
    late: list[Floats] = []
    left: dict[str, str] = {}

    def add(name: str, values: Floats) -> None:
        if np.ptp(values[: len(train)]) > 0:
            names.append(name)
            early.append(values[: len(train)])
            late.append(values[len(train) :])

    both = np.concatenate((train, test))
    # A stream of its own: a table that was itself drawn from `seed` would fall apart along its own categories.
    draw = np.random.default_rng((seed, 0x6F776E))
    part = draw.integers(0, PARTS, len(train))
    since = moment[both] if np.isfinite(moment[both]).all() else np.zeros(len(both))
    for one in columns:
        kind, why = kind_of(one, train)
        if why:
            left[one.name] = why
            continue
        before = len(names)
        if kind in ("number", "date"):
            values = one.numbers[both] if kind == "number" else since - one.days[both]
            gap = np.isnan(values)
            add(one.name, np.where(gap, np.nanmedian(values[: len(train)]), values))
            if 0.005 <= gap[: len(train)].mean() <= 0.995:
                add(f"{one.name}: no value", gap.astype(np.float64))
        if kind == "category" or (kind == "number" and _coded(one, train)):
            _levels(one, label, train, test, part, add, each=kind == "category")
        if len(names) == before:
            left[one.name] = "the same in all training rows"
    if np.isfinite(moment[both]).all():
        add("month of the year", np.array([_month(day) for day in moment[both]]))
    empty = np.zeros((0, 0))
    X = [np.column_stack(side) if side else empty for side in (early, late)]  # noqa: N806
    return Encoded(tuple(names), X[0], X[1], left)


def kind_of(one: Column, train: Index) -> tuple[str, str]:
    """number, date or category; and why the column is left out, empty when it is not."""
    filled = train[one.filled[train]]
    if not len(filled):
        return "category", "blank in all training rows"
    distinct = len(set(one.words[filled].tolist()))
    if distinct == 1 and len(filled) == len(train):
        return "category", "the same in all training rows"
    if np.isfinite(one.numbers[filled]).mean() >= MOSTLY:
        values = one.numbers[filled]
        whole = bool((values[np.isfinite(values)] % 1 == 0).all())
        steps = np.diff(values)
        runs = bool((steps > 0).all() or (steps < 0).all())
        if whole and distinct == len(filled) > 50 and (runs or _names_rows(one.name) or len(filled) > 2000):
            return "number", "a number of its own on every row: it identifies the row"
        return "number", ""
    if np.isfinite(one.days[filled]).mean() >= MOSTLY:
        return "date", ""
    if distinct > 50 and distinct > 0.9 * len(filled):
        return "category", "nearly every row has a value of its own: it identifies the row or is free text"
    return "category", ""


def _names_rows(name: str) -> bool:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return bool(_IDENTIFIES.search(spaced))


def _coded(one: Column, train: Index) -> bool:
    """Whether a column of numbers holds codes, such as a licence or postcode: by its name, and values that repeat."""
    return _names_rows(one.name) and FEW_LEVELS < len(set(one.words[train].tolist())) < 0.7 * len(train)


def _levels(one: Column, label: Floats, train: Index, test: Index, part: Index, add: Any, *, each: bool) -> None:
    seen = Counter(one.words[train].tolist())
    both = np.concatenate((train, test))
    words = one.words[both]
    if each:
        common = [word for word, n in sorted(seen.items(), key=lambda pair: (-pair[1], pair[0])) if n >= 20]
        wanted = common[: FEW_LEVELS if len(seen) <= FEW_LEVELS else FEW_LEVELS // 2]
        for word in wanted[1:] if len(seen) == 2 else wanted:
            add(f"{one.name}: {word}", (words == word).astype(np.float64))
    if len(seen) > 2:
        add(f"{one.name}: share of its level", _shares(one.words, label, train, test, part))
    if len(seen) > FEW_LEVELS:
        add(f"{one.name}: rows of its level", np.array([float(seen.get(word, 0)) for word in words]))


def _shares(words: NDArray[np.object_], label: Floats, train: Index, test: Index, part: Index) -> Floats:
    """Share of positives per level, shrunk; each training row from the parts it is not in."""
    level_of = {word: at for at, word in enumerate(dict.fromkeys(words[train].tolist()))}
    level = np.array([level_of[word] for word in words[train].tolist()])
    rows = np.zeros((PARTS, len(level_of)))
    positive = np.zeros((PARTS, len(level_of)))
    np.add.at(rows, (part, level), 1.0)
    np.add.at(positive, (part, level), label[train])
    usual = float(label[train].mean())
    other_rows, other_positive = rows.sum(axis=0) - rows, positive.sum(axis=0) - positive
    # The usual share too leaves the row's own part out: it would otherwise tell the label of a rare level.
    without = (other_positive.sum(axis=1) / np.maximum(other_rows.sum(axis=1), 1))[:, None]
    early = ((other_positive + WEIGHT * without) / (other_rows + WEIGHT))[part, level]
    # Between the parts only the levels may differ, so the parts' own usual shares are taken out again.
    early = early - without[part, 0] + usual
    whole = (positive.sum(axis=0) + WEIGHT * usual) / (rows.sum(axis=0) + WEIGHT)
    late = np.array([whole[level_of[word]] if word in level_of else usual for word in words[test].tolist()])
    return np.concatenate((early, late))


def _month(day: float) -> float:
    return float((dt.date(1970, 1, 1) + dt.timedelta(days=int(np.floor(day)))).month)
