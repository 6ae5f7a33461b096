"""Who is who, on a lake: what was first seen apart has numbers of its own, joined on record and never by rewriting."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from enforcement.database import engine_of, reading
from enforcement.errors import RefusedError
from enforcement.identity import RevealRefusedError, Vault
from enforcement.settings import Settings
from enforcement.tables import Event, Identity, IdentityJudgement
from features.records import Address, Functionary
from pipelines import resolving
from pipelines.ingest import ingest
from pipelines.lake import Lake
from pipelines.steps import unseen
from tests.pipelines.deliveries import (
    BSN,
    ENVIRONMENT,
    MOMENT,
    OTHER,
    benefit,
    day,
    found,
    lake_in,
    person,
    settings_in,
    stay,
)
from tests.shared import SHARED, needs_shared

FOREIGN = "A9876543210"
NAME = {"name": "Ana Maria Oliveira", "birth_date": day("19800517")}
HOME = Address(street="Dorpsstraat", house_number=1, postcode="6001AB", city="Weert", bag_object="0988010000000001")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys with which the tests' lake is made."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def publish(lake: Lake, name: str, *records: Any) -> None:
    path = lake.folder.parent / name
    path.write_text(name)
    lake.publish(found(*records), path=path, municipality="0917", received_at=MOMENT)


def compare(settings: Settings) -> dict[str, Any]:
    return resolving.compare(settings, "records of one person together", unseen)


def of(lake: Lake, kind: str, name: str) -> int:
    number = Vault(lake.engine, lake.keys).find(kind, name)
    assert number is not None
    return number


def files(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*.parquet")}


def seen_apart(home: Path) -> tuple[Lake, int, int]:
    """A director known by A-nummer, a client known by BSN, and then the list that names both."""
    lake = lake_in(home)
    publish(lake, "kvk", Functionary(company="12345678", person="A1234567890", role="director", start=day("20200101")))
    publish(lake, "benefits", benefit())
    publish(lake, "brp", person(list="1234567890"))
    return lake, of(lake, "person", BSN), of(lake, "person", "A1234567890")


def test_a_bsn_and_an_a_nummer_first_seen_apart_are_joined_on_record_and_apart_again(tmp_path: Path) -> None:
    _, client, director = seen_apart(tmp_path)
    settings = settings_in(tmp_path)
    before = files(tmp_path)
    assert client != director
    assert resolving.merged(settings) == {}
    assert compare(settings)["delivered_together"] == {"person": 1, "address": 0}
    assert resolving.merged(settings) == {director: client}
    assert files(tmp_path) == before, "no record is rewritten"
    assert compare(settings)["taken_back"] == 0
    [row] = resolving.listed(settings)["judgements"]
    assert row["basis"] == "delivery"
    resolving.take_back(settings, "0917", row["number"], "mistake of the registry")
    assert resolving.merged(settings) == {}
    assert resolving.merged(settings, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) == {}


def test_a_bag_object_and_a_postcode_first_seen_apart_are_joined(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    bag = Address(street="Dorpsstraat", house_number=1, bag_object=HOME.bag_object)
    door = Address(street="Dorpsstraat", house_number=1, postcode="6001AB")
    publish(lake, "one", stay(address=bag))
    publish(lake, "two", stay(OTHER, address=door))
    publish(lake, "three", stay(address=HOME, start=day("20250101")))
    settings = settings_in(tmp_path)
    assert compare(settings)["delivered_together"]["address"] == 1
    [(number, name)] = resolving.merged(settings).items()
    assert name == of(lake, "address", f"bag:{HOME.bag_object}"), "the BAG object gives the name"
    assert number != name


def without_bsn(home: Path) -> tuple[Settings, int, int]:
    """Someone on a list without a BSN, and the same name, birth date and home under a BSN."""
    lake = lake_in(home)
    publish(lake, "abroad", person(FOREIGN, list="9876543210", **NAME), stay(FOREIGN, address=HOME))
    publish(lake, "here", person(OTHER, list="1111111111", **NAME), stay(OTHER, address=HOME))
    return settings_in(home), of(lake, "person", FOREIGN), of(lake, "person", OTHER)


def test_without_a_bsn_a_match_weight_joins_and_says_why_without_a_name(tmp_path: Path) -> None:
    settings, foreign, known = without_bsn(tmp_path)
    assert compare(settings)["same"] == 1
    assert resolving.merged(settings) == {foreign: known}
    [row] = resolving.listed(settings)["judgements"]
    assert row["basis"] == "weight"
    assert row["waterfall"][-1]["total"] == pytest.approx(row["weight"], abs=0.02)
    with reading(engine_of(settings.database)) as session:
        kept = json.dumps([one.waterfall for one in session.scalars(select(IdentityJudgement))])
        logged = "".join(one.body for one in session.scalars(select(Event)))
    assert not [text for text in ("oliveira", "1980", "6001ab", BSN) if text in (kept + logged).lower()]
    assert "records of one person together" in logged


def test_a_persons_judgement_holds_and_taking_it_back_gives_what_there_was(tmp_path: Path) -> None:
    settings, foreign, known = without_bsn(tmp_path)
    compare(settings)
    before = resolving.identities(settings)
    made = resolving.judge(settings, "0917", foreign, known, "not_same", "two sisters")
    assert resolving.merged(settings) == {}
    compare(settings)
    assert resolving.merged(settings) == {}, "comparing again does not win over a person"
    resolving.take_back(settings, "0917", made["number"], "mistaken")
    assert resolving.identities(settings) == before
    with pytest.raises(RefusedError, match="taken back before"):
        resolving.take_back(settings, "0917", made["number"], "again")


def test_two_bsns_are_never_called_the_same(tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    publish(lake, "here", person(list="2222222222", **NAME), person(OTHER, list="1111111111", **NAME))
    settings = settings_in(tmp_path)
    assert compare(settings)["same"] == 0
    with pytest.raises(RefusedError, match="BSN of their own"):
        resolving.judge(settings, "0917", of(lake, "person", BSN), of(lake, "person", OTHER), "same", "looks alike")


def test_r14_nothing_is_opened_without_a_purpose(tmp_path: Path) -> None:
    settings, foreign, known = without_bsn(tmp_path)
    with pytest.raises(RevealRefusedError):
        resolving.compare(settings, "  ", unseen)
    with pytest.raises(RevealRefusedError):
        resolving.judge(settings, "0917", foreign, known, "same", " ")
    assert resolving.listed(settings)["judgements"] == []


@needs_shared
def test_on_the_brp_test_set_no_two_bsns_are_merged(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    ingest(settings, [SHARED / "brp" / "gbav-testset-persoonslijsten.csv"], seed=1)
    result = compare(settings)
    assert result["people"] > result["without_bsn"] > 0
    lake = Lake(settings)
    with reading(lake.engine) as session:
        numbers = session.scalars(select(Identity.id).where(Identity.kind == "person")).all()
    told = Vault(lake.engine, lake.keys, log=lambda **_: None).reveal(numbers, "test", "test")
    named = resolving.identities(settings)
    bsns: dict[int, set[str]] = {}
    for number, about in told.items():
        bsns.setdefault(named.of(number), set()).update(n for n in about["names"] if len(n) == 9 and n.isdigit())
    assert not [found for found in bsns.values() if len(found) > 1]
