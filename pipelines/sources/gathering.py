"""Collecting what a message holds, so that nothing in it is dropped without a word.

A reader hands over each element that should become a record with a function that builds it; what cannot be built goes
to quarantine. At the end every element that bears records and was never looked at goes there too, and so does every
group that the message should not have.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from lxml import etree

from features.records import CONTRACTS, Record
from pipelines.sources.fields import Fields, UnreadableError
from pipelines.sources.reading import Found, Quarantined, Reading
from pipelines.sources.xml import Part, local

ANSWERS = ("FWI", "NietsGevonden", "NietGerechtigd", "NietVanToepassing")
MESSAGES = {"Fout": "fwi_error", "Waarschuwing": "fwi_warning", "Informatie": "fwi_information"}

Children = Mapping[str, Sequence[str]]
"""element -> its children in order; a name that ends in * may come more than once"""


class Gathering:
    """What one file gave so far. `carriers` names the elements that bear records and their contracts."""

    def __init__(self, carriers: Mapping[str, str], children: Children) -> None:
        self.carriers = carriers
        self.order = {name: {one.rstrip("*"): at for at, one in enumerate(row)} for name, row in children.items()}
        self.many = {name: {one[:-1] for one in row if one.endswith("*")} for name, row in children.items()}
        self.records: list[Found] = []
        self.quarantined: list[Quarantined] = []
        self.flags: Counter[str] = Counter()
        self.faults = 0
        self.nothing_found = 0
        self._seen: set[etree._Element] = set()

    def add(self, part: Part, contract: str, build: Callable[[Fields], Record]) -> None:
        """Keep the record that `build` makes of `part`, or put the part in quarantine."""
        self._seen.add(part.element)
        fields = Fields()
        try:
            record = build(fields)
        except UnreadableError as problem:
            self.set_aside(part, problem.field, problem.reason, contract)
            return
        flags = tuple(dict.fromkeys((*record.flags, *fields.flags)))
        self.records.append(Found(part.at, dataclasses.replace(record, flags=flags)))

    def visit(self, part: Part) -> None:
        """A part that bears records in its own parts: it is looked at, they are still to come."""
        self._seen.add(part.element)

    def set_aside(self, part: Part, field: str, reason: str, contract: str | None = None) -> None:
        """Put a part, and with it everything in it, in quarantine."""
        self._seen.update(part.element.iter())
        self.quarantined.append(Quarantined(part.at, field, reason, contract, part.raw))

    def answer(self, body: Part) -> None:
        """Count what the sender says instead of, or beside, records: nothing found, refused, errors and warnings."""
        self.nothing_found += bool(body.parts("NietsGevonden"))
        for kind, flag in (("NietGerechtigd", "not_entitled"), ("NietVanToepassing", "not_applicable")):
            self.flags[flag] += len(body.parts(kind))
        self.faults += bool(body.parts("FWI", "Fout") or body.parts("NietGerechtigd"))
        for fwi in body.parts("FWI"):
            for said in fwi.children():
                self.flags[MESSAGES.get(said.name, "fwi_other")] += 1

    def conform(self, part: Part) -> None:
        """Compare an element and all below it with the order and the names its schema gives."""
        order = self.order.get(part.name)
        last = -1
        counted: Counter[str] = Counter()
        for child in part.children():
            if child.name in ANSWERS:
                continue
            if order is not None:
                place = order.get(child.name)
                counted[child.name] += 1
                if place is None:
                    self._stranger(child)
                    continue
                if place < last:
                    self.flags["out_of_order"] += 1
                if counted[child.name] == 2 and child.name not in self.many[part.name]:
                    self.flags["element_twice"] += 1
                last = max(last, place)
            self.conform(child)

    def _stranger(self, part: Part) -> None:
        self.flags["element_not_in_schema"] += 1
        if len(part.element) and part.name not in self.carriers and not self._bears(part):
            self.set_aside(part, part.name, "is no part of this message; nothing in it was read")

    def _bears(self, part: Part) -> bool:
        return any(local(element) in self.carriers for element in part.element.iter())

    def leftovers(self, body: Part) -> None:
        """Put in quarantine what bears records and stood where no reader looks."""
        for element in body.element.iter():
            contract = self.carriers.get(local(element))
            if contract and element not in self._seen:
                part = Part(element, f"{body.at}{_path(body.element, element)}")
                self.set_aside(part, part.name, "stands where this message has no place for it", contract)

    def reading(self, source: str, version: str, municipality: str | None = None) -> Reading:
        return Reading(
            source=source,
            schema_version=version,
            records=tuple(_told_apart(self.records)),
            quarantined=tuple(self.quarantined),
            flags={kind: count for kind, count in sorted(self.flags.items()) if count},
            faults=self.faults,
            nothing_found=self.nothing_found,
            municipality=municipality,
        )


def _told_apart(found: Sequence[Found]) -> list[Found]:
    """The records, flagged where two of one contract have the same business key: of those the lake shows one."""
    contracts = {contract.record: contract for contract in CONTRACTS.values()}

    def key(one: Found) -> tuple[object, ...]:
        contract = contracts[type(one.record)]
        fields = (name.removesuffix("_id").removesuffix("_earliest") for name in contract.key)
        return (contract.name, *(getattr(one.record, name) for name in fields))

    times = Counter(key(one) for one in found)
    told = []
    for one in found:
        flags = (*one.record.flags, *(("same_key_in_message",) if times[key(one)] > 1 else ()))
        told.append(dataclasses.replace(one, record=dataclasses.replace(one.record, flags=flags)))
    return told


def _path(top: etree._Element, element: etree._Element) -> str:
    """The path from one element to another below it, counted from 1 among equal names."""
    steps: list[str] = []
    while element is not top:
        name = local(element)
        before = sum(local(other) == name for other in element.itersiblings(preceding=True))
        steps.append(f"/{name}[{before + 1}]")
        parent = element.getparent()
        if parent is None:
            break
        element = parent
    return "".join(reversed(steps))
