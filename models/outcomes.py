"""What a review can find, and which of it counts as positive: a declared coding, others to compare it with, a file.

Causes and effects are those of a finding (enforcement/findings.py). A municipality that codes otherwise writes
outcomes.toml in the home:

    [review]                        # the label of the review list
    effects = ["down"]
    causes = ["registry_wrong"]

    [down]                          # a coding to compare with
    effects = ["down"]
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CAUSES = frozenset(
    {
        "nothing_irregular",
        "registry_wrong",
        "municipal_error",
        "client_late_or_mistaken",
        "breach_of_duty",
        "needs_help",
        "inconclusive",
    }
)
EFFECTS = frozenset({"up", "down", "none", "unknown"})


@dataclass(frozen=True)
class LabelCoding:
    """Which outcomes count as positive. Default: the review changed the entitlement downwards, or showed wrong data
    that would have (statistics.md, Labels). What is neither positive nor missing is 0."""

    name: str = "review"
    effects: frozenset[str] = frozenset({"down"})
    causes: frozenset[str] = frozenset({"registry_wrong"})
    missing_effects: frozenset[str] = frozenset({"unknown"})
    missing_causes: frozenset[str] = frozenset({"inconclusive"})

    def label(
        self, *, cause: str | None, effect: str | None, approved: dt.date | None, overturned: bool | None
    ) -> float:
        """1.0, 0.0, or NaN when there is no label: unfinished, not approved, or inconclusive.

        An outcome that an objection or appeal overturned changed nothing in the end: 0.

        >>> coding = LabelCoding()
        >>> day = dt.date(2025, 3, 1)
        >>> coding.label(cause="breach_of_duty", effect="down", approved=day, overturned=None)
        1.0
        >>> coding.label(cause="inconclusive", effect="none", approved=day, overturned=None)
        nan
        """
        if approved is None or (cause is None and effect is None):
            return float("nan")
        if overturned:
            return 0.0
        if cause in self.missing_causes:
            return float("nan")
        if effect in self.effects or cause in self.causes:
            return 1.0
        return float("nan") if effect is None or effect in self.missing_effects else 0.0


REVIEW = LabelCoding()
SERVICE_LIST = LabelCoding(name="service", effects=frozenset({"up"}), causes=frozenset())
"""the label of the service list: the entitlement went up (R34)"""
OTHERS = (
    LabelCoding(name="down only", causes=frozenset()),
    LabelCoding(
        name="without own mistakes of the municipality", missing_causes=frozenset({"inconclusive", "municipal_error"})
    ),
    LabelCoding(
        name="any change", effects=frozenset({"down", "up"}), causes=frozenset({"registry_wrong", "municipal_error"})
    ),
)
"""codings that a training is rerun under, to show what hangs on the choice"""


@dataclass(frozen=True)
class Codings:
    """The coding in use and those to compare it with."""

    review: LabelCoding = REVIEW
    others: tuple[LabelCoding, ...] = OTHERS

    def stated(self) -> list[list[object]]:
        """The same for the same codings in every process: a set has no order of its own."""
        return [
            [one.name, *(sorted(words) for words in (one.effects, one.causes, one.missing_effects, one.missing_causes))]
            for one in (self.review, *self.others)
        ]


def read(path: Path) -> Codings:
    """The codings of outcomes.toml; the declared ones when there is no file.

    Raises ValueError that names the coding and the word that no finding has.
    """
    if not path.is_file():
        return Codings()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if "review" not in found:
        raise ValueError(f"{path.name} has no [review]; it is the coding of the review list")
    made = {name: _coding(path.name, name, said) for name, said in found.items()}
    return Codings(made.pop("review"), tuple(made.values()))


def _coding(file: str, name: str, said: object) -> LabelCoding:
    if not isinstance(said, Mapping):
        raise ValueError(f"{file}: {name} is no coding; write [{name}] and below it effects and causes")
    allowed = {"effects": EFFECTS, "causes": CAUSES, "missing_effects": EFFECTS, "missing_causes": CAUSES}
    if unknown := sorted(set(said) - set(allowed)):
        raise ValueError(f"{file}: {name} has {unknown[0]!r}; it may have {', '.join(allowed)}")
    for part, words in said.items():
        if not isinstance(words, list):
            raise ValueError(f"{file}: {name}.{part} is no list")
        if wrong := sorted(map(str, set(words) - allowed[part])):
            raise ValueError(f"{file}: {name}.{part} has {wrong[0]!r}; there are {', '.join(sorted(allowed[part]))}")
    parts = {part: frozenset(words) for part, words in said.items()}
    return LabelCoding(name, **({"effects": frozenset(), "causes": frozenset()} | parts))
