"""A table of a person's own, CSV, XLSX or Parquet, as columns of cells: nothing about its meaning is guessed here."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Sheet = tuple[list[Any], list[list[Any]]]
"""names, and rows of cells"""
BLANK = frozenset({"", "na", "n/a", "nan", "null", "none", "nat", "-", "?", "#n/a"})
"""what people write in a cell that has no value, in lower case"""
YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "ja", "j", "waar"})
NO = frozenset({"0", "0.0", "false", "f", "no", "n", "nee", "onwaar"})
_THOUSANDS = re.compile(r"\d{1,3}(\.\d{3})+")


def read(path: Path) -> dict[str, list[Any]]:
    """Column name -> cells, a blank cell as None. Cells of a CSV are text, those of XLSX and Parquet have their type.

    The first sheet of a workbook is read. Raises ValueError that names the file for another kind of file, for one that
    cannot be read, for a table without rows and for names that stand twice; FileNotFoundError when there is none.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    readers = {".csv": _csv, ".tsv": _csv, ".txt": _csv, ".xlsx": _xlsx, ".parquet": _parquet, ".pq": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path.name} is no CSV, XLSX or Parquet file")
    names, rows = _opened(reader, path)
    said = [str(name).strip() if name is not None else "" for name in names]
    twice = sorted({name for name in said if name and said.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name} has more than one column {twice[0]!r}; rename one")
    if not rows:
        raise ValueError(f"{path.name} has no rows")
    cells = {name: [None if blank(row[at]) else row[at] for row in rows] for at, name in enumerate(said)}
    cells.pop("", None)  # a column without a name is an index that somebody's tool wrote
    return cells


def column(cells: Mapping[str, list[Any]], name: str, option: str) -> list[Any]:
    """The cells of one column, whatever its capitals. Raises ValueError that names the option and what there is."""
    found = called(cells, name)
    if found is None:
        raise ValueError(f"there is no column {name!r} ({option}); the columns are {', '.join(cells)}")
    return cells[found]


def called(cells: Mapping[str, list[Any]], name: str) -> str | None:
    """The name as the table writes it, whatever its capitals when that is clear; None when there is no such column.

    >>> called({"Arm": []}, "arm"), called({"n": [], "N": []}, "N"), called({"Na": [], "NA": []}, "na")
    ('Arm', 'N', None)
    """
    if name in cells:
        return name
    alike = [one for one in cells if one.lower() == name.strip().lower()]
    return alike[0] if len(alike) == 1 else None


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """What is said about a table names its file."""
    try:
        yield
    except ValueError as error:
        if path.name in str(error):
            raise
        raise ValueError(f"{path.name}: {error}") from error


def blank(cell: Any) -> bool:
    """Whether a cell has no value.

    >>> [blank(one) for one in (None, " ", "n/a", float("nan"), 0, False)]
    [True, True, True, True, False, False]
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and cell.strip().lower() in BLANK


def text(cell: Any) -> str:
    """A cell as a value of a group: 3.0 and 3 are one value, and so are "a" and " a ".

    >>> text(3.0), text(" a "), text(None), text(True)
    ('3', 'a', '(blank)', 'true')
    """
    if cell is None:
        return "(blank)"
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def count(cell: Any) -> int | None:
    """A cell as a whole number of cases; yes is 1 and no is 0; None when it is none of these. Written 1.000 it is none:
    a thousand in one country and one in another.

    >>> count("ja"), count("4,398"), count(12.0), count("1.5"), count(False), count("1.000")
    (1, 4398, 12, None, 0, None)
    """
    said = text(cell).lower()
    if isinstance(cell, str) and _THOUSANDS.fullmatch(said):
        return None
    if said in YES:
        return 1
    if said in NO:
        return 0
    groups = said.replace(" ", ",").split(",")
    if len(groups) > 1 and groups[0].isdigit() and all(len(one) == 3 and one.isdigit() for one in groups[1:]):
        said = "".join(groups)
    try:
        value = float(said)
    except ValueError:
        return None
    return int(value) if value >= 0 and value.is_integer() else None


UNREADABLE = (csv.Error, zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, SyntaxError)
"""what the readers of CSV, workbooks (a zip of XML) and Parquet raise on content that is none, beside ValueError"""


def _opened(reader: Callable[[Path], Sheet], path: Path) -> Sheet:
    try:
        return reader(path)
    except ValueError as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(said if path.name in said else f"{path.name} cannot be read: {said}") from error
    except UNREADABLE as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path.name} is no readable {path.suffix} file: {said}") from error


def _csv(path: Path) -> Sheet:
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = data.decode("utf-16")
    else:
        try:
            content = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            content = data.decode("cp1252", errors="replace")
    first = re.sub(r'"[^"]*"', "", content.split("\n", 1)[0])
    separator = max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=separator)
    every = [row for row in lines if any(cell.strip() for cell in row)]
    if not every:
        raise ValueError(f"{path.name} is empty")
    names, rows = every[0], every[1:]
    for at, row in enumerate(rows, start=2):
        if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
            raise ValueError(f"{path.name}, row {at}: {len(row)} cells under {len(names)} names")
    return names, [row[: len(names)] + [""] * (len(names) - len(row)) for row in rows]


def _xlsx(path: Path) -> Sheet:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        every = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
    every = [row for row in every if any(cell is not None for cell in row)]
    if not every:
        raise ValueError(f"{path.name} is empty")
    width = max(len(row) for row in every)
    filled = [row + [None] * (width - len(row)) for row in every]
    return filled[0], filled[1:]


def _parquet(path: Path) -> Sheet:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return table.column_names, [list(row) for row in zip(*(one.to_pylist() for one in table.columns), strict=True)]
