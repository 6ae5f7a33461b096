"""The fairness audit of a run: who is on top of the ranking, who is selected, and whom the random arm shows it wrongs.

It runs apart from training, in the compliance reviewer's role, for municipalities that gave a DPIA reference, and keeps
aggregates only (R10, R11). Outcomes are those of the random arm, ranked out of time: each past list by a model of the
champion's kind that was trained on what was known before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audits
from enforcement.access import Purpose, Role, Viewer
from enforcement.audit_door import AuditDoor, open_door
from enforcement.database import engine_of, reading, writing
from enforcement.errors import ForbiddenError
from enforcement.findings import Effect
from enforcement.mandate import Mandate, give, in_force
from enforcement.settings import Settings
from enforcement.tables import Draw, Finding, Grant, Inclusion, Run
from enforcement.tenants import within
from features.catalogue import CATALOGUE
from features.matrix import case_members
from models.contenders import contenders
from models.dataset import Examples, gather, latest_outcomes, rolling_origin
from models.fairness import Audit, audit
from models.fairness_gate import CANNOT_SHOW, Disagreement, Gate, disagreements, gate, told
from models.fairness_report import gate_table, page
from models.fairness_rows import RANDOM, Rows
from models.proxies import Proxy, examine
from models.registry import Registry
from models.reweighing import TellsTooMuchError, cells, cuts_by, weigh
from models.selective import membership
from pipelines.lake import Lake
from pipelines.learning import cluster_cases, matrix_for, reviewed_cases, sealed_store
from pipelines.steps import Show

ACTOR = "fairness-audit"
RANKING, BURDEN, POPULATION = "ranking", "burden", "population"
"""the top of the ranking; who is on the list in any arm; what the random arm shows of the top"""


@dataclass(frozen=True)
class Part:
    """The audit of one set of attributes in one municipality."""

    groups: tuple[str, ...]
    ranking: Audit
    burden: Audit
    population: Audit | None
    """None without reviews of the random arm that could be ranked out of time"""
    gate: Gate
    doubles: tuple[Disagreement, ...]

    def document(self) -> dict[str, Any]:
        return {
            "groups": list(self.groups),
            RANKING: self.ranking.document(),
            BURDEN: self.burden.document(),
            POPULATION: self.population.document() if self.population else None,
            **told(self.gate, self.doubles),
        }


@dataclass(frozen=True)
class Audited:
    """The audit of one municipality."""

    id: str
    municipality: str
    status: str
    parts: tuple[Part, ...]
    proxies: tuple[Proxy, ...]
    """how well the champion's features tell a protected attribute, strongest first"""
    reweighing: Mapping[str, Any] = field(default_factory=dict)
    """weights per cell for training, or why there are none; empty when the mandate asks for none"""


def audit_run(
    settings: Settings, run_id: str | None, municipality: str | None, show: Show
) -> tuple[Run, tuple[Audited, ...]]:
    """Audits the newest run, or the one named, in every municipality with a mandate, and keeps what it finds.

    Raises LookupError when there is no run, no list or no mandate; KeyFileError where the audit's key is not kept.
    """
    engine = engine_of(settings.database)
    with reading(engine) as session:
        run = _run(session, run_id)
        draws = session.scalars(select(Draw).where(Draw.run_id == run.id).order_by(Draw.municipality)).all()
        chosen = [one for one in draws if municipality in (None, one.municipality)]
        if not chosen:
            raise LookupError(f"run {run.id} has no list there; compose it with `weegschaal select`")
        mandates = {one.municipality: in_force(session, one.municipality)[1] for one in chosen}
    allowed = [one for one in chosen if mandates[one.municipality].dpia]
    if not allowed:
        towns = ", ".join(mandates)
        raise LookupError(f"no DPIA reference is given for {towns}; a manager gives one with `weegschaal mandate`")
    learned = _learned(settings, run)
    past = _past(settings, run, allowed, learned, show)
    found = []
    for draw in allowed:
        viewer = Viewer(ACTOR, draw.municipality, Role.COMPLIANCE_REVIEWER, Purpose.SUPERVISION)
        mandate = mandates[draw.municipality]
        door = open_door(sealed_store(settings), settings.keys, viewer, mandate)
        with show(f"audit {draw.municipality}") as tally, writing(engine) as session:
            made = _audited(settings, session, door, run, draw, past, mandate, learned)
            tally.rows = draw.eligible
        found.append(made)
    return run, tuple(found)


def give_mandate(settings: Settings, municipality: str, by: str, mandate: Mandate) -> int:
    """Keeps a municipality's mandate, given by one of its managers, and gives its version.

    Raises ForbiddenError when `by` is no manager of the municipality.
    """
    with writing(engine_of(settings.database)) as session:
        held = session.scalars(select(Grant.role).where(Grant.user_id == by, within(Grant, municipality))).all()
        if Role.MANAGER.value not in held:
            raise ForbiddenError(f"{by} is no manager of {municipality}; only a manager gives a mandate")
        viewer = Viewer(by, municipality, Role.MANAGER, Purpose.SUPERVISION)
        return give(session, viewer, mandate, dt.datetime.now(dt.UTC))


def latest(settings: Settings, municipality: str, model_version: str | None = None) -> audits.KeptAudit | None:
    """The newest audit that is kept of a municipality."""
    with reading(engine_of(settings.database)) as session:
        return audits.latest_audit(session, municipality, model_version)


def document(run: Run, found: Sequence[Audited]) -> dict[str, Any]:
    """As `weegschaal audit --json` prints it."""
    return {
        "run": run.id,
        "model_version": run.model_version,
        "as_of": run.as_of.isoformat(),
        "municipalities": [
            {
                "municipality": one.municipality,
                "id": one.id,
                "status": one.status,
                "parts": [part.document() for part in one.parts],
                "proxies": [asdict(proxy) for proxy in one.proxies],
                "reweighing": dict(one.reweighing),
            }
            for one in found
        ],
        "cannot_show": CANNOT_SHOW[1],
    }


def page_of(run: Run, found: Sequence[Audited], language: str) -> str:
    """The audit as one HTML page, in Dutch ("nl") or English ("en")."""
    names = {
        "nl": {RANKING: "bovenaan de volgorde", BURDEN: "op de lijst", POPULATION: "volgens de willekeurige groep"},
        "en": {RANKING: "on top of the ranking", BURDEN: "on the list", POPULATION: "by the random arm"},
    }[language]
    gates, sections = [], []
    for town in found:
        for part in town.parts:
            name = f"{town.municipality}: {' × '.join(part.groups)}"
            gates.append(gate_table(name, part.document(), language))
            audits_of = ((RANKING, part.ranking), (BURDEN, part.burden), (POPULATION, part.population))
            sections += [(f"{name}, {names[use]}", one) for use, one in audits_of if one is not None]
    return page(sections, language, f"{run.id}, {run.as_of.isoformat()}", "".join(gates))


def _run(session: Session, run_id: str | None) -> Run:
    query = select(Run).order_by(Run.as_of.desc(), Run.scored_at.desc())
    run = session.scalars(query if run_id is None else query.where(Run.id == run_id)).first()
    if run is None:
        raise LookupError("there is no run to audit; score first with `weegschaal score`")
    return run


def _audited(
    settings: Settings,
    session: Session,
    door: AuditDoor,
    run: Run,
    draw: Draw,
    past: pa.Table,
    mandate: Mandate,
    learned: Examples | None,
) -> Audited:
    viewer = door.viewer
    listed = _listed(settings, session, run, draw)
    mine = past.filter(pa.compute.equal(past["municipality"], draw.municipality)).drop_columns(["municipality"])
    doubles = _double_reviews(settings, session, run, draw)
    now = dt.datetime.now(dt.UTC)
    groups_judged = sum(_width(one) for one in mandate.groups)
    parts = []
    for groups in mandate.groups:

        def counted(people: pa.Table, use: str, by: Sequence[str] = groups) -> pa.Table:
            return door.counts(session, people, by, run.as_of, use, now)

        ranked = counted(listed, RANKING)
        top = audit(_rows(ranked, groups, "top"))
        burden = audit(_rows(ranked, groups, "on_list"))
        reviewed = counted(mine, POPULATION) if mine.num_rows else None
        population = audit(_rows(reviewed, groups, "selected", with_arm=True)) if reviewed else None
        verdict = gate(population, mandate.budget, mandate.budgets, groups_judged) if population else Gate(())
        pairs = counted(doubles, "double_reviews") if doubles.num_rows else None
        parts.append(Part(groups, top, burden, population, verdict, disagreements(_pairs(pairs, groups))))
    status = next(one for one in ("fail", "insufficient", "pass") if one in {part.gate.status for part in parts})
    proxies = _proxies(settings, session, door, run, draw.municipality, now)
    given = _reweighing(settings, session, door, run, learned, proxies, now) if mandate.reweigh else {}
    document = {
        "as_of": run.as_of.isoformat(),
        "dpia": mandate.dpia,
        "parts": [one.document() for one in parts],
        "proxies": [asdict(one) for one in proxies],
        "reweighing": given,
    }
    kept = audits.keep(session, viewer, run.id, run.model_version, status, document, now)
    return Audited(kept, draw.municipality, status, tuple(parts), proxies, given)


def _reweighing(
    settings: Settings,
    session: Session,
    door: AuditDoor,
    run: Run,
    learned: Examples | None,
    proxies: Sequence[Proxy],
    now: dt.datetime,
) -> dict[str, Any]:
    """Weights of cells for the mandate's attribute, from counts of the municipality's labelled rows, or why not."""
    town, attribute = door.viewer.municipality, door.mandate.reweigh
    if learned is None:
        return {"why": "there are no labelled reviews yet"}
    mine = learned.rows((learned.municipality == town) & learned.labelled)
    cuts = cuts_by(proxies, attribute, mine)
    if not len(mine) or not cuts:
        return {"why": f"no feature that may be used tells {attribute} in {town}"}
    kinds = pa.table(
        {
            "case_id": pa.array(mine.case_id, pa.int64()),
            "cell": pa.array(cells(mine, cuts), pa.int64()),
            "label": pa.array(mine.label.astype(np.int64), pa.int64()),
        }
    )
    people = _persons(settings, kinds, town, run.as_of)
    told = door.counts(session, people, (attribute,), run.as_of, "reweighing", now)
    counts = [(row["cell"], row["label"], row[attribute], row["n"]) for row in told.to_pylist()]
    try:
        return weigh(counts, town, attribute, cuts, door.mandate.proxy_limit).document()
    except TellsTooMuchError as error:
        return {"why": str(error)}


def _proxies(
    settings: Settings, session: Session, door: AuditDoor, run: Run, municipality: str, now: dt.datetime
) -> tuple[Proxy, ...]:
    """The champion's features of every scored case of the municipality against the attributes of its mandate."""
    names = Registry(settings.mlruns).load(run.model_version).model.names
    path = settings.home / "features" / run.as_of.isoformat() / "matrix.parquet"
    if not path.is_file():
        return ()
    matrix = pq.read_table(path, columns=["case_id", "municipality", *names])
    mine = matrix.filter(pa.compute.equal(matrix["municipality"], municipality)).drop_columns(["municipality"])
    people = _persons(settings, mine, municipality, run.as_of)
    cells = np.column_stack([people[name].to_numpy() for name in names])
    mandate = door.mandate

    def examined(told: Mapping[str, list[str]]) -> tuple[Proxy, ...]:
        return examine(cells, names, told, limit=mandate.proxy_limit, justified=mandate.justified)

    return door.judge(session, people["person_id"], run.as_of, "proxies", now, examined)


def _width(groups: Sequence[str]) -> int:
    """About how many groups the attributes make: intervals hold for all of them together."""
    sizes = {"sex": 3, "age": 6, "nationality": 3, "origin": 3}
    return int(np.prod([sizes[one] for one in groups]))


def _listed(settings: Settings, session: Session, run: Run, draw: Draw) -> pa.Table:
    """person_id, top (in the top k by place) and on_list (in any arm) of every eligible case of the draw."""
    query = select(Inclusion.case_id, Inclusion.place, Inclusion.arms).where(Inclusion.draw_id == draw.id)
    rows = session.execute(query.order_by(Inclusion.case_id)).all()
    k = int(draw.counts["risk"])
    placed = sorted(place for _, place, _ in rows if place is not None)
    cut = placed[min(k, len(placed)) - 1] if placed and k else 0
    cases = pa.table(
        {
            "case_id": pa.array([row[0] for row in rows], pa.int64()),
            "top": pa.array([int(row[1] is not None and row[1] <= cut) for row in rows], pa.int8()),
            "on_list": pa.array([int(bool(row[2])) for row in rows], pa.int8()),
        }
    )
    return _persons(settings, cases, draw.municipality, run.as_of)


def _persons(settings: Settings, cases: pa.Table, municipality: str, as_of: dt.date) -> pa.Table:
    """The client of each case in the place of the case."""
    n = cases.num_rows
    asked = pa.table(
        {
            "case_id": cases["case_id"],
            "municipality": pa.array([municipality] * n, pa.string()),
            "as_of": pa.array([as_of] * n, pa.date32()),
        }
    )
    folder = settings.home / "features" / "audit"
    folder.mkdir(parents=True, exist_ok=True)
    unique = asked.group_by(asked.column_names).aggregate([])
    members = case_members(Lake(settings).parts(), unique, folder)
    clients = members.filter(pa.compute.equal(members["role"], "client")).select(["case_id", "person_id"])
    return cases.join(clients, "case_id", join_type="left outer").drop_columns(["case_id"])


def _learned(settings: Settings, run: Run) -> Examples | None:
    """The reviews that were known before the run, as a training has them; None when there are none."""
    parts = Lake(settings).parts()
    outcomes = latest_outcomes(parts.get("outcomes", []), run.as_of)
    if not outcomes.num_rows:
        return None
    matrix = matrix_for(settings, reviewed_cases(outcomes, run.as_of), parts, f"audit-{run.as_of.isoformat()}")
    clusters = cluster_cases(settings, parts, outcomes, run.as_of)
    return gather(matrix.path, outcomes, until=run.as_of, clusters=clusters).examples


def _past(settings: Settings, run: Run, draws: Sequence[Draw], learned: Examples | None, show: Show) -> pa.Table:
    """People of past random arms: person_id, municipality, selected (in the top share, ranked out of time) and outcome
    (1, 0 or -1)."""
    empty = pa.table({name: pa.array([], pa.int64()) for name in ("selected", "outcome", "person_id")})
    empty = empty.append_column("municipality", pa.array([], pa.string()))
    if learned is None:
        return empty
    with show("rank past lists out of time") as tally:
        model = Registry(settings.mlruns).load(run.model_version).model
        share = sum(int(one.counts["risk"]) for one in draws) / max(1, sum(one.eligible for one in draws))
        ranked = _ranked(_narrowed(learned, model.names), model.kind, share)
        tally.rows = ranked.num_rows
    if not ranked.num_rows:
        return empty
    tables = []
    for town in sorted(set(ranked["municipality"].to_pylist())):
        of_town = ranked.filter(pa.compute.equal(ranked["municipality"], town)).drop_columns(["municipality"])
        for day in sorted(set(of_town["as_of"].to_pylist())):
            then = of_town.filter(pa.compute.equal(of_town["as_of"], day)).drop_columns(["as_of"])
            people = _persons(settings, then, town, day)
            tables.append(people.append_column("municipality", pa.array([town] * people.num_rows, pa.string())))
    return pa.concat_tables(tables)


def _narrowed(examples: Examples, names: Sequence[str]) -> Examples:
    columns = [examples.names.index(name) for name in names]
    return replace(examples, X=examples.X[:, columns], names=tuple(names))


def _ranked(examples: Examples, kind: str, share: float) -> pa.Table:
    """The random arm of each window: case_id, municipality, as_of, selected and outcome."""
    candidate = next(one for one in contenders(CATALOGUE, examples.names, 1, trials=0) if one.name == kind)
    random = np.array([bool(RANDOM & set(arm.split(","))) for arm in examples.arm.tolist()], dtype=bool)
    columns: dict[str, list[Any]] = {name: [] for name in ("case_id", "municipality", "as_of", "selected", "outcome")}
    try:
        splits = rolling_origin(examples)
    except ValueError:  # too little history to rank any list out of time: the gate is insufficient
        splits = ()
    for split in splits:
        test = split.test[random[split.test]]
        if not len(test):
            continue
        train = examples.rows(split.train)
        margin = candidate.fit(train, np.ones(len(train))).margin(examples.X[test])
        top = membership(margin, np.ones(len(test)), share) > 0.5
        columns["case_id"] += examples.case_id[test].tolist()
        columns["municipality"] += examples.municipality[test].tolist()
        columns["as_of"] += examples.as_of[test].tolist()
        columns["selected"] += top.astype(int).tolist()
        columns["outcome"] += [-1 if np.isnan(one) else int(one) for one in examples.label[test]]
    types = (pa.int64(), pa.string(), pa.date32(), pa.int64(), pa.int64())
    return pa.table({name: pa.array(columns[name], type_) for name, type_ in zip(columns, types, strict=True)})


def _double_reviews(settings: Settings, session: Session, run: Run, draw: Draw) -> pa.Table:
    """person_id and differs of every case of the municipality that two people reviewed apart from each other."""
    query = (
        select(Finding.draw_id, Finding.case_id, Finding.effect)
        .where(within(Finding, draw.municipality), Finding.state == "approved")
        .order_by(Finding.saved_at, Finding.id)
    )
    effects: dict[tuple[str, int], list[str]] = {}
    for draw_id, case, effect in session.execute(query):
        effects.setdefault((draw_id, case), []).append(effect)
    pairs = {key: both[:2] for key, both in effects.items() if len(both) > 1 and Effect.UNKNOWN not in both[:2]}
    cases = pa.table(
        {
            "case_id": pa.array([case for _, case in pairs], pa.int64()),
            "differs": pa.array([int(first != second) for first, second in pairs.values()], pa.int8()),
        }
    )
    return _persons(settings, cases, draw.municipality, run.as_of) if pairs else cases


def _rows(counts: pa.Table, groups: Sequence[str], selected: str, *, with_arm: bool = False) -> Rows:
    """Counts per group and kind as rows again, which is what an audit is made of."""
    times = counts["n"].to_numpy()

    def spread(name: str) -> np.ndarray[Any, Any]:
        return np.repeat(np.array(counts[name].to_pylist(), dtype=object), times)

    chosen = np.asarray(spread(selected), dtype=np.int8)
    outcome = np.asarray(spread("outcome"), dtype=np.int8) if with_arm else np.full(len(chosen), -1, dtype=np.int8)
    named = {" × ".join(groups): [" / ".join(one) for one in zip(*(spread(g) for g in groups), strict=True)]}
    columns = named if len(groups) > 1 else {groups[0]: spread(groups[0]).tolist()}
    return Rows(columns, chosen, outcome, [RANDOM] * len(chosen) if with_arm else None)


def _pairs(counts: pa.Table | None, groups: Sequence[str]) -> list[tuple[dict[str, str], int, int]]:
    """Group, pairs and differing pairs."""
    found: dict[tuple[str, ...], list[int]] = {}
    for row in counts.to_pylist() if counts is not None else ():
        one = found.setdefault(tuple(row[name] for name in groups), [0, 0])
        one[0] += row["n"]
        one[1] += row["n"] * row["differs"]
    return [(dict(zip(groups, key, strict=True)), *one) for key, one in sorted(found.items())]  # type: ignore[misc]
