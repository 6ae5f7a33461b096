"""Opening XML that may be hostile: no entities, no DTD, no network, local names only, envelopes taken off.

Nothing here knows a contract. `open_message` gives the bodies of a message; `Part` walks them by local name and
remembers where it stands, so that every later complaint can say where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from pipelines.sources.reading import RefusedError

MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
}
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_OPENING = re.compile(r"<(?:[A-Za-z_][\w.\-]*:)?([A-Za-z_][\w.\-]*)(?=[\s/>])")
_SERVICE = re.compile(r"/Diensten/([A-Za-z]+)[/-](v\d+)")
_NAMESPACE = re.compile(r"/([A-Za-z]+)/(v\d+)$")


@dataclass(frozen=True)
class Outline:
    """What the beginning of an XML file tells without parsing it: the payload's local name, service and version."""

    root: str
    service: str | None = None
    version: str | None = None
    of_suwi: bool = False


def outline(head: bytes) -> Outline | None:
    """The outline of a file that begins like XML; None for anything else. Never raises.

    >>> outline(b'<a:KentekenInfoResponse xmlns:a="http://bkwi.nl/SuwiML/Diensten/RDWDossierGSD/v0200">')
    Outline(root='KentekenInfoResponse', service='RDWDossierGSD', version='v0200', of_suwi=True)
    """
    text = _decoded(head).lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        return None
    bare = _MARKUP.sub(" ", text)
    names = (found.group(1) for found in _OPENING.finditer(bare))
    root = next(names, None)
    if root == "Envelope":
        root = next((name for name in _after(names, "Body")), "Envelope")
    if root is None:
        return None
    service = _SERVICE.search(bare)
    if service is None:
        return Outline(root)
    return Outline(root, service.group(1), service.group(2), "/SuwiML/Diensten/" in bare)


def _decoded(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace")
    return head.decode("utf-8", errors="replace")


def _after(names: Iterator[str], marker: str) -> Iterator[str]:
    for name in names:
        if name == marker:
            yield from names


def parse(path: Path) -> etree._Element:
    """The root element of an XML file. Raises RefusedError for anything that is not plain XML, MemoryError when the
    parser may not have what it needs."""
    data = path.read_bytes()
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            raise RefusedError(f"{path.name} is {kind}, not XML; unpack it or deliver it under its own name")
    if not data.strip():
        raise RefusedError(f"{path.name} is empty; ask the sender to deliver it again")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        line = error.lineno or 0
        if b"<!ENTITY" in data:
            raise RefusedError(
                f"{path.name} declares entities, which no delivery needs; deliver it without DOCTYPE"
            ) from None
        raise RefusedError(
            f"{path.name} is not well-formed XML (line {line}); ask the sender for a whole file"
        ) from None
    except (ValueError, LookupError):
        raise RefusedError(f"{path.name} is not XML in an encoding that can be read; deliver it as UTF-8") from None
    document: Any = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise RefusedError(f"{path.name} has a document type declaration; deliver it without DOCTYPE and entities")
    return root


def local(element: etree._Element) -> str:
    """The name without namespace; empty for what is no element (an entity reference)."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


@dataclass(frozen=True)
class Part:
    """An element and the path that leads to it, counted from 1 among equal names."""

    element: etree._Element
    at: str

    @property
    def name(self) -> str:
        return local(self.element)

    @property
    def raw(self) -> str:
        """The element as text."""
        return etree.tostring(self.element, encoding="unicode", with_tail=False)

    @property
    def text(self) -> str | None:
        """The text directly in the element, white space evened out; None when there is none."""
        return " ".join((self.element.text or "").split()) or None

    def children(self) -> Iterator[Part]:
        """Every child element in order."""
        counted: dict[str, int] = {}
        for element in self.element:
            name = local(element)
            if name:
                counted[name] = counted.get(name, 0) + 1
                yield Part(element, f"{self.at}/{name}[{counted[name]}]")

    def parts(self, *path: str) -> list[Part]:
        """Every element that a path of local names leads to, in order."""
        found = [self]
        for name in path:
            found = [child for one in found for child in one.children() if child.name == name]
        return found

    def part(self, *path: str) -> Part | None:
        """The first element that a path of local names leads to."""
        found = self.parts(*path)
        return found[0] if found else None


@dataclass(frozen=True)
class Message:
    """A message without its envelope. `version` is of the payload's own namespace (v0200) or 'unknown'."""

    bodies: tuple[Part, ...]
    header: Part | None
    enveloped: bool
    version: str


def open_message(path: Path) -> Message:
    """Parse a file and take a SOAP envelope off. Raises RefusedError."""
    root = Part(element := parse(path), f"/{local(element)}")
    if root.name != "Envelope":
        return Message((root,), None, False, _version(element))
    bodies = tuple(
        Part(payload.element, f"/{payload.name}") for body in root.parts("Body") for payload in body.children()
    )
    if not bodies:
        raise RefusedError(f"{path.name} is a SOAP envelope with nothing in it; ask the sender to deliver it again")
    versions = [version for body in bodies if (version := _version(body.element)) != "unknown"]
    return Message(bodies, root.part("Header"), True, versions[0] if versions else "unknown")


def _version(element: etree._Element) -> str:
    found = _NAMESPACE.search(etree.QName(element).namespace or "")
    return found.group(2) if found else "unknown"
