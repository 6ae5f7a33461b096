"""What a source may see: the records of the household, as known then, in the columns it declared and no others."""

from __future__ import annotations

import datetime as dt
from typing import Any

from features.declaration import SOURCES, RefusedError, Source
from features.known import columns_needed, known
from features.records import contract_named
from features.stages import Stages

BY_CASE = ("benefits", "payments", "payment_components", "outcomes")
"""Contracts whose records join to the case itself; the others join to its members"""


class World:
    """Everything that is kept in stages for one set of cases: members, known records per contract, rows per source."""

    def __init__(self, stages: Stages, cases: Any, members: Any, adults: Any, latest: dt.date) -> None:
        self.stages = stages
        self.cases = cases
        self.members = members
        self.adults = adults
        """person_id, as_of of those who are certainly 27 or older, with `pension` (boolean)"""
        self.latest = latest
        self.alone = stages.arrow(cases.select("as_of").distinct())["as_of"].to_pylist() == [latest]
        """whether `latest` is the only as-of date"""
        self._kept: dict[str, Any] = {}

    def household(self, contract: str) -> Any:
        """The known records of the members (or of the case) with every column that any source declared."""
        name = f"known_{contract}"
        if name not in self._kept:
            by_case = contract in BY_CASE
            columns = sorted({one for source in SOURCES.values() for one in source.reads.get(contract, ())})
            reach = self.cases if by_case else self.members
            self._kept[name] = self._known(name, contract, columns, reach, "case_id" if by_case else "person_id")
        return self._kept[name]

    def near(self, source: Source, contract: str, reach: Any, on: str) -> Any:
        """The known records that a column of the household's rows points to: residents of an address, a company."""
        name = f"near_{contract}_{on}_{source.name}"
        if name not in self._kept:
            self._kept[name] = self._known(name, contract, source.reads[contract], reach, on)
        return self._kept[name]

    def rows(self, name: str) -> Any:
        """The rows of a source; made when first asked for, and kept when another source reads them too."""
        kept = f"rows_{name}"
        if kept not in self._kept:
            source = SOURCES[name]
            rows = source.rows(Sight(self, source), self.members)
            shared = any(source in other.after for other in SOURCES.values())
            self._kept[kept] = self.stages.keep(kept, rows) if shared else rows
        return self._kept[kept]

    def _known(self, name: str, contract: str, columns: Any, reach: Any, on: str) -> Any:
        needed = columns_needed(contract, (*columns, on))
        rows = self.stages.lake(contract, needed)
        records = known(self.stages, rows, contract, reach, on, self.latest, alone=self.alone)
        # Of one date that is a condition on the stages there are; of several a join, made once for all sources.
        return records if self.alone else self.stages.keep(name, records)


class Sight:
    """`t` in a declaration: `t.incomes` are records, `t.home` are the rows of a source in `after`.

    Records carry `as_of` and `municipality` beside the declared columns, so they join on
    person_id (or case_id), municipality and as_of.
    """

    def __init__(self, world: World, source: Source) -> None:
        self._world = world
        self._source = source
        self.cases = world.cases
        self.adults = world.adults

    def __getattr__(self, name: str) -> Any:
        if name in self._source.reads:
            return self._only(self._world.household(name), name)
        if name in {before.name for before in self._source.after}:
            return self._world.rows(name)
        raise RefusedError(f"source {self._source.name} reads {name} without declaring it")

    def near(self, contract: str, reach: Any, on: str) -> Any:
        """Records of a contract whose column `on` has a value of `reach` (on, municipality, as_of)."""
        if contract not in self._source.reads:
            raise RefusedError(f"source {self._source.name} reads {contract} without declaring it")
        return self._only(self._world.near(self._source, contract, reach, on), contract)

    def _only(self, records: Any, contract: str) -> Any:
        joins = {"person_id", "case_id", "municipality", "as_of"}
        declared = {*contract_named(contract).key, *self._source.reads[contract], *joins}
        return records.select(*(one for one in records.columns if one in declared))
