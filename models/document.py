"""A document as data: sections of text, tables and drawings, and its self-contained HTML that runs no code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

NOT_KNOWN = {"nl": "nog niet bekend", "en": "not yet known"}
"""stands where the metadata have no figure; nothing is made up"""

STYLE = """
body{font:16px/1.55 system-ui,sans-serif;max-width:58rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.8rem;line-height:1.2}h2{font-size:1.25rem;margin-top:2.2rem;border-top:1px solid #ccc;padding-top:1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.95rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}
th{background:#f3f3f3}figure{margin:1rem 0}figcaption{color:#444;font-size:.95rem}svg{max-width:100%;height:auto}
.lead{font-size:1.1rem}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}table,figure{break-inside:avoid}}
"""


@dataclass(frozen=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Drawing:
    svg: str
    """made by models/drawing.py; nothing else may write markup"""
    caption: str


@dataclass(frozen=True)
class Section:
    title: str
    body: tuple[str | Table | Drawing, ...]


@dataclass(frozen=True)
class Document:
    title: str
    lead: str
    sections: tuple[Section, ...]
    language: Literal["nl", "en"] = "nl"

    def data(self) -> dict[str, Any]:
        """For machines: {title, lead, language, sections: [{title, text, tables, drawings}]}."""
        return {
            "title": self.title,
            "lead": self.lead,
            "language": self.language,
            "sections": [
                {
                    "title": one.title,
                    "text": [part for part in one.body if isinstance(part, str)],
                    "tables": [
                        {
                            "head": list(part.head),
                            "rows": [list(row) for row in part.rows],
                        }
                        for part in one.body
                        if isinstance(part, Table)
                    ],
                    "drawings": [part.caption for part in one.body if isinstance(part, Drawing)],
                }
                for one in self.sections
            ],
        }

    def html(self) -> bytes:
        """One file with everything in it. The same document gives the same bytes."""
        body = "\n".join(_section(one) for one in self.sections)
        title, lead = escape(self.title), escape(self.lead)
        return (
            f'<!doctype html>\n<html lang="{self.language}">\n<head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{STYLE}</style></head>\n"
            f'<body>\n<h1>{title}</h1>\n<p class="lead">{lead}</p>\n{body}\n</body>\n</html>\n'
        ).encode()


def known(value: Any, language: Literal["nl", "en"] = "nl") -> str:
    """The value in words, or the words for what is not known.

    >>> known(None), known(""), known(0), known(True, "en"), known(["a", "b"])
    ('nog niet bekend', 'nog niet bekend', '0', 'yes', 'a, b')
    """
    if value is None or value == "" or value == []:
        return NOT_KNOWN[language]
    if isinstance(value, bool):
        return {"nl": ("nee", "ja"), "en": ("no", "yes")}[language][value]
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def pairs(rows: Sequence[tuple[str, Any]], language: Literal["nl", "en"] = "nl") -> Table:
    """A table of names and values, where a value that is missing is said to be not known."""
    head = {"nl": ("gegeven", "waarde"), "en": ("item", "value")}[language]
    return Table(head, tuple((name, known(value, language)) for name, value in rows))


def _section(one: Section) -> str:
    return f"<h2>{escape(one.title)}</h2>\n" + "\n".join(_part(part) for part in one.body)


def _part(part: str | Table | Drawing) -> str:
    if isinstance(part, str):
        return f"<p>{escape(part)}</p>"
    if isinstance(part, Drawing):
        return f"<figure>{part.svg}<figcaption>{escape(part.caption)}</figcaption></figure>"
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in part.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in part.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
