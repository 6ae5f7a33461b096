"""Keeping a draw: the secret that was committed, the list, and every chance, in one transaction."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.clock import stored
from enforcement.errors import ConflictError
from enforcement.policy import Policy, numbered
from enforcement.selection import Composition, Included, commitment
from enforcement.tables import Case, Draw, Inclusion, Run, SeedCommitment
from enforcement.tenants import within


def yearly_secret(folder: Path, year: int) -> bytes:
    """The 32-byte secret of a year from `folder`; made once, readable by its owner only.

    One secret serves all municipalities: each draw's seed is derived with the municipality's code.
    """
    path = folder / f"draw-{year}.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = folder / f"draw-{year}.{os.getpid()}.{secrets.token_hex(4)}"
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):  # another process made it first, and its secret is the one that counts
            os.link(aside, path)
        aside.unlink()
    secret = path.read_bytes()
    if len(secret) != 32:
        raise ValueError(f"{path.name} is not a 32-byte secret; restore it from the escrow")
    return secret


def commit_secret(session: Session, municipality: str, year: int, secret: bytes, now: dt.datetime) -> SeedCommitment:
    """Makes the hash of the year's secret known, in the log too, before anything is scored (R5). Once a year.

    Raises ConflictError when another secret was committed for the year.
    """
    known = session.get(SeedCommitment, (municipality, year))
    if known is None:
        known = SeedCommitment(
            municipality=municipality, year=year, sha256=commitment(secret), committed_at=stored(now)
        )
        session.add(known)
        session.flush()
        audit.append(
            session,
            municipality,
            "system",
            "service",
            "seed_committed",
            f"seed:{year}",
            "selection",
            {"sha256": known.sha256},
            at=now,
        )
    if known.sha256 != commitment(secret):
        raise ConflictError(f"another secret was committed for {year}; a draw with this one is refused")
    return known


def record(
    session: Session,
    composition: Composition,
    run_id: str,
    policy: Policy,
    policy_version: int,
    now: dt.datetime,
    *,
    exempt: Mapping[str, int] | None = None,
    base_rate: Mapping[str, int] | None = None,
) -> Draw:
    """Keeps draw, inclusion probabilities and cases in the caller's transaction, with an entry in the log.

    `exempt`: cases per exemption rule. `base_rate`: {"changed": n, "reviewed": n} of the whole list's past reviews.
    Raises ConflictError for a second draw in a period, and when the secret was not committed before the scoring.
    """
    run = session.get_one(Run, run_id)
    _refuse_unless_committed(session, composition, run)
    if (there := standing(session, composition.municipality, composition.as_of, policy)) is not None:
        raise ConflictError(f"{there.municipality} has a draw for {there.as_of}; a second one in its period is refused")
    draw = Draw(
        id=_draw_id(composition),
        run_id=run_id,
        municipality=composition.municipality,
        as_of=composition.as_of,
        policy_version=policy_version,
        eligible=len(composition.cases),
        eligible_sha256=composition.eligible_sha256,
        seed_commitment=composition.seed_commitment,
        composed_at=stored(now),
        counts=composition.counts | {"exempt": dict(exempt or {}), "base_rate": dict(base_rate or {})},
    )
    try:
        with session.begin_nested():
            session.add(draw)
            session.flush()
    except IntegrityError as error:
        raise ConflictError(
            f"{composition.municipality} has a draw for {composition.as_of}; a second one in its period is refused"
        ) from error
    _keep_chances(session, draw, composition)
    _keep_cases(session, draw, composition.cases, policy)
    audit.append(
        session,
        draw.municipality,
        "system",
        "service",
        "list_composed",
        f"draw:{draw.id}",
        "selection",
        _sealed_counts(draw),
        at=now,
    )
    return draw


def extend(session: Session, draw: Draw, added: Iterable[Included], policy: Policy) -> None:
    """Puts further cases behind the list of a draw, in the order of their positions."""
    there = session.scalar(select(func.max(Case.position)).where(Case.draw_id == draw.id)) or 0
    behind = sorted(added, key=lambda one: one.case_id)
    _keep_cases(session, draw, [replace(one, position=there + (one.position or 0)) for one in behind], policy)


def standing(session: Session, municipality: str, as_of: dt.date, policy: Policy) -> Draw | None:
    """The draw whose period a list of `as_of` under `policy` would share a day with; None when a list is due.

    The capacity is that of a period: a municipality that draws per quarter has no second list in the month after. A
    draw's period is that of the policy it was made with.
    """
    before = Draw.as_of < policy.end_of_period(as_of)
    last = session.scalars(
        select(Draw).where(within(Draw, municipality), before).order_by(Draw.as_of.desc()).limit(1)
    ).first()
    if last is None:
        return None
    until = numbered(session, municipality, last.policy_version).end_of_period(last.as_of)
    return last if as_of < until else None


def _draw_id(composition: Composition) -> str:
    return f"{composition.municipality}-{composition.as_of.isoformat()}"


def _refuse_unless_committed(session: Session, composition: Composition, run: Run) -> None:
    known = session.get(SeedCommitment, (composition.municipality, composition.as_of.year))
    if known is None or known.sha256 != composition.seed_commitment:
        raise ConflictError(
            f"the secret of {composition.as_of.year} was not committed for {composition.municipality}; "
            "commit it before scoring"
        )
    if known.committed_at > run.scored_at.replace(tzinfo=None):
        raise ConflictError("the secret was committed after the scoring; score again before composing a list")


def _sealed_counts(draw: Draw) -> dict[str, Any]:
    """The counts and a hash of what they stand on, so that the log binds the whole draw."""
    bound = f"{draw.run_id}\n{draw.eligible_sha256}\n{draw.seed_commitment}\n{draw.policy_version}"
    return {"counts": draw.counts, "run": draw.run_id, "bound": hashlib.sha256(bound.encode()).hexdigest()}


def _keep_chances(session: Session, draw: Draw, composition: Composition) -> None:
    values = [
        {
            "draw_id": draw.id,
            "case_id": one.case_id,
            "probability": one.probability,
            "arms": ",".join(one.arms),
            "place": one.place,
        }
        for one in composition.cases
    ]
    if values:
        session.execute(insert(Inclusion), values)


def _keep_cases(session: Session, draw: Draw, cases: Iterable[Included], policy: Policy) -> None:
    """Numbers follow the order of the case ids, which are random: a number tells neither place nor arm."""
    year = draw.as_of.year
    before = session.scalar(
        select(func.max(Case.number)).where(
            within(Case, draw.municipality), Case.number.startswith(f"{year}-", autoescape=True)
        )
    )
    first = int(before.split("-")[1]) + 1 if before else 1
    due = policy.end_of_period(draw.as_of)
    values = [
        {
            "id": one.case_id,
            "draw_id": draw.id,
            "municipality": draw.municipality,
            "number": f"{year}-{number:06d}",
            "position": one.position,
            "blind": one.blind,
            "double": one.double,
            "state": "open",
            "due": due,
            "version": 1,
        }
        for number, one in enumerate((one for one in cases if one.position), start=first)
    ]
    if values:
        session.execute(insert(Case), values)
