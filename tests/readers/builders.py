"""Deliveries in the real formats, with people who do not exist: numbers of the test range that pass the 11-proef."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.sources.bsn import passes_elfproef
from pipelines.sources.gbav_layout import HEADER
from pipelines.sources.reading import Reading

NUMBERS = tuple(number for number in (f"9999{n:05}" for n in range(80000, 81000)) if passes_elfproef(number))
ANNA, BRAM, CEES, DORA = NUMBERS[:4]


def gbav_row(first: str = "", **elements: str) -> list[str]:
    """One row; elements by name, with e in front: `e08_10_30="20200101"`. `first` fills column 0."""
    row = [""] * len(HEADER)
    row[0] = first
    for name, value in elements.items():
        row[HEADER.index(name.removeprefix("e").replace("_", "."))] = value
    return row


def person_row(number: str = ANNA, **elements: str) -> list[str]:
    """The first row of a list."""
    known = {"e01_01_10": "1234567890", "e01_01_20": number, "e01_02_40": "Voorbeeld", "e01_03_10": "19800115"}
    return gbav_row("list", **{**known, "e07_70_10": "0", **elements})


def gbav_text(*rows: list[str]) -> str:
    """A file; the fields used in tests hold no delimiter and no quote."""
    return "\ufeff" + "\r\n".join(";".join(row) for row in (list(HEADER), *rows)) + "\r\n"


def written(folder: Path, name: str, content: Any) -> Path:
    """The content on disk: text as it is, anything else as JSON."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode())
    return path


def of_kind(reading: Reading, kind: type) -> list[Any]:
    """The records of one contract, in order."""
    return [found.record for found in reading.records if isinstance(found.record, kind)]


def flags_of(reading: Reading) -> dict[str, int]:
    """How often each flag stands on the file and its records."""
    counted = dict(reading.flags)
    for found in reading.records:
        for flag in found.record.flags:
            counted[flag] = counted.get(flag, 0) + 1
    return counted
