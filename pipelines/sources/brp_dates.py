"""Dates as the BRP services give them: a union of four types, or compact text in older and test forms."""

from __future__ import annotations

from features.records import UNKNOWN_DATE, PartialDate
from pipelines.sources.exchanges import Node
from pipelines.sources.intake import Dates, UnreadableError


def brp_date(dates: Dates, node: Node, field: str) -> PartialDate | None:
    """Datum, JaarMaandDatum, JaarDatum or DatumOnbekend under `field`, or text; None when the field is absent.

    The type decides where it is given, else the fields that are there do. Raises UnreadableError.

    >>> brp_date(Dates(), Node({"datum": {"type": "JaarMaandDatum", "jaar": 2024, "maand": 2}}), "datum").latest
    datetime.date(2024, 2, 29)
    """
    value = node.fields.get(field)
    if value is None or isinstance(value, str | int):
        return dates.read(node.name(field), node.text(field))
    union = node.group(field)
    if not union.fields:
        return None
    kind = union.text("type")
    if kind == "DatumOnbekend" or (not kind and union.yes("onbekend")):
        return dates.note(UNKNOWN_DATE)
    if kind in ("Datum", "VolledigeDatum") or union.holds("datum"):
        return _needed(union, dates.read(union.name("datum"), union.text("datum")))
    if kind not in ("", "JaarMaandDatum", "JaarDatum"):
        raise UnreadableError(union.name("type"), "is no type of date")
    year, month, day = (union.text(part) for part in ("jaar", "maand", "dag"))
    if not year or not (year + month + day).isdigit():
        raise UnreadableError(union.name("jaar"), "is not a year")
    return _needed(union, dates.read(union.path, f"{year:0>4}{month:0>2}{day:0>2}"))


def _needed(union: Node, date: PartialDate | None) -> PartialDate:
    if date is None:
        raise UnreadableError(union.path, "is a date without a value")
    return date
