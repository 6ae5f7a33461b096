"""Tables as people write them: separators, blanks, words for yes, and names that are not there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from models.own_table import column, count, read

ROWS = [["a", 1, 2.5, None], ["b", None, 3.0, "x"]]
NAMES = ["name", "n", "share", "note"]


def written(folder: Path, kind: str) -> Path:
    path = folder / f"table.{kind}"
    if kind == "xlsx":
        book = Workbook()
        for row in [NAMES, *ROWS]:
            book.active.append(row)
        book.save(path)
    elif kind == "parquet":
        pq.write_table(pa.table({name: [row[at] for row in ROWS] for at, name in enumerate(NAMES)}), path)
    else:
        path.write_text("name,n,share,note\na,1,2.5,\nb,n/a,3.0,x\n", encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_three_kinds_of_file_hold_the_same_table(tmp_path: Path, kind: str) -> None:
    cells = read(written(tmp_path, kind))
    assert list(cells) == NAMES
    assert [count(one) if one is not None else None for one in cells["n"]] == [1, None]
    assert [None if one is None else float(one) for one in cells["share"]] == [2.5, 3.0]
    assert cells["note"] == [None, "x"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_and_code_pages_are_recognised(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "one.csv"
    path.write_bytes(f'arm{separator}"naam, x"\r\nr{separator}Groningen é\r\n\r\n'.encode("cp1252"))
    assert read(path) == {"arm": ["r"], "naam, x": ["Groningen é"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "empty"), ("a,b\n", "no rows"), ("a,a\n1,2\n", "more than one column 'a'"), ("a\n1,2\n", "row 2: 2 cells")],
)
def test_what_is_no_table_is_refused_with_the_reason(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "one.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=said):
        read(path)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"'jaar' \(--stratum\); the columns are arm, year"):
        column({"arm": [], "year": []}, "jaar", "--stratum")
