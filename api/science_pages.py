"""Pages of the data scientist: candidates beside each other, one model, drift, and a training with live progress.

Everything shown is what was stored: the training's report and documents with the model, drift as a step of the nightly
run. Nothing is worked out here.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response, StreamingResponse
from markupsafe import Markup
from sqlalchemy import select

from api.jobs import JobOut
from api.language import Language
from api.pages import see_other
from api.promotion import PromotionIn, ask_promotion
from api.refusals import said
from api.rendering import language, may, render
from api.security import Meant, Signed, engine
from enforcement import jobs, promotion
from enforcement.access import Permission, require
from enforcement.database import reading, writing
from enforcement.errors import NotFoundError, RefusedError
from enforcement.tables import Step

if TYPE_CHECKING:
    from models.registry import Registry

router = APIRouter()
Version = Annotated[str, InPath(pattern="^[0-9]{1,9}$")]
Line = Annotated[str, Form(max_length=500)]
CURVES = 6
EVERY = 1.0
"""seconds between two looks at a job"""
LOOKS = 50
"""then the browser asks anew, so that no connection is held for ever"""


@router.get("/modellen")
def models_page(request: Request, visit: Signed) -> Response:
    require(visit.viewer, Permission.SEE_MODELS)
    registry = _registry(request)
    versions = [registry.described(one) for one in reversed(registry.versions())]
    champion = next((one for one in versions if "champion" in one["aliases"]), versions[0] if versions else None)
    report = _report(registry.folder, champion["version"], champion["sha256"]) if champion else {}
    with reading(engine(request)) as session:
        drift = session.get(Step, "drift")
        compared = select(Step).where(Step.name.startswith("overlap ")).order_by(Step.finished_at.desc())
        overlap = session.scalars(compared.limit(1)).first()
        asked = [JobOut.of_row(one) for one in jobs.newest(session)]
    return render(
        request,
        "models.html",
        visit,
        versions=versions,
        champion=champion,
        report=report,
        ages=[one for one in report.get("details", []) if one["months"] and one["name"] == report["champion"]],
        drift=drift.result if drift else None,
        drift_at=drift.finished_at if drift else None,
        overlap=overlap_of(overlap.result, visit.viewer.municipality) if overlap else None,
        challenged=any("challenger" in one["aliases"] for one in versions),
        jobs=asked,
        may_train=may(visit, Permission.REQUEST_PROMOTION),
        titles=_titles(language(request).code),
    )


def overlap_of(kept: Mapping[str, Any], municipality: str) -> dict[str, Any]:
    """The lists that champion and challenger would make: here, and the first k of all municipalities together."""
    lists = kept["lists"]
    mine = next((one for one in lists if one["municipality"] == municipality), None)
    sums = {name: sum(one[name] for one in lists) for name in ("k", "same")}
    return {name: kept[name] for name in ("champion", "challenger", "as_of")} | {"here": mine, "all": sums}


@router.get("/modellen/{version}")
def model_page(request: Request, visit: Signed, version: Version) -> Response:
    return _model(request, visit, version)


@router.post("/modellen/{version}/voordragen")
def propose(
    request: Request,
    visit: Meant,
    version: Version,
    audit: Line = "",
    audited_on: Line = "",
    dpia: Line = "",
    fria: Line = "",
    iama: Line = "",
) -> Response:
    """Asks for promotion, with what it stands on (R12)."""
    require(visit.viewer, Permission.REQUEST_PROMOTION)
    given = {"audit": audit, "audited_on": audited_on, "dpia": dpia, "fria": fria, "iama": iama}
    try:
        day = dt.date.fromisoformat(audited_on)
        asked = PromotionIn(version=version, audit=audit, audited_on=day, dpia=dpia, fria=fria, iama=iama)
        ask_promotion(request, visit, asked)
    except (ValueError, RefusedError) as error:
        if isinstance(error, NotFoundError):
            raise
        spoken = language(request)
        wrong = said(str(error), spoken) if isinstance(error, RefusedError) else _missing(given, spoken)
        return _model(request, visit, version, status=422, given=given, wrong=wrong)
    return see_other(f"/modellen/{version}#voordragen")


def _missing(given: Mapping[str, str], spoken: Language) -> str:
    """Which of the fields has still to be filled in, by their names on the page."""
    names = {"audit": spoken.text("oversight.audit"), "audited_on": spoken.text("models.audited_on")}
    empty = [names.get(field, field.upper()) for field, text in given.items() if not text.strip()]
    return spoken.text("models.missing", fields=", ".join(empty)) if empty else spoken.text("problem.invalid")


@router.post("/trainingen")
def train_anew(request: Request, visit: Meant) -> Response:
    with writing(engine(request)) as session:
        job = jobs.ask(session, visit.viewer, jobs.TRAIN, dt.datetime.now(dt.UTC))
        number = job.id
    return see_other(f"/trainingen/{number}")


@router.get("/trainingen/{job_id}")
def job_page(request: Request, visit: Signed, job_id: str) -> Response:
    require(visit.viewer, Permission.SEE_MODELS)
    with reading(engine(request)) as session:
        found = JobOut.of_row(jobs.one(session, job_id))
    spoken, words = (
        language(request),
        found.error.partition(": ")[2] or found.error,
    )  # the kind of the error is not for people
    told = said(words, spoken)
    return render(
        request,
        "job.html",
        visit,
        job=found,
        running=found.state in jobs.UNFINISHED,
        steps=sorted(spoken.names("step").items()),
        told=told,
        known=spoken.code == "en" or told != words,
    )


@router.get("/trainingen/{job_id}/voortgang")
async def job_events(request: Request, visit: Signed, job_id: str) -> Response:
    """Server-sent events: the job as JSON whenever it changed, until it is done."""
    require(visit.viewer, Permission.SEE_MODELS)

    def look() -> JobOut:
        with reading(engine(request)) as session:
            return JobOut.of_row(jobs.one(session, job_id))

    first = await to_thread.run_sync(look)

    async def told() -> AsyncIterator[str]:
        said, found = "", first
        for _ in range(LOOKS):
            if (now := found.model_dump_json()) != said:
                said = now
                yield f"data: {now}\n\n"
            if found.state not in jobs.UNFINISHED or await request.is_disconnected():
                return
            await asyncio.sleep(EVERY)
            found = await to_thread.run_sync(look)

    return StreamingResponse(told(), media_type="text/event-stream")


def _model(
    request: Request,
    visit: Any,
    version: str,
    *,
    status: int = 200,
    given: Mapping[str, str] | None = None,
    wrong: str = "",
) -> Response:
    require(visit.viewer, Permission.SEE_MODELS)
    registry = _registry(request)
    try:
        about = registry.described(version)
    except LookupError as error:
        raise NotFoundError(f"there is no model version {version}") from error
    report = _report(registry.folder, version, about["sha256"])
    card = json.loads(registry.document(version, "card.json")) if "card.json" in about["documents"] else None
    titles = _titles(language(request).code)
    with reading(engine(request)) as session:
        asked = [(one.id, one.state) for one in promotion.promotions(session, version)]
    open_request = any(state != promotion.Stage.REJECTED for _, state in asked)
    return render(
        request,
        "model.html",
        visit,
        status=status,
        here=f"/modellen/{version}" if request.method == "POST" else "",
        about=about,
        report=report,
        card=card,
        editions=list(reversed(registry.editions(version))),
        picture=_drawn((card or {}).get("picture"), titles),
        titles=titles,
        may_propose=may(visit, Permission.REQUEST_PROMOTION) and not open_request and not about["frozen"],
        asked=asked,
        given=given or {},
        wrong=wrong,
    )


def _drawn(picture: Mapping[str, Any] | None, titles: Mapping[str, str]) -> dict[str, Any] | None:
    """Importance as shares of 100 and the curves as points of a small drawing."""
    if not picture:
        return None
    whole = sum(one["mean_absolute"] for one in picture["importance"]) or 1.0
    largest = max((one["mean_absolute"] for one in picture["importance"]), default=1.0) or 1.0
    bars = [
        {
            "name": titles.get(one["feature"], one["feature"]),
            "hundred": round(100 * one["mean_absolute"] / whole),
            "wide": round(150 * one["mean_absolute"] / largest, 1),
        }
        for one in picture["importance"][:15]
    ]
    curves = [
        {
            "name": titles.get(name, name),
            "svg": Markup(_curve(titles.get(name, name), points)),  # noqa: S704 - drawing.py escapes what it writes
        }
        for name, points in list(picture["curves"].items())[:CURVES]
        if points
    ]
    points = [one | {"name": titles.get(one["feature"], one["feature"])} for one in picture["points"]]
    return {"cases": picture["cases"], "bars": bars, "curves": curves, "points": points}


def _curve(title: str, points: Sequence[Sequence[float]]) -> str:
    from models.drawing import curve

    return curve(title, [(x, y) for x, y in points], f"{points[0][0]:.4g}", f"{points[-1][0]:.4g}")


@functools.lru_cache(maxsize=16)
def _report(folder: Path, version: str, sha256: str) -> dict[str, Any]:
    """The stored report of a version; reading it checks every hash, so it is kept per sha256."""
    from models.registry import Registry

    registry = Registry(folder)
    if registry.described(version)["sha256"] != sha256:
        raise NotFoundError(f"model version {version} changed meanwhile")
    return registry.report(version)


@functools.cache
def _titles(code: str) -> Mapping[str, str]:
    from features.catalogue import CATALOGUE

    return {name: one.title_nl if code == "nl" else one.title_en for name, one in CATALOGUE.items()}


def _registry(request: Request) -> Registry:
    from models.registry import Registry

    return Registry(request.app.state.settings.mlruns)
