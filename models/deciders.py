"""Columns that say who decides: a model may not learn from them, for it would learn the person or the team."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORDS = (
    *("inspector*", "sanitarian*", "examiner*", "investigator*", "reviewer*", "assessor*", "auditor*", "officer*"),
    *("caseworker*", "handler*", "decider*", "decided", "judge", "clerk*", "supervisor*", "employee*"),
    *("team", "teams", "department*", "klantmanager*", "consulent*", "medewerker*", "behandelaar*", "beslisser*"),
    *("beoordelaar*", "inspecteur*", "toetser*", "afdeling*"),
)
"""whole words or word beginnings (`*`) in the name of a column"""

_PATTERN = re.compile("|".join(one.replace("*", "[a-zà-ÿ]*") for one in WORDS))
_SPLIT = re.compile(r"[^A-Za-zÀ-ÿ]+|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")


def deciding(names: Iterable[str]) -> tuple[str, ...]:
    """The names that say who decides, in their order.

    >>> deciding(["months_since_review", "InspectorAssigned", "team_code", "teammates"])
    ('InspectorAssigned', 'team_code')
    """
    return tuple(name for name in names if any(_PATTERN.fullmatch(word.lower()) for word in _SPLIT.split(name)))


def refuse(names: Iterable[str]) -> None:
    """Raises ValueError that names the columns that say who decides."""
    if found := deciding(names):
        raise ValueError(f"{', '.join(found)}: says who decides; a model may not learn from the decider or the team")
