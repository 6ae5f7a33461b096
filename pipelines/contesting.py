"""A contested case scored again alone: first without the disputed data, then with the correction (R20, R30).

Its row is another one and the others' rows are the run's own, so nobody else moves. The correction comes as a delivery,
like everything that is known: from then on every matrix reads it, those that a model is trained on too. For the list
that was made already it counts as if the source had been right at the time.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select

from enforcement.access import Purpose
from enforcement.contest import Again, Disputed, Why, contests, keep_rescoring, one, open_contest, settle
from enforcement.database import engine_of, reading, writing
from enforcement.errors import NotFoundError, RefusedError
from enforcement.settings import Settings
from enforcement.tables import Case, Contest, Draw, Part, Rescoring, Run, Score
from enforcement.tenants import within
from features.catalogue import CATALOGUE
from features.matrix import CASES, build
from models.registry import Registry
from models.scoring import score as score_cases
from pipelines.arrivals import delivery_id, sha256_of
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.learning import ages_on
from pipelines.ranking import seed_of_matrix
from pipelines.reproduction import stored_matrix
from pipelines.rights import municipality_of, operator
from pipelines.staging import quoted


def contest(
    settings: Settings,
    number: str,
    topics: Sequence[str],
    text: str,
    municipality: str | None = None,
    *,
    objection: bool = False,
) -> dict[str, Any]:
    """Open a contest, stop the case, and score it without the disputed data: {"contest", "number", "was", "place"}. An
    objection to the ranking itself is about no data; then `was` and `place` are None.

    Raises as enforcement.contest.open_contest does, and ValueError when the run's matrix is gone by its rule.
    """
    town, now = municipality_of(settings, number, municipality), dt.datetime.now(dt.UTC)
    viewer = operator(town, Purpose.OBJECTION)
    with writing(engine_of(settings.database)) as session:
        which = open_contest(session, viewer, Lake(settings).keys, number, topics, text, now, objection=objection)
    if objection:
        return {"contest": which, "number": number, "was": None, "place": None}
    was, place = rescore(settings, town, which, Why.WITHOUT_DISPUTED)
    return {"contest": which, "number": number, "was": was, "place": place}


def close(settings: Settings, which: str, *, upheld: bool, file: Path | None = None) -> dict[str, Any]:
    """Settle a contest: {"contest", "outcome", "state", "place"}. Upheld it needs `file`, the corrected records in any
    format that `weegschaal ingest` reads; they are delivered first. Not so for an objection, and for a contest whose
    correction was named and scored already.

    Raises NotFoundError, ConflictError, and RefusedError when the correction does not pass its contract.
    """
    engine, now = engine_of(settings.database), dt.datetime.now(dt.UTC)
    town = _town_of(settings, which)
    viewer = operator(town, Purpose.OBJECTION)
    place, delivery = None, None
    with reading(engine) as session:
        found = one(session, viewer, which)
        ready = not found.topics or session.get(Rescoring, (which, Why.CORRECTED.value)) is not None
    if upheld and not (ready and file is None):
        if file is None:
            raise RefusedError("an upheld contest needs the corrected records: give them with --file")
        (report,) = ingest(settings, [file], municipality=town)
        if report.status not in ("published", "unchanged"):
            raise RefusedError(f"{file.name} is {report.status}, so the contest stays open: {report.reason}")
        delivery = delivery_id(town, sha256_of(file))
        _, place = rescore(settings, town, which, Why.CORRECTED, delivery)
    with writing(engine) as session:
        state = settle(session, viewer, which, upheld=upheld, now=now, delivery_id=delivery)
    outcome = "upheld" if upheld else "rejected"
    return {"contest": which, "outcome": outcome, "state": state.value if state else None, "place": place}


def listed(settings: Settings) -> list[dict[str, Any]]:
    """Every contest of every municipality, the open ones first."""
    with reading(engine_of(settings.database)) as session:
        towns = sorted(session.scalars(select(Contest.municipality).distinct()))
        return [_row(town, found) for town in towns for found in contests(session, operator(town, Purpose.OBJECTION))]


def go_on(settings: Settings) -> dict[str, Any]:
    """What contests that were opened or corrected in the service wait for: {"scored", "impossible": {contest: why}}.

    Done again it changes nothing. A run whose matrix was deleted cannot be scored again; its contest goes on without.
    """
    with reading(engine_of(settings.database)) as session:
        rows = session.scalars(select(Contest).where(Contest.outcome.is_(None)).order_by(Contest.opened_at)).all()
        done = {(one.contest_id, one.why) for one in session.scalars(select(Rescoring))}
        waiting = [
            (each.municipality, each.id, why, delivery)
            for each in rows
            if each.topics
            for why, delivery in ((Why.WITHOUT_DISPUTED, None), (Why.CORRECTED, each.delivery_id))
            if (each.id, why.value) not in done and (why is Why.WITHOUT_DISPUTED or delivery is not None)
        ]
    scored, impossible = 0, {}
    for town, which, why, delivery in waiting:
        try:
            rescore(settings, town, which, why, delivery)
        except ValueError as error:
            impossible[which] = str(error)
        else:
            scored += 1
    return {"scored": scored, "impossible": impossible}


def rescore(settings: Settings, town: str, which: str, why: Why, delivery: str | None = None) -> tuple[int, int]:
    """Score the contested case alone, in the run of its list; gives its place as it was and as it is now.

    Raises ValueError when the run's matrix is gone, so that nothing can be scored again.
    """
    engine = engine_of(settings.database)
    with reading(engine) as session:
        found = one(session, operator(town, Purpose.OBJECTION), which)
        case = session.scalars(select(Case).where(within(Case, town), Case.number == found.number)).one()
        run = session.get_one(Run, session.get_one(Draw, case.draw_id).run_id)
        was = session.get_one(Score, (run.id, case.id)).place
        session.expunge_all()
    matrix = stored_matrix(settings, run)
    if matrix is None:
        raise ValueError(f"the matrix of run {run.id} was deleted under its rule; the case cannot be scored again")
    whole = pq.read_table(matrix)
    at = pc.index(whole["case_id"], pa.scalar(case.id, pa.int64())).as_py()
    if at < 0:
        raise ValueError(f"case {found.number} has no row in the matrix of run {run.id}")
    registered = Registry(settings.mlruns).load(run.model_version)
    dates = {name: dt.date.fromisoformat(each["known"]) for name, each in run.sources.items() if each.get("known")}
    folder = settings.home / "features" / f"contest-{which}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if why is Why.CORRECTED:
            row = _corrected(settings, run, case, str(delivery), folder)
        else:
            row = _without(whole.slice(at, 1), found.topics)
        pq.write_table(
            pa.concat_tables(
                [whole.slice(0, at), row.select(whole.column_names).cast(whole.schema), whole.slice(at + 1)]
            ),
            folder / "matrix.parquet",
        )
        again = score_cases(
            registered.model,
            folder / "matrix.parquet",
            CATALOGUE,
            registered.ensemble,
            seed=seed_of_matrix(run.matrix_sha256),
            as_of=run.as_of,
            source_dates=dates,
        )
        now = next(each for each in again.rows() if each["case_id"] == case.id)
    finally:
        shutil.rmtree(folder)
    with writing(engine) as session:
        made = Again(now["margin"], now["place"], now["reasons"])
        keep_rescoring(session, operator(town, Purpose.OBJECTION), which, why, run.id, made, dt.datetime.now(dt.UTC))
    return was, int(now["place"])


def _without(row: pa.Table, topics: Sequence[str]) -> pa.Table:
    """The row with the features of the disputed topics as if nothing were known: at their fill."""
    for name in row.column_names:
        if name in CATALOGUE and CATALOGUE[name].topic in topics:
            place = row.schema.get_field_index(name)
            fill = pa.array([float(CATALOGUE[name].fill)], pa.float64())
            row = row.set_column(place, row.schema.field(place), fill)
    return row


def _corrected(settings: Settings, run: Run, case: Case, delivery: str, folder: Path) -> pa.Table:
    """The case's row as it would have been, had the correction been known just before the list was made."""
    lake = Lake(settings)
    parts = {name: list(paths) for name, paths in lake.parts().items()}
    for contract, path in _backdated(lake, delivery, run.as_of, folder).items():
        parts.setdefault(contract, []).append(path)
    asked = pa.table({"case_id": [case.id], "municipality": [case.municipality], "as_of": [run.as_of]}, schema=CASES)
    made = folder / "row"
    made.mkdir()
    row = pq.read_table(build(parts, asked, ages_on(settings, [run.as_of]), made).path)
    if not row.num_rows:
        raise ValueError(f"with the correction case {case.number} has no running benefit on {run.as_of}")
    return row


def _backdated(lake: Lake, delivery: str, as_of: dt.date, folder: Path) -> Mapping[str, Path]:
    """Contract -> a copy of what the delivery says, known one microsecond before the as-of date."""
    with reading(lake.engine) as session:
        found = session.execute(select(Part.contract, Part.path).where(Part.delivery_id == delivery)).all()
    moment = dt.datetime.combine(as_of, dt.time()) - dt.timedelta(microseconds=1)
    copies = {}
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        for contract, path in found:
            copies[contract] = folder / f"{contract}.parquet"
            connection.execute(
                f"COPY (SELECT * REPLACE (TIMESTAMP '{moment.isoformat(sep=' ')}' AS known_at) "
                f"FROM read_parquet({quoted(lake.folder / path)}) WHERE delivery = '{delivery}') "
                f"TO {quoted(copies[contract])} (FORMAT parquet)"
            )
    return copies


def _town_of(settings: Settings, which: str) -> str:
    with reading(engine_of(settings.database)) as session:
        found = session.get(Contest, which)
        if found is None:
            raise NotFoundError(f"there is no contest {which}; `weegschaal contest` lists them")
        return found.municipality


def _row(town: str, found: Disputed) -> dict[str, Any]:
    return {
        "contest": found.id,
        "municipality": town,
        "case": found.number,
        "topics": ", ".join(found.topics) or "objection to the ranking",
        "opened": found.opened_at.date().isoformat(),
        "outcome": found.outcome,
    }
