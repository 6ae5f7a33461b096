"""Every place with data of a client is written down, reached by retention and erasure, and named in the proof."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, update

from enforcement.clock import stored
from enforcement.contest import open_contest
from enforcement.database import engine_of, reading, writing
from enforcement.holds import hold, restrict
from enforcement.retention import forget_unselected, unselected_rule
from enforcement.rights_report import told
from enforcement.settings import Settings
from enforcement.tables import Base, Case, Delivery, Event, Identity, Network, Quarantine, Restriction, Tip
from pipelines import stores
from pipelines.arrivals import sha256_of
from pipelines.backup import backup
from pipelines.ended import ended_benefits
from pipelines.erasing import erase
from pipelines.lake import Lake
from pipelines.retaining import retain
from pipelines.rights import access_report
from pipelines.stores import NO_CLIENT_FILES, NO_CLIENT_TABLES, TABLES, every, files_below, markdown, store_of_file
from tests.databases import on_sqlite
from tests.enforcement.province import AS_OF, HEERLEN, NOW, SECOND
from tests.pipelines.deliveries import BSN, KEYS, OTHER, benefit, day, found, income
from tests.pipelines.road import Province
from tests.pipelines.test_retaining import LATER, names, rows, settings  # noqa: F401 - the fixture

ROOT = Path(__file__).resolve().parents[2]
PERSONAL = ("case_id", "person_id", "identity_id", "left_id")
"""columns that hold the number of a client, a case or whom a number stands for"""


def places(proof: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["place"]: one for one in proof["places"]}


def test_r21_every_table_is_a_place_of_clients_or_says_what_it_holds_instead() -> None:
    with_clients = {one.where for one in TABLES}
    assert not with_clients & set(NO_CLIENT_TABLES)
    missing = set(Base.metadata.tables) - with_clients - set(NO_CLIENT_TABLES)
    assert not missing, f"say in pipelines/stores.py what {sorted(missing)} hold and when it goes"
    assert with_clients | set(NO_CLIENT_TABLES) == set(Base.metadata.tables) | {"alembic_version"}
    for table in Base.metadata.sorted_tables:
        if any(column.name in PERSONAL for column in table.columns):
            assert table.name in with_clients, f"{table.name} holds numbers of clients"


def test_r21_a_new_folder_that_nobody_wrote_down_is_found(tmp_path: Path) -> None:
    assert store_of_file("keys/master.key") is None
    matrix = store_of_file("features/2026-11-01/matrix.parquet")
    assert matrix is not None
    assert matrix.term == stores.UNSELECTED
    reviewed = store_of_file("features/reviewed-until-2026-11-01/matrix.parquet")
    assert reviewed is not None
    assert reviewed.term == stores.ARCHIVE
    left = store_of_file("features/contest-0123456789abcdef/matrix.parquet")
    assert left is not None
    assert left.where == stores.LEFT_BEHIND
    with pytest.raises(LookupError, match=r"pipelines/stores.py"):
        store_of_file("exports/people.csv")


def test_r19_the_access_report_has_a_part_for_every_place_that_says_so(settings: Settings) -> None:  # noqa: F811
    """Contests, holds and restrictions are told of a case that is on a list; the person of it is made the client."""
    with writing(engine_of(settings.database)) as session:
        case = session.scalars(select(Case).where(Case.state == "open").order_by(Case.position)).first()
        assert case is not None
        which, number = case.id, case.number
        open_contest(session, SECOND, KEYS, number, ["income"], "Het loon van maart was van mijn zus.", NOW)
        hold(session, SECOND, which, "Beroep bij de rechtbank, zaak 26/123.", NOW)
        restrict(session, SECOND, which, "De getuige wordt nog gehoord.", NOW.date() + dt.timedelta(days=30), NOW)
        parts = told(session, HEERLEN, [which], NOW + dt.timedelta(hours=1), KEYS)
    whole = {*parts, *access_report(settings, BSN, "AVG-2026-17")}
    named = {one.told.split(":")[0].split(",")[0] for one in every() if not one.told.startswith("no")}
    assert named <= whole
    [contest] = parts["contests"]
    assert contest["text"] == "Het loon van maart was van mijn zus."
    assert parts["holds"] == [{"since": NOW.date().isoformat(), "law": "GDPR 17(3)(e)"}]
    assert [one["law"] for one in parts["withheld"]] == ["UAVG 41"]
    assert "rechtbank" not in json.dumps(parts)
    assert {one["action"] for one in parts["readers"]} >= {"contest_opened"}


@pytest.mark.slow
def test_r21_every_file_of_a_whole_province_is_in_a_place_that_is_written_down(province: Province) -> None:
    chosen, _ = province
    seen: set[str] = set()
    for name in files_below(chosen):
        store = store_of_file(name)
        if name.endswith(".parquet") and not name.startswith("truth/"):
            columns = set(pq.read_schema(chosen.home / name).names)
            assert store is not None or not columns & {"case_id", "person_id", "person", "bsn"}, name
        seen.add(store.where if store else "")
    assert {"lake/*/*/*.parquet", "sealed/*.sealed", "features/????-??-??/matrix.parquet", "deliveries/*"} <= seen


def test_the_page_for_the_privacy_officer_says_the_same() -> None:
    assert markdown() in (ROOT / "docs" / "rights.md").read_text("utf-8"), "run python -m pipelines.stores"


def test_r21_the_proof_names_every_place_and_stands_in_the_log(settings: Settings) -> None:  # noqa: F811
    (settings.home / "report.pdf").write_bytes(b"somebody put it here")
    made = retain(settings, LATER)
    assert made["proof"]["not_written_down"] == ["report.pdf"]
    named = places(made["proof"])
    assert {one.where for one in every()} <= set(named)
    assert not any(one["overdue"] for one in named.values())
    assert made["proof"]["deleted"]["scores"] > 0
    [file] = (settings.home / "proofs").glob("retention-*.json")
    assert json.loads(file.read_text())["places"] == made["proof"]["places"]
    with reading(engine_of(settings.database)) as session:
        bodies = [json.loads(body) for body in session.scalars(select(Event.body))]
    [logged] = [one for one in bodies if one["action"] == "retention_proved"]
    assert logged["details"]["sha256"] == sha256_of(file)


def test_r21_what_was_not_deleted_is_told_and_fails_the_job(
    settings: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lazy(session: Any, town: str, rule: Any, keep: frozenset[int]) -> dict[str, int]:
        return {"scores": 0, "networks": 0, "places": 0, "service_items": 0, "tips": 0}

    monkeypatch.setattr("pipelines.retaining.forget_unselected", lazy)
    with pytest.raises(RuntimeError, match=r"'score': \d+"):
        retain(settings, LATER)
    [file] = (settings.home / "proofs").glob("retention-*.json")
    assert places(json.loads(file.read_text()))["score"]["overdue"] > 0


def test_r21_tips_that_no_list_took_up_and_withheld_records_go_after_the_policys_months(
    settings: Settings,  # noqa: F811
) -> None:
    engine = engine_of(settings.database)
    with writing(engine) as session:
        delivery = session.scalars(select(Delivery.id)).first()
        assert delivery is not None
        session.execute(update(Delivery).values(published_at=dt.datetime.combine(AS_OF, dt.time())))
        session.add(
            Tip(
                id="t", municipality=HEERLEN, case_id=10**9, source="colleague", topic="income", received=AS_OF,
                sealed=b"x", recorded_by="x", recorded_at=stored(NOW), placed_in=None,
            )
        )  # fmt: skip
        session.add(Quarantine(delivery_id=delivery, contract=None, at="1", field="x", reason="y", sealed=b"raw"))
    retain(settings, LATER - dt.timedelta(days=30))
    with reading(engine) as session:
        assert session.scalars(select(Tip.id)).all() == ["t"]
        assert session.scalars(select(Quarantine.sealed)).all() == [b"raw"]
    made = retain(settings, LATER)
    assert (made["proof"]["deleted"]["tips"], made["proof"]["deleted"]["withheld"]) == (1, 1)
    with reading(engine) as session:
        assert session.scalars(select(Tip.id)).all() == []
        assert session.execute(select(Quarantine.sealed, Quarantine.reason)).all() == [(None, "y")]


def test_r21_matrices_of_reviewed_cases_go_by_the_archives_years(settings: Settings) -> None:  # noqa: F811
    matrix = settings.home / "features" / "reviewed-until-2026-11-01" / "matrix.parquet"
    matrix.parent.mkdir()
    days = [dt.date(2016, 3, 1), dt.date(2024, 3, 1)]
    pq.write_table(pa.table({"case_id": [1, 2], "municipality": [HEERLEN] * 2, "as_of": days}), matrix)
    retain(settings, LATER)
    assert pq.read_table(matrix)["as_of"].to_pylist() == days[1:]
    generations = json.loads((matrix.parent / "manifest.json").read_text())["generations"]
    assert "10 years" in generations[0]["rule"]


def test_r21_what_one_piece_of_work_left_behind_goes_the_next_day(settings: Settings) -> None:  # noqa: F811
    left = settings.home / "features" / "contest-0123456789abcdef" / "matrix.parquet"
    left.parent.mkdir()
    left.write_bytes(b"a whole matrix")
    at = NOW.timestamp()
    os.utime(left, (at, at))
    assert retain(settings, NOW + dt.timedelta(hours=23))["proof"]["deleted"]["files of features/*"] == 0
    retain(settings, NOW + dt.timedelta(hours=25))
    assert not left.exists()


def delivered(settings: Settings, name: str, bsn: str, at: dt.datetime) -> Path:  # noqa: F811
    """A file that was brought in from the home's folder of deliveries."""
    path = settings.deliveries / "outcomes" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    lake = Lake(settings, seed=1, keys=KEYS)
    assert lake.publish(found(income(bsn, statement=name)), path=path, municipality=HEERLEN).status == "published"
    with writing(lake.engine) as session:
        session.execute(update(Delivery).where(Delivery.file_name == name).values(published_at=stored(at)))
    return path


def test_r21_a_delivered_file_goes_when_it_is_in_the_lake_for_its_days(settings: Settings) -> None:  # noqa: F811
    old, new = (
        delivered(settings, "old.csv", BSN, NOW),
        delivered(settings, "new.csv", BSN, NOW + dt.timedelta(days=20)),
    )
    never = settings.deliveries / "never.csv"
    never.write_text("nobody brought this in")
    changed = settings.deliveries / "old.csv"
    changed.write_text("another content under the same name")
    made = retain(settings, NOW + dt.timedelta(days=31))
    assert made["proof"]["deleted"]["files of deliveries/*"] == 1
    assert [one.exists() for one in (old, new, never, changed)] == [False, True, True, True]
    elsewhere = settings.home.parent / "inbox"
    elsewhere.mkdir()
    new.rename(elsewhere / new.name)
    retain(settings, NOW + dt.timedelta(days=60), deliveries=elsewhere)
    assert not (elsewhere / new.name).exists()


@on_sqlite
def test_r22_an_erasure_takes_the_delivered_file_holds_that_ended_and_says_until_when_backups_know(
    settings: Settings,  # noqa: F811
) -> None:
    mine, others = delivered(settings, "mine.csv", BSN, NOW), delivered(settings, "others.csv", OTHER, NOW)
    case = Lake(settings, keys=KEYS).vault.find("case", "D1", HEERLEN)
    assert case is not None
    with writing(engine_of(settings.database)) as session:
        restrict(session, SECOND, case, "De getuige wordt nog gehoord.", NOW.date() + dt.timedelta(days=30), NOW)
    backup(settings, settings.home.parent / "backups", NOW)
    after = NOW + dt.timedelta(days=31)
    gone = erase(settings, BSN, "AVG-2026-18", after)
    assert gone["delivered_files"] == 1
    assert (mine.exists(), others.exists()) == (False, True)
    assert gone["in_backups_until"] == (NOW + dt.timedelta(days=31)).date().isoformat()
    assert not list((settings.home / "features").glob("*/edges.parquet"))
    with reading(engine_of(settings.database)) as session:
        assert session.scalars(select(Restriction.id)).all() == []


def test_r22_the_periods_of_the_person_go_from_the_drawing_of_a_case_that_is_a_partners_too(
    settings: Settings,  # noqa: F811
) -> None:
    lake = Lake(settings, seed=1, keys=KEYS)
    path = settings.home.parent / "partners.txt"
    path.write_text("partners")
    past = {"start": day("20100101"), "end": day("20120101"), "case": "D3"}
    shared = (benefit(OTHER, **past, name="Ander"), benefit(BSN, **past, name="Kanarie", role="partner"))
    assert lake.publish(found(*shared), path=path, municipality=HEERLEN).status == "published"
    case = lake.vault.find("case", "D3", HEERLEN)
    lanes = [("benefit", "client"), ("income", "client"), ("income", "partner"), ("residence", "partner")]
    with writing(lake.engine) as session:
        network = session.scalars(select(Network)).first()
        assert network is not None
        run = network.run_id
        session.add(
            Network(
                run_id=run, case_id=case, graph={"nodes": [], "edges": []},
                timeline={"rows": [{"lane": lane, "role": role} for lane, role in lanes]},
            )
        )  # fmt: skip
    assert erase(settings, BSN, "AVG-2026-18", NOW)["timelines"] == 1
    with reading(lake.engine) as session:
        kept = session.get_one(Network, (run, case)).timeline["rows"]
    assert [(one["lane"], one["role"]) for one in kept] == lanes[:2]


def test_r21_who_is_off_benefit_longer_than_the_archives_years_goes_when_nothing_came_since(
    settings: Settings,  # noqa: F811
) -> None:
    known = ended_benefits(settings, 10, LATER)
    assert not known.persons, "something was delivered about them in the last ten years"
    much_later = LATER.replace(year=2045)
    case = Lake(settings, keys=KEYS).vault.find("case", "D2", HEERLEN)
    assert case is not None
    with writing(engine_of(settings.database)) as session:
        hold(session, SECOND, case, "Beroep bij de rechtbank, zaak 26/123.", NOW)
    before = rows(settings)
    made = retain(settings, much_later)
    assert made["ended_benefits"]["persons"] == 1
    assert names(settings) == {"Ander"}, "who is held stays"
    assert rows(settings) == {name: count - 1 for name, count in before.items()}
    with reading(engine_of(settings.database)) as session:
        assert len(session.scalars(select(Identity.id).where(Identity.kind == "person")).all()) == 1
    assert retain(settings, much_later + dt.timedelta(days=1))["ended_benefits"] == {"persons": 0}


@on_sqlite
def test_r21_backups_that_nobody_let_expire_are_overdue(settings: Settings) -> None:  # noqa: F811
    backup(settings, settings.home.parent / "backups", NOW)
    assert places(retain(settings, NOW + dt.timedelta(days=31))["proof"])["backups"]["there"] == 1
    with pytest.raises(RuntimeError, match="backups"):
        retain(settings, NOW + dt.timedelta(days=33))
    backup(settings, settings.home.parent / "backups", NOW + dt.timedelta(days=34))
    assert places(retain(settings, NOW + dt.timedelta(days=35))["proof"])["backups"]["there"] == 1


def test_the_rule_of_a_municipality_without_a_policy_is_the_standards(settings: Settings) -> None:  # noqa: F811
    with writing(engine_of(settings.database)) as session:
        rule = unselected_rule(session, "0000", LATER.date())
        assert forget_unselected(session, "0000", rule, frozenset())["scores"] == 0
    assert rule.before == dt.date(2026, 11, 2)
    assert rule.before > AS_OF
    assert NO_CLIENT_FILES["keys/*"] == "keys"
