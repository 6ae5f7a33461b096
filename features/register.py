"""The catalogue as a reviewer reads it: every feature with its law, its lineage and its other explanation, as a page.

Markdown for docs/features.md, HTML without script or style for whoever wants it apart. Both are made of the rows of
`catalogue.listing`, so that no page says anything that the declaration does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from features.barred import BARRED
from features.declaration import TOPICS

Row = Mapping[str, Any]

TOPIC_WORDS = {
    "benefit": "Uitkering (benefit)",
    "income": "Inkomen (income)",
    "residence": "Verblijf (residence)",
    "household": "Huishouden (household)",
    "assets": "Vermogen (assets)",
    "companies": "Ondernemingen (companies)",
    "signals": "Signalen (signals)",
    "history": "Voorgeschiedenis (history)",
}
DIRECTIONS = {
    1: "more of it can only raise the place of a case",
    -1: "more of it can only lower the place of a case",
    0: "either way",
}
NEVER_VARIES = {
    "account_changes_12m": "nobody changes accounts",
    "address_unknown": "nobody's place of residence is unknown",
    "claims_paid_off_60m": "claims are repaid in part, none wholly",
    "couple_norm_alone": "whoever has the norm of a couple has a partner in the case",
    "deducted_above_declared_12m": "nothing is deducted that was not declared",
    "departed": "nobody is deregistered while on benefit",
    "directorships": "no client or partner directs an organisation",
    "estates_ended_24m": "no right in real estate ends",
    "former_partner_here": "no former partner stays at the address",
    "household_addresses": "partners in a case share their address",
    "norm_changed_12m": "no norm changes by more than a tenth within a year",
    "other_company_at_home": "no company of someone else is at a client's home",
    "other_income_12m": "incomes are wages and the benefit itself",
    "other_municipality": "clients are registered where their benefit runs",
    "other_parent_here": "no other parent outside the case lives at the address",
    "paid_above_statement": "year statements are at least what was paid",
    "stays_abroad_24m": "nobody is registered abroad",
    "unpaid_months_12m": "no month passes without payment or deduction",
}
"""features with one value for all cases of the simulated province, and why; real registers have these situations"""
INTRODUCTION = (
    "Every fact that may speak for or against looking at a case. A feature is refused when one of these lines is "
    "missing, when it has expired, or when its name, sentences or columns are barred (R8, R9).",
    "Only what was known strictly before the as-of date counts, and only what had certainly begun then; partial dates "
    "take the reading that favours the client. No feature reads what a review of someone else found (R24).",
)


def facts(row: Row) -> list[tuple[str, str]]:
    """(heading, text) of one feature, in the order of the page."""
    window = f"the {row['window']} months before the date" if row["window"] else "on the date, or all that is known"
    told = [
        ("Sentence", f"{row['sentence_nl']} / {row['sentence_en']}"),
        ("When one", f"{row['one_nl']} / {row['one_en']}" if row["one_nl"] else ""),
        ("When none", f"{row['none_nl']} / {row['none_en']}"),
        ("When unknown", f"{row['unknown_nl']} / {row['unknown_en']}" if row["unknown_nl"] else ""),
        ("Could also mean", f"{row['could_nl']} / {row['could_en']}"),
        ("Unit and window", f"{row['unit']}; {window}; without rows {row['fill']:g}"),
        ("Direction", DIRECTIONS[row["direction"]]),
        ("Legal basis", row["legal_basis"]),
        ("Purpose, owner, expires", f"{row['purpose']}; {row['owner']}; {row['expires']}"),
        ("Why it is there", f"{row['reason_nl']} / {row['reason_en']}"),
        ("Rests on", "; ".join(map(_source, row["lineage"]))),
        ("In the simulated province", f"the same for all: {NEVER_VARIES.get(row['name'], '')}"),
    ]
    return [(head, text) for head, text in told if text and not text.endswith(": ")]


def _source(one: Row) -> str:
    told = [", ".join(one["columns"]), one["legal_basis"], f"at most {one['max_age_days']} days old"]
    if one.get("newest"):
        told.append(f"newest delivery {one['newest']}")
    return f"{one['source']} {one['contract']} ({'; '.join(told)})"


def markdown(rows: Sequence[Row]) -> str:
    """The whole page; a table of contents by topic, then a list of facts per feature."""
    lines = ["# Features", "", *_paragraphs(), f"There are {len(rows)} features.", ""]
    lines += ["Made by `weegschaal features --markdown`; change the declaration, not this page.", ""]
    for topic, mine in _by_topic(rows):
        links = ", ".join(f"[{row['name']}](#{row['name']})" for row in mine)
        lines += [f"- {TOPIC_WORDS[topic]}: {links}"]
    lines += ["", "## What is never a feature", ""]
    lines += [f"- {ground}" for ground in BARRED]
    for topic, mine in _by_topic(rows):
        lines += ["", f"## {TOPIC_WORDS[topic]}"]
        for row in mine:
            lines += ["", f"### {row['name']}", f"**{row['title_nl']}** / {row['title_en']}", ""]
            lines += [f"- {head}: {text}" for head, text in facts(row)]
    return "\n".join(lines) + "\n"


def html(rows: Sequence[Row]) -> str:
    """The same page as one HTML document, escaped, without script or style."""
    lines = ["<!doctype html>", '<html lang="en"><head><meta charset="utf-8"><title>Features</title></head><body>']
    lines += ["<h1>Features</h1>", *(f"<p>{escape(one)}</p>" for one in INTRODUCTION)]
    lines += ["<h2>What is never a feature</h2><ul>", *(f"<li>{escape(one)}</li>" for one in BARRED), "</ul>"]
    for topic, mine in _by_topic(rows):
        lines += [f"<h2>{escape(TOPIC_WORDS[topic])}</h2>"]
        for row in mine:
            lines += ['<h3 id="{0}">{0}</h3>'.format(row["name"])]
            lines += [f"<p><strong>{escape(row['title_nl'])}</strong> / {escape(row['title_en'])}</p><dl>"]
            lines += [f"<dt>{escape(head)}</dt><dd>{escape(text)}</dd>" for head, text in facts(row)]
            lines += ["</dl>"]
    return "\n".join([*lines, "</body></html>"]) + "\n"


def _paragraphs() -> list[str]:
    return [line for one in INTRODUCTION for line in (one, "")]


def _by_topic(rows: Sequence[Row]) -> Iterable[tuple[str, list[Row]]]:
    for topic in TOPICS:
        yield topic, [row for row in rows if row["topic"] == topic]
