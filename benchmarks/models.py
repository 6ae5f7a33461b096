"""Processor seconds of training and of scoring with reasons, on made-up matrices of the province's size.

.venv/bin/python -m benchmarks.models
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from models.contenders import contenders
from models.scoring import score
from models.training import train
from models.uncertainty import bootstrap
from tests.models.builders import UNTIL, examples, features, matrix

FEATURES, LABELLED, CASES = 60, 8_250, 17_000


def main() -> None:
    data = examples(rows=LABELLED, count=FEATURES)
    began = time.process_time()
    report = train(data, features(FEATURES), 1, UNTIL)
    print(
        f"train {report.labelled} rows x {FEATURES} features: {time.process_time() - began:.1f} s ({report.champion})"
    )
    few = examples(rows=4_000, count=FEATURES)
    rows = few.rows(few.labelled)
    weights = np.ones(len(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = matrix(Path(folder), rows=CASES, count=FEATURES)
        for candidate in contenders(features(FEATURES), few.names, 1):
            if candidate.promotable:
                model, ensemble = candidate.fit(rows, weights), bootstrap(candidate, rows, weights, 1)
                began = time.process_time()
                score(model, path, features(FEATURES), ensemble, seed=1)
                print(f"score {CASES} cases with reasons, {candidate.name}: {time.process_time() - began:.1f} s")


if __name__ == "__main__":
    main()
