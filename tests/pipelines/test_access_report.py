"""The access report is complete: canaries planted in every contract are all found, and nobody else's data with them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing
from pathlib import Path
from typing import Any, get_args, get_origin

import pikepdf
import pytest
from sqlalchemy import select

from enforcement.database import reading, writing
from enforcement.errors import RefusedError
from enforcement.holds import restrict
from enforcement.identity import RevealRefusedError
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Event
from features.records import CONTRACTS, Address, Fact, Identifier, PartialDate
from pipelines.lake import Lake
from pipelines.rights import access_report, operator, write_pdf
from tests.enforcement.province import NOW
from tests.pipelines.deliveries import BSN, ENVIRONMENT, KEYS, OTHER, day, found

HERE = "0917"
STREETS = {BSN: "Kanariestraat", OTHER: "Anderestraat"}
CASES = {BSN: "D1", OTHER: "D2"}
COMPANIES = {BSN: "11111111", OTHER: "22222222"}
LISTS = {BSN: "1234567890", OTHER: "9876543210"}
CHOICES = {
    "role": "client",
    "relation": "child",
    "certainty": "resident",
    "state": "open",
    "effect": "none",
    "kind": "claimed",
    "confidentiality": 0,
}


def canary(contract: str, field: str, bsn: str) -> str:
    return f"{'canary' if bsn == BSN else 'other'} {contract} {field}"


def planted(contract: str, bsn: str) -> Any:
    """A record of a contract in which every text says where it was planted."""
    record = CONTRACTS[contract].record
    hints = typing.get_type_hints(record, include_extras=True)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        if get_origin(hints[field.name]) is not typing.Annotated:
            continue
        base, about = get_args(hints[field.name])[:2]
        plain = next((one for one in get_args(base) if one is not type(None)), base)
        values[field.name] = _value(contract, field.name, plain, about, bsn)
    if contract == "functionaries":
        values["role"] = "owner"
    return record(**{name: value for name, value in values.items() if value is not None})


def _value(contract: str, name: str, plain: Any, about: Any, bsn: str) -> Any:
    if isinstance(about, Identifier) and about.kind in ("person", "case", "list"):
        if name.startswith("other"):
            return OTHER if bsn == BSN else None
        return {"person": bsn, "case": CASES[bsn], "list": LISTS[bsn]}[about.kind]
    if plain is Address:
        return Address(street=STREETS[bsn], house_number=1, postcode="6001AB", municipality=HERE)
    if plain is PartialDate:
        return None if name == "end" else day("20240101")
    if name == "company":
        return COMPANIES[bsn]
    if name in CHOICES and isinstance(about, Fact) and about.check:
        return CHOICES[name]
    if plain is dt.date:
        return dt.date(2024, 1, 1)
    if plain in (int, float):
        return 2024 if name == "year" else 1
    return canary(contract, name, bsn) if plain is str else None


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    chosen = Settings(home, 8080, f"sqlite:///{home / 'service.db'}", home / "mlruns", demo=True)
    lake = Lake(chosen, seed=1, keys=KEYS)
    for bsn in (BSN, OTHER):
        path = tmp_path / f"{bsn}.txt"
        path.write_text(bsn)
        report = lake.publish(found(*(planted(name, bsn) for name in CONTRACTS)), path=path, municipality=HERE)
        assert (report.status, report.quarantined) == ("published", ()), report
    return chosen


def test_r19_canaries_in_every_contract_are_all_found_and_nobody_elses(settings: Settings) -> None:
    report = access_report(settings, BSN, "AVG-2026-17")
    assert set(report["lake"]) == set(CONTRACTS)
    said = json.dumps(report, ensure_ascii=False)
    for name, contract in CONTRACTS.items():
        for column in contract.lake_columns:
            if column.type == "VARCHAR" and not column.name.endswith("municipality") and column.name not in CHOICES:
                found_here = report["lake"][name]["rows"][0]["values"].get(column.name)
                assert found_here in (canary(name, column.name, BSN), COMPANIES[BSN], "owner"), (name, column.name)
    assert "Kanariestraat" in said
    assert "canary persons birth_place" in said
    assert "canary benefits sex" in said
    assert report["complete"]
    assert "other " not in said.replace("somebody else", "")
    assert OTHER not in said
    assert "Anderestraat" not in said


def test_r19_every_row_has_its_source_its_date_and_its_law(settings: Settings) -> None:
    for name, told in access_report(settings, BSN, "AVG-2026-17")["lake"].items():
        assert told["legal_basis"] == CONTRACTS[name].legal_basis
        for row in told["rows"]:
            assert row["source"] == CONTRACTS[name].source
            assert dt.datetime.fromisoformat(row["known_at"])
            assert dt.datetime.fromisoformat(row["received_at"])


def test_r14_the_report_is_in_the_log_first_and_fails_closed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    access_report(settings, BSN, "AVG-2026-17")
    with reading(Lake(settings, keys=KEYS).engine) as session:
        bodies = [json.loads(one.body) for one in session.scalars(select(Event))]
    assert [(one["action"], one["purpose"], one["details"]["for"]) for one in bodies] == [
        ("access_report", "access_request", "AVG-2026-17")
    ]
    assert BSN not in json.dumps(bodies)
    with pytest.raises(RefusedError):
        access_report(settings, BSN, " ")
    with pytest.raises(LookupError):
        access_report(settings, "999991772", "AVG-2026-17")

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk is full")

    monkeypatch.setattr("pipelines.rights.audit.append", broken)
    with pytest.raises(RevealRefusedError):
        access_report(settings, BSN, "AVG-2026-17")


def test_the_protected_attributes_stay_closed_where_their_key_is_not_kept(settings: Settings) -> None:
    (settings.keys / "audit.key").unlink()
    report = access_report(settings, BSN, "AVG-2026-17")
    assert not report["complete"]
    assert "canary persons birth_place" not in json.dumps(report)


def test_r19_a_restriction_withholds_the_investigation_and_says_until_when(settings: Settings) -> None:
    lake = Lake(settings, keys=Keys.read(settings.keys))
    case = lake.vault.find("case", "D1", HERE)
    assert case is not None
    end = NOW.date() + dt.timedelta(days=30)
    with writing(lake.engine) as session:
        restrict(session, operator(HERE), case, "De getuige wordt nog gehoord.", end, NOW)
    during = access_report(settings, BSN, "AVG-2026-17", NOW)["municipalities"][HERE]
    assert during["withheld"] == [{"what": "reviews", "law": "UAVG 41", "until": end.isoformat()}]
    after = access_report(settings, BSN, "AVG-2026-17", NOW + dt.timedelta(days=30))["municipalities"][HERE]
    assert after["withheld"] == []
    assert "getuige" not in json.dumps(during)


def test_the_paper_is_a_tagged_pdf_in_dutch(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    assert write_pdf(access_report(settings, BSN, "AVG-2026-17"), file) > 10_000
    with pikepdf.open(file) as document:
        assert document.Root.MarkInfo.Marked
        assert document.Root.Lang == "nl"
        assert "/StructTreeRoot" in document.Root
        with document.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
