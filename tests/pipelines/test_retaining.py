"""What may no longer be kept goes, with proof, when the clock says so and not before; killed halfway, it ends well."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from enforcement import audit
from enforcement.cases import claim
from enforcement.contest import disputed_cases
from enforcement.database import engine_of, reading, writing
from enforcement.erasure import KeptError
from enforcement.findings import approve, save_findings
from enforcement.holds import hold, lift_hold
from enforcement.identity import Vault
from enforcement.policy import adopt
from enforcement.settings import Settings
from enforcement.tables import Case, Contest, Generation, Identity, Inclusion, Lookup, Network, Part, Run, Score
from enforcement.worklist import worklist
from pipelines.arrivals import sha256_of
from pipelines.erasing import erase
from pipelines.faults import RETENTION_POINTS, VARIABLE
from pipelines.lake import Lake
from pipelines.retaining import retain
from tests.databases import database_url, on_sqlite
from tests.enforcement.province import (
    AS_OF,
    HEERLEN,
    NOW,
    OFFICER,
    SECOND,
    candidates,
    drawn,
    findings,
    policy,
    service,
)
from tests.pipelines.deliveries import BSN, ENVIRONMENT, KEYS, OTHER, benefit, day, found, income, person, stay

ROOT = Path(__file__).resolve().parents[2]
CASES = 60
LATER = dt.datetime(2027, 11, 2, 3, 0, tzinfo=dt.UTC)
"""twelve months and a day after the list"""
CANARY = "canary of somebody who was not selected"


def settings_in(home: Path) -> Settings:
    return Settings(home, 8080, database_url(home / "service.db"), home / "mlruns", demo=True)


def matrix_of(settings: Settings) -> Path:
    return settings.home / "features" / AS_OF.isoformat() / "matrix.parquet"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A list of November 2026 with its matrix; two people in the lake, both long off benefit."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    home.mkdir()
    chosen = settings_in(home)
    service(home)
    matrix = matrix_of(chosen)
    matrix.parent.mkdir(parents=True)
    ids = list(range(1, CASES + 1))
    columns = {"case_id": ids, "municipality": [HEERLEN] * CASES, "as_of": [AS_OF] * CASES, "value": [1.0] * CASES}
    pq.write_table(pa.table(columns), matrix)
    (matrix.parent / "edges.parquet").write_bytes(b"relations")
    with writing(engine_of(chosen.database)) as session:
        drawn(session, candidates(CASES))
        session.get_one(Run, f"run-{HEERLEN}").matrix_sha256 = sha256_of(matrix)
        for score in session.scalars(select(Score)):
            score.reasons = [reason | {"nl": CANARY} for reason in score.reasons]
    lake = Lake(chosen, seed=1, keys=KEYS)
    for bsn, dossier, name in ((BSN, "D1", "Kanarie"), (OTHER, "D2", "Ander")):
        path = tmp_path / f"{bsn}.txt"
        path.write_text(bsn)
        past = {"start": day("20100101"), "end": day("20120101"), "case": dossier, "name": name}
        mine = (
            benefit(bsn, **past),
            income(bsn),
            stay(bsn),
            person(bsn, list=f"{bsn}0", name=name, birth_place="0917"),
        )
        assert lake.publish(found(*mine), path=path, municipality=HEERLEN).status == "published"
    return chosen


def selected(settings: Settings) -> set[int]:
    with reading(engine_of(settings.database)) as session:
        return set(session.scalars(select(Case.id)))


def scored(settings: Settings) -> set[int]:
    with reading(engine_of(settings.database)) as session:
        return set(session.scalars(select(Score.case_id)))


def in_matrix(settings: Settings) -> set[int]:
    return set(pq.read_table(matrix_of(settings))["case_id"].to_pylist())


def events(settings: Settings, action: str) -> list[dict[str, Any]]:
    with reading(engine_of(settings.database)) as session:
        chain = list(audit.chain(session, HEERLEN))
        assert audit.check(chain) == []
        return [body for one in chain if (body := json.loads(one.body))["action"] == action]


def test_r21_nothing_goes_before_its_time_and_everything_after(settings: Settings) -> None:
    before = matrix_of(settings).read_bytes()
    early = retain(settings, LATER - dt.timedelta(days=1, hours=12))
    assert (early["municipalities"][0]["scores"], early["files"]) == (0, [])
    assert matrix_of(settings).read_bytes() == before
    assert len(scored(settings)) == CASES

    made = retain(settings, LATER)
    listed = selected(settings)
    assert made["municipalities"][0]["scores"] == CASES - len(listed)
    assert scored(settings) == listed == in_matrix(settings)
    assert {one["place"]: one["overdue"] for one in made["proof"]["places"] if one["overdue"]} == {}
    assert not (matrix_of(settings).parent / "edges.parquet").exists()
    with reading(engine_of(settings.database)) as session:
        assert set(session.scalars(select(Network.case_id))) == listed
        placed = session.scalars(select(Inclusion.case_id).where(Inclusion.place.is_not(None)))
        assert set(placed) == listed
        assert len(session.scalars(select(Inclusion.case_id)).all()) == CASES, "the lot can still be checked (R5)"


def test_r21_the_new_generation_keeps_the_old_hash_and_the_rule(settings: Settings) -> None:
    old = sha256_of(matrix_of(settings))
    retain(settings, LATER)
    told = json.loads((matrix_of(settings).parent / "manifest.json").read_text())["generations"]
    assert [(one["old_sha256"], one["new_sha256"]) for one in told] == [(old, sha256_of(matrix_of(settings)))]
    assert "not selected, 12 months" in told[0]["rule"]
    with reading(engine_of(settings.database)) as session:
        assert session.get_one(Run, f"run-{HEERLEN}").matrix_sha256 == old
    (logged,) = events(settings, "retained")
    assert logged["details"]["scores"] == CASES - len(selected(settings))


def test_r21_a_second_time_changes_nothing(settings: Settings) -> None:
    retain(settings, LATER)
    before = (matrix_of(settings).read_bytes(), scored(settings), len(events(settings, "retained")))
    again = retain(settings, LATER + dt.timedelta(days=1))
    assert again["files"] == []
    assert (matrix_of(settings).read_bytes(), scored(settings), len(events(settings, "retained"))) == before


@on_sqlite
def test_r21_what_was_deleted_is_not_in_the_bytes_of_the_database_either(settings: Settings) -> None:
    with writing(engine_of(settings.database)) as session:
        for score in session.scalars(select(Score).where(Score.case_id.in_(selected(settings)))):
            score.reasons = []
            score.lead = None
        for score in session.scalars(select(Score).where(Score.case_id.not_in(selected(settings)))):
            score.lead = {"nl": CANARY}
    files = [settings.home / name for name in ("service.db", "service.db-wal")]
    assert any(CANARY.encode() in one.read_bytes() for one in files if one.exists())
    retain(settings, LATER)
    assert not any(CANARY.encode() in one.read_bytes() for one in files if one.exists())


def test_r21_the_policys_months_decide(settings: Settings) -> None:
    with writing(engine_of(settings.database)) as session:
        adopt(session, HEERLEN, policy(retention_months=6, explanation={"retention_months": "council"}), "x", NOW)
    half = dt.datetime(2027, 5, 2, 3, 0, tzinfo=dt.UTC)
    assert retain(settings, half)["municipalities"][0]["scores"] == CASES - len(selected(settings))


def test_r21_a_legal_hold_keeps_what_it_holds_until_it_is_lifted(settings: Settings) -> None:
    case = min(set(range(1, CASES + 1)) - selected(settings))
    with writing(engine_of(settings.database)) as session:
        which = hold(session, SECOND, case, "Beroep bij de rechtbank, zaak 26/123.", NOW)
    retain(settings, LATER)
    assert scored(settings) == in_matrix(settings) == selected(settings) | {case}
    with writing(engine_of(settings.database)) as session:
        lift_hold(session, SECOND, which, LATER)
    retain(settings, LATER + dt.timedelta(days=1))
    assert scored(settings) == in_matrix(settings) == selected(settings)


def test_r21_a_reviewed_case_goes_when_the_archive_term_ends(settings: Settings) -> None:
    with writing(engine_of(settings.database)) as session:
        number = next(row.number for row in worklist(session, OFFICER, now=NOW).items if not row.blind)
        saved = save_findings(session, OFFICER, number, findings(), claim(session, OFFICER, number, NOW).version, NOW)
        approve(session, SECOND, number, saved.version, NOW)
        case = session.scalars(select(Case.id).where(Case.number == number)).one()
    retain(settings, NOW.replace(year=2036))
    assert case in selected(settings)
    assert retain(settings, NOW.replace(year=2036) + dt.timedelta(days=1))["municipalities"][0]["cases"] == 1
    assert case not in selected(settings) | scored(settings)


def test_r33_an_objection_outlives_an_older_review_of_the_same_case(settings: Settings) -> None:
    """Upheld, it keeps the client off every later list (GDPR 21); the archive term of an old list does not end that."""
    with writing(engine_of(settings.database)) as session:
        row = session.scalars(select(Case).order_by(Case.number)).first()
        assert row is not None
        case, old = row.id, row.number
        row.state = "closed"
        for number in (old, "2036-000001"):
            session.add(
                Contest(
                    id=number, municipality=HEERLEN, case_id=case, number=number, topics=[], sealed=b"",
                    outcome="upheld", opened_by="officer", opened_at=NOW.replace(tzinfo=None),
                )
            )  # fmt: skip
    assert retain(settings, NOW.replace(year=2037))["municipalities"][0]["cases"] == 1
    with reading(engine_of(settings.database)) as session:
        assert list(session.scalars(select(Contest.number))) == ["2036-000001"]
        assert case in disputed_cases(session, HEERLEN)


def names(settings: Settings) -> set[str]:
    lake = Lake(settings, keys=KEYS)
    with reading(lake.engine) as session:
        numbers = list(session.scalars(select(Identity.id).where(Identity.kind == "person")))
    vault = Vault(lake.engine, KEYS, log=lambda **_: None)
    return {str(one.get("name")) for one in vault.reveal(numbers, "test", "test").values()}


def rows(settings: Settings) -> dict[str, int]:
    lake = Lake(settings, keys=KEYS)
    return {name: len(lake.rows(name)) for name in lake.parts()}


def test_r22_erasing_takes_everything_of_one_person_and_leaves_the_log(settings: Settings) -> None:
    lake = Lake(settings, keys=KEYS)
    number = lake.vault.find("person", BSN)
    assert names(settings) == {"Kanarie", "Ander"}
    before = rows(settings)
    gone = erase(settings, BSN, "AVG-2026-18", NOW)
    assert gone["lake_rows"] == 4
    assert gone["sealed_rows"] == 1
    assert rows(settings) == {name: count - 1 for name, count in before.items()}
    assert names(settings) == {"Ander"}
    with reading(lake.engine) as session:
        assert session.get(Identity, number) is None
        assert session.scalars(select(Lookup.hmac).where(Lookup.identity_id == number)).all() == []
        for path, sha256, count in session.execute(select(Part.path, Part.sha256, Part.rows)):
            assert sha256_of(lake.folder / path) == sha256
            assert duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(lake.folder / path)]).fetchall() == [
                (count,)
            ]
    assert lake.sealed.legal_ages([dt.date(2030, 1, 1)]).num_rows == 1
    (logged,) = events(settings, "erased")
    assert BSN not in json.dumps(logged)
    with pytest.raises(LookupError):
        erase(settings, BSN, "AVG-2026-18", NOW)


def test_r22_the_other_person_is_untouched(settings: Settings) -> None:
    erase(settings, BSN, "AVG-2026-18", NOW)
    lake = Lake(settings, keys=KEYS)
    assert lake.vault.find("person", OTHER) is not None
    assert all(count == 1 for count in rows(settings).values())
    lake.vault.prove()


def test_r22_refused_with_the_reason_while_something_must_be_kept(settings: Settings) -> None:
    lake = Lake(settings, keys=KEYS)
    with pytest.raises(KeptError, match=r"ended on 2012-01-01.*12 years"):
        erase(settings, BSN, "AVG-2026-18", dt.datetime(2023, 1, 1, tzinfo=dt.UTC), archive_years=12)
    case = lake.vault.find("case", "D1", HEERLEN)
    assert case is not None
    with writing(lake.engine) as session:
        which = hold(session, SECOND, case, "Beroep bij de rechtbank, zaak 26/123.", NOW)
    with pytest.raises(KeptError, match="legal hold"):
        erase(settings, BSN, "AVG-2026-18", NOW)
    assert lake.vault.find("person", BSN) is not None
    assert events(settings, "erased") == []
    with writing(lake.engine) as session:
        lift_hold(session, SECOND, which, NOW)
    assert erase(settings, BSN, "AVG-2026-18", NOW)


PROGRAM = """
import datetime as dt, sys
from pathlib import Path
from pipelines.erasing import erase
from pipelines.retaining import retain
from tests.pipelines.test_retaining import BSN, LATER, NOW, settings_in
settings = settings_in(Path(sys.argv[1]))
if sys.argv[2] == "retain":
    retain(settings, LATER)
else:
    try:
        erase(settings, BSN, "AVG-2026-18", NOW)
    except LookupError:
        pass
"""


def run(settings: Settings, which: str, kill_at: str | None = None) -> int:
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    environment.pop(VARIABLE, None)
    if kill_at:
        environment[VARIABLE] = kill_at
    words = [sys.executable, "-c", PROGRAM, str(settings.home), which]
    return subprocess.run(words, env=environment, cwd=ROOT, check=False).returncode


@on_sqlite
@pytest.mark.slow
@pytest.mark.parametrize("point", RETENTION_POINTS)
def test_killed_at_any_point_a_deletion_ends_well(point: str, settings: Settings) -> None:
    which = point.split("_")[0]
    assert run(settings, which, kill_at=point) == 137, f"nothing reached {point}"
    assert events(settings, "erased") is not None, "the log verifies whatever happened"
    assert run(settings, which) == 0
    if which == "retain":
        assert scored(settings) == in_matrix(settings) == selected(settings)
        assert len(events(settings, "retained")) == 1
    else:
        assert names(settings) == {"Ander"}
        assert all(count == 1 for count in rows(settings).values())
        assert len(events(settings, "erased")) == 1
    with reading(engine_of(settings.database)) as session:
        for one in session.scalars(select(Generation)):
            assert sha256_of(settings.home / one.path) == one.new_sha256
    assert not list((settings.home / "features").glob("*/*.new"))
