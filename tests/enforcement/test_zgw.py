"""A case in a register that speaks the Zaken API: the stub here refuses what the standard refuses.

The schema is our own, written down from the field names and constraints of the published standard (Zaken API 1.5.1);
a real Open Zaak was not at hand.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select

from enforcement import audit, zgw
from enforcement.cases import claim
from enforcement.database import engine_of, reading, writing
from enforcement.findings import approve, save_findings
from enforcement.settings import Settings
from enforcement.tables import Case, Event
from tests.enforcement.province import HEERLEN, NOW, OFFICER, REASONING, SECOND, candidates, drawn, findings, service

ROOT = "https://register.example/zaken/api/v1"
SECRET = "a secret that both sides know, 32 characters"
URI = {"type": "string", "pattern": "^https://", "maxLength": 1000}
DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def shape(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    properties = required | optional
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


TEXT = {"type": "string"}
SHAPES = {
    "zaken": shape(
        {
            "bronorganisatie": {"type": "string", "pattern": r"^\d{9}$"},
            "verantwoordelijkeOrganisatie": {"type": "string", "pattern": r"^\d{9}$"},
            "zaaktype": URI,
            "startdatum": DAY,
        },
        {
            "identificatie": {"type": "string", "maxLength": 40},
            "omschrijving": {"type": "string", "maxLength": 80},
            "registratiedatum": DAY,
            "uiterlijkeEinddatumAfdoening": DAY,
            "vertrouwelijkheidaanduiding": {"enum": ["zaakvertrouwelijk", "vertrouwelijk", "intern", "openbaar"]},
            "archiefstatus": {"enum": ["nog_te_archiveren", "gearchiveerd", "overgedragen"]},
        },
    ),
    "statussen": shape(
        {"zaak": URI, "statustype": URI, "datumStatusGezet": {"type": "string", "pattern": "T.*Z$"}},
        {"statustoelichting": {"type": "string", "maxLength": 1000}},
    ),
    "resultaten": shape({"zaak": URI, "resultaattype": URI}, {"toelichting": {"type": "string", "maxLength": 1000}}),
    "zaakeigenschappen": shape({"zaak": URI, "eigenschap": URI, "waarde": TEXT}, {}),
    "rollen": shape(
        {
            "zaak": URI,
            "betrokkeneType": {"enum": ["natuurlijk_persoon", "medewerker"]},
            "roltype": URI,
            "roltoelichting": {"type": "string", "maxLength": 1000},
        },
        {"betrokkeneIdentificatie": shape({}, {"inpBsn": {"type": "string", "pattern": r"^\d{9}$"}})},
    ),
}


@dataclasses.dataclass
class Answer:
    status_code: int
    body: Any

    def json(self) -> Any:
        return self.body


@dataclasses.dataclass
class Stub:
    """A register in memory. `sent`: every body that came in."""

    kept: dict[str, list[dict[str, Any]]] = dataclasses.field(default_factory=lambda: {name: [] for name in SHAPES})
    sent: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    fails_at: str = ""

    def __call__(self, method: str, address: str, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Answer:
        claims = jwt.decode(
            headers["Authorization"].removeprefix("Bearer "), OctKey.import_key(SECRET), algorithms=["HS256"]
        ).claims
        assert claims["client_id"] == claims["iss"] == "weegschaal"
        assert headers["Accept-Crs"] == headers["Content-Crs"] == "EPSG:4326"
        assert address.startswith(ROOT)
        parts = urlsplit(address)
        name, asked = parts.path.rsplit("/", 1)[-1], {key: value[0] for key, value in parse_qs(parts.query).items()}
        if method == "GET":
            found = [one for one in self.kept[name] if all(one.get(key) == value for key, value in asked.items())]
            if name == "zaakeigenschappen":
                number = parts.path.split("/")[-2]
                return Answer(200, [one for one in found if one["zaak"].endswith(number)])
            return Answer(200, {"count": len(found), "next": None, "previous": None, "results": found})
        assert body is not None
        jsonschema.validate(body, SHAPES[name])
        if name == self.fails_at:
            return Answer(500, {})
        zaak = next((one for one in self.kept["zaken"] if one["url"] == body.get("zaak")), None)
        if name != "zaken":
            assert zaak is not None, "about a zaak that is not there"
            if zaak["einddatum"]:
                return Answer(400, {"code": "zaak-closed"})
        if name == "statussen" and zaak is not None and body["statustype"].endswith("closed"):
            if not zaak["resultaat"]:
                return Answer(400, {"code": "resultaat-does-not-exist"})
            zaak["einddatum"] = body["datumStatusGezet"][:10]
        made = {**body, "url": f"{ROOT}/{name}/{len(self.kept[name]):08d}"}
        if name == "zaken":
            made |= {"resultaat": None, "einddatum": None}
        if name == "resultaten" and zaak is not None:
            zaak["resultaat"] = made["url"]
        self.kept[name].append(made)
        self.sent.append((name, dict(body)))
        return Answer(201, made)


CATALOGUE = "https://register.example/catalogi/api/v1"
CONTENT = {
    "zaken": ROOT,
    "client": "weegschaal",
    "rsin": "123456782",
    "zaaktype": f"{CATALOGUE}/zaaktypen/1",
    "statustypes": {name: f"{CATALOGUE}/statustypen/{name}" for name in ("opened", "in_progress", "closed")},
    "resultaattypes": {"client_late_or_mistaken": f"{CATALOGUE}/resultaattypen/3"},
    "eigenschappen": {name: f"{CATALOGUE}/eigenschappen/{name}" for name in ("cause", "effect")},
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, Path, str, str]:
    """A case that was closed with findings, one in hand, and many that nobody took."""
    monkeypatch.setenv("WEEGSCHAAL_ZGW_SECRET", SECRET)
    engine = service(tmp_path)
    with writing(engine) as session:
        drawn(session, candidates(120))
    numbers = []
    with writing(engine) as session:
        plain = select(Case.number).where(Case.blind.is_(False), Case.double.is_(False)).order_by(Case.number).limit(2)
        numbers = list(session.scalars(plain))
        taken = claim(session, OFFICER, numbers[0], NOW)
        saved = save_findings(session, OFFICER, numbers[0], findings(), taken.version, NOW)
        approve(session, SECOND, numbers[0], saved.version, NOW)
        claim(session, OFFICER, numbers[1], NOW)
    file = tmp_path / "zgw.json"
    file.write_text(json.dumps({HEERLEN: CONTENT}))
    settings = Settings(home=tmp_path, port=1, database=str(engine.url), mlruns=tmp_path, demo=True)
    return settings, file, numbers[0], numbers[1]


def test_a_case_becomes_a_zaak_with_status_result_and_properties(world: tuple[Settings, Path, str, str]) -> None:
    settings, file, closed, in_hand = world
    stub = Stub()
    made = zgw.export_all(settings, file, stub, NOW)
    assert [(one.number, one.new, one.result) for one in made] == [(closed, True, True), (in_hand, True, False)]
    first, second = stub.kept["zaken"]
    assert first["identificatie"] == f"weegschaal-{HEERLEN}-{closed}"
    assert first["einddatum"] == NOW.date().isoformat()
    assert second["einddatum"] is None
    assert [one["statustype"].rsplit("/", 1)[-1] for one in stub.kept["statussen"]] == ["closed", "in_progress"]
    assert [one["waarde"] for one in stub.kept["zaakeigenschappen"]] == ["client_late_or_mistaken", "down"]
    assert len(stub.kept["resultaten"]) == 1


def test_nothing_leaves_that_the_register_does_not_need(world: tuple[Settings, Path, str, str]) -> None:
    settings, file, *_ = world
    stub = Stub()
    zgw.export_all(settings, file, stub, NOW)
    said = json.dumps(stub.sent)
    for kept_here in (REASONING, '12345"', "123.45", "officer.heerlen", "inpBsn", "place", "position"):
        assert kept_here not in said
    assert not stub.kept["rollen"]
    assert not re.search(r"\b9\d{8}\b", said)


def test_exported_again_nothing_is_made_twice_and_after_a_failure_it_goes_on(
    world: tuple[Settings, Path, str, str],
) -> None:
    settings, file, *_ = world
    whole = Stub()
    zgw.export_all(settings, file, whole, NOW)
    before = len(whole.sent)
    assert [one.new for one in zgw.export_all(settings, file, whole, NOW)] == [False, False]
    assert len(whole.sent) == before
    for name in ("zaken", "resultaten", "zaakeigenschappen", "statussen"):
        broken = Stub(fails_at=name)
        with pytest.raises(zgw.RegisterError, match="500"):
            zgw.export_all(settings, file, broken, NOW)
        broken.fails_at = ""
        zgw.export_all(settings, file, broken, NOW)
        assert {one: len(kept) for one, kept in broken.kept.items()} == {one: len(k) for one, k in whole.kept.items()}


def test_r14_what_went_out_is_in_the_log(world: tuple[Settings, Path, str, str]) -> None:
    settings, file, closed, in_hand = world
    zgw.export_all(settings, file, Stub(), NOW)
    with reading(engine_of(settings.database)) as session:
        bodies = [json.loads(body) for body in session.scalars(select(Event.body).order_by(Event.number))]
        assert audit.check(audit.chain(session, HEERLEN)) == []
    assert [one["object"] for one in bodies if one["action"] == "zgw_exported"] == [f"case:{closed}", f"case:{in_hand}"]


def test_the_bsn_goes_only_when_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEEGSCHAAL_ZGW_SECRET", SECRET)
    one = zgw.Dossier("2026-000001", HEERLEN, 7, "claimed", NOW.date(), NOW.date(), NOW, None, None, None)
    without, with_role = Stub(), Stub()
    zgw.export(zgw.Register.read(CONTENT), one, without, "999990019")
    assert "999990019" not in json.dumps(without.sent)
    zgw.export(zgw.Register.read(CONTENT | {"roltype": f"{CATALOGUE}/roltypen/1"}), one, with_role, "999990019")
    assert with_role.kept["rollen"][0]["betrokkeneIdentificatie"] == {"inpBsn": "999990019"}


@pytest.mark.parametrize(
    ("change", "word"),
    [({"zaken": "http://elsewhere"}, "https"), ({"rsin": ""}, "rsin"), ({"other": 1}, "other")],
)
def test_settings_that_are_not_right_are_named(
    change: dict[str, Any], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEEGSCHAAL_ZGW_SECRET", SECRET)
    with pytest.raises(ValueError, match=word):
        zgw.Register.read(CONTENT | change)
    monkeypatch.setenv("WEEGSCHAAL_ZGW_SECRET", "short")
    with pytest.raises(ValueError, match="WEEGSCHAAL_ZGW_SECRET"):
        zgw.Register.read(CONTENT)
