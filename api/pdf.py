"""The dossier of a case as a tagged PDF: what the page shows, under the same rules, with who took it and when.

Typst sets it in this process; no browser and no network. The text is handed over as data, so that nothing a person
wrote can be read as markup.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

import typst
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import timeline_svg
from api.answers import Case, Reason, Relations
from api.case_pages import Seen, look, sides
from api.language import Language
from api.relations_svg import distinct
from api.rendering import HERE, language, say, source_name
from api.security import Signed, engine
from enforcement.cases import note
from enforcement.findings import CAUSE_WORDS, EFFECT_WORDS
from enforcement.looking import looking
from enforcement.proportion import MEANS_WORDS
from enforcement.tips import TIP_SOURCE_WORDS
from enforcement.users import Visit

router = APIRouter(prefix="/zaken/{number}")
TEMPLATE = HERE / "templates" / "dossier.typ"
TOPICS = ("benefit", "income", "residence", "household", "assets", "companies", "signals", "history")

Block = dict[str, Any]
"""kind text, note, heading (with text), list (with items), or table (with head and rows)"""


@router.get("/dossier.pdf")
def dossier(request: Request, visit: Signed, number: str) -> Response:
    """The PDF; that it was made is in the log, with the looks themselves, before it leaves."""
    now = dt.datetime.now(dt.UTC)
    with looking(engine(request)) as session:
        seen = look(session, request, visit, number)
        note(session, visit.viewer, "dossier_made", number, now)
    content = typeset(contents(seen, visit, language(request), now))
    headers = {"content-disposition": f'attachment; filename="{number}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


def typeset(given: Mapping[str, Any]) -> bytes:
    """The PDF of `contents`: tagged, with its language, conforming to PDF/UA-1."""
    made = typst.compile(
        TEMPLATE.read_bytes(), format="pdf", pdf_standards="ua-1", sys_inputs={"given": json.dumps(dict(given))}
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF was asked for")
    return made


def contents(seen: Seen, visit: Visit, spoken: Language, now: dt.datetime) -> dict[str, Any]:
    """Everything on paper, in one language: title, lead, parts with their blocks, footer and watermark."""
    case, t = Case.of(seen.view), spoken.text
    why = case.explanation
    where = (
        t(
            "case.place",
            place=spoken.number(why.place),
            total=spoken.number(why.ranked),
            low=spoken.number(why.place_low),
            high=spoken.number(why.place_high),
        )
        if why
        else t("case.position", position=case.position)
    )
    parts = [
        *(_reasons(case, spoken) if why else _facts(case, spoken)),
        *_timeline(seen, spoken),
        *_corrections(case, spoken),
        *_relations(seen, spoken),
        *_certainty(case, spoken),
        *_work(seen, case, spoken),
        _part(
            t("case.history"),
            _table(
                (t("pdf.what"), t("pdf.who"), t("pdf.when")),
                [(t(f"event.{one.action}"), one.actor, spoken.moment(one.at)) for one in seen.events],
            ),
        ),
    ]
    return {
        "title": t("case.title", number=case.number),
        "author": t("common.brand"),
        "lang": spoken.code,
        "lead": [
            f"{where}. {t('status.' + case.state.value)}. {t('case.due', date=spoken.date(case.due))}.",
            _caveat(case, spoken),
        ],
        "parts": [part for part in parts if part["blocks"]],
        "footer": t("pdf.footer", name=visit.name, at=spoken.moment(now), number=case.number),
        "watermark": f"{visit.name} · {spoken.moment(now)}",
    }


def _caveat(case: Case, spoken: Language) -> str:
    rate = case.base_rate
    changed = round(10 * rate.changed / rate.reviewed) if rate else 0
    measured = spoken.text("case.rate_blind", count=changed, rest=10 - changed) if rate else ""
    if case.explanation:
        said = (say(spoken, case.explanation.basis.caveat), measured or spoken.text("case.rate_unknown"))
    elif case.blind:
        said = (f"{spoken.text('case.blind_caveat')} {spoken.text('case.blind_why')}", measured)
    else:
        said = (spoken.text("case.blind_caveat"), spoken.text("case.unranked_why"))
    return " ".join(said).strip()


def _reasons(case: Case, spoken: Language) -> Iterable[dict[str, Any]]:
    t = spoken.text
    reasons = case.explanation.reasons if case.explanation else []
    rows = [
        (
            " ".join(filter(None, (say(spoken, one.text), say(spoken, one.comparison)))),
            f"{t('case.' + one.direction)}, {t('case.' + one.size)}",
            say(spoken, one.could_also_mean) if one.direction == "up" else "",
            _source(one, spoken),
        )
        for one in reasons
    ]
    head = (t("pdf.reason"), t("pdf.weight"), t("case.could").rstrip(":"), t("common.source"))
    yield _part(t("case.reasons"), _table(head, rows) if rows else _text(t("case.no_reasons")))
    ups = [one for one in reasons if one.direction == "up"]
    against = [say(spoken, one.text) for one in reasons if one.direction == "down"]
    against += [t("case.possible", text=say(spoken, one.could_also_mean)) for one in ups if one.could_also_mean]
    yield _part(
        t("case.for_against"),
        _block("heading", t("case.for")),
        _list([say(spoken, one.text) for one in ups] or [t("case.nothing_for")]),
        _block("heading", t("case.against")),
        _list(against or [t("case.nothing_against")]),
    )


def _facts(case: Case, spoken: Language) -> Iterable[dict[str, Any]]:
    """In the fixed order of topics, the same for every case (R6)."""
    t = spoken.text
    rows = []
    for topic in TOPICS:
        facts = [fact for fact in case.facts if fact.topic == topic]
        rows += [(t(f"topic.{topic}"), say(spoken, fact.text), source_name(spoken, fact.source)) for fact in facts]
        if not facts:
            rows.append((t(f"topic.{topic}"), t("case.no_fact"), ""))
    yield _part(t("case.facts"), _table((t("list.topic"), t("timeline.what"), t("common.source")), rows))


def _timeline(seen: Seen, spoken: Language) -> Iterable[dict[str, Any]]:
    if not seen.periods or not seen.periods["rows"]:
        return
    t = spoken.text
    rows = [
        (
            row.what,
            spoken.period(row.start.isoformat(), row.end.isoformat() if row.end else None),
            spoken.euro(row.cents) if row.cents is not None else "–",
            row.source or t("timeline.follows"),
        )
        for row in timeline_svg.draw(seen.periods, t).rows
    ]
    head = tuple(t(f"timeline.{name}") for name in ("what", "period", "amount", "source"))
    told = t("timeline.how", start=spoken.date(seen.periods["from"]), end=spoken.date(seen.periods["until"]))
    yield _part(t("timeline.title"), _block("note", told), _table(head, rows))


def _corrections(case: Case, spoken: Language) -> Iterable[dict[str, Any]]:
    if case.explanation and case.explanation.would_change_it:
        t = spoken.text
        items = [
            f"{say(spoken, one.text)} {spoken.count('case.later', one.places_later)}; {t('case.by_' + one.by)}."
            for one in case.explanation.would_change_it
        ]
        yield _part(t("case.change"), _block("note", t("case.change_how")), _list(items))


def _relations(seen: Seen, spoken: Language) -> Iterable[dict[str, Any]]:
    if not seen.graph:
        return
    t = spoken.text
    told = Relations.of(distinct(seen.graph), 1)
    names = {node.id: say(spoken, node.text) for node in told.nodes}
    rows = [
        (
            names[edge.start],
            say(spoken, edge.text),
            names[edge.end],
            source_name(spoken, edge.source),
            spoken.period(edge.from_date, edge.until_date) or "–",
        )
        for edge in told.edges
    ]
    head = tuple(t(f"relations.{name}") for name in ("from", "relation", "to", "source", "period"))
    yield _part(t("case.relations"), _block("note", t("case.relations_fact")), _table(head, rows))


def _certainty(case: Case, spoken: Language) -> Iterable[dict[str, Any]]:
    t, why = spoken.text, case.explanation
    old = [source_name(spoken, one) for one in case.old_sources]
    rows = [(t("case.data"), t("case.old", sources=", ".join(old)) if old else t("list.complete"))]
    if why:
        similar = why.limits.similar_past_cases
        rows += [
            (t("case.range"), t("list.between", low=why.place_low, high=why.place_high)),
            (
                t("case.similar"),
                t("case.similar_none") if similar is None else t("case.similar_count", count=spoken.number(similar)),
            ),
            (t("case.remainder"), t(f"case.remainder_{why.limits.unexplained}")),
        ]
    rows += [
        (t("case.model"), f"{case.basis.model} {case.basis.model_version}"),
        (t("inspection.until"), spoken.date(case.basis.data_until)),
    ]
    unused = f"{t('case.not_used')}: {t('case.not_used_list')}"
    yield _part(t("case.certain"), _table((t("pdf.about"), t("pdf.known")), rows), _block("note", unused))


def _work(seen: Seen, case: Case, spoken: Language) -> Iterable[dict[str, Any]]:
    t = spoken.text
    causes, effects = dict(sides(CAUSE_WORDS, spoken)), dict(sides(EFFECT_WORDS, spoken))
    found: list[Block] = []
    for one in case.findings:
        amount = f" · {spoken.euro(one.amount_cents)}" if one.amount_cents is not None else ""
        found.append(_text(f"{causes[one.cause.value]} · {effects[one.effect.value]}{amount}"))
        found.append(_text(one.reasoning))
        found.append(_block("note", t("findings.by", name=one.reviewer, at=spoken.moment(one.saved_at))))
        if one.approver and one.approved_at and one.state in ("approved", "returned"):
            settled = t(f"findings.{one.state}", name=one.approver, at=spoken.moment(one.approved_at))
            found.append(_block("note", settled))
    if case.arms and found:
        found.append(_block("note", t("arm.shown", arms=", ".join(t(f"arm.{arm}") for arm in case.arms))))
    yield _part(t("findings.recorded"), *found)
    means = dict(sides(MEANS_WORDS, spoken))
    steps = []
    for taken in seen.work.steps:
        consent = f" · {t('work.consent_' + taken.consent.value)}" if taken.consent else ""
        steps.append((f"{means[taken.means.value]}{consent}", taken.ground or "–", spoken.moment(taken.at)))
    if steps:
        yield _part(t("work.steps"), _table((t("pdf.what"), t("work.ground"), t("pdf.when")), steps))
    notes = [(one.text, one.author, spoken.moment(one.at)) for one in seen.work.notes]
    if notes:
        yield _part(t("work.notes"), _table((t("work.notes"), t("pdf.who"), t("pdf.when")), notes))
    documents = [(one.name, one.author, spoken.moment(one.at)) for one in seen.work.documents]
    if documents:
        yield _part(t("work.documents"), _table((t("work.documents"), t("pdf.who"), t("pdf.when")), documents))
    sources = dict(sides(TIP_SOURCE_WORDS, spoken))
    tips = [(one.text, sources[one.source.value], spoken.date(one.received)) for one in seen.work.tips]
    if tips:
        yield _part(t("case.tips"), _table((t("case.tips"), t("pdf.who"), t("pdf.when")), tips))


def _source(one: Reason, spoken: Language) -> str:
    until = spoken.text("common.until", date=spoken.short_date(one.source_date))
    return f"{source_name(spoken, one.source)}, {until}"


def _part(heading: str, *blocks: Block) -> dict[str, Any]:
    return {"heading": heading, "blocks": [one for one in blocks if one.get("items", one.get("rows", True))]}


def _block(kind: str, text: str) -> Block:
    return {"kind": kind, "text": text}


def _text(text: str) -> Block:
    return _block("text", text)


def _list(items: list[str]) -> Block:
    return {"kind": "list", "items": items}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Block:
    return {"kind": "table", "head": list(head), "rows": [list(row) for row in rows]}
