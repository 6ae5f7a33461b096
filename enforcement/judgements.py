"""Who judged which two numbers to be one: written down with user and time, taken back and never wiped out.

A number is a random one of the vault, so the table and the log hold no name. Which numbers are one follows from the
rows that count (features/relations/merging.py); a row that takes another back leaves exactly what there was before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from enforcement import audit
from enforcement.clock import stored
from enforcement.errors import RefusedError
from enforcement.tables import Identity, IdentityJudgement

JUDGEMENTS = ("same", "not_same", "unsure")
BASES = ("weight", "delivery", "person")
KINDS = ("person", "address")
OF_ITS_OWN = {"person": "BSN", "address": "BAG object"}


@dataclass(frozen=True)
class Found:
    """What is held of two numbers, with its match weight and what that is made of where there is one."""

    left: int
    right: int
    judgement: str
    weight: float = 0.0
    waterfall: tuple[dict[str, Any], ...] = ()


def judge(
    session: Session,
    municipality: str,
    actor: str,
    role: str,
    left: int,
    right: int,
    judgement: str,
    purpose: str,
    *,
    certain: Collection[int],
    at: dt.datetime,
) -> IdentityJudgement:
    """Write down what a person holds of two numbers, and log it. An earlier judgement stays and counts no longer.

    Raises RefusedError for one number with itself, numbers of different kinds or none, an unknown judgement, or without
    a purpose, and when two numbers that are certain, each standing for a BSN or BAG object, are called the same.
    """
    if judgement not in JUDGEMENTS:
        raise RefusedError(f"{judgement!r} is no judgement; give one of {', '.join(JUDGEMENTS)}")
    if not purpose.strip():
        raise RefusedError("a judgement on who is who is given for a purpose; say which")
    kind = _kind_of(session, left, right)
    if judgement == "same" and {left, right} <= set(certain):
        raise RefusedError(f"{left} and {right} each have a {OF_ITS_OWN[kind]} of their own, so they are not one")
    found = Found(left, right, judgement)
    [row] = hold(session, kind, [found], certain=certain, basis="person", actor=actor, at=at)
    details = {"left": str(row.left_id), "right": str(row.right_id), "judgement": judgement, "kind": kind}
    audit.append(session, municipality, actor, role, "identity_judged", f"judgement:{row.id}", purpose, details, at=at)
    return row


def hold(
    session: Session,
    kind: str,
    rows: Sequence[Found],
    *,
    certain: Collection[int],
    basis: str,
    actor: str,
    at: dt.datetime,
) -> list[IdentityJudgement]:
    """Add rows that rest on `basis`. certain: numbers that stand for a BSN or BAG object. The caller logs."""
    made = [
        IdentityJudgement(
            kind=kind,
            left_id=min(one.left, one.right),
            right_id=max(one.left, one.right),
            left_certain=min(one.left, one.right) in certain,
            right_certain=max(one.left, one.right) in certain,
            judgement=one.judgement,
            basis=basis,
            weight=one.weight,
            waterfall=list(one.waterfall),
            judged_by=actor,
            judged_at=stored(at),
        )
        for one in rows
    ]
    session.add_all(made)
    session.flush()
    return made


def take_back(
    session: Session, municipality: str, actor: str, role: str, number: int, purpose: str, *, at: dt.datetime
) -> IdentityJudgement:
    """Make a row count no longer; who is who is then exactly what it would be without it. Logged.

    Raises RefusedError when there is no such row, it takes something back itself, or was taken back before.
    """
    if not purpose.strip():
        raise RefusedError("a judgement is taken back for a purpose; say which")
    [row] = withdraw(session, [number], actor=actor, at=at)
    details = {"left": str(row.left_id), "right": str(row.right_id), "takes_back": number, "kind": row.kind}
    audit.append(
        session,
        municipality,
        actor,
        role,
        "identity_judgement_taken_back",
        f"judgement:{number}",
        purpose,
        details,
        at=at,
    )
    return row


def withdraw(session: Session, numbers: Sequence[int], *, actor: str, at: dt.datetime) -> list[IdentityJudgement]:
    """Add a row for each of these that takes it back. The caller logs. Raises RefusedError as `take_back`."""
    made = []
    for number in numbers:
        row = session.get(IdentityJudgement, number)
        if row is None or row.takes_back is not None:
            raise RefusedError(f"there is no judgement {number} to take back; see `weegschaal identities`")
        if session.scalar(select(IdentityJudgement.id).where(IdentityJudgement.takes_back == number)):
            raise RefusedError(f"judgement {number} was taken back before")
        made.append(
            IdentityJudgement(
                kind=row.kind,
                left_id=row.left_id,
                right_id=row.right_id,
                left_certain=row.left_certain,
                right_certain=row.right_certain,
                judgement=row.judgement,
                basis=row.basis,
                weight=row.weight,
                judged_by=actor,
                judged_at=stored(at),
                takes_back=number,
            )
        )
    session.add_all(made)
    session.flush()
    return made


def counting(session: Session, kind: str, before: dt.datetime | None = None) -> list[IdentityJudgement]:
    """The rows that count, in order: neither taken back nor taking back. With `before` (aware) what counted then."""
    later = aliased(IdentityJudgement)
    taken = select(later.takes_back).where(later.takes_back.is_not(None))
    chosen = select(IdentityJudgement).where(IdentityJudgement.kind == kind, IdentityJudgement.takes_back.is_(None))
    if before is not None:
        taken = taken.where(later.judged_at < stored(before))
        chosen = chosen.where(IdentityJudgement.judged_at < stored(before))
    return list(session.scalars(chosen.where(IdentityJudgement.id.not_in(taken)).order_by(IdentityJudgement.id)))


def _kind_of(session: Session, left: int, right: int) -> str:
    if left == right:
        raise RefusedError("a number is the same as itself; give two")
    kinds = dict(
        session.execute(select(Identity.id, Identity.kind).where(Identity.id.in_((left, right)))).tuples().all()
    )
    absent = [str(one) for one in (left, right) if one not in kinds]
    if absent:
        raise RefusedError(f"the vault has no number {' and '.join(absent)}")
    if kinds[left] != kinds[right] or kinds[left] not in KINDS:
        raise RefusedError(f"a {kinds[left]} and a {kinds[right]} cannot be one; give two of {' or '.join(KINDS)}")
    return kinds[left]
