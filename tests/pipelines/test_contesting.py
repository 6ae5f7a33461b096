"""On a whole province: a correction changes one case's place and nobody else's, and the next matrix knows it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.errors import RefusedError
from enforcement.identity import Vault
from enforcement.settings import Settings
from enforcement.tables import Case, Contest, Draw, Inclusion, Rescoring, Score
from features.catalogue import CATALOGUE
from pipelines.contesting import close, contest, listed
from pipelines.lake import Lake
from pipelines.learning import build_matrix
from pipelines.steps import unseen
from tests.pipelines.road import Province, settings_of

TEXT = "Deze inkomsten zijn niet van mij maar van mijn zus."


@pytest.fixture
def settings(province: Province, tmp_path: Path) -> Settings:
    """A copy, so that the room's province stays as it is."""
    shutil.copytree(province[0].home, tmp_path / "home")
    return settings_of(tmp_path / "home")


def a_risk_case(settings: Settings) -> tuple[str, str, int, str]:
    """Number, municipality and id of the highest case that only its place brought, and whose income is known."""
    with reading(engine_of(settings.database)) as session:
        rows = session.execute(
            select(Case.number, Case.municipality, Case.id, Score.reasons)
            .join(Draw, Draw.id == Case.draw_id)
            .join(Inclusion, (Inclusion.draw_id == Case.draw_id) & (Inclusion.case_id == Case.id))
            .join(Score, (Score.run_id == Draw.run_id) & (Score.case_id == Case.id))
            .where(Inclusion.arms == "risk")
            .order_by(Score.place)
        ).all()
    for number, town, case, reasons in rows:
        up = [one["topic"] for one in reasons if one["direction"] == "up"]
        if up:
            return number, town, case, up[0]
    raise LookupError("no such case in this province")


def everyone_else(settings: Settings, case: int) -> list[tuple[Any, ...]]:
    with reading(engine_of(settings.database)) as session:
        scores = session.execute(
            select(Score.run_id, Score.case_id, Score.margin, Score.place).order_by(Score.run_id, Score.case_id)
        ).all()
        states = session.execute(
            select(Case.number, Case.municipality, Case.state, Case.position).where(Case.id != case).order_by(Case.id)
        ).all()
        return [*map(tuple, scores), *map(tuple, states)]


def frozen(settings: Settings, case: int) -> list[dict[str, Any]]:
    """The case's reasons as the list has them."""
    with reading(engine_of(settings.database)) as session:
        return list(session.scalars(select(Score.reasons).where(Score.case_id == case)).one())


def corrected(settings: Settings, case: int, folder: Path) -> Path:
    """The case's incomes as the source gives them after all: everything was declared already, nothing was earned."""
    lake = Lake(settings)
    files = [str(path) for path in lake.parts()["benefits"]]
    people = duckdb.execute(
        "SELECT DISTINCT person_id FROM read_parquet(?) WHERE case_id = ? AND role = 'client'", [files, case]
    ).fetchall()
    vault = Vault(lake.engine, lake.keys, log=lambda **_: None)
    bsn = vault.reveal([people[0][0]], "test", "test")[people[0][0]]["names"][0]
    incomes = [str(path) for path in lake.parts()["incomes"]]
    columns = [
        one
        for one in duckdb.execute("SELECT * FROM read_parquet(?) LIMIT 0", [incomes]).df().columns
        if one not in ("person_id", "municipality", "delivery", "known_at", "withdrawn", "flags")
    ]
    named = ", ".join(f'"{one}"' for one in columns if one != "gross_cents")
    table = duckdb.sql(
        f"SELECT '{bsn}' AS person, 0::BIGINT AS gross_cents, {named} FROM read_parquet(?) WHERE person_id = ? "
        "QUALIFY row_number() OVER (PARTITION BY employer, relation, start_earliest, statement ORDER BY known_at DESC) "
        "= 1",
        params=[incomes, people[0][0]],
    ).to_arrow_table()
    path = folder / "incomes.parquet"
    pq.write_table(table.replace_schema_metadata({"weegschaal.contract": "incomes"}), path)
    return path


@pytest.mark.slow
def test_r20_r30_one_case_is_scored_again_alone(settings: Settings, tmp_path: Path) -> None:
    number, town, case, topic = a_risk_case(settings)
    before = everyone_else(settings, case)
    opened = contest(settings, number, [topic], TEXT, town)
    assert opened["place"] > opened["was"], "without its strongest topic the case stands lower"
    assert everyone_else(settings, case) == before
    with reading(engine_of(settings.database)) as session:
        again = session.scalars(select(Rescoring)).one()
        assert (again.case_id, again.why, again.place) == (case, "without_disputed", opened["place"])
        disputed = {one["nl"] for one in frozen(settings, case) if one["topic"] == topic and one["direction"] == "up"}
        assert disputed, "there was something to dispute"
        assert not disputed & {one["nl"] for one in again.reasons}, "nothing of what is disputed is said again"
    with pytest.raises(RefusedError, match="--file"):
        close(settings, opened["contest"], upheld=True)

    file = corrected(settings, case, tmp_path)
    settled = close(settings, opened["contest"], upheld=True, file=file)
    assert settled["outcome"] == "upheld"
    assert everyone_else(settings, case) == before
    with reading(engine_of(settings.database)) as session:
        kept = session.scalars(select(Contest)).one()
        assert kept.delivery_id is not None
    assert [one["outcome"] for one in listed(settings)] == ["upheld"]

    fresh = build_matrix(settings, None, unseen)
    row = pq.read_table(fresh["path"], filters=[("case_id", "=", case)]).to_pylist()[0]
    earned = [name for name in CATALOGUE if name.startswith("income_gap")]
    assert earned
    assert all(row[name] == 0 for name in earned), "what is learnt from next knows the correction"


def test_r29_a_run_without_its_matrix_is_not_scored_again(settings: Settings) -> None:
    number, town, _, topic = a_risk_case(settings)
    for matrix in (settings.home / "features").glob("20*/matrix.parquet"):
        matrix.unlink()
    with pytest.raises(ValueError, match="deleted under its rule"):
        contest(dataclasses.replace(settings), number, [topic], TEXT, town)
