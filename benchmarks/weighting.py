"""Does training with 1 / pi as weights gain anything? True lift with and without, paired, in five declared worlds.

    .venv/bin/python -m benchmarks.weighting --dates 2026-05-01 2026-11-01

Both are trained on the same rows with the same settings and rank the same eligible cases; the truth folder says what a
review of each would have found. Per world the mean of its dates counts once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import numpy as np
import pyarrow.parquet as pq

from benchmarks.true_lift import LAST, Province, province_of
from features.catalogue import CATALOGUE
from models.contenders import contenders
from models.weighting import Weighted
from pipelines.province.difficulty import CLIENTS, SEEDS, mean_and_error, true_lift


def lifts(world: Province, day: dt.date, seed: int) -> dict[str, tuple[float, float]]:
    """Candidate -> true lift without and with weights."""
    known = world.learnt(day)
    rows = known.rows(known.labelled)
    table = pq.read_table(world.now(day))
    cells = np.column_stack([table.column(name).to_numpy() for name in known.names]).astype(np.float64)
    cases = table.column("case_id").to_numpy()
    free, truth = world.eligible(cases, np.array(table.column("municipality").to_pylist()), day), world.truth(day)
    found = {}
    for one in contenders(CATALOGUE, known.names, seed, trials=0):
        if not one.promotable:
            continue
        pair = []
        for candidate in (one, Weighted(one)):
            margin = candidate.fit(rows, np.ones(len(rows))).margin(cells)
            by_case = dict(zip(cases.tolist(), margin.tolist(), strict=True))
            pair.append(true_lift({number: by_case[case] for case, number in free.items()}, truth).lift)
        found[one.name] = (pair[0], pair[1])
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--dates", nargs="+", type=dt.date.fromisoformat, default=[LAST])
    arguments.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    arguments.add_argument("--clients", type=int, default=CLIENTS)
    chosen = arguments.parse_args()
    worlds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in chosen.seeds:
        of_dates: dict[str, list[tuple[float, float]]] = defaultdict(list)
        with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
            world = province_of(Path(place), seed, no_signal=False, last=max(chosen.dates), clients=chosen.clients)
            for day in chosen.dates:
                for name, (plain, weighted) in lifts(world, day, seed).items():
                    of_dates[name].append((plain, weighted))
                    print(f"seed {seed} {day} {name:<10} without {plain:.3f}  with {weighted:.3f}", flush=True)
        for name, pairs in of_dates.items():
            worlds[name].append((fmean(a for a, _ in pairs), fmean(b for _, b in pairs)))
    for name, pairs in worlds.items():
        gain, error = mean_and_error([weighted - plain for plain, weighted in pairs])
        print(
            f"{name:<10} lift without {fmean(a for a, _ in pairs):.3f}, with {fmean(b for _, b in pairs):.3f}; "
            f"gain {gain:+.3f}, standard error {error:.3f} over {len(pairs)} worlds"
        )


if __name__ == "__main__":
    main()
