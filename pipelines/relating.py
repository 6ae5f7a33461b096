"""What stands around one case on a date, and which places are worth a look: for an investigator at the command line.

Only what was known and true before the date is in it, so the same date gives the same graph. Identities are shown for a
purpose only, which is logged first.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from enforcement import audit
from enforcement.database import engine_of, writing
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from features.matrix import case_members, cases_on
from features.relations.ego import egos
from features.relations.ftm import entities
from features.relations.places import places
from pipelines.graph import graph
from pipelines.lake import Lake, newest_date
from pipelines.resolving import merged

FORMATS = ("json", "ftm")


def relations(
    settings: Settings,
    case: str,
    municipality: str | None,
    as_of: dt.date | None,
    form: str,
    reveal: str | None,
    actor: str = "command line",
) -> dict[str, Any]:
    """The graph of one case: {"case", "municipality", "as_of", "nodes", "edges", "left_out"}, or with form "ftm"
    {"case", "municipality", "as_of", "entities"}.

    case: the random number of the lake, or the dossier number with its municipality. With `reveal` the nodes carry
    `told` (name or address) and the purpose stands in the log. Raises LookupError when no benefit of the case runs on
    the date, ValueError for another form, RevealRefusedError.
    """
    if form not in FORMATS:
        raise ValueError(f"{form!r} is no format; give {' or '.join(FORMATS)}")
    lake = Lake(settings)
    day = as_of or newest_date(lake)
    number = _number(lake.vault, case, municipality)
    folder = _folder(settings, day)
    parts = lake.parts()
    running = cases_on(parts, [day], folder)
    wanted = running.filter(pc.equal(running["case_id"], pa.scalar(number, pa.int64())))
    if not len(wanted):
        raise LookupError(f"no benefit of case {case} runs on {day.isoformat()}; give another date or case")
    town = wanted["municipality"][0].as_py()
    members = case_members(parts, wanted, folder)
    known_then = dt.datetime.combine(day, dt.time(), dt.UTC)
    edges = graph(settings, parts, day, merged(settings, known_then))
    around = dict(egos(edges, members, [number]))[number]
    told = _told(settings, town, number, around["nodes"], reveal, actor) if reveal is not None else {}
    about = {"case": str(number), "municipality": town, "as_of": day.isoformat()}
    if form == "ftm":
        return {**about, "entities": list(entities(around, str(number), told))}
    nodes = [node | ({"told": told[node["id"]]} if node["id"] in told else {}) for node in around["nodes"]]
    return {
        **about,
        "nodes": nodes,
        "edges": around["edges"],
        "left_out": around["left_out"],
    }


def places_to_look_at(settings: Settings, kind: str, as_of: dt.date | None, most: int) -> dict[str, Any]:
    """{"kind", "as_of", "places": ranked from 1 with facts, "left_out": hubs by reason}. Raises ValueError."""
    lake = Lake(settings)
    day = as_of or newest_date(lake)
    parts = lake.parts()
    ranking = places(parts, day, _folder(settings, day), kind, most, graph(settings, parts, day))
    rows = [{"rank": rank, **dataclasses.asdict(one)} for rank, one in enumerate(ranking.places, 1)]
    return {
        "kind": kind,
        "as_of": day.isoformat(),
        "places": rows,
        "left_out": ranking.left_out,
    }


def _folder(settings: Settings, day: dt.date) -> Path:
    folder = settings.home / "features" / "relations" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _number(vault: Vault, case: str, municipality: str | None) -> int:
    if municipality is not None:
        found = vault.find("case", case, municipality)
        if found is None:
            raise LookupError(f"municipality {municipality} has no dossier {case}")
        return found
    if not case.isdigit() or int(case) >= 2**63:
        raise LookupError(f"{case!r} is not the number of a case; for a dossier number give --municipality too")
    return int(case)


def _told(
    settings: Settings,
    town: str,
    case: int,
    nodes: Sequence[Mapping[str, Any]],
    purpose: str,
    actor: str,
) -> dict[str, dict[str, str]]:
    """Node -> name of a person, or full, postalCode and city of an address."""
    engine = engine_of(settings.database)

    def log(*, actor: str, purpose: str, ids: Sequence[int]) -> None:
        with writing(engine) as session:
            details = {"identities": len(ids)}
            audit.append(
                session,
                town,
                actor,
                "operator",
                "identity_revealed",
                f"case:{case}",
                purpose,
                details,
            )

    numbers = {
        node["id"]: int(node[field])
        for node in nodes
        for field in ("person_id", "address_id")
        if node[field] is not None
    }
    vault = Vault(engine, Keys.read(settings.keys, create=False), log=log)
    known = vault.reveal(numbers.values(), purpose.strip(), actor)
    return {node: _shown(known[number]) for node, number in numbers.items() if number in known}


def _shown(about: Mapping[str, Any]) -> dict[str, str]:
    if about["kind"] != "address":
        return {"name": about["name"]} if about.get("name") else {}
    door = "".join(about.get(part) or "" for part in ("house_number", "house_letter", "house_addition"))
    full = " ".join(one for one in (about.get("street"), door) if one)
    shown = {
        "full": full,
        "postalCode": about.get("postcode"),
        "city": about.get("city"),
    }
    return {name: text for name, text in shown.items() if text}
