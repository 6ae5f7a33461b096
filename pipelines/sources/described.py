"""What a file is when it is no delivery: the words of a refusal."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pipelines.sources.exchanges import is_cassette, keys_in
from pipelines.sources.gbav_layout import HEADER
from pipelines.sources.tables import table_in

_MAGIC = (
    (b"PK\x03\x04", "a zip archive (or a spreadsheet); unpack it, or save it as CSV"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"SQLite format 3", "a SQLite database"),
)
_ROOT = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")


def description_of(path: Path, head: bytes) -> str:
    """What a file seems to be, in words that can follow "this is". Quotes nothing but names of fields and elements."""
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if not head.strip():
        return "an empty file"
    if table := table_in(head):
        return f"national table {table[0]} ({table[1]}), not a delivery"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "a UTF-16 text; deliver UTF-8"
    if text.startswith(b"<"):
        return _xml(text)
    if text[:1] in (b"{", b"[") or is_cassette(text):
        return _json(text)
    if re.search(rb"(?m)^(openapi|swagger):", text[:2000]):
        return "an OpenAPI description, not a delivery"
    if b"\x00" in head[:4096]:
        return "a binary file of an unknown kind"
    return _text(path, text)


def is_description(head: bytes) -> bool:
    """Whether a file describes a service (XSD, WSDL) in whose messages its names stand too."""
    names = _ROOT.search(head)
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and bool(
        names and names[1] in (b"schema", b"definitions")
    )


def _xml(text: bytes) -> str:
    names = [name.decode("ascii", errors="replace") for name in _ROOT.findall(text)]
    root = names[0] if names else "?"
    if root == "schema":
        return "an XML schema (XSD), not a delivery"
    if root == "definitions":
        return "a WSDL description, not a delivery"
    if root.lower() in ("html", "head", "body"):
        return "a web page"
    if root == "Envelope":
        inside = next((name for name in names if name not in ("Envelope", "Header", "Body")), "nothing")
        return f"a SOAP message with {inside}, which no reader knows"
    return f"XML with the root element {root}, which no reader knows"


def _json(text: bytes) -> str:
    keys = keys_in(text)
    if keys & {"openapi", "swagger"}:
        return "an OpenAPI description, not a delivery"
    if "$schema" in keys:
        return "a JSON schema, not a delivery"
    if is_cassette(text):
        return "a recording of exchanges with another service than BRP Personen, Bewoning and the Handelsregister"
    if "item" in keys and "request" in keys:
        return "a collection of requests (Postman), not a delivery"
    if {"type", "fields"} <= keys or "RaadpleegMet" in text[:200].decode("utf-8", errors="replace"):
        return "a question to BRP Personen, not its answer"
    if _is_code_list(text):
        return "a list of codes, not a delivery"
    if not keys:
        return "JSON without any field a reader knows"
    shown = ", ".join(sorted(keys)[:6])
    return f"JSON with fields like {shown}, which no reader knows"


def _is_code_list(text: bytes) -> bool:
    """An object of short texts, or a list of small objects with a code: what the SUWI code tables look like."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    rows = content if isinstance(content, list) else [content]
    return bool(rows) and all(
        isinstance(row, dict) and all(isinstance(value, str | int | float | bool | None) for value in row.values())
        for row in rows
    )


def _text(path: Path, text: bytes) -> str:
    line = text.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip()
    known = set(line.split(";")) & set(HEADER) - {""}
    if len(known) > 3:
        return "a GBA-V list file of which the header lacks columns that are needed"
    if line.startswith("# weegschaal"):
        return "a file of our own of a kind that no reader knows; see the first line"
    if path.suffix.lower() in (".md", ".txt", ".rst") or line.startswith("#"):
        return "a text"
    if ";" in line or "," in line:
        return "a CSV file of which the header belongs to no contract"
    return "a text of an unknown kind"
