"""The relations of everyone on a date, made once for a state of the lake: the next who asks reads the same file.

The file stands in a folder named after all that it is made from, so it is never wrong and never changed: parts of the
lake (their names are hashes of their content), the date, who is who, and the declarations. It takes its place whole, so
a kill leaves nothing half. An erasure deletes it, and the retention job when it is a day old.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from enforcement.settings import Settings
from features import known, records, stages
from features.relations import edges as declared
from features.relations import near, nodes, staff
from pipelines.faults import reached
from pipelines.steps import fingerprint


def graph(
    settings: Settings, parts: Mapping[str, Sequence[Path]], as_of: dt.date, same: Mapping[int, int] | None = None
) -> Path:
    """The edges that were known on the date (features/relations/edges.py), from the kept file or made now.

    same: number -> the number it is taken for (pipelines/resolving).
    """
    names = [
        f"{contract}: {path.relative_to(settings.lake)}"
        for contract in sorted({*declared.EDGE_CONTRACTS, "benefits"})
        for path in sorted(parts.get(contract, ()))
    ]
    made_from = fingerprint(names, as_of, sorted((same or {}).items()), _declarations())
    folder = settings.home / "features" / f"edges-{made_from[:24]}"
    kept = folder / "edges.parquet"
    if kept.exists():
        return kept
    aside = folder / f"aside-{secrets.token_hex(8)}"
    aside.mkdir(parents=True)
    try:
        made = declared.edges(parts, as_of, aside, same)
        reached("edges_made")
        os.replace(made, kept)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return kept


def _declarations() -> str:
    """SHA-256 of the code that says what an edge is."""
    files = [Path(str(module.__file__)) for module in (declared, near, nodes, staff, known, records, stages)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
