"""Our own CSV formats: the first line names the kind and its version, the second the columns; ';' between, UTF-8.

    # weegschaal signals version=1 municipality=0917
    bsn;product;start;...

Columns may stand in any order; an unknown one, a missing needed one or another version is refused by name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.sources.intake import Intake, UnreadableError
from pipelines.sources.reading import RefusedError

_FIRST_LINE = re.compile(r"#\s*weegschaal\s+([a-z_]+)\s+version=(\d+)(?:\s+municipality=(\d{4}))?\s*", re.ASCII)


@dataclass(frozen=True)
class OwnFormat:
    """One of our formats in one version."""

    kind: str
    version: int
    needed: tuple[str, ...]
    optional: tuple[str, ...]

    def recognises(self, head: bytes) -> bool:
        """Any version: another one than ours is refused with a clear word when it is read."""
        line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").strip().strip(";,")
        return bool((match := _FIRST_LINE.fullmatch(line)) and match[1] == self.kind)

    def rows(self, path: Path, contract: str, intake: Intake) -> tuple[str | None, Iterator[OwnRow]]:
        """The municipality of the first line, if any, and the rows; rows of another width go to quarantine.

        Raises RefusedError when the first two lines are not those of this format."""
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise RefusedError(f"{path.name}: is not UTF-8; write the file as UTF-8") from None
        lines = text.split("\n")
        match = _FIRST_LINE.fullmatch(lines[0].strip().strip(";,"))
        if match is None or match[1] != self.kind:
            raise RefusedError(f"{path.name}: the first line must be '# weegschaal {self.kind} version={self.version}'")
        if int(match[2]) != self.version:
            raise RefusedError(f"{path.name}: version {match[2]} of {self.kind}; this reader knows {self.version}")
        names = [name.strip() for name in lines[1].split(";")] if len(lines) > 1 else []
        self._check(path.name, names)
        return match[3], self._rows(lines, names, contract, intake)

    def _check(self, file: str, names: list[str]) -> None:
        absent = [name for name in self.needed if name not in names]
        unknown = [name for name in names if name not in self.needed + self.optional]
        if len(set(names)) < len(names):
            raise RefusedError(f"{file}: a column stands twice in the second line")
        if absent:
            raise RefusedError(f"{file}: the second line lacks the columns {', '.join(absent)}")
        if unknown:
            raise RefusedError(f"{file}: unknown columns {', '.join(unknown)}; see the format of {self.kind}")

    def _rows(self, lines: list[str], names: list[str], contract: str, intake: Intake) -> Iterator[OwnRow]:
        # no field holds a line break, so a line is taken by itself: an open quote costs one row, not the rest
        for number, line in enumerate(lines[2:], start=3):
            line = line.rstrip("\r")
            if not line.strip():
                continue
            try:
                values = next(csv.reader([line], delimiter=";", strict=True))
            except csv.Error:
                values = []
            if len(values) != len(names):
                intake.withhold(f"row {number}", "row", f"does not have {len(names)} columns", contract, line)
                continue
            yield OwnRow(number, dict(zip(names, values, strict=True)), line)


@dataclass(frozen=True)
class OwnRow:
    """One row by column name; `row["x"]` is empty when the column is not there."""

    number: int
    values: dict[str, str]
    raw: str

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()

    @property
    def at(self) -> str:
        return f"row {self.number}"

    def yes(self, name: str) -> bool | None:
        """yes, no or empty. Raises UnreadableError."""
        word = self[name].lower()
        if word not in ("", "yes", "no", "true", "false"):
            raise UnreadableError(name, "is neither yes nor no")
        return None if not word else word in ("yes", "true")
