"""The audit as one HTML file that needs nothing else: each figure with its formula, no scripts, drawings as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.confusion import METRICS
from models.fairness import Audit, Comparison, Figure, Group

WORDS: Mapping[str, Mapping[str, str]] = {
    "nl": {
        "title": "Onderzoek naar gelijke behandeling",
        "intro": "Geselecteerd worden is de last. Elk cijfer staat er met zijn formule, zijn noemer en een "
        "95%-interval. Een verschil met de vergelijkingsgroep is pas een verschil als het interval 0 niet bevat.",
        "limits": "Wat dit niet laat zien: als de uitkomsten zelf scheef zijn vastgesteld, ziet elk onderzoek er "
        "schoon uit. Dat blijkt alleen uit zaken die twee mensen los van elkaar onderzochten.",
        "group": "Groep",
        "n": "Mensen",
        "value": "Cijfer",
        "interval": "95%-interval",
        "denominator": "Noemer",
        "status": "Status",
        "difference": "Verschil",
        "ratio": "Verhouding",
        "against": "Vergeleken met {name}",
        "everybody": "Iedereen",
        "formula": "Formule",
        "warnings": "Opmerkingen",
        "ok": "goed",
        "insufficient": "te weinig",
        "suppressed": "niet getoond",
        "not_estimable": "niet te schatten",
        "letters": "TP: geselecteerd met de uitkomst. FP: geselecteerd, niets aan de hand. FN: niet geselecteerd met "
        "de uitkomst. TN: niet geselecteerd, niets aan de hand. g: de groep; k: de hele lijst.",
    },
    "en": {
        "title": "Fairness audit",
        "intro": "Being selected is the burden. Each figure stands with its formula, its denominator and a 95 % "
        "interval. A difference from the reference group is a difference when its interval does not contain 0.",
        "limits": "What this cannot show: where the outcomes themselves were established with a bias, every audit "
        "looks clean. That shows only in cases that two people reviewed apart from each other.",
        "group": "Group",
        "n": "People",
        "value": "Figure",
        "interval": "95 % interval",
        "denominator": "Denominator",
        "status": "Status",
        "difference": "Difference",
        "ratio": "Ratio",
        "against": "Compared with {name}",
        "everybody": "Everybody",
        "formula": "Formula",
        "warnings": "Notes",
        "ok": "ok",
        "insufficient": "insufficient",
        "suppressed": "suppressed",
        "not_estimable": "not estimable",
        "letters": "TP: selected with the outcome. FP: selected, nothing the matter. FN: not selected with the "
        "outcome. TN: not selected, nothing the matter. g: the group; k: the whole list.",
    },
}

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1a2229;background:#fff;margin:2rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}h3{font-size:1rem;margin:1.5rem 0 .3rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #d5dbe0}
td.number{text-align:right}caption{text-align:left;color:#4a5560;padding:.3rem 0}
code{font:.95em ui-monospace,monospace}.note{color:#4a5560}svg{display:block}
"""

STATUS_WORDS = {
    "pass": ("geslaagd", "pass"),
    "fail": ("niet geslaagd", "fail"),
    "insufficient": ("te weinig", "too few"),
}

Cells = tuple[tuple[str, bool], ...]
"""texts of one row, and whether each is a number"""


def report(audit: Audit, language: str, source: str) -> str:
    """HTML in "nl" or "en". source: what was audited, such as the name of the file. Raises KeyError otherwise."""
    return page([("", audit)], language, source)


def page(sections: Sequence[tuple[str, Audit]], language: str, source: str, before: str = "") -> str:
    """Several audits on one page, each under its heading. before: HTML that stands above them."""
    words = WORDS[language]
    parts = [_head(words, language, source), before]
    for heading, audit in sections:
        parts.append(f"<h2>{escape(heading)}</h2>" if heading else "")
        parts.append(f"<p>{words['n']}: {audit.rows}</p>{_notes(audit, words, language)}")
        for columns in dict.fromkeys(tuple(group.key) for group in audit.groups):
            groups = [one for one in audit.groups if tuple(one.key) == columns]
            compared = [one for one in audit.comparisons if tuple(one.group) == columns]
            parts.append(f"<h2>{escape(' × '.join(columns))}</h2>")
            parts += [_metric(name, groups, compared, audit.total, words, language) for name in METRICS]
    return "".join(parts) + "</main></body></html>\n"


def gate_table(heading: str, found: Mapping[str, Any], language: str) -> str:
    """HTML of the verdicts and double reviews of one part, as fairness_gate.told gives them."""
    nl = language == "nl"
    judged = ("Groep", "FPR", "Grenzen", "Budget", "Uitslag") if nl else ("Group", "FPR", "Bounds", "Budget", "Verdict")
    double = (
        ("Groep", "Paren", "Verschillend", "Grenzen", "Status") if nl else ("Group", "Pairs", "Differ", "Bounds", "")
    )
    verdicts = [
        (
            _who(one),
            _number(one["value"], ".3f"),
            _bounds(one),
            f"{one['budget']:.3f}",
            _status(one["status"], language),
        )
        for one in found["verdicts"]
    ]
    pairs = [
        (_who(one), one["pairs"] or "", _number(one["share"], ".3f"), _bounds(one), _status(one["status"], language))
        for one in found["double_reviews"]
    ]
    none = "Geen dubbel onderzochte zaken." if nl else "No cases were reviewed twice."
    return (
        f"<h2>{escape(heading)}: {_status(found['status'], language)}</h2>{_grid(judged, verdicts)}"
        f"<p>{found['cannot_show_nl' if nl else 'cannot_show_en']}</p>"
        f"{_grid(double, pairs) if pairs else f'<p>{none}</p>'}"
    )


def _grid(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    header = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"


def _who(one: Mapping[str, Any]) -> str:
    return " / ".join(one["group"].values())


def _bounds(one: Mapping[str, Any]) -> str:
    return "" if one["low"] is None else f"{one['low']:.3f} … {one['high']:.3f}"


def _status(word: str, language: str) -> str:
    there = STATUS_WORDS.get(word)
    return WORDS[language][word] if there is None else there[0 if language == "nl" else 1]


def _notes(audit: Audit, words: Mapping[str, str], language: str) -> str:
    notes = "".join(f"<li>{escape(nl if language == 'nl' else en)}</li>" for nl, en in audit.warnings)
    return f"<h3>{words['warnings']}</h3><ul>{notes}</ul>" if notes else ""


def _head(words: Mapping[str, str], language: str, source: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{words["title"]}: {escape(source)}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{words['title']}</h1>"
        f"<p>{escape(source)}</p><p>{words['intro']}</p>"
        f"<p><strong>{words['limits']}</strong></p><p class='note'>{words['letters']}</p>"
    )


def _metric(
    name: str,
    groups: list[Group],
    compared: list[Comparison],
    total: Group,
    words: Mapping[str, str],
    language: str,
) -> str:
    metric = METRICS[name]
    title = metric.title_nl if language == "nl" else metric.title_en
    of = {tuple(one.group.items()): one for one in compared if one.metric == name}
    rows = [_row(_named(one), one.n, one.metrics[name], of.get(tuple(one.key.items())), words) for one in groups]
    rows.append(_row(words["everybody"], total.n, total.metrics[name], None, words))
    base = next((one.reference for one in of.values()), None)
    against = words["against"].format(name=" / ".join(base.values())) if base else words["difference"]
    heads = ("group", "n", "value", "interval", "denominator", "status")
    header = "".join(f'<th scope="col">{words[one]}</th>' for one in heads)
    header += f'<th scope="col">{escape(against)}</th><th scope="col">{words["ratio"]}</th>'
    drawing = _drawing(title, [(_named(one), one.metrics[name]) for one in groups])
    return (
        f"<h3>{escape(title)} (<code>{name}</code>)</h3>{drawing}"
        f"<table><caption>{words['formula']}: <code>{escape(metric.formula)}</code></caption>"
        f"<thead><tr>{header}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _row(name: str, n: int | None, one: Figure, compared: Comparison | None, words: Mapping[str, str]) -> str:
    gap = ratio = ""
    if compared is not None and compared.difference is not None:
        gap = f"{compared.difference:+.3f} ({_number(compared.low, '+.3f')} … {_number(compared.high, '+.3f')})"
        ratio = _number(compared.ratio, ".2f")
    cells: Cells = (
        ("" if n is None else str(n), True),
        (_number(one.value, ".3f"), True),
        ("" if one.low is None else f"{_number(one.low, '.3f')} … {_number(one.high, '.3f')}", True),
        ("" if one.denominator is None else str(one.denominator), True),
        (words[one.status], False),
        (gap, True),
        (ratio, True),
    )
    inner = "".join(f'<td class="number">{text}</td>' if is_number else f"<td>{text}</td>" for text, is_number in cells)
    return f'<tr><th scope="row">{escape(name)}</th>{inner}</tr>'


def _number(value: float | None, shape: str) -> str:
    return "" if value is None else format(value, shape)


def _named(group: Group) -> str:
    return " / ".join(group.key.values())


def _drawing(title: str, figures: list[tuple[str, Figure]]) -> str:
    """A dot and a line per group on a scale of 0 to 1."""
    wide, left, step = 640, 200, 22
    shown = [(name, one) for name, one in figures if one.value is not None]
    if not shown:
        return ""
    tall = step * len(shown) + 26
    lines = []
    for i, (name, one) in enumerate(shown):
        y = step * i + 14
        low, value, high = (left + (wide - left - 20) * (end or 0.0) for end in (one.low, one.value, one.high))
        label = escape(name if len(name) <= 28 else name[:27] + "…")
        lines.append(
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end" font-size="12">{label}</text>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="#35607c" stroke-width="2"/>'
            f'<circle cx="{value:.1f}" cy="{y}" r="4" fill="#35607c"/>'
        )
    ticks = "".join(
        f'<text x="{left + (wide - left - 20) * at:.1f}" y="{tall - 2}" text-anchor="middle" font-size="11" '
        f'fill="#4a5560">{at:g}</text>'
        for at in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}">'
        f'<line x1="{left}" x2="{wide - 20}" y1="{tall - 16}" y2="{tall - 16}" stroke="#aab4bc"/>'
        f"{''.join(lines)}{ticks}</svg>"
    )
