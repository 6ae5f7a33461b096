"""Answers of a JSON service: one answer in a file, or exchanges as a recorder kept them (VCR cassettes, YAML or JSON).

`Node` reads the fields of an answer by the type they should have, so that a surprise becomes a quarantine row.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipelines.sources.intake import UnreadableError
from pipelines.sources.reading import RefusedError

_UNPACKED_LIMIT = 64 * 2**20
_DEEPEST = 100
"""levels inside each other; the services use about ten"""
_MOST_IN_YAML = 2_000_000
"""values in a cassette, those behind an alias counted each time: a few aliases of aliases would fill the memory"""
_KEY = re.compile(rb'"([A-Za-z_$][\w$.-]*)"\s*:')


@dataclass(frozen=True)
class Answer:
    """One answer. `at` is empty for a plain file, else which exchange it stood in."""

    at: str
    body: object
    asked: object = None
    """body of the question, where one was recorded"""
    uri: str = ""
    status: int | None = None

    @property
    def prefix(self) -> str:
        return f"{self.at}: " if self.at else ""


def keys_in(head: bytes) -> frozenset[str]:
    """The JSON names that stand in the first bytes of a JSON file or a cassette; empty for anything else."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not (text[:1] in (b"{", b"[") or is_cassette(text)):
        return frozenset()
    return frozenset(key.decode() for key in _KEY.findall(text.replace(b'\\"', b'"')))


def is_cassette(head: bytes) -> bool:
    return re.search(rb"(?m)^(- )?interactions:\s", head) is not None or b'"interactions"' in head[:200]


def answers_in(path: Path) -> list[Answer]:
    """Every answer in the file. Raises RefusedError when it is neither JSON nor a cassette."""
    raw = path.read_bytes()
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        content = _json(path.name, raw)
    else:
        try:
            content = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe loader
        except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError) as error:
            raise RefusedError(
                f"{path.name}: neither JSON nor a recorded exchange ({_place(error)}); ask the sender for a whole file"
            ) from None
        _check_size(path.name, content, _MOST_IN_YAML)
    if isinstance(content, dict) and isinstance(content.get("interactions"), list):
        return [_recorded(number, one) for number, one in enumerate(content["interactions"], start=1)]
    return [Answer("", content)]


def _json(name: str, raw: bytes) -> object:
    try:
        content = json.loads(raw.removeprefix(b"\xef\xbb\xbf"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        # the message of a decoder names the place only; it never quotes the text
        raise RefusedError(
            f"{name}: cannot be read as JSON ({_place(error)}); ask the sender for a whole file"
        ) from None
    _check_size(name, content)
    return content


def _check_size(name: str, content: object, most: int | None = None) -> None:
    """Raises RefusedError for what is nested too deep to walk through, or holds too much."""
    waiting = [(content, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > _DEEPEST or (most is not None and seen > most):
            raise RefusedError(f"{name}: is nested too deep or holds too many values to be an answer of a service")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for one in value.values()]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]


def _place(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno} column {error.colno}"
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1} column {mark.column + 1}"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error) if isinstance(error, _TwiceError) else type(error).__name__


class _TwiceError(ValueError):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _TwiceError("an object holds one name twice, so one of the two values would be lost")
    return fields


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _recorded(number: int, exchange: object) -> Answer:
    """One exchange of a cassette; what has no JSON body gives an answer without body."""
    fields = exchange if isinstance(exchange, dict) else {}
    request, response = fields.get("request"), fields.get("response")
    request = request if isinstance(request, dict) else {}
    response = response if isinstance(response, dict) else {}
    status = response.get("status")
    code = status.get("code") if isinstance(status, dict) else status or response.get("status_code")
    return Answer(
        at=f"exchange {number}",
        body=_body(response.get("body", response.get("content"))),
        asked=_body(request.get("body")),
        uri=str(request.get("uri") or request.get("url") or ""),
        status=code if isinstance(code, int) else None,
    )


def _body(kept: object) -> object:
    """The JSON in a kept body, or None."""
    if isinstance(kept, dict) and kept.keys() <= {"string", "encoding", "base64_string"}:
        kept = kept.get("string")
    if isinstance(kept, str):
        kept = kept.encode("utf-8", errors="replace")
    if not isinstance(kept, bytes):
        return kept
    if kept[:2] == b"\x1f\x8b":
        try:
            kept = zlib.decompressobj(wbits=31).decompress(kept, _UNPACKED_LIMIT)
        except zlib.error:
            return None
    try:
        return _json("body", kept)
    except RefusedError:
        return None


@dataclass(frozen=True)
class Node:
    """One object of an answer and where it stands. Every reader of a field raises UnreadableError when the field holds
    something of another kind, and gives nothing when it is absent."""

    fields: dict[str, object]
    path: str = ""

    @classmethod
    def of(cls, value: object, path: str) -> Node:
        if not isinstance(value, dict):
            raise UnreadableError(path, "is not an object")
        return cls(value, path)

    def name(self, field: str) -> str:
        return f"{self.path}.{field}" if self.path else field

    def holds(self, *fields: str) -> bool:
        return any(self.fields.get(field) not in (None, "", [], {}) for field in fields)

    def group(self, field: str) -> Node:
        value = self.fields.get(field)
        return Node({} if value is None else Node.of(value, self.name(field)).fields, self.name(field))

    def groups(self, field: str) -> list[Node]:
        value = self.fields.get(field)
        if value is None:
            return []
        if not isinstance(value, list):
            raise UnreadableError(self.name(field), "is not a list")
        return [Node.of(one, f"{self.name(field)}[{place}]") for place, one in enumerate(value)]

    def text(self, field: str) -> str:
        value = self.fields.get(field)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise UnreadableError(self.name(field), "is not a text")
        return str(value).strip()

    def yes(self, field: str) -> bool | None:
        """True, false, Ja, Nee, J or N. Raises UnreadableError for another word."""
        value = self.fields.get(field)
        if isinstance(value, bool) or value is None:
            return value
        word = self.text(field).lower()
        if word not in ("ja", "nee", "j", "n", "true", "false", ""):
            raise UnreadableError(self.name(field), "is neither Ja nor Nee")
        return None if not word else word in ("ja", "j", "true")

    def code(self, field: str) -> str | None:
        """Code of an entry of a value table under `field`, else its description, else the plain text there."""
        value = self.fields.get(field)
        if value is None or isinstance(value, str | int):
            return self.text(field) or None
        entry = self.group(field)
        return entry.text("code") or entry.text("omschrijving") or None
