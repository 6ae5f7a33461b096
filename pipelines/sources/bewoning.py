"""BRP Bewoning: who is registered at an address object, in a period.

Two forms. Answers of the service 2.1 (`bewoningen`, plain or recorded): the end of a period is exclusive, and it is the
period of the answer, so a stay may have begun before it and gone on after it (flag `period_of_answer`). Possible
residents, whose dates are uncertain, get certainty `possible` and are never residents. The list form of the public
mock: one residence a person, with its own dates.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from features.records import Address, PartialDate, Stay
from pipelines.sources.brp import is_fault
from pipelines.sources.brp_dates import brp_date
from pipelines.sources.brp_residence import stay_of, tells_stays_only
from pipelines.sources.exchanges import Answer, Node, answers_in, keys_in
from pipelines.sources.intake import Dates, Intake, UnreadableError, person_in
from pipelines.sources.places import bag_object_of
from pipelines.sources.reading import Reading, RefusedError

SOURCE = "bewoning"
_IN_LIST_FORM = frozenset(("burgerservicenummer", "geheimhoudingPersoonsgegevens", "verblijfplaats", "aNummer"))


def recognises(path: Path, head: bytes) -> bool:
    keys = keys_in(head)
    if keys & {"openapi", "swagger", "$schema", "_postman_id"}:
        return False
    if keys & {"bewoningen", "mogelijkeBewoners", "indicatieVeelBewoners"}:
        return True
    if {"type", "title", "status", "instance"} <= keys:
        return b"/bewoningen" in head
    return tells_stays_only(head, keys)


def read(path: Path) -> Reading:
    """Every stay in every answer. Raises RefusedError when no answer is one of this service."""
    intake = Intake()
    version = ""
    for answer in answers_in(path):
        body = answer.body
        if isinstance(body, dict) and ("bewoningen" in body or {"periode", "bewoners"} <= body.keys()):
            version = "BRP Bewoning 2.1"
            _read_answer(answer, body, intake)
        elif is_fault(answer):
            version = version or "BRP Bewoning 2.1"
            intake.faults += 1
        elif isinstance(body, list) and all(isinstance(one, dict) for one in body):
            version = "BRP Bewoning, lijst"
            _read_list(answer, body, intake)
        elif answer.at:
            intake.flags["other_exchange"] += 1
    if not version:
        raise RefusedError(f"{path.name}: holds no answer of BRP Bewoning (an object with 'bewoningen', or a list)")
    return intake.reading(SOURCE, version)


def _read_list(answer: Answer, people: list[object], intake: Intake) -> None:
    if not people:
        intake.nothing_found += 1
    for place, one in enumerate(people):
        at = f"{answer.prefix}[{place}]"
        with intake.record(at, "stays", _raw(one)):
            node = Node.of(one, at)
            person, flags = _person(node)
            if not node.holds("verblijfplaats"):
                raise UnreadableError(node.name("verblijfplaats"), "is absent, so there is no stay to keep")
            if node.fields.keys() - _IN_LIST_FORM:
                flags += ("fields_not_kept",)
            if node.text("geheimhoudingPersoonsgegevens") not in ("", "0", "False"):
                flags += ("confidential",)
            stay = stay_of(node, person)
            intake.keep(at, _with_flags(stay, flags))


def _with_flags(stay: Stay, flags: tuple[str, ...]) -> Stay:
    start, end = stay.start, stay.end
    if start is not None and end is not None and end.latest < start.earliest:
        flags += ("end_before_start",)
    elif start is not None and start == end and start.exact:
        flags += ("zero_length",)
    return dataclasses.replace(stay, flags=flags + stay.flags)


def _person(node: Node) -> tuple[str, tuple[str, ...]]:
    person, flags = person_in(
        node.name("burgerservicenummer"), node.text("burgerservicenummer"), node.name("aNummer"), node.text("aNummer")
    )
    if person is None:
        raise UnreadableError(node.name("burgerservicenummer"), "is absent, so nobody is meant")
    return person, flags


def _read_answer(answer: Answer, body: dict[str, object], intake: Intake) -> None:
    objects = body.get("bewoningen", [body])
    if not isinstance(objects, list):
        intake.withhold(f"{answer.prefix}bewoningen", "bewoningen", "is not a list", "stays", _raw(body))
        return
    if not objects:
        intake.nothing_found += 1
    for place, one in enumerate(objects):
        at = f"{answer.prefix}bewoningen[{place}]"
        with intake.record(at, "stays", _raw(one)):
            node = Node.of(one, at)
            bag, flags = bag_object_of(node.text("adresseerbaarObjectIdentificatie"))
            if bag is None:
                raise UnreadableError(node.name("adresseerbaarObjectIdentificatie"), "is not an object number")
            if "bewoners" in node.fields or "mogelijkeBewoners" in node.fields or "bewoningPeriodes" not in node.fields:
                _read_composition(node, Address(bag_object=bag), flags, intake)
            # version 1 had the compositions one level deeper
            for part in node.groups("bewoningPeriodes"):
                with intake.record(part.path, "stays", _raw(one)):
                    _read_composition(part, Address(bag_object=bag), flags, intake)


def _read_composition(node: Node, address: Address, flags: tuple[str, ...], intake: Intake) -> None:
    """One composition of residents: everybody in it has the same address and period."""
    dates = Dates()
    period = node.group("periode")
    start, end = brp_date(dates, period, "datumVan"), brp_date(dates, period, "datumTot")
    if start is None or end is None:
        raise UnreadableError(period.name("datumVan"), "or datumTot is absent, so there is no period")
    if end.latest <= start.earliest:
        raise UnreadableError(period.name("datumTot"), "is not after datumVan")
    overflow = node.yes("indicatieVeelBewoners")
    if overflow:
        intake.flags["overflow"] += 1
    for field, certainty in (("bewoners", "resident"), ("mogelijkeBewoners", "possible")):
        people = node.fields.get(field) or []
        if not isinstance(people, list):
            intake.withhold(node.path, node.name(field), "is not a list", "stays", _raw(node.fields))
            continue
        for place, one in enumerate(people):
            at = f"{node.name(field)}[{place}]"
            with intake.record(at, "stays", _raw({**node.fields, "bewoners": [one], "mogelijkeBewoners": field})):
                composition = _Composition(address, start, end, certainty, overflow, flags + dates.flags)
                intake.keep(at, composition.stay(Node.of(one, at)))


@dataclass(frozen=True)
class _Composition:
    """What all residents of one composition share."""

    address: Address
    start: PartialDate
    end: PartialDate
    certainty: str
    overflow: bool | None
    flags: tuple[str, ...]

    def stay(self, node: Node) -> Stay:
        person, flags = _person(node)
        investigated = bool(node.fields.get("inOnderzoek"))
        flags += ("period_of_answer", *self.flags)
        flags += ("under_investigation",) if investigated else ()
        flags += ("confidential",) if node.fields.get("geheimhoudingPersoonsgegevens") not in (None, False, "0") else ()
        flags += ("possible_resident",) if self.certainty == "possible" else ()
        return Stay(
            person=person,
            address=self.address,
            start=self.start,
            end=self.end,
            certainty=self.certainty,
            under_investigation=investigated or None,
            overflow=self.overflow,
            flags=flags,
        )


def _raw(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
