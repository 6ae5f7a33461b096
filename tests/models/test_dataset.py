"""Labels, time and households: what may be learned from, and when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.dataset import gather, latest_outcomes, rolling_origin
from models.outcomes import SERVICE_LIST, LabelCoding
from tests.models.builders import examples

DAY = dt.date(2025, 3, 1)


@pytest.mark.parametrize(
    ("cause", "effect", "approved", "overturned", "label"),
    [
        ("breach_of_duty", "down", DAY, None, 1.0),
        ("registry_wrong", "none", DAY, None, 1.0),
        ("nothing_irregular", "none", DAY, False, 0.0),
        ("municipal_error", "up", DAY, None, 0.0),
        ("inconclusive", "none", DAY, None, None),
        ("breach_of_duty", "unknown", DAY, None, None),
        ("breach_of_duty", "down", None, None, None),
        (None, None, DAY, None, None),
        ("breach_of_duty", "down", DAY, True, 0.0),
    ],
)
def test_missing_is_never_zero(
    cause: str | None, effect: str | None, approved: dt.date | None, overturned: bool | None, label: float | None
) -> None:
    found = LabelCoding().label(cause=cause, effect=effect, approved=approved, overturned=overturned)
    assert np.isnan(found) if label is None else found == label


def test_upwards_is_the_label_of_the_service_list() -> None:
    assert SERVICE_LIST.label(cause="municipal_error", effect="up", approved=DAY, overturned=None) == 1.0
    assert SERVICE_LIST.label(cause="registry_wrong", effect="down", approved=DAY, overturned=None) == 0.0


def outcome(case: int, known: str, *, selected: dt.date = DAY, **columns: object) -> dict[str, object]:
    known_at = dt.datetime.fromisoformat(known)
    return {
        "case_id": case,
        "municipality": "0917",
        "selected": selected,
        "arm": "random",
        "probability": 0.02,
        "approved": known_at.date(),
        "cause": "breach_of_duty",
        "effect": "down",
        "overturned": None,
        "known_at": known_at,
        "withdrawn": False,
        "delivery": "d",
        **columns,
    }


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    schema = pa.schema(
        [
            ("case_id", pa.int64()),
            ("municipality", pa.string()),
            ("selected", pa.date32()),
            ("arm", pa.string()),
            ("probability", pa.float64()),
            ("approved", pa.date32()),
            ("cause", pa.string()),
            ("effect", pa.string()),
            ("overturned", pa.bool_()),
            ("known_at", pa.timestamp("us")),
            ("withdrawn", pa.bool_()),
            ("delivery", pa.string()),
        ]
    )
    path = folder / "outcomes.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def write_matrix(folder: Path, rows: list[tuple[int, dt.date, float]]) -> Path:
    path = folder / "matrix.parquet"
    table = {
        "case_id": pa.array([row[0] for row in rows], pa.int64()),
        "as_of": pa.array([row[1] for row in rows], pa.date32()),
        "municipality": ["0917"] * len(rows),
        "months_on_benefit": pa.array([row[2] for row in rows], pa.float64()),
    }
    pq.write_table(pa.table(table), path)
    return path


def test_a_label_counts_only_in_the_version_known_before_the_cutoff(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        [
            outcome(1, "2025-05-01"),
            outcome(1, "2025-09-01", overturned=True),
            outcome(2, "2025-05-01"),
            outcome(2, "2025-06-01", withdrawn=True),
            outcome(3, "2025-09-01"),
        ],
    )
    before = latest_outcomes([path], dt.date(2025, 6, 1)).to_pylist()
    assert [(row["case_id"], row["overturned"]) for row in before] == [(1, None), (2, None)]
    after = latest_outcomes([path], dt.date(2025, 9, 2)).to_pylist()
    assert [(row["case_id"], row["overturned"]) for row in after] == [(1, True), (3, None)]


def test_an_outcome_meets_the_features_of_the_last_date_on_or_before_its_list(tmp_path: Path) -> None:
    selected = dt.date(2025, 3, 10)
    path = write(
        tmp_path,
        [
            outcome(1, "2025-05-01", selected=selected),
            outcome(2, "2025-05-01", selected=selected, cause="inconclusive", effect="none"),
            outcome(3, "2025-05-01", selected=selected),
            outcome(4, "2025-05-01", selected=selected),
        ],
    )
    matrix = write_matrix(
        tmp_path,
        [
            (1, dt.date(2025, 2, 1), 11.0),
            (1, dt.date(2025, 3, 1), 12.0),
            (1, dt.date(2025, 4, 1), 13.0),
            (2, dt.date(2025, 3, 1), 20.0),
            (3, dt.date(2025, 1, 1), 30.0),
        ],
    )
    found = gather(matrix, latest_outcomes([path], dt.date(2025, 6, 1)), until=dt.date(2025, 6, 1), clusters={1: 7})
    assert found.examples.X.tolist() == [[12.0], [20.0]]
    assert found.examples.cluster.tolist() == [7, 2]
    assert found.examples.label[0] == 1
    assert np.isnan(found.examples.label[1])
    assert (found.without_features, found.without_label) == (2, 1)


def test_training_rows_are_known_before_their_window_and_share_no_cluster_with_it() -> None:
    data = examples()
    splits = rolling_origin(data, gap_days=60)
    assert len(splits) == 4
    for split in splits:
        start = np.datetime64(split.start)
        assert (data.label_known_at[split.train] < start).all()
        assert (data.as_of[split.train] < start - np.timedelta64(60, "D")).all()
        assert (data.as_of[split.test] >= start).all()
        assert data.labelled[split.train].all()
        assert not set(data.cluster[split.train]) & set(data.cluster[split.test])
    assert sum(split.share_lost for split in splits) > 0
    tests = np.concatenate([split.test for split in splits])
    assert len(np.unique(tests)) == len(tests)


def test_the_share_lost_is_the_share_of_early_rows_in_the_test_clusters() -> None:
    data = examples(rows=2000)
    apart = dataclasses.replace(data, cluster=np.arange(len(data)))
    assert all(split.share_lost == 0 for split in rolling_origin(apart))
    together = dataclasses.replace(data, cluster=np.arange(len(data)) % 2 + np.arange(len(data)) * (data.case_id % 5))
    assert all(0.05 < split.share_lost < 0.5 for split in rolling_origin(together))


def test_too_little_history_is_refused_in_words() -> None:
    data = examples(rows=60)
    with pytest.raises(ValueError, match="add history"):
        rolling_origin(data)


def test_features_that_are_not_finite_stop_the_run() -> None:
    data = examples(rows=100)
    broken = data.X.copy()
    broken[3, 5] = np.nan
    with pytest.raises(ValueError, match="feature_05"):
        dataclasses.replace(data, X=broken)
