"""The quarantine as it is looked at: what is withheld of which delivery and why, and what to do about one row."""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import func, select

from enforcement import audit, raw
from enforcement.database import reading, writing
from enforcement.identity import RevealRefusedError
from enforcement.settings import Settings
from enforcement.tables import Delivery, Quarantine
from features.records import CONTRACTS, Column
from pipelines.lake import Lake
from pipelines.replay import delivery_named
from pipelines.sources.reading import RefusedError


def listed(settings: Settings) -> list[dict[str, Any]]:
    """Withheld rows by delivery and reason: {"delivery", "file", "status", "contract", "field", "reason", "open",
    "resolved", "example"}; `example` is the id of one of them. What is open comes first, the newest delivery first."""
    lake = Lake(settings)
    opened = func.count().filter(Quarantine.resolved_at.is_(None))
    with reading(lake.engine) as session:
        rows = session.execute(
            select(
                Delivery.id,
                Delivery.file_name,
                Delivery.status,
                Quarantine.contract,
                Quarantine.field,
                Quarantine.reason,
                opened,
                func.count(),
                func.min(Quarantine.id),
            )
            .join(Delivery, Delivery.id == Quarantine.delivery_id)
            .group_by(Delivery.id, Quarantine.contract, Quarantine.field, Quarantine.reason)
            .order_by((opened > 0).desc(), Delivery.received_at.desc(), Delivery.id, opened.desc(), Quarantine.field)
        ).all()
    return [
        {
            "delivery": delivery,
            "file": file,
            "status": status,
            "contract": contract,
            "field": field,
            "reason": reason,
            "open": still,
            "resolved": total - still,
            "example": example,
        }
        for delivery, file, status, contract, field, reason, still, total, example in rows
    ]


def rows_of(settings: Settings, delivery: str) -> list[dict[str, Any]]:
    """Every withheld row of one delivery, resolved ones too. Raises LookupError for a delivery that is not there."""
    lake = Lake(settings)
    about = delivery_named(lake, delivery)
    with reading(lake.engine) as session:
        rows = session.scalars(
            select(Quarantine).where(Quarantine.delivery_id == about.id).order_by(Quarantine.id)
        ).all()
        return [
            {"id": row.id, "at": row.at, "field": row.field, "reason": row.reason, "state": row.resolution or "open"}
            for row in rows
        ]


def explained(
    settings: Settings, number: int, reveal: str | None = None, actor: str = "command line"
) -> dict[str, Any]:
    """One withheld row: where it stood, every reason, what the field should be, and what to do. With `reveal` also what
    it said; the purpose is written in the municipality's log first (R14). Raises LookupError for a row that is not
    there, RevealRefusedError without a purpose."""
    lake = Lake(settings)
    with reading(lake.engine) as session:
        row = session.get(Quarantine, number)
        if row is None:
            raise LookupError(f"there is no quarantined row {number}; `weegschaal quarantine` lists them")
        about = session.get_one(Delivery, row.delivery_id)
        session.expunge_all()
    column = _column(row)
    told: dict[str, Any] = {
        "id": row.id,
        "delivery": about.id,
        "file": about.file_name,
        "municipality": about.municipality,
        "received": f"{about.received_at:%Y-%m-%d %H:%M}",
        "contract": row.contract,
        "at": row.at,
        "field": row.field,
        "reasons": _reasons(row),
        "field_means": None if column is None else column.about.meaning,
        "field_type": None if column is None else column.type,
        "state": row.resolution or "open",
        "resolved": None if row.resolved_at is None else f"{row.resolved_at:%Y-%m-%d %H:%M}",
        "what_to_do": _advice(row, about),
    }
    if reveal is not None:
        told["said"] = _said(lake, row, about, reveal.strip(), actor)
    return told


def _reasons(row: Quarantine) -> list[str]:
    first, *others = row.reason.split("; ")
    return [f"{row.field} {first}", *others]


def _column(row: Quarantine) -> Column | None:
    contract = CONTRACTS.get(row.contract or "")
    columns = contract.delivered_columns if contract else ()
    return next((one for one in columns if one.name == row.field), None)


def _advice(row: Quarantine, about: Delivery) -> str:
    replay = f"weegschaal quarantine --replay {about.id[:12]}"
    if row.resolved_at is not None:
        return "Nothing: it is resolved."
    if about.status != "published":
        return (
            f"The whole delivery is {about.status}. Ask the sender for a corrected file and bring it in: "
            f"{replay} --file FILE."
        )
    if _column(row) is None:
        return (
            f"The reader of {about.source} could not read it. If the file is right, the reader must be mended; then "
            f"read the same file again. If the file is wrong, ask for a corrected one. Both: {replay} --file FILE."
        )
    return (
        f"If the row is wrong, ask the sender for a corrected file and bring it in: {replay} --file FILE. If the "
        f"contract asks too much, mend it in features/records.py; then: {replay}."
    )


def _said(lake: Lake, row: Quarantine, about: Delivery, purpose: str, actor: str) -> str | None:
    if not purpose:
        raise RevealRefusedError("personal data are shown to someone, for a purpose: both must be given")
    with writing(lake.engine) as session:
        audit.append(
            session,
            about.municipality,
            actor,
            "operator",
            "identity_revealed",
            f"quarantine:{row.id}",
            purpose,
            {"rows": 1},
        )
    if row.sealed is None:
        return None
    try:
        return raw.unlock(lake.keys, row.delivery_id, row.at, row.sealed)
    except InvalidTag as error:
        raise RefusedError(f"quarantined row {row.id} was sealed with another key; set the keys of its time") from error
