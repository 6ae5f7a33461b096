"""R7: what the stop rule counts, from outcomes as they are in the lake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from models.outcomes import REVIEW
from models.stopping import Quarterly
from pipelines.stopping import quarterly
from tests.models.test_dataset import outcome, write

DAY = dt.date(2025, 3, 1)


def test_r07_a_case_counts_in_each_of_its_arms_and_a_random_case_with_a_signal_in_neither(tmp_path: Path) -> None:
    rows = [
        outcome(1, "2025-05-01"),
        outcome(2, "2025-05-01", cause="nothing_irregular", effect="none"),
        outcome(3, "2025-05-01", arm="random,signal"),
        outcome(4, "2025-05-01", arm="random,risk"),
        outcome(5, "2025-05-01", arm="risk", cause="inconclusive", effect="none"),
        outcome(6, "2025-05-01", arm="tip"),
        outcome(7, "2025-08-01", arm="risk", selected=dt.date(2025, 6, 30)),
        outcome(8, "2026-01-01", arm="risk"),
    ]
    found = quarterly([write(tmp_path, rows)], dt.date(2025, 12, 1), REVIEW)
    assert found == [
        Quarterly(dt.date(2025, 1, 1), "0917", "random", 3, 2),
        Quarterly(dt.date(2025, 1, 1), "0917", "risk", 1, 1),
        Quarterly(dt.date(2025, 4, 1), "0917", "risk", 1, 1),
    ]
    assert quarterly([], DAY, REVIEW) == []
