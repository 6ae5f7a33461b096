"""What would be on the lists if the challenger ranked: beside each list of the newest run, kept with the run.

Both models rank the eligible of the same list; nothing of the challenger is stored per case and no list changes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.selection import RISK
from enforcement.settings import Settings
from enforcement.tables import Draw, Inclusion, Run
from models.overlap import overlap
from models.registry import CHALLENGER, Registry
from models.scoring import order
from pipelines.ranking import seed_of_matrix
from pipelines.steps import Show, Tally, fingerprint, once

STEP = "overlap"


def challenge(settings: Settings, show: Show) -> dict[str, Any]:
    """{run, as_of, champion, challenger, lists: [{municipality, k, same, only_first, only_second}]}, kept as step
    "overlap" of the run; `challenger` is None, and there are no lists, where nobody challenges.

    Raises LookupError when nothing was scored, ValueError when the challenger knows features that the run's matrix
    lacks.
    """
    with reading(engine_of(settings.database)) as session:
        run = session.scalars(select(Run).order_by(Run.as_of.desc(), Run.scored_at.desc())).first()
    if run is None:
        raise LookupError("there is no run to compare; score first with `weegschaal score`")
    registry = Registry(settings.mlruns)
    challenger = registry.alias(CHALLENGER)
    if challenger in (None, run.model_version):
        return {"run": run.id, "as_of": run.as_of.isoformat(), "champion": run.model_version, "challenger": None,
                "lists": []}  # fmt: skip

    def work(tally: Tally) -> dict[str, Any]:
        made = _beside(settings, run, registry, challenger or "")
        tally.rows = len(made)
        names = {"champion": run.model_version, "challenger": challenger}
        return {"run": run.id, "as_of": run.as_of.isoformat(), **names, "lists": made}

    with reading(engine_of(settings.database)) as session:
        draws = sorted(session.scalars(select(Draw.id).where(Draw.run_id == run.id)))
    return once(settings, f"{STEP} {run.id}", fingerprint(run.id, challenger, draws), show, work)


def _beside(settings: Settings, run: Run, registry: Registry, challenger: str) -> list[dict[str, Any]]:
    matrix = settings.home / "features" / run.as_of.isoformat() / "matrix.parquet"
    places = order(registry.load(challenger).model, matrix, seed=seed_of_matrix(run.matrix_sha256), as_of=run.as_of)
    found = []
    with reading(engine_of(settings.database)) as session:
        for draw in session.scalars(select(Draw).where(Draw.run_id == run.id).order_by(Draw.municipality)):
            rows = session.execute(
                select(Inclusion.case_id, Inclusion.place, Inclusion.arms).where(Inclusion.draw_id == draw.id)
            ).all()
            first = {case: place for case, place, _ in rows if place is not None}
            arms = {case: of.split(",") for case, _, of in rows if of}
            k = draw.counts.get(RISK, 0)
            if not k or not first:
                continue  # switched off, not adopted here, or forgotten: there is no risk list to compare
            one = overlap(first, {case: places[case] for case in first}, arms, k)
            found.append({"municipality": draw.municipality, **asdict(one)})
    return found
