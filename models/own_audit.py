"""The fairness audit of a table of a person's own: from a file and the names of its columns to figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.fairness import MIN_CELL, Audit, audit, audit_counts
from models.fairness_rows import Rows, Told
from models.fairness_table import UNKNOWN_GROUP, Audited, TableError


@dataclass(frozen=True)
class Asked:
    """What is asked of the table; column names as they stand in it."""

    groups: tuple[str, ...]
    selected: str | None = None
    outcome: str | None = None
    arm: str | None = None
    probability: str | None = None
    population: int | None = None
    references: tuple[str, ...] = ()
    min_cell: int = MIN_CELL
    counts: bool = False


def audit_file(path: Path, asked: Asked, *, seed: int = 1) -> Audit:
    """Raises TableError that names the file and the column, and FileNotFoundError."""
    table = Audited.read(path)
    names = _different(asked.groups) or (("group",) if asked.counts else ())
    if not names:
        raise TableError("name the column of the groups with --group")
    groups = {name: table.groups(name) for name in names}
    chosen = {"references": asked.references, "min_cell": asked.min_cell, "seed": seed}
    unknown = _unknown(groups)
    try:
        if asked.counts:
            found = audit_counts(groups, table.counts(), **chosen)  # type: ignore[arg-type]
            return replace(found, warnings=(*unknown, *found.warnings))
        if asked.selected is None or asked.outcome is None:
            raise TableError("name the columns with --selected and --outcome, or give counts with --counts")
        if asked.selected == asked.outcome:
            raise TableError(f"{table.name}: {asked.selected!r} cannot be both the selection and the outcome")
        if asked.probability is not None and asked.arm is None:
            raise TableError("--probability says how likely a draw was; name the column of arms with --arm too")
        rows = Rows(
            groups,
            table.answers(asked.selected),
            table.answers(asked.outcome),
            table.arms(asked.arm) if asked.arm else None,
            table.chances(asked.probability) if asked.probability else None,
            asked.population,
        )
        found = audit(rows, **chosen)  # type: ignore[arg-type]
        return replace(found, warnings=(*unknown, *found.warnings))
    except TableError:
        raise
    except ValueError as error:
        raise TableError(f"{table.name}: {error}") from error


def _unknown(groups: Mapping[str, Sequence[str]]) -> list[Told]:
    """How many rows are in the group of those of whom none is filled in."""
    told = []
    for name, values in groups.items():
        if blank := sum(value == UNKNOWN_GROUP for value in values):
            told.append(
                (
                    f"{blank} van de {len(values)} rijen hebben geen {name} (leeg, NA en dergelijke): "
                    f"zij zijn de groep {UNKNOWN_GROUP!r}",
                    f"{blank} of {len(values)} rows have no {name} (blank, NA and the like): "
                    f"they are the group {UNKNOWN_GROUP!r}",
                )
            )
    return told


def _different(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
