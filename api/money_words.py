"""Money and hours as a reader reads them: amounts with their interval in words, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import format_currency

from api.beside import Town
from api.language import Language
from api.money import DIRECTIONS, AmountOut, HoursOut, MoneyOfLists, MoneyOut
from api.money_together import MoneyTogether
from api.whatif import BroughtOut, ExpectedOut, WhatIfOut

SIDES = tuple(DIRECTIONS.items())
BESIDE = ("up", "down", "claimed", "recovered", "paid_out", "hours")
"""measures of the municipalities beside each other"""
Row = tuple[str, ...]
_FORMS = {"nl": ("nl_NL", "¤\u00a0#,##0;¤\u00a0-#,##0"), "en": ("en_GB", "¤#,##0;-¤#,##0")}


def whole_euros(cents: float, spoken: Language) -> str:
    """Euros without cents, which no estimate knows.

    >>> whole_euros(123_456, Language("en"))
    '€1,235'
    """
    locale, form = _FORMS[spoken.code]
    return str(format_currency(round(cents / 100), "EUR", format=form, locale=locale, currency_digits=False))


def euros(one: AmountOut | None, spoken: Language) -> str:
    """An amount of euro cents with its interval, in whole euros."""
    if one is None:
        return "–"
    if one.value is None:
        return spoken.text(f"money.{one.status}")
    value, low, high = (whole_euros(end, spoken) for end in (one.value, one.low or 0, one.high or 0))
    return spoken.text("money.interval", value=value, low=low, high=high)


def hours(one: AmountOut | None, spoken: Language) -> str:
    """Hours with their interval."""
    if one is None:
        return "–"
    if one.value is None:
        return spoken.text(f"money.{one.status}")
    value, low, high = (spoken.number(round(end, 1)) for end in (one.value, one.low or 0, one.high or 0))
    return spoken.text("money.interval_hours", value=value, low=low, high=high)


def _total(one: MoneyOut | None, spoken: Language) -> str:
    if one is None or one.reviews is None:
        return spoken.text("money.not_recorded")
    return spoken.text("money.suppressed") if one.total is None else whole_euros(one.total, spoken)


def _total_hours(one: HoursOut, spoken: Language) -> str:
    if not one.reviews:
        return spoken.text("money.not_recorded")
    return spoken.text("money.suppressed") if one.hours is None else spoken.number(one.hours)


def summary(found: MoneyOfLists, spoken: Language) -> list[Row]:
    """A row per measure: all together, per review, and per random review."""
    by = {(one.measure, one.arm): one for one in found.money}
    rows: list[Row] = []
    for _, measures in SIDES:
        for measure in measures:
            whole, lot = by.get((measure, "all")), by.get((measure, "random"))
            each = [euros(one.per_case, spoken) if one else spoken.text("money.not_recorded") for one in (whole, lot)]
            rows.append((spoken.text(f"money.{measure}"), _total(whole, spoken), *each))
    time = {one.arm: one for one in found.hours}
    if "all" in time:
        lot_hours = hours(time["random"].per_case, spoken) if "random" in time else spoken.text("money.not_recorded")
        each_hours = hours(time["all"].per_case, spoken)
        rows.append((spoken.text("money.hours"), _total_hours(time["all"], spoken), each_hours, lot_hours))
    else:
        rows.append((spoken.text("money.hours"), *[spoken.text("money.not_recorded")] * 3))
    return rows


def arm_rows(found: MoneyOfLists, measure: str, spoken: Language) -> list[Row]:
    """A row per arm: reviews, total, per review, minus random, for all of the arm together, per hour."""
    return [
        (
            spoken.text(f"results.arm_{one.arm}"),
            "–" if one.reviews is None else spoken.number(one.reviews),
            _total(one, spoken),
            euros(one.per_case, spoken),
            euros(one.against_random, spoken),
            euros(one.surplus, spoken),
            euros(one.per_hour, spoken),
        )
        for one in found.money
        if one.measure == measure
    ]


def hour_rows(found: MoneyOfLists, spoken: Language) -> list[Row]:
    """A row per arm: reviews with a known time, of all finished ones, hours, per review, minus random."""
    return [
        (
            spoken.text(f"results.arm_{one.arm}"),
            spoken.text("money.of", part=spoken.number(one.reviews), whole=spoken.number(one.finished)),
            _total_hours(one, spoken),
            hours(one.per_case, spoken),
            hours(one.against_random, spoken),
        )
        for one in found.hours
    ]


def together_rows(found: MoneyTogether, spoken: Language) -> list[Row]:
    """A row per measure of all municipalities together: reviews, total, as many random, difference, per review."""
    every = {one.measure: one for one in found.money}
    ordered = [every[name] for _, measures in SIDES for name in measures] + [found.hours]
    return [
        (
            spoken.text(f"money.{one.measure}"),
            "–" if one.reviews is None else spoken.number(one.reviews),
            *(
                (hours if one.measure == "hours" else euros)(figure, spoken)
                for figure in (one.total, one.as_many_random, one.more, one.more_per_case)
            ),
        )
        for one in [*ordered, *([found.cost] if found.cost else [])]
    ]


def what_if_rows(found: WhatIfOut, spoken: Language) -> list[Row]:
    """A row per measure: the policy of now, and the other."""
    return [
        (
            spoken.text(f"whatif.{name}"),
            *(_expected(name, one.together[name], spoken) for one in (found.now, found.then)),
        )
        for name in found.now.together
    ]


def what_if_parts(found: BroughtOut, spoken: Language) -> list[Row]:
    """A row per arm: places a year, and every measure."""
    return [
        (
            spoken.text(f"results.arm_{arm}"),
            spoken.number(found.places[arm]),
            *(_expected(name, one, spoken) for name, one in its.items()),
        )
        for arm, its in found.arms.items()
    ]


def what_if_whys(found: BroughtOut, spoken: Language) -> list[str]:
    """Why something of a part cannot be estimated, each reason once a part, with the figures it is about."""
    about: dict[tuple[str, str], list[str]] = {}
    for arm, its in found.arms.items():
        for name, one in its.items():
            if one.value is None:
                about.setdefault((arm, one.why), []).append(spoken.text(f"whatif.{name}").lower())
    return [
        spoken.text(f"whatif.why_{why}", part=spoken.text(f"results.arm_{arm}"), of="; ".join(names))
        for (arm, why), names in about.items()
    ]


def _expected(measure: str, one: ExpectedOut, spoken: Language) -> str:
    if one.value is None:
        return spoken.text("money.not_estimable")
    ends = (one.value, one.low or 0, one.high or 0)
    if measure in ("up", "down"):
        words = [whole_euros(end, spoken) for end in ends]
    else:
        words = [spoken.number(round(end)) for end in ends]
    if one.low == one.high:
        return words[0]
    return spoken.text("money.interval", value=words[0], low=words[1], high=words[2])


def beside_rows(towns: Sequence[Town], spoken: Language) -> list[tuple[str, Row]]:
    """Municipality code -> amounts a review, each review once."""
    return [
        (
            one.municipality,
            tuple((hours if name == "hours" else euros)(one.per_case[name], spoken) for name in BESIDE),
        )
        for one in towns
    ]
