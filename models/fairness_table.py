"""What the columns of a person's own table say for an audit: groups as written, yes and no, chances, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import own_table

UNKNOWN_GROUP = "unknown"
"""people of whom no group is filled in; a group of their own"""
UNKNOWN = frozenset(("onbekend", "unknown", "missing", "ontbreekt", "inconclusive", "niet vast te stellen", "nb", "."))
"""codes for "not known" in a column of yes and no, beside blank cells"""
YES = own_table.YES | {"1", "positief", "positive", "+"}
NO = own_table.NO | {"0", "negatief", "negative"}
COUNTS = ("tp", "fp", "tn", "fn")
FIRST_ROW = 2
"""number of the first row below the header, as a person counts in the file"""
MANY = 2000
"""different values above which a column holds no groups but numbers or names"""

Answers = NDArray[np.int8]


class TableError(ValueError):
    """The table cannot be used as asked; the message names file, column, and what there is."""


@dataclass(frozen=True)
class Audited:
    """A table of a person's own. All columns have as many rows; a blank cell is None."""

    name: str
    columns: Mapping[str, list[Any]]

    @classmethod
    def read(cls, path: Path) -> Audited:
        """Raises TableError, and FileNotFoundError when there is no such file."""
        try:
            return cls(path.name, own_table.read(path))
        except ValueError as error:
            raise TableError(str(error)) from error

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def cells(self, column: str) -> list[Any]:
        """The column of that name, whatever its capitals when that is clear. Raises TableError."""
        found = own_table.called(self.columns, column)
        if found is not None:
            return self.columns[found]
        names = [repr(name) for name in self.columns]
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        raise TableError(f"{self.name} has no column {column!r}; it has {shown}")

    def groups(self, column: str) -> list[str]:
        """Group names as they stand, such as 001; where nothing is filled in UNKNOWN_GROUP. Raises TableError."""
        cells = self.cells(column)
        if all(cell is None for cell in cells):
            raise TableError(f"{self.name}: column {column!r} is empty; name the column that holds the groups")
        found = [UNKNOWN_GROUP if cell is None else own_table.text(cell) for cell in cells]
        if (different := len(set(found))) > MANY:
            raise TableError(f"{self.name}: column {column!r} has {different} different values; those are no groups")
        return found

    def answers(self, column: str) -> Answers:
        """(rows,) 1 yes, 0 no, -1 not known. Raises TableError for a code that is none of these."""
        found = np.full(self.rows, -1, dtype=np.int8)
        strange: dict[str, int] = {}
        for at, cell in enumerate(self.cells(column)):
            if cell is None:
                continue
            said = _plain(cell)
            if said in YES or said in NO:
                found[at] = said in YES
            elif said not in UNKNOWN:
                strange.setdefault(str(cell), at)
        if strange:
            first, at = next(iter(strange.items()))
            more = f" and {len(strange) - 1} other codes like it stand there" if len(strange) > 1 else ""
            raise TableError(
                f"{self.name}: column {column!r} must say 1/0, true/false, ja/nee or yes/no, or be blank; "
                f"row {at + FIRST_ROW} says {first!r}{more}"
            )
        return found

    def arms(self, column: str) -> list[frozenset[str]]:
        """Per row the arms it was in; none where nothing is filled in. Several are written "random,risk"."""
        return [
            frozenset() if cell is None else frozenset(own_table.text(cell).lower().replace("+", ",").split(","))
            for cell in self.cells(column)
        ]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """(rows,) NaN where nothing is filled in; 0,25 and 0.25 both are a quarter. Raises TableError."""
        found = np.full(self.rows, np.nan)
        for at, cell in enumerate(self.cells(column)):
            if cell is None:
                continue
            said = own_table.text(cell)
            try:
                found[at] = float(said.replace(",", ".") if "." not in said else said)
            except ValueError as error:
                where = f"row {at + FIRST_ROW} says {said!r}"
                raise TableError(f"{self.name}: column {column!r} must hold numbers; {where}") from error
        return found

    def chances(self, column: str) -> NDArray[np.float64]:
        """(rows,) inclusion probabilities above 0, at most 1; NaN where blank. Raises TableError."""
        found = self.numbers(column)
        wrong = np.flatnonzero(~np.isnan(found) & ~((found > 0) & (found <= 1)))
        if len(wrong):
            where = f"row {wrong[0] + FIRST_ROW} says {found[wrong[0]]:g}"
            raise TableError(f"{self.name}: column {column!r} holds chances above 0 and at most 1; {where}")
        return found

    def counts(self) -> NDArray[np.int64]:
        """(rows, 4) tp, fp, tn, fn. Raises TableError for a cell that is no whole number."""
        found = np.zeros((self.rows, 4), dtype=np.int64)
        for i, column in enumerate(COUNTS):
            for at, cell in enumerate(self.cells(column)):
                number = own_table.count(cell)
                if number is None:
                    said = "nothing" if cell is None else repr(str(cell))
                    raise TableError(
                        f"{self.name}: column {column!r} must hold whole counts; row {at + FIRST_ROW} says {said}"
                    )
                found[at, i] = number
        return found


def _plain(cell: Any) -> str:
    """A code in lower case; 1.0, 1,0 and "1" are one code."""
    said = own_table.text(cell).lower()
    head, mark, tail = said.replace(",", ".").partition(".")
    return head if mark and head.isdigit() and not tail.strip("0") else said
