"""What an operator does with models from the command line: ask for a promotion, work the switch, freeze a model."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select as sql_select

from enforcement import switch as switches
from enforcement.access import Role, Viewer
from enforcement.clock import shown
from enforcement.database import engine_of, reading, writing
from enforcement.draws import yearly_secret
from enforcement.errors import ForbiddenError
from enforcement.promotion import References, approvals, promotions, request
from enforcement.settings import Settings
from enforcement.tables import Draw, Promotion, Run
from enforcement.users import grants
from models.registry import Registry
from pipelines.documents import build as build_documents


def ask(settings: Settings, version: str, references: References, user: str, trainer: str | None) -> dict[str, Any]:
    """A request in the name of a data scientist; it changes nothing until two people approve it in the service. The
    trainer is who the registry says; `trainer` counts only where nobody was recorded.

    Raises LookupError for an unknown version, ForbiddenError when the user is no data scientist, and as `request` does.
    """
    registry = Registry(settings.mlruns)
    known = registry.described(version)
    with writing(engine_of(settings.database)) as session:
        towns = [town for town, role in grants(session, user) if role == Role.DATA_SCIENTIST]
        if not towns:
            raise ForbiddenError(f"{user} is no data scientist; only a data scientist asks for a promotion")
        viewer = Viewer(user, towns[0], Role.DATA_SCIENTIST)
        asked = request(
            session,
            viewer,
            known["version"],
            known["sha256"],
            references,
            dt.datetime.now(dt.UTC),
            trainer=known["trainer"] or trainer,
            frozen=known["frozen"],
        )
        answer = told(asked, [])
    registry.challenge(known["version"])
    build_documents(settings, known["version"])
    return answer | {"documents": registry.edition_at(known["version"], dt.datetime.now(dt.UTC))}


def listed(settings: Settings) -> list[dict[str, Any]]:
    """Every promotion, newest first, with who approved, and the edition of the model's documents that was in force when
    it was settled, or is now."""
    registry, now = Registry(settings.mlruns), dt.datetime.now(dt.UTC)
    with reading(engine_of(settings.database)) as session:
        return [
            told(one, [given.user_id for given in approvals(session, one.id)])
            | {"documents": registry.edition_at(one.model_version, shown(one.settled_at) if one.settled_at else now)}
            for one in promotions(session)
        ]


def told(one: Promotion, approved_by: list[str]) -> dict[str, Any]:
    return {
        "promotion": one.id,
        "version": one.model_version,
        "state": str(one.state),
        "trainer": one.trainer,
        "requested_by": one.requested_by,
        "requested_at": shown(one.requested_at).isoformat(timespec="seconds"),
        "audit": one.audit,
        "audited_on": one.audited_on.isoformat(),
        "dpia": one.dpia,
        "fria": one.fria,
        "iama": one.iama,
        "approved_by": approved_by,
        "expires_on": one.expires_on.isoformat() if one.expires_on else None,
        "why": one.why,
    }


def switch(settings: Settings, off: bool, reason: str, municipality: str | None) -> dict[str, Any]:
    """Work the switch of one municipality, or of all that have a list: {"off", "municipalities": [...]}.

    Each in a transaction of its own, so that one that is off already keeps nobody waiting. Raises LookupError when
    there is no such municipality, ConflictError when there was nothing to change.
    """
    engine = engine_of(settings.database)
    with reading(engine) as session:
        towns = sorted(set(session.scalars(sql_select(Draw.municipality))))
        if municipality is not None and municipality not in towns:
            raise LookupError(f"municipality {municipality} has no list; there are {', '.join(towns) or 'none'}")
        chosen = [municipality] if municipality else [t for t in towns if switches.is_off(session, t) != off]
    if not chosen:
        raise LookupError(f"the ranking is {'off' if off else 'on'} everywhere already")
    moment = dt.datetime.now(dt.UTC)
    rows: list[dict[str, Any]] = []
    for town in chosen:
        with writing(engine) as session:
            if off:
                secrets = _secrets(settings, session)
                effect = switches.switch_off(session, town, switches.Actor(), reason, secrets, moment)
                counts = {"withdrawn": effect.withdrawn, "continuing": effect.continuing, "drawn": effect.drawn}
                rows.append({"municipality": town} | counts)
            else:
                switches.switch_on(session, town, switches.Actor(), reason, moment)
                rows.append({"municipality": town})
    return {"off": off, "municipalities": rows}


def freeze(settings: Settings, version: str, reason: str) -> dict[str, Any]:
    """The first step of a discrimination incident (pipelines/incident.py, R31): {"version", "municipalities":
    [{municipality, scored, listed_for_risk}]}."""
    registry = Registry(settings.mlruns)
    registry.described(version)
    with writing(engine_of(settings.database)) as session:
        found = switches.freeze_model(
            session, version, switches.Actor(), reason, _secrets(settings, session), dt.datetime.now(dt.UTC)
        )
        registry.freeze(version, reason)
    return {
        "version": version,
        "municipalities": [
            {"municipality": one.municipality, "scored": one.scored, "listed_for_risk": list(one.listed_for_risk)}
            for one in found
        ],
    }


def _secrets(settings: Settings, session: Any) -> dict[int, bytes]:
    years = {day.year for day in session.scalars(sql_select(Run.as_of))}
    return {year: yearly_secret(settings.keys, year) for year in years}
