"""Reading one SuwiML service: which messages are answers, which are requests, and what a fault is.

A service differs from another in three things only: its names, the order of its elements, and what a client's part
becomes. Those come in as a `Service` and a function; the rest is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.sources.gathering import Children, Gathering
from pipelines.sources.reading import Reading, RefusedError
from pipelines.sources.xml import Part, open_message, outline


@dataclass(frozen=True)
class Service:
    """A SuwiML service. `name` begins its names in the namespace, which go on for the party that asks (GSD,
    DigitaleDiensten); `answers` are the payloads' local names."""

    source: str
    name: str
    answers: tuple[str, ...]
    carriers: dict[str, str]
    children: Children

    @property
    def requests(self) -> tuple[str, ...]:
        return tuple(name.removesuffix("Response") for name in self.answers)


def belongs(service: Service, head: bytes) -> bool:
    """True when the file's beginning is a message of this service: by its namespace, or by its name where the
    namespace is missing."""
    found = outline(head)
    if found is None:
        return False
    ours = found.root in service.answers or found.root in service.requests
    if found.service is None:
        return ours
    return found.service.startswith(service.name) and (ours or found.root == "Fault")


def read_service(path: Path, service: Service, take: Callable[[Gathering, Part], None]) -> Reading:
    """Read a file of a service; `take` gets each answer's payload. Raises RefusedError."""
    message = open_message(path)
    gathering = Gathering(service.carriers, service.children)
    if message.enveloped:
        gathering.flags["soap_envelope"] += 1
    for body in message.bodies:
        if body.name == "Fault":
            gathering.faults += 1
        elif body.name in service.answers:
            _answer(gathering, body, take)
        elif body.name in service.requests:
            gathering.set_aside(body, body.name, "is a request, not an answer; it holds no records")
        else:
            raise RefusedError(f"{path.name} is {body.name}, not {' or '.join(service.answers)}; name its source")
    return gathering.reading(service.source, message.version)


def _answer(gathering: Gathering, body: Part, take: Callable[[Gathering, Part], None]) -> None:
    gathering.answer(body)
    gathering.conform(body)
    take(gathering, body)
    gathering.leftovers(body)
    if not len(body.element):
        gathering.set_aside(body, body.name, "is an answer with nothing in it, not even that nothing was found")
