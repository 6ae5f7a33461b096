"""Own tables against an oracle: is the best candidate that may be promoted within one standard deviation of a LightGBM
that was tuned on the same training rows with its own handling of categories and gaps?

.venv/bin/python -m benchmarks.compare [--table inspections] [--rows 19000]
.venv/bin/python -m benchmarks.compare --file FILE --label COLUMN --time COLUMN [--exclude COLUMN ...]
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import optuna
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import average_precision_score

from models.compare import FOLDS, OwnTable, compare, understand
from models.dataset import Examples, rolling_origin
from models.own_table import read

Cells = dict[str, list[Any]]


def inspections(rows: int) -> Cells:
    """Food inspections as a city publishes them: places that come back, many-valued categories, dates, counts, gaps."""
    draw = np.random.default_rng(4)
    places = rows // 4
    kinds = np.array([f"Facility {i}" for i in range(90)])
    kind = draw.choice(90, places, p=draw.dirichlet(np.full(90, 0.15)))
    effect, zone = draw.normal(0, 0.5, 90), draw.integers(0, 60, places)
    streets, areas = draw.normal(0, 0.25, 60), draw.normal(0, 0.6, places)
    opened = draw.integers(-6000, 300, places)
    place = draw.integers(0, places, rows)
    day = np.sort(draw.integers(0, 1100, rows))
    last = np.full(places, -1)
    past, since, first = np.zeros(rows), np.full(rows, np.nan), np.zeros(rows)
    heat = 55 + 30 * np.sin((day - 100) / 365.25 * 2 * np.pi) + draw.normal(0, 8, rows)
    serious, label = np.zeros(rows), np.zeros(rows)
    weight = np.zeros(places)
    for i in range(rows):
        p = place[i]
        past[i], first[i] = weight[p], last[p] < 0
        since[i] = (day[i] - last[p]) / 365 if last[p] >= 0 else np.nan
        age = (day[i] - opened[p]) / 365
        margin = -2.4 + effect[kind[p]] + streets[zone[p]] + areas[p] + 0.9 * past[i] + 0.012 * (heat[i] - 55)
        margin += 0.25 * np.log1p(max(age, 0)) + 0.5 * (since[i] > 1 if last[p] >= 0 else 0.4)
        label[i] = draw.random() < 1 / (1 + np.exp(-margin))
        serious[i] = draw.poisson(0.4 + label[i])
        weight[p] = 0.5 * weight[p] + label[i]
        last[p] = day[i]
    start = dt.date(2011, 9, 1)

    def gapped(values: list[Any], share: float) -> list[Any]:
        return [None if gone else value for value, gone in zip(values, draw.random(rows) < share, strict=True)]

    return {
        "Inspection_ID": [str(500_000 + 7 * i) for i in range(rows)],
        "License": [str(1_000_000 + 37 * p) for p in place],
        "DBA Name": [f"Place {p % (places // 2)}" for p in place],
        "Facility_Type": gapped([str(kinds[kind[p]]) for p in place], 0.02),
        "Zip": [str(60601 + zone[p]) for p in place],
        "Risk": [f"Risk {1 + kind[p] % 3}" for p in place],
        "City": ["CHICAGO"] * rows,
        "Inspection_Date": [(start + dt.timedelta(days=int(d))).strftime("%m/%d/%Y") for d in day],
        "License_Start": gapped([(start + dt.timedelta(days=int(opened[p]))).isoformat() for p in place], 0.05),
        "timeSinceLast": [None if np.isnan(s) else f"{s:.4f}" for s in since],
        "pastCritical": [f"{v:.2f}" for v in past],
        "firstRecord": [str(int(v)) for v in first],
        "temperatureMax": gapped([f"{h:.1f}" for h in heat], 0.01),
        "burglary": [f"{abs(streets[zone[p]] + v):.3f}" for p, v in zip(place, draw.normal(0, 0.3, rows), strict=True)],
        **{f"noise_{i}": [f"{v:.3f}" for v in draw.normal(size=rows)] for i in range(25)},
        "seriousCount": [str(int(v)) for v in serious],
        "criticalFound": ["Yes" if v else "No" for v in label],
    }


def cells(rows: int) -> Cells:
    """Breast cancer (scikit-learn's copy) in the order of its rows: small, numbers only."""
    data = load_breast_cancer()
    found: Cells = {str(name): data.data[:rows, i].tolist() for i, name in enumerate(data.feature_names)}
    return found | {"order": list(range(len(data.target[:rows]))), "malignant": (1 - data.target[:rows]).tolist()}


TABLES: dict[str, tuple[Callable[[int], Cells], str, str, tuple[str, ...]]] = {
    "inspections": (inspections, "criticalFound", "Inspection_Date", ("seriousCount",)),
    "cells": (cells, "malignant", "order", ()),
}


def oracle(own: OwnTable, trials: int = 30) -> list[float]:
    """Average precision per fold of a LightGBM tuned on the latest quarter of the training rows, as by hand."""
    n = len(own.label)
    raw, categorical = [], []
    for at, one in enumerate(own.columns):
        if np.isfinite(one.numbers[one.filled]).mean() > 0.95:
            raw.append(one.numbers)
        elif np.isfinite(one.days[one.filled]).mean() > 0.95:
            raw.append(one.days)
        else:
            _, code = np.unique(one.words.astype(str), return_inverse=True)
            raw.append(np.where(one.filled, code, np.nan))
            categorical.append(at)
    X = np.column_stack(raw)  # noqa: N806
    empty = np.zeros((n, 0))
    known = own.order.astype("datetime64[s]")
    some = np.array(["random"] * n)
    bare = Examples(empty, (), np.arange(n), own.order, some, own.label, known, some, np.ones(n), np.arange(n))
    out = []
    for split in rolling_origin(bare, folds=FOLDS, gap_days=0):
        cut = int(0.75 * len(split.train))
        early, late = split.train[:cut], split.train[cut:]

        def fitted(rows: Any, settings: dict[str, Any], trees: int) -> Any:
            fixed = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 1, **settings}
            data = lightgbm.Dataset(X[rows], own.label[rows], categorical_feature=categorical, params=fixed)
            return lightgbm.train(fixed, data, trees)

        def worth(trial: Any, early: Any = early, late: Any = late, fitted: Any = fitted) -> float:
            settings = {
                "num_leaves": trial.suggest_int("num_leaves", 4, 63),
                "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.15, log=True),
                "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 200),
                "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
                "lambda_l2": trial.suggest_float("lambda_l2", 0.01, 30, log=True),
            }
            model = fitted(early, settings, trial.suggest_int("trees", 50, 500))
            return float(average_precision_score(own.label[late], model.predict(X[late])))

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
        study.optimize(worth, n_trials=trials)
        best = dict(study.best_params)
        model = fitted(split.train, {k: v for k, v in best.items() if k != "trees"}, best["trees"])
        out.append(float(average_precision_score(own.label[split.test], model.predict(X[split.test]))))
    return out


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--table", choices=list(TABLES), action="append")
    arguments.add_argument("--rows", type=int, default=19_000)
    arguments.add_argument("--file", type=Path, help="a real table instead of the made ones")
    arguments.add_argument("--label", default="")
    arguments.add_argument("--time", default="")
    arguments.add_argument("--exclude", action="append", default=[])
    chosen = arguments.parse_args()
    if chosen.file:
        tables = {chosen.file.name: understand(read(chosen.file), chosen.label, chosen.time, chosen.exclude)}
    else:
        made = {name: TABLES[name] for name in chosen.table or TABLES}
        tables = {
            name: understand(of(chosen.rows), label, when, exclude) for name, (of, label, when, exclude) in made.items()
        }
    for name, own in tables.items():
        began, used = time.monotonic(), time.process_time()
        found = compare(own)
        print(f"{name}: {found['rows']} rows, {found['positives']} positive, {len(own.columns)} columns; ", end="")
        print(f"{time.monotonic() - began:.0f} s, {time.process_time() - used:.0f} s of processor")
        for one in found["candidates"]:
            ap, top = one["average_precision"], one["precision_at_k"]
            print(
                f"  {one['name']:<10} {ap['mean']:.3f} (sd {ap['sd']:.3f})  top {top['mean']:.3f} (sd {top['sd']:.3f})"
            )
        tuned = oracle(own)
        mean, sd = float(np.mean(tuned)), float(np.std(tuned, ddof=1))
        best = max(one["average_precision"]["mean"] for one in found["candidates"] if one["promotable"])
        verdict = "within" if best >= mean - sd else "NOT within"
        print(f"  oracle     {mean:.3f} (sd {sd:.3f}); the best that may be promoted, {best:.3f}, is {verdict} one sd")
        print(f"  proposed {found['proposed']}: {found['why']}", flush=True)


if __name__ == "__main__":
    main()
