"""Does the service list find clients who are paid too little better than a lot would? Simulated provinces, and only
after the lists are made the truth is opened.

    .venv/bin/python -m benchmarks.service_list --seeds 1 2 3 --clients 3000

Each world goes the way of `weegschaal service-list`: deliveries, lake, facts, exemptions, the rule. There is no model
and no review list in it. "places": those about payments, at the capacity of one month; "twice" and "all" go further
down the same order.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from enforcement.database import engine_of
from enforcement.exemptions import sift
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.policy import standard_for
from enforcement.selection import eligible_digest, seed_of
from enforcement.service_list import in_order
from enforcement.settings import Settings
from features.circumstances import circumstances
from features.matrix import CASES, case_members
from pipelines import province
from pipelines.eligibility import InService, gather
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.learning import ages_on, build_matrix, sealed_store
from pipelines.province.served import Served, held_against, underpaid_on
from pipelines.ranking import SELECTION_SHARE
from pipelines.serving import pointed_at
from pipelines.steps import unseen

DAY = dt.date(2026, 11, 1)
MONTHS = 12


def served(home: Path, seed: int, clients: int) -> dict[str, Served]:
    """What the lists "places", "twice" and "all" of a world hold."""
    settings = Settings(home, 8080, f"sqlite:///{home / 'weegschaal.db'}", home / "mlruns", demo=True)
    province.simulate(settings.deliveries, settings.truth, clients, seed)
    ingest(settings, [settings.deliveries], seed=seed)
    matrix = build_matrix(settings, DAY, unseen)
    eligible = _eligible(settings, Path(matrix["path"]))
    pointed = [one.missing for town in pointed_at(Path(matrix["path"]), {}, DAY).values() for one in town]
    short = [one for one in pointed if one.short and one.case_id in eligible]
    seed_of_list = seed_of(b"benchmark", "all", DAY, eligible_digest(sorted(eligible)))
    order = [one.case_id for one in in_order(short, len(short), seed_of_list)]
    vault = Vault(engine_of(settings.database), Keys.read(settings.keys))
    truth = {
        vault.find("case", dossier, town): kind for (town, dossier), kind in underpaid_on(settings.truth, DAY).items()
    }
    known = {case: kind for case, kind in truth.items() if case is not None}
    places = round(clients * SELECTION_SHARE / MONTHS * 3 / 4)
    return {
        name: held_against(order[:many], eligible, known)
        for name, many in (("places", places), ("twice", 2 * places), ("all", len(order)))
    }


def _eligible(settings: Settings, matrix: Path) -> set[int]:
    cases = pq.read_table(matrix, columns=CASES.names).cast(CASES)
    parts = Lake(settings).parts()
    members = case_members(parts, cases, settings.home)
    around = circumstances(parts, members, settings.home)
    care = frozenset(sealed_store(settings).in_care([DAY])["person_id"].to_pylist())
    known = gather(around, members, ages_on(settings, [DAY]), care, InService())
    policy = standard_for(1)
    return {case for facts in known.values() for case in sift(facts.facts, policy).eligible}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    arguments.add_argument("--clients", type=int, default=3000)
    chosen = arguments.parse_args()
    print(f"{'seed':>4} {'list':<7} {'cases':>6} {'underpaid':>9} {'share':>6} {'by lot':>7} {'lift':>5}")
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory(prefix="weegschaal-") as place:
            for name, one in served(Path(place), seed, chosen.clients).items():
                print(
                    f"{seed:>4} {name:<7} {one.listed:>6} {one.right:>9} {one.share:>6.3f} {one.by_lot:>7.3f} "
                    f"{one.lift:>5.1f}   of {one.among} among {one.eligible} eligible, {one.shown} show",
                    flush=True,
                )


if __name__ == "__main__":
    main()
