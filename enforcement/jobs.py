"""Work that takes minutes: asked for on a page, done by `weegschaal work`, and a row tells how far it is."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.clock import stored
from enforcement.errors import ConflictError, NotFoundError
from enforcement.tables import Job

TRAIN = "train"


class Stage(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


UNFINISHED = (Stage.WAITING, Stage.RUNNING)


def ask(session: Session, viewer: Viewer, kind: str, now: dt.datetime) -> Job:
    """Asks for a training, with an entry in the log. Raises ForbiddenError, and ConflictError while one is not done."""
    require(viewer, Permission.REQUEST_PROMOTION)
    if session.scalars(select(Job.id).where(Job.kind == kind, Job.state.in_(UNFINISHED))).first():
        raise ConflictError(f"a {kind} is waiting or running; wait until it is done")
    job = Job(
        id=secrets.token_hex(8), kind=kind, asked_by=viewer.user, asked_at=stored(now), state=Stage.WAITING,
        step="", done=0, of=0, result={}, error="",
    )  # fmt: skip
    session.add(job)
    session.flush()
    role, purpose = viewer.role.value, viewer.purpose.value
    audit.append(session, viewer.municipality, viewer.user, role, "job_asked", f"job:{job.id}", purpose, at=now)
    return job


def take(session: Session, now: dt.datetime) -> Job | None:
    """The oldest job that waits, marked as running; for the worker, one of which runs at a time."""
    job = session.scalars(select(Job).where(Job.state == Stage.WAITING).order_by(Job.asked_at).limit(1)).first()
    if job is not None:
        job.state, job.began_at = Stage.RUNNING, stored(now)
        session.flush()
    return job


def give_up(session: Session, since: dt.datetime, now: dt.datetime) -> None:
    """Ends, as failed, what has been running since before a moment: its worker was stopped."""
    for job in session.scalars(select(Job).where(Job.state == Stage.RUNNING, Job.began_at < stored(since))):
        finish(session, job.id, now, {}, "the worker was stopped on the way; ask again")


def progress(session: Session, job_id: str, step: str, done: int, of: int) -> None:
    """How far the worker is: `done` of `of` steps, and the name of the one it is at."""
    job = one(session, job_id)
    job.step, job.done, job.of = step, done, of
    session.flush()


def finish(session: Session, job_id: str, now: dt.datetime, result: dict[str, object], error: str = "") -> None:
    """Ends a job; with `error`, a line that says what to do, as failed."""
    job = one(session, job_id)
    job.state, job.finished_at = (Stage.FAILED if error else Stage.DONE), stored(now)
    job.result, job.error = dict(result), error
    session.flush()


def one(session: Session, job_id: str) -> Job:
    """Raises NotFoundError."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError(f"no job {job_id}")
    return job


def newest(session: Session, limit: int = 10) -> Sequence[Job]:
    return session.scalars(select(Job).order_by(Job.asked_at.desc()).limit(limit)).all()
