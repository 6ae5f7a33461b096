"""What the service says about a case, to programs and to pages alike.

A place never travels alone: it comes with its reasons, its limits, the date of the data and the model (R3). There is
no percentage for a person and no field that decides anything (R1). A blind review has `explanation` null (R6).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal, Self

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from enforcement.cases import State, Step
from enforcement.dossier import CaseView, FindingView, HistoryEntry
from enforcement.findings import Cause, Effect
from enforcement.worklist import Row

CAVEAT = {
    "nl": "Deze plaats zegt niet dat er iets mis is.",
    "en": "This place does not mean that anything is wrong.",
}


class Answer(BaseModel):
    """What the service says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def stored(cls, **fields: Any) -> Self:
        """An answer from rows that were checked when they were stored; every field is named. A test reads every answer
        back through its own schema. `model_construct` does the same but looks for the alias and the default of each
        field first, which took a third of the time of a list."""
        made = cls.__new__(cls)
        for name, value in (
            ("__dict__", fields),
            ("__pydantic_fields_set__", set(fields)),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(made, name, value)
        return made

    def sent(self, *, only: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """The answer as it leaves, written where it was made: FastAPI would check it once more, in another thread.
        `only`: the fields that are asked for, as pydantic's `include`; None for all."""
        return Response(self.model_dump_json(include=only), headers=headers, media_type="application/json")


class Text(Answer):
    nl: str
    en: str

    @classmethod
    def of(cls, record: Mapping[str, Any], name: str = "") -> Text | None:
        before = f"{name}_" if name else ""
        nl, en = record.get(f"{before}nl"), record.get(f"{before}en")
        return cls.stored(nl=str(nl), en=str(en)) if nl and en else None


class Basis(Answer):
    """On what a list or an explanation stands."""

    as_of: dt.date = Field(description="as-of date: only facts known before this day count", examples=["2026-11-01"])
    data_until: dt.date = Field(examples=["2026-10-31"])
    model: str = Field(examples=["scorecard"])
    model_version: str = Field(examples=["2026.11"])
    caveat: Text = Field(default=Text(**CAVEAT))


class Reason(Answer):
    """One plain sentence that moves the place, with what else it could mean."""

    topic: str = Field(examples=["income"])
    text: Text
    could_also_mean: Text | None = None
    comparison: Text | None = None
    direction: Literal["up", "down"]
    size: Literal["small", "medium", "large"]
    bar: float = Field(description="length beside the strongest reason of this case, -1 to 1", ge=-1, le=1)
    source: str = Field(examples=["uwv-income"])
    source_date: str = Field(examples=["2026-10-14"])

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Reason:
        return cls.stored(
            topic=record["topic"],
            text=Text.stored(nl=record["nl"], en=record["en"]),
            could_also_mean=Text.of(record, "could"),
            comparison=Text.of(record, "comparison"),
            direction=record["direction"],
            size=record["size"],
            bar=max(-1.0, min(1.0, record["share"])),
            source=record["source"],
            source_date=str(record["source_date"]),
        )


class Correction(Answer):
    """A single fact that can be corrected, and what it would do to the place while all else stays as it is."""

    text: Text
    by: Literal["client", "municipality"] = Field(description="who can have it corrected")
    places_later: int = Field(description="how many places later the case would then stand", ge=1, examples=[128])

    @classmethod
    def of(cls, record: Mapping[str, Any], place: int) -> Correction:
        text = Text(nl=record["nl"], en=record["en"])
        return cls(text=text, by=record["by"], places_later=record["place"] - place)


class Fact(Answer):
    """A checked fact, the same list for every case."""

    topic: str
    text: Text
    source: str | None = None
    source_date: str | None = None


class Limits(Answer):
    """What the explanation does not cover."""

    old_sources: list[str] = Field(description="missing, or older than their contract allows")
    similar_past_cases: int | None = Field(default=None, description="null when not known")
    unexplained: Literal["none", "some", "much"] = Field(description="what no reason names, beside the largest reason")


class BaseRate(Answer):
    """What past reviews led to, for the whole list."""

    changed: int
    reviewed: int


class Explanation(Answer):
    """Place and reasons as they were frozen at scoring."""

    place: int = Field(description="1 is first in the municipality", examples=[12])
    place_low: int = Field(examples=[7])
    place_high: int = Field(examples=[22])
    ranked: int = Field(description="cases that were ranked in the municipality", examples=[4180])
    reasons: list[Reason]
    would_change_it: list[Correction] = Field(
        default_factory=list, description="corrections that would lower the place, each tried by scoring again"
    )
    limits: Limits
    basis: Basis


class Finding(Answer):
    """What a reviewer found, in own words."""

    id: str
    reviewer: str
    own: bool
    cause: Cause
    effect: Effect
    amount_cents: int | None
    minutes: int | None = Field(description="time the review took; only of your own findings")
    reasoning: str
    saved_at: dt.datetime
    state: str = Field(description="saved, approved or returned")
    approver: str | None
    approved_at: dt.datetime | None
    remark: str | None

    @classmethod
    def of(cls, found: FindingView) -> Finding:
        return cls(**vars(found))


class Case(Answer):
    """A case as the one who asks may see it now; the look was logged."""

    number: str = Field(examples=["2026-004220"])
    position: int = Field(description="order to work in")
    state: State
    due: dt.date
    version: int = Field(description="send it back with every change")
    blind: bool
    facts: list[Fact]
    old_sources: list[str]
    explanation: Explanation | None = Field(
        description="null in a blind review until findings are saved, and while the ranking is switched off"
    )
    base_rate: BaseRate | None
    basis: Basis
    arms: list[str] | None = Field(description="null until findings are saved")
    holder: str | None
    mine: bool
    lease_until: dt.datetime | None
    waits_until: dt.date | None = Field(description="put aside until this day")
    waits_for: str | None
    findings: list[Finding]
    steps: list[Step] = Field(description="what you may do now")

    @classmethod
    def of(cls, view: CaseView) -> Case:
        basis = Basis(
            as_of=view.as_of, data_until=view.data_until, model=view.model_name, model_version=view.model_version
        )
        rate = view.base_rate or {}
        return cls(
            number=view.number,
            position=view.position,
            state=view.state,
            due=view.due,
            version=view.version,
            blind=view.blind,
            facts=[
                Fact(
                    topic=f["topic"],
                    text=Text(nl=f["nl"], en=f["en"]),
                    source=f["source"],
                    source_date=f["source_date"],
                )
                for f in view.shown.facts
            ],
            old_sources=[str(source) for source in view.shown.old_sources],
            explanation=_explanation(view, basis),
            base_rate=BaseRate(changed=rate["changed"], reviewed=rate["reviewed"]) if rate.get("reviewed") else None,
            basis=basis,
            arms=[arm for arm in view.shown.arms if arm] if view.shown.arms is not None else None,
            holder=view.holder,
            mine=view.mine,
            lease_until=view.lease_until,
            waits_until=view.waits_until,
            waits_for=view.waits_for,
            findings=[Finding.of(one) for one in view.findings],
            steps=sorted(view.steps),
        )


class Item(Answer):
    """One case on the worklist; place, range and reason are null in a blind review."""

    number: str = Field(examples=["2026-004220"])
    position: int
    state: State
    due: dt.date
    blind: bool
    place: int | None
    place_low: int | None
    place_high: int | None
    strongest: Reason | None
    old_sources: int
    holder: str | None
    mine: bool
    waits_until: dt.date | None
    version: int

    @classmethod
    def of(cls, row: Row) -> Item:
        return cls.stored(
            number=row.number,
            position=row.position,
            state=row.state,
            due=row.due,
            blind=row.blind,
            place=row.place,
            place_low=row.place_low,
            place_high=row.place_high,
            strongest=Reason.of(row.reason) if row.reason else None,
            old_sources=row.old_sources,
            holder=row.holder,
            mine=row.mine,
            waits_until=row.waits_until,
            version=row.version,
        )


class Worklist(Answer):
    """A page of the list in the order to work in, with what it stands on."""

    items: list[Item]
    after: str | None = Field(description="cursor of the next page, null on the last")
    basis: Basis | None = Field(description="null while no list was composed")


class Taken(Answer):
    """A case that is in hand now."""

    number: str = Field(examples=["2026-004220"])
    version: int = Field(examples=[2])
    lease_until: dt.datetime


class Changed(Answer):
    number: str = Field(examples=["2026-004220"])
    version: int = Field(examples=[3])
    state: State


class HistoryItem(Answer):
    at: dt.datetime
    actor: str
    role: str
    action: str
    purpose: str

    @classmethod
    def of(cls, entry: HistoryEntry) -> HistoryItem:
        return cls(**vars(entry))


class Node(Answer):
    id: str
    kind: str
    text: Text
    depth: int = Field(ge=0, le=2)
    hub: bool
    why_hub: Text | None = None
    count: int | None = None


class Edge(Answer):
    start: str
    end: str
    kind: str
    text: Text
    source: str
    from_date: str | None
    until_date: str | None


class Relations(Answer):
    """Facts from registers around a case; they say nothing about behaviour (R24)."""

    nodes: list[Node]
    edges: list[Edge]
    left_out: int

    @classmethod
    def of(cls, graph: Mapping[str, Any], depth: int) -> Relations:
        near = [node for node in graph["nodes"] if node["depth"] <= depth]
        ids = {node["id"] for node in near}
        return cls(
            nodes=[
                Node(
                    id=node["id"],
                    kind=node["kind"],
                    text=Text(nl=node["nl"], en=node["en"]),
                    depth=node["depth"],
                    hub=node["hub"],
                    why_hub=Text.of(node, "hub"),
                    count=node["count"],
                )
                for node in near
            ],
            edges=[
                Edge(
                    start=edge["from"],
                    end=edge["to"],
                    kind=edge["kind"],
                    text=Text(nl=edge["nl"], en=edge["en"]),
                    source=edge["source"],
                    from_date=edge["from_date"],
                    until_date=edge["until_date"],
                )
                for edge in graph["edges"]
                if edge["from"] in ids and edge["to"] in ids
            ],
            left_out=graph.get("left_out", 0),
        )


def _explanation(view: CaseView, basis: Basis) -> Explanation | None:
    ranking = view.shown.ranking
    if ranking is None:
        return None
    largest = max([abs(reason["contribution"]) for reason in ranking.reasons], default=0.0)
    left = abs(ranking.remainder)
    similar = ranking.quality.get("similar_past_cases")
    return Explanation(
        place=ranking.place,
        place_low=ranking.place_low,
        place_high=ranking.place_high,
        ranked=view.ranked,
        reasons=[Reason.of(reason) for reason in ranking.reasons],
        would_change_it=[Correction.of(one, ranking.place) for one in ranking.corrections],
        limits=Limits(
            old_sources=[str(source) for source in view.shown.old_sources],
            similar_past_cases=similar if isinstance(similar, int) else None,
            unexplained="none" if left <= 0.15 * largest else "some" if left <= 0.75 * largest else "much",
        ),
        basis=basis,
    )
