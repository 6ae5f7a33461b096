"""Is the simulated province honestly difficult? The true lift over five declared worlds, with and without signal.

    .venv/bin/python -m benchmarks.true_lift --dates 2026-02-01 2026-05-01 2026-08-01 2026-11-01

Each world goes the whole road: deliveries, lake, features, training on the labels known by then, a ranking of the
eligible, and only then the truth is opened. Dates of one world are not independent: the mean and its standard error are
over worlds, each with the mean of its dates.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

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
from models.dataset import Examples, gather, latest_outcomes
from models.scoring import score
from models.training import train
from pipelines import province
from pipelines.eligibility import InService
from pipelines.eligibility import gather as gather_facts
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.learning import ages_on, cluster_cases, reviewed_cases, sealed_store
from pipelines.province.difficulty import CLIENTS, SEEDS, Dossier, TrueLift, mean_and_error, outcomes_on, true_lift

LAST = dt.date(2026, 11, 1)


@dataclass(frozen=True)
class Province:
    """One simulated world, read into its lake."""

    settings: Settings
    parts: dict[str, list[Path]]
    past: Path
    """matrix of the reviewed cases, each as of its list"""

    def learnt(self, day: dt.date) -> Examples:
        """What could be learned from on the day."""
        outcomes = latest_outcomes(self.parts["outcomes"], day)
        around = cluster_cases(self.settings, self.parts, outcomes, day)
        return gather(self.past, outcomes, until=day, clusters=around).examples

    def now(self, day: dt.date) -> Path:
        """The matrix of all running cases on the day."""
        return _matrix(self.settings, self.parts, cases_on(self.parts, [day], self.settings.home), day.isoformat())

    def eligible(self, cases: np.ndarray, towns: np.ndarray, day: dt.date) -> dict[int, Dossier]:
        """The running cases that may be selected, and what the truth folder calls them."""
        settings, parts = self.settings, self.parts
        table = pa.table(
            {
                "case_id": pa.array(cases),
                "municipality": pa.array(towns.tolist(), pa.string()),
                "as_of": pa.array(np.full(len(cases), np.datetime64(day)), pa.date32()),
            }
        )
        members = case_members(parts, table, settings.home)
        around = circumstances(parts, members, settings.home)
        care = frozenset(sealed_store(settings).in_care([day])["person_id"].to_pylist())
        known = gather_facts(around, members, ages_on(settings, [day]), care, InService())
        free = {case for facts in known.values() for case in sift(facts.facts, STANDARD).eligible}
        vault = Vault(engine_of(settings.database), Keys.read(settings.keys))
        numbers = {vault.find("case", number, town): (town, number) for town, number in self.truth(day)}
        return {case: numbers[case] for case in free if case in numbers}

    def truth(self, day: dt.date) -> dict[Dossier, bool]:
        return outcomes_on(self.settings.truth, day)


def province_of(home: Path, seed: int, *, no_signal: bool, last: dt.date, clients: int) -> Province:
    """A world simulated and read in, with the matrix of what was reviewed before `last`."""
    settings = Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", demo=True)
    province.simulate(settings.deliveries, settings.truth, clients, seed, no_signal=no_signal)
    ingest(settings, [settings.deliveries], seed=seed)
    parts = Lake(settings).parts()
    every = reviewed_cases(latest_outcomes(parts["outcomes"], last), last)
    return Province(settings, parts, _matrix(settings, parts, every, "past"))


def lifts_of_world(
    home: Path, seed: int, *, no_signal: bool, dates: tuple[dt.date, ...] = (LAST,), clients: int = CLIENTS
) -> list[tuple[TrueLift, str]]:
    """True lift of the champion on each date, and which candidate that was."""
    world = province_of(home, seed, no_signal=no_signal, last=max(dates), clients=clients)
    return [_lift_on(world, day, seed) for day in dates]


def _matrix(settings: Settings, parts: dict[str, list[Path]], cases: pa.Table, name: str) -> Path:
    folder = settings.home / name
    folder.mkdir()
    return build(parts, cases, ages_on(settings, sorted(set(cases["as_of"].to_pylist()))), folder).path


def _lift_on(world: Province, day: dt.date, seed: int) -> tuple[TrueLift, str]:
    report = train(world.learnt(day), CATALOGUE, seed, day, refits=2)
    scored = score(report.model, world.now(day), CATALOGUE, report.ensemble, seed=seed, as_of=day)
    margin = dict(zip(scored.case_id.tolist(), scored.margin.tolist(), strict=True))
    free = world.eligible(scored.case_id, scored.municipality, day)
    return true_lift({dossier: margin[case] for case, dossier in free.items()}, world.truth(day)), report.champion


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--dates", nargs="+", type=dt.date.fromisoformat, default=[LAST])
    arguments.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    arguments.add_argument("--clients", type=int, default=CLIENTS)
    chosen = arguments.parse_args()
    for no_signal in (False, True):
        found: list[float] = []
        for seed in chosen.seeds:
            with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
                world = lifts_of_world(
                    Path(place), seed, no_signal=no_signal, dates=tuple(chosen.dates), clients=chosen.clients
                )
            found.append(fmean(one.lift for one, _ in world))
            for day, (one, champion) in zip(chosen.dates, world, strict=True):
                print(
                    f"{'no signal' if no_signal else 'signal':<10} seed {seed} {day} {champion:<10} "
                    f"k {one.k:>4} of {one.eligible:>5}  top {one.top:.3f}  usual {one.usual:.3f}  lift {one.lift:.3f}",
                    flush=True,
                )
        mean, error = mean_and_error(found)
        away = f", {abs(mean - 1) / error:.1f} standard errors from 1" if no_signal else ""
        named = "no signal" if no_signal else "signal"
        print(
            f"{named:<10} mean lift {mean:.3f}, standard error {error:.3f} over {len(found)} worlds{away}", flush=True
        )


if __name__ == "__main__":
    main()
