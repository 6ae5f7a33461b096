"""Named points at which a publication or a deletion may be killed, for the tests that do so."""

from __future__ import annotations

import os

POINTS = (
    "started",
    "swept",
    "checked",
    "numbered",
    "part_written",
    "part_synced",
    "part_renamed",
    "sealed_written",
    "sealed_renamed",
    "transaction_begun",
    "rows_inserted",
    "committed",
    "between_groups",
)
RETENTION_POINTS = (
    "retain_written",
    "retain_committed",
    "retain_done",
    "erase_written",
    "erase_committed",
    "erase_done",
)
"""the same for deleting what may no longer be kept"""
VARIABLE = "WEEGSCHAAL_KILL_AT"


def reached(point: str) -> None:
    """End the process here, as a kill would, when WEEGSCHAAL_KILL_AT names this point."""
    if os.environ.get(VARIABLE) == point:
        os._exit(137)
