"""What explaining costs: a province and the country with reasons, beside an unconstrained model, in one run.

.venv/bin/python -m benchmarks.explanation [--country]
"""

from __future__ import annotations

import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np

from features.catalogue import CATALOGUE
from models.boosting import Boosted, BoostingCandidate
from models.candidate import Candidate
from models.contenders import contenders
from models.dataset import Examples
from models.explanation import explain
from tests.models.builders import UNTIL
from tests.models.catalogue_world import NAMES, cells, reviews

PROVINCE, COUNTRY, REVIEWS = 24_000, 400_000, 8_000


def unconstrained(examples: Examples) -> Boosted:
    """LightGBM as it comes, 31 leaves, as many trees as ours, on all columns."""
    settings = {
        "objective": "binary", "num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1, "seed": 1,
    }  # fmt: skip
    data = lightgbm.Dataset(examples.X, examples.label, params=settings)
    text = lightgbm.train(settings, data, BoostingCandidate((), 1).trees).model_to_string()
    return Boosted(NAMES, tuple(range(len(NAMES))), text)


def spent(work: Callable[[], Any]) -> tuple[float, float]:
    """Processor seconds and wall seconds."""
    processor, wall = time.process_time(), time.monotonic()
    work()
    return time.process_time() - processor, time.monotonic() - wall


def with_reasons(model: Any, values: np.ndarray) -> None:
    found = explain(model, values, CATALOGUE, as_of=UNTIL)
    for reasons, facts in zip(found.reasons, found.facts, strict=True):
        if not isinstance(reasons, list) or not facts:
            raise AssertionError("a case without facts")


def gap_to_shap(model: Boosted, values: np.ndarray) -> float:
    """Largest difference between our contributions and shap's own exact tree explainer."""
    import shap

    few = values[:, list(model.chosen)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = np.asarray(shap.TreeExplainer(model._booster).shap_values(few))
    ours = model.contributions(values)[:, list(model.chosen)]
    return float(np.abs(ours - (theirs[1] if theirs.ndim == 3 else theirs)).max())


def main() -> None:
    examples = reviews(REVIEWS)
    ones = np.ones(len(examples))
    province = cells(PROVINCE, 3)
    print(f"{PROVINCE} cases, {len(NAMES)} features, one thread")
    print(f"{'':<28}{'contributions':>16}{'with reasons':>16}   processor seconds")
    ceiling = unconstrained(examples)
    ceiling_parts, _ = spent(lambda: ceiling.contributions(province[:2_000]))
    ceiling_parts *= PROVINCE / 2_000
    print(f"{'unconstrained, 31 leaves':<28}{ceiling_parts:>16.1f}{'':>16}   (from 2,000 cases)")
    boosted: Boosted | None = None
    ready: list[tuple[Candidate, Any]] = [
        (one, one.fit(examples, ones)) for one in contenders(CATALOGUE, NAMES, 1) if one.promotable
    ]
    for candidate, model in ready:
        parts, _ = spent(lambda model=model: model.contributions(province))  # type: ignore[misc]
        whole, _ = spent(lambda model=model: with_reasons(model, province))  # type: ignore[misc]
        times = f"{ceiling_parts / max(parts, 1e-9):,.0f} times faster than unconstrained"
        print(f"{candidate.name:<28}{parts:>16.2f}{whole:>16.1f}   {times}")
        if isinstance(model, Boosted):
            boosted = model
    if boosted is not None:
        print(f"largest difference from shap over 500 cases: {gap_to_shap(boosted, province[:500]):.1e}")
    if "--country" in sys.argv:
        country = cells(COUNTRY, 4)
        for candidate, model in ready:
            processor, wall = spent(lambda model=model: with_reasons(model, country))  # type: ignore[misc]
            print(f"{COUNTRY} cases with reasons, {candidate.name}: {processor:.0f} s processor, {wall:.0f} s")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(f"peak memory {peak:.1f} GiB")


if __name__ == "__main__":
    main()
