"""The columns of a GBA-V list file by position, and the rows of one person list: what is current, what is history.

The header repeats names (06.88.10 stands twice, the first and the last column have none), so a column is found by its
place. `nn.H` says what the next row holds of category nn: nn + 50 is history of this row, nn is a further occurrence.
Source: Logisch Ontwerp GBA, categories 01-16 and 51-66.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_GROUPS = {
    "01": "01.10 01.20 02.10 02.20 02.30 02.40 03.10 03.20 03.30 04.10 20.10 20.20 61.10 81.10 81.20 82.10 82.20 82.30 "
    "83.10 83.20 83.30 84.10 85.10 86.10 88.10 88.20 H",
    "02": "01.10 01.20 02.10 02.20 02.30 02.40 03.10 03.20 03.30 04.10 62.10 81.10 81.20 82.10 82.20 82.30 83.10 83.20 "
    "83.30 84.10 85.10 86.10 H",
    "03": "01.10 01.20 02.10 02.20 02.30 02.40 03.10 03.20 03.30 04.10 62.10 81.10 81.20 82.10 82.20 82.30 83.10 83.20 "
    "83.30 84.10 85.10 86.10 H",
    "04": "05.10 63.10 64.10 65.10 73.10 82.10 82.20 82.30 83.10 83.20 83.30 84.10 85.10 86.10 88.10 88.20 H",
    "05": "01.10 01.20 02.10 02.20 02.30 02.40 03.10 03.20 03.30 04.10 06.10 06.20 06.30 07.10 07.20 07.30 07.40 15.10 "
    "81.10 81.20 82.10 82.20 82.30 83.10 83.20 83.30 84.10 85.10 86.10 H",
    "06": "08.10 08.20 08.30 81.10 81.20 82.10 82.20 82.30 83.10 83.20 83.30 84.10 85.10 86.10 88.10 88.10 H",
    "07": "66.20 67.10 67.20 68.10 69.10 70.10 71.10 71.20 80.10 80.20 87.10 88.10 88.20 H",
    "08": "09.10 09.20 10.10 10.20 10.30 11.10 11.15 11.20 11.30 11.40 11.50 11.60 11.70 11.80 11.90 12.10 13.10 13.20 "
    "13.30 13.40 13.50 14.10 14.20 72.10 75.10 83.10 83.20 83.30 84.10 85.10 86.10 88.10 88.20 H",
    "09": "01.10 01.20 02.10 02.20 02.30 02.40 03.10 03.20 03.30 81.10 81.20 82.10 82.20 82.30 83.10 83.20 83.30 84.10 "
    "85.10 86.10 89.10 H",
    "10": "39.10 39.20 39.30 83.10 83.20 83.30 84.10 85.10 86.10 H",
    "11": "32.10 33.10 82.10 82.20 82.30 83.10 83.20 83.30 84.10 85.10 86.10 H",
    "12": "35.10 35.20 35.30 35.40 35.50 35.60 35.70 36.10 82.10 82.20 82.30 83.10 83.20 83.30 85.10 86.10 H",
    "13": "31.10 31.20 31.30 38.10 38.20 82.10 82.20 82.30 H",
}
HEADER: tuple[str, ...] = ("", *(f"{number}.{one}" for number, line in _GROUPS.items() for one in line.split()), "")
"""The 257 names as they stand in the file."""

NEEDED = ("01.01.10", "01.01.20", "01.03.10", "05.01.20", "07.67.20", "07.70.10", "08.09.10", "08.10.30", "08.11.60",
          "08.84.10", "09.01.20")  # fmt: skip
_REPEATED = ("04", "05", "09", "10", "11", "12")
"""categories that may occur more than once; of the others a further row is history"""


@dataclass(frozen=True)
class Layout:
    """Where each column stands."""

    width: int
    places: dict[str, int]

    def columns_of(self, category: str) -> range:
        """The places of a category, its `H` left out."""
        places = [place for name, place in self.places.items() if name.startswith(category + ".")]
        return range(min(places), self.places.get(f"{category}.H", max(places) + 1)) if places else range(0)


def layout_of(header: Sequence[str]) -> Layout | None:
    """The layout a header gives, None when it is not that of a GBA-V list file.

    257 columns of which nine in ten bear their name are the known layout, whatever the rest is called; with another
    width the names decide, the first of a double name counting."""
    names = [name.strip() for name in header]
    known = sum(one == other for one, other in zip(names, HEADER, strict=False))
    if len(names) == len(HEADER) and known >= 0.9 * len(HEADER):
        names = list(HEADER)
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name:
            places.setdefault(name, place)
    if any(name not in places for name in NEEDED):
        return None
    return Layout(len(names), places)


@dataclass(frozen=True)
class Row:
    """One line of the file. `row["08.10.30"]` is the text of an element, empty when it has none."""

    number: int
    """line number in the file, the header being 1"""
    values: tuple[str, ...]
    layout: Layout
    raw: str

    def __getitem__(self, element: str) -> str:
        place = self.layout.places.get(element)
        return "" if place is None else self.values[place].strip()

    @property
    def at(self) -> str:
        return f"row {self.number}"

    def holds(self, category: str) -> bool:
        """Whether anything of a category stands in this row."""
        return any(self.values[place].strip() for place in self.layout.columns_of(category))

    def incorrect(self, category: str) -> bool:
        """The registry marks the row as incorrect (84.10 = 'O', or 'S' for a row against public order)."""
        return self[f"{category}.84.10"] in ("O", "S")

    def under_investigation(self, category: str) -> bool:
        """The group is in onderzoek (83.10) and the investigation has no end yet (83.30)."""
        return bool(self[f"{category}.83.10"]) and not self[f"{category}.83.30"]

    def next_is_history(self, category: str) -> bool:
        """Whether the next row holds history of this one, going by `H`."""
        mark = self[f"{category}.H"]
        if not mark and category == "09":
            # some rows have category 09 moved one column to the left, so that H stands in 89.10
            mark = self["09.89.10"]
        if mark == category:
            return False
        if mark == str(int(category) + 50):
            return True
        return category not in _REPEATED


@dataclass(frozen=True)
class PersonList:
    """One person list: the row with column 0 filled and its continuation rows, newest first."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Row:
        return self.rows[0]

    def stacks(self, category: str) -> Iterator[tuple[Row, ...]]:
        """Each occurrence of a category with its history, newest row first."""
        stack: list[Row] = []
        for row in self.rows:
            if not row.holds(category):
                continue
            if stack and not stack[-1].next_is_history(category):
                yield tuple(stack)
                stack = []
            stack.append(row)
        if stack:
            yield tuple(stack)
