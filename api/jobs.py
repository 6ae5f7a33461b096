"""JSON route of long work: how far it is, for a page that asks again and again where events do not arrive."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request
from pydantic import Field

from api.answers import Answer
from api.problems import responses
from api.security import Signed, engine
from enforcement import jobs
from enforcement.access import Permission, require
from enforcement.clock import shown
from enforcement.database import reading
from enforcement.tables import Job

router = APIRouter(prefix="/api/v1", tags=["models"])


class JobOut(Answer):
    """A piece of long work. `of` is 0 until it is known how many steps there are."""

    id: str
    kind: str = Field(examples=["train"])
    state: jobs.Stage
    step: str
    done: int
    of: int
    asked_by: str
    asked_at: dt.datetime
    finished_at: dt.datetime | None
    version: str = Field(description="model version that came of it, when there is one")
    error: str

    @classmethod
    def of_row(cls, job: Job) -> JobOut:
        return cls(
            id=job.id,
            kind=job.kind,
            state=jobs.Stage(job.state),
            step=job.step,
            done=job.done,
            of=job.of,
            asked_by=job.asked_by,
            asked_at=shown(job.asked_at),
            finished_at=shown(job.finished_at) if job.finished_at else None,
            version=str(job.result.get("version", "")),
            error=job.error,
        )


@router.get("/jobs/{job_id}", responses=responses(401, 403, 404))
def read_job(request: Request, visit: Signed, job_id: str) -> JobOut:
    """How far a piece of long work is."""
    require(visit.viewer, Permission.SEE_MODELS)
    with reading(engine(request)) as session:
        return JobOut.of_row(jobs.one(session, job_id))
