"""10,000 bootstrap draws over 6,000 rows and 4 groups: our audit with its twelve metrics, and fairlearn's bootstrap.

.venv/bin/python -m benchmarks.fairness
"""

from __future__ import annotations

import time

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)

from models.fairness import audit
from models.fairness_rows import Rows

ROWS, GROUPS, DRAWS, THEIRS = 6_000, ("a", "b", "c", "d"), 10_000, 20


def main() -> None:
    draw = np.random.default_rng(1)
    group = draw.choice(GROUPS, ROWS, p=(0.4, 0.3, 0.2, 0.1))
    selected = (draw.random(ROWS) < 0.2).astype(int)
    outcome = (draw.random(ROWS) < 0.15 + 0.2 * selected).astype(int)
    rows = Rows({"group": group.tolist()}, selected, outcome)

    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        ours = audit(rows, draws=DRAWS)
        seconds.append(time.perf_counter() - began)
    print(f"weegschaal  12 metrics  {DRAWS:>6,} draws  {min(seconds):8.2f} s (best of 3, worst {max(seconds):.2f})")

    metrics = {
        "pprev": selection_rate,
        "tpr": true_positive_rate,
        "fpr": false_positive_rate,
        "tnr": true_negative_rate,
        "fnr": false_negative_rate,
    }
    began = time.perf_counter()
    theirs = MetricFrame(
        metrics=metrics,
        y_true=outcome,
        y_pred=selected,
        sensitive_features=group,
        n_boot=THEIRS,
        ci_quantiles=[0.025, 0.975],
        random_state=1,
    )
    spent = time.perf_counter() - began
    print(f"fairlearn    5 metrics  {THEIRS:>6,} draws  {spent:8.2f} s")
    print(f"fairlearn    5 metrics  {DRAWS:>6,} draws  {spent * DRAWS / THEIRS:8.0f} s (extrapolated)")

    widest = max(abs(ours.by_group[name][(one,)] - theirs.by_group[name][one]) for name in metrics for one in GROUPS)
    print(f"largest difference between the values: {widest:.1e}")
    for name in ("fpr", "tpr"):
        low, high = ours.intervals[name][("d",)]
        their_low, their_high = (float(end[name]["d"]) for end in theirs.by_group_ci)
        print(f"{name} of group d: ours {low:.3f} to {high:.3f}, fairlearn's {their_low:.3f} to {their_high:.3f}")


if __name__ == "__main__":
    main()
