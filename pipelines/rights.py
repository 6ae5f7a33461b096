"""What a privacy officer does for a client from the command line: the letter, the report of all that is known, what is
not told yet and what may not be deleted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit, holds, notices, raw, rights_report
from enforcement.access import Purpose, Role, Viewer
from enforcement.cases import find
from enforcement.clock import shown
from enforcement.database import engine_of, reading, writing
from enforcement.errors import NotFoundError, RefusedError
from enforcement.identity import Vault
from enforcement.keys import Keys
from enforcement.settings import Settings
from enforcement.tables import Case, Delivery, Draw, Hold, Quarantine, Restriction
from enforcement.tenants import within
from features.catalogue import CATALOGUE
from features.records import CONTRACTS, Identifier
from models.explanation import sentence
from pipelines.about_person import Whole, identities_in, lake_rows, sealed_rows, whole_person
from pipelines.arrivals import NOBODY
from pipelines.lake import Lake

OPERATOR = "command line"
SOMEBODY_ELSE = "somebody else"
OWN_KINDS = ("account", "address", "vehicle", "parcel", "case", "list")
"""what is told of the numbers in a row; another person's number stays closed"""


def operator(municipality: str, purpose: Purpose = Purpose.ACCESS_REQUEST) -> Viewer:
    """Who acts at the command line for a municipality: as its compliance reviewer."""
    return Viewer(OPERATOR, municipality, Role.COMPLIANCE_REVIEWER, purpose)


def municipality_of(settings: Settings, number: str, municipality: str | None) -> str:
    """The municipality of a case number. Raises NotFoundError, also when more than one has it and none is named."""
    with reading(engine_of(settings.database)) as session:
        towns = session.scalars(select(Draw.municipality).distinct()).all()
        found = [
            town
            for town in sorted(towns)
            if municipality in (None, town)
            and session.scalars(select(Case.id).where(within(Case, town), Case.number == number)).first() is not None
        ]
    if len(found) != 1:
        why = "is no case" if not found else f"is a case in {' and '.join(found)}; name one with --municipality"
        raise NotFoundError(f"{number} {why}")
    return found[0]


def letter(settings: Settings, number: str, municipality: str | None = None) -> dict[str, Any]:
    """{"reference", "nl": {"subject", "body"}, "en": {...}, "message": ...}, after it is in the log (R4, R30)."""
    town = municipality_of(settings, number, municipality)
    with writing(engine_of(settings.database)) as session:
        made = notices.notice(session, operator(town, Purpose.SUPERVISION), number, dt.datetime.now(dt.UTC))
    letters: dict[str, Any] = {one.language: {"subject": one.subject, "body": one.body} for one in made.letters}
    return {"reference": made.reference, **letters, "message": made.message()}


def restrict(
    settings: Settings, number: str, reason: str, until: dt.date, municipality: str | None = None
) -> dict[str, Any]:
    """Withhold what the investigation of a case found until a day (UAVG 41): {"restriction", "case", "until"}.

    Raises as enforcement.holds.restrict does, and NotFoundError for an unknown case.
    """
    viewer = operator(municipality_of(settings, number, municipality), Purpose.SUPERVISION)
    with writing(engine_of(settings.database)) as session:
        case = find(session, viewer, number)
        which = holds.restrict(session, viewer, case.id, reason, until, dt.datetime.now(dt.UTC))
    return {"restriction": which, "case": number, "until": until.isoformat()}


def end_restriction(settings: Settings, which: str) -> dict[str, Any]:
    """Raises NotFoundError when no such restriction holds."""
    viewer = operator(_town_of(settings, Restriction, which), Purpose.SUPERVISION)
    with writing(engine_of(settings.database)) as session:
        holds.end_restriction(session, viewer, which, dt.datetime.now(dt.UTC))
    return {"restriction": which, "ended": True}


def restrictions(settings: Settings) -> list[dict[str, Any]]:
    """The restrictions in force, of every municipality; each municipality's log says that they were listed."""
    return _in_force(settings, Restriction, holds.restrictions, "restriction")


def hold(
    settings: Settings,
    reason: str,
    *,
    number: str | None = None,
    dossier: str | None = None,
    municipality: str | None = None,
) -> dict[str, Any]:
    """Keep everything about a case from deletion (GDPR 17(3)(e)): {"hold", "municipality"}. A case that is on no list
    is named by its dossier number and municipality.

    Raises NotFoundError for an unknown case or dossier, RefusedError when neither or both are given.
    """
    if (number is None) == (dossier is None) or (dossier is not None and municipality is None):
        raise RefusedError("name the case by its number, or by --dossier with --municipality")
    engine = engine_of(settings.database)
    town = municipality_of(settings, number, municipality) if number is not None else str(municipality)
    viewer = operator(town, Purpose.SUPERVISION)
    found = None if dossier is None else Lake(settings).vault.find("case", dossier.strip(), town)
    if dossier is not None and found is None:
        raise NotFoundError(f"municipality {town} has no such dossier; check the number")
    with writing(engine) as session:
        case = found if found is not None else find(session, viewer, str(number)).id
        which = holds.hold(session, viewer, case, reason, dt.datetime.now(dt.UTC))
    return {"hold": which, "municipality": town}


def lift_hold(settings: Settings, which: str) -> dict[str, Any]:
    """Raises NotFoundError when no such hold is in force."""
    viewer = operator(_town_of(settings, Hold, which), Purpose.SUPERVISION)
    with writing(engine_of(settings.database)) as session:
        holds.lift_hold(session, viewer, which, dt.datetime.now(dt.UTC))
    return {"hold": which, "lifted": True}


def holds_in_force(settings: Settings) -> list[dict[str, Any]]:
    """The legal holds in force, of every municipality; each municipality's log says that they were listed."""
    return _in_force(settings, Hold, holds.holds, "hold")


def _town_of(settings: Settings, table: type[Hold | Restriction], which: str) -> str:
    with reading(engine_of(settings.database)) as session:
        town = session.scalars(select(table.municipality).where(table.id == which)).one_or_none()
    if town is None:
        raise NotFoundError(f"there is no {table.__name__.lower()} {which}")
    return str(town)


def _in_force(
    settings: Settings,
    table: type[Hold | Restriction],
    listed: Callable[[Session, Viewer, dt.datetime], tuple[holds.Listed, ...]],
    kind: str,
) -> list[dict[str, Any]]:
    engine, now = engine_of(settings.database), dt.datetime.now(dt.UTC)
    with reading(engine) as session:
        towns = sorted(session.scalars(select(table.municipality).where(table.lifted_at.is_(None)).distinct()))
    rows: list[dict[str, Any]] = []
    for town in towns:
        with writing(engine) as session:
            found = listed(session, operator(town, Purpose.SUPERVISION), now)
        rows += [
            {kind: one.id, "municipality": town, "case": one.number, "reason": one.reason, "since": one.since}
            | ({"until": one.until} if one.until else {})
            for one in found
        ]
    return rows


def access_report(
    settings: Settings,
    bsn: str,
    purpose: str,
    now: dt.datetime | None = None,
    municipality: str | None = None,
) -> dict[str, Any]:
    """Everything that is known about a person, with source and date (R19, GDPR 15): {"made_at", "identity", "lake",
    "protected", "features", "withheld_records", "municipalities", "complete"}.

    The log of every municipality that knows the person has the reading before anything is opened. complete: False where
    the key of the protected attributes is kept elsewhere. municipality: which alone answers, with what it has itself
    and what was delivered for nobody in particular (R36). Raises LookupError for an unknown number, RefusedError
    without a purpose.
    """
    if not purpose.strip():
        raise RefusedError("say what the report is for, such as the reference of the request; it stands in the log")
    lake, moment = Lake(settings), now or dt.datetime.now(dt.UTC)
    whole = whole_person(settings, lake, bsn)
    if whole is None:
        raise LookupError("nobody is known here with that citizen service number")
    rows = lake_rows(lake, whole)
    if municipality is not None:
        ours = (municipality, NOBODY)
        rows = {name: kept for name, mine in rows.items() if (kept := [r for r in mine if r["municipality"] in ours])}
        whole = replace(whole, cases={case: town for case, town in whole.cases.items() if town == municipality})
        if not any(row["municipality"] == municipality for mine in rows.values() for row in mine):
            raise LookupError("nobody is known here with that citizen service number")
    towns = sorted({row["municipality"] for mine in rows.values() for row in mine} - {NOBODY})
    numbers = {town: _case_numbers(settings, town, whole) for town in towns}

    def logged(*, actor: str, purpose: str, ids: Iterable[int]) -> None:
        count = len(list(ids))
        for town in towns:
            with writing(lake.engine) as session:
                details = {"cases": numbers[town], "for": purpose, "numbers": count}
                audit.append(
                    session, town, actor, "operator", "access_report", f"municipality:{town}",
                    Purpose.ACCESS_REQUEST.value, details, at=moment,
                )  # fmt: skip

    named = set(identities_in(rows))
    wanted = {number for kind, number in named if kind in OWN_KINDS} | whole.persons
    vault = Vault(lake.engine, Keys.read(settings.keys, create=False), log=logged)
    revealed = vault.reveal(wanted, purpose.strip(), OPERATOR)
    protected, complete = sealed_rows(settings, lake, whole)
    if municipality is not None:
        protected = [row for row in protected if row.get("municipality") in (municipality, NOBODY, None)]
    with reading(lake.engine) as session:
        deliveries = {one.id: one for one in session.scalars(select(Delivery))}
        service = {
            town: rights_report.told(
                session, town, [c for c, where in whole.cases.items() if where == town], moment, lake.keys
            )
            for town in towns
        }
    return {
        "made_at": moment.isoformat(timespec="seconds"),
        "identity": [_plain(revealed[one]) for one in sorted(whole.persons) if one in revealed],
        "lake": {name: _told(name, mine, whole, revealed, deliveries) for name, mine in rows.items()},
        "protected": [_said(row) for row in protected],
        "features": _features(settings, whole),
        "withheld_records": _withheld(lake, bsn.strip(), deliveries, municipality),
        "municipalities": service,
        "complete": complete,
    }


def _case_numbers(settings: Settings, town: str, whole: Whole) -> list[str]:
    with reading(engine_of(settings.database)) as session:
        return sorted(session.scalars(select(Case.number).where(within(Case, town), Case.id.in_(whole.cases))))


def _told(
    name: str,
    rows: list[dict[str, Any]],
    whole: Whole,
    revealed: Mapping[int, Mapping[str, Any]],
    deliveries: Mapping[str, Delivery],
) -> dict[str, Any]:
    """One contract: what it is, its law, and its rows with the values that are known and where they came from."""
    contract = CONTRACTS[name]
    about = {one.name: one.about for one in contract.lake_columns}
    shown_rows = []
    for row in rows:
        delivery = deliveries.get(row["delivery"])
        values: dict[str, Any] = {}
        for column, one in about.items():
            if row[column] is None:
                continue
            if isinstance(one, Identifier):
                values[column.removesuffix("_id")] = _named(one.kind, int(row[column]), whole, revealed)
            else:
                values[column] = row[column]
        shown_rows.append(
            {
                "values": values,
                "known_at": row["known_at"],
                "withdrawn": row["withdrawn"],
                "source": contract.source,
                "received_at": shown(delivery.received_at).isoformat(timespec="seconds") if delivery else None,
                "municipality": row["municipality"],
            }
        )
    return {
        "title": contract.title,
        "source": contract.source,
        "legal_basis": contract.legal_basis,
        "purpose": contract.purpose,
        "rows": shown_rows,
    }


def _named(kind: str, number: int, whole: Whole, revealed: Mapping[int, Mapping[str, Any]]) -> str:
    if kind == "person":
        return "you" if number in whole.persons else SOMEBODY_ELSE
    found = revealed.get(number)
    if found is None:
        return "no longer known"
    facts = [str(text) for name, text in found.items() if name not in ("kind", "names", "bag_object", "municipality")]
    return " ".join(facts) or ", ".join(found["names"])


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"numbers": found["names"]} | {name: text for name, text in found.items() if name not in ("kind", "names")}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the sealed store without the numbers of our own."""
    kept = {name: value for name, value in row.items() if value is not None and not name.endswith("_id")}
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in kept.items()}


def _features(settings: Settings, whole: Whole) -> list[dict[str, Any]]:
    """What was computed from the data for each list: {"as_of", "case", "values": [{"title_nl", "nl", "en", ...}]}."""
    found = []
    for matrix in sorted((settings.home / "features").glob("*/matrix.parquet")):
        table = pq.read_table(matrix, filters=[("case_id", "in", sorted(whole.cases) or [0])])
        for row in table.to_pylist():
            values = []
            for name, value in row.items():
                if name not in CATALOGUE:
                    continue
                feature = CATALOGUE[name]
                said = {"nl": sentence(feature, value, "nl"), "en": sentence(feature, value, "en")}
                values.append({"feature": name, "topic": feature.topic, "value": value, **said})
            found.append({"as_of": row["as_of"].isoformat(), "used_for": matrix.parent.name, "values": values})
    return found


def _withheld(
    lake: Lake, bsn: str, deliveries: Mapping[str, Delivery], municipality: str | None
) -> list[dict[str, Any]]:
    """Records with this number that did not pass the checks: kept sealed, used for nothing."""
    found = []
    with reading(lake.engine) as session:
        rows = session.scalars(select(Quarantine).where(Quarantine.sealed.is_not(None))).all()
        for row in rows:
            if row.sealed is not None and bsn in raw.unlock(lake.keys, row.delivery_id, row.at, row.sealed):
                delivery = deliveries.get(row.delivery_id)
                if municipality and delivery and delivery.municipality not in (municipality, NOBODY):
                    continue
                found.append(
                    {
                        "contract": row.contract,
                        "source": delivery.source if delivery else None,
                        "received_at": shown(delivery.received_at).isoformat(timespec="seconds") if delivery else None,
                        "field": row.field,
                        "why_withheld": row.reason,
                    }
                )
    return found


def write_pdf(report: Mapping[str, Any], path: Path) -> int:
    """The report as a tagged PDF (PDF/UA-1); gives its size in bytes."""
    from pipelines.rights_paper import pdf

    content = pdf(report)
    path.write_bytes(content)
    return len(content)
