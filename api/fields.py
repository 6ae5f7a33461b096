"""Only the fields that a program asks for (NL API design rules, `fields`): a smaller answer, never a smaller truth.

A place never travels alone (R3): who asks for it gets its range, its strongest reason and its old sources too.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from api.answers import Answer, Basis, Item
from enforcement.errors import RefusedError

TOGETHER = frozenset({"place", "place_low", "place_high", "strongest", "old_sources"})
"""whoever asks for one of the first three gets them all"""
PLACE = frozenset({"place", "place_low", "place_high"})
Fields = Annotated[
    str | None,
    Query(
        max_length=500,
        description="names of fields of an item, separated by commas; others are left out",
        examples=["number,due,state"],
    ),
]


class Chosen(Answer):
    """A page of the list with only the fields that were asked for."""

    items: list[dict[str, Any]] = Field(examples=[[{"number": "2026-004220", "due": "2026-12-01"}]])
    after: str | None = Field(description="cursor of the next page, null on the last")
    basis: Basis | None = Field(description="null while no list was composed")


def chosen(fields: str) -> set[str]:
    """The fields of an item that are shown. Raises RefusedError for a name that is none.

    >>> sorted(chosen("number, due"))
    ['due', 'number']
    >>> sorted(chosen("place"))
    ['old_sources', 'place', 'place_high', 'place_low', 'strongest']
    """
    names = {name for name in (part.strip() for part in fields.split(",")) if name}
    if not names or not names <= set(Item.model_fields):
        raise RefusedError(f"`fields` names fields of an item, separated by commas: {', '.join(Item.model_fields)}")
    return names | TOGETHER if names & PLACE else names
