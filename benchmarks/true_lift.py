"""Is the simulated province honestly difficult? The true lift over five declared worlds, with and without signal.

    .venv/bin/python -m benchmarks.true_lift --dates 2026-05-01 2026-08-01 2026-11-01

Each world goes the whole road: deliveries, lake, features, training on the labels known by then, a ranking of the
eligible, and only then the truth is opened.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from enforcement.database import engine_of
from enforcement.exemptions import sift
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.policy import STANDARD
from enforcement.settings import Settings
from features.catalogue import CATALOGUE
from features.circumstances import circumstances
from features.matrix import build, case_members, cases_on
from models.dataset import gather, latest_outcomes
from models.scoring import score
from models.training import train
from pipelines import province
from pipelines.eligibility import gather as gather_facts
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.learning import ages_on, cluster_cases, reviewed_cases, sealed_store
from pipelines.province.difficulty import CLIENTS, SEEDS, TrueLift, mean_and_error, outcomes_on, true_lift

LAST = dt.date(2026, 11, 1)


def lifts_of_world(
    home: Path, seed: int, *, no_signal: bool, dates: tuple[dt.date, ...] = (LAST,), clients: int = CLIENTS
) -> list[tuple[TrueLift, str]]:
    """True lift of the champion on each date, and which candidate that was."""
    settings = Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", demo=True)
    province.simulate(settings.deliveries, settings.truth, clients, seed, no_signal=no_signal)
    ingest(settings, [settings.deliveries], seed=seed)
    parts = Lake(settings).parts()
    every = reviewed_cases(latest_outcomes(parts["outcomes"], max(dates)), max(dates))
    past = _matrix(settings, parts, every, "past")
    return [_lift_on(settings, parts, past, day, seed) for day in dates]


def _matrix(settings: Settings, parts: dict[str, list[Path]], cases: pa.Table, name: str) -> Path:
    folder = settings.home / name
    folder.mkdir()
    return build(parts, cases, ages_on(settings, sorted(set(cases["as_of"].to_pylist()))), folder).path


def _lift_on(
    settings: Settings, parts: dict[str, list[Path]], past: Path, day: dt.date, seed: int
) -> tuple[TrueLift, str]:
    outcomes = latest_outcomes(parts["outcomes"], day)
    examples = gather(past, outcomes, until=day, clusters=cluster_cases(settings, parts, outcomes, day)).examples
    report = train(examples, CATALOGUE, seed, day, refits=2)
    now = _matrix(settings, parts, cases_on(parts, [day], settings.home), day.isoformat())
    scored = score(report.model, now, CATALOGUE, report.ensemble, seed=seed, as_of=day)
    margin = dict(zip(scored.case_id.tolist(), scored.margin.tolist(), strict=True))
    table = pa.table(
        {
            "case_id": pa.array(scored.case_id),
            "municipality": pa.array(scored.municipality.tolist(), pa.string()),
            "as_of": pa.array(np.full(len(scored), np.datetime64(day)), pa.date32()),
        }
    )
    members = case_members(parts, table, settings.home)
    around = circumstances(parts, members, settings.home)
    care = frozenset(sealed_store(settings).in_care(day)["person_id"].to_pylist())
    known = gather_facts(around, members, ages_on(settings, [day]), care, frozenset())
    eligible = {case for facts in known.values() for case in sift(facts.facts, STANDARD).eligible}
    truth = outcomes_on(settings.truth, day)
    vault = Vault(engine_of(settings.database), Keys.read(settings.keys))
    numbers = {vault.find("case", dossier, town): (town, dossier) for town, dossier in truth}
    margins = {numbers[case]: margin[case] for case in eligible if case in numbers}
    return true_lift(margins, truth), report.champion


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--dates", nargs="+", type=dt.date.fromisoformat, default=[LAST])
    arguments.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    arguments.add_argument("--clients", type=int, default=CLIENTS)
    chosen = arguments.parse_args()
    for no_signal in (False, True):
        found = []
        for seed in chosen.seeds:
            with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
                world = lifts_of_world(
                    Path(place), seed, no_signal=no_signal, dates=tuple(chosen.dates), clients=chosen.clients
                )
            for day, (one, champion) in zip(chosen.dates, world, strict=True):
                found.append(one.lift)
                print(
                    f"{'no signal' if no_signal else 'signal':<10} seed {seed} {day} {champion:<10} "
                    f"k {one.k:>4} of {one.eligible:>5}  top {one.top:.3f}  usual {one.usual:.3f}  lift {one.lift:.3f}",
                    flush=True,
                )
        mean, error = mean_and_error(found)
        print(f"{'no signal' if no_signal else 'signal':<10} mean lift {mean:.3f}, standard error {error:.3f}")


if __name__ == "__main__":
    main()
