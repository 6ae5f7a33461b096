"""Documents of a model, built from what the installation knows of it and kept with it (R26, R27)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlalchemy.orm import Session

from enforcement.adoption import adopted
from enforcement.clock import shown
from enforcement.database import engine_of, reading
from enforcement.promotion import approvals, promotions
from enforcement.settings import Settings
from enforcement.tables import Adoption, Part
from features.catalogue import CATALOGUE
from models.candidate import Fitted
from models.card import Known, card
from models.document import Document
from models.global_picture import Picture, picture
from models.register_record import register_record
from models.registry import Registry
from models.report import report_page
from models.technical_file import data_sheet, instructions, technical_file

KINDS = ("card", "technical-file", "instructions", "data-sheet", "register-record", "training-report")


def build(settings: Settings, version: str | None) -> dict[str, bytes]:
    """Every document of the champion or a version as name -> bytes, kept with the model: HTML and JSON of each kind,
    JSON alone of the register record. Raises LookupError for an unknown version, TamperedError for a changed one."""
    registry = Registry(settings.mlruns)
    what = known(settings, version)
    made: dict[str, bytes] = {"register-record.json": _json(register_record(what))}
    for kind, document in pages(what).items():
        made[f"{kind}.html"] = document.html()
        made[f"{kind}.json"] = _json(document.data() | (_picture(what) if kind == "card" else {}))
    about = _about(what.registered, what.promotion, what.adopted_by)
    registry.keep(str(what.registered["version"]), made, _hash(about), about)
    return made


def editions(settings: Settings, version: str | None) -> dict[str, Any]:
    """Every edition of the documents of the champion or a version, oldest first: {version, editions: [{edition,
    made_at, of, about, documents}]}; `documents` is name -> sha256 of what is new in it. Raises LookupError."""
    registry = Registry(settings.mlruns)
    found = [
        {
            "edition": one.number,
            "made_at": one.made_at.isoformat(timespec="seconds"),
            "of": _in_words(one.about),
            "about": dict(one.about),
            "documents": dict(one.documents),
        }
        for one in registry.editions(version)
    ]
    return {"version": registry.described(version)["version"], "editions": found}


def edition_of(settings: Settings, version: str | None, kind: str, edition: int) -> dict[str, bytes]:
    """The documents of one kind as they were in force when an edition was the newest, name -> bytes.

    Raises LookupError when there was none, TamperedError when one was changed since.
    """
    registry, forms = Registry(settings.mlruns), ("json",) if kind == "register-record" else ("json", "html")
    return {f"{kind}.{form}": registry.document(version, f"{kind}.{form}", edition) for form in forms}


def _in_words(about: Mapping[str, Any]) -> str:
    """What a model was when an edition was made: its role, promotion, adoption and freezing."""
    asked, towns = about.get("asked") or {}, about.get("adopted_by") or ()
    parts = [*about.get("aliases", ())]
    parts += ["for demonstration"] if about.get("demo") else []
    parts += [f"promotion {asked['id']} {asked['state']}"] if asked else []
    parts += [f"adopted by {', '.join(towns)}"] if towns else []
    parts += ["frozen"] if about.get("frozen") else []
    return ", ".join(parts) or "trained"


def renew(settings: Settings) -> list[str]:
    """Build the documents again of every version whose promotion, adoption or freezing they do not tell of yet; the
    versions that were behind. A version without a request has those of its training, until it is for demonstration no
    more."""
    registry = Registry(settings.mlruns)
    displaced = {version for version in registry.versions() if _displaced(registry, version)}
    with reading(engine_of(settings.database)) as session:
        asked = {one.model_version for one in promotions(session)}
        now = {version: _use(session, version) for version in sorted(asked | displaced, key=int)}
    behind = []
    for version, (promotion, towns) in now.items():
        registered = registry.described(version)
        if not registered["documents"] or registered["documents_of"] != _hash(_about(registered, promotion, towns)):
            build(settings, version)
            behind.append(version)
    return behind


def _displaced(registry: Registry, version: str) -> bool:
    """Whether the newest documents of a version call it a demonstration and the registry does so no more."""
    told = registry.editions(version)
    return bool(told and told[-1].about.get("demo")) and not registry.described(version)["demo"]


def _about(registered: Mapping[str, Any], promotion: Mapping[str, Any], adopted_by: Sequence[str]) -> dict[str, Any]:
    """What may change about a registered model."""
    changing = {name: registered[name] for name in ("aliases", "demo", "promotion", "frozen")}
    return changing | {"asked": dict(promotion), "adopted_by": list(adopted_by)}


def _hash(about: Mapping[str, Any]) -> str:
    return hashlib.sha256(_json(about)).hexdigest()


def _use(session: Session, version: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The newest promotion of a version, empty when nobody asked, and the municipalities that adopted it."""
    asked = promotions(session, version)
    if not asked:
        return {}, ()
    one = asked[0]
    promotion = {name: getattr(one, name) for name in ("audit", "dpia", "fria", "iama", "trainer", "why")}
    promotion |= {
        "id": one.id,
        "state": str(one.state),
        "audited_on": one.audited_on.isoformat(),
        "approved_by": [given.user_id for given in approvals(session, one.id)],
        "settled_at": shown(one.settled_at).isoformat() if one.settled_at else None,
        "expires_on": one.expires_on.isoformat() if one.expires_on else None,
    }
    towns = sorted(session.scalars(sql_select(Adoption.municipality).where(Adoption.promotion_id == one.id).distinct()))
    return promotion, tuple(town for town in towns if adopted(session, town, version))


def pages(what: Known) -> dict[str, Document]:
    """The documents that people read, by kind."""
    return {
        "card": card(what),
        "technical-file": technical_file(what),
        "instructions": instructions(what),
        "data-sheet": data_sheet(what),
        "training-report": report_page(what),
    }


def known(settings: Settings, version: str | None) -> Known:
    """All that is known of a model. Raises LookupError for an unknown version, TamperedError for a changed one."""
    registry = Registry(settings.mlruns)
    registered = registry.load(version)
    described = registry.described(registered.version)
    with reading(engine_of(settings.database)) as session:
        promotion, adopters = _use(session, registered.version)
        of_contract = (func.count(Part.delivery_id.distinct()), func.sum(Part.rows), func.max(Part.known_until))
        rows = session.execute(
            sql_select(Part.contract, *of_contract).group_by(Part.contract).order_by(Part.contract)
        ).all()
    contracts = [
        {"contract": name, "deliveries": count, "rows": int(size), "until": until.date().isoformat() if until else None}
        for name, count, size, until in rows
    ]
    return Known(
        registered=described,
        report=registered.report,
        features=CATALOGUE,
        picture=_pictured(settings, registered.model, str(described["params"].get("matrix_sha256", "")))
        or _kept_picture(registry, described),
        promotion=promotion,
        adopted_by=adopters,
        data={"contracts": contracts},
    )


def _pictured(settings: Settings, model: Fitted, sha256: str) -> Picture | None:
    """The picture over the training matrix; None when it is gone or is another one."""
    place = next((path for path in _matrices(settings) if _sha256(path) == sha256), None)
    if place is None:
        return None
    table = pq.read_table(place, columns=list(model.names))
    cells = np.column_stack([table.column(name).to_numpy().astype(np.float64) for name in model.names])
    return picture(model, cells)


def _kept_picture(registry: Registry, described: Mapping[str, Any]) -> Picture | None:
    """The picture that was kept with the card, for when the matrix is deleted (R21); None when there was none."""
    if "card.json" not in described["documents"]:
        return None
    data = json.loads(registry.document(described["version"], "card.json")).get("picture")
    return Picture.of(data) if data else None


def _matrices(settings: Settings) -> list[Path]:
    return sorted((settings.home / "features").glob("reviewed-until-*/matrix.parquet"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _picture(what: Known) -> dict[str, Any]:
    # Without the hashes of the documents before: a card would never be the same twice.
    model = {name: one for name, one in what.registered.items() if name not in ("documents", "documents_of")}
    return {"model": model, "picture": what.picture.data() if what.picture else None}


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str).encode()
