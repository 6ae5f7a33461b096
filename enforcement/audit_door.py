"""The fairness audit's own door to the protected attributes: its own key, its own role, and only counts leave (R10)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from enforcement import audit
from enforcement.access import Permission, Viewer, require
from enforcement.errors import ForbiddenError
from enforcement.mandate import Mandate
from enforcement.sealed import SealedStore
from enforcement.sealing import opened, private_half

FEWEST = 10
"""people in a group below which it is told as OTHER"""
OTHER, UNKNOWN = "other", "unknown"

Judged = TypeVar("Judged")

_GROUP = {
    "sex": "coalesce(sex, 'unknown')",
    "nationality": "CASE WHEN nationalities IS NULL OR len(nationalities) = 0 THEN 'unknown' "
    "WHEN list_contains(nationalities, '0001') THEN 'Dutch' ELSE 'other nationality' END",
    "origin": "CASE WHEN birth_country IS NULL THEN 'unknown' "
    "WHEN birth_country = '6030' THEN 'born in the Netherlands' ELSE 'born elsewhere' END",
    "age": "CASE WHEN years IS NULL THEN 'unknown' WHEN years < 27 THEN '18-26' WHEN years < 35 THEN '27-34' "
    "WHEN years < 45 THEN '35-44' WHEN years < 55 THEN '45-54' ELSE '55 and older' END",
}
"""attribute -> SQL that gives a person's group"""


@dataclass(frozen=True)
class AuditDoor:
    """Open for one municipality. Made by `open_door`."""

    store: SealedStore
    viewer: Viewer
    mandate: Mandate
    private: bytes = field(repr=False)

    def counts(
        self, session: Session, people: pa.Table, groups: Sequence[str], as_of: dt.date, use: str, now: dt.datetime
    ) -> pa.Table:
        """How many people there are per group and kind: the columns of `people` but person_id, then `groups`, then n.

        people: person_id and the columns that tell kinds apart. Attributes count as known before `as_of`. Groups of
        fewer than 10 people are one group, "other". The read stands in the log first (R14).

        Raises ForbiddenError for attributes outside the mandate, LogUnavailableError when the log cannot be written.
        """
        if tuple(groups) not in self.mandate.groups:
            raise ForbiddenError(f"the mandate of {self.viewer.municipality} does not name {' and '.join(groups)}")
        kinds = [name for name in people.column_names if name != "person_id"]
        return self._told(session, people, groups, as_of, use, now, _counting(groups, kinds))

    def judge(
        self,
        session: Session,
        persons: pa.ChunkedArray,
        as_of: dt.date,
        use: str,
        now: dt.datetime,
        by: Callable[[Mapping[str, list[str]]], Judged],
    ) -> Judged:
        """What `by` makes of the groups of `persons`, per attribute of the mandate, in their order. `by` must give
        aggregates only; the groups themselves do not leave. Raises as `counts` does."""
        groups = tuple(dict.fromkeys(name for one in self.mandate.groups for name in one))
        people = pa.table({"person_id": persons, "row": pa.array(range(len(persons)), pa.int64())})
        found = self._told(session, people, groups, as_of, use, now, _naming(groups))
        return by({name: found[name].to_pylist() for name in groups})

    def _told(
        self,
        session: Session,
        people: pa.Table,
        groups: Sequence[str],
        as_of: dt.date,
        use: str,
        now: dt.datetime,
        query: str,
    ) -> pa.Table:
        """The answer to `query`, after the read stands in the log."""
        audit.append(
            session,
            self.viewer.municipality,
            self.viewer.user,
            self.viewer.role.value,
            "protected_attributes_counted",
            f"audit:{use}",
            self.viewer.purpose.value,
            {"groups": list(groups), "people": people.num_rows, "dpia": self.mandate.dpia},
            at=now,
        )
        with duckdb.connect() as engine:
            engine.execute("SET enable_progress_bar = false")
            engine.execute("SET enable_external_access = false")
            engine.register("people", people)
            engine.register("protected", self._protected(people))
            engine.register("day", pa.table({"as_of": pa.array([as_of], pa.date32())}))
            return engine.sql(query).to_arrow_table()

    def _protected(self, people: pa.Table) -> pa.Table:
        """Attributes of the people asked about, all versions; never kept, never given out."""
        wanted = people.column("person_id").unique()
        found = []
        for closed in self.store.closed():
            table = pq.read_table(io.BytesIO(opened(self.private, closed)))
            found.append(table.filter(pc.is_in(table.column("person_id"), wanted)))
        if not found:
            raise ForbiddenError("the store holds no protected attributes; bring in a delivery of persons first")
        return pa.concat_tables(found)


def open_door(store: SealedStore, keys: Path, viewer: Viewer, mandate: Mandate) -> AuditDoor:
    """Opens for the viewer's municipality. Raises ForbiddenError for another role than the compliance reviewer's, or
    without a DPIA; KeyFileError where the audit's key is not kept or is another."""
    require(viewer, Permission.AUDIT_FAIRNESS)
    if not mandate.dpia.strip():
        raise ForbiddenError(
            f"{viewer.municipality} has given no DPIA reference, so its protected attributes are not read; "
            "a manager gives one with `weegschaal mandate`"
        )
    private = private_half(keys)
    for closed in store.closed():
        opened(private, closed)
        break
    return AuditDoor(store, viewer, mandate, private)


def _told_groups(groups: Sequence[str]) -> str:
    """SQL over people, protected and day: people with g_<attribute>, in a common table expression `told`."""
    latest = ", ".join(
        f"arg_max({name}, known_at) FILTER (WHERE {name} IS NOT NULL) AS {name}"
        for name in ("sex", "nationalities", "birth_country", "birth_date_earliest")
    )
    named = ", ".join(f"{_GROUP[one]} AS g_{one}" for one in groups)
    return f"""
    WITH attributes AS (
        SELECT person_id, {latest}
        FROM protected, day WHERE known_at < as_of AND NOT coalesce(withdrawn, false) GROUP BY person_id
    ), aged AS (
        SELECT *, date_sub('year', birth_date_earliest, as_of) AS years FROM attributes, day
    ), told AS (
        SELECT people.*, {named} FROM people LEFT JOIN aged USING (person_id)
    )"""


def _counting(groups: Sequence[str], kinds: Sequence[str]) -> str:
    every = ", ".join(f"g_{one}" for one in groups)
    shown = ", ".join(f"CASE WHEN large THEN g_{one} ELSE '{OTHER}' END AS {one}" for one in groups)
    told = "".join(f"{name}, " for name in kinds)
    return f"""{_told_groups(groups)}, sized AS (
        SELECT *, count(*) OVER (PARTITION BY {every}) >= {FEWEST} AS large FROM told
    )
    SELECT {told}{shown}, count(*) AS n FROM sized GROUP BY ALL ORDER BY ALL
    """


def _naming(groups: Sequence[str]) -> str:
    return f"{_told_groups(groups)} SELECT {', '.join(f'g_{one} AS {one}' for one in groups)} FROM told ORDER BY row"
