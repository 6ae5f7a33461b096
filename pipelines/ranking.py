"""From a champion to worklists: score every case and freeze the reasons, then compose each municipality's list."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert
from sqlalchemy import select as sql_select

from enforcement.adoption import adopted
from enforcement.database import engine_of, reading, take_stock, writing
from enforcement.draws import commit_secret, record, standing, yearly_secret
from enforcement.errors import RefusedError
from enforcement.exemptions import sift
from enforcement.policy import Policy, adopt, in_force, standard_for
from enforcement.promotion import refuse_unless_usable, usable
from enforcement.selection import compose
from enforcement.settings import Settings
from enforcement.switch import is_off, without_risk
from enforcement.tables import Case, Draw, Network, Run, Score
from enforcement.tenants import within
from enforcement.tips import place, waiting_tips
from enforcement.users import seed_demo_users
from features.catalogue import CATALOGUE
from features.circumstances import circumstances
from features.matrix import case_members, sources_needed
from features.relations.clusters import clusters
from features.relations.ego import egos
from features.timeline import timelines
from models.dataset import latest_outcomes
from models.outcomes import LabelCoding
from models.registry import Registry
from models.scoring import score as score_cases
from pipelines.eligibility import candidates, gather, in_service
from pipelines.freshness import checked, delivered
from pipelines.graph import graph
from pipelines.lake import Lake, newest_date
from pipelines.learning import build_matrix, sealed_store
from pipelines.resolving import merged
from pipelines.steps import Show, Tally, fingerprint, once
from pipelines.stopping import act as stop

SELECTION_SHARE = 0.15
"""reviews a year per running case in the demo: 360 of 2,400 (Rotterdam reviewed about as many a year)"""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def score(settings: Settings, as_of: dt.date | None, show: Show) -> dict[str, Any]:
    """Score every running case with the champion: {run, as_of, cases, municipalities, model_version, stays}.

    The secret of the year's draws is committed first (R5). Raises LookupError without a champion, ValueError when a
    source that the features need is missing or too old (R37).
    """
    registered = _champion(settings)
    _refuse_unless_allowed(settings, registered)
    lake = Lake(settings)
    day = as_of or newest_date(lake)
    matrix = build_matrix(settings, day, show)

    def work(tally: Tally) -> dict[str, Any]:
        towns = pq.read_table(matrix["path"], columns=["municipality"])["municipality"].unique().to_pylist()
        sources = checked(delivered(settings, day), sources_needed(), towns, day)
        secret = yearly_secret(settings.keys, day.year)
        run_id = f"{day.isoformat()}-v{registered.version}-{matrix['sha256'][:8]}"
        dates = {contract: dt.date.fromisoformat(one["known"]) for contract, one in sources.items()}
        seed = seed_of_matrix(matrix["sha256"])
        scored = score_cases(
            registered.model,
            Path(matrix["path"]),
            CATALOGUE,
            registered.ensemble,
            seed=seed,
            as_of=day,
            source_dates=dates,
        )
        with writing(engine_of(settings.database)) as session:
            for town in sorted(towns):
                commit_secret(session, town, day.year, secret, now())
        with writing(engine_of(settings.database)) as session:
            if session.get(Run, run_id) is None:
                session.add(
                    Run(
                        id=run_id,
                        as_of=day,
                        model_name=registered.name,
                        model_version=registered.version,
                        model_sha256=registered.sha256,
                        matrix_sha256=matrix["sha256"],
                        data_until=max(dates.values()),
                        demo=registered.demo,
                        scored_at=now().replace(tzinfo=None),
                        sources=sources,
                    )
                )
                session.flush()
                rows = ({"run_id": run_id, "quality": {"old_sources": []}} | row for row in scored.rows())
                for chunk in _chunks(rows, 2_000):
                    session.execute(insert(Score), chunk)
        tally.rows = len(scored)
        return {
            "run": run_id,
            "as_of": day.isoformat(),
            "cases": len(scored),
            "municipalities": sorted(towns),
            "model_version": registered.version,
            "stays": scored.stays,
        }

    return once(settings, "score", fingerprint(matrix["sha256"], day, registered.sha256), show, work)


def select(settings: Settings, as_of: dt.date | None, show: Show, municipality: str | None = None) -> dict[str, Any]:
    """Compose the list of each municipality from the newest run: {as_of, draws: [one row per municipality], kept}.

    kept: municipality -> date of an earlier list whose period still runs; it gets no other one. Raises LookupError when
    nothing was scored on the date.
    """
    engine = engine_of(settings.database)
    with reading(engine) as session:
        newest = sql_select(Run).order_by(Run.as_of.desc(), Run.scored_at.desc())
        run = session.scalars(newest.where(Run.as_of == as_of) if as_of else newest).first()
    if run is None:
        raise LookupError("nothing was scored for that date; run `weegschaal score` first")

    def work(tally: Tally) -> dict[str, Any]:
        drawing = _Drawing(settings, run)
        stop(settings, [municipality] if municipality else drawing.towns, run.as_of, now())
        draws = drawing.draw(municipality)
        tally.rows = sum(one["listed"] for one in draws)
        return {"as_of": run.as_of.isoformat(), "draws": draws, "kept": drawing.kept}

    return once(settings, f"select {municipality}" if municipality else "select", fingerprint(run.id), show, work)


class _Drawing:
    """What the lists of one run are composed from, gathered once for all municipalities."""

    def __init__(self, settings: Settings, run: Run) -> None:
        self.settings, self.run = settings, run
        self.kept: dict[str, str] = {}
        self.folder = settings.home / "features" / run.as_of.isoformat()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parts = Lake(settings).parts()
        with reading(engine_of(settings.database)) as session:
            rows = session.execute(
                sql_select(Score.case_id, Score.municipality, Score.place).where(Score.run_id == run.id)
            ).all()
        self.places = {case: place for case, _, place in rows}
        self.towns = sorted({town for _, town, _ in rows})
        scored = pa.table(
            {
                "case_id": pa.array([row[0] for row in rows], pa.int64()),
                "municipality": pa.array([row[1] for row in rows], pa.string()),
                "as_of": pa.array([run.as_of] * len(rows), pa.date32()),
            }
        )
        self.members = case_members(self.parts, scored, self.folder)
        self.circumstances = circumstances(self.parts, self.members, self.folder)
        self.clusters = clusters(self.parts, self.members, run.as_of, self.folder)

    def draw(self, only: str | None) -> list[dict[str, Any]]:
        if only is not None and only not in self.towns:
            raise LookupError(f"no case of municipality {only} was scored; there are {', '.join(self.towns)}")
        sealed = sealed_store(self.settings)
        ages = sealed.legal_ages([self.run.as_of], self.members["person_id"])
        care = frozenset(sealed.in_care([self.run.as_of])["person_id"].to_pylist())
        engine = engine_of(self.settings.database)
        known = gather(self.circumstances, self.members, ages, care, in_service(engine, self.towns))
        rates = base_rates(self.parts, self.run.as_of)
        with writing(engine) as session:
            for town in [only] if only else self.towns:
                version, policy = in_force(session, town)
                there = standing(session, town, self.run.as_of, policy)
                if there is None:
                    self._compose(session, town, known[town], rates.get(town, {}), version, policy)
                elif there.as_of != self.run.as_of:
                    self.kept[town] = there.as_of.isoformat()
        self._keep_networks()
        with writing(engine) as session:
            take_stock(session)
        with reading(engine) as session:
            draws = session.scalars(sql_select(Draw).where(Draw.run_id == self.run.id).order_by(Draw.municipality))
            return [_shown(one) for one in draws]

    def _compose(self, session: Any, town: str, known: Any, rate: dict[str, int], version: int, policy: Policy) -> None:
        ranked = self._ranks(session, town)
        if not ranked:
            policy = without_risk(policy)
        sifted = sift(known.facts, policy)
        tips = waiting_tips(session, town, self.run.as_of)
        eligible = candidates(sifted.eligible, self.places, known.signals, self.clusters, tips)
        secret = yearly_secret(self.settings.keys, self.run.as_of.year)
        composition = compose(eligible, policy, town, self.run.as_of, secret)
        kept = record(session, composition, self.run.id, policy, version, now(), exempt=sifted.counts, base_rate=rate)
        kept.ranked = ranked
        place(session, town, kept.id, tips.keys() & {one.case_id for one in composition.listed})

    def _ranks(self, session: Any, town: str) -> bool:
        """Whether this municipality's list may have a risk arm: not switched off, and the model is adopted there and
        still in force. A demonstration needs no adoption."""
        if is_off(session, town):
            return False
        if self.run.demo:
            return True
        version, sha256 = self.run.model_version, self.run.model_sha256
        return usable(session, version, sha256, now().date(), town) and adopted(session, town, version)

    def _keep_networks(self) -> None:
        """Relations and periods of the listed cases, as they were on the run's date."""
        engine = engine_of(self.settings.database)
        with reading(engine) as session:
            listed = set(session.scalars(sql_select(Case.id).join(Draw).where(Draw.run_id == self.run.id)))
            there = set(session.scalars(sql_select(Network.case_id).where(Network.run_id == self.run.id)))
        wanted = sorted(listed - there)
        if not wanted:
            return
        known_then = dt.datetime.combine(self.run.as_of, dt.time(), dt.UTC)
        edges = graph(self.settings, self.parts, self.run.as_of, merged(self.settings, known_then))
        periods = timelines(self.parts, self.members, wanted, self.folder)
        rows = (
            {"run_id": self.run.id, "case_id": case, "graph": drawn_graph, "timeline": periods.get(case, {})}
            for case, drawn_graph in egos(edges, self.members, wanted)
        )
        with writing(engine) as session:
            for chunk in _chunks(rows, 500):
                session.execute(insert(Network), chunk)


def base_rates(parts: dict[str, list[Path]], day: dt.date) -> dict[str, dict[str, int]]:
    """Per municipality {"changed", "reviewed"} over the approved reviews of lists in the year before the day."""
    coding = LabelCoding()
    found: dict[str, dict[str, int]] = {}
    for row in latest_outcomes(parts.get("outcomes", []), day).to_pylist():
        if row["selected"] < day - dt.timedelta(days=365):
            continue
        label = coding.label(**{name: row[name] for name in ("cause", "effect", "approved", "overturned")})
        if not math.isnan(label):  # a review without a label is not a review without a change
            counts = found.setdefault(row["municipality"], {"changed": 0, "reviewed": 0})
            counts["reviewed"] += 1
            counts["changed"] += int(label)
    return found


def set_up_demo(settings: Settings, run: dict[str, Any]) -> None:
    """Demo users, and for each municipality the standard policy at its own capacity."""
    with writing(engine_of(settings.database)) as session:
        seed_demo_users(session)
        for town in run["municipalities"]:
            cases = session.scalars(
                sql_select(Score.case_id).where(Score.run_id == run["run"], within(Score, town))
            ).all()
            policy = standard_for(max(1, round(len(cases) * SELECTION_SHARE)))
            adopt(session, town, policy, "demo", now())


def seed_of_matrix(sha256: str) -> int:
    """The run's seed: it breaks ties, and comes from the data alone (R29)."""
    return int(sha256[:12], 16)


def _champion(settings: Settings) -> Any:
    try:
        return Registry(settings.mlruns).load()
    except LookupError as error:
        raise LookupError("there is no champion to score with; run `weegschaal train` first") from error


def _refuse_unless_allowed(settings: Settings, registered: Any) -> None:
    """Raises RefusedError unless the champion may be used today (R11-R13)."""
    if registered.demo:
        if not settings.demo:
            raise RefusedError(
                f"version {registered.version} was made champion for demonstration only; promote it first (R12)"
            )
        return
    with reading(engine_of(settings.database)) as session:
        refuse_unless_usable(session, registered.version, registered.sha256, now().date())


def _shown(draw: Draw) -> dict[str, Any]:
    counts = draw.counts
    names = ("eligible", "capacity", "listed", "random", "top_up", "signal", "risk", "blind", "double")
    exempt = sum(counts.get("exempt", {}).values())
    return {"municipality": draw.municipality} | {name: counts[name] for name in names} | {"exempt": exempt}


def _chunks(rows: Iterable[dict[str, Any]], size: int) -> Iterable[list[dict[str, Any]]]:
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk
