"""How long it may take, in processor time, so that a busy machine does not fail it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from models.contenders import contenders
from models.scoring import score
from models.training import train
from models.uncertainty import bootstrap
from tests.models.builders import UNTIL, examples, features, matrix


@pytest.mark.slow
def test_8000_labelled_rows_of_60_features_train_within_90_seconds_of_one_core() -> None:
    data = examples(rows=8250, count=60)
    began = time.process_time()
    report = train(data, features(60), 1, UNTIL)
    assert report.labelled > 7900
    assert time.process_time() - began < 90


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scorecard", "boosting"])
def test_17000_cases_are_scored_with_reasons_within_30_seconds_of_one_core(tmp_path: Path, name: str) -> None:
    data = examples(rows=4000, count=60)
    rows = data.rows(data.labelled)
    weights = np.ones(len(rows))
    candidate = next(one for one in contenders(features(60), data.names, 1) if one.name == name)
    model, ensemble = candidate.fit(rows, weights), bootstrap(candidate, rows, weights, 1)
    path = matrix(tmp_path, rows=17_000, count=60)
    began = time.process_time()
    scored = score(model, path, features(60), ensemble, seed=1)
    assert len(scored) == 17_000
    assert time.process_time() - began < 30
