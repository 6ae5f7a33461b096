"""Pages of the compliance reviewer: what waits for approval, the switch, fairness, the log, a case as it was shown."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from api.audits import AcceptanceIn, accept_audit
from api.language import Language
from api.pages import see_other
from api.promotion import (
    AdoptionIn,
    PromotionOut,
    SwitchIn,
    Why,
    adopt_model,
    approve_promotion,
    reject_promotion,
    work_switch,
)
from api.refusals import said
from api.rendering import language, may, render
from api.results import results_of
from api.security import Meant, Signed, engine
from api.tabular import download
from enforcement import audit, promotion, switch
from enforcement.access import Permission, Viewer, require
from enforcement.adoption import PEOPLE, consents
from enforcement.audits import PEOPLE as SIGNATURES
from enforcement.audits import latest_audit
from enforcement.clock import shown
from enforcement.database import reading
from enforcement.errors import NotFoundError, RefusedError
from enforcement.inspection import Wanted, agreement_with_place, chain_state, entries, frozen, listed_numbers
from enforcement.looking import looking
from enforcement.odd_reads import odd_reads
from enforcement.users import DEMO_MUNICIPALITIES

router = APIRouter()
ODD_DAYS = 31
WRONG = 5
"""faults of the log that the page names; the export shows all"""
FEWEST = 10
"""counts below this are not shown"""
Line = Annotated[str, Form(max_length=5_000)]


@router.get("/toetsing")
def oversight_page(request: Request, visit: Signed) -> Response:
    viewer, now = visit.viewer, dt.datetime.now(dt.UTC)
    require(viewer, Permission.SWITCH_RANKING)
    with reading(engine(request)) as session:
        asked = [PromotionOut.of(session, one) for one in promotion.promotions(session)]
        adopters = {
            one.version: [each.user_id for each in consents(session, viewer.municipality, one.version)] for one in asked
        }
        position = switch.position(session, viewer.municipality)
        kept = latest_audit(session, viewer.municipality)
        fairness = dict(kept.document) if kept else None
        about = None
        if kept:
            accepted = kept.accepted_by(now.date())
            about = {"made_at": shown(kept.made_at), "status": kept.status, "model": kept.model_version}
            about |= {"fresh": kept.fresh(now.date()), "accepted": len(accepted), "id": kept.id}
            about |= {"acceptances": kept.acceptances, "today": now.date(), "last_day": kept.last_day()}
            mine = viewer.user in {one.user for one in kept.acceptances}
            about["may_accept"] = kept.fresh(now.date()) and len(accepted) < SIGNATURES and not mine
        numbers = listed_numbers(session, viewer) if may(visit, Permission.READ_LOG) else ()
        bands = agreement_with_place(session, viewer)
        results = results_of(session, viewer, now.date())
    return render(
        request,
        "oversight.html",
        visit,
        promotions=asked,
        adopters=adopters,
        people=PEOPLE,
        me=viewer.user,
        off=position is not None and position.off,
        reason=position.reason if position else "",
        since=shown(position.at) if position else None,
        about=about,
        parts=[part_of(one, language(request)) for one in (fairness or {}).get("parts", [])],
        proxies=[one for one in (fairness or {}).get("proxies", []) if one["auc"] is not None][:8],
        numbers=numbers,
        bands=bands,
        fewest=FEWEST,
        random=next(one for one in results.arms if one.arm == "random"),
        double=results.double_reviews,
        sees_log=may(visit, Permission.READ_LOG),
    )


@router.post("/toetsing/aanvragen/{promotion_id}/goedkeuren")
def approve_here(request: Request, visit: Meant, promotion_id: str) -> Response:
    approve_promotion(request, visit, promotion_id)
    return see_other("/toetsing#aanvragen")


@router.post("/toetsing/aanvragen/{promotion_id}/afwijzen")
def reject_here(request: Request, visit: Meant, promotion_id: str, why: Line = "") -> Response:
    reject_promotion(request, visit, promotion_id, Why(why=why))
    return see_other("/toetsing#aanvragen")


@router.post("/toetsing/overnemen/{version}")
def adopt_here(request: Request, visit: Meant, version: Annotated[str, InPath(pattern="^[0-9]{1,9}$")]) -> Response:
    adopt_model(request, visit, AdoptionIn(version=version))
    return see_other("/toetsing#aanvragen")


@router.post("/toetsing/onderzoek/{audit_id}/aanvaarden")
def accept_here(request: Request, visit: Meant, audit_id: str, why: Line = "", until: Line = "") -> Response:
    """Without a day, or with one that cannot be read, nothing is accepted."""
    require(visit.viewer, Permission.APPROVE_PROMOTION)
    try:
        day = dt.date.fromisoformat(until)
    except ValueError as error:
        raise RefusedError("say until when, as 2026-12-31") from error
    accept_audit(request, visit, audit_id, AcceptanceIn(why=why, until=day))
    return see_other("/toetsing#gelijk")


@router.post("/toetsing/schakelaar")
def switch_here(request: Request, visit: Meant, to: Line = "off", reason: Line = "") -> Response:
    """Off, unless the form says on: what was not understood is never a reason to rank."""
    work_switch(request, visit, SwitchIn(off=to != "on", reason=reason))
    return see_other("/toetsing#schakelaar")


@router.get("/toetsing/register")
def register_record(request: Request, visit: Signed) -> Response:
    """The record for the Algoritmeregister as it was made with the model (R26)."""
    require(visit.viewer, Permission.SEE_MODELS)
    from models.registry import Registry

    try:
        record = Registry(request.app.state.settings.mlruns).document(None, "register-record.json")
    except LookupError as error:
        raise NotFoundError("there is no record yet; make it with `weegschaal card`") from error
    return download(record, "algoritmeregister.json", "application/json")


@router.get("/toetsing/zaken")
def choose_case(visit: Signed, nummer: Annotated[str, Query(max_length=40)] = "") -> Response:
    require(visit.viewer, Permission.READ_LOG)
    number = nummer.strip().replace("/", "")
    return see_other(f"/toetsing/zaken/{number}" if number else "/toetsing")


@router.get("/toetsing/zaken/{number}")
def inspect_case(request: Request, visit: Signed, number: str) -> Response:
    """The case exactly as it was shown then; the look is logged first."""
    with looking(engine(request)) as session:
        found = frozen(session, visit.viewer, number)
    return render(request, "inspection.html", visit, case=found)


@router.get("/catalogus")
def catalogue_page(request: Request, visit: Signed) -> Response:
    """Every fact that may count, with its legal basis, and what never may (R8, R9)."""
    require(visit.viewer, Permission.SEE_MODELS)
    from features.barred import BARRED, LEGAL_AGES
    from features.catalogue import CATALOGUE
    from features.declaration import TOPICS

    by_topic = {topic: [one for one in CATALOGUE.values() if one.topic == topic] for topic in TOPICS}
    with reading(engine(request)) as session:
        kept = latest_audit(session, visit.viewer.municipality)
        proxies = list(kept.document.get("proxies", [])) if kept else []
    return render(
        request,
        "catalogue.html",
        visit,
        topics={topic: found for topic, found in by_topic.items() if found},
        total=len(CATALOGUE),
        barred=[one.split()[0].strip(",") for one in BARRED],
        ages=LEGAL_AGES,
        proxies=[one for one in proxies if one["auc"] is not None],
        titles={one.name: one for one in CATALOGUE.values()},
    )


@router.get("/logboek")
def log_page(
    request: Request,
    visit: Signed,
    handeling: Annotated[str, Query(max_length=60)] = "",
    wie: Annotated[str, Query(max_length=100)] = "",
    over: Annotated[str, Query(max_length=100)] = "",
    voor: Annotated[int | None, Query(ge=1)] = None,
    nagaan: bool = False,
) -> Response:
    """The log of the municipality; looking at it stands in it too (R16)."""
    viewer, now, spoken = visit.viewer, dt.datetime.now(dt.UTC), language(request)
    wanted = Wanted(handeling.strip(), wie.strip(), about_of(over.strip()), voor)
    with looking(engine(request)) as session:
        require(viewer, Permission.READ_LOG)
        odd = odd_reads(session, viewer, now - dt.timedelta(days=ODD_DAYS))
        state = chain_state(session, viewer, request.app.state.settings.checkpoints, verify=nagaan)
        shown_now, more = entries(session, viewer, wanted)
        _logged(session, viewer, {"filter": {"action": wanted.action, "actor": wanted.actor}, "verified": nagaan}, now)
    return render(
        request,
        "log.html",
        visit,
        odd=odd,
        days=ODD_DAYS,
        state=state,
        wrong=[said(one, spoken) for one in (state.wrong or ())[:WRONG]],
        entries=[entry_of(one) for one in shown_now],
        actions=sorted(spoken.names("event").items(), key=lambda pair: pair[1]),
        more=more,
        wanted=wanted,
        over=over.strip(),
    )


def about_of(typed: str) -> str:
    """What an entry is about, as the log writes it; people type the number of a case or a service item.

    >>> about_of("2026-000123"), about_of("D2026-000004"), about_of("user:officer.heerlen")
    ('case:2026-000123', 'service:D2026-000004', 'user:officer.heerlen')
    """
    return typed if ":" in typed or not typed else f"{'service' if typed.startswith('D') else 'case'}:{typed}"


def entry_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with its moment, and with what it is about as a kind and a number or, for a municipality, a name."""
    kind, _, which = entry["object"].partition(":")
    if kind == "municipality":
        which = DEMO_MUNICIPALITIES.get(which, which)
    elif (kind, which) == ("service", "list"):
        which = ""
    return {**entry, "moment": dt.datetime.fromisoformat(entry["at"]), "kind": kind, "which": which}


@router.get("/logboek/uitvoer")
def log_file(request: Request, visit: Signed) -> Response:
    """The whole chain as JSON lines, for weegschaal_verify.py; the export is the last entry in it."""
    viewer, now = visit.viewer, dt.datetime.now(dt.UTC)
    require(viewer, Permission.READ_LOG)
    handle, name = tempfile.mkstemp(suffix=".jsonl")
    os.close(handle)
    path = Path(name)
    with looking(engine(request)) as session:
        _logged(session, viewer, {"exported": True}, now)
        audit.export(session, viewer.municipality, path)
    called = f"log-{viewer.municipality}-{now.date()}.jsonl"
    return FileResponse(
        path, media_type="application/x-ndjson", filename=called, background=BackgroundTask(path.unlink)
    )


def part_of(part: Mapping[str, Any], spoken: Language) -> dict[str, Any]:
    """One set of attributes as the page shows it: burden of selection, and the gate, per group."""
    burden = {_key(one): one for one in part["burden"]["groups"]}
    rows = []
    for verdict in part["verdicts"]:
        there = burden.get(_key(verdict), {})
        chosen = there.get("metrics", {}).get("pprev", {"value": None, "status": "suppressed"})
        rows.append({"name": _said(verdict, spoken), "n": there.get("n"), "chosen": chosen, "gate": verdict})
    if not rows:
        rows = [
            {"name": _said(one, spoken), "n": one["n"], "chosen": one["metrics"]["pprev"], "gate": None}
            for one in burden.values()
        ]
    return {
        "groups": part["groups"],
        "rows": rows,
        "status": part["status"],
        "doubles": part["double_reviews"],
        "cannot_show": {"nl": part["cannot_show_nl"], "en": part["cannot_show_en"]},
    }


def _said(one: Mapping[str, Any], spoken: Language) -> str:
    return " · ".join(spoken.named("group", value) for value in one["group"].values())


def _key(one: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(one["group"].items()))


def _logged(session: Any, viewer: Viewer, details: Mapping[str, Any], now: dt.datetime) -> None:
    role, purpose = viewer.role.value, viewer.purpose.value
    audit.append(session, viewer.municipality, viewer.user, role, "oversight", "log", purpose, details, at=now)
